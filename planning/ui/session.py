"""What one browser session holds: its language, its job, what is picked. Nothing is shared but equal work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import streamlit as st

from planning import init
from planning import plan as plans
from planning.errors import InputRefused
from planning.plan import Plan
from planning.runs import RunFolder
from planning.standards import Standard
from planning.study import StudyResult
from planning.texts import LANGUAGES, Language
from planning.ui import words
from planning.ui.jobs import Job
from planning.ui.uploads import Tray

LANGUAGE: Final = "language"
JOB: Final = "job"
FILES: Final = "files-job"
TRAY: Final = "tray"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, eq=False)
class Desk:
    """A finished run seen in one language: what a page is given to show."""

    run: RunFolder
    language: Language

    @property
    def result(self) -> StudyResult:
        """Return the result."""
        return self.run.result

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.result.inputs.plan

    @property
    def standard(self) -> Standard:
        """Return the document the plan is held against."""
        return self.result.inputs.standard

    @property
    def summary(self) -> Any:
        """Return the figures."""
        return self.result.summary

    @property
    def standard_title(self) -> str:
        """Return the document's title."""
        return self.standard.title_zh if self.language == "zh" else self.standard.title_en

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the levels with coverage, the one that sites are sought for first."""
        asked = self.plan.siting.level
        return tuple(sorted(self.summary.get("coverage", {}), key=lambda level: level != asked))

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence ``ui.<key>``."""
        return words.say(key, self.language, **facts)

    def level(self, level: str) -> str:
        """Return the wording of a level."""
        return words.word("level", level, self.language)


def language() -> Language:
    """Return the language of the session."""
    found = st.session_state.get(LANGUAGE)
    return cast("Language", found) if found in LANGUAGES else "zh"


def job() -> Job | None:
    """Return the run this session looks at."""
    return cast("Job | None", st.session_state.get(JOB))


def files_job() -> Job | None:
    """Return the run that draws and writes everything, if somebody asked for it."""
    return cast("Job | None", st.session_state.get(FILES))


def tray() -> Tray:
    """Return the folder of what this session has brought; made on first need."""
    if TRAY not in st.session_state:
        st.session_state[TRAY] = Tray()
    return cast("Tray", st.session_state[TRAY])


def is_brought() -> bool:
    """Say whether the plan looked at came through the browser."""
    current = job()
    return current is not None and TRAY in st.session_state and current.plan == tray().plan


def is_local() -> bool:
    """Say whether only this machine can reach the app, so that paths of this machine may be named."""
    return st.get_option("server.address") in LOOPBACK


def desk() -> Desk | None:
    """Return the finished run of the session, if it has one."""
    found = job()
    return None if found is None or found.run is None else Desk(found.run, language())


def start_sample() -> None:
    """Run the sample in a folder of this session's own."""
    _begin(Job(None))


def start_plan(path: str) -> None:
    """Run a plan file, or the one of a folder, of this machine; equal files run a moment ago are not run again."""
    plan = Path(path.strip().strip('"')).expanduser()
    plan = plan / init.PLAN if plan.is_dir() else plan
    kept = _job_of(str(plan), _stamp(plan))
    if kept.state in ("refused", "cancelled"):
        _job_of.clear(str(plan), _stamp(plan))
        kept = _job_of(str(plan), _stamp(plan))
    _begin(kept)


def start_brought() -> None:
    """Run the plan of what this session has brought."""
    _begin(Job(tray().plan, keep=tray()))


def start_again() -> None:
    """Read the files of the current plan once more and run it."""
    current = job()
    if current is not None:
        _begin(current.once_more())


def start_files() -> None:
    """Run the current plan from end to end: atlas, layers, web map and all."""
    current = job()
    if current is not None:
        st.session_state[FILES] = current.once_more(whole=True)


def close() -> None:
    """Leave the plan; a run still at work is stopped, unless another session looks at it too."""
    current = st.session_state.pop(JOB, None)
    if current is not None and not current.is_shared:
        current.cancel()
    _stop_files()


def _begin(begun: Job) -> None:
    _stop_files()
    st.session_state[JOB] = begun


def _stop_files() -> None:
    files = st.session_state.pop(FILES, None)
    if files is not None:
        files.cancel()


@st.cache_resource(max_entries=3, show_spinner=False)
def _job_of(plan: str, stamp: str) -> Job:  # noqa: ARG001
    """Return the job of a plan file as its files stand (``stamp``), so that a reloaded page finds its result.

    Sessions on the same plan share it: none of them stops it by leaving.
    """
    job = Job(Path(plan))
    job.is_shared = True
    return job


def _stamp(path: Path) -> str:
    """Return what changes with the plan or one of its files: the plan's bytes, sizes and times of the files."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    marks = [f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in _files(path)]
    return hashlib.sha256(content + "\n".join(marks).encode()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """Yield the files a plan names with those beside them of the same stem (the parts of a shapefile)."""
    try:
        settings = plans.read(path)
    except InputRefused:
        return
    for spec in settings.inputs.values():
        for named in filter(None, (spec.file, spec.table_file)):
            if named.parent.is_dir():
                yield from sorted(entry for entry in named.parent.iterdir() if entry.stem == named.stem)
