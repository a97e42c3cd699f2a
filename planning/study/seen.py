"""A result as a map shows it: in one language, one house style and one edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import house, palette, tables, texts
from planning.house import House
from planning.plan import Plan
from planning.standards import Built
from planning.study import published, tallied, untold, wording
from planning.study.decided import Decided
from planning.study.records import StudyResult

# Where a document names no single minimum, classes stand at the round numbers of M = 600 m².
SILENT_M2: Final = 600.0
BUILT: Final[tuple[Built, ...]] = ("new", "existing")


@dataclass(frozen=True, eq=False)
class Seen:
    """What the print atlas and the web map share."""

    result: StudyResult
    language: texts.Language

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.result.inputs.plan

    @cached_property
    def house(self) -> House:
        """Return the house style."""
        return house.of(self.plan)

    @cached_property
    def book(self) -> palette.Palette:
        """Return the palette, with the house's colours."""
        return self.house.book

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the plan's notes; of one that says the same in Chinese and English, the half in this language."""
        return tuple(wording.half(note, self.language) for note in self.plan.notes)

    @property
    def public(self) -> bool:
        """Say whether the map is for the public."""
        return self.plan.output.edition == "public"

    @cached_property
    def shown(self) -> StudyResult:
        """Return the result as it is drawn: that of the run, generalised for the public."""
        return published.public(self.result) if self.public else self.result

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Return the levels coverage was computed for, largest first."""
        return tuple(level for level in tables.LEVELS if f"{level}_status" in self.result.residential)

    @cached_property
    def banded(self) -> bool:
        """Say whether covered areas are told by minutes: not under a fixed radius, nor where areas count in parts."""
        return self.plan.walk.rule == "entrance" and "service_radius_m" not in self.plan.standards

    @cached_property
    def bands(self) -> tuple[palette.Band, ...]:
        """Return the bands of walking time."""
        return self.book.bands(self.plan.walk.minutes)

    @cached_property
    def decided(self) -> Decided:
        """Return what siting was asked and decided, in sentences."""
        return Decided(self.shown, self.language)

    @property
    def summary(self) -> Mapping[str, Any]:
        """Return the run's figures, for the public without those that would tell of few people."""
        return self.shown.summary

    @cached_property
    def exact(self) -> gpd.GeoDataFrame:
        """Return the residential areas of the run by id: to order and to sort into classes by, never to print."""
        frame = self.result.residential
        flat = frame if frame.index.name is None else frame.reset_index(drop=frame.index.name in frame.columns)
        return gpd.GeoDataFrame(flat.sort_values("residential_id", ignore_index=True))

    def order(self, column: str) -> pd.Series:
        """Return the place of each area by a number of the run, 1 the largest, equal for equals; NaN where unknown."""
        return pd.Series(self.exact[column].astype(float).rank(method="dense", ascending=False))

    @cached_property
    def weight(self) -> pd.Series:
        """Return households by area, 0 where unknown; for the public where their class begins."""
        public = "households_from" in self.shown.residential
        frame = self.shown.residential.sort_values("residential_id", ignore_index=True)
        return pd.Series(frame["households_from" if public else "households"].astype(float).fillna(0.0))

    # ------------------------------------------------------------------------------------------------------- verdicts

    def verdict_roles(self) -> pd.Series:
        """Return the verdict of each area by id; one that fails on its own as its class of shortfall."""
        areas = self.exact
        verdict = areas["verdict"].astype("str").fillna("not_assessable")
        part = areas["shortfall_m2"].astype(float) / self.minimum_m2()
        classes = part.map(lambda value: self.book.shortfall(value).name, na_action="ignore")
        # Members of a pool carry the pool's verdict: their own shortfall does not say why.
        pooled = areas["pool_id"].notna() if "pool_id" in areas else pd.Series(data=False, index=verdict.index)
        return pd.Series(verdict.mask((verdict == "fails") & classes.notna() & ~pooled, classes))

    def minimum_m2(self) -> pd.Series:
        """Return the single minimum M that shortfall classes are measured by, area by area."""
        stated = {built: self._stated(built) for built in BUILT}
        known = self.exact["built_used"].map(stated).astype(float)
        return pd.Series(known.fillna(SILENT_M2) if all(value is None for value in stated.values()) else known)

    @cached_property
    def minimums_m2(self) -> list[float]:
        """Return the different single minimums of the document, ascending; empty where it has none."""
        return sorted({value for value in map(self._stated, BUILT) if value is not None})

    def _stated(self, built: Built) -> float | None:
        clause = self.result.inputs.standard.minimum(built)
        return None if clause is None or clause.value is None else float(clause.value)

    def shortfall_breaks(self, place: int) -> tuple[str, float, float] | None:
        """Return the form and the ends in m² of class ``place`` of shortfall; None where it is told in parts of M."""
        classes, stated = self.book.shortfalls, self.minimums_m2
        if place == 0 or len(stated) > 1:
            return None
        minimum = stated[0] if stated else SILENT_M2
        form = "first" if place == 1 else "last" if place == len(classes) - 1 else "between"
        return form, classes[place - 1].upto * minimum, classes[place].upto * minimum

    # ----------------------------------------------------------------------------------------------------- what stands

    def causes(self, level: str) -> pd.DataFrame:
        """Return why areas are outside the circle of ``level``: cause, areas, households, elderly."""
        return untold.causes(self.result, level) if self.public else tallied.causes(self.result, level)

    @cached_property
    def planned(self) -> bool:
        """Say whether the plan's effect is known area by area (`tallied.planned`)."""
        return tallied.planned(self.result)

    @cached_property
    def planned_roles(self) -> pd.Series:
        """Return the role of each area by id at the siting level once all sites are built."""
        roles = tallied.roles_after(self.result)
        return pd.Series(roles.reindex(self.exact["residential_id"]).to_numpy(), index=self.exact.index, dtype="str")

    @cached_property
    def after_by_street(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the coverage of each street at the siting level once all sites are built."""
        if self.public:
            return untold.after_by_street(self.result, self.summary)
        return tallied.after_by_street(self.result)

    @property
    def closed(self) -> tuple[str, ...]:
        """Return the existing facilities that the plan closes."""
        return tallied.closed(self.result)

    def households_within(self, row: Mapping[Any, Any]) -> tuple[float, float]:
        """Return the number of households of an area, twice; for the public the ends of its class; NaN if unknown."""
        if "households_from" in row:
            return float(row["households_from"]), float(row["households_below"])
        value = row.get("households")
        known = np.nan if value is None or pd.isna(value) else float(value)
        return known, known
