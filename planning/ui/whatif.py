"""The scenario a session works on: what it holds, what an edit does to it, where it is kept. No figures of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import streamlit as st

from planning import scenario
from planning.errors import Fault, InputRefused, MachineFailed
from planning.runs import RunFolder
from planning.scenario import Base, Edit, Figures, Scenario
from planning.ui.session import Desk

MADE: Final = "whatif-scenario"
PLACE: Final = "whatif-folder"
KEPT: Final = "whatif-kept"  # whether the scenario has a file, which every edit then writes
FAULTS: Final = "whatif-faults"
PICKED: Final = "whatif-picked"
LINE: Final = "whatif-line"


def base(desk: Desk) -> Base:
    """Return the plan prepared for questions; once for a run, whoever asks."""
    return _base(desk.run)


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs={RunFolder: lambda run: f"{run.run_id}:{run.folder}"})
def _base(run: RunFolder) -> Base:
    return scenario.prepare(run.result)


def folder(desk: Desk) -> Path:
    """Return the plan's folder, beside which scenarios are kept."""
    return desk.plan.folder


def current(desk: Desk) -> Scenario:
    """Return the scenario the session works on; without one, that of the run: the sites it chose."""
    made = st.session_state.get(MADE)
    if made is None or st.session_state.get(PLACE) != str(folder(desk)):
        made = of_run(desk)
        _hold(desk, made, kept=False)
    return cast("Scenario", made)


def of_run(desk: Desk) -> Scenario:
    """Return the scenario that the run itself is: its chosen sites open, those it closes switched off."""
    begun = scenario.begin(desk.say("whatif.unnamed"), desk.plan, desk.result.inputs.crs.to_string())
    answer = desk.result.siting
    edits: list[Edit] = [scenario.Open(one) for one in desk.result.sites["facility_id"]]
    edits += [scenario.SwitchOff(one) for one in (() if answer is None else answer.closed)]
    return replace(begun, edits=tuple(edits))


def as_it_is(desk: Desk) -> Scenario:
    """Return the scenario without a single edit."""
    return replace(of_run(desk), name=desk.say("whatif.as_it_is"), edits=())


def figures(desk: Desk, made: Scenario) -> Figures:
    """Return what a scenario comes to.

    Raises
    ------
    InputRefused
        As `planning.scenario.figures`.
    """
    return scenario.figures(base(desk), made)


def edit(desk: Desk, *edits: Edit) -> None:
    """Put edits on the scenario; those that cannot be are refused together, and it stays as it was."""
    made = current(desk)
    for one in edits:
        made = made.edited(one)
    _try(desk, made)


def undo(desk: Desk) -> None:
    """Take the last edit back."""
    _try(desk, current(desk).undo())


def redo(desk: Desk) -> None:
    """Do again what was taken back."""
    _try(desk, current(desk).redo())


def begin_anew(desk: Desk) -> None:
    """Leave the scenario for that of the run."""
    _hold(desk, of_run(desk), kept=False)


def open_saved(desk: Desk, made: Scenario) -> None:
    """Work on a saved scenario."""
    _hold(desk, made, kept=True)


def save_as(desk: Desk, name: str) -> None:
    """Keep the scenario under a name beside the plan."""
    made = replace(current(desk), name=name.strip())
    try:
        scenario.save(made, folder(desk), new=True)
    except (InputRefused, MachineFailed) as error:
        st.session_state[FAULTS] = error.faults
        return
    _hold(desk, made, kept=True)


def rename(desk: Desk, made: Scenario, name: str) -> None:
    """Give a saved scenario another name."""
    try:
        renamed = scenario.rename(made, folder(desk), name)
    except (InputRefused, MachineFailed) as error:
        st.session_state[FAULTS] = error.faults
        return
    if is_kept() and current(desk).name == made.name:
        _hold(desk, replace(current(desk), name=renamed.name), kept=True)


def delete(desk: Desk, made: Scenario) -> None:
    """Remove a saved scenario; one that is worked on goes on without a file."""
    scenario.delete(folder(desk), made.name)
    if is_kept() and current(desk).name == made.name:
        st.session_state[KEPT] = False


def export(desk: Desk, made: Scenario) -> Path | None:
    """Write a scenario as a plan of its own beside its file; None where that is not possible."""
    try:
        target = scenario.path_of(folder(desk), made.name).with_suffix("")
        return scenario.export(base(desk).inputs, made, target)
    except (InputRefused, MachineFailed) as error:
        st.session_state[FAULTS] = error.faults
        return None


def packed(desk: Desk, made: Scenario) -> bytes:
    """Return a scenario as a folder that stands alone, zipped; where that is not possible, the faults in a text."""
    try:
        return scenario.pack(base(desk).inputs, made)
    except (InputRefused, MachineFailed) as error:
        told = "\n".join(f"{fault.message(desk.language)} {fault.remedy(desk.language)}" for fault in error.faults)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as box:
            box.writestr(f"{desk.say('whatif.refused_file')}.txt", told)
        return stream.getvalue()


def saved(desk: Desk) -> tuple[Scenario, ...]:
    """Return the scenarios kept beside the plan; files that are none are told as faults."""
    found, faults = scenario.saved(folder(desk))
    if faults:
        st.session_state[FAULTS] = faults
    return found


def is_kept() -> bool:
    """Say whether the scenario has a file."""
    return bool(st.session_state.get(KEPT))


def take_faults() -> tuple[Fault, ...]:
    """Return what was refused since the page was shown last."""
    return tuple(st.session_state.pop(FAULTS, ()))


def _try(desk: Desk, made: Scenario) -> None:
    try:
        figures(desk, made)
        if is_kept():
            scenario.save(made, folder(desk), known=current(desk))
    except (InputRefused, MachineFailed) as error:
        st.session_state[FAULTS] = error.faults
        return
    _hold(desk, made, kept=is_kept())


def _hold(desk: Desk, made: Scenario, *, kept: bool) -> None:
    held: Iterable[tuple[str, Any]] = ((MADE, made), (PLACE, str(folder(desk))), (KEPT, kept))
    for key, value in held:
        st.session_state[key] = value
