"""Room `planning.sources`: what lies where, held against what tables say of it: units, areas in streets, gates.

A stated street or community and the polygon an area lies in are two answers to one question. On the border either may
be right, and the row is flagged; beyond `BORDER_M` one of them is wrong, and a contradiction stops the run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import units as words
from planning.sources.draft import Draft

Shapes = NDArray[np.object_]

BORDER_M: Final = 100.0
"""How far outside the unit it states an area may lie: borders are drawn along road centres, and simplified."""
GATE_M: Final = 100.0
OUTSIDE_SHARE: Final = 0.05
"""How much of a unit may lie outside its parent before it is said."""
_RANKS: Final[Mapping[str, int]] = {"county": 0, "street": 1, "town": 1, "community": 2, "village": 2}
_STATED: Final = (("street_id", ("street", "town")), ("community_id", ("community", "village")))
_ENDINGS: Final = re.compile(r"(?:街道办事处|街道办|街道|办事处|社区居委会|居民委员会|居委会|村委会|社区|镇|乡|村)$")


def say_belonging(drafts: Mapping[str, Draft]) -> None:
    """Hold units, residential areas and gates against each other; shapes are in metres.

    ``parent_cycle`` and ``parent_apart`` (refused), ``parent_unknown``, ``parent_rank``, ``parent_outside`` (flagged);
    ``unit_contradicts`` (refused), ``unit_at_border``, ``unit_unmatched`` (flagged); ``gate_off_area`` (flagged).
    """
    units, areas, gates = (drafts.get(name) for name in ("units", "residential", "entrances"))
    if units is not None:
        _say_parents(units)
        if areas is not None:
            for column, types in _STATED:
                _say_stated(areas, units, column, types)
    if gates is not None and areas is not None:
        _say_gates(gates, areas)


# ------------------------------------------------------------------------------------------------------ units in units


def _say_parents(units: Draft) -> None:
    """Look at the tree of units: parents that are not there, lead in a circle, or lie elsewhere."""
    frame, notes = units.frame, units.notes
    kept = _kept(units)
    position = pd.Series(np.flatnonzero(kept), index=frame["unit_id"][kept].to_numpy(dtype=object))
    position = position[~position.index.duplicated()]
    stated = kept & frame["parent"].notna().to_numpy()
    parent = frame["parent"].map(position).fillna(-1).to_numpy(dtype=np.intp)
    parent = np.where(stated, parent, -1)
    rank = frame["type"].map(_RANKS).fillna(99).to_numpy(dtype=np.intp)
    highest = rank[kept].min(initial=99)
    cells = frame["parent"].to_numpy(dtype=object)
    unknown = stated & (parent < 0) & (rank > highest)
    notes.say("parent_unknown", "flagged", unknown, column="parent", values=cells)
    circle = _in_circles(parent)
    notes.say("parent_cycle", "refused", circle, column="parent", values=cells)
    known = (parent >= 0) & ~circle
    notes.say("parent_rank", "flagged", known & (rank[parent] >= rank), column="parent", values=cells)
    _say_outside(units, np.flatnonzero(known), parent[known])


def _in_circles(parent: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say which rows have an endless line of parents, by jumping twice as far each time."""
    if not len(parent):
        return np.zeros(0, dtype=bool)
    ahead = parent.copy()
    for _ in range(len(parent).bit_length() + 1):
        ahead = np.where(ahead >= 0, ahead[ahead], -1)
    return np.asarray(ahead >= 0)


def _say_outside(units: Draft, rows: NDArray[np.intp], parents: NDArray[np.intp]) -> None:
    """Say which units lie outside their parents, in part or wholly."""
    shapes = _shapes(units)
    inside = shapely.area(shapely.intersection(shapes[rows], shapes[parents]))
    share = 1 - inside / shapely.area(shapes[rows])
    far = shapely.distance(shapes[rows], shapes[parents]) > BORDER_M
    shown = _spread(len(shapes), rows, [f"{100 * one:.1f} %" for one in share])
    name = units.frame["parent"].to_numpy(dtype=object)
    units.notes.say("parent_apart", "refused", _mask(len(shapes), rows[far]), column="parent", values=name)
    part = (share > OUTSIDE_SHARE) & ~far
    units.notes.say("parent_outside", "flagged", _mask(len(shapes), rows[part]), column="parent", values=shown)


# ----------------------------------------------------------------------------------------------------- areas in units


def _say_stated(areas: Draft, units: Draft, column: str, types: tuple[str, ...]) -> None:
    """Hold the unit each area states against the polygons: known, and around the area."""
    there = _kept(units) & units.frame["type"].isin(types).to_numpy()
    cells = areas.frame[column]
    rows = np.flatnonzero(_kept(areas) & cells.notna().to_numpy())
    if not there.any() or not len(rows):
        return
    stated = cells.iloc[rows]
    unit = stated.map(_recognised(pd.Series(stated.unique()), units.frame[there]))
    lost = rows[unit.isna().to_numpy()]
    shown = cells.to_numpy(dtype=object)
    if len(lost):
        near = _nearest(cells.iloc[lost], units.frame[there])
        said = _spread(len(shown), lost, [f"{cell} → {near[cell]}" for cell in shown[lost]])
        areas.notes.say("unit_unmatched", "flagged", _mask(len(shown), lost), column=column, values=said)
    found = rows[unit.notna().to_numpy()]
    polygon = _shapes(units)[unit.dropna().to_numpy(dtype=np.intp)]
    place = _shapes(areas)[found]
    outside = ~shapely.covers(polygon, shapely.point_on_surface(place))
    apart_m = shapely.distance(polygon, place)
    for code, verdict, which in (
        ("unit_at_border", "flagged", outside & (apart_m <= BORDER_M)),
        ("unit_contradicts", "refused", apart_m > BORDER_M),
    ):
        told = [f"{cell} ({gap:.0f} m)" for cell, gap in zip(shown[found[which]], apart_m[which], strict=True)]
        said, mask = _spread(len(shown), found[which], told), _mask(len(shown), found[which])
        areas.notes.say(code, verdict, mask, column=column, values=said, limit_m=f"{BORDER_M:g}")  # type: ignore[arg-type]


def _recognised(cells: pd.Series[str], units: pd.DataFrame) -> pd.Series[Any]:
    """Return by cell the row of the unit it names: by id, else by a name only one unit has, with or without 街道.

    ``units`` keeps the rows it had in its table; a cell that names none is missing.
    """
    found = pd.Series(np.nan, index=cells.index, dtype=object)
    for key in (str, _plain, _bare):
        for column in ("unit_id", "name"):
            said = units[column].dropna().map(key)
            said = said[~said.duplicated(keep=False)]
            by_word = pd.Series(said.index, index=said.to_numpy(dtype=object), dtype=object)
            found = found.fillna(cells.map(key).map(by_word))
    return found.set_axis(cells.to_numpy(dtype=object))


def _plain(word: str) -> str:
    return re.sub(r"\s", "", words.normalise(word))


def _bare(word: str) -> str:
    """Return a name without what kind of unit it is: 北澄街道, 北澄街道办事处 and 北澄 are one."""
    plain = _plain(word)
    return _ENDINGS.sub("", plain) or plain


def _nearest(cells: pd.Series[str], units: pd.DataFrame) -> dict[str, str]:
    """Return for each word the names (or ids) most like it, at most two; a dash where none is."""
    names = {_bare(name): name for name in [*units["unit_id"].dropna(), *units["name"].dropna()]}
    return {
        cell: "、".join(names[near] for near in difflib.get_close_matches(_bare(cell), names, n=2, cutoff=0.5)) or "-"
        for cell in cells.unique()[:_LOOKED_UP]
    } | dict.fromkeys(cells.unique()[_LOOKED_UP:], "-")


_LOOKED_UP: Final = 500
"""Different words for which the nearest names are sought; a file with more of them is another file."""


# -------------------------------------------------------------------------------------------------------------- gates


def _say_gates(gates: Draft, areas: Draft) -> None:
    """Flag gates that lie far from the polygon of their area."""
    kept = _kept(areas)
    by_id = pd.Series(np.flatnonzero(kept), index=areas.frame["residential_id"][kept].to_numpy(dtype=object))
    by_id = by_id[~by_id.index.duplicated()]
    own = gates.frame["residential_id"].map(by_id).fillna(-1).to_numpy(dtype=np.intp)
    rows = np.flatnonzero(_kept(gates) & (own >= 0))
    area = _shapes(areas)[own[rows]]
    gap_m = shapely.distance(area, _shapes(gates)[rows])
    far = (shapely.get_dimensions(area) == 2) & (gap_m > GATE_M)
    ids = gates.frame["residential_id"].to_numpy(dtype=object)
    said = _spread(len(ids), rows, [f"{name} ({gap:.0f} m)" for name, gap in zip(ids[rows], gap_m, strict=True)])
    gates.notes.say("gate_off_area", "flagged", _mask(len(ids), rows[far]), column="residential_id", values=said)


# ------------------------------------------------------------------------------------------------------------ helpers


def _kept(one: Draft) -> NDArray[np.bool_]:
    return np.asarray(~one.notes.marked("excluded", "refused") & ~shapely.is_missing(_shapes(one)))


def _shapes(one: Draft) -> Shapes:
    return np.full(one.notes.size, None, dtype=object) if one.shapes is None else one.shapes


def _mask(size: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    found = np.zeros(size, dtype=bool)
    found[rows] = True
    return found


def _spread(size: int, rows: NDArray[np.intp], said: list[str]) -> Shapes:
    """Return what is said of some rows as a column."""
    shown = np.full(size, "", dtype=object)
    shown[rows] = said
    return shown
