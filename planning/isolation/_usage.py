"""What a process uses, asked from outside; part of `planning.isolation`."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True)
class Usage:
    """Resident memory that is the process's own, and processor seconds since it began."""

    memory_bytes: int
    cpu_s: float


def usage(process: int) -> Usage | None:
    """Return what a process uses now; None where that cannot be told (it has ended, or the system does not say)."""
    asks = {"Linux": _linux, "Windows": _windows}
    return asks.get(platform.system(), _ps)(process)


def _linux(process: int) -> Usage | None:
    try:
        pages = Path(f"/proc/{process}/statm").read_text("ascii").split()
        times = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    own = (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    return Usage(own, (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"))


def _ps(process: int) -> Usage | None:
    """Ask ``ps``, which every Unix has: kilobytes, and ``[days-][hours:]minutes:seconds``."""
    asked = subprocess.run(
        ["ps", "-o", "rss=,time=", "-p", str(process)], capture_output=True, text=True, check=False, timeout=5
    )
    words = asked.stdout.split()
    if len(words) != 2:
        return None
    seconds = 0.0
    for part in words[1].replace("-", ":").split(":"):
        seconds = seconds * 60 + float(part)
    return Usage(int(words[0]) * 1024, seconds)


_QUERY: Final = 0x1000 | 0x0010
_TICKS_PER_S: Final = 10_000_000


def _windows(process: int) -> Usage | None:
    """Ask the Windows kernel; typed by hand, as the standard library has no call for it."""

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", ctypes.c_uint32),
            ("faults", ctypes.c_uint32),
            *((name, ctypes.c_size_t) for name in ("peak", "working", "p1", "p2", "p3", "p4", "pagefile", "p5")),
            ("private", ctypes.c_size_t),
        )

    windll: Any = getattr(ctypes, "WinDLL")  # noqa: B009 - exists on Windows only
    kernel = windll("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(_QUERY, 0, process))
    if not handle:
        return None
    try:
        counters, times = Counters(), [ctypes.c_uint64() for _ in range(4)]
        counters.cb = ctypes.sizeof(counters)
        told = kernel.K32GetProcessMemoryInfo(handle, ctypes.byref(counters), counters.cb)
        told = told and kernel.GetProcessTimes(handle, *(ctypes.byref(one) for one in times))
        return Usage(counters.private, (times[2].value + times[3].value) / _TICKS_PER_S) if told else None
    finally:
        kernel.CloseHandle(handle)
