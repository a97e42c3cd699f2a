"""The floor-area law after an edit: what is asked again alone gives the rows of asking everything.

The oracle judges every area by one call. The towns are random: pools, rooms that serve several areas, an unknown one
or a pool, rooms that stand in one area and serve another, areas that state their own rooms, dates that decide service,
areas nobody can call new or existing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import gridstudy
import gridtown
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from planning import compliance, scenario
from planning.scenario import Change, Scenario, SwitchOff
from planning.study import grounds, sums, verdicts

AREAS = sorted(gridtown.BOXES)
ROOMS = [f"K{number}" for number in range(6)]
DAYS = (date(2018, 1, 1), date(2025, 12, 31), date(2031, 6, 30))


def room() -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from([*AREAS, "P1", "P2", "nobody"]), unique=True, max_size=3)
    return st.fixed_dictionaries(
        {
            "level": st.sampled_from(["community", "village", "street"]),
            "kind": st.sampled_from(["centre", "institution"]),
            "status": st.sampled_from(["operating", "planned", "closed", "handed_over"]),
            "opened": st.sampled_from([None, "2015", "2020-05", "2030-01-01"]),
            "closed": st.sampled_from([None, "2026", "2019-01-01"]),
            "floor_area_m2": st.sampled_from([None, 60.0, 150.25, 200.0, 450.0]),
            "serves": names.map(lambda ids: ";".join(ids) or None),
            "stands": st.sampled_from([*AREAS, None]),
        }
    )


def town() -> st.SearchStrategy[dict[str, Any]]:
    n = len(AREAS)
    return st.fixed_dictionaries(
        {
            "rooms": st.lists(room(), min_size=len(ROOMS), max_size=len(ROOMS)),
            "pool": st.lists(st.sampled_from([None, None, "P1", "P2"]), min_size=n, max_size=n),
            "built": st.lists(st.sampled_from(["new", "existing", None]), min_size=n, max_size=n),
            "stated": st.lists(st.sampled_from([None, None, 0.0, 90.0, 400.0]), min_size=n, max_size=n),
            "households": st.lists(st.sampled_from([None, 0.0, 333.0, 1000.0, 2750.5]), min_size=n, max_size=n),
        }
    )


def prepared(said: dict[str, Any]) -> scenario.Base:
    residential = gridtown.residential().assign(
        built=pd.Series(said["built"], dtype="str"),
        care_floor_area_m2=pd.Series(said["stated"], dtype="float64"),
        households=pd.Series(said["households"], dtype="float64"),
    )
    inside = {name: residential.geometry[place].representative_point() for place, name in enumerate(AREAS)}
    outside = Point(gridtown.X0 - 900, gridtown.Y0 - 900)
    rooms = gridtown.table(
        "facilities",
        {"facility_id": ROOMS, **{name: [one[name] for one in said["rooms"]] for name in said["rooms"][0]
                                  if name != "stands"}},
        [inside.get(one["stands"], outside) for one in said["rooms"]],
    )  # fmt: skip
    pooled = {area: pool for area, pool in zip(AREAS, said["pool"], strict=True) if pool}
    pools = pd.DataFrame({"residential_id": list(pooled), "pool_id": list(pooled.values())}, dtype="str")
    facilities = pd.concat([gridtown.facilities(), rooms], ignore_index=True)
    more = {"pools": pools} if pooled else {}
    return scenario.prepare_inputs(
        gridstudy.inputs(
            residential=residential, facilities=gpd.GeoDataFrame(facilities, crs=gridtown.CRS),
            switches={"pooling": True}, candidates=gridtown.candidates(), **more,
        )
    )  # fmt: skip


def hold(base: scenario.Base, made: Scenario) -> None:
    """Hold the scenario's law against one call over everything."""
    shown = scenario.figures(base, made)
    inputs = scenario.applied(base.inputs, made)
    ground = replace(base.ground, facilities=grounds.facilities(inputs))
    wanted = verdicts.assess(inputs, ground)
    assert dict(shown.compliance) == sums.known(wanted.summary)
    for name in ("verdict", "shortfall_m2"):
        pd.testing.assert_series_equal(shown.areas[name], wanted.residential[name], check_names=False)


def steps(off: list[str], day: date) -> list[scenario.Edit]:
    return [*map(SwitchOff, off), Change("as_of", day)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=town(), off=st.lists(st.sampled_from(ROOMS), unique=True), day=st.sampled_from(DAYS))
def test_law_what_is_asked_again_is_what_all_would_say(said, off, day):
    hold_every_step(said, off, day)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=town(), off=st.lists(st.sampled_from(ROOMS), unique=True), day=st.sampled_from(DAYS))
def test_law_what_is_asked_again_is_what_all_would_say_often(said, off, day):
    hold_every_step(said, off, day)


def hold_every_step(said: dict[str, Any], off: list[str], day: date) -> None:
    base = prepared(said)
    made = scenario.begin("x", base.inputs.plan, base.inputs.crs.to_string())
    for edit in steps(off, day):
        made = made.edited(edit)
    hold(base, made)


def test_a_room_switched_off_asks_only_its_neighbours(monkeypatch):
    """K0 serves R1 and R2, which pools with R3: of eight areas three are judged anew."""
    rooms = [{"level": "community", "kind": "centre", "status": "operating", "opened": None, "closed": None,
              "floor_area_m2": 300.0, "serves": serves, "stands": None}
             for serves in ("R1;R2", "R4", "R5", "R6", "R7", "R8")]  # fmt: skip
    pool = [None, "P1", "P1", None, None, None, None, None]
    base = prepared({"rooms": rooms, "pool": pool, "built": ["new"] * 8, "stated": [None] * 8,
                     "households": [1000.0] * 8})  # fmt: skip
    asked: list[list[str]] = []
    whole = compliance.assess

    def counted(residential, *arguments, **options):
        asked.append(residential["residential_id"].tolist())
        return whole(residential, *arguments, **options)

    monkeypatch.setattr(compliance, "assess", counted)
    made = scenario.begin("x", base.inputs.plan, base.inputs.crs.to_string())
    scenario.figures(base, made)
    scenario.figures(base, made.edited(SwitchOff("K0")))
    assert asked == [AREAS, ["R1", "R2", "R3"]]


def test_a_room_that_stands_in_an_area_and_serves_another_still_replaces_what_the_area_states():
    """R3 pools with R1 and states 400 m², which K0 inside it replaces though it serves R2: K1 off, nothing is left."""
    common = {"level": "community", "kind": "centre", "status": "operating", "opened": None, "closed": None,
              "floor_area_m2": 300.0}  # fmt: skip
    rooms = [{**common, "serves": "R2", "stands": "R3"}, {**common, "serves": "R1", "stands": None},
             *({**common, "serves": one, "stands": None} for one in ("R5", "R6", "R7", "R8"))]  # fmt: skip
    pool = ["P1", None, "P1", *[None] * 5]
    base = prepared({"rooms": rooms, "pool": pool, "built": ["new"] * 8, "stated": [None, None, 400.0, *[None] * 5],
                     "households": [1000.0] * 8})  # fmt: skip
    made = scenario.begin("x", base.inputs.plan, base.inputs.crs.to_string()).edited(SwitchOff("K1"))
    hold(base, made)
    assert scenario.figures(base, made).areas.loc["R1", "verdict"] == "fails"
