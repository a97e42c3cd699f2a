"""Room `planning.compare`: which causes bring a change, and which take it back, from what every corner says.

A set of causes is *sufficient* if switching it alone, from run A to run B, brings the value of run B; it is *undoing*
if taking it alone back, from run B to run A, brings the value of run A. Told are the smallest of both: sets of which
no part does the same. Comparing B with A swaps the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.compare._causes import ALL_CAUSES, Cause
from planning.compare._replay import UNKNOWN, Corners
from planning.compare._values import ABSENT, KEY, PRESENCE

COLUMNS: Final = ("before", "after", "cause", "sufficient", "undoing", "possible")
UNPROVEN: Final = "unproven"
EITHER: Final = "either"
TOGETHER: Final = "together"
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Attribution:
    """The changes, one row a key with `COLUMNS`; and what causes cancel, with ``value, sufficient, would_be``."""

    changes: pd.DataFrame
    cancelled: pd.DataFrame


def by_one(words: pd.DataFrame, cause: Cause, doubtful: Flags) -> pd.DataFrame:
    """Attribute changes (``before``, ``after``) to the only cause that differs; those in doubt stay unproven."""
    said = np.where(doubtful, "", cause)
    return words.assign(cause=headlines(said), sufficient=said, undoing=said, possible=cause)


def by_evidence(words: pd.DataFrame, possible: Sequence[Sequence[Cause]]) -> pd.DataFrame:
    """Attribute changes of which at most one cause is possible; the others stay unproven."""
    said = np.array([causes[0] if len(causes) == 1 else "" for causes in possible], dtype=object)
    named = [label([causes]).replace("+", "|") if causes else "" for causes in possible]
    return words.assign(cause=headlines(said), sufficient=said, undoing=said, possible=named)


def by_corners(recorded: pd.DataFrame, corners: Corners, differing: Sequence[Cause]) -> Attribution:
    """Attribute the changes between two runs by what every corner says.

    Parameters
    ----------
    recorded
        ``before`` and ``after`` as the folders hold them, by key.
    corners
        From `_replay.run`.
    differing
        All causes that differ; with ``program`` among them, a corner may say other than the folder did.
    """
    said = corners.words.reindex(recorded.index, fill_value=ABSENT).to_numpy(dtype=object)
    before, after = (recorded[name].to_numpy(dtype=object) for name in ("before", "after"))
    again = (said[:, 0] == before) & (said[:, -1] == after)
    changed = before != after
    found = _found(recorded[changed], said[changed], again[changed], corners.active, differing)
    return Attribution(found, _cancelled(recorded[~changed & again], said[~changed & again], corners.active))


def _found(
    words: pd.DataFrame, said: NDArray[Any], again: Flags, active: Sequence[Cause], differing: Sequence[Cause]
) -> pd.DataFrame:
    before, after = (words[name].to_numpy(dtype=object)[:, None] for name in ("before", "after"))
    unknown = said == UNKNOWN
    forward, sure = smallest(said == after, unknown)
    backward, sure_back = smallest((said == before)[:, ::-1], unknown[:, ::-1])
    proven = again & sure & sure_back
    by_program = ~again & ("program" in differing) & (said[:, 0] == said[:, -1]) & ~unknown.any(axis=1)
    sufficient = np.where(proven, labels(forward, active), np.where(by_program, "program", ""))
    undoing = np.where(proven, labels(backward, active), np.where(by_program, "program", ""))
    everything = label([[one] for one in differing])
    possible = np.where(proven, _named(sufficient), np.where(by_program, "program", everything))
    return words.assign(cause=headlines(sufficient), sufficient=sufficient, undoing=undoing, possible=possible)


def _cancelled(words: pd.DataFrame, said: NDArray[Any], active: Sequence[Cause]) -> pd.DataFrame:
    """Return what is equal in both runs although some causes alone would change it."""
    value = words["before"].to_numpy(dtype=object)
    other = (said != value[:, None]) & (said != UNKNOWN)
    told = words.index.get_level_values("aspect") == PRESENCE
    other &= told[:, None] | (said != ABSENT)  # what is not there at all is told once
    rows = other.any(axis=1)
    sets, _ = smallest(other[rows], np.zeros_like(other[rows]))
    first = other[rows].argmax(axis=1)
    would_be = said[rows][np.arange(len(first)), first]
    kept: pd.DataFrame = words.loc[rows, []]
    return kept.assign(value=value[rows], sufficient=labels(sets, active), would_be=would_be)


def smallest(hit: Flags, unknown: Flags) -> tuple[Flags, Flags]:
    """Return, of the corners that hit, those with no smaller hit inside them; and whether that is sure, row by row.

    ``hit`` and ``unknown`` have a row a key and a column a corner. Corner 0 is never a hit. A row is sure unless an
    unknown corner might be such a smallest one.
    """
    found, sure = np.zeros_like(hit), np.ones(len(hit), dtype=bool)
    for corner in range(1, hit.shape[1]):
        inside = [part for part in range(1, corner) if part & corner == part]
        smaller = hit[:, inside].any(axis=1)
        found[:, corner] = hit[:, corner] & ~smaller
        sure &= ~unknown[:, corner] | smaller
    return found, sure


def labels(sets: Flags, causes: Sequence[Cause]) -> NDArray[Any]:
    """Return each row's sets of causes as text: ``data|network+siting`` are data, or network and siting together."""
    if not len(sets):
        return np.array([], dtype=object)
    rows, places = np.unique(sets, axis=0, return_inverse=True)
    said = [
        label([[cause for bit, cause in enumerate(causes) if corner >> bit & 1] for corner in np.flatnonzero(row)])
        for row in rows
    ]
    return np.array(said, dtype=object)[places.ravel()]


def label(sets: Sequence[Sequence[Cause]]) -> str:
    """Return sets of causes as text, small sets first, causes in their order."""
    ordered = [sorted(one, key=ALL_CAUSES.index) for one in sets]
    ordered.sort(key=lambda one: (len(one), [ALL_CAUSES.index(cause) for cause in one]))
    return "|".join("+".join(one) for one in ordered)


def headlines(said: NDArray[Any]) -> list[str]:
    """Return each label in one word: the cause, `EITHER` (each alone suffices), `TOGETHER`, or `UNPROVEN`."""
    return [headline(one) for one in said]


def headline(said: str) -> str:
    """Return a label in one word."""
    if not said:
        return UNPROVEN
    if "|" in said:
        return EITHER
    return TOGETHER if "+" in said else said


def _named(said: NDArray[Any]) -> NDArray[Any]:
    """Return the causes that labels name, each once."""
    return np.array([label([[one] for one in dict.fromkeys(text.replace("+", "|").split("|"))]) if text else ""
                     for text in said], dtype=object)  # fmt: skip


def no_cancelled() -> pd.DataFrame:
    """Return the table of cancelled causes where no corner was run."""
    index = pd.MultiIndex.from_arrays([[], [], []], names=list(KEY))
    return pd.DataFrame(columns=["value", "sufficient", "would_be"], index=index, dtype=object)
