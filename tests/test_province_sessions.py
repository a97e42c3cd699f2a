"""Eight sessions of the workbench run twenty plans each at the same time: each finds its own rows, and all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import papertown
import pytest
from provinces import ROOT

from planning import runs, worker

WORK = "from planning.worker import main; main()"


def town(folder: Path, session: int) -> Path:
    """Paper town as one session has it: ids carry its number, and area A has so many elderly more than 1."""
    areas = papertown.residential().assign(
        elderly=lambda table: table["elderly"] + (table["residential_id"] == "A") * session
    )
    areas["residential_id"] += f"-{session}"
    gates = papertown.entrances().assign(residential_id=lambda table: table["residential_id"] + f"-{session}")
    rooms = papertown.facilities()
    rooms["serves"] = rooms["serves"].where(rooms["serves"] == "", rooms["serves"] + f"-{session}")
    folder.mkdir(parents=True)
    return papertown.write(folder, residential=areas, entrances=gates, facilities=rooms)


def one_run(plan: Path, folder: Path) -> object:
    """Do a run as a session of the workbench does: a worker process, one line in, an answer in the session's folder."""
    folder.mkdir(parents=True)
    asked = {"task": "run", "plan": str(plan), "folder": str(folder), "only": "coverage"}
    with (
        (folder / "why").open("wb") as why,
        subprocess.Popen(
            [sys.executable, "-c", WORK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=why
        ) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        process.wait(timeout=600)  # before its standard input is closed, which would end it
    found = worker.answer(folder)
    assert isinstance(found, runs.RunFolder), (found, (folder / "why").read_bytes()[-2000:])
    return found


def hold(tmp_path: Path, sessions: int, turns: int) -> int:
    """Run ``turns`` plans in each of ``sessions`` at once; return how many runs were held against what is right."""
    plans = {session: town(tmp_path / f"s{session}", session) for session in range(sessions)}

    def session_of(session: int) -> list[tuple[int, object]]:
        return [(session, one_run(plans[session], tmp_path / f"s{session}" / f"run{turn}")) for turn in range(turns)]

    with ThreadPoolExecutor(sessions) as pool:
        found = [one for some in pool.map(session_of, range(sessions)) for one in some]
    ids: dict[int, set[str]] = {}
    for session, done in found:
        assert runs.verify(done.folder) == ()
        rows = done.result.residential
        assert sorted(rows["residential_id"]) == [f"{letter}-{session}" for letter in "ABCDEF"]
        assert rows["elderly"].sum() == 63 + session
        assert done.result.summary["coverage"]["street"]["elderly_covered"] == 1 + session
        assert done.result.summary["ledger"]["residential"]["read"] == 6
        ids.setdefault(session, set()).add(done.run_id)
    assert all(len(some) == 1 for some in ids.values())  # the same plan is the same run, twenty times
    assert len(set.union(*ids.values())) == sessions
    return len(found)


@pytest.mark.slow
def test_two_sessions_at_once_do_not_mix(tmp_path):
    assert hold(tmp_path, 2, 1) == 2


@pytest.mark.scale
def test_eight_sessions_of_twenty_runs_do_not_mix_and_lose_no_row(tmp_path):
    """Takes ten minutes on two cores."""
    assert hold(tmp_path, 8, 20) == 160
