"""Room `planning.compare`: two runs held side by side: what is compared, what changed, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from planning.compare import _attribute, _causes, _inputs, _replay, _values
from planning.compare._attribute import Attribution
from planning.compare._causes import Cause, Difference
from planning.compare._folder import Side
from planning.compare._replay import Corners
from planning.tables import LEVELS, contract

Step = Callable[[str], None]
Method = Literal["same", "record", "replay", "evidence"]
PARTS: Final = ("coverage", "compliance", "siting", "planned")
CATEGORIES: Final = ("changed", "figures", "unchanged", "added", "removed")
_BY_THE_CLOCK: Final = "feasible"


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two runs say differently, and why.

    Attributes
    ----------
    a, b
        The runs.
    differences
        Every key and input in which they differ, with its cause.
    method
        ``same`` nothing differs; ``record`` one cause alone differs, so it is the cause of all; ``replay`` every
        combination of the causes was run; ``evidence`` the inputs are gone, and only what two folders prove is said.
    corners
        Of a replay.
    missing
        Inputs that could not be found again: run (``a``, ``b``) → names.
    changes
        One row a value that differs: ``kind, id, aspect``, ``before``, ``after`` (words, see `_values`), ``cause``,
        ``sufficient``, ``undoing``, ``possible``.
    cancelled
        Values equal in both runs that some causes alone would change.
    areas
        One row a residential area of either run: category, names, weights, the causes of what decides its category.
    left_out
        Parts of an analysis that one of the runs has not, and that were not compared.
    """

    a: Side
    b: Side
    differences: tuple[Difference, ...]
    method: Method
    corners: Corners | None
    missing: dict[str, tuple[str, ...]]
    changes: pd.DataFrame
    cancelled: pd.DataFrame
    areas: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def differing(self) -> tuple[Cause, ...]:
        """Return the causes that differ."""
        return _causes.differing(self.differences)


def hold(a: Side, b: Side, *, plans: tuple[Path | None, Path | None], step: Step) -> Comparison:
    """Hold two runs side by side."""
    differences = _causes.differences(a.record, b.record)
    differing = _causes.differing(differences)
    left_out = _left_out(a, b)
    recorded = _recorded(a, b, left_out)
    method: Method = "same" if not differing else "record"
    corners, missing = None, dict[str, tuple[str, ...]]()
    if len(differing) > 1:
        step("compare_read")
        corners, missing = _corners(a, b, differing, plans, step)
        method = "evidence" if corners is None else "replay"
    found = _attributed(recorded, differing, corners, (a, b), differences)
    areas = _areas(a, b, found.changes)
    return Comparison(
        a, b, differences, method, corners, missing, found.changes.reset_index(), found.cancelled.reset_index(), areas,
        left_out,
    )  # fmt: skip


def _left_out(a: Side, b: Side) -> tuple[str, ...]:
    """Return the parts that only one run has, or that neither has."""
    both = a.parts & b.parts
    known = {name: name in both for name in PARTS[:3]}
    planned = [side.summary.get("siting") is None or "planned_status" in side.areas for side in (a, b)]
    known["planned"] = known["siting"] and all(planned)
    return tuple(name for name, there in known.items() if not there)


def _recorded(a: Side, b: Side, left_out: Sequence[str]) -> pd.DataFrame:
    """Return what the two folders say, ``before`` and ``after`` by key, of all that both can say something of.

    Of an id that only one run knows nothing is compared but that it is there.
    """
    mine, other = (_values.of_folder(side.areas, side.layers, side.summary) for side in (a, b))
    table = pd.DataFrame({"before": mine, "after": other}).fillna(_values.ABSENT).astype(object)
    kinds, aspects = table.index.get_level_values("kind"), table.index.get_level_values("aspect")
    rows = pd.MultiIndex.from_arrays([kinds, table.index.get_level_values("id")])
    presence = np.asarray(aspects == _values.PRESENCE)
    both = rows[presence & (table != _values.ABSENT).all(axis=1).to_numpy()]
    kept: pd.DataFrame = table.loc[(rows.isin(both) | presence) & ~_unasked(kinds, aspects, left_out)]
    return kept


def _unasked(kinds: pd.Index, aspects: pd.Index, left_out: Sequence[str]) -> Any:
    """Say which keys belong to parts that are left out."""
    of_level = [f"{level}_{name}" for level in LEVELS for name in _values.LEVEL_ASPECTS]
    area = kinds == "area"
    found = np.zeros(len(kinds), dtype=bool)
    if "coverage" in left_out:
        found |= (area & aspects.isin(of_level)) | (kinds == "clause")
    if "compliance" in left_out:
        found |= (area & aspects.isin(_values.COMPLIANCE)) | (kinds == "clause")
    if "siting" in left_out:
        found |= kinds.isin(("site", "siting"))
    if "planned" in left_out:
        found |= area & aspects.isin(_values.PLANNED)
    return found


def _corners(
    a: Side, b: Side, differing: Sequence[Cause], plans: tuple[Path | None, Path | None], step: Step
) -> tuple[Corners | None, dict[str, tuple[str, ...]]]:
    """Run every corner where the inputs of both runs are still there; else say which are missing."""
    near = [list(_inputs.places(side, named)) for side, named in zip((a, b), plans, strict=True)]
    mine, other = _inputs.find(a, [*near[0], *near[1]]), _inputs.find(b, [*near[1], *near[0]])
    if mine.inputs is None or other.inputs is None:
        found = {name: one.missing for name, one in (("a", mine), ("b", other)) if one.missing}
        return None, found
    return _replay.run(mine.inputs, other.inputs, differing, a.parts & b.parts, step), {}


def _attributed(
    recorded: pd.DataFrame,
    differing: Sequence[Cause],
    corners: Corners | None,
    sides: tuple[Side, Side],
    differences: tuple[Difference, ...],
) -> Attribution:
    if corners is not None:
        return _attribute.by_corners(recorded, corners, differing)
    changed = recorded[recorded["before"] != recorded["after"]]
    nothing = _attribute.no_cancelled()
    if len(differing) == 1:
        stopped = any((side.summary.get("siting") or {}).get("status") == _BY_THE_CLOCK for side in sides)
        doubtful = np.asarray(_values.hangs_on_sites(changed.index)) & stopped
        return Attribution(_attribute.by_one(changed, differing[0], doubtful), nothing)
    offered = {name for side in sides for name in side.candidates}
    possible = [
        _possible("candidate" if kind == "facility" and name in offered else kind, aspect, differing, differences)
        for kind, name, aspect in changed.index
    ]
    return Attribution(_attribute.by_evidence(changed, possible), nothing)


# ------------------------------------------------------------------------------------------------ what can cause what


def _possible(
    kind: str, aspect: str, differing: Sequence[Cause], differences: Iterable[Difference]
) -> tuple[Cause, ...]:
    """Return the causes that differ and that a value can depend on at all; the program can change any.

    ``kind`` is ``candidate`` for a facility that is one: whether a suggested one is there, and its role, hang on all.
    """
    keys = {one.key for one in differences}
    can: set[Cause] = {"data", "program"}
    if kind == "area" and aspect.startswith(tuple(f"{level}_" for level in LEVELS)):
        can |= {"network", "parameter"}
        can |= {"standard"} if keys & {"plan.as_of", "standards.service_radius_m"} else set()
        can |= {"siting"} if "siting.level" in keys else set()
    elif kind == "area" and aspect in _values.COMPLIANCE:
        can |= {"standard"}
        can |= {"parameter"} if keys & {"walk.spread", "walk.hard_border"} else set()
    elif kind == "facility":
        can |= {"standard", "parameter"} if aspect == "in_service" else set()
    elif not (kind == "area" and aspect in (_values.PRESENCE, "street")):
        can |= set(_causes.CAUSES)
    return tuple(cause for cause in differing if cause in can)


# ----------------------------------------------------------------------------------------------------------- by area


def _areas(a: Side, b: Side, changes: pd.DataFrame) -> pd.DataFrame:
    """Return every area of either run by id, as `Comparison.areas` says."""
    ids = a.areas.index.union(b.areas.index).astype("str")
    now, then = b.areas.reindex(ids), a.areas.reindex(ids)
    of_areas = changes[changes.index.get_level_values("kind") == "area"].reset_index()
    in_a, in_b = ids.isin(a.areas.index), ids.isin(b.areas.index)
    status = of_areas["aspect"].map(_values.is_status).to_numpy(dtype=bool)
    with_status, with_any = ids.isin(of_areas.loc[status, "id"]), ids.isin(of_areas["id"])
    category = np.select(
        [~in_a, ~in_b, with_status, with_any], ["added", "removed", "changed", "figures"], default="unchanged"
    )
    decides = status | ~of_areas["id"].isin(of_areas.loc[status, "id"]).to_numpy()
    street = now["street"].where(in_b, then["street"]).astype(object)
    return pd.DataFrame(
        {
            "name": now["name"].where(in_b, then["name"]).astype(object),
            "street": street.where(street.notna(), None),
            "category": category,
            "cause": _causes_of(of_areas[decides]).reindex(ids).fillna(""),
            "households_a": then["households"].astype(float),
            "households_b": now["households"].astype(float),
            "own": _own(a, b).reindex(ids).fillna(""),
        },
        index=pd.Index(ids, name="residential_id"),
    )


def _causes_of(rows: pd.DataFrame) -> pd.Series:
    """Return by area the different labels of its rows, joined by ``;``, an unproven one last."""
    said = rows["sufficient"].where(rows["sufficient"] != "", "~")
    joined = said.groupby(rows["id"]).agg(lambda one: ";".join(sorted(set(one))))
    return joined.str.replace("~", _attribute.UNPROVEN).astype(object)


def _own(a: Side, b: Side) -> pd.Series:
    """Return by id which of an area's own input columns differ, ``geometry`` among them, joined by ``;``."""
    ids = a.areas.index.intersection(b.areas.index)
    names = [name for name in contract("residential").columns if name in a.areas and name in b.areas]
    mine, other = a.areas.loc[ids], b.areas.loc[ids]
    differ = pd.DataFrame(
        {name: mine[name].astype(object).map(_values.word) != other[name].astype(object).map(_values.word)
         for name in names},
        index=ids,
    )  # fmt: skip
    differ["geometry"] = ~mine.geometry.normalize().geom_equals_exact(other.geometry.normalize(), 0.0)
    columns = differ.columns.to_numpy(dtype=object)
    said = [";".join(columns[row]) for row in differ.to_numpy()]
    return pd.Series(said, index=ids, dtype=object)
