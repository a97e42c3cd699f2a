"""Whole runs of provinces: the figures of one run over everything, equal bytes, a name for what is missing."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from provinces import ROOT, TINY, WIDER, layer, listed, made, make_province, same, written
from shapely import ops

from planning import province, runs, study
from planning.province import _county


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNING_CACHE", str(tmp_path / "cache"))


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
    assert towns_with_a_centre(tmp_path / "out", done.summary)


def towns_with_a_centre(out: Path, summary: dict) -> bool:
    """Say whether the sheet of towns, read back, gives the province's share of towns with a centre, and the verdict."""
    sheet = pd.read_excel(out / "province.xlsx", sheet_name="乡镇（街道）", header=4, dtype={"单元编号": str})
    share = (sheet["SX-02 在营设施数"] >= 1).mean()
    (row,) = [row for row in summary["indicators"] if row["clause_id"] == "SX-02"]
    return len(sheet) == 18 and row["actual"] == share and (row["verdict"] == "meets") == (share >= 0.6)


def harder(folder: Path, seed: int, roads: str, walk: str) -> Path:
    """A province with gates at some areas, two barriers across county borders, loose ends and stairs."""
    plan = make_province.main(folder, make_province.Size(areas=14, nodes=225, side_m=3000.0, seed=seed))
    random = np.random.default_rng(seed)
    areas = gpd.read_file(folder / "residential.gpkg")
    gated = areas[random.random(len(areas)) < 0.6]
    at = [shapely.line_interpolate_point(line, share, normalized=True) for line in gated.boundary
          for share in random.random(2)]  # fmt: skip
    gates = {"residential_id": np.repeat(gated["residential_id"].to_numpy(), 2), "open": random.random(len(at)) < 0.8}
    gpd.GeoDataFrame(gates, geometry=at, crs=areas.crs).to_file(folder / "gates.gpkg")
    west, south = make_province.WEST_M, make_province.SOUTH_M
    bars = [[(3000, 500), (3010, 2200)], [(1000, 3050), (4500, 2950)]]
    lines = [shapely.LineString([(west + x, south + y) for x, y in bar]) for bar in bars]
    gpd.GeoDataFrame({"barrier_id": ["b1", "b2"]}, geometry=lines, crs=areas.crs).to_file(folder / "bars.gpkg")
    ways = gpd.read_file(folder / "roads.gpkg")
    loose = random.random(len(ways)) < 0.3
    ways.loc[loose, "geometry"] = [ops.substring(line, 6, line.length) for line in ways.geometry[loose]]
    classes = random.choice(["residential", "secondary", "steps", "footway"], len(ways))
    ways.assign(highway=classes).to_file(folder / "roads.gpkg", layer="roads")
    text = plan.read_text("utf-8").replace('path = "roads.gpkg"', f'path = "roads.gpkg"\n{roads}')
    inputs = '[inputs.entrances]\npath = "gates.gpkg"\n[inputs.barriers]\npath = "bars.gpkg"'
    plan.write_text(f"{text}\n{inputs}\n[walk]\nfar_m = 1000\n{walk}\n", "utf-8")
    return plan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "roads", "walk"),
    [
        (2, 'noding = "planar"', 'walls = "gated"'),
        (3, "heal_gaps_m = 10", 'rule = "frontage"\nstairs_factor = 3\ncrossing_s = 20\nprofiles = ["frail"]'),
    ],
)
def test_gates_walls_barriers_and_weighed_walks_are_those_of_one_run(tmp_path, seed, roads, walk):
    """Every column of every area; sums of areas that count in part agree to the last digits a float holds."""
    plan = harder(tmp_path / "p", seed, roads, walk)
    done = province.run(plan, out=tmp_path / "out")
    whole = study.run(runs.load(plan), parts=_county.PARTS)
    theirs = whole.residential.set_index("residential_id").sort_index()
    ours = layer(tmp_path / "out").set_index("residential_id").sort_index()
    assert [name for name in theirs.columns if name != "geometry" and not same(theirs[name], ours[name])] == []
    for level, figures in whole.summary["coverage"].items():
        assert done.summary["coverage"][level] == pytest.approx(figures, rel=1e-13)


@pytest.mark.slow
def test_counties_of_two_zones_see_each_other(tmp_path, monkeypatch):
    """On 109.5° E, between the zones of 108° and 111°: scale there is 1.00023 in both, so walks agree to 1e-4."""
    monkeypatch.setattr(make_province, "WEST_M", 635_500.0)
    plan = make_province.main(tmp_path / "p", TINY, roads="pbf", crs=None)
    plan.write_text(plan.read_text("utf-8") + "\n[walk]\nfar_m = 1000\n", "utf-8")
    done = province.run(plan, out=tmp_path / "out")
    assert {county["crs"] for county in done.summary["counties"]} == {"EPSG:4545", "EPSG:4546"}
    theirs = study.run(runs.load(plan), parts=_county.PARTS).residential.set_index("residential_id").sort_index()
    ours = layer(tmp_path / "out").set_index("residential_id").sort_index()
    assert same(theirs["community_facility_id"], ours["community_facility_id"])
    assert same(theirs["community_status"], ours["community_status"])
    far = ours["community_distance_m"].to_numpy()
    assert far == pytest.approx(theirs["community_distance_m"].to_numpy(), rel=1e-4, nan_ok=True)


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
    """With documents for one county: they list its own facilities, though neighbours' serve its areas."""
    plan = made(tmp_path / "p")
    text = plan.read_text("utf-8").replace("[province]\n", '[province]\ndocuments = ["610103", "610199"]\n')
    plan.write_text(f'{text}\n[output]\nmaps = ["pdf"]\n', "utf-8")
    done = province.run(plan, out=tmp_path / "serial")
    assert [(fault.code, fault.value) for fault in done.warnings] == [("province_documents_unknown", "610199")]
    own = tmp_path / "serial" / "counties" / "610103"
    assert {"report.docx", "annex.docx", "tables.xlsx", "atlas.pdf", "map.html"} <= {one.name for one in own.iterdir()}
    assert not (tmp_path / "serial" / "counties" / "610102" / "report.docx").exists()
    sheet = pd.read_excel(own / "tables.xlsx", sheet_name="现状设施一览表", header=None, dtype=str)
    assert {cell[:6] for cell in sheet[0].dropna() if cell.startswith("6101")} == {"610103"}
    assert runs.verify(own) == ()
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


def damaged(path: Path) -> None:
    """Change one byte in the middle of a file."""
    found = bytearray(path.read_bytes())
    found[len(found) // 2] ^= 1
    path.write_bytes(found)


@pytest.mark.slow
def test_what_is_damaged_in_the_work_folder_is_made_again_or_named_and_never_trusted(tmp_path):
    """One bit of what came through the doors, then of the rows dealt to a county."""
    size = make_province.Size(counties=2, across=2, towns=1, areas=4, nodes=100, side_m=2000.0, seed=3)
    plan = made(tmp_path / "p", size)
    province.run(plan, out=tmp_path / "out")
    whole = written(tmp_path / "out")
    entries = [path.parent for path in (tmp_path / "out.work" / "store").glob("*/residential/rows.arrow")]
    damaged(entries[0] / "rows.arrow")
    shutil.rmtree(tmp_path / "out.work" / "counties")
    province.run(plan, out=tmp_path / "out")
    assert written(tmp_path / "out") == whole
    shutil.rmtree(tmp_path / "out.work" / "store")
    (part,) = (tmp_path / "out.work" / "parts").glob("*/610102/residential/00000/rows.arrow")
    damaged(part)
    less = province.run(plan, out=tmp_path / "out")
    assert {code: [fault.code for fault in faults] for code, faults in less.missing.items()} == {
        "610102": ["province_part_damaged"]
    }


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
        "610102": {"province_county_without"},
        "610103": {"province_county_without"},
        "610104": {"province_code_twice"},
    }
    assert "居住区" in done.missing["610102"][0].message("zh")
    assert "roads" in done.missing["610103"][0].message("en")
    assert [fault.code for fault in done.warnings] == ["province_areas_outside"]
    assert [one["county_id"] for one in done.summary["counties"]] == ["610101", "610105"]
    assert (done.summary["counties_done"], done.summary["counties_total"]) == (2, 5)
    assert done.summary["coverage"]["street"]["residential_total"] == size.areas * 2 - 1
    sheet = pd.read_excel(tmp_path / "out" / "province.xlsx", sheet_name="缺失与提醒", header=None, dtype=str)
    told = sheet.to_numpy(dtype=str).ravel().tolist()
    assert {"610102", "610103", "610104"} <= set(told)
    drawn = layer(tmp_path / "out", "counties").set_index("county_id")
    assert drawn["state"].to_dict() == {
        "610101": "partial", "610102": "missing", "610103": "missing", "610104": "missing", "610105": "partial"
    }  # fmt: skip
    assert np.allclose(drawn.area, size.side_m**2, rtol=1e-3)
    assert drawn.loc["610102", "residential_total":].drop("geometry").isna().all()


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
    faults, counts = province.check(folders)
    assert {(fault.code, fault.file) for fault in faults if fault.severity == "error"} == {
        ("crs_missing", "610102/residential.csv")
    }
    assert counts["610103:residential"]["read"] == TINY.areas
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
