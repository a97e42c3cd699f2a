"""What a result gives the sheets to show: its frames in one place, in one language, sorted by id.

Roles only repeat statuses and verdicts that the run has found; a covered area is sorted into its band of walking time
and a shortfall into its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import palette, texts
from planning.atlas import _words as words
from planning.atlas._layout import Extent, choose
from planning.atlas._typeface import Prepared, prepare
from planning.coverage import held_column
from planning.study import layers, tallied
from planning.study.core import core
from planning.study.seen import Seen

STREETS: Final = ("street", "town")
SMALL_UNITS: Final = ("community", "village")
HOUSEHOLDS_NAMED: Final = 450
HOUSEHOLDS_NAMED_PUBLIC: Final = 500
# Holes of a few blocks say nothing at the scale of a sheet; nor do wiggles of two metres.
HOLE_M2: Final = 90_000.0
WIGGLE_M: Final = 2.0
WIDEN_M: Final = 60.0
CLOSE_M: Final = 70.0
CLEARER: Final = 2


@dataclass(frozen=True, eq=False)
class View(Seen):
    """A result seen in one language."""

    run_id: str = ""

    @cached_property
    def typeface(self) -> Prepared:
        """Return the font files, with what was made for this run."""
        if not self.house.faces and not self.house.fallback:
            return prepare(self.house, ())
        worded = {character for entry in texts.entries().values() for said in entry.values() for character in said}
        return prepare(self.house, worded | self._said())

    def _said(self) -> set[str]:
        """Return every character of the plan's own words: its file, its standard, its tables, its sentences."""
        frames = (self.areas, self.facilities, self.units, self.sites)
        columns = [frame[name] for frame in frames for name in frame if str(frame[name].dtype) in ("str", "object")]
        cells = (str(value) for column in columns for value in column.dropna())
        standard, book = self.result.inputs.standard, self.book
        said = [self.plan.name, *self.plan.notes, standard.title_zh, standard.title_en, *self.house.labels.values(),
                self.house.institute, self.house.draft_mark, self.house.public_mark, *self.house.cover]  # fmt: skip
        return {character for text in (*said, *cells, repr(book), repr(self.plan)) for character in text}

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the plan's notes; of one that says the same in Chinese and English, the half in this language."""
        return tuple(words.half(words.text(note), self.language) for note in self.plan.notes)

    def stands_in(self, frame: gpd.GeoDataFrame, unit_id: str) -> gpd.GeoDataFrame:
        """Return the rows of a frame of facilities that stand in a unit, by their true places."""
        units, facilities = self.result.units, self.result.facilities
        shape = units.loc[units["unit_id"] == unit_id, units.geometry.name].iloc[0]
        inside = shapely.intersects(facilities.geometry.representative_point().to_numpy(), shape)
        return frame[frame["facility_id"].isin(facilities.loc[inside, "facility_id"])]

    @cached_property
    def areas(self) -> gpd.GeoDataFrame:
        """Return the residential areas by id, with ``street`` (unit id), and ``planned`` where a plan was made."""
        frame = _by(self.shown.residential, "residential_id")
        places = layers.places(self.result.inputs.tables["residential"], self.result.inputs.tables.get("units"))
        return frame.assign(street=frame["residential_id"].map(places.street))

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        """Return the facilities that are not candidates, by id, as points."""
        frame = _by(self.shown.facilities, "facility_id")
        return _points(frame[frame["status"] != "candidate"])

    @cached_property
    def candidates(self) -> gpd.GeoDataFrame:
        """Return the candidates by id, as points; those that sizes or days keep from opening are excluded too."""
        frame = _by(self.shown.facilities, "facility_id")
        found = _points(frame[frame["status"] == "candidate"])
        never = found["facility_id"].isin(set(self.decided.excluded_why))
        return found.assign(role=found["role"].mask(never, "forbidden"))

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """Return the chosen sites by rank, with the number of their phase from 1."""
        names = [phase.name for phase in self.plan.siting.phases]
        sites = _points(self.shown.sites.sort_values(["rank", "facility_id"], ignore_index=True))
        number = [names.index(name) + 1 if name in names else 1 for name in sites["phase"]]
        return sites.assign(number=np.array(number, dtype=int))

    @cached_property
    def units(self) -> gpd.GeoDataFrame:
        """Return the units by id."""
        return _by(self.shown.units, "unit_id")

    @cached_property
    def streets(self) -> gpd.GeoDataFrame:
        """Return streets and towns by id."""
        return self.units[self.units["type"].isin(STREETS)].reset_index(drop=True)

    @cached_property
    def border(self) -> Any:
        """Return the outline of the plan area; without units the hull of the areas that lie where the roads are.

        A few places with coordinates of another city would else make a map of half a country.
        """
        if len(self.units):
            return layers.border(self.units)
        here = self.areas.geometry.to_numpy()[~self.astray]
        return shapely.convex_hull(shapely.union_all(here)).buffer(100)

    @cached_property
    def subject(self) -> Any:
        """Return what the sheets of the whole plan show: the plan area; without units its core, where that is clearer.

        The core (`study.core.core`) is taken where it can be drawn at `CLEARER` times the scale or more.
        """
        if len(self.units):
            return self.border
        asked, here = self.plan.output, self.areas.geometry.to_numpy()[~self.astray]
        inside = shapely.convex_hull(shapely.union_all(here[core(here)])).buffer(100)
        (_, near), (_, far) = (choose(asked.paper, one, orientation=asked.orientation) for one in (inside, self.border))
        return inside if CLEARER * near <= far else self.border

    @cached_property
    def astray(self) -> np.ndarray:
        """Say which areas lie beyond the roads and a tenth of their longer side around; none where all would."""
        x0, y0, x1, y1 = self.shown.inputs.tables["roads"].total_bounds
        wide = max(x1 - x0, y1 - y0) / 10
        ground = shapely.box(x0 - wide, y0 - wide, x1 + wide, y1 + wide)
        away = ~shapely.intersects(self.areas.geometry.to_numpy(), ground)
        return np.zeros(len(away), dtype=bool) if len(self.units) or away.all() else away

    def outside(self, extent: Extent) -> dict[str, pd.DataFrame]:
        """Return the areas, facilities and candidates that no part of a map window shows, by id."""
        frames = {"areas": self.areas, "facilities": self.facilities, "candidates": self.candidates}
        return {
            name: pd.DataFrame(frame[~shapely.intersects(frame.geometry.to_numpy(), extent.ground)])
            for name, frame in frames.items()
        }

    @property
    def siting(self) -> Mapping[str, Any]:
        """Return the figures of siting, empty where none was asked."""
        return self.summary.get("siting") or {}

    @cached_property
    def unit_figures(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the run's figures of each unit by id."""
        return {entry["unit_id"]: entry for entry in self.summary.get("units") or ()}

    @property
    def named_from(self) -> int:
        """Return from how many households an area outside is named; for the public that is where a class begins."""
        return HOUSEHOLDS_NAMED_PUBLIC if self.public else HOUSEHOLDS_NAMED

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence ``atlas.<key>``."""
        return words.say(key, self.language, **facts)

    def more(self, n: int) -> str:
        """Return what stands below a table that does not show all its rows; the public edition has no annex."""
        return self.say("more_public" if self.public else "more", n=n)

    def titled(self, title: str, subtitle: str) -> str:
        """Return a title with its subtitle, in brackets unless that has some of its own."""
        key = "index.title_apart" if "（" in subtitle else "index.title"
        return self.say(key, title=title, subtitle=subtitle)

    def level(self, name: str) -> str:
        """Return the wording of a facility level."""
        return self.book.levels[name].label(self.language)

    def name(self, row: Mapping[Any, Any], key: str) -> str:
        """Return a row's name, its id where it has none."""
        return words.text(row[key] if words.missing(row.get("name")) else row["name"])

    # ------------------------------------------------------------------------------------------------------- roles

    def coverage_roles(self, level: str) -> pd.Series:
        """Return the role of each area at ``level``; a covered one by its band where bands apply."""
        status = self.areas[f"{level}_status"].astype("str")
        if not self.banded:
            return pd.Series(status)
        limits = [self.plan.walk.metres(band.upto) for band in self.bands]
        distance = self.areas[held_column(self.areas, level)].to_numpy(dtype=float, na_value=np.nan)
        place = np.searchsorted(limits, distance, side="left")
        names = np.array([*(f"minutes_{index}" for index in range(len(limits))), "covered"], dtype=object)
        fitting = pd.Series(names[place], index=status.index).where(np.isfinite(distance), "covered")
        return pd.Series(status.mask(status == "covered", fitting))

    @cached_property
    def staying(self) -> gpd.GeoDataFrame:
        """Return the facilities of the siting level in service that the plan keeps."""
        return tallied.staying(self.result)

    def households(self, row: Mapping[Any, Any]) -> str:
        """Return the households of an area; for the public their class."""
        return words.span(*self.households_within(row))

    def short(self, residential_id: Any, value: Any) -> str:
        """Return the shortfall of an area in m²; for the public its class, a dash where it has none."""
        return self._short_classes.get(residential_id, words.NONE) if self.public else words.m2(value)

    @cached_property
    def _short_classes(self) -> dict[Any, str]:
        """Return the class of shortfall of each area that has one, without the word for it."""
        said = {entry.name: self.short_class(place) for place, entry in enumerate(self.book.shortfalls)}
        found = self.verdict_roles().map(said)
        return dict(zip(self.exact.loc[found.notna(), "residential_id"], found.dropna(), strict=True))

    def short_class(self, place: int) -> str:
        """Return the ends of class ``place`` of shortfall: in m² where one M holds for all, else in parts of M."""
        known = self.shortfall_breaks(place)
        if known is None:
            return self.book.shortfalls[place].label(self.language)
        form, above, upto = known
        return self.say(f"class.{form}", above=f"{above:g}", upto=f"{upto:g}")

    def fills(self) -> dict[str, palette.Fill]:
        """Return every fill a sheet may use, by role."""
        book = self.book
        bands = {
            f"minutes_{index}": palette.Fill(
                band.zh, band.en, f"minutes_{index}", band.area, band.edge, palette.Hatch()
            )
            for index, band in enumerate(self.bands)
        }
        neutral = palette.Fill("", "", "neutral", book.base["neutral_area"], book.base["neutral_edge"], palette.Hatch())
        shortfalls = {entry.name: entry for entry in book.shortfalls}
        return {**book.coverages, **bands, **book.verdicts, **shortfalls, "neutral": neutral}

    def catchment(self, facility_ids: pd.Series, limit_m: float) -> Any:
        """Return the outline of all circles of ``limit_m`` round facilities in metres, or None where none was drawn."""
        roads = self.shown.reached_roads
        chosen = roads[roads["facility_id"].isin(facility_ids) & (roads["limit_m"] == limit_m)].sort_values(
            "facility_id"
        )
        key = (limit_m, *chosen["facility_id"])
        if key not in self._circles:
            self._circles[key] = _outline(chosen.geometry.to_numpy())
        return self._circles[key]

    @cached_property
    def _circles(self) -> dict[tuple[Any, ...], Any]:
        """Return the outlines drawn so far: several sheets show the same circle."""
        return {}


def _outline(roads: np.ndarray) -> Any:
    """Return reached roads as a smooth outline: widened, closed over, small holes filled; None for no roads."""
    pieces = shapely.get_parts(shapely.get_parts(roads))
    if not len(pieces):
        return None
    wide = shapely.union_all(shapely.buffer(pieces, WIDEN_M + CLOSE_M, quad_segs=4))
    closed = shapely.buffer(wide, -CLOSE_M, quad_segs=4).simplify(WIGGLE_M)
    return shapely.multipolygons([_without_small_holes(piece) for piece in shapely.get_parts(closed)])


def _without_small_holes(polygon: Any) -> Any:
    return shapely.Polygon(
        polygon.exterior, [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= HOLE_M2]
    )


def _by(frame: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    return frame.sort_values(key, ignore_index=True)


def _points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with a point inside in the place of each polygon."""
    return frame.set_geometry(frame.geometry.representative_point()).reset_index(drop=True)
