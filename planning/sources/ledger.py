"""The ledger: where every input row ended up, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning import texts
from planning.errors import Fault

Mask = NDArray[np.bool_]
Verdict = Literal["flagged", "excluded", "refused"]
LISTED: Final = 200
"""Warnings of one kind listed row by row; what is beyond stands in the ledger only, with one warning that counts it."""


@dataclass(frozen=True)
class Origin:
    """The file, layer and row numbers that a column came from."""

    file: str
    layer: str
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class _Note:
    code: str
    verdict: Verdict
    where: NDArray[np.intp]
    column: str
    cells: NDArray[np.object_]
    origin: Origin
    facts: Mapping[str, Any]


@dataclass
class Notes:
    """What is said about the rows of one table while it is being read; grows, and is read out at the end.

    ``headings`` tells, by canonical name, what the user's file calls a column and which file brings it.
    """

    table: str
    origin: Origin
    faults: list[Fault] = field(default_factory=list)
    headings: Mapping[str, tuple[str, Origin]] = field(default_factory=dict)
    _notes: list[_Note] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return len(self.origin.rows)

    def say(
        self,
        code: str,
        verdict: Verdict,
        where: Mask,
        *,
        column: str = "",
        values: Any = None,
        origin: Origin | None = None,
        **facts: Any,
    ) -> None:
        """Note ``code`` about the rows marked in ``where``.

        Parameters
        ----------
        verdict : {"flagged", "excluded", "refused"}
            ``refused`` is an error that stops the run.
        column : str
            As the user wrote it, or a canonical name, which becomes the user's heading.
        values : array, optional
            The cells as written, aligned with the table.
        origin : Origin, optional
            Where the column came from, if not from the table's own file; rows without a match there stay with it.
        """
        if origin is None:
            column, origin = self.headings.get(column, (column, self.origin))
        cells = np.full(self.size, "", dtype=object) if values is None else np.asarray(values, dtype=object)
        matched = origin.rows > 0
        for place, rows in ((origin, where & matched), (self.origin, where & ~matched)):
            hits = np.flatnonzero(rows)
            if len(hits):
                self._notes.append(_Note(code, verdict, hits, column, cells[hits], place, facts))

    def table_fault(self, code: str, severity: Literal["error", "warning"], *, column: str = "", **more: Any) -> None:
        """Note a fault of the table as a whole; its rows stay as they are."""
        facts = {**more.pop("facts", {}), **more}
        value = str(facts.pop("value", ""))
        column, origin = self.headings.get(column, (column, self.origin))
        self.faults.append(Fault(code, severity, origin.file, origin.layer, column=column, value=value, facts=facts))

    def marked(self, *verdicts: Verdict) -> Mask:
        """Return the rows about which one of ``verdicts`` was said."""
        mask = np.zeros(self.size, dtype=bool)
        for note in self._notes:
            if note.verdict in verdicts:
                mask[note.where] = True
        return mask

    def outcomes(self) -> NDArray[np.object_]:
        """Return ``used``, ``flagged`` or ``excluded`` of every row; a refused row counts as excluded."""
        found = np.full(self.size, "used", dtype=object)
        found[self.marked("flagged")] = "flagged"
        found[self.marked("excluded", "refused")] = "excluded"
        return found

    def counts(self, read: int) -> dict[str, int]:
        """Return how many rows were read (counted by another way), used, flagged and excluded."""
        outcomes = self.outcomes()
        split = {name: int(np.count_nonzero(outcomes == name)) for name in ("used", "flagged", "excluded")}
        return {"read": read, **split}

    def all_faults(self) -> list[Fault]:
        """Return every fault: errors row by row, warnings up to `LISTED` of a kind."""
        return [*self.faults, *(fault for note in self._notes for fault in _faults(note))]

    def ledger(
        self, ids: NDArray[np.object_], language: texts.Language, *, only_marked: bool
    ) -> dict[str, NDArray[Any]]:
        """Return the ledger of the table in row order, column by column; ``only_marked``: without plainly used rows."""
        said: dict[int, list[tuple[_Note, int]]] = {}
        for note in self._notes:
            for at, position in enumerate(note.where):
                said.setdefault(int(position), []).append((note, at))
        marked = np.array(sorted(said), dtype=np.intp)
        rows = marked if only_marked else np.arange(self.size)
        columns = {name: np.full(len(rows), "", dtype=object) for name in ("reasons", "column", "value", "remedy")}
        for at, position in zip(np.searchsorted(rows, marked), marked, strict=True):
            for name, text in _words(said[int(position)], language).items():
                columns[name][at] = text
        whole = {"table": self.table, "file": self.origin.file, "layer": self.origin.layer}
        return {
            **{name: np.full(len(rows), text, dtype=object) for name, text in whole.items()},
            "row": self.origin.rows[rows],
            "id": ids[rows],
            "outcome": self.outcomes()[rows],
            **columns,
        }


def _words(said: list[tuple[_Note, int]], language: texts.Language) -> dict[str, str]:
    """Return what the ledger says about one row: every reason, column, value and remedy once."""
    remedies = [_fault(note, index).remedy(language) for note, index in said]
    return {
        "reasons": ";".join(dict.fromkeys(note.code for note, _ in said)),
        "column": ";".join(dict.fromkeys(note.column for note, _ in said if note.column)),
        "value": ";".join(_shown(note.cells[index]) for note, index in said if _shown(note.cells[index])),
        "remedy": " ".join(dict.fromkeys(remedies)),
    }


def _faults(note: _Note) -> Iterator[Fault]:
    """Yield the faults of a note; long rows of warnings end in one that counts the rest."""
    listed = len(note.where) if note.verdict == "refused" else min(len(note.where), LISTED)
    for index in range(listed):
        yield _fault(note, index)
    if listed < len(note.where):
        facts = {"count": len(note.where) - listed, "code": note.code}
        yield Fault("and_more", "warning", note.origin.file, note.origin.layer, column=note.column, facts=facts)


def _fault(note: _Note, index: int) -> Fault:
    row = int(note.origin.rows[note.where[index]])
    return Fault(
        note.code,
        "error" if note.verdict == "refused" else "warning",
        file=note.origin.file,
        layer=note.origin.layer,
        row=row if row > 0 else None,
        column=note.column,
        value=_shown(note.cells[index]),
        facts=note.facts,
    )


def _shown(cell: object) -> str:
    """Return a cell as it is shown in a fault: nothing for an empty one, and never endlessly long."""
    return "" if cell is None or (isinstance(cell, float) and pd.isna(cell)) else str(cell)[:200]
