"""Every ambiguity is decided somewhere and says why; every switch, turned, changes what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from test_compliance import ANHUI, NO_MINIMUM, area, document, unit
from test_compliance import assess as assess_areas
from test_compliance import row as area_row
from test_indicators import QUARTERS, entered, facility, units
from test_indicators import findings as assess_clauses

from planning import standards
from planning.errors import InputRefused
from planning.plan import SECTIONS

DOCUMENTS = ("shenyang", "nantong", "shaanxi", "liaocheng", "tianjiaan")
# Which documents hold each point, read from the list of ambiguities; a point stands here once for each.
POINTS = {
    "A1": "nantong",
    "A2": "nantong",
    "A3": "nantong liaocheng",
    "A4": "nantong liaocheng",
    "A5": "nantong",
    "A6": "nantong",
    "A7": "shenyang nantong shaanxi liaocheng tianjiaan",
    "A8": "shenyang nantong shaanxi liaocheng tianjiaan",
    "A9": "shaanxi",
    "A12": "shenyang",
    "A13": "shenyang nantong shaanxi liaocheng tianjiaan",
    "A14": "nantong shaanxi",
    "A15": "nantong shaanxi",
    "A16": "nantong shaanxi",
    "A17": "nantong shaanxi liaocheng tianjiaan",
    "A18": "liaocheng",
    "A19": "shenyang nantong shaanxi liaocheng tianjiaan",
    "A20": "shenyang nantong shaanxi liaocheng tianjiaan",
    "A21": "nantong shaanxi liaocheng",
    "A22": "shenyang",
    "A23": "shaanxi",
    "A24": "nantong shaanxi liaocheng tianjiaan",
    "A25": "shaanxi",
}


def test_every_ambiguity_is_decided_with_a_reason() -> None:
    """25 points: a switch each, or a settled reading; both where a switch decides one half of it (A5, A6, A10)."""
    switched = {switch.ambiguity: switch for switch in standards.load("nantong").readings}
    settled = {row["ambiguity"]: row for name in DOCUMENTS for row in standards.settled(standards.load(name))}
    assert set(switched) | set(settled) == {f"A{number}" for number in range(1, 26)}
    assert set(switched) & set(settled) == {"A5", "A6", "A10"}
    for switch in switched.values():
        assert switch.reason_zh != switch.reason_en
    for row in settled.values():
        assert all(row[name] for name in ("where", "title", "reading", "reason", "clauses"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_holds_its_points(name: str, language: str) -> None:
    document = standards.load(name)
    settled = {row["ambiguity"]: row for row in standards.settled(document, language)}  # type: ignore[arg-type]
    tagged = {point for clause in document.clauses for point in clause.ambiguities}
    for point, holders in POINTS.items():
        if point in settled:
            assert name in holders.split(), point
        elif name in holders.split():
            assert point in tagged or point == "A7", point  # A7: every document with rates for new and existing
    for row in settled.values():
        assert "{" not in row["reading"]


def test_the_settled_readings_name_days_and_speed() -> None:
    dates = {row["ambiguity"]: row["reading"] for row in standards.settled(standards.load("shenyang"))}
    assert "2023-12-31" in dates["A12"]
    assert "2025-12-31" in dates["A12"]
    rows = {row["ambiguity"]: row for row in standards.settled(standards.load("nantong"), speed_m_per_s=0.8)}
    assert "0.8 米/秒" in rows["A15"]["reading"]
    assert rows["A4"]["clauses"] == ("NT-09",)


# --------------------------------------------------------------------------------------------------- turned, one by one


def of_areas(areas: list[Any], rooms: list[Any], law: Any = NO_MINIMUM, pools: Any = None) -> Callable[..., str]:
    def judge(**switches: Any) -> str:
        given = dict(switches)
        allowed = {"pooling": True} if pools and "pooling" not in given else {}
        return str(area_row(assess_areas(areas, rooms, pools, law=law, **{**allowed, **given}))["verdict"])

    return judge


def of_clause(name: str, clause: str, *rows: Any, subject: str = "plan", **more: Any) -> Callable[..., str]:
    def judge(**switches: Any) -> str:
        numbers = more.get("switches", {})
        rest = {key: value for key, value in more.items() if key != "switches"}
        table = assess_clauses(name, *rows, switches={**numbers, **switches}, **rest)
        return str(table.loc[(clause, subject), "verdict"]) if (clause, subject) in table.index else "no row"

    return judge


def overdue(**switches: Any) -> str:
    """NT-03 (before 2024), not done, on a day in 2024."""
    table = assess_clauses("nantong", as_of=date(2024, 6, 30), switches=switches, indicators=entered(("NT-03", "0")))
    return "overdue" if table.loc[("NT-03", "plan"), "overdue"] else "in time"


def pooled(**switches: Any) -> str:
    """A and B together have 500 of their 300 + 200 m²; where areas may not pool the table of pools is refused."""
    try:
        return of_areas(MIXED, [unit(m2=500)], pools={"A": "P", "B": "P"})(**switches)
    except InputRefused:
        return "refused"


LAND = [facility("f", "A", "county", "institution", land_area_m2=3000), facility("g", "B", "community", land_area_m2=0)]
PEOPLE = units(Z={"residents": 20000.0, "elderly": 1500.0})
land_per_person = of_clause("nantong", "NT-01", *LAND, units=PEOPLE)
HOMES = [
    facility("p", "A", "county", "institution", beds=100, nursing_beds=50, ownership="public", star=4),
    facility("q", "B", "county", "institution", beds=100, nursing_beds=60, ownership="private", star=1),
]
CENTRES = [facility(word, word, "street", floor_area_m2=600) for word in QUARTERS]
STREET_ONLY = {"street": {"households_share": 0.5, "households_missing": 0},
               "community": {"households_share": 0.9, "households_missing": 0}}  # fmt: skip
GROSS = document(rate={"existing": "25"}, gross=True)
MIXED = [area("A", 1000, "new"), area("B", 1000, "existing")]
# switch: how to judge, one setting with its verdict, another with its
FLIPS: Mapping[str, tuple[Callable[..., str], Any, str, Any, str]] = {
    # 3000 m² for 20 000 residents is 0.15, for 1500 older people 2
    "land_per_person_base": (land_per_person, "residents", "fails", "elderly", "meets"),
    # the room in a mixed building has no parcel of its own: nothing, or a share that is not known
    "apportion_mixed_land": (land_per_person, False, "fails", True, "not_assessable"),
    # 30 m² for 100 households and a room of 350: 380 m² in rooms of 350 and 30, the smaller is below the minimum
    "single_minimum_applies": (
        of_areas([area(households=100)], [unit(m2=350), unit("g", 30)], ANHUI),
        "stand_alone", "meets", "existing_rooms", "fails",
    ),
    "pooling": (pooled, True, "meets", False, "refused"),
    # own rates 300 + 200, strictest 300 + 300: 500 m² is enough for one of them
    "pool_rate": (of_areas(MIXED, [unit(m2=500)], pools={"A": "P", "B": "P"}), "own", "meets", "strictest", "fails"),
    # granted on the first day of 2015: new from that day on, existing a day later; 250 m² of 300 or 200
    "new_cutoff": (
        of_areas([area(built=None, land_grant_date="2015-01-01")], [unit(m2=250)]),
        date(2015, 1, 1), "fails", date(2015, 1, 2), "meets",
    ),
    "nursing_beds_of": (of_clause("shaanxi", "SX-09", *HOMES), "all", "meets", "public", "fails"),  # 110/200, 50/100
    # 200 m² usable are exactly the 250 gross owed at 1.25, 240 at 1.2
    "usable_to_gross": (
        of_areas([area(built="existing")], [unit(m2=200, area_type="usable")], GROSS), 1.25, "meets", 1.2, "fails",
    ),
    # 1001 households: 300.3 or 330 m²
    "households_rounding": (
        of_areas([area(households=1001)], [unit(m2=310)]), "proportional", "meets", "started_hundred", "fails",
    ),
    "before_year": (overdue, "before", "overdue", "within", "in time"),
    # only street centres serve: half of the households; with communities nobody more is known to be inside
    "circle_levels": (
        of_clause("nantong", "NT-05", facility("f", "A", "street"), facility("s", "B", "community", "station"),
                  coverage=STREET_ONLY, switches={"numbers": {"NT-05": 0.9}}),
        ["street"], "fails", ["community"], "meets",
    ),
    # LC-07 counts centres; with a radius there is a row on the households within it
    "service_radius_m": (
        of_clause("liaocheng", "LC-07", *CENTRES, coverage=STREET_ONLY),
        None, "no row", 1000, "fails",
    ),
    # both streets have a centre, of the four streets and towns half
    "centre_unit_types": (
        of_clause("nantong", "NT-06", facility("a", "A", "street"), facility("c", "C", "street")),
        ["street"], "meets", ["street", "town"], "fails",
    ),
    "stars": (of_clause("shaanxi", "SX-11", *HOMES), "at_least", "meets", "one_to_three", "fails"),  # graded 4
}  # fmt: skip


def test_every_switch_of_a_plan_is_turned() -> None:
    readings = {switch.name for switch in standards.load("nantong").readings}
    assert set(FLIPS) == readings <= set(SECTIONS["standards"])


@pytest.mark.parametrize("name", FLIPS)
def test_turning_a_switch_changes_what_it_is_about(name: str) -> None:
    judge, first, verdict, second, other = FLIPS[name]
    settings = [{} if setting is None else {name: setting} for setting in (first, second)]
    assert [judge(**setting) for setting in settings] == [verdict, other]
    kind = SECTIONS["standards"][name]
    assert all(kind.accepts(setting) for setting in (first, second) if setting is not None)


def test_the_default_is_one_of_the_readings() -> None:
    for switch in standards.load("nantong").readings:
        if switch.default != "unstated":
            assert SECTIONS["standards"][switch.name].accepts(switch.default), switch.name


def test_pools_are_refused_where_neither_document_nor_plan_lets_them() -> None:
    """Alone A meets with 400 of 300 m² and B fails: the pool of both fails, and without `pooling` it is refused."""
    alone = assess_areas(MIXED, [unit(m2=400)])
    assert [area_row(alone, name)["verdict"] for name in "AB"] == ["meets", "fails"]
    law = replace(NO_MINIMUM, pooling=False)
    with pytest.raises(Exception, match="统筹"):
        assess_areas(MIXED, [unit(m2=400)], {"A": "P", "B": "P"}, law=law)
    pooled = assess_areas(MIXED, [unit(m2=500)], {"A": "P", "B": "P"}, law=law, pooling=True)
    assert [area_row(pooled, name)["verdict"] for name in "AB"] == ["meets", "meets"]
