"""The tool as a stranger meets it: files in, the command line, exit codes, faults, folders (town: see `papertown`).

The street centre S1 stands at x = 0 and every gate on the street, so the network distances are the x of the areas:
A 300, B 1000, C 1500, D 2900; E has no road near, F is on an island. Whatever format, encoding, datum or zone the
layers come in, they must come out the same.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import papertown
import pytest
import shapely
from batches import few
from click.testing import CliRunner
from pyogrio.errors import FeatureError
from shapely.geometry import Polygon

from planning import crs, export
from planning.cli import main

ROOT = Path(__file__).resolve().parent.parent
DISTANCES = {"A": 300.0, "B": 1000.0, "C": 1500.0, "D": 2900.0, "E": None, "F": None}
GATES = '[inputs.entrances]\npath = "entrances.gpkg"\n'
LAYERS = ("roads", "residential", "facilities", "candidates", "entrances", "units")


def call(*words):
    """Call the command line; anything but an orderly exit is a traceback."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def check(plan):
    done = call("check", plan, "--json")
    said = json.loads(done.stdout)
    assert done.exit_code == (0 if said["ok"] else 1)
    assert said["ok"] == (not errors(said))
    return said


def errors(said):
    return [fault for fault in said["faults"] if fault["severity"] == "error"]


def codes(said):
    return {fault["code"] for fault in said["faults"]}


def put(plan, old, new):
    words = plan.read_text(encoding="utf-8")
    assert old in words
    plan.write_text(words.replace(old, new), encoding="utf-8")


def point_to(plan, name, file, more=""):
    put(plan, f'path = "{name}.gpkg"', f'path = "{file}"{more}')


def results(folder, layer="residential"):
    return gpd.read_file(folder / "results.gpkg", layer=layer)


def distances(plan):
    done = call("run", plan, "--only", "coverage")
    assert done.exit_code == 0, done.stderr
    found = results(plan.parent / "out").set_index("residential_id")["street_distance_m"]
    return {name: None if pd.isna(metres) else round(metres, 1) for name, metres in found.items()}


def below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# ------------------------------------------------------------------------------------------------------- bad input


def _change(table, row, column, value):
    made = getattr(papertown, table)()
    made[column] = made[column].astype(object)
    made.at[row, column] = value
    return {table: made}


def _labelled(table, label):
    return {table: getattr(papertown, table)().set_crs(label, allow_override=True)}


def _degrees_as_metres():
    return {"residential": papertown.residential().to_crs(4490).set_crs(papertown.CRS, allow_override=True)}


def _repeat(**other):
    areas = papertown.residential()
    again = areas.iloc[[1]].assign(**other)
    return {"residential": gpd.GeoDataFrame(pd.concat([areas, again], ignore_index=True), crs=areas.crs)}


BAD = {
    "negative": (lambda: _change("residential", 0, "households", -5), "number_negative", "households"),
    "unreadable": (lambda: _change("residential", 0, "households", "1.2.3"), "number_unreadable", "households"),
    "status": (lambda: _change("facilities", 0, "status", "将就用"), "choice_unknown", "status"),
    "level": (lambda: _change("facilities", 0, "level", "片区"), "choice_unknown", "level"),
    "type": (lambda: _change("units", 1, "type", "片区"), "choice_unknown", "type"),
    "gate of nobody": (lambda: _change("entrances", 0, "residential_id", "Z"), "reference_unknown", "residential_id"),
    "serves nobody": (lambda: _change("facilities", 2, "serves", "A;Z"), "serves_unknown", "serves"),
    "id in both": (lambda: _change("candidates", 0, "facility_id", "S1"), "id_in_both", "facility_id"),
    "id twice": (lambda: _repeat(households=1.0), "id_duplicate", "residential_id"),
    "no candidate": (lambda: {"candidates": papertown.candidates().iloc[:0]}, "candidates_empty", ""),
    "no roads": (lambda: {"roads": papertown.roads().iloc[:0]}, "table_without_rows", ""),
    "degrees": (_degrees_as_metres, "crs_degrees_as_metres", ""),
    "mercator": (lambda: {"residential": papertown.residential().to_crs(3857)}, "crs_input_web_mercator", ""),
    "beijing 54": (lambda: {"roads": papertown.roads().to_crs(4214)}, "crs_old_datum", ""),
    "another zone": (lambda: _labelled("residential", "EPSG:4549"), "layers_apart", ""),
    "roads in another zone": (lambda: _labelled("roads", "EPSG:4547"), "layers_apart", ""),
}


@pytest.mark.parametrize("name", few(BAD, quick=4))
def test_bad_input_is_refused_with_its_place_and_leaves_nothing(tmp_path, name):
    tables, code, column = BAD[name][0](), *BAD[name][1:]
    plan = papertown.write(tmp_path, **tables)
    before = below(tmp_path)
    found = [fault for fault in errors(check(plan)) if fault["code"] == code]
    assert found, name
    for fault in found:
        assert fault["file"] == f"{next(iter(tables))}.gpkg"
        assert fault["column"] == column
        assert (fault["row"] is None) == (column == "")
        for text in (fault["message"], fault["remedy"]):
            assert re.search(r"[一-鿿].* / .*[a-z]", text, flags=re.DOTALL), text
    done = call("run", plan)
    assert done.exit_code == 1
    assert found[0]["message"] in done.stderr
    assert below(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("p = 2", "p = 9", "siting_p_above_candidates"),
        ("p = 2", "p = -1", "plan_bad_value"),
        ("p = 2", "p = 1.5", "plan_bad_value"),
        ("p = 2", "", "plan_p_missing"),
        ("p = 2", "p = 2\nmodle = 'mclp'", "plan_unknown_key"),
        ("p = 2", "p = 2\np = 3", "plan_duplicate_key"),
        ("p = 2", "p = " + "9" * 5000, "plan_not_toml"),
        ("p = 2", "p = " + "[" * 5000, "plan_not_toml"),
        ("p = 2", "p = 2\n[walk]\nspeed_m_per_s = 0.29", "plan_bad_value"),
        ("p = 2", "p = 2\n[walk]\nspeed_m_per_s = 2.51", "plan_bad_value"),
        ("p = 2", "p = 2\n[walk]\nminutes = [121]", "plan_bad_value"),
        ("p = 2", "p = 2\n[walk]\nminutes = [0]", "plan_bad_value"),
        ("EPSG:4548", "EPSG:4550", "crs_zone_far"),
        ("EPSG:4548", "EPSG:4326", "crs_not_metric"),
        ("roads.gpkg", "none.gpkg", "file_missing"),
        ("roads.gpkg", "x" * 300, "plan_path_long"),
        ("roads.gpkg", "http://127.0.0.1:9/roads.gpkg", "plan_path_refused"),
        ("roads.gpkg", "/vsizip/roads.zip/roads.shp", "plan_path_refused"),
        ("roads.gpkg", "PG:host=127.0.0.1", "plan_path_refused"),
        ("roads.gpkg", "<OGRVRTDataSource/>", "plan_path_refused"),
        ("liaocheng", "liaochen", "standard_unknown"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path, old, new, code):
    plan = papertown.write(tmp_path)
    put(plan, old, new)
    assert code in {fault["code"] for fault in errors(check(plan))}
    assert call("run", plan).exit_code == 1
    assert not (tmp_path / "out").exists()


def test_an_impossible_estate_is_flagged(tmp_path):
    said = check(papertown.write(tmp_path, **_change("residential", 0, "households", 123_695)))
    assert said["ok"]
    assert {"households_implausible"} <= codes(said)


@pytest.mark.parametrize("zone", few(["EPSG:4547", "EPSG:4549"], quick=1))
def test_one_zone_off_is_a_warning(tmp_path, zone):
    plan = papertown.write(tmp_path)
    put(plan, "EPSG:4548", zone)
    said = check(plan)
    assert said["ok"]
    assert "crs_zone_neighbour" in codes(said)


def test_a_layer_without_a_crs(tmp_path):
    """Taken out of the file as QGIS leaves it: undefined."""
    plan = papertown.write(tmp_path)
    with sqlite3.connect(tmp_path / "residential.gpkg") as base:
        base.execute("UPDATE gpkg_geometry_columns SET srs_id = -1")
    assert [fault["code"] for fault in errors(check(plan))] == ["crs_missing"]


@pytest.mark.slow
def test_one_shape_alone_does_not_stop_the_batch(tmp_path):
    areas = papertown.residential()
    x, y = papertown.X0 + 1500, papertown.Y0
    areas.loc[2, "geometry"] = Polygon([(x, y), (x + 40, y + 40), (x + 40, y), (x, y + 40)])  # C, a bow tie
    plan = papertown.write(tmp_path, residential=areas)
    assert call("run", plan).exit_code == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text(encoding="utf-8"))
    assert summary["coverage"]["street"]["residential_total"] == 5
    ledger = results(tmp_path / "out", "ledger")
    assert ledger.query("table == 'residential' and outcome == 'excluded'")["row"].tolist() == [3]
    for name, counts in summary["ledger"].items():
        assert counts["used"] + counts["flagged"] + counts["excluded"] == counts["read"], name
    listed = ledger.query("table == 'residential'")["outcome"].value_counts()
    assert {name: int(listed.get(name, 0)) for name in ("used", "flagged", "excluded")} == {
        name: summary["ledger"]["residential"][name] for name in ("used", "flagged", "excluded")
    }


@pytest.mark.slow
def test_a_pool_is_not_judged_without_a_member_left_out(tmp_path):
    """A and B pool; without B the pool would owe 200 m² instead of 600 and wrongly meet with K1 and K2.

    One bad shape does not stop the batch: the pool is not assessable, and so is its member A. Nor is C, which shares K3
    with the pool: its part follows from what both owe. F, which has no part in this, fails as ever.
    """
    areas, rooms = papertown.residential(), papertown.facilities()
    areas.loc[1, "geometry"] = None
    rooms.loc[4, ["serves", "floor_area_m2"]] = ["P;C", 400.0]
    more = '[inputs.pools]\npath = "pools.csv"\n[standards]\npooling = true\n'
    plan = papertown.write(tmp_path, residential=areas, facilities=rooms, more=more)
    (tmp_path / "pools.csv").write_text("小区编号,统筹编号\nA,P\nB,P\n", encoding="utf-8")
    said = check(plan)
    assert errors(said) == []
    (fault,) = [fault for fault in said["faults"] if fault["code"] == "pool_member_excluded"]
    assert (fault["severity"], fault["row"], fault["column"]) == ("warning", 3, "小区编号")
    assert call("run", plan).exit_code == 0
    judged = results(tmp_path / "out", "residential").set_index("residential_id")
    assert (judged.loc["A", "verdict"], judged.loc["A", "reason"]) == ("not_assessable", "member_left_out")
    assert judged.loc["A", "pool_id"] == "P"
    assert judged.loc["A", ["pool_required_m2", "pool_shortfall_m2"]].isna().all()
    assert judged["verdict"].to_dict() == {
        "A": "not_assessable",
        "C": "not_assessable",
        "D": "not_assessable",
        "E": "not_applicable",
        "F": "fails",
    }
    assert judged.index[judged["reason"] == "member_left_out"].tolist() == ["A"]
    summary = json.loads((tmp_path / "out/summary.json").read_text(encoding="utf-8"))
    assert summary["ledger"]["pools"] == {"read": 2, "used": 1, "flagged": 1, "excluded": 0}


@pytest.mark.parametrize(
    ("pool", "pooling", "code"),
    [("P", "false", "compliance_pooling_not_stated"), ("C", "true", "compliance_pool_id_is_area")],
)
def test_check_refuses_pools_as_the_run_does(tmp_path, pool, pooling, code):
    more = f'[inputs.pools]\npath = "pools.csv"\n[standards]\npooling = {pooling}\n'
    plan = papertown.write(tmp_path, more=more)
    (tmp_path / "pools.csv").write_text(f"residential_id,pool_id\nA,{pool}\nB,{pool}\n", encoding="utf-8")
    (fault,) = errors(check(plan))
    assert (fault["code"], fault["file"]) == (code, "pools.csv")
    assert call("run", plan).exit_code == 1


# -------------------------------------------------------------------------------------------------- the joined table


def _joined(folder, rows, *, layer=("residential_id",)):
    plan = papertown.write(folder, residential=papertown.residential()[[*layer, "geometry"]])
    pd.DataFrame(rows).to_excel(folder / "台账.xlsx", index=False)
    point_to(plan, "residential", "residential.gpkg", '\ntable = "台账.xlsx"\njoin = "residential_id"')
    return plan


def _rows():
    return [
        {"居住区编号": name, "户数": households, "老年人口": elderly, "新旧": built}
        for name, (_, _, elderly, households, built) in papertown.AREAS.items()
    ]


def test_a_row_repeated_exactly_in_the_table_counts_once(tmp_path):
    rows = _rows()
    said = check(_joined(tmp_path, [*rows, rows[1]]))
    assert said["ok"]
    assert [fault["row"] for fault in said["faults"] if fault["code"] == "duplicate_row"] == [8]
    assert said["ledger"]["residential.table"] == {"read": 7, "used": 6, "flagged": 0, "excluded": 1}


def test_an_id_with_two_contents_stops_the_run(tmp_path):
    rows = _rows()
    said = check(_joined(tmp_path, [*rows, {**rows[1], "户数": 5}]))
    places = [(fault["code"], fault["row"], fault["column"], fault["value"]) for fault in errors(said)]
    assert places == [("join_key_duplicate", row, "居住区编号", "B") for row in (3, 8)]


def test_a_total_row_is_said_once(tmp_path):
    rows = [*_rows(), {"居住区编号": "合计", "户数": 4300, "老年人口": 63, "新旧": None}]
    said = check(_joined(tmp_path, rows))
    assert said["ok"]
    assert [fault["code"] for fault in said["faults"] if fault["row"] == 8] == ["total_row"]


def test_two_columns_that_agree_are_no_news(tmp_path):
    assert "join_both" not in codes(check(_joined(tmp_path / "a", _rows(), layer=("residential_id", "households"))))
    rows = _rows()
    rows[0]["户数"] = 999
    said = check(_joined(tmp_path / "b", rows, layer=("residential_id", "households")))
    assert [fault["column"] for fault in said["faults"] if fault["code"] == "join_both"] == ["户数"]


def test_faults_speak_of_the_users_own_headings(tmp_path):
    """The implausible figure stands in row 2 of the workbook, not in the layer it is joined to."""
    rows = _rows()
    rows[0]["户数"] = 123_695
    said = check(_joined(tmp_path, rows))
    (fault,) = [fault for fault in said["faults"] if fault["code"] == "households_implausible"]
    assert (fault["file"], fault["row"], fault["column"]) == ("台账.xlsx", 2, "户数")
    assert not {"households", "elderly"} & {fault["column"] for fault in said["faults"]}


def test_an_unknown_word_is_not_also_a_missing_one(tmp_path):
    said = check(papertown.write(tmp_path, **_change("facilities", 0, "status", "将就用")))
    assert "status_missing" not in codes(said)


# ---------------------------------------------------------------------------------------- formats, encodings, datums


@pytest.mark.parametrize("epsg", few([4490, 4527, 4326, 4549, 4508, 32650], quick=2))
def test_every_crs_gives_the_same_distances(tmp_path, epsg):
    """4527 carries the zone 39 before its eastings, 4549 is the zone beside, 4508 a 6-degree zone."""
    tables = {name: getattr(papertown, name)().to_crs(epsg) for name in LAYERS}
    assert distances(papertown.write(tmp_path, **tables)) == DISTANCES


@pytest.mark.parametrize("datum", few(["bd09", "gcj02"], quick=1))
def test_shifted_gates_are_shifted_back(tmp_path, datum):
    gates = papertown.entrances().to_crs(4326)
    xy = shapely.get_coordinates(gates.geometry)
    x, y = crs.wgs84_to_gcj02(xy[:, 0], xy[:, 1])
    x, y = crs.gcj02_to_bd09(x, y) if datum == "bd09" else (x, y)
    table = pd.DataFrame({"小区编号": gates["residential_id"], "经度": x, "纬度": y})
    plan = papertown.write(tmp_path)
    table.to_csv(tmp_path / "出入口.csv", index=False, encoding="gbk")
    point_to(plan, "entrances", "出入口.csv", f'\ndatum = "{datum}"')
    assert distances(plan) == DISTANCES


def _facility_rows():
    table = papertown.facilities().to_crs(4490)
    names = {"facility_id": "设施编号", "level": "级别", "kind": "类型", "status": "状态", "serves": "服务小区"}
    plain = pd.DataFrame(table.drop(columns=["geometry", "name"])).rename(columns=names)
    plain = plain.rename(columns={"floor_area_m2": "建筑面积（㎡）"})
    return plain.assign(设施编号=["001", "002", "003", "004", "1"], 经度=table.geometry.x, 纬度=table.geometry.y)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
@pytest.mark.parametrize("separator", few([",", "\t"], quick=1))
def test_tables_in_every_encoding(tmp_path, encoding, separator):
    plan = papertown.write(tmp_path / "空 格")
    file = plan.parent / "设施 台账.csv"
    file.write_bytes(_facility_rows().to_csv(index=False, sep=separator).encode(encoding))
    point_to(plan, "facilities", file.name, '\ndatum = "cgcs2000"')
    said = check(plan)
    assert said["ok"]
    assert said["ledger"]["facilities"]["used"] == 5


def test_ids_keep_their_zeros_to_the_end(tmp_path):
    plan = papertown.write(tmp_path)
    _facility_rows().to_csv(tmp_path / "f.csv", index=False)
    point_to(plan, "facilities", "f.csv", '\ndatum = "cgcs2000"')
    assert distances(plan) == DISTANCES
    assert results(tmp_path / "out", "facilities")["facility_id"].tolist()[:5] == ["001", "002", "003", "004", "1"]


@pytest.mark.parametrize("packed", few(["居住 区/", ""], quick=1))
@pytest.mark.parametrize("names", ["utf-8", "gbk"])
def test_a_gbk_shapefile_in_a_zip(tmp_path, packed, names):
    """Its .cpg is lost, a cell of a number is empty (GDAL writes asterisks), and Windows named the members in GBK."""
    columns = {"residential_id": "编号", "households": "户数", "elderly": "老年人", "built": "新旧"}
    loose = tmp_path / "loose"
    loose.mkdir()
    papertown.residential().rename(columns=columns).to_file(loose / "小区.shp", encoding="GBK")
    (loose / "小区.cpg").unlink()
    assert b"****" in (loose / "小区.dbf").read_bytes()
    plan = papertown.write(tmp_path / "town")
    with zipfile.ZipFile(plan.parent / "小区.zip", "w") as archive:
        for part in loose.iterdir():
            name = packed + part.name
            info = zipfile.ZipInfo(name.encode("gbk").decode("cp437")) if names == "gbk" else name
            archive.writestr(info, part.read_bytes())
    point_to(plan, "residential", "小区.zip")
    said = check(plan)
    assert said["ok"]
    assert [fault["row"] for fault in said["faults"] if fault["code"] == "weight_missing"] == [4]


def test_no_file_makes_the_tool_call_out(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    areas = json.loads(papertown.residential().to_crs(4326).to_json())
    areas["crs"] = {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}}
    elsewhere = "<SrcDataSource>/etc/passwd</SrcDataSource>"
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="a">{elsewhere}</OGRVRTLayer></OGRVRTDataSource>'
    dtd = '<?xml version="1.0"?><!DOCTYPE osm SYSTEM "http://127.0.0.1:9/x.dtd"><osm version="0.6"></osm>'
    for name, text, code in (
        ("link.geojson", json.dumps(areas), "geojson_link_crs"),
        ("vrt.geojson", vrt, "format_refused"),
        ("r.osm", dtd, "xml_dtd"),
    ):
        plan = papertown.write(tmp_path / name.replace(".", "_"))
        (plan.parent / name).write_text(text, encoding="utf-8")
        point_to(plan, "roads" if name.endswith("osm") else "residential", name)
        assert code in {fault["code"] for fault in errors(check(plan))}


@pytest.mark.slow
def test_names_come_out_byte_for_byte_and_do_no_harm(tmp_path):
    names = [
        "<script>alert(1)</script>",
        "\"引\"'号'",
        "控\x01\x1b[31m",
        "长" * 300,
        "=cmd|' /C calc'!A0",
        "\\../..;--",
    ]
    plan = papertown.write(tmp_path, residential=papertown.residential().assign(name=names))
    for step in ("export", "webmap"):
        done = call("run", plan, "--only", step, "--out", tmp_path / step)
        assert done.exit_code == 0
        assert "\x1b" not in done.output
    assert results(tmp_path / "export")["name"].tolist() == names
    assert "<script>alert(1)" not in (tmp_path / "webmap/map.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- the run folder


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        ("coverage", {"results.gpkg"}),
        ("compliance", {"results.gpkg"}),
        pytest.param("report", {"tables.xlsx", "report.docx", "annex.docx"}, marks=pytest.mark.slow),
    ],
)
def test_a_step_writes_its_parts_only(tmp_path, step, parts):
    plan = papertown.write(tmp_path)
    assert call("run", plan, "--only", step).exit_code == 0
    assert set(below(tmp_path / "out")) == {*parts, "summary.json", "run.json", "timing.json"}
    assert call("verify", tmp_path / "out").exit_code == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text(encoding="utf-8"))
    assert ("coverage" in summary, "compliance" in summary) == (step != "compliance", step != "coverage")


def test_no_folder_of_the_users_is_ever_replaced(tmp_path):
    """Not one with files in it, not a file, and no earlier run folder the plan or its data now lie in."""
    plan = papertown.write(tmp_path)
    assert call("run", plan, "--only", "check").exit_code == 0
    out = tmp_path / "out"
    kept = {}
    for name, build in {
        "plan": lambda: (out / "plan.toml").write_text(plan.read_text("utf-8").replace('h = "', 'h = "../'), "utf-8"),
        "data": lambda: (tmp_path / "roads.gpkg").rename(out / "roads.gpkg"),
    }.items():
        build()
        kept[name] = below(out)
        if name == "data":
            put(plan, "roads.gpkg", "out/roads.gpkg")
        done = call("run", out / "plan.toml" if name == "plan" else plan, "--out", out)
        assert done.exit_code == 1
        assert "plan.toml" in done.stderr if name == "plan" else "roads.gpkg" in done.stderr
        assert below(out) == kept[name]
        (out / "plan.toml").unlink(missing_ok=True)
    for inside in ('{"tool": "planning"}', "[1]", '{"tool": "planning", "run_id": "x", "outputs": [{"path": 5}]}'):
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine/run.json").write_text(inside, encoding="utf-8")
        assert call("run", plan, "--out", tmp_path / "mine").exit_code == 1
        assert call("verify", tmp_path / "mine").exit_code == 1
        assert (tmp_path / "mine/run.json").read_text(encoding="utf-8") == inside
    assert call("run", plan, "--out", plan).exit_code == 1
    assert call("run", plan, "--out", tmp_path).exit_code == 1


@pytest.mark.parametrize(
    "error", few([OSError(errno.ENOSPC, "full"), FeatureError("disk I/O error"), sqlite3.Error("full")], quick=1)
)
def test_a_disk_that_fails_is_exit_3_and_the_old_run_stays(tmp_path, monkeypatch, error):
    plan = papertown.write(tmp_path)
    assert call("run", plan, "--only", "check").exit_code == 0
    before = (tmp_path / "out/run.json").read_bytes()

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(export, "geopackage", fail)
    assert call("run", plan, "--only", "check").exit_code == 3
    assert (tmp_path / "out/run.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("blow", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_leaves_nothing_that_looks_complete(tmp_path, blow):
    plan = papertown.write(tmp_path)
    words = [sys.executable, "-m", "planning", "run", str(plan)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ}) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "Writing tables" in line:
                running.send_signal(blow)
                break
        running.stderr.read()
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("run.json"))
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert (running.returncode, len(left)) == ((-9, 1) if blow == signal.SIGKILL else (3, 0))
    for path in left:
        os.utime(path, (0, 0))
    assert call("run", plan, "--only", "check").exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_wrong_usage_is_exit_2(tmp_path):
    plan = papertown.write(tmp_path)
    for words in (["run"], ["frobnicate"], ["check", plan, "--jsn"], ["run", plan, "--only", "nonsense"]):
        assert call(*words).exit_code == 2


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"plan = [1]", b"a = " + b"[" * 100_000, None])
def test_check_prints_one_object_whatever_the_plan_is(tmp_path, content):
    plan = tmp_path / "plan.toml"
    if content is not None:
        plan.write_bytes(content)
    assert not check(plan)["ok"]


def test_english_is_english(tmp_path):
    plan = papertown.write(tmp_path, more='[output]\nlanguage = "en"')
    assert call("run", plan, "--only", "check").exit_code == 0
    remedies = results(tmp_path / "out", "ledger")["remedy"].dropna()
    assert len(remedies)
    assert not any(re.search(r"[一-鿿]", str(text)) for text in np.unique(remedies))
