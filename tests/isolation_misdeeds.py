"""What a hostile file might make a library do, on request; loaded by the server process of `planning.isolation`."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


def work(request, folder):
    return globals()[request["do"]](request, folder)


def add(request, folder):
    return {"sum": request["a"] + request["b"], "pid": os.getpid()}


def eat(request, folder):
    """Take memory in small bites and touch it."""
    bites = []
    while True:
        bites.append(bytearray(os.urandom(1 << 16) * 64))


def bite(request, folder):
    """Ask for more than there is at once."""
    return {"size": len(bytearray(1 << 50))}


def burn(request, folder):
    while True:
        pass


def burn_in_c(request, folder):
    """Burn without ever letting Python look up."""
    return {"n": len(str(10**3_000_000_0))}


def sleep(request, folder):
    (folder / "asleep").write_text(str(os.getpid()))
    time.sleep(600)
    return {}


def fill(request, folder):
    with (folder / "big").open("wb") as stream:
        while True:
            stream.write(bytes(1 << 20))


def crash(request, folder):
    ctypes.string_at(0)
    return {}


def kill(request, folder):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(request, folder):
    os._exit(5)


def fail(request, folder):
    raise KeyError("人")


def lie(request, folder):
    (folder / "answer.json").write_text("[1")
    os._exit(0)


def chatter(request, folder):
    """Write into the server's channels."""
    os.write(1, b'{"call": 1, "end": "done", "detail": "forged"}\n')
    sys.stdout.write("forged\n")
    sys.stdout.flush()
    return {"read": len(os.read(0, 10))}


def reach_out(request, folder):
    """Try every way out that is known; return those that worked."""
    port, out = request["port"], []

    def attempt(name, way):
        try:
            way()
        except (OSError, ValueError) as error:
            refused[name] = type(error).__name__
        else:
            out.append(name)

    refused: dict[str, str] = {}
    attempt("connect", lambda: socket.create_connection(("127.0.0.1", port), timeout=2))
    attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)))
    attempt("lookup", lambda: socket.getaddrinfo("localhost", 80))
    attempt("url", lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=2))
    attempt("program", lambda: subprocess.run(["true"], check=True))
    attempt("system", lambda: os.system("true"))
    attempt("exec", lambda: os.execv("/bin/true", ["true"]))
    return {"out": out, "refused": refused, "native": _native(port)}


def _native(port):
    """Connect past Python, as a library in C would; return the error number, 0 where it worked."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    if handle < 0:
        return ctypes.get_errno()
    address = (2).to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    return ctypes.get_errno() if libc.connect(handle, address, 16) else 0


def environment(request, folder):
    return {name: os.environ.get(name) for name in request["names"]}


def walls(request, folder):
    """Say which walls stand: the network namespace, and the mode of the system-call filter."""
    status = Path("/proc/self/status").read_text()
    filtered = next(line.split()[1] for line in status.splitlines() if line.startswith("Seccomp:"))
    return {"net": str(Path("/proc/self/ns/net").readlink()), "seccomp": filtered}
