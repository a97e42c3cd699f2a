"""Kill the writing of a run at many points, by counted file events and by the clock, and say what is left each time.

``python killed_run.py PLAN OUT EVENTS CLOCKS``: one JSON line a kill. The plan is read and measured once; each kill
happens in a child of its own, by SIGKILL at the n-th file event or by an alarm nobody handles, which also strikes
inside compiled code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from planning import runs, study

EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "sqlite3.connect",
          "shutil.rmtree", "tempfile.mkdtemp"}  # fmt: skip


def write(result: study.StudyResult, out: Path) -> None:
    """Write the run folder as a whole run does, but for the atlas, which takes long."""
    with runs.machine_faults(out), runs.folder_in_place(out) as folder:
        runs.seal(result, folder, runs._write_files(result, folder, None, runs._Watch(lambda _step: None)))


def is_write(event: str, facts: tuple[object, ...]) -> bool:
    """Say whether an audited event changes the disk."""
    if event != "open":
        return event in EVENTS
    flags = facts[2] if len(facts) > 2 and isinstance(facts[2], int) else 0
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def strike_at(count: int) -> None:
    """Let the process be killed at the ``count``-th event that changes the disk."""
    seen = [0]

    def hook(event: str, facts: tuple[object, ...]) -> None:
        if is_write(event, facts):
            seen[0] += 1
            if seen[0] == count:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def events_of(result: study.StudyResult, out: Path) -> tuple[int, float]:
    """Return how many events a whole run makes, and how long it takes."""
    read, written = os.pipe()
    began = time.monotonic()
    if os.fork() == 0:
        seen = [0]
        sys.addaudithook(lambda event, facts: seen.__setitem__(0, seen[0] + is_write(event, facts)))
        write(result, out)
        os.write(written, str(seen[0]).encode())
        os._exit(0)
    os.close(written)
    told = os.read(read, 32)
    os.wait()
    return int(told), time.monotonic() - began


def left(out: Path) -> dict[str, object]:
    """Say what is there after a kill: the folder, what differs in it, and complete files elsewhere."""
    sealed = [path.parent.name for path in out.parent.rglob("run.json") if path.parent.resolve() != out.resolve()]
    return {"there": out.exists(), "differs": list(runs.verify(out)) if out.exists() else [], "sealed": sealed}


def main(plan: str, out: str, events: str, clocks: str) -> None:
    """Kill and tell."""
    target = Path(out)
    runs._write_atlas = lambda *_given, **_options: ()  # type: ignore[assignment]
    result = study.run(runs.load(plan))
    count, lasts_s = events_of(result, target)
    points = [("event", 1 + number * (count - 1) // (int(events) - 1)) for number in range(int(events))]
    points += [("clock", lasts_s * (number + 0.5) / int(clocks)) for number in range(int(clocks))]
    for kind, at in points:
        child = os.fork()
        if child == 0:
            if kind == "event":
                strike_at(int(at))
            else:
                signal.setitimer(signal.ITIMER_REAL, at)
            write(result, target)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        told = {"kind": kind, "at": at, "killed": os.WIFSIGNALED(status), **left(target)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
