"""The clauses that no single area owes, once more from exported tables: bounds by counting, verdicts by trying.

Works on a `printed_oracle.Printed`; see there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from decimal_oracle import number
from printed_oracle import TIERS, Printed

Found = tuple[Fraction, Fraction | None, Fraction | None]  # at least, at most (None: no bound), what is shown
NOTHING = "nothing"  # the clause asks nothing here
ZERO = Fraction(0)
HOLDS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
}


def exactly(value: Fraction | int) -> Found:
    return Fraction(value), Fraction(value), Fraction(value)


UNKNOWN: Found = (ZERO, None, None)


class Clauses:
    """The other clauses of a run folder."""

    def __init__(self, printed: Printed) -> None:
        self.of = printed
        self.serving = [one for one in printed.facilities if printed.serving(one, paper=False)]
        for one in self.serving:
            one["units"] = {printed.unit_at(one["point"], tier) for tier in (1, 2, 3)}

    def expected(self, clause: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
        """Return what must be printed, by subject; None where the tables do not hold what the clause looks at."""
        measure = getattr(self, clause["metric"], None)
        if measure is None:
            return None
        return {subject: self.judge(clause, found) for subject, found in measure(clause).items()}

    def judge(self, clause: Mapping[str, Any], found: Any) -> dict[str, Any]:
        """A verdict needs both ends of the bounds, and everything between, to give it."""
        asked = None if clause["value"] == "unstated" else Fraction(clause["value"])
        if found == NOTHING:
            return {"actual": None, "verdict": "not_applicable", "shortfall": None, "overdue": False}
        low, high, shown = found
        verdict = "not_assessable" if asked is None else self.between(clause["comparator"], asked, low, high)
        if verdict == "meets" and shown is None:
            shown = low
        late = "deadline" in clause and self.of.as_of > clause["deadline"]
        lacking = None if shown is None or asked is None else abs(asked - shown)
        return {
            "actual": shown,
            "verdict": verdict,
            "shortfall": ZERO if verdict == "meets" else lacking if verdict == "fails" else None,
            "overdue": verdict == "fails" and late,
        }

    @staticmethod
    def between(comparator: str, asked: Fraction, low: Fraction, high: Fraction | None) -> str:
        """Try the ends, the number itself where it lies between them, and beyond the known where there is no top."""
        top = max(low, asked) + 1 if high is None else high
        tries = [low, top, *([asked] if low <= asked <= top else [])]
        tries += [(one + other) / 2 for one in tries for other in tries]
        said = {HOLDS[comparator](one, asked) for one in tries}
        return "not_assessable" if len(said) == 2 else "meets" if said == {True} else "fails"

    # ---- units

    def units(self, clause: Mapping[str, Any]) -> list[str]:
        types = clause["unit_types"]
        if "A21" in clause.get("ambiguities", ()):
            types = self.of.switches.get("centre_unit_types", types)
        return [unit["unit_id"] for unit in self.of.units if unit["type"] in types]

    def centres(self, clause: Mapping[str, Any], unit: str) -> tuple[int, int]:
        """Return how many facilities qualify in a unit for certain, and at most."""
        least = next(
            (Fraction(one["value"]) for one in self.of.clauses if one["id"] == clause.get("size_clause")), None
        )
        sure = possible = 0
        for one in self.serving:
            if unit not in one["units"] or one["level"] not in clause["levels"]:
                continue
            kind: bool | None = True
            if "kinds" in clause:
                kind = None if one["kind"] is None else one["kind"] in clause["kinds"]
            size = number(one["area"])
            large = True if least is None else None if size is None else size >= least
            sure += kind is True and large is True
            possible += kind is not False and large is not False
        return sure, possible

    def unit_coverage(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        counts = [self.centres(clause, unit) for unit in self.units(clause)]
        if not counts:
            return {"plan": UNKNOWN}
        low, high = (Fraction(sum(count[end] > 0 for count in counts), len(counts)) for end in (0, 1))
        return {"plan": (low, high, low if low == high else None)}

    def facility_count(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for unit in self.units(clause):
            low, high = self.centres(clause, unit)
            found[unit] = (Fraction(low), Fraction(high), Fraction(low) if low == high else None)
        return found or {"plan": UNKNOWN}

    def facility_size(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for unit in self.units(clause):
            here = [one for one in self.serving if unit in one["units"] and one["level"] in clause["levels"]]
            sure = [one for one in here if one["kind"] in clause["kinds"]]
            maybe = [one for one in here if one["kind"] is None]
            if not sure:
                found[unit] = UNKNOWN if maybe else NOTHING
                continue
            low = max((number(one["area"]) or ZERO for one in sure), default=ZERO)
            high = max([low, *(number(one["area"]) or ZERO for one in maybe)])
            top = None if any(one["area"] is None for one in sure + maybe) else high
            found[unit] = (low, top, low if low == top else None)
        return found or {"plan": UNKNOWN}

    def county_institutions(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        def good(one: dict[str, Any]) -> bool:
            return one["level"] in clause["levels"] and (one["star"] or 0) >= clause.get("least_star", 0)

        found = {
            unit: exactly(sum(good(one) and unit in one["units"] for one in self.serving))
            for unit in self.units(clause)
        }
        return found or {"plan": UNKNOWN}

    def network_share(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        asked = [unit for unit in self.of.units if unit["type"] in clause["unit_types"]]
        if not asked:
            return {"plan": UNKNOWN}
        level = {"town": "street"}
        served = [
            any(
                unit["unit_id"] in one["units"] and one["level"] == level.get(unit["type"], unit["type"])
                for one in self.serving
            )
            for unit in asked
        ]
        return {"plan": exactly(Fraction(sum(served), len(asked)))}

    # ---- beds, stars, land

    def beds(self, homes: list[dict[str, Any]], part: str) -> Any:
        if not homes or any(one["beds"] is None for one in homes):
            return UNKNOWN
        if part == "nursing_beds" and any((one[part] or 0) > one["beds"] for one in homes):
            return UNKNOWN
        whole = sum(one["beds"] for one in homes)
        if whole == 0:
            return NOTHING
        low = Fraction(sum(one[part] or 0 for one in homes)) / whole
        high = Fraction(sum(one["beds"] if one[part] is None else one[part] for one in homes)) / whole
        return low, high, low if low == high else None

    def owned(
        self, homes: list[dict[str, Any]], owner: str | None, measure: Callable[[list[dict[str, Any]]], Any]
    ) -> Any:
        if not homes:
            return UNKNOWN
        if owner is not None:
            if any(one["ownership"] is None for one in homes):
                return UNKNOWN
            homes = [one for one in homes if one["ownership"] == owner]
            if not homes:
                return NOTHING
        return measure(homes)

    def nursing_bed_share(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        homes = [
            one
            for one in self.serving
            if one["kind"] == "institution" or one["level"] == "county" or one["beds"] is not None
            or one["nursing_beds"] is not None
        ]  # fmt: skip
        public = "A9" in clause.get("ambiguities", ()) and self.of.switches.get("nursing_beds_of") == "public"
        return {"plan": self.owned(homes, "public" if public else None, lambda of: self.beds(of, "nursing_beds"))}

    def institutions(self, clause: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [one for one in self.serving if one["kind"] in clause["kinds"] or one["level"] == "county"]

    def occupancy_share(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        homes = self.institutions(clause)
        return {"plan": self.owned(homes, clause.get("ownership"), lambda of: self.beds(of, "occupied_beds"))}

    def star_share(self, clause: Mapping[str, Any]) -> dict[str, Any]:
        top = 3 if self.of.switches.get("stars") == "one_to_three" else 5

        def graded(homes: list[dict[str, Any]]) -> Found:
            good = [clause.get("least_star", 1) <= (one["star"] or 0) <= top for one in homes]
            return exactly(Fraction(sum(good), len(homes)))

        return {"plan": self.owned(self.institutions(clause), clause.get("ownership"), graded)}

    def land_per_person(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        if not self.of.units:
            return {"plan": UNKNOWN}
        highest = min(TIERS[unit["type"]] for unit in self.of.units)
        units = [unit for unit in self.of.units if TIERS[unit["type"]] == highest]
        base = self.of.switches.get("land_per_person_base", "residents")
        people = [None if unit[base] != unit[base] else Fraction(str(unit[base])) for unit in units]
        if None in people or sum(people) == 0:  # type: ignore[arg-type]
            return {"plan": UNKNOWN}
        ids = {unit["unit_id"] for unit in units}
        land = [one["land_area_m2"] for one in self.serving if one["units"] & ids]
        low = sum((one for one in land if one is not None), ZERO) / sum(people)  # type: ignore[arg-type]
        mixed = self.of.switches.get("apportion_mixed_land") and 0 in land
        return {"plan": (low, None, None) if None in land or mixed else exactly(low)}

    # ---- what the other tables say

    def pooling(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        return {"plan": exactly(len(set(self.of.pools.values())))}

    def idle_assets(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        if not self.of.candidates:
            return {"plan": UNKNOWN}
        return {"plan": exactly(sum(one["source"] == "idle_state_asset" for one in self.of.candidates))}

    def compliance_share(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        verdicts = [row["verdict"] for row in self.of.rows.values()]
        meets, fails, silent = (verdicts.count(word) for word in ("meets", "fails", "not_assessable"))
        if meets + fails == 0:
            return {"plan": UNKNOWN if silent else NOTHING}
        whole = meets + fails + silent
        return {"plan": (Fraction(meets, whole), Fraction(meets + silent, whole), Fraction(meets, meets + fails))}

    def existing_gap(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        rate = self.of.law.get(("rate_id", "existing"))
        if rate is None:
            return {"plan": UNKNOWN}
        rows = [row for row in self.of.findings().values() if rate in row["clause_id"].split(";")]
        alone = [row["shortfall"] for row in rows if row["clause_id"] == rate]
        shared = [row["shortfall"] for row in rows if row["clause_id"] != rate]
        low = sum((Fraction(str(float(one))) for one in alone if one is not None), ZERO)
        silent = any(row["verdict"] == "not_assessable" for row in self.of.rows.values())
        if silent or None in alone + shared:
            return {"plan": (low, None, None)}
        high = low + sum((Fraction(str(float(one))) for one in shared), ZERO)
        return {"plan": (low, high, low if low == high else None)}

    def circle_share(self, _clause: Mapping[str, Any]) -> dict[str, Any]:
        levels = self.of.switches.get("circle_levels", ("street", "community"))
        near = [one["id"] for one in self.serving if one["level"] in levels and one["kind"] != "institution"]
        radius = self.of.switches.get("service_radius_m", 900)
        inside = whole = 0.0
        missing = False
        for area in self.of.areas:
            if area["households"] is None:
                missing = True
                continue
            count = float(area["households"])
            whole += count
            inside += count * any(self.of.walk.get((name, area["id"]), radius + 1) <= radius for name in near)
        if not whole:
            return {"plan": UNKNOWN}
        share = Fraction(str(inside / whole))
        return {"plan": (ZERO, Fraction(1), share) if missing else exactly(share)}
