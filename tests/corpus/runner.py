"""Run a case through the command line: in this process, or in one of its own beside a canary."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from .case import Case, Observed
from .town import Folder

_ROOT = Path(__file__).resolve().parents[2]
_CHILD = Path(__file__).with_name("_child.py")
_HOOK = "import corpus_audit\n"
_AUDIT = """
import os, sys
def _hook(event, args, log=os.environ.get("CORPUS_AUDIT")):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request") and log:
        place = args[1] if event == "socket.connect" else args[0]
        if not isinstance(place, (str, bytes)) or event != "socket.connect":
            with open(log, "a") as stream:
                stream.write(f"{event} {place}\\n")
sys.addaudithook(_hook)
"""


def observe(case: Case, folder: Path) -> Observed:
    """Build the case in ``folder`` and let the command line loose on it."""
    home = folder / "方案 folder"
    with canary() as heard:
        made = Folder(home)
        made.port = heard.port
        case.build(made)
        plan = made.write()
        before = _names(home)
        seen = (_apart if case.hostile else _here)(case, plan, folder)
        seen.connections += tuple(heard.calls)
    seen.stray += tuple(sorted(_names(home) - before - {"out"}))
    return seen


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ------------------------------------------------------------------------------------------------------ in this process


def _here(case: Case, plan: Path, _folder: Path) -> Observed:
    from planning.cli import main

    seen = Observed(folder=plan.parent, out=plan.parent / "out")
    started = time.perf_counter()
    result = CliRunner().invoke(main, ["check", str(plan), "--json"])
    seen.seconds = time.perf_counter() - started
    seen.exit_code = result.exit_code
    seen.traceback = _trace(result)
    seen.document = _document(result.stdout)
    result = CliRunner().invoke(main, ["run", str(plan), "--out", str(seen.out), "--only", case.steps])
    seen.run_exit, seen.run_said = result.exit_code, result.output
    seen.traceback += _trace(result)
    _read_summary(seen)
    return seen


def _trace(result: Any) -> str:
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        return "".join(traceback.format_exception(error))
    return result.output if "Traceback (most recent" in result.output else ""


def _document(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {}


def _read_summary(seen: Observed) -> None:
    summary = seen.out / "summary.json"
    if summary.exists():
        seen.summary = json.loads(summary.read_text(encoding="utf-8"))


# -------------------------------------------------------------------------------------------- in a process of its own


def _apart(case: Case, plan: Path, folder: Path) -> Observed:
    """Run check and run in a fresh interpreter whose sockets are watched, in an empty folder, with its own TMPDIR."""
    place, temporary, hooks = folder / "cwd", folder / "tmp", folder / "hooks"
    for one in (place, temporary, hooks):
        one.mkdir()
    (hooks / "sitecustomize.py").write_text(_HOOK)
    (hooks / "corpus_audit.py").write_text(_AUDIT)
    log = folder / "audit.log"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(hooks), str(_ROOT)]),
        "TMPDIR": str(temporary),
        "CORPUS_AUDIT": str(log),
    }
    seen = Observed(folder=plan.parent, out=plan.parent / "out")
    answer = subprocess.run(
        [sys.executable, str(_CHILD), str(plan), str(seen.out), case.steps],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    _take(seen, answer)
    seen.connections += tuple(log.read_text().splitlines()) if log.exists() else ()
    seen.stray += tuple(str(path) for one in (place, temporary) for path in _litter(one))
    return seen


def _litter(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if "numba" not in str(path) and "matplotlib" not in str(path)]


def _take(seen: Observed, answer: subprocess.CompletedProcess[str]) -> None:
    lines = answer.stdout.splitlines()
    told = _document(lines[-1]) if lines else {}
    if not told:
        seen.traceback = answer.stdout[-2000:] + answer.stderr[-2000:] or f"exit {answer.returncode}"
        return
    seen.exit_code, seen.run_exit = told["exit_code"], told["run_exit"]
    seen.document, seen.run_said = _document(told["document"]), told["run_said"]
    seen.seconds, seen.peak_mib = told["seconds"], told["peak_mib"]
    seen.traceback = told["traceback"] or (answer.stderr if "Traceback (most recent" in answer.stderr else "")
    _read_summary(seen)


# -------------------------------------------------------------------------------------------------------- the canary


class _Canary:
    """Listens on loopback and remembers whoever calls; answers with a well-formed feature collection."""

    BODY = (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"households":1},'
        b'"geometry":{"type":"Point","coordinates":[117,36]}}]}'
    )

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(0.05)
        self.port: int = self.server.getsockname()[1]
        self.open = True

    def listen(self) -> None:
        while self.open:
            try:
                caller, _ = self.server.accept()
            except TimeoutError:
                continue
            with caller, contextlib.suppress(OSError):
                caller.settimeout(1)
                line = caller.recv(2000).split(b"\r\n", 1)[0].decode("latin-1")
                self.calls.append(f"canary heard {line!r}")
                head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(self.BODY)}\r\n\r\n"
                caller.sendall(head.encode() + self.BODY)


@contextlib.contextmanager
def canary() -> Iterator[_Canary]:
    """Listen while the block runs; what called stands in ``calls``."""
    bird = _Canary()
    thread = threading.Thread(target=bird.listen)
    thread.start()
    try:
        yield bird
        time.sleep(0.02)
    finally:
        bird.open = False
        thread.join()
        bird.server.close()


# -------------------------------------------------------------------------------------------------------- the rubric

_HAN = re.compile(r"[\u4e00-\u9fff]")


def rubric(fault: dict[str, Any]) -> list[str]:
    """Return what a fault lacks as a person reads it, its place before the message: place, both languages, a remedy."""
    lacks = []
    message, remedy = str(fault["message"]), str(fault["remedy"])
    row = "" if fault["row"] is None else f"#{fault['row']}"
    shown = _bare(" · ".join((fault["file"], fault["layer"], row, fault["column"], message)))
    if not (fault["file"] or fault["column"]):
        lacks.append("no place")
    lacks += [
        f"{name} not shown"
        for name in ("file", "row", "column", "value")
        if fault[name] not in ("", None) and _bare(str(fault[name])) not in shown
    ]
    for name, text in (("message", message), ("remedy", remedy)):
        chinese, slash, english = text.partition(" / ")
        if not slash or not _HAN.search(chinese) or not re.search(r"[A-Za-z]{2}", english):
            lacks.append(f"{name} not in both languages")
    return lacks


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)
