"""The parts of a province run: plan, dealing out rows, surroundings, sums, workers, the folder that a run holds."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import subprocess
import sys
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import province_misdeeds
import pytest
import shapely
from batches import few
from provinces import ROOT, TINY, listed, made, make_province

from planning import province, sources
from planning.errors import InputRefused, MachineFailed, WrongUsage
from planning.province import _county, _executors, _halo, _intake, _merge, _split, _tables, _work
from planning.sources import osm
from planning.sources.raw import Dataset


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNING_CACHE", str(tmp_path / "cache"))


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


def codes(plan: Path) -> list[tuple[str, str]]:
    with pytest.raises(InputRefused) as refused:
        province.read(plan)
    return [(fault.code, fault.column) for fault in refused.value.faults]


def test_a_list_of_counties_is_checked_to_the_last_key(tmp_path):
    plan = listed(
        tmp_path,
        'code = "61/0101"\nplan = "a.toml"\nplann = 1',
        'name = "x"',
        head="far = 3\nfar_m = -1\ndocuments = 1",
    )
    assert codes(plan) == [
        ("plan_unknown_key", "province.far"),
        ("plan_bad_value", "province.documents"),
        ("plan_bad_value", "province.far_m"),
        ("province_code_odd", "province.counties #1"),
        ("plan_unknown_key", "province.counties #1.plann"),
        ("plan_missing_key", "province.counties #2.code"),
        ("plan_missing_key", "province.counties #2.plan"),
    ]


def test_paths_of_counties_may_be_written_the_windows_way(tmp_path):
    """Told apart by what is wrong with the file: it was found."""
    (tmp_path / "县 101").mkdir()
    (tmp_path / "县 101" / "plan.toml").write_text("[plan]", "utf-8")
    plan = listed(tmp_path, 'code = "610101"\nplan = "县 101\\\\plan.toml"')
    with pytest.raises(InputRefused) as refused:
        province.read(plan)
    assert "plan_not_readable" not in {fault.code for fault in refused.value.faults}
    assert refused.value.faults


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


def test_a_worker_of_another_version_or_without_the_folders_stops_the_run(tmp_path):
    """No county is to blame: it would be named for what is wrong with a machine."""
    spec = {"code": "1", "code_hash": _intake.code_hash(), "store": str(tmp_path / "not_mounted")}
    for odd, code in (({"code_hash": "another"}, "province_other_version"), ({}, "province_worker_folder")):
        done = _county.perform("take_in", spec | odd)
        assert done["machine"]
        assert [(fault["code"], fault["facts"]["host"]) for fault in done["faults"]] == [(code, socket.gethostname())]


def test_a_stumble_is_told_and_raises_nothing(tmp_path):
    done = _county.perform("take_in", {"code": "1", "code_hash": _intake.code_hash(), "store": str(tmp_path)})
    assert done["failed"].startswith("KeyError")


def raising(error: BaseException):
    def task(_spec):
        raise error

    return task


def test_a_county_that_takes_all_memory_is_set_aside_and_a_full_disk_stops_the_run(tmp_path, monkeypatch):
    spec = {"code": "610102", "code_hash": _intake.code_hash(), "store": str(tmp_path)}
    monkeypatch.setattr(_county, "run_county", raising(MemoryError()))
    told = _county.perform("county", spec)
    assert (told.get("machine"), [fault["code"] for fault in told["faults"]]) == (None, ["province_county_memory"])
    for number, code in ((errno.ENOSPC, "machine_disk_full"), (errno.EDQUOT, "machine_disk_full"),
                         (errno.EIO, "machine_write")):  # fmt: skip
        monkeypatch.setattr(_county, "run_county", raising(OSError(number, "no")))
        told = _county.perform("county", spec)
        assert (told["machine"], [fault["code"] for fault in told["faults"]]) == (True, [code])


def test_status_says_of_each_county_what_the_last_run_did(tmp_path):
    """The run before is not counted; a line that a kill cut short is passed over."""
    with _work.held(tmp_path / "out") as work:
        work.log("county", code="1", seconds=9.0, peak_mib=900.0, run_id="x")
    with _work.held(tmp_path / "out") as work:
        work.log("take_in", code="1", seconds=0.25, peak_mib=100.0)
        work.log("kept", code="3")
        work.log("county", code="2", seconds=1.0, faults=["table_without_rows"])
        work.log("county", code="1", seconds=0.5, peak_mib=300.0, run_id="y")
        with (work.folder / _work.LOG).open("a", encoding="utf-8") as stream:
            stream.write('{"event": "coun\n')
    found = _work.status(tmp_path / "out")["of_counties"]
    assert {code: (one["state"], one["seconds"], one["peak_mib"], one["faults"]) for code, one in found.items()} == {
        "1": ("done", 0.75, 300.0, []),
        "2": ("missing", 1.0, None, ["table_without_rows"]),
        "3": ("kept", 0.0, None, []),
    }


def test_what_killed_runs_left_half_made_goes_with_the_next_run_unless_it_is_fresh(tmp_path):
    store = tmp_path / "out.work" / "store"
    for name in (".part-old", ".part-new", "entry"):
        (store / name).mkdir(parents=True)
    for name in (".part-old", "entry"):
        os.utime(store / name, (0, 0))
    with _work.held(tmp_path / "out"):
        pass
    assert sorted(path.name for path in store.iterdir()) == [".part-new", "entry"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="procfs")
def test_memory_is_that_of_the_process_and_not_of_the_one_that_started_it():
    """A program started by a process of 300 MiB says what it held itself."""
    held = bytearray(300 << 20)
    words = [
        sys.executable,
        "-c",
        "from planning.province._county import peak_mib as p; import sys; sys.stdout.write(str(p()))",
    ]
    told = float(subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert len(held) == 300 << 20
    assert _county.peak_mib() > 300
    assert told < _county.peak_mib() - 50


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CancelledError("lost"), "province_no_scheduler"),
        (RuntimeError("Error during deserialization"), "province_worker_without"),
        (ModuleNotFoundError("No module named planning"), "province_worker_without"),
    ],
)
def test_a_scheduler_that_is_lost_or_lacks_the_program_stops_the_run_and_is_named(monkeypatch, error, code):
    """What was handed out comes back without an answer; a machine failed, and no data are to blame."""
    distributed = pytest.importorskip("distributed")

    class Lost:
        def result(self):
            raise error

    client = SimpleNamespace(
        scheduler_info=lambda **_: {"workers": {}},
        wait_for_workers=lambda *_, **__: None,
        submit=lambda *_, **__: Lost(),
        loop=None,
        cancel=lambda *_, **__: None,
    )
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: client)
    monkeypatch.setattr(distributed, "as_completed", lambda futures, **_: iter(futures))
    cluster = _executors.Cluster("tcp://there:1")
    with pytest.raises(MachineFailed) as failed:
        list(cluster.each("county", [{"code": "1", "turn": 0}]))
    assert [(fault.code, fault.value) for fault in failed.value.faults] == [(code, "tcp://there:1")]


def test_a_scheduler_without_workers_is_told_rather_than_waited_for(monkeypatch):
    distributed = pytest.importorskip("distributed")
    ended = []

    def wait(_count, timeout):
        raise TimeoutError(timeout)

    client = SimpleNamespace(wait_for_workers=wait, close=lambda: ended.append(True))
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: client)
    with pytest.raises(MachineFailed) as failed:
        _executors.Cluster("tcp://there:1")
    assert [fault.code for fault in failed.value.faults] == ["province_no_workers"]
    assert ended


@pytest.mark.slow
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


def test_a_made_province_lives_in_towns_and_villages():
    """Nodes as asked within a fifth, each area at a street, country roads everywhere, half of the nodes in towns."""
    size = make_province.Size(counties=2, across=2, towns=5, areas=60, nodes=6000, side_m=20_000.0, settled=True)
    units, areas, facilities = make_province.tables(size)
    roads = make_province.road_lines(size)
    assert make_province.road_lines(size).to_wkb().equals(roads.to_wkb())
    nodes = np.unique(shapely.get_coordinates(roads.geometry), axis=0)
    assert len(nodes) == pytest.approx(2 * 6000, rel=0.2)
    ways = shapely.STRtree(roads.geometry.to_numpy())
    assert len(areas) == 120
    assert len(ways.query_nearest(areas.geometry.to_numpy(), max_distance=100, all_matches=False)[0]) == 120
    towns = units[units["type"] == "town"].geometry
    assert shapely.union_all(towns).area == pytest.approx(2 * 20_000**2)
    squares = pd.DataFrame(nodes // 1000).value_counts()
    assert len(squares) >= 2 * 20 * 20
    assert squares.iloc[: len(squares) // 6].sum() > 0.5 * len(nodes)
    county = units[units["type"] == "county"].set_index("unit_id").geometry["610101"]
    assert areas.distance(shapely.boundary(county)).min() < 400  # a village hard by the border
    assert set(facilities["level"]) == {"street", "community", "county"}


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
        rows = _tables.read_json(tmp_path / "parts" / code / "residential" / "00000" / "table.json")
        assert rows["read"] == TINY.areas
    assert _split.split(settings, tmp_path / "parts", ()).parts == found.parts


@pytest.mark.parametrize("roads", few(["gpkg", "pbf", "fgb"], quick=1))
def test_pieces_of_a_file_are_the_file(tmp_path, monkeypatch, roads):
    """Seven rows at a time: cells, places, node ids and counts are those of the file read at once, in its order."""
    plan = made(tmp_path / "p", roads="pbf" if roads == "pbf" else "gpkg")
    if roads == "fgb":
        gpd.read_file(tmp_path / "p" / "roads.gpkg").to_file(tmp_path / "p" / "roads.fgb", driver="FlatGeobuf")
        plan.write_text(plan.read_text("utf-8").replace("roads.gpkg", "roads.fgb"), "utf-8")
    settings = province.read(plan).settings
    whole = sources.whereabouts(settings, "roads")
    pieces = list(sources.pieces(settings, "roads", rows=7))
    sizes = [len(one.opened.raw.rows) for one in pieces]
    assert (sum(sizes), max(sizes)) == (len(make_province.road_lines(TINY)), 7)
    assert np.array_equal(np.concatenate([one.degrees for one in pieces]), whole.degrees)
    for at, one in enumerate(pieces):
        _tables.leave(one.opened.raw, tmp_path / "parts" / f"{at:05d}")
    joined = _split.part_of(tmp_path / "parts")
    raw = whole.opened.raw
    pd.testing.assert_frame_equal(joined.frame, raw.frame)
    assert shapely.to_wkb(joined.geometry).tolist() == shapely.to_wkb(raw.geometry).tolist()
    assert (joined.rows.tolist(), joined.read, joined.crs) == (raw.rows.tolist(), raw.read, raw.crs)
    assert (joined.node_ids is None) == (roads != "pbf")
    assert joined.node_ids is None or joined.node_ids.tolist() == raw.node_ids.tolist()


def test_a_piece_that_was_cut_short_is_told(tmp_path, monkeypatch):
    """What the second count finds beyond the pieces stands with the last, so that rows cannot get lost between them."""
    plan = made(tmp_path / "p", roads="pbf")
    monkeypatch.setattr(osm, "_count", lambda _dataset: len(make_province.road_lines(TINY)) + 1)
    dataset = Dataset("osm", tmp_path / "p" / "roads.pbf", plan)
    *others, last = osm.read_pieces(dataset, rows=10)
    assert all(one.read == len(one.rows) for one in others)
    assert last.read == len(last.rows) + 1


@pytest.mark.slow
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


@pytest.mark.slow
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
