"""Room `planning.indicators`: what the measures look at: facilities in service and the units they lie in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import lifecycle
from planning.standards import Clause, Standard
from planning.tables import LEVELS

TIERS: Final = (("county",), ("street", "town"), ("community", "village"))


@dataclass(frozen=True)
class Scene:
    """The tables, the document as the plan reads it, the day, and what other rooms found out.

    ``coverage`` holds summaries by level and, under ``circle``, that of the circle's facilities taken together;
    ``compliance`` is the summary of the floor-area rule and ``findings`` its table.
    """

    tables: Mapping[str, pd.DataFrame]
    standard: Standard
    as_of: date
    compliance: Mapping[str, Any] | None
    coverage: Mapping[str, Mapping[str, Any]] | None
    findings: pd.DataFrame | None

    @cached_property
    def serving(self) -> gpd.GeoDataFrame:
        """Return the facilities in service on the day, by id."""
        facilities = self.tables["facilities"]
        chosen = facilities[lifecycle.in_service(facilities, self.as_of)]
        return chosen.sort_values("facility_id", kind="stable").reset_index(drop=True)

    @cached_property
    def units(self) -> gpd.GeoDataFrame | None:
        """Return the units by id, or None where the plan has none."""
        units = self.tables.get("units")
        typed = units if units is None else units[units["type"].notna()]
        if typed is None or typed.empty:
            return None
        return typed.sort_values("unit_id", kind="stable").reset_index(drop=True)

    @cached_property
    def membership(self) -> pd.DataFrame:
        """Return the pairs ``facility`` (row of `serving`), ``unit_id``: at most one unit of each tier.

        A facility on the border belongs to the unit, on the border of several to the smallest id.
        """
        units = self.units
        if units is None:
            return pd.DataFrame({"facility": np.array([], dtype=np.intp), "unit_id": pd.Series([], dtype="str")})
        places = shapely.point_on_surface(self.serving.geometry.to_numpy())
        row, unit = shapely.STRtree(units.geometry.to_numpy()).query(places, predicate="covered_by")
        pairs = pd.DataFrame({"facility": row, "unit": unit, "tier": tiers(units["type"])[unit]})
        first = pairs.groupby(["facility", "tier"], as_index=False)["unit"].min()
        return pd.DataFrame({"facility": first["facility"], "unit_id": units["unit_id"].to_numpy()[first["unit"]]})

    def units_of(self, types: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the units of ``types``, in order."""
        if self.units is None:
            return ()
        return tuple(self.units.loc[self.units["type"].isin(list(types)), "unit_id"])

    def by_unit(self, facts: pd.DataFrame, types: Iterable[str], *, how: str = "sum") -> pd.DataFrame:
        """Return facts on the facilities of `serving` put together by unit of ``types``, in the order of ids.

        Without a facility inside a sum is 0 and a largest value missing.
        """
        inside = facts.iloc[self.membership["facility"]].set_axis(pd.Index(self.membership["unit_id"]))
        found = inside.groupby(level=0).agg(how).reindex(list(self.units_of(types)))
        return found.fillna(0) if how == "sum" else found

    def switch(self, name: str) -> Any:
        """Return the reading of an ambiguity."""
        return self.standard.switches.get(name)


def tiers(types: pd.Series[str]) -> NDArray[np.int64]:
    """Return the tier of each unit: counties, streets with towns, communities with villages."""
    rank = {word: place for place, words in enumerate(TIERS) for word in words}
    return np.asarray(types.map(rank), dtype=np.int64)


def of_levels_and_kinds(clause: Clause, facilities: pd.DataFrame) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Say which facilities are of the clause's levels and kinds, and which may be, their kind being missing."""
    of_level = facilities["level"].isin(clause.levels or LEVELS)
    if not clause.kinds:
        return of_level, of_level & False
    return of_level & facilities["kind"].isin(clause.kinds), of_level & facilities["kind"].isna()
