"""Room `planning.candidates`: what each rule finds of each candidate: meets, fails, or unknown with the reason.

A rule never guesses: an empty cell, a word that cannot be read, a place that two answers fit are ``unknown``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import lifecycle, storeys, tables, units
from planning.candidates import _distances
from planning.candidates._distances import Around
from planning.plan import MINIMUM, Screen

MEETS: Final = "meets"
FAILS: Final = "fails"
UNKNOWN: Final = "unknown"
_SLIVER_M2: Final = 1.0  # two maps of one border leave slivers: a smaller overlap is none


@dataclass(frozen=True)
class Found:
    """What one rule found, one entry a candidate; ``limit`` is what it was held against, ``target`` the place met."""

    outcome: NDArray[np.object_]
    reason: NDArray[np.object_]
    value: NDArray[np.object_]
    limit: str
    unit: str = ""
    target: NDArray[np.object_] | None = None


def apply(candidates: gpd.GeoDataFrame, rule: Screen, around: Around) -> Found:
    """Hold every candidate against one rule."""
    return _RULES[rule.rule](candidates, rule.facts, around)


def _ownership(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], _: Around) -> Found:
    return _listed(candidates["ownership"], facts, "ownership_other")


def _source(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], _: Around) -> Found:
    return _listed(candidates["source"], facts, "source_other")


def _floor_area(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], around: Around) -> Found:
    """Hold the floor area available against a number, or against the least sizes that the document states.

    Where the document has one for new and another for existing areas, a site between the two is unknown.
    """
    stated = facts["at_least_m2"]
    sizes = around.least_m2 if stated == MINIMUM else (Decimal(str(stated)),)
    areas = [None if pd.isna(area) else Decimal(str(area)) for area in candidates["max_floor_area_m2"]]
    codes = [_size_code(area, sizes) for area in areas]
    shown = [None if area is None else _plain(area) for area in areas]
    limit = " / ".join(_plain(size) for size in sorted(set(sizes)))
    return _found(codes, shown, f"≥ {limit}", unit="m2")


def _size_code(area: Decimal | None, sizes: Sequence[Decimal]) -> tuple[str, str]:
    if area is None:
        return UNKNOWN, "value_missing"
    if area >= max(sizes):
        return MEETS, ""
    return (FAILS, "area_below") if area < min(sizes) else (UNKNOWN, "depends_on_built")


def _storey(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], _: Around) -> Found:
    """Hold the storeys against those left out, and against the highest allowed; partly so is unknown."""
    left_out, most = facts.get("exclude", ()), facts.get("at_most")
    cells = candidates["storey"]
    codes = [_storey_code(cell, left_out, most) for cell in cells]
    limit = ", ".join([*([f"≤ {most}"] if most else []), *([f"∉ {';'.join(left_out)}"] if left_out else [])])
    return _found(codes, _texts(cells), limit)


def _storey_code(cell: object, left_out: Sequence[str], most: int | None) -> tuple[str, str]:
    if not isinstance(cell, str) or units.is_missing(cell):
        return UNKNOWN, "value_missing"
    found = storeys.read(cell)
    if found is None:
        return UNKNOWN, "value_unreadable"
    each = [_one_storey(one, left_out, most) for one in found]
    if all(code == "" for code in each):
        return MEETS, ""
    if "storey_without_number" in each:
        return UNKNOWN, "storey_without_number"
    return (FAILS, max(each)) if all(each) else (UNKNOWN, "storey_mixed")


def _one_storey(storey: storeys.Storey, left_out: Sequence[str], most: int | None) -> str:
    """Return why a storey is out, an empty text where it is not."""
    if storey.kind in left_out:
        return f"storey_{storey.kind}"
    if most is None or storey.kind != "above":
        return ""
    if storey.number is None:
        return "storey_without_number"
    return "storey_above" if storey.number > most else ""


def _available(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], _: Around) -> Found:
    """Hold the date a site becomes available against a day; a month or year that holds the day is unknown."""
    cells = candidates["available_from"]
    dates = pd.DataFrame({"status": "operating", "opened": cells, "closed": pd.Series(np.nan, cells.index, "str")})
    state = lifecycle.service_state(dates.astype("str"), facts["by"])
    told = {
        "in_service": (MEETS, ""),
        "not_opened_yet": (FAILS, "not_available_yet"),
        "date_unsure": (UNKNOWN, "date_unsure"),
    }
    codes = [
        (UNKNOWN, "value_missing") if missing else told[word] for missing, word in zip(cells.isna(), state, strict=True)
    ]
    return _found(codes, _texts(cells), f"≤ {facts['by'].isoformat()}")


def _column(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], _: Around) -> Found:
    """Hold a column of the table, the planner's own too, against words or numbers."""
    cells = candidates[facts["column"]]
    if "is" in facts or "not" in facts:
        return _listed(cells, facts, "column_other")
    low, high = facts.get("at_least"), facts.get("at_most")
    numbers, faults = _numbers(cells)
    codes = []
    for cell, number, fault in zip(cells, numbers, faults, strict=True):
        if fault or np.isnan(number):
            codes.append((UNKNOWN, "value_missing" if units.is_missing(cell) else "value_unreadable"))
        else:
            codes.append(_number_code(Decimal(str(number)), low, high))
    limit = ", ".join(f"{sign} {_plain(bound)}" for sign, bound in (("≥", low), ("≤", high)) if bound is not None)
    return _found(codes, _texts(cells), limit, unit=_unit(facts["column"]))


def _unit(column: str) -> str:
    known = tables.contract("candidates").columns.get(column)
    return "" if known is None else known.unit


def _number_code(number: Decimal, low: float | None, high: float | None) -> tuple[str, str]:
    if low is not None and number < Decimal(str(low)):
        return FAILS, "column_below"
    return (FAILS, "column_above") if high is not None and number > Decimal(str(high)) else (MEETS, "")


def _numbers(cells: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return the numbers of a column; a text with a unit is none, for no rule says in which unit it counts."""
    plain = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    written, codes = units.parse_numbers(cells.astype(object).where(cells.notna(), None))
    codes = np.where(np.isfinite(plain), "", codes)
    return np.where(np.isfinite(plain), plain, written), codes


def _land_use(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], around: Around) -> Found:
    """Hold the land use against codes: by the table's own column, else by the polygons that hold the place."""
    column = land_use_column(candidates, facts)
    stated = pd.Series(np.nan, candidates.index, "str") if column is None else candidates[column]
    layer = around.layers.get("land_use")
    codes_of = [[] if units.is_missing(cell) else [str(cell)] for cell in stated]
    if layer is not None:
        there = _codes_at(candidates, layer)
        codes_of = [own or there[at] for at, own in enumerate(codes_of)]
    codes = [_land_code(words, facts) for words in codes_of]
    shown = [";".join(filter(None, words)) or None for words in codes_of]
    return _found(codes, shown, _limit(facts))


def land_use_column(candidates: pd.DataFrame, facts: Mapping[str, Any]) -> str | None:
    """Return the column that holds the land use: the one the rule names, else the first under a usual name."""
    if "column" in facts:
        return str(facts["column"])
    usual = tables.contract("land_use").columns["land_use"]
    known = ["land_use", *usual.aliases]
    return next((name for name in known if name in candidates.columns), None)


def _codes_at(candidates: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> list[list[str]]:
    """Return the codes of the polygons each candidate lies in, sorted; an empty text is a polygon without a code.

    A point on a border lies in both; a polygon in those it shares more than 1 m² with.
    """
    shapes, parts = candidates.geometry.to_numpy(), layer.geometry.to_numpy()
    row, part = shapely.STRtree(parts).query(shapes, predicate="intersects")
    areal = shapely.get_dimensions(shapes[row]) == 2
    shared = shapely.area(shapely.intersection(shapes[row], parts[part])) > _SLIVER_M2
    kept = ~areal | shared
    words = layer["land_use"].astype(object).where(layer["land_use"].notna(), "").to_numpy(dtype=object)
    found: list[set[str]] = [set() for _ in shapes]
    for at, where in zip(row[kept], part[kept], strict=True):
        found[at].add(words[where])
    return [sorted(one) for one in found]


def _land_code(words: Sequence[str], facts: Mapping[str, Any]) -> tuple[str, str]:
    if not any(words):
        return UNKNOWN, "value_missing"
    answers = {_answer(word, facts) if word else None for word in words}
    if answers == {True}:
        return MEETS, ""
    return (FAILS, "land_use_other") if answers == {False} else (UNKNOWN, "land_use_mixed")


def _listed(cells: pd.Series, facts: Mapping[str, Any], code: str) -> Found:
    """Hold words against a list of those wanted, or of those not wanted."""
    codes = [
        (UNKNOWN, "value_missing")
        if units.is_missing(cell)
        else ((MEETS, "") if _answer(str(cell), facts) else (FAILS, code))
        for cell in cells
    ]
    return _found(codes, _texts(cells), _limit(facts))


def _answer(word: str, facts: Mapping[str, Any]) -> bool:
    if "is" in facts:
        return matches(word, facts["is"])
    return not matches(word, facts["not"])


def matches(word: str, patterns: Iterable[str]) -> bool:
    """Say whether ``word`` is one of ``patterns``; one that ends in ``*`` stands for all that begin so.

    Compared after NFKC, without blanks around, in any case; R2 is not R22, and only ``R2*`` is both.
    """
    plain = units.normalise(word)
    for pattern in map(units.normalise, patterns):
        if plain.startswith(pattern[:-1]) if pattern.endswith("*") else plain == pattern:
            return True
    return False


def _limit(facts: Mapping[str, Any]) -> str:
    return f"∈ {';'.join(facts['is'])}" if "is" in facts else f"∉ {';'.join(facts['not'])}"


def _away(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], around: Around) -> Found:
    """Hold the way to the nearest place against a least distance; inside one is never far enough."""
    near = _distances.nearest(candidates, around, facts["from"], facts.get("kinds"), by=facts.get("by", "straight"))
    limit_mm = _distances.millimetres(facts["at_least_m"])
    close = near.inside | (near.mm < limit_mm)
    maybe = near.maybe_inside | (near.maybe_mm < limit_mm)
    codes = [
        (UNKNOWN, "unsnapped")
        if lost
        else (FAILS, "inside" if inside else "too_near")
        if failed
        else ((UNKNOWN, near.doubt) if doubtful else (MEETS, ""))
        for lost, inside, failed, doubtful in zip(near.lost, near.inside, close, maybe, strict=True)
    ]
    return _found(codes, near.shown(), f"≥ {_plain(facts['at_least_m'])}", unit="m", target=near.target)


def _near(candidates: gpd.GeoDataFrame, facts: Mapping[str, Any], around: Around) -> Found:
    """Hold the way to the nearest place against a greatest distance, the limit itself included."""
    near = _distances.nearest(candidates, around, facts["to"], facts.get("kinds"), by=facts.get("by", "straight"))
    limit_mm = _distances.millimetres(facts["at_most_m"])
    codes = [
        (UNKNOWN, "unsnapped")
        if lost
        else (MEETS, "")
        if mm <= limit_mm
        else ((UNKNOWN, near.doubt) if maybe <= limit_mm else (FAILS, "too_far" if np.isfinite(mm) else "unreachable"))
        for lost, mm, maybe in zip(near.lost, near.mm, near.maybe_mm, strict=True)
    ]
    return _found(codes, near.shown(), f"≤ {_plain(facts['at_most_m'])}", unit="m", target=near.target)


_Rule = Callable[[gpd.GeoDataFrame, Mapping[str, Any], Around], Found]
_RULES: Final[Mapping[str, _Rule]] = {
    "ownership": _ownership,
    "source": _source,
    "land_use": _land_use,
    "floor_area": _floor_area,
    "storey": _storey,
    "away": _away,
    "near": _near,
    "available": _available,
    "column": _column,
}


def _found(
    codes: Sequence[tuple[str, str]],
    value: Sequence[Any],
    limit: str,
    *,
    unit: str = "",
    target: NDArray[np.object_] | None = None,
) -> Found:
    outcome = np.array([one for one, _ in codes], dtype=object)
    reason = np.array([one for _, one in codes], dtype=object)
    return Found(outcome, reason, np.array(value, dtype=object), limit, unit, target)


def _texts(cells: pd.Series) -> list[str | None]:
    return [None if units.is_missing(cell) else str(cell) for cell in cells]


def _plain(number: float | Decimal) -> str:
    """Return a number as a person writes it, without a tail of noughts."""
    return f"{Decimal(str(number)).normalize():f}"
