"""Whole runs with screening and with each way of making candidates, on the paper town and on the grid town."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import geopandas as gpd
import gridstudy
import gridtown
import openpyxl
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from shapely.geometry import Point, box

import planning
from planning import export, report, runs, webmap
from planning import plan as plans
from planning.cli import main
from planning.errors import InputRefused
from planning.plan import Generate, Screen, Siting
from planning.plan._screen import DEFAULTS

X0, Y0 = papertown.X0, papertown.Y0


def town(folder: Path, siting: str, *, given: bool = True, inputs: str = "", **tables: gpd.GeoDataFrame) -> Path:
    """Write the paper town; ``siting`` is what follows ``p = 2``, ``inputs`` names further inputs."""
    path = papertown.write(folder, more=siting, **tables)
    text = path.read_text("utf-8")
    if not given:
        text = text.replace('[inputs.candidates]\npath = "candidates.gpkg"\n', "")
    path.write_text(text.replace("[inputs.units]", f"{inputs}\n[inputs.units]"), "utf-8")
    return path


def places(kinds: list[str | None], *points: tuple[float, float], key: str) -> gpd.GeoDataFrame:
    shapes = [papertown.at(x, y) for x, y in points]
    ids = [f"P{number}" for number in range(1, len(points) + 1)]
    return gpd.GeoDataFrame({key: ids, "kind": kinds}, geometry=shapes, crs=papertown.CRS)


SCREEN = """
[[siting.screen]]
rule = "away"
name = "避让加油站"
from = "hazards"
kinds = ["加油站"]
at_least_m = 50
[[siting.screen]]
rule = "near"
to = "medical"
at_most_m = 400
by = "walk"
verdict = "prefer"
[[siting.screen]]
rule = "floor_area"
at_least_m2 = "minimum"
[[siting.screen]]
rule = "ownership"
is = ["public"]
"""
INPUTS = '[inputs.hazards]\npath = "hazards.gpkg"\n[inputs.medical]\npath = "medical.gpkg"'


@pytest.mark.slow
def test_a_run_with_screening_from_files_to_sheets(tmp_path):
    """A petrol station 49.999 m from H3 takes it out, so H1 (or H2) alone is left worth opening: 1 + 6 of 63.

    The hospital stands 400 m down the street from H2 and 0 from H1: both are near; ownership is not given at all.
    """
    plan = town(
        tmp_path,
        SCREEN,
        inputs=INPUTS,
        hazards=places(["加油站", "变电站"], (2950, 49.999), (1900, 0), key="hazard_id"),
        medical=places(["clinic"], (1900, 0), key="medical_id"),
    )
    result = planning.run(planning.load(plan))
    summary = result.summary
    assert summary["candidates"] == {
        "total": 3, "candidate": 2, "required": 0, "forbidden": 1, "preferred": 2, "suggested": 0,
    }  # fmt: skip
    assert [site["facility_id"] for site in summary["siting"]["sites"]] == ["H1"]
    assert summary["siting"]["objective"] == 7
    table = result.screening.set_index(["facility_id", "rule_number"])
    assert table.loc[("H3", 1), ["value", "limit", "outcome", "verdict", "reason", "target", "rule_name"]].tolist() == [
        "49.999", "≥ 50", "fails", "forbidden", "too_near", "P1", "避让加油站",
    ]  # fmt: skip
    assert table.xs(2, level=1)["value"].tolist() == ["0", "400", "1050"]
    assert table.xs(2, level=1)["outcome"].tolist() == ["meets", "meets", "fails"]
    assert table.xs(4, level=1)["verdict"].tolist() == ["flagged"] * 3, "an empty cell is no pass, and says so"
    assert "screen_column_empty" in {fault.code for fault in result.inputs.faults}

    export.geopackage(result, tmp_path / "results.gpkg")
    layer = gpd.read_file(tmp_path / "results.gpkg", layer="candidates").set_index("facility_id")
    assert layer["role_used"].tolist() == ["candidate", "candidate", "forbidden"]
    assert layer["role"].tolist() == ["candidate"] * 3
    assert layer.loc["H3", "reasons"] == "too_near;value_missing"
    assert layer.loc["H1", "unknown"] == "4"
    book = openpyxl.load_workbook(io.BytesIO(report.workbook(result)))
    assert {"备选点筛选表", "备选点位一览表"} <= set(book.sheetnames)
    cells = {cell for row in book["备选点筛选表"].iter_rows(values_only=True) for cell in row}
    assert {"避让加油站", "距离过近", "排除", "优先", "待核实", "49.999"} <= cells
    assert "距离过近" in webmap.page(result, language="zh")


GENERATED = {
    "grid": ('generate = { from = "grid", spacing_m = 500 }', "", {}),
    "parcels": (
        'generate = "parcels"\nscreen = [{ rule = "land_use", not = ["M*"] }, { rule = "available", by = 2030-01-01 }]',
        '[inputs.parcels]\npath = "parcels.gpkg"',
        {
            "parcels": gpd.GeoDataFrame(
                {"parcel_id": ["a", "b", "c"], "用地性质": ["A6", "M1", "A6"], "面积": [900.0, 900.0, None]},
                geometry=[box(X0 + x, Y0 + 10, X0 + x + 20, Y0 + 40) for x in (1890, 1490, 2950)],
                crs=papertown.CRS,
            )
        },
    ),
    "idle_assets": (
        'generate = "idle_assets"',
        "",
        {"facilities": papertown.facilities().assign(status=["operating", "idle", "operating", "idle", "operating"])},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", GENERATED)
def test_a_run_with_candidates_the_tool_made(tmp_path, way):
    """Of parcels b is industrial; c serves D (8), a serves B and C (6). Idle K2 and T1 both serve B and C: K2."""
    siting, inputs, tables = GENERATED[way]
    plan = town(tmp_path, siting, given=False, inputs=inputs, **tables)
    checked = CliRunner().invoke(main, ["check", str(plan), "--json"])
    assert checked.exit_code == 0, checked.output
    done = runs.run(plan, out=tmp_path / "out")
    layer = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="candidates")
    assert layer["suggested"].all()
    assert layer["name"].str.contains("建议").all()
    sites = [site["facility_id"] for site in done.result.summary["siting"]["sites"]]
    expected = {"parcels": ["S-parcel-c", "S-parcel-a"], "idle_assets": ["S-idle-K2"]}
    if way in expected:
        assert sites == expected[way]
    assert set(sites) <= set(layer.loc[layer["role_used"] == "candidate", "facility_id"])
    assert all(site["suggested"] is True for site in done.result.summary["siting"]["sites"])
    assert gpd.read_file(tmp_path / "out" / "results.gpkg", layer="sites")["suggested"].all()
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    for sheet in ("备选点位一览表", "规划选址表"):
        assert any("工具建议" in str(row[0]) for row in book[sheet].iter_rows(max_row=6, values_only=True)), sheet
    assert "建议" in (tmp_path / "out" / "map.html").read_text("utf-8")
    again = runs.run(plan, out=tmp_path / "again")
    assert again.run_id == done.run_id
    for name in ("summary.json", "results.gpkg", "tables.xlsx", "map.html"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


@pytest.mark.slow
def test_a_room_suggested_as_a_site_is_no_second_room(tmp_path):
    """K2 and T1 stand idle: what they could give an area is never offered as a new site beside its own return."""
    status = ["operating", "idle", "operating", "idle", "operating"]
    plan = town(
        tmp_path, 'generate = "idle_assets"', given=False, facilities=papertown.facilities().assign(status=status)
    )
    found = planning.run(planning.load(plan))
    assert not found.remedies["facility_id"].str.startswith("S-idle").any()
    assert [site["facility_id"] for site in found.summary["siting"]["sites"]] == ["S-idle-K2"]
    assert "K2" not in set(found.remedies["facility_id"]), "it becomes a street centre"


# -------------------------------------------------------------------------------------------------------- refusals


def test_every_fault_of_the_rules_comes_at_once(tmp_path):
    plan = town(
        tmp_path,
        """
generate = { from = "grit", spacing_m = 500 }
[[siting.screen]]
rule = "flor_area"
[[siting.screen]]
rule = "floor_area"
[[siting.screen]]
rule = "floor_area"
at_least_m2 = "350㎡"
[[siting.screen]]
rule = "near"
to = "medcal"
at_most_km = 1
[[siting.screen]]
rule = "ownership"
is = ["pubic"]
verdict = "forbidden"
[[siting.screen]]
rule = "near"
to = "medical"
at_most_m = 300
verdict = "prefer"
unknown = "forbid"
[[siting.screen]]
rule = "column"
column = "层高"
is = ["a"]
at_least = 3
[[siting.screen]]
rule = "away"
from = "barriers"
at_least_m = 30
by = "walk"
[[siting.screen]]
at_least_m2 = 3
""",
    )
    with pytest.raises(InputRefused) as refused:
        plans.read(plan)
    said = [(fault.code, fault.column, fault.facts.get("nearest")) for fault in refused.value.faults]
    assert sorted(said, key=str) == sorted(
        [
            ("plan_unknown_word", "siting.screen[1].rule", "floor_area"),
            ("plan_missing_key", "siting.screen[2].at_least_m2", None),
            ("plan_bad_value", "siting.screen[3].at_least_m2", None),
            ("plan_unknown_key", "siting.screen[4].at_most_km", "siting.screen[4].at_most_m"),
            ("plan_unknown_word", "siting.screen[4].to", "medical"),
            ("plan_missing_key", "siting.screen[4].at_most_m", None),
            ("plan_bad_value", "siting.screen[5].is", None),
            ("plan_unknown_word", "siting.screen[5].verdict", "forbid"),
            ("plan_screen_unknown", "siting.screen[6].unknown", None),
            ("plan_screen_both", "siting.screen[7]", None),
            ("plan_screen_walk", "siting.screen[8].by", None),
            ("plan_missing_key", "siting.screen[9].rule", None),
            ("plan_unknown_word", "siting.generate.from", "grid"),
        ],
        key=str,
    )
    assert all("{" not in fault.message() + fault.remedy() for fault in refused.value.faults)


@pytest.mark.parametrize(
    "siting",
    ["screen = 3", "screen = [3]", "generate = 3", 'generate = ["grid"]', 'generate = "gird"',
     'generate = { spacing_m = 3 }',
     'generate = { from = "grid", spacing_m = 3 }', 'generate = { from = "grid", spacing = 300 }',
     '[[siting.screen]]\nrule = ["floor_area"]'],
)  # fmt: skip
def test_what_is_no_rule_and_no_way_is_refused(tmp_path, siting):
    with pytest.raises(InputRefused):
        plans.read(town(tmp_path, siting, given=False))


def test_a_layer_that_is_missing_and_one_without_a_crs(tmp_path):
    plan = town(tmp_path, SCREEN, inputs='[inputs.hazards]\npath = "hazards.geojson"')
    (tmp_path / "hazards.csv").write_text("hazard_id,kind,lon,lat\n1,加油站,117,36\n", "utf-8")
    plan.write_text(plan.read_text("utf-8").replace("hazards.geojson", "hazards.csv"), "utf-8")
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    codes = [fault["code"] for fault in json.loads(done.stdout)["faults"] if fault["severity"] == "error"]
    assert done.exit_code == 1
    assert codes, "longitudes and latitudes without a datum are refused at the door"
    good = places(["加油站"], (0, 0), key="hazard_id")
    plan = town(tmp_path / "b", SCREEN, inputs='[inputs.hazards]\npath = "hazards.gpkg"', hazards=good)
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    errors = [fault for fault in json.loads(done.stdout)["faults"] if fault["severity"] == "error"]
    assert [(fault["code"], fault["column"]) for fault in errors] == [("screen_layer_absent", "siting.screen[2].to")]


def test_rules_without_candidates_and_parcels_without_parcels(tmp_path):
    plan = town(tmp_path, SCREEN, given=False)
    with pytest.raises(InputRefused) as refused:
        planning.run(planning.load(plan))
    assert "screen_without_candidates" in {fault.code for fault in refused.value.faults}
    plan = town(tmp_path / "b", 'generate = "parcels"', given=False)
    with pytest.raises(InputRefused) as refused:
        planning.run(planning.load(plan))
    assert [fault.code for fault in refused.value.faults if fault.severity == "error"] == ["generate_without_parcels"]


def test_more_sites_than_screening_leaves_and_a_required_site_it_forbids(tmp_path):
    small = papertown.candidates().assign(max_floor_area_m2=[100.0, 100.0, 800.0])
    rule = '[[siting.screen]]\nrule = "floor_area"\nat_least_m2 = 350'
    plan = town(tmp_path, rule, candidates=small)
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    faults = {fault["code"]: fault for fault in json.loads(done.stdout)["faults"]}
    assert done.exit_code == 1
    assert "2 个" in faults["screen_p_above"]["message"]
    with pytest.raises(InputRefused) as refused:
        planning.run(planning.load(town(tmp_path / "b", rule, candidates=small.assign(role=["required", "", ""]))))
    assert ("screen_required_forbidden", "H1") in {(fault.code, fault.value) for fault in refused.value.faults}


# ------------------------------------------------------------------------------------------------- on the grid town


def study(
    rules: list[Screen], generate: Generate | None = None, *, seed: int | None = None, p: int = 1, **more: Any
) -> Any:
    """Run siting on the grid town with two candidates, every table's rows mixed by ``seed``."""
    tables: dict[str, Any] = dict(more)
    if generate is None:
        tables["candidates"] = gridtown.candidates()
    for name in ("roads", "residential", "facilities", "entrances"):
        tables.setdefault(name, getattr(gridtown, name)())
    if seed is not None:
        tables = {name: one.sample(frac=1, random_state=seed).reset_index(drop=True) for name, one in tables.items()}
    asked = Siting(p=p, screen=tuple(rules), generate=generate)
    inputs = gridstudy.inputs(siting=asked, **tables)
    return planning.run(inputs, parts=frozenset({"coverage", "siting"}))


def hospital(x: float, y: float) -> gpd.GeoDataFrame:
    return gridtown.table("medical", {"medical_id": ["M"]}, [Point(gridtown.X0 + x, gridtown.Y0 + y)])


def test_walks_go_round_the_river():
    """A hospital on the street at (600, 400): C1 (300, 370) walks 30 + 100 + 400 + 200 + 400 = 1130 m, 300 m straight.

    C2 (830, 300) walks 30 + 100 + 200 = 330 m.
    """
    rules = [
        Screen("near", facts={"to": "medical", "at_most_m": 1130, "by": "walk"}),
        Screen("near", facts={"to": "medical", "at_most_m": 1129.999, "by": "walk"}),
        Screen("near", facts={"to": "medical", "at_most_m": 302, "by": "straight"}),
    ]
    table = study(rules, medical=hospital(600, 400)).screening
    assert table["value"].tolist() == ["1130", "1130", "301.496", "330", "330", "250.799"]
    assert table["outcome"].tolist() == ["meets", "fails", "meets", "meets", "meets", "meets"]


def test_a_way_to_an_island_and_a_place_far_off():
    """R7's island has no way to it; a hospital 1500 m west of any street is off the network: too far even straight."""
    near = Screen("near", facts={"to": "medical", "at_most_m": 5000, "by": "walk"})
    island = study([near], p=0, medical=hospital(100, 3000))
    assert island.screening["reason"].tolist() == ["unreachable"] * 2
    near = Screen("near", facts={"to": "medical", "at_most_m": 2000, "by": "walk"})
    far = study([near], p=0, medical=hospital(-1500, 340))
    assert far.screening["reason"].tolist() == ["target_off_network", "unreachable"], "C1 is 1800 m from it, C2 2330 m"


@pytest.mark.slow
@pytest.mark.parametrize("orders", [20])
def test_no_order_of_rows_changes_screening_or_sites(orders):
    rules = [
        Screen("near", "prefer", facts={"to": "medical", "at_most_m": 900, "by": "walk"}),
        Screen("column", facts={"column": "beds", "at_least": 1}),
    ]
    first = study(rules, medical=hospital(600, 400))
    grid = Generate("grid", dict(DEFAULTS["grid"]) | {"spacing_m": 300})
    made = study(rules[:1], grid, medical=hospital(600, 400))
    for seed in range(orders):
        again = study(rules, seed=seed, medical=hospital(600, 400))
        pd.testing.assert_frame_equal(again.screening, first.screening)
        assert again.summary["siting"]["sites"] == first.summary["siting"]["sites"]
    for seed in random.Random(0).sample(range(100), max(orders // 4, 1)):
        again = study(rules[:1], grid, seed=seed, medical=hospital(600, 400))
        pd.testing.assert_frame_equal(pd.DataFrame(again.candidates), pd.DataFrame(made.candidates))
        assert again.summary["siting"]["sites"] == made.summary["siting"]["sites"]


def test_a_plan_without_rules_gives_what_it_gave():
    """No layer, no column and no entry more."""
    plain = study([])
    assert plain.candidates is None
    assert plain.screening.empty
    assert "candidates" not in plain.summary
    assert not {"preferred", "suggested", "role_given", "screen_reasons"} & set(plain.facilities.columns)


@pytest.mark.slow
def test_settled_twice_is_settled_once():
    """A result's own inputs run again give the same answer: the role used is not taken for the role given."""
    rules = [Screen("column", facts={"column": "kind", "is": ("station",)})]
    with pytest.raises(InputRefused):
        study(rules)
    rules = [Screen("near", facts={"to": "medical", "at_most_m": 400, "by": "walk"})]
    first = study(rules, medical=hospital(600, 400))
    again = planning.run(first.inputs, parts=frozenset({"coverage", "siting"}))
    assert first.candidates["role_used"].tolist() == ["forbidden", "candidate"]
    pd.testing.assert_frame_equal(pd.DataFrame(again.candidates), pd.DataFrame(first.candidates))
    assert again.candidates["role"].tolist() == first.candidates["role"].tolist()
