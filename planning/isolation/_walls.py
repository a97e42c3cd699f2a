"""The walls around a process that reads hostile files; part of `planning.isolation`. Each stands without the others.

An empty network namespace and a system-call filter on Linux; everywhere an audit hook, which stops Python code, and the
settings of the environment, which stop GDAL.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from pathlib import Path
from typing import Any, Final

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL, _SET_SECCOMP, _NO_NEW_PRIVILEGES = 1, 22, 38
_FILTER: Final = 2

_FORBIDDEN_EVENTS: Final = frozenset(
    {
        *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
        *("socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request", "ftplib.connect"),
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"),
    }
)
_SYSTEM_CALLS: Final = {
    # architecture: its mark, then socket, connect, execve, execveat, ptrace, process_vm_writev, io_uring_setup
    "x86_64": (0xC000003E, (41, 42, 59, 322, 101, 311, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 117, 271, 425)),
}


def leave_network() -> bool:
    """Move into a network namespace without any interface; must come before the first thread. Say whether it went."""
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    if _libc().unshare(_NEW_USER | _NEW_NET) != 0:
        return False
    for name, text in (("uid_map", f"{user} {user} 1"), ("setgroups", "deny"), ("gid_map", f"{group} {group} 1")):
        try:
            Path(f"/proc/self/{name}").write_text(text, "ascii")
        except OSError:
            break  # without a map the process has no name for its user, which it does not need
    return True


def forbid() -> bool:
    """Refuse sockets and other programs to this process and all it forks; say whether the kernel helps."""
    sys.addaudithook(_audit)
    return sys.platform == "linux" and _filter_system_calls()


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends."""
    if sys.platform == "linux":
        _libc().prctl(_SET_DEATH_SIGNAL, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _audit(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN_EVENTS:
        raise PermissionError(errno.EPERM, event)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def _filter_system_calls() -> bool:
    """Install a seccomp filter: the named calls fail with EPERM, and so does every call of another architecture."""
    known = _SYSTEM_CALLS.get(platform.machine())
    if known is None:
        return False
    mark, numbers = known
    load, equal, at_least, leave = 0x20, 0x15, 0x35, 0x06
    refusal = len(numbers) + 5  # jumps count from the line after their own
    lines = [(load, 0, 0, 4), (equal, 0, refusal - 2, mark), (load, 0, 0, 0), (at_least, refusal - 4, 0, 0x40000000)]
    lines += [(equal, refusal - at - 1, 0, number) for at, number in enumerate(numbers, start=len(lines))]
    lines += [(leave, 0, 0, 0x7FFF0000), (leave, 0, 0, 0x00050000 | errno.EPERM)]
    code = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    program = _Program(len(lines), code)
    libc = _libc()
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)
