"""A task that ends its own process, in a module of its own so that a fresh worker loads nothing else."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def obey(task: str, spec: dict) -> dict:
    """Do as the spec says: end the process always, or the first time only, which a file notes."""
    note = Path(spec["note"]) / spec["code"]
    if spec["dies"] == "always" or (spec["dies"] == "once" and not note.exists()):
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"code": spec["code"], "pid": os.getpid()}


STRIKES = "PROVINCE_STRIKES"
"""Names the file that says at which of its events that change the disk a worker is killed; it goes with the first."""


def struck(task: str, spec: dict) -> dict:
    """Do a task of a province; the first worker that comes so far is killed in the middle of it."""
    from planning.province._county import perform

    note = Path(os.environ[STRIKES])
    if note.exists() and not _ARMED:
        _ARMED.append(_arm(int(note.read_text("ascii")), note))
    return perform(task, spec)


_ARMED: list[None] = []


def _arm(count: int, note: Path) -> None:
    from killed_run import is_write

    seen = [0]

    def hook(event: str, facts: tuple[object, ...]) -> None:
        if is_write(event, facts):
            seen[0] += 1
            if seen[0] == count and note.exists():
                seen[0] += 1  # the file is taken away by an event of its own
                note.unlink()
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
