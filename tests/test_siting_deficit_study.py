"""The deficit model in a study: whom a site counts for, the single minimum, extensions, pools, and the rule's own word.

The town is `gridtown`: households are a hundred times an area's number, odd areas are new, even ones existing. Under
Liaocheng (20 and 15 m² a hundred households, 200 m² for one room, no pooling) each of the eight owes 200 m²; under
Nantong (30 and 20, 600 m² for new areas alone, pooling) R2, R4, R6, R8 owe 40, 80, 120, 160 and the others 600.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import geopandas as gpd
import gridtown
import numpy as np
import pandas as pd
import pytest
from batches import batches
from gridtown import X0, Y0
from pyproj import CRS
from shapely.geometry import Point

import planning
from planning import compliance, standards, tables
from planning.errors import InputRefused
from planning.plan import InputSpec, Plan, Siting
from planning.plan import Phase as PlanPhase
from planning.siting import deficit
from planning.study import StudyInputs, deficits
from planning.study import sites as siting_step

DAY = date(2025, 12, 31)


def inputs(
    candidates: gpd.GeoDataFrame,
    *,
    standard: str = "liaocheng",
    switches: dict[str, Any] | None = None,
    p: int = 1,
    level: str = "community",
    model: Any = "deficit",
    asked: dict[str, Any] | None = None,
    **changed: gpd.GeoDataFrame,
) -> StudyInputs:
    town = {
        "roads": gridtown.roads(),
        "residential": gridtown.residential(),
        "facilities": gridtown.facilities(),
        "entrances": gridtown.entrances(),
        "candidates": candidates,
        **changed,
    }
    specs = {name: InputSpec(name, f"{name}.gpkg", Path(f"{name}.gpkg")) for name in town}
    siting = Siting(level=level, model=model, p=p, **(asked or {}))
    plan = Plan("方格城", standard, DAY, specs, standards=switches or {}, siting=siting)
    numbered = {name: table.assign(source_row=range(1, len(table) + 1)) for name, table in town.items()}
    law = standards.apply(standards.load(standard), switches or {})
    empty = tables.ledger_frame([]).astype("str")
    return StudyInputs(plan, law, numbered, empty, {}, (), (), CRS(gridtown.CRS))


def solved(given: StudyInputs) -> dict[str, Any]:
    found = planning.run(given, parts=frozenset({"siting"}))
    summary = found.summary["siting"]
    sites = {site["facility_id"]: site["floor_area_m2"] for site in summary["sites"]}
    assert list(found.sites["floor_area_m2"]) == list(sites.values())
    return {**summary, "areas": sites}


def sites(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    """Candidates of community level; ``at`` in metres of the town."""
    columns = {name for row in rows for name in row} - {"at"}
    found = {name: [row.get(name) for row in rows] for name in columns}
    points = [Point(X0 + row["at"][0], Y0 + row["at"][1]) for row in rows]
    whole = {"status": ["candidate"] * len(rows), "level": ["community"] * len(rows), "kind": ["station"] * len(rows)}
    return gridtown.table("candidates", {**whole, **found}, points)


def rooms(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    """Community stations in operation beside the town's own facilities."""
    columns = {name for row in rows for name in row} - {"at"}
    found = {name: [row.get(name) for row in rows] for name in columns}
    points = [Point(X0 + row["at"][0], Y0 + row["at"][1]) for row in rows]
    whole = {"status": ["operating"] * len(rows), "level": ["community"] * len(rows), "kind": ["station"] * len(rows)}
    return gridtown.table("facilities", {**whole, **found}, points)


def changed(**columns: dict[str, Any]) -> gpd.GeoDataFrame:
    """The areas with single cells changed."""
    areas = gridtown.residential().set_index("residential_id", drop=False)
    for column, cells in columns.items():
        for area, value in cells.items():
            areas.loc[area, column] = value
    return areas.reset_index(drop=True)


IN_R1, IN_R3, OUTSIDE = (100, 100), (100, 300), (300, 370)


def test_a_site_inside_an_area_closes_its_gap_and_no_more():
    """R1 owes 200 m²: of 300 available 200 are taken. Eight areas lack 1600 before, 1400 after."""
    found = solved(inputs(sites({"facility_id": "C", "at": IN_R1, "max_floor_area_m2": 300.0})))
    assert (found["status"], found["objective"], found["bound"], found["gap"]) == ("optimal", 1400, 1400, 0)
    assert found["areas"] == {"C": 200}
    assert found["sites"][0]["gain"] == 200
    assert found["compliance"]["before"]["shortfall_m2"] == 1600
    assert found["compliance"]["after"]["shortfall_m2"] == 1400
    assert found["compliance"]["after"]["meets"] == found["compliance"]["before"]["meets"] + 1
    assert found["credited"] == [{"facility_id": "C", "subject_id": "R1", "floor_area_m2": 200}]


def test_below_the_single_minimum_a_site_is_left_out_and_said_to_be():
    offered = sites(
        {"facility_id": "C1", "at": IN_R1, "max_floor_area_m2": 199.99},
        {"facility_id": "C2", "at": IN_R3, "max_floor_area_m2": 200.0},
        {"facility_id": "C3", "at": OUTSIDE, "max_floor_area_m2": 500.0},
        {"facility_id": "C4", "at": IN_R3},
        {"facility_id": "C5", "at": IN_R3, "max_floor_area_m2": 500.0, "kind": "institution"},
    )
    found = solved(inputs(offered, p=5))
    assert found["areas"] == {"C2": 200}
    assert {one["facility_id"]: one["reason"] for one in found["left_out"]} == {
        "C1": "site_too_small", "C3": "serves_nobody", "C4": "site_area_missing", "C5": "not_for_quota",
    }  # fmt: skip


def test_a_site_for_several_is_shared_by_what_they_owe():
    """R1, R2, R3 owe 20, 30, 60 m² by the rate: of 220 m² they get 40, 60, 120, and all of it lowers a shortfall."""
    offered = sites({"facility_id": "C", "at": OUTSIDE, "serves": "R3;R1;R2", "max_floor_area_m2": 220.0})
    found = solved(inputs(offered))
    assert (found["objective"], found["areas"]) == (1380, {"C": 220})
    assert {one["subject_id"]: one["floor_area_m2"] for one in found["credited"]} == {"R1": 40, "R2": 60, "R3": 120}


def test_an_extension_adds_to_the_facility_at_its_place():
    """A station of 150 m² in R1 may grow to 260: 50 m² more reach the minimum and close the gap."""
    stands = rooms({"facility_id": "S", "at": IN_R1, "floor_area_m2": 150.0})
    offered = sites(
        {"facility_id": "X", "at": IN_R1, "source": "extension", "floor_area_m2": 150.0, "max_floor_area_m2": 260.0},
        {"facility_id": "Y", "at": IN_R3, "source": "extension", "max_floor_area_m2": 500.0},
    )
    found = solved(inputs(offered, p=2, facilities=stands))
    assert (found["objective"], found["areas"]) == (1400, {"X": 50})
    assert found["compliance"]["before"]["shortfall_m2"] == 1450
    assert [one["facility_id"] for one in found["left_out"]] == ["Y"]
    smaller = offered.assign(max_floor_area_m2=199.0).iloc[:1]
    assert solved(inputs(smaller, facilities=stands))["status"] == "not_needed"


def test_an_extension_of_a_room_that_does_not_serve_is_left_out():
    stands = rooms({"facility_id": "S", "at": IN_R1, "floor_area_m2": 150.0, "status": "closed"})
    offered = sites({"facility_id": "X", "at": IN_R1, "source": "extension", "max_floor_area_m2": 400.0})
    found = solved(inputs(offered, facilities=stands))
    assert [one["reason"] for one in found["left_out"]] == ["host_not_counted"]


def test_rooms_that_an_area_states_stay_beside_a_new_site():
    """R1 states 120 m² of its own, 100 in one room; a site of 200 leaves nothing short, 80 would have been enough."""
    areas = changed(care_floor_area_m2={"R1": 120.0}, largest_unit_m2={"R1": 100.0})
    offered = sites({"facility_id": "C", "at": IN_R1, "max_floor_area_m2": 250.0})
    found = solved(inputs(offered, residential=areas))
    assert found["compliance"]["before"]["shortfall_m2"] == 1480
    assert (found["objective"], found["areas"]) == (1400, {"C": 200})


def test_a_pool_is_short_once_and_has_no_minimum_of_its_own_where_nobody_has():
    """R2 and R4 pool and owe 120 m² together; a site for the pool closes that."""
    pools = pd.DataFrame({"residential_id": ["R2", "R4"], "pool_id": ["P", "P"]}).astype("str")
    offered = sites({"facility_id": "C", "at": OUTSIDE, "serves": "P", "max_floor_area_m2": 500.0})
    found = solved(inputs(offered, standard="nantong", pools=gpd.GeoDataFrame(pools)))
    total = 600 * 4 + 40 + 80 + 120 + 160
    assert found["compliance"]["before"]["shortfall_m2"] == total
    assert (found["objective"], found["areas"]) == (total - 120, {"C": 120})


@pytest.mark.slow
def test_where_areas_may_provide_together_a_site_is_for_those_short_within_its_radius():
    """C reaches R2 and R4 within 900 m, R6 not; new areas need a room of 600, of which it is too small."""
    offered = sites({"facility_id": "C", "at": OUTSIDE, "max_floor_area_m2": 500.0})
    found = solved(inputs(offered, standard="nantong"))
    assert found["areas"] == {"C": 120}
    assert {one["subject_id"]: one["floor_area_m2"] for one in found["credited"]} == {"R2": 40, "R4": 80}
    larger = solved(inputs(sites({"facility_id": "C", "at": OUTSIDE, "max_floor_area_m2": 600.0}), standard="nantong"))
    assert {one["subject_id"] for one in larger["credited"]} == {"R1", "R2", "R3", "R4", "R5"}
    assert larger["areas"] == {"C": 600}


@pytest.mark.slow
def test_the_radius_is_inclusive_and_ends_there():
    """R4's gate is 70 m, R2's 670 m from the site: at 670 m R2 is in, a millimetre below it is not."""
    offered = sites({"facility_id": "C", "at": OUTSIDE, "max_floor_area_m2": 500.0})
    for radius_m, areas in ((670.0, {"R2", "R4"}), (669.999, {"R4"})):
        found = solved(inputs(offered, standard="nantong", switches={"service_radius_m": radius_m}))
        assert {one["subject_id"] for one in found["credited"]} == areas


def test_areas_without_households_stay_out_of_the_sums():
    """R1 has no households known, R3 none at all: a site for R1, R2 cannot be shared, one for R3 closes nothing."""
    areas = changed(households={"R1": np.nan, "R3": 0.0})
    offered = sites(
        {"facility_id": "C1", "at": OUTSIDE, "serves": "R1;R2", "max_floor_area_m2": 500.0},
        {"facility_id": "C2", "at": IN_R3, "max_floor_area_m2": 500.0},
    )
    found = solved(inputs(offered, residential=areas, p=2))
    assert (found["status"], found["objective"], found["sites"]) == ("not_needed", 1200, [])
    assert found["not_assessable"] == 1
    assert {one["facility_id"]: one["reason"] for one in found["left_out"]}["C1"] == "share_unknown"


def test_a_level_that_does_not_count_is_refused():
    offered = sites({"facility_id": "C", "at": IN_R1, "max_floor_area_m2": 300.0})
    with pytest.raises(InputRefused, match="street"):
        planning.run(inputs(offered, level="street"), parts=frozenset({"siting"}))


def test_a_document_without_a_rate_is_refused():
    offered = sites({"facility_id": "C", "at": IN_R1, "max_floor_area_m2": 300.0})
    with pytest.raises(InputRefused) as refused:
        planning.run(inputs(offered, standard="shaanxi"), parts=frozenset({"siting"}))
    assert [fault.code for fault in refused.value.faults] == ["siting_deficit_no_rule"]


@pytest.mark.slow
def test_the_budget_is_of_what_candidates_cost_as_a_whole():
    """Of 50 and 60 (10 000 yuan) 100 pay for one; the second closes more."""
    offered = sites(
        {"facility_id": "C1", "at": IN_R1, "max_floor_area_m2": 300.0, "cost": 50.0},
        {"facility_id": "C2", "at": OUTSIDE, "serves": "R2;R4", "max_floor_area_m2": 300.0, "cost": 60.0},
    )
    assert set(solved(inputs(offered, p=2, asked={"budget": 110.0}))["areas"]) == {"C1", "C2"}
    assert set(solved(inputs(offered, p=2, asked={"budget": 109.99}))["areas"]) == {"C2"}
    assert solved(inputs(offered, p=2, asked={"max_floor_area_m2": 210.0}))["areas"]["C2"] == 210


@pytest.mark.slow
def test_cover_first_then_close_the_shortfall():
    """Both sites reach the same people; the one for R2 and R4 closes 300 m², the other 200."""
    offered = sites(
        {"facility_id": "C1", "at": OUTSIDE, "serves": "R2", "max_floor_area_m2": 300.0},
        {"facility_id": "C2", "at": OUTSIDE, "serves": "R2;R4", "max_floor_area_m2": 300.0},
    )
    plain = solved(inputs(offered, model="mclp"))
    assert ([*plain["areas"]], plain["objective"]) == (["C1"], 31)
    found = solved(inputs(offered, model="mclp", asked={"then": ("shortfall", "distance")}))
    assert (found["areas"], found["objective"], found["after"]["elderly_covered"]) == ({"C2": 300}, 31, 31)
    assert [(one["name"], one["objective"], one["gap"]) for one in found["stages"][:2]] == [
        ("coverage", 31, 0), ("shortfall", 1300, 0),
    ]  # fmt: skip
    assert found["compliance"]["after"]["shortfall_m2"] == 1300
    assert (plain["not_explained"], found["not_explained"]) == ([], ["shortfall", "distance"])
    with pytest.raises(InputRefused, match="street"):
        planning.run(inputs(offered, model="mclp", level="street", asked={"then": ("shortfall",)}))
    with pytest.raises(InputRefused, match="C1、C2"):
        planning.run(inputs(offered, model="mclp", asked={"then": ("cost",)}))


@pytest.mark.slow
def test_a_site_serves_no_more_than_it_can():
    """C reaches R1 to R5, 31 elderly; ten places serve ten, the nearest first: R4's eight and two of R3."""
    offered = sites({"facility_id": "C", "at": OUTSIDE, "max_floor_area_m2": 200.0})
    found = solved(inputs(offered, model="capacitated", asked={"capacity_per_site": 10.0}))
    assert (found["status"], found["objective"], found["areas"]) == ("optimal", 10, {"C": 200})
    assert found["not_explained"] == ["capacitated"]
    assert {one["residential_id"]: one["share"] for one in found["assigned"]} == {"R4": 1, "R3": 0.5}
    with pytest.raises(InputRefused, match="explain"):
        solved(inputs(offered, model="capacitated", asked={"capacity_per_site": 10.0, "explain": True}))
    by_area = solved(inputs(offered, model="capacitated", asked={"capacity_per_m2": 0.1}))
    assert by_area["objective"] == 20
    whole = solved(inputs(offered, model="capacitated", asked={"capacity_per_site": 10.0, "single_source": True}))
    assert {one["residential_id"]: one["share"] for one in whole["assigned"]} == {"R4": 1, "R2": 1}


# ---------------------------------------------------------------------------- against the rule, subset by subset


def random_town(seed: int) -> StudyInputs:
    draw = random.Random(seed)
    names = list(gridtown.BOXES)
    households = {name: draw.choice([0.0, np.nan, 300.0, 1000.0, 1166.0, 3000.0]) for name in names}
    areas = changed(
        households=households,
        care_floor_area_m2={name: 100.0 for name in names if draw.random() < 0.2},
        built={name: np.nan for name in names if draw.random() < 0.1},
    )
    standard = draw.choice(["liaocheng", "nantong"])
    places = [(100, 100), (300, 100), (100, 300), (300, 500), (700, 100), (700, 500), (300, 370), (830, 300)]
    offered = [
        {
            "facility_id": f"C{number}",
            "at": draw.choice(places),
            "serves": ";".join(draw.sample(names, draw.randint(1, 3))) if draw.random() < 0.5 else None,
            "max_floor_area_m2": draw.choice([150.0, 200.0, 333.33, 650.0, 900.0]),
        }
        for number in range(4)
    ]
    standing = rooms(
        *(
            {"facility_id": f"S{number}", "at": draw.choice(places), "floor_area_m2": draw.choice([50.0, 180.0, 620.0])}
            for number in range(2)
        )
    )
    return inputs(sites(*offered), standard=standard, p=draw.randint(1, 3), residential=areas, facilities=standing)


def check(given: StudyInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """No subset of the sites leaves less by the rule's own word than the plan says can be left.

    The oracle puts each subset, every site at its largest, into the facilities, served as the plan served it, and
    asks `compliance.assess`; areas whose figures cannot be told before are not counted.
    """
    seen = []
    held = deficits.held
    monkeypatch.setattr(deficits, "held", lambda *given: (seen.append(given[2]), held(*given))[1])
    found = planning.run(given, parts=frozenset({"siting"}))
    asked = seen[-1]
    usable = [site for site in asked.sites.index if asked.sites.loc[site, "most_m2"] is not None]
    left = {}
    for count in range(given.plan.siting.p + 1):
        for chosen in itertools.combinations(usable, count):
            left[chosen] = _left(
                given, asked, chosen, {site: float(asked.sites.loc[site, "most_m2"]) for site in chosen}
            )
    summary = found.summary["siting"]
    assert summary["objective"] == pytest.approx(float(min(left.values())), abs=1e-9)
    areas = {site["facility_id"]: site["floor_area_m2"] for site in summary["sites"]}
    assert float(_left(given, asked, tuple(areas), areas)) == summary["objective"]


def _left(given: StudyInputs, asked: Any, chosen: tuple[str, ...], areas: dict[str, float]) -> Fraction:
    town = given.tables
    candidates = town["candidates"].set_index("facility_id", drop=False).loc[list(chosen)]
    opened = candidates.assign(
        status="operating",
        serves=[";".join(asked.names[site]) for site in chosen],
        floor_area_m2=[areas[site] for site in chosen],
    )
    residential = town["residential"]
    standing = town["facilities"]
    law, switches = given.standard, given.plan.standards
    before = compliance.assess(residential, standing, None, law, switches=switches, as_of=DAY)
    counted = before.accounts["shortfall_m2"].map(lambda m2: m2 is not None)
    own = before.rooms[before.rooms["facility_id"].isna() & before.rooms["counted"]]
    stated = [
        {"facility_id": f"own-{area}", "at": (0, -9000), "serves": area, "floor_area_m2": 100.0}
        for area in own["residential_id"]
    ]
    parts = [standing, *([rooms(*stated)] if stated else []), opened[[*standing.columns]]]
    together = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=standing.crs)
    after = compliance.assess(residential, together, None, law, switches=switches, as_of=DAY)
    return sum(after.accounts.loc[counted, "shortfall_m2"], Fraction(0))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_the_rule_itself_finds_no_better_subset(seed, monkeypatch):
    check(random_town(seed), monkeypatch)


@pytest.mark.parametrize("number", batches(60, slow=15))
def test_the_rule_itself_finds_no_better_subset_many_times(number, monkeypatch):
    check(random_town(100 + number), monkeypatch)


def test_a_plan_the_rule_does_not_confirm_is_refused(monkeypatch):
    def wrong(*args: Any, **options: Any) -> Any:
        plan = deficit(*args, **options)
        return replace(plan, objective=plan.objective - 1)

    monkeypatch.setitem(siting_step._MODELS, "deficit", wrong)
    with pytest.raises(RuntimeError, match="floor-area rule"):
        solved(inputs(sites({"facility_id": "C", "at": IN_R1, "max_floor_area_m2": 300.0})))


# ------------------------------------------------------------------------------------------------------ conditions


@pytest.mark.slow
def test_a_run_keeps_sites_apart():
    """C1 and C2 are 200 m apart: at 200 both open, at 200.001 one; where both must, spacing and both are named."""
    rows = [{"facility_id": "C1", "at": IN_R1, "max_floor_area_m2": 300.0},
            {"facility_id": "C2", "at": IN_R3, "max_floor_area_m2": 300.0}]  # fmt: skip
    assert set(solved(inputs(sites(*rows), p=2, asked={"spacing_m": 200.0}))["areas"]) == {"C1", "C2"}
    found = solved(inputs(sites(*rows), p=2, asked={"spacing_m": 200.001}))
    assert (found["status"], found["objective"], len(found["areas"])) == ("optimal", 1400, 1)
    both = sites(*({**row, "role": "required"} for row in rows))
    found = solved(inputs(both, p=2, asked={"spacing_m": 200.001}))
    assert (found["status"], found["areas"]) == ("infeasible", {})
    assert [(one["code"], one["subject_id"]) for one in found["reasons"]] == [
        ("spacing", "spacing"), ("required", "C1"), ("required", "C2"),
    ]  # fmt: skip
    served = solved(inputs(sites(*rows), p=2, model="capacitated",
                           asked={"spacing_m": 200.001, "capacity_per_site": 1.0}))  # fmt: skip
    assert (served["status"], served["objective"], len(served["areas"])) == ("optimal", 1, 1)


@pytest.mark.slow
def test_what_a_phase_gives_up_for_the_last():
    """R1 and R2 lack 200 each, R3 and R4 too. C1 closes R1 for 10, C2 R2 for 10, C3 R3 and R4 at once for 15.

    25 pay for C3 and one other in the end: 1600 − 600. 10 pay for C1 in the first phase, which is its own best as
    well; 15 pay for C3, and nothing is given up. Without C3 the end is C1 and C2.
    """
    rows = [
        {"facility_id": "C1", "at": OUTSIDE, "serves": "R1", "max_floor_area_m2": 200.0, "cost": 10.0},
        {"facility_id": "C2", "at": OUTSIDE, "serves": "R2", "max_floor_area_m2": 200.0, "cost": 10.0},
        {"facility_id": "C3", "at": OUTSIDE, "serves": "R3;R4", "max_floor_area_m2": 400.0, "cost": 15.0},
    ]
    for first, own in ((10.0, 1400), (15.0, 1200)):
        phases = (PlanPhase("近期", 1, budget=first), PlanPhase("远期", 2, budget=25.0))
        found = solved(inputs(sites(*rows), p=2, asked={"budget": 25.0, "phases": phases}))
        assert (found["status"], found["objective"], set(found["areas"])) == ("optimal", 1000, {"C1", "C3"})
        near, far = found["phases"]
        assert (near["objective"], near["own_optimum"], near["own_bound"], near["cost_of_commitment"]) == (
            own,
            own,
            own,
            0,
        )
        assert (near["budget"], near["spent"], far["spent"], far["own_optimum"]) == (first, first, 25, 1000)
