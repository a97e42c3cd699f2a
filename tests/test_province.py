"""A province run county by county: the same figures as one run over everything, the same bytes whoever runs it."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import province_misdeeds
import pytest
import shapely

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "data"))

import make_province  # noqa: E402

from planning import province, runs, study  # noqa: E402
from planning.errors import InputRefused, WrongUsage  # noqa: E402
from planning.province import _county, _executors, _halo, _intake, _merge, _split, _tables, _work  # noqa: E402

TINY = make_province.Size(counties=4, across=2, towns=2, areas=8, nodes=225, side_m=3000.0, seed=3)
WIDER = make_province.Size(counties=6, across=3, towns=3, areas=20, nodes=625, side_m=5000.0, seed=11)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNING_CACHE", str(tmp_path / "cache"))


def made(folder: Path, size: make_province.Size = TINY, *, roads: str = "gpkg", far_m: float = 1000.0) -> Path:
    plan = make_province.main(folder, size, roads=roads)
    plan.write_text(plan.read_text("utf-8") + f"\n[walk]\nfar_m = {far_m}\n", "utf-8")
    return plan


def written(folder: Path) -> dict[str, str]:
    """Return every file of a run with its hash; the record itself says which run it is."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert runs.verify(folder) == ()
    return {entry["path"]: entry["sha256"] for entry in record["outputs"]} | {"run.json": record["run_id"]}


def layer(folder: Path, name: str = "residential") -> gpd.GeoDataFrame:
    return gpd.read_file(folder / "province.gpkg", layer=name)


# --------------------------------------------------------------------------------------------------------- the plan


def test_a_province_plan_looks_ten_kilometres_far_unless_it_says_so(tmp_path):
    plan = make_province.main(tmp_path, TINY)
    found = province.read(plan)
    assert found.settings.walk.far_m == 10_000
    assert "walk.far_m" in found.settings.defaults
    assert province.is_province(plan)
    assert not province.is_province(ROOT / "data" / "sample" / "plan.toml")


def test_far_may_not_be_nearer_than_what_is_reported(tmp_path):
    """The bands go up to 1000 m: 1000 is enough, 999.9 is not."""
    assert province.read(made(tmp_path, far_m=1000)).settings.walk.far_m == 1000
    with pytest.raises(InputRefused) as refused:
        province.read(made(tmp_path, far_m=999.9))
    assert [fault.code for fault in refused.value.faults] == ["plan_far_short"]


def listed(folder: Path, *entries: str, head: str = "") -> Path:
    plan = folder / "province.toml"
    body = "".join(f"[[province.counties]]\n{entry}\n" for entry in entries)
    plan.write_text(f'[plan]\nname = "省"\n[province]\n{head}\n{body}', "utf-8")
    return plan


def codes(plan: Path) -> list[tuple[str, str]]:
    with pytest.raises(InputRefused) as refused:
        province.read(plan)
    return [(fault.code, fault.column) for fault in refused.value.faults]


def test_a_list_of_counties_is_checked_to_the_last_key(tmp_path):
    plan = listed(tmp_path, 'code = "61/0101"\nplan = "a.toml"\nplann = 1', 'name = "x"', head="far = 3\nfar_m = -1")
    assert codes(plan) == [
        ("plan_unknown_key", "province.far"),
        ("plan_bad_value", "province.far_m"),
        ("province_code_odd", "province.counties #1"),
        ("plan_unknown_key", "province.counties #1.plann"),
        ("plan_missing_key", "province.counties #2.code"),
        ("plan_missing_key", "province.counties #2.plan"),
    ]


def test_two_executors_and_no_workers_are_refused():
    with pytest.raises(WrongUsage):
        _executors.executor(2, "tcp://x:1")
    with pytest.raises(WrongUsage):
        _executors.executor(0, None)
    assert _executors.executor(None, None).name == "serial"


# ------------------------------------------------------------------------------------------------------ small parts


def test_tables_come_back_as_they_went(tmp_path):
    """Missing cells, ids as text, whole numbers that may be missing, flags, node ids with gaps."""
    nodes = np.empty(3, dtype=object)
    nodes[:] = [("1", None, "2"), np.nan, ("2", "3")]
    table = gpd.GeoDataFrame(
        {
            "road_id": pd.Series(["a", None, "c"], dtype="str"),
            "level": pd.array([1, None, -1], dtype="Int64"),
            "walkable": pd.array([True, None, False], dtype="boolean"),
            "extra_s": [0.1, math.nan, 3.0],
            "node_ids": nodes,
        },
        geometry=[shapely.LineString([(0, 0), (0.1, 1 / 3), (2, 2)]), None, shapely.LineString([(5, 5), (6, 6)])],
        crs=make_province.CRS,
    )
    _tables.save(table, tmp_path / "t")
    back = _tables.fetch(tmp_path / "t")
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(table))
    assert back.crs == table.crs
    assert back.geometry.iloc[0].equals_exact(table.geometry.iloc[0])


def test_boxes_are_near_rather_than_not():
    """A degree of latitude is 110.6 to 111.7 km; of longitude 91 km at 35° N."""
    here = (108.0, 34.0, 109.0, 35.0)
    assert _halo.near(here, (109.1, 34.5, 110, 35), 9_200)
    assert not _halo.near(here, (109.2, 34.5, 110, 35), 9_200)
    assert _halo.near(here, (108, 35.09, 109, 36), 10_000)
    assert not _halo.near(here, None, 1e9)


def test_ids_that_a_neighbour_has_too_get_its_code():
    own = gpd.GeoDataFrame({"facility_id": ["F1", "F2"]}, geometry=gpd.points_from_xy([0, 1], [0, 0]), crs=4545)
    other = gpd.GeoDataFrame({"facility_id": ["F2", "F3"]}, geometry=gpd.points_from_xy([2, 3], [0, 0]), crs=4545)
    found = _halo._joined("facilities", own, {"610102": other, "610103": other})["facilities"]
    assert found["facility_id"].tolist() == ["F1", "F2", "610102:F2", "F3", "610103:F2", "610103:F3"]
    assert found["neighbour"].tolist() == [False, False, True, True, True, True]


def test_roads_that_meet_the_ground_come_whole_with_those_they_meet():
    """Ground 0 … 10. A: 5 → 15, B: from A's far end on, C: from B's far end on: A and B come, C does not."""
    ground = shapely.box(0, -5, 10, 5)
    shapely.prepare(ground)
    lines = [[(5, 0), (15, 0)], [(15, 0), (25, 0)], [(25, 0), (35, 0)]]
    other = gpd.GeoDataFrame({"road_id": list("ABC")}, geometry=[shapely.LineString(one) for one in lines], crs=4545)
    own = gpd.GeoDataFrame({"road_id": ["o"]}, geometry=[shapely.LineString([(1, 0), (5, 0)])], crs=4545)

    asked = SimpleNamespace(inputs={"roads": SimpleNamespace(heal_gaps_m=None)})
    found = _halo._roads(own, {"x": other}, ground, asked)
    assert found["x"]["road_id"].tolist() == ["A", "B"]


def of_county(**figures) -> dict:
    counts = {"residential_total": 4, "residential_covered": 1, "residential_lower": 0, "residential_upper": 2}
    beside = {"radius_m": 900, "minutes": 15, "unreachable": 0, "unsnapped": 0, "residential_share": 0.25}
    return beside | counts | figures


def test_figures_add_up_and_shares_are_taken_over_the_sums():
    """8 + 0 of 16 + 16 households; one county knows of no households at all: its areas are missing, not 0."""
    households = {"households_total": 16, "households_covered": 8, "households_lower": 8, "households_upper": 8,
                  "households_share": 0.5, "households_missing": 0}  # fmt: skip
    nothing = dict.fromkeys(households) | {"households_missing": 4}
    found = _merge._added(
        [of_county(**households), of_county(**households | {"households_covered": 0}), of_county(**nothing)]
    )
    assert (found["residential_total"], found["residential_share"]) == (12, 0.25)
    assert (found["households_total"], found["households_covered"], found["households_share"]) == (32, 8, 0.25)
    assert found["households_missing"] == 4
    none = _merge._added([of_county(**nothing), of_county(**nothing)])
    assert (none["households_total"], none["households_share"], none["households_missing"]) == (None, None, 8)


def test_floor_area_of_counties_where_nobody_can_be_judged_is_unknown(tmp_path):
    def county(meets, fails, silent, lacking):
        figures = {"required_m2": lacking, "shortfall_m2": lacking, "meets": meets, "fails": fails,
                   "not_assessable": silent, "meets_share": None}  # fmt: skip
        return _merge.County("1", "", tmp_path, "", {"compliance": figures})

    known = _merge.compliance([county(1, 3, 0, 64.0), county(0, 0, 5, None)])
    assert (known["shortfall_m2"], known["meets_share"], known["not_assessable"]) == (64, 0.25, 5)
    silent = _merge.compliance([county(0, 0, 2, None), county(0, 0, 5, None)])
    assert (silent["shortfall_m2"], silent["meets_share"]) == (None, None)


def test_one_run_at_a_time_holds_a_folder(tmp_path):
    with _work.held(tmp_path / "out") as work:
        with pytest.raises(InputRefused) as refused, _work.held(tmp_path / "out"):
            pass
        assert [fault.code for fault in refused.value.faults] == ["province_locked"]
        assert str(os.getpid()) in refused.value.faults[0].value
        assert _work.status(tmp_path / "out")["state"] == "running"
        work.log("here", code="1")
    found = _work.status(tmp_path / "out")
    assert (found["state"], found["alive"]) == ("done", False)
    events = [json.loads(line)["event"] for line in Path(found["log"]).read_text("utf-8").splitlines()]
    assert events == ["began", "here", "done"]
    assert _work.status(tmp_path / "elsewhere") is None


def test_a_run_that_fails_or_is_cancelled_says_so(tmp_path):
    for error, state in ((KeyboardInterrupt, "cancelled"), (RuntimeError, "failed")):
        with pytest.raises(error), _work.held(tmp_path / "out"):
            raise error
        assert _work.status(tmp_path / "out")["state"] == state


def test_a_program_of_another_version_is_refused():
    done = _county.perform("take_in", {"code": "1", "code_hash": "another"})
    assert [fault["code"] for fault in done["faults"]] == ["province_other_version"]


def test_a_stumble_is_told_and_raises_nothing():
    done = _county.perform("take_in", {"code": "1", "code_hash": _intake.code_hash()})
    assert done["failed"].startswith("KeyError")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_county_that_ends_its_worker_every_time_is_set_aside_and_the_others_are_done(tmp_path):
    dies = {"a": "", "b": "always", "c": "once", "d": ""}
    pool = _executors.Processes(2, province_misdeeds.obey)
    specs = [{"code": code, "dies": how, "note": str(tmp_path)} for code, how in dies.items()]
    found = {one["code"]: one for one in pool.each("any", specs)}
    pool.close()
    assert found.keys() == dies.keys()
    assert found["b"]["died"]
    assert [fault["code"] for fault in found["b"]["faults"]] == ["province_worker_died"]
    assert all("pid" in found[code] for code in "acd")


# ----------------------------------------------------------------------------------------------- rows find their county


@pytest.mark.slow
def test_every_row_goes_to_one_county(tmp_path):
    """Nothing is lost and nothing stands twice: the parts add up to the file, roads across the border included."""
    plan = made(tmp_path / "p", roads="pbf")
    settings = province.read(plan).settings
    found = _split.split(settings, tmp_path / "parts", ())
    assert sorted(found.names) == [make_province.code_of(at) for at in range(4)]
    for name in ("residential", "facilities", "units"):
        whole = len(gpd.read_file(plan.parent / f"{name}.gpkg"))
        assert sum(part[name]["rows"] for part in found.parts.values() if name in part) == whole
    roads = sum(part["roads"]["rows"] for part in found.parts.values() if "roads" in part)
    assert roads == len(make_province.road_lines(TINY))
    for code in found.names:
        rows = _tables.read_json(tmp_path / "parts" / code / "residential" / "table.json")
        assert rows["read"] == TINY.areas
    assert _split.split(settings, tmp_path / "parts", ()).parts == found.parts


def test_a_column_of_codes_wins_over_the_polygon(tmp_path):
    plan = made(tmp_path / "p")
    areas = gpd.read_file(tmp_path / "p" / "residential.gpkg")
    areas["县代码"] = 610_104.0
    areas.loc[0, "县代码"] = np.nan  # then the polygon decides: 610101
    areas.loc[1, "县代码"] = 999.0  # no such county
    areas.to_file(tmp_path / "p" / "residential.gpkg", layer="residential")
    plan.write_text(plan.read_text("utf-8").replace("[province]", '[province]\nkey = "县代码"'), "utf-8")
    found = _split.split(province.read(plan).settings, tmp_path / "parts", ())
    rows = {code: part["residential"]["rows"] for code, part in found.parts.items() if "residential" in part}
    assert rows == {"610101": 1, "610104": 30, "_outside": 1}
    assert [fault.code for fault in found.faults] == ["province_areas_outside"]


def changed(plan: Path, name: str, change) -> None:
    path = plan.parent / f"{name}.gpkg"
    change(gpd.read_file(path)).to_file(path, layer=name)


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        (
            "facilities",
            lambda table: table.assign(serves=["610104-A00001"] + [None] * (len(table) - 1)),
            "province_serves_across",
        ),
        (
            "residential",
            lambda table: table.assign(
                residential_id=table["residential_id"].replace("610104-A00002", "610101-A00000"),
            ),
            "province_id_twice",
        ),
    ],
)
def test_what_two_counties_share_by_name_sets_both_aside(tmp_path, name, change, code):
    """The first facility of 610101 serves an area of 610104; an area of 610104 has an id of 610101."""
    plan = made(tmp_path / "p")
    changed(plan, name, change)
    found = _split.split(province.read(plan).settings, tmp_path / "parts", ())
    assert {county: [fault.code for fault in faults] for county, faults in found.missing.items()} == {
        "610101": [code],
        "610104": [code],
    }
    assert all(fault.facts["codes"] == "610101, 610104" for faults in found.missing.values() for fault in faults)


# ------------------------------------------------------------------------------------ one run, or not at all


def same(one: pd.Series, other: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(one) or pd.api.types.is_bool_dtype(other):
        one, other = one.astype(float), other.astype(float)
    if pd.api.types.is_numeric_dtype(one):
        return bool(np.array_equal(one.astype(float), other.astype(float), equal_nan=True))
    texts = [[None if pd.isna(cell) else str(cell) for cell in cells.astype(object)] for cells in (one, other)]
    return texts[0] == texts[1]


@pytest.mark.slow
def test_county_by_county_is_one_run_over_everything(tmp_path):
    """Every column of every area, every sum and every clause, to the last digit; cut out alone, counties differ.

    The halo is 1400 m wide and a county 5000 m, so most roads of the others stay out.
    """
    plan = made(tmp_path / "p", WIDER, roads="pbf", far_m=1200)
    done = province.run(plan, out=tmp_path / "out")
    assert not done.missing
    whole = study.run(runs.load(plan), parts=_county.PARTS)
    theirs = whole.residential.set_index("residential_id").sort_index()
    ours = layer(tmp_path / "out").set_index("residential_id").sort_index()
    assert ours.index.equals(theirs.index)
    assert [name for name in theirs.columns if name != "geometry" and not same(theirs[name], ours[name])] == []
    assert theirs["street_status"].nunique() > 2
    for part in ("coverage", "coverage_band", "compliance"):
        assert done.summary[part] == whole.summary[part]
    assert [row["clause_id"] for row in done.summary["indicators"]] == [
        row["clause_id"] for row in whole.summary["indicators"]
    ]
    assert done.summary["indicators"] == whole.summary["indicators"]
    units = layer(tmp_path / "out", "units").set_index("unit_id").sort_index()
    expected = whole.units.set_index("unit_id").sort_index()
    assert [name for name in expected.columns if name != "geometry" and not same(expected[name], units[name])] == []
    assert differs_alone(tmp_path / "out.work", theirs)


def differs_alone(work: Path, whole: pd.DataFrame) -> bool:
    """Say whether counties without their neighbours give other distances: else the law would hold of anything."""
    found = []
    for path in sorted((work / "counties").glob("*.json")):
        entries = [json.loads(line) for line in (work / "log.jsonl").read_text("utf-8").splitlines()]
        assert entries
        areas = gpd.read_parquet(work / "counties" / path.stem / "tables" / "facilities.parquet")
        beyond = whole.loc[whole.index.str.startswith(path.stem), "community_facility_id"].dropna()
        found.append((~beyond.isin(areas["facility_id"])).any())
    return any(found)


def killing(at_step: str, pids) -> tuple[list[int], object]:
    """Return a listener that kills one of ``pids()`` when the first county is through."""
    killed: list[int] = []

    def listen(step: str, done: int, total: int) -> None:
        if step == at_step and done == 1 and not killed:
            there = sorted(pids())
            os.kill(there[0], signal.SIGKILL)
            killed.append(there[0])

    return killed, listen


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_serial_and_processes_with_a_killed_worker_write_the_same_bytes(tmp_path):
    plan = made(tmp_path / "p")
    province.run(plan, out=tmp_path / "serial")
    killed, listen = killing("county", lambda: [child.pid for child in multiprocessing.active_children()])
    province.run(plan, out=tmp_path / "two", workers=2, progress=listen)
    assert killed
    assert written(tmp_path / "serial") == written(tmp_path / "two")
    assert json.loads((tmp_path / "two" / "timing.json").read_text("utf-8"))["workers"] == "2 processes"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_dask_cluster_with_a_killed_worker_writes_the_same_bytes(tmp_path):
    distributed = pytest.importorskip("distributed")
    plan = made(tmp_path / "p")
    province.run(plan, out=tmp_path / "serial")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        killed, listen = killing("county", lambda: client.run(os.getpid).values())
        province.run(plan, out=tmp_path / "dask", scheduler=cluster.scheduler_address, progress=listen)
    assert killed
    assert written(tmp_path / "serial") == written(tmp_path / "dask")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_run_leaves_nothing_readable_and_goes_on_where_it_was(tmp_path):
    plan = made(tmp_path / "p")
    command = [sys.executable, "-m", "planning", "run", str(plan), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoints = tmp_path / "out.work" / "counties"
    while process.poll() is None and len(list(checkpoints.glob("*.json"))) < 2:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (tmp_path / "out").exists()
    assert province.status(tmp_path / "out")["state"] == "killed"
    again = province.run(plan, out=tmp_path / "out")
    log = [json.loads(line) for line in (tmp_path / "out.work" / "log.jsonl").read_text("utf-8").splitlines()]
    assert sum(line["event"] == "kept" for line in log) >= 2
    fresh = province.run(plan, out=tmp_path / "fresh")
    assert again.run_id == fresh.run_id
    assert written(tmp_path / "out") == written(tmp_path / "fresh")
    assert changed_runs_its_neighbours_again(plan, tmp_path / "out")


def changed_runs_its_neighbours_again(plan: Path, out: Path) -> bool:
    """A file of a checkpoint that is damaged, or a facility that moves, is run again; the rest is kept."""
    damaged = out.with_name("out.work") / "counties" / "610102" / "summary.json"
    damaged.write_text(damaged.read_text("utf-8").replace("{", "{ ", 1), "utf-8")
    province.run(plan, out=out)
    log = [json.loads(line) for line in (out.with_name("out.work") / "log.jsonl").read_text("utf-8").splitlines()]
    last = log[max(at for at, line in enumerate(log) if line["event"] == "began") :]
    assert [line["code"] for line in last if line["event"] == "county"] == ["610102"]
    return len([line for line in last if line["event"] == "kept"]) == 3


# ------------------------------------------------------------------------------------------------------ what is missing


@pytest.mark.slow
def test_poisoned_counties_are_named_and_the_others_done(tmp_path):
    """610102 has no areas, 610103 no roads, 610104 stands twice; one area lies in the sea."""
    size = make_province.Size(counties=5, across=3, towns=2, areas=6, nodes=225, side_m=3000.0, seed=5)
    plan = made(tmp_path / "p", size)
    folder = plan.parent
    areas = gpd.read_file(folder / "residential.gpkg")
    kept = areas[~areas["residential_id"].str.startswith("610102")].reset_index(drop=True)
    kept.loc[0, "geometry"] = shapely.affinity.translate(kept.geometry[0], 0, -9000)
    kept.to_file(folder / "residential.gpkg", layer="residential")
    units = gpd.read_file(folder / "units.gpkg")
    roads = gpd.read_file(folder / "roads.gpkg")
    third = units.set_index("unit_id").geometry["610103"]
    middles = shapely.centroid(shapely.envelope(roads.geometry))
    roads[~shapely.intersects(middles, third)].to_file(folder / "roads.gpkg", layer="roads")
    again = units[units["unit_id"] == "610104"].assign(name="另一个县")
    doubled = pd.concat([units, again], ignore_index=True)
    gpd.GeoDataFrame(doubled, crs=units.crs).to_file(folder / "units.gpkg", layer="units")

    done = province.run(plan, out=tmp_path / "out")

    named = {
        code: {fault.code for fault in faults if fault.severity == "error"} for code, faults in done.missing.items()
    }
    assert named == {
        "610102": {"table_without_rows"},
        "610103": {"table_without_rows"},
        "610104": {"province_code_twice"},
    }
    assert [fault.code for fault in done.warnings] == ["province_areas_outside"]
    assert [one["county_id"] for one in done.summary["counties"]] == ["610101", "610105"]
    assert (done.summary["counties_done"], done.summary["counties_total"]) == (2, 5)
    assert done.summary["coverage"]["street"]["residential_total"] == size.areas * 2 - 1
    sheet = pd.read_excel(tmp_path / "out" / "province.xlsx", sheet_name="缺失与提醒", header=None, dtype=str)
    told = sheet.to_numpy(dtype=str).ravel().tolist()
    assert {"610102", "610103", "610104"} <= set(told)


def own_folders(plan: Path, folder: Path) -> Path:
    """Give each county of a province a folder and a plan of its own."""
    layers = {
        name: gpd.read_file(plan.parent / f"{name}.gpkg") for name in ("units", "residential", "facilities", "roads")
    }
    counties = layers["units"][layers["units"]["type"] == "county"]
    text = plan.read_text("utf-8").replace("[province]\n", "")
    for code, shape in zip(counties["unit_id"], counties.geometry, strict=True):
        place = folder / code
        place.mkdir(parents=True)
        for name, table in layers.items():
            middles = shapely.centroid(shapely.envelope(table.geometry))
            mine = table.iloc[:, 0].str.startswith(code) if name != "roads" else shapely.intersects(shape, middles)
            table[mine].to_file(place / f"{name}.gpkg", layer=name)
        (place / "plan.toml").write_text(text, "utf-8")
    entries = [f'code = "{code}"\nplan = "{code}/plan.toml"' for code in counties["unit_id"]]
    return listed(folder, *entries, head="far_m = 1000")


@pytest.mark.slow
def test_a_folder_for_each_county_gives_the_same_figures_and_one_without_crs_is_named(tmp_path):
    plan = made(tmp_path / "p")
    one = province.run(plan, out=tmp_path / "one")
    folders = own_folders(plan, tmp_path / "own")
    many = province.run(folders, out=tmp_path / "many")
    for part in ("coverage", "compliance", "ledger"):
        assert many.summary[part] == one.summary[part]
    columns = ["residential_id", "street_distance_m", "community_facility_id", "community_status", "verdict"]
    ours, theirs = (layer(tmp_path / name)[columns].sort_values("residential_id") for name in ("many", "one"))
    assert all(same(ours[name], theirs[name]) for name in columns)

    lost = gpd.read_file(folders.parent / "610102" / "residential.gpkg")
    frame = pd.DataFrame(lost.drop(columns="geometry")).assign(wkt=lost.geometry.to_wkt())
    frame.to_csv(folders.parent / "610102" / "residential.csv", index=False)
    other = folders.parent / "610102" / "plan.toml"
    other.write_text(other.read_text("utf-8").replace("residential.gpkg", "residential.csv"), "utf-8")
    less = province.run(folders, out=tmp_path / "many")
    assert {code: [fault.code for fault in faults] for code, faults in less.missing.items()} == {
        "610102": ["crs_missing"]
    }
    assert less.summary["counties_done"] == 3
    assert all(county["without"] == [] for county in less.summary["counties"])  # its roads and facilities were read


@pytest.mark.slow
def test_the_command_exits_with_four_where_counties_are_missing(tmp_path):
    from click.testing import CliRunner

    from planning.cli import main

    size = make_province.Size(counties=2, across=2, towns=1, areas=4, nodes=100, side_m=2000.0)
    plan = made(tmp_path / "p", size)
    areas = gpd.read_file(plan.parent / "residential.gpkg")
    areas[areas["residential_id"].str.startswith("610102")].to_file(
        plan.parent / "residential.gpkg", layer="residential"
    )
    out = CliRunner().invoke(main, ["run", str(plan), "--out", str(tmp_path / "out")])
    assert out.exit_code == 4, out.output
    assert "610101" in out.output
    assert "SX-02" in out.output
    told = CliRunner().invoke(main, ["status", str(tmp_path / "out"), "--json"])
    assert json.loads(told.output)["state"] == "done"
    assert CliRunner().invoke(main, ["status", str(tmp_path)]).exit_code == 1
    assert CliRunner().invoke(main, ["run", str(plan), "--only", "report"]).exit_code == 2
    assert "dask worker" in CliRunner().invoke(main, ["workers"]).output
