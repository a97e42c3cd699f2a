"""Room `planning.compare`: what a reader of a comparison must be warned of."""

from __future__ import annotations

from collections.abc import Iterator

from planning import texts
from planning.compare._held import Comparison
from planning.compare._replay import UNKNOWN, taken
from planning.compare._values import ABSENT
from planning.errors import Fault


def of(held: Comparison) -> tuple[Fault, ...]:
    """Return the warnings of a comparison."""
    return (*_nothing_shared(held), *_left_out(held), *_missing(held), *_refused(held), *_not_reproduced(held))


def _nothing_shared(held: Comparison) -> Iterator[Fault]:
    mine, other = held.a.areas, held.b.areas
    if len(mine) and len(other) and mine.index.intersection(other.index).empty:
        outlines = [set(frame.geometry.normalize().to_wkb(hex=True)) for frame in (mine, other)]
        facts = {"a": len(mine), "b": len(other), "same": len(outlines[0] & outlines[1])}
        yield Fault("compare_nothing_in_common", "warning", column="residential_id", facts=facts)


def _left_out(held: Comparison) -> Iterator[Fault]:
    for part in held.left_out:
        yield Fault("compare_left_out", "warning", value=texts.both(f"compare.part.{part}"))


def _missing(held: Comparison) -> Iterator[Fault]:
    for run, names in held.missing.items():
        facts = {"run": run.upper()}
        yield Fault("compare_inputs_gone", "warning", value=", ".join(map(texts.printable, names)), facts=facts)


def _refused(held: Comparison) -> Iterator[Fault]:
    if held.corners is None:
        return
    for corner, faults in held.corners.refused.items():
        errors = [fault.message() for fault in faults if fault.severity == "error"]
        said = "+".join(sorted(taken(corner, held.corners.active))) or "-"
        yield Fault("compare_corner_refused", "warning", value=said, facts={"why": (errors or ["-"])[0]})


def _not_reproduced(held: Comparison) -> Iterator[Fault]:
    if held.corners is None or held.corners.refused:
        return
    keys = held.changes.set_index(["kind", "id", "aspect"])
    said = held.corners.words.reindex(keys.index, fill_value=ABSENT)
    other = (said.iloc[:, 0] != keys["before"]) | (said.iloc[:, -1] != keys["after"])
    known = (said.iloc[:, 0] != UNKNOWN) & (said.iloc[:, -1] != UNKNOWN)
    count = int((other & known).sum())
    if count:
        yield Fault("compare_not_reproduced", "warning", value=str(count), facts={"count": count})
