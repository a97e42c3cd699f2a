"""Room `planning.province`: where the missing counties lie, so that a map can show that they are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from planning import plan, sources
from planning.errors import InputRefused
from planning.plan import Plan
from planning.province._plan import ProvincePlan

DEGREES: Final = 4490


def of_missing(province: ProvincePlan, names: Mapping[str, str], codes: Iterable[str]) -> gpd.GeoDataFrame:
    """Return the missing counties that a layer of units shows: ``county_id, name, geometry`` in degrees, by code.

    Of a code that stands twice both polygons together. A county whose units cannot be read is left out.
    """
    wanted = sorted(codes)
    found: dict[str, Any] = {}
    for settings, code in _layers(province, wanted):
        shapes = _outlines(settings, wanted if code is None else [code])
        found |= {one: shapely.union_all([*([found[one]] if one in found else []), *shapes[one]]) for one in shapes}
    there = sorted(found)
    rows = {"county_id": there, "name": [names.get(code, "") for code in there]}
    return gpd.GeoDataFrame(rows, geometry=[found[code] for code in there], crs=DEGREES)


def _layers(province: ProvincePlan, codes: list[str]) -> Iterator[tuple[Plan, str | None]]:
    """Yield the plans whose units show missing counties, and of which county each is; None for a whole province."""
    if not codes:
        return
    if not province.has_plans:
        yield province.settings, None
        return
    for one in (*province.counties, *province.left_out):
        if one.code in codes and one.plan is not None:
            try:
                yield plan.read(one.plan), one.code
            except InputRefused:  # it is named as missing, with the reason
                continue


def _outlines(settings: Plan, codes: list[str]) -> dict[str, list[Any]]:
    """Return the polygons of counties by code; of a plan with a single county that one, whatever its code there."""
    if "units" not in settings.inputs:
        return {}
    try:
        units = sources.whereabouts(settings, "units", outlines=True)
    except InputRefused:
        return {}
    if units.outlines is None:
        return {}
    shapes = pd.Series(units.outlines, index=units.frame.index, dtype=object)
    drawn = shapes[(units.frame["type"] == "county") & shapes.notna()]
    ids = units.frame["unit_id"].reindex(drawn.index)
    if len(codes) == 1 and len(drawn) == 1:
        ids = pd.Series(codes[0], index=drawn.index)
    return {code: drawn[ids == code].tolist() for code in codes if (ids == code).any()}
