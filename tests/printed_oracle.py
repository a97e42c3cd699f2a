"""Every printed figure once more, from the exported tables of a run folder and the document's own file alone.

Nothing of the tool is imported. ``results.gpkg`` gives areas, facilities, units and walks, the TOML file gives the law
(read here, as decimals), the plan's switches and day are told. What the tables do not hold (medical institutions,
figures entered by hand) is taken as printed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from decimal_oracle import World, number

TIERS = {"county": 1, "street": 2, "town": 2, "community": 3, "village": 3}
VERDICTS = ("meets", "fails", "not_assessable", "not_applicable")
Bounds = tuple[Fraction, Fraction | None]


def cell(value: Any) -> str | None:
    """Return a cell as it would be written; None where it is empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return None
    return str(value)


def flag(value: Any) -> bool | None:
    return None if cell(value) is None else bool(value)


class Printed(World):
    """A run folder as the oracle sees it."""

    def __init__(self, folder: Path, document: Path, switches: Mapping[str, Any], as_of: date) -> None:
        def layer(name: str) -> gpd.GeoDataFrame:
            return pyogrio.read_dataframe(folder / "results.gpkg", layer=name)

        self.clauses = tomllib.loads(document.read_text(encoding="utf-8"), parse_float=Decimal)["clause"]
        self.layers = {name: layer(name) for name in ("residential", "facilities", "units", "reach", "findings")}
        self.walk = self.layers["reach"].set_index(["facility_id", "demand_id"])["distance_m"].to_dict()
        everything = self.layers["facilities"].to_dict("records")
        self.candidates = [one for one in everything if one["status"] == "candidate"]
        self.units = sorted(self.layers["units"].to_dict("records"), key=lambda unit: str(unit["unit_id"]))
        super().__init__(
            areas=[self._area(one) for one in self.layers["residential"].to_dict("records")],
            facilities=[self._facility(one) for one in everything if one["status"] != "candidate"],
            pools={
                one["residential_id"]: one["pool_id"]
                for one in self.layers["residential"].to_dict("records")
                if cell(one["pool_id"])
            },
            law=self._law(),
            as_of=as_of,
            switches=dict(switches),
        )

    # ---- tables into a world

    def _area(self, one: dict[str, Any]) -> dict[str, Any]:
        point = one["geometry"].representative_point()
        village = any(unit["type"] == "village" and unit["geometry"].covers(point) for unit in self.units)
        return {
            "id": one["residential_id"],
            "households": cell(one["households"]),
            "built": cell(one["built"]),
            "grant": cell(one["land_grant_date"]),
            "done": cell(one["completion_date"]),
            "rural": (cell(one["setting"]) or ("rural" if village else "urban")) == "rural",
            "care": cell(one["care_floor_area_m2"]),
            "largest": cell(one["largest_unit_m2"]),
            "shape": one["geometry"],
        }

    @staticmethod
    def _facility(one: dict[str, Any]) -> dict[str, Any]:
        named = ("level", "kind", "status", "opened", "closed", "ownership", "storey")
        counted = ("beds", "nursing_beds", "occupied_beds", "land_area_m2", "star")
        return {
            "id": one["facility_id"],
            **{key: cell(one[key]) for key in named},
            **{key: number(cell(one[key])) for key in counted},
            "area": cell(one["floor_area_m2"]),
            "usable": one["area_type"] == "usable",
            "serves": [name for name in (cell(one["serves"]) or "").split(";") if name],
            "quota": flag(one["counts_for_quota"]),
            "door": flag(one["own_entrance"]),
            "access": flag(one["accessible"]),
            "point": one["geometry"].representative_point(),
        }

    def _law(self) -> dict[str, Any]:
        law: dict[str, Any] = {"rate": {}, "minimum": {}, "urban_only": False, "gross": False}
        for clause in self.clauses:
            name = {"area_rate": "rate", "unit_minimum": "minimum"}.get(clause["metric"])
            if name is None:
                continue
            for built in (clause["applies_to"],) if "applies_to" in clause else ("new", "existing"):
                law[name][built] = None if clause["value"] == "unstated" else str(clause["value"])
                law[f"{name}_id", built] = clause["id"]
                law[f"{name}_deadline", built] = clause.get("deadline")
            law["urban_only"] |= clause.get("setting") == "urban"
            law["gross"] |= clause.get("area_type") == "gross"
        return law

    def home(self, facility: dict[str, Any]) -> str | None:
        if "home" not in facility:
            inside = [area["id"] for area in self.areas if area["shape"].intersects(facility["point"])]
            facility["home"] = min(inside, default=None)
        return facility["home"]  # type: ignore[no-any-return]

    def serving(self, facility: dict[str, Any], *, paper: bool) -> bool:
        """Dates may be years or months here: service must be certain."""
        if paper and facility["status"] in ("planned", "building", "accepted", "idle"):
            return True
        if facility["status"] not in ("handed_over", "operating"):
            return False
        opened, closed = facility["opened"], facility["closed"]
        if opened and _days(opened)[1] > self.as_of:
            return False
        return not (closed and _days(closed)[0] <= self.as_of)

    # ---- what areas and pools are found to be

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {area["id"]: self.row(area["id"]) for area in self.areas}

    @cached_property
    def subjects(self) -> dict[tuple[str, str], dict[str, Any]]:
        alone = [name for name in self.rows if name not in self.pools]
        found = {("residential", name): self.said(name) for name in alone}
        return found | {("pool", name): self.said(name) for name in sorted(set(self.pools.values()))}

    def of(self, kind: str, name: str) -> list[dict[str, Any]]:
        return self.members(name) if kind == "pool" else [self.area(name)]

    def findings(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Return rate and minimum of every judged subject, by kind of clause: what both readings say alike."""
        found = {}
        for (kind, name), judged in self.subjects.items():
            if judged["verdict"] not in ("meets", "fails"):
                continue
            both = [self._two(kind, name, reading) for reading in ("new", "existing")]
            for topic in ("rate", "minimum"):
                pair = [one[topic] for one in both]
                if any(pair):
                    found[topic, kind, name] = self._alike(pair)
        return found

    def _two(self, kind: str, name: str, reading: str) -> dict[str, dict[str, Any] | None]:
        judged, group = self.verdict(name, reading), self.of(kind, name)
        owing = [area for area in group if self.duty(area, reading) not in ("nothing", "unsaid")]
        readings = [self.built(area) or reading for area in owing]
        rate = self._finding("rate", readings, judged["need"], judged["provided"], judged["rate_ok"])
        if judged["least"] is None:
            return {"rate": rate, "minimum": None}
        largest = [one for one in readings if number(self.law["minimum"].get(one)) == judged["least"]]
        return {
            "rate": rate,
            "minimum": self._finding("minimum", largest, judged["least"], judged["room"], judged["unit_ok"]),
        }

    def _finding(self, topic: str, readings: list[str], asked: Any, actual: Any, holds: Any) -> dict[str, Any]:
        verdict = {True: "meets", False: "fails", None: "not_assessable"}[holds]
        days = [self.law[f"{topic}_deadline", one] for one in readings]
        deadline = min((day for day in days if day is not None), default=None)
        return {
            "clause_id": ";".join(sorted({self.law[f"{topic}_id", one] for one in readings})),
            "required": asked,
            "actual": actual,
            "shortfall": None if actual is None else max(asked - actual, Fraction(0)),
            "verdict": verdict,
            "deadline": None if deadline is None else str(deadline),
            "overdue": verdict == "fails" and deadline is not None and self.as_of > deadline,
        }

    @staticmethod
    def _alike(pair: list[dict[str, Any] | None]) -> dict[str, Any]:
        stated = [one for one in pair if one]
        alike = {key: stated[0][key] if all(one and one[key] == stated[0][key] for one in pair) else None
                 for key in stated[0]}  # fmt: skip
        clauses = sorted({name for one in stated for name in one["clause_id"].split(";")})
        return alike | {
            "clause_id": ";".join(clauses),
            "verdict": alike["verdict"] or "not_assessable",
            "overdue": bool(alike["overdue"]),
        }

    # ---- rooms

    def rooms(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what of each facility is counted for whom: by facility and holder (empty: nobody)."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for facility in self.facilities:
            holders = sorted({self.holder(name) for name in self.served(facility)}) or [""]
            shares = {name: self._share(facility, name) if name else Fraction(1) for name in holders}
            nobody = all(share == 0 for share in shares.values())
            good = self.counts(facility) and holders != [""] and not self.barred(facility)
            for name, share in shares.items():
                counted = good and self.serving(facility, paper=False) and share != 0
                size = self.size(facility)
                doubt = self.barred(facility) is None
                rest = Fraction(1, len(holders)) if nobody else share
                found[facility["id"], name] = {
                    "counted": counted,
                    "credited": Fraction(0) if not counted else None if doubt else _times(size, share),
                    "rejected": Fraction(0) if counted else _times(size, rest),
                    "size": size,
                }
        return found

    def _share(self, facility: dict[str, Any], holder: str) -> Fraction | None:
        first, second = (self.part(facility, holder, reading) for reading in ("new", "existing"))
        return first if first == second else None

    # ---- sums

    @cached_property
    def parts(self) -> dict[str, dict[str, Fraction | None]]:
        """Return each area's part in the sums: its own figures, or its share of its pool's by what it owes."""
        found: dict[str, dict[str, Fraction | None]] = {name: {} for name in self.rows}
        for (kind, name), judged in self.subjects.items():
            if judged["verdict"] not in ("meets", "fails"):
                continue
            group = [area["id"] for area in self.of(kind, name)]
            weights = self._weights(group) if kind == "pool" else {name: Fraction(1)}
            for one in group:
                found[one] = {key: _times(judged[key], weights[one]) for key in ("required", "provided", "shortfall")}
        return found

    def _weights(self, group: list[str]) -> dict[str, Fraction]:
        needs: dict[str, Any] = {}
        for name in group:
            duties = [self.duty(self.area(name), reading) for reading in ("new", "existing")]
            needs[name] = 0 if "nothing" in duties else duties[0] if duties[0] == duties[1] else None
        if None in needs.values():  # by households, as rounded
            needs = {name: 0 if need == 0 else self._hundreds(name) for name, need in needs.items()}
        whole = sum(needs.values(), Fraction(0))
        return {name: Fraction(need) / whole for name, need in needs.items()}

    def _hundreds(self, name: str) -> Fraction:
        hundreds = number(self.area(name)["households"]) / 100  # type: ignore[operator]
        started = self.switches.get("households_rounding") == "started_hundred"
        return Fraction(-(-hundreds.numerator // hundreds.denominator)) if started else hundreds

    def sums(self, names: list[str]) -> dict[str, Any]:
        """Return the figures of a roll-up over some areas."""
        verdicts = [self.rows[name]["verdict"] for name in names]
        counts = {verdict: verdicts.count(verdict) for verdict in VERDICTS}
        judged = counts["meets"] + counts["fails"]
        return {
            "areas_total": len(names),
            **counts,
            "meets_share": counts["meets"] / judged if judged else None,
            **{f"{key}_m2": float(sum((self.parts[name].get(key) or 0 for name in names), Fraction(0)))
               for key in ("required", "provided", "shortfall")},
        }  # fmt: skip

    def levels(self) -> Iterator[tuple[str, str | None, list[str]]]:
        """Yield each row of the roll-ups: level, unit, areas; streets as the areas' own table names them."""
        streets = {unit["unit_id"] for unit in self.units if TIERS[unit["type"]] == 2}
        stated = dict(zip(*(self.layers["residential"][key] for key in ("residential_id", "street_id")), strict=True))
        for level, tier in (("county", 1), ("street", 2), ("community", 3)):
            where = {area["id"]: self._unit(area, tier) for area in self.areas}
            if level == "street":
                where = {name: stated[name] if stated[name] in streets else unit for name, unit in where.items()}
            if any(where.values()):
                yield from self._rows_of(level, where, tuple(sorted({unit for unit in where.values() if unit})))
        yield from self._rows_of("built", {area["id"]: self.built(area) for area in self.areas}, ("new", "existing"))

    def _rows_of(
        self, level: str, where: dict[str, str | None], units: tuple[str, ...]
    ) -> Iterator[tuple[str, str | None, list[str]]]:
        for unit in (*units, None):
            inside = [name for name, place in where.items() if place == unit]
            if inside:
                yield level, unit, inside
        yield level, "plan", list(where)

    def _unit(self, area: dict[str, Any], tier: int) -> str | None:
        """Return the unit of an area; on a border a street goes before a town, a community before a village."""
        point = area["shape"].representative_point()
        inside = [unit for unit in self.units if TIERS[unit["type"]] == tier and unit["geometry"].covers(point)]
        found = min(inside, key=lambda unit: (unit["type"] in ("town", "village"), unit["unit_id"]), default=None)
        return None if found is None else str(found["unit_id"])

    def unit_at(self, point: Any, tier: int) -> str | None:
        """Return the unit of a tier at a point; on a border the smaller id."""
        inside = [
            unit["unit_id"] for unit in self.units if TIERS[unit["type"]] == tier and unit["geometry"].covers(point)
        ]
        return min(inside, default=None)


def _times(size: Fraction | None, share: Fraction | None) -> Fraction | None:
    return None if size is None or share is None else size * share


def _days(text: str) -> tuple[date, date]:
    from decimal_oracle import days

    return days(text)
