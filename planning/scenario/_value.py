"""Room `planning.scenario`: a scenario as a frozen value, with undo and redo."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planning.plan import Plan
from planning.scenario._edits import Edit, Settings, State, fold


@dataclass(frozen=True)
class Scenario:
    """A named set of edits on a plan.

    Attributes
    ----------
    name
        As people read it; the file is named after it.
    plan
        The name of the plan file.
    crs
        The metric CRS that coordinates of edits are in, as text.
    settings
        The plan's parameters when the scenario was begun: a later change of the plan file changes none of them.
    edits
        What was done, in order.
    undone
        What was taken back, the last first; gone with the next edit.
    """

    name: str
    plan: str
    crs: str
    settings: Settings
    edits: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()

    @property
    def state(self) -> State:
        """Return what the edits come to."""
        return fold(self.settings, self.edits)

    def edited(self, edit: Edit) -> Scenario:
        """Return the scenario with one more edit; what was taken back before can no longer be done again."""
        return replace(self, edits=(*self.edits, edit), undone=())

    def undo(self) -> Scenario:
        """Return the scenario without its last edit, itself where there is none."""
        if not self.edits:
            return self
        return replace(self, edits=self.edits[:-1], undone=(self.edits[-1], *self.undone))

    def redo(self) -> Scenario:
        """Return the scenario with the edit that was taken back last, itself where there is none."""
        if not self.undone:
            return self
        return replace(self, edits=(*self.edits, self.undone[0]), undone=self.undone[1:])


def begin(name: str, plan: Plan, crs: str) -> Scenario:
    """Return a scenario of ``plan`` that changes nothing yet."""
    return Scenario(name, plan.file, crs, Settings.of(plan))
