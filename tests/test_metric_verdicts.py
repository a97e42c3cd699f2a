"""Each measure with each of the four verdicts, by data; where one cannot be, the table says why.

Units, facilities and their helpers are those of `test_indicators` (a county Z of four quarters); areas those of
`test_compliance`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from shapely.geometry import Point
from test_compliance import area, document, unit
from test_compliance import assess as assess_areas
from test_indicators import DAY, entered, facilities, facility, frame, units

from planning import indicators
from planning.standards import METRICS, Clause, Standard
from planning.study import scorecard

VERDICTS = ("meets", "fails", "not_assessable", "not_applicable")


class Never(str):
    """Why a measure cannot give a verdict."""

    __slots__ = ()


# --------------------------------------------------------------------------------------- measures of the plan and units

RULE: Mapping[str, dict[str, Any]] = {
    "pooling": {"value": "1", "unit": "count"},
    "compliance_share": {"value": "1", "unit": "share", "comparator": "="},
    "existing_gap": {"value": "0", "unit": "m2", "comparator": "="},
    "unit_coverage": {"value": "0.5", "unit": "share", "unit_types": ("street",), "levels": ("street",)},
    "facility_count": {"value": "1", "unit": "count", "unit_types": ("county",), "levels": ("street",)},
    "facility_size": {"value": "600", "unit": "m2", "unit_types": ("county",), "levels": ("street",)},
    "county_institutions": {"value": "1", "unit": "count", "unit_types": ("county",), "levels": ("county",)},
    "network_share": {"value": "0.5", "unit": "share", "unit_types": ("street",)},
    "nursing_bed_share": {"value": "0.5", "unit": "share"},
    "star_share": {"value": "0.5", "unit": "share", "kinds": ("institution",), "ownership": "public"},
    "occupancy_share": {"value": "0.5", "unit": "share", "kinds": ("institution",), "ownership": "public"},
    "land_per_person": {"value": "0.2", "unit": "m2_per_person"},
    "circle_share": {"value": "0.9", "unit": "share"},
    "medical_distance": {"value": "300", "unit": "m", "comparator": "<=", "levels": ("street",)},
    "idle_assets": {"value": "1", "unit": "count"},
    "manual": {"value": "0.6", "unit": "share"},
    "statement": {"value": "40", "unit": "beds"},
}


def law(metric: str, **facts: Any) -> Standard:
    """Return a document of one clause with that measure."""
    words = {"comparator": ">="} | RULE[metric] | facts
    by_unit = metric in ("facility_count", "facility_size", "county_institutions")
    clause = Clause(
        id="X-01",
        article="1",
        text_zh="甲。",
        text_en="A.",
        cls="S",
        metric=metric,
        value=None if words["value"] is None else Decimal(words.pop("value")),
        owed_by="unit" if by_unit else "plan",
        source="test",
        **{key: value for key, value in words.items() if key != "value"},
    )
    rates = document(rate={"existing": "20"})
    return replace(rates, clauses=(clause, *rates.clauses), switches={"land_per_person_base": "residents"})


def home(number: int, *, where: Any = "A", **facts: Any) -> dict[str, Any]:
    return facility(f"h{number}", where, "county", "institution", **facts)


def street(where: Any = "A", **facts: Any) -> dict[str, Any]:
    return facility(f"s{where}", where, "street", **facts)


def beds(nursing: float | None, **facts: Any) -> dict[str, Any]:
    return {"rows": [home(1, beds=100, nursing_beds=nursing, ownership="public", **facts)]}


def sums(meets: int, fails: int, silent: int) -> dict[str, Any]:
    return {"compliance": {"meets": meets, "fails": fails, "not_assessable": silent}}


def gap(*shortfalls: float, silent: int = 0) -> dict[str, Any]:
    table = pd.DataFrame({"clause_id": ["A-existing"] * len(shortfalls), "shortfall": list(shortfalls)})
    return {"findings": table.astype({"clause_id": "str", "shortfall": float}), **sums(1, 1, silent)}


def circle(share: float | None, missing: int = 0) -> dict[str, Any]:
    return {"coverage": {"circle": {"households_share": share, "households_missing": missing}}}


def medical(metres: float) -> Any:
    return frame("medical", [{"medical_id": "m", "geometry": Point(0, metres)}])


def land(m2: float | None, people: float = 15000) -> dict[str, Any]:
    table = units(("county",), Z={"residents": people})
    return {"rows": [home(1, land_area_m2=m2)], "tables": {"units": table}}


def asset(source: str) -> dict[str, Any]:
    return {
        "tables": {"candidates": frame("candidates", [{"facility_id": "c", "source": source, "geometry": Point(0, 0)}])}
    }


def figure(text: str) -> dict[str, Any]:
    return {"tables": {"indicators": entered(("X-01", text))}}


NO_UNITS: dict[str, Any] = {"tables": {"units": None}}
COUNTED = Never("what is counted is a number, 0 too; without the units it is unknown, never beside the point")
CASES: Mapping[str, tuple[dict[str, Any] | Never, ...]] = {
    "pooling": (
        {"tables": {"pools": frame("pools", [{"residential_id": "A", "pool_id": "P"}])}},
        {},
        {"rule": {"value": None}},
        Never("no pool is 0 pools"),
    ),
    "compliance_share": (sums(2, 0, 0), sums(1, 1, 0), sums(1, 0, 1), sums(0, 0, 0)),
    "existing_gap": (gap(0.0), gap(0.0, 0.5), gap(0.0, silent=1), Never("where no area lacks anything the gap is 0")),
    "unit_coverage": ({"rows": [street()]}, {}, NO_UNITS, COUNTED),
    "facility_count": ({"rows": [street()]}, {}, NO_UNITS, COUNTED),
    "facility_size": (
        {"rows": [street(floor_area_m2=600)]},
        {"rows": [street(floor_area_m2=599.99)]},
        {"rows": [street()]},
        {},
    ),
    "county_institutions": ({"rows": [home(1)]}, {}, NO_UNITS, COUNTED),
    "network_share": ({"rows": [street()]}, {}, NO_UNITS, COUNTED),
    "nursing_bed_share": (beds(50), beds(49), beds(None), {"rows": [home(1, beds=0, nursing_beds=0)]}),
    "star_share": (
        beds(0, star=1),
        beds(0),
        {"rows": [home(1, star=1)]},
        {"rows": [home(1, star=1, ownership="private")]},
    ),
    "occupancy_share": (
        beds(0, occupied_beds=50),
        beds(0, occupied_beds=49),
        beds(0),
        {"rows": [home(1, beds=9, occupied_beds=9, ownership="private")]},
    ),
    "land_per_person": (
        land(3000),
        land(2999.99),
        land(None),
        Never("a plan without people leaves land per person unknown: somebody is to be provided for"),
    ),
    "circle_share": (
        circle(0.9),
        circle(0.8999),
        circle(0.95, missing=1),
        Never("without households the share is of nothing, and unknown"),
    ),
    "medical_distance": (
        {"rows": [street(Point(0, 0))], "tables": {"medical": medical(300)}},
        {"rows": [street(Point(0, 0))], "tables": {"medical": medical(300.001)}},
        {"rows": [street(Point(0, 0))]},
        Never("without a facility there is nothing to measure: said to be unknown, so that nobody takes it for done"),
    ),
    "idle_assets": (asset("idle_state_asset"), asset("lease"), {}, Never("without any they are 0")),
    "manual": (figure("0.6"), figure("59.9%"), {}, Never("what is entered is a figure")),
    "statement": (figure("40"), figure("39"), {}, Never("what is entered is a figure")),
}


def verdict(metric: str, case: Mapping[str, Any]) -> str:
    standard = law(metric, **case.get("rule", {}))
    tables = {"facilities": facilities(*case.get("rows", [])), "units": units()} | case.get("tables", {})
    known = {name: table for name, table in tables.items() if table is not None}
    more = {key: case[key] for key in ("compliance", "coverage", "findings") if key in case}
    found = indicators.assess(known, standard, switches={}, as_of=DAY, **more)
    (said,) = set(found.loc[found["clause_id"] == "X-01", "verdict"])
    return str(said)


@pytest.mark.parametrize("place", range(4), ids=VERDICTS)
@pytest.mark.parametrize("metric", CASES)
def test_each_measure_gives_each_verdict(metric: str, place: int) -> None:
    case = CASES[metric][place]
    if isinstance(case, Never):
        assert len(case) > 10  # a reason
        return
    assert verdict(metric, case) == VERDICTS[place]


def test_a_verdict_is_impossible_only_where_nothing_can_be_exempt() -> None:
    """Meets, fails and not assessable are shown for all; only 'not applicable' can be out of the question."""
    for metric, cases in CASES.items():
        assert not any(isinstance(case, Never) for case in cases[:3]), metric


# ---------------------------------------------------------------------------------------------- measures owed by areas

BOTH = document(rate={"new": "30"}, minimum={"new": "350"})
OWED: Mapping[str, Callable[[str], tuple[list[dict[str, Any]], list[dict[str, Any]]]]] = {
    "area_rate": lambda word: {
        "meets": ([area(households=1166)], [unit(m2=349.8), unit("g", 350)]),
        "fails": ([area(households=1166)], [unit(m2=349.79)]),
        "not_assessable": ([area(households=1166)], [unit(m2=None)]),
        "not_applicable": ([area(households=0)], []),
    }[word],
    "unit_minimum": lambda word: {
        "meets": ([area(households=1)], [unit(m2=350)]),
        "fails": ([area(households=1)], [unit(m2=349.99)]),
        "not_assessable": ([area(households=1)], [unit(m2=None)]),
        "not_applicable": ([area(households=0)], []),
    }[word],
}


@pytest.mark.parametrize("word", VERDICTS)
@pytest.mark.parametrize("metric", OWED)
def test_each_clause_of_an_area_gives_each_verdict(metric: str, word: str) -> None:
    """30 m² a hundred and one room of 350 m². 1166 households owe 349.8 m² exactly."""
    areas, rooms = OWED[metric](word)
    found = assess_areas(areas, rooms, law=BOTH)
    none = indicators.assess({"facilities": facilities()}, BOTH, switches={}, as_of=date(2025, 1, 1))
    card = scorecard.score(found, none, BOTH, date(2025, 1, 1)).set_index("clause_id")
    clause = next(one for one in BOTH.clauses if one.metric == metric)
    assert card.at[clause.id, "verdict"] == word


def test_no_measure_is_left_out() -> None:
    assert set(CASES) | set(OWED) == set(METRICS)
    assert set(CASES) == set(indicators.METRICS)
