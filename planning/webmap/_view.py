"""What a result gives the page to show: the frames it reads, in one place; belongs to the room `webmap`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import pandas as pd

from planning.study.seen import Seen
from planning.webmap import _words as words


@dataclass(frozen=True, eq=False)
class View(Seen):
    """A result seen in one language."""

    @cached_property
    def areas(self) -> gpd.GeoDataFrame:
        """Return the residential areas by id."""
        return _by(self.shown.residential, "residential_id")

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        """Return facilities and candidates by id."""
        return _by(self.shown.facilities, "facility_id")

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Return the chosen sites by rank, indexed by id."""
        sites = _flat(self.shown.sites)
        return sites.sort_values(["rank", "facility_id"]).set_index("facility_id", drop=False)

    @cached_property
    def units(self) -> gpd.GeoDataFrame:
        """Return the units by id."""
        return _by(self.shown.units, "unit_id")

    @cached_property
    def unit_names(self) -> dict[str, str]:
        """Return the names of units by id; a nameless unit is called by its id."""
        named = self.units["name"].fillna(self.units["unit_id"])
        return dict(zip(self.units["unit_id"], named, strict=True))

    @cached_property
    def levels_in_service(self) -> frozenset[str]:
        """Return the levels with a facility in service."""
        frame = self.facilities
        return frozenset(frame.loc[frame["in_service"] & (frame["status"] != "candidate"), "level"].dropna())

    @cached_property
    def facility_names(self) -> Mapping[str, str]:
        """Return the names of facilities by id; a nameless one is left out."""
        named = self.facilities.dropna(subset=["name"]).drop_duplicates("facility_id")
        return dict(zip(named["facility_id"], named["name"], strict=True))

    @property
    def assessed(self) -> bool:
        """Say whether compliance was asked for."""
        return "verdict" in self.areas

    @property
    def speed(self) -> float:
        """Return metres a second."""
        return self.plan.walk.speed_m_per_s

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence ``webmap.<key>`` in the view's language."""
        return words.say(key, self.language, **facts)

    def level(self, name: Any) -> str:
        """Return the wording of a facility level."""
        known = self.book.levels.get(name) if isinstance(name, str) else None
        return words.text(name, self.language) if known is None else known.label(self.language)

    def share(self, value: Any) -> str:
        """Return a share as ``51.1 %``, a missing one as the sign for it."""
        shown = words.percent(value, self.language)
        return shown if words.missing(value) else self.say("figure.share", value=shown)

    def m2(self, value: Any) -> str:
        """Return an area with its unit, a missing one as the sign for it."""
        shown = words.square_metres(value, self.language)
        return shown if words.missing(value) else self.say("card.value_m2", value=shown)

    def households(self, row: Mapping[Any, Any]) -> str:
        """Return the households of an area; for the public their class."""
        return words.span(*self.households_within(row), self.language)

    def short(self, residential_id: Any) -> str:
        """Return the class of shortfall of an area, the sign for nothing where it has none."""
        return self._short_classes.get(residential_id, words.nothing(self.language))

    @cached_property
    def _short_classes(self) -> dict[Any, str]:
        labels = {entry.name: self.short_label(place) for place, entry in enumerate(self.book.shortfalls)}
        found = self.verdict_roles().map(labels)
        return dict(zip(self.exact.loc[found.notna(), "residential_id"], found.dropna(), strict=True))

    def short_label(self, place: int) -> str:
        """Return a class of shortfall in m² where one M holds for all areas, else in parts of M."""
        known = self.shortfall_breaks(place)
        if known is None:
            return self.book.shortfalls[place].label(self.language)
        form, above, upto = known
        return self.say(f"legend.class_{form}", above=f"{above:g}", upto=f"{upto:g}")

    def count(self, value: Any) -> str:
        """Return a count."""
        return words.whole(value, self.language)

    @property
    def gain_unit(self) -> str:
        """Return what the gain of a site is counted in: the demand it adds, or the shortfall it meets."""
        ask = self.plan.siting
        own = {"deficit": "m2", "capacitated": f"served_{ask.demand}"}
        return own.get(ask.model, ask.demand)

    def gain(self, value: Any) -> str:
        """Return the gain of a site with its unit."""
        shown = words.whole(value, self.language)
        return shown if words.missing(value) else self.say(f"gain.{self.gain_unit}", value=shown)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with a named index turned back into a column."""
    if frame.index.name is None:
        return frame
    return frame.reset_index(drop=frame.index.name in frame.columns)


def _by(frame: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    flat = _flat(frame)
    return flat.sort_values(key, ignore_index=True)
