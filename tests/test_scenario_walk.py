"""The walk that is drawn is the walk that was measured: to the millimetre, along roads, from a gate to the facility."""

from __future__ import annotations

import gridstudy
import gridtown
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planning import scenario
from planning.plan import Siting, Walk
from planning.scenario import Barrier, Gate, Place, SwitchOff


@pytest.fixture(scope="module")
def bases() -> list[scenario.Base]:
    """The grid town with gates, with inferred ones (stretches among them), and with stairs and crossings to mind."""
    tables = {"candidates": gridtown.candidates(), "units": gridtown.units()}
    slow = Walk(crossing_s=30.0)
    return [
        scenario.prepare_inputs(gridstudy.inputs(walk, siting=Siting(p=1), **tables, **more))
        for walk, more in ((None, {}), (None, {"entrances": None}), (slow, {}))
    ]


def begun(base: scenario.Base, *edits: scenario.Edit) -> scenario.Scenario:
    made = scenario.begin("x", base.inputs.plan, base.inputs.crs.to_string())
    for edit in edits:
        made = made.edited(edit)
    return made


def test_a_walk_goes_over_the_bridge(bases):
    """F1 to R5: 70 m of legs and 600 m of street, by the bridge at y = 0."""
    found = scenario.walk(bases[0], begun(bases[0], SwitchOff("F2")), "R5")
    assert found is not None
    assert (found.facility_id, found.length_m) == ("F1", 670)
    assert found.line.length == pytest.approx(670)
    corners = shapely.get_coordinates(found.line) - (gridtown.X0, gridtown.Y0)
    assert corners[0].tolist() == [700, 40]
    assert corners[-1].tolist() == [100, -30]
    assert [400.0, 0.0] in corners.tolist()


def test_who_reaches_nobody_has_no_walk(bases):
    for area in ("R7", "R8"):
        assert scenario.walk(bases[0], begun(bases[0]), area) is None
    none = begun(bases[0], SwitchOff("F1"), SwitchOff("F2"))
    assert scenario.walk(bases[0], none, "R1") is None


SPOT = st.tuples(st.integers(-50, 850), st.integers(-50, 650)).map(
    lambda xy: (gridtown.X0 + xy[0], gridtown.Y0 + xy[1])
)
WALL = st.tuples(SPOT, SPOT).filter(lambda pair: pair[0] != pair[1])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    which=st.integers(0, 2), site=SPOT, wall=st.tuples(SPOT, SPOT).filter(lambda pair: pair[0] != pair[1]), gate=SPOT
)
def test_law_the_walk_drawn_is_the_distance_told(bases, which, site, wall, gate):
    base = bases[which]
    made = begun(base, Place("N01", "n", *site), Barrier(wall), Gate("R2", *gate))
    areas = scenario.figures(base, made).areas
    for name, row in areas.iterrows():
        found = scenario.walk(base, made, name)
        if row["distance_m"] != row["distance_m"]:
            assert found is None
            continue
        assert found.facility_id == row["facility_id"]
        if which < 2:
            assert found.length_m == row["distance_m"]
            assert found.line.length == pytest.approx(row["distance_m"], abs=0.02)  # each piece rounded to a millimetre
        else:
            assert found.length_m >= row["distance_m"] - 0.0005
        step = np.hypot(*np.diff(shapely.get_coordinates(found.line), axis=0).T)
        assert step.sum() == pytest.approx(found.line.length)
