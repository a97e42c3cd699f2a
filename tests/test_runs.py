"""The whole job on a town worked out on paper (see `papertown`): figures, layers, folder, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import geopandas as gpd
import openpyxl
import papertown
import pytest
from click.testing import CliRunner

from planning import runs
from planning.cli import main
from planning.errors import InputRefused, MachineFailed

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("一条街 town")
    return runs.run(papertown.write(folder), out=folder / "out")


def layer(town, name):
    return gpd.read_file(town.folder / "results.gpkg", layer=name)


def test_coverage_is_arithmetic(town):
    street = town.result.summary["coverage"]["street"]
    assert (street["radius_m"], street["minutes"]) == (900, 15)
    assert (street["residential_total"], street["residential_covered"]) == (6, 1)
    assert (street["elderly_total"], street["elderly_covered"]) == (63, 1)
    assert (street["unreachable"], street["unsnapped"]) == (1, 1)
    assert street["households_missing"] == 1  # D
    assert street["residents_total"] is None  # no such column
    assert street["elderly_lower"] == street["elderly_upper"] == 1  # every gate is given


def test_levels_never_stand_in_for_each_other(town):
    """Within 900 m of K1 (300), K2 (1000), K3 (1500): A, B, C; D is 1400 m from K3."""
    community = town.result.summary["coverage"]["community"]
    assert community["elderly_covered"] == 1 + 2 + 4


def test_bands_stand_beside(town):
    """B is exactly 1000 m from S1."""
    band = town.result.summary["coverage_band"]["street"]
    assert list(band) == ["300", "600", "720", "900", "1000"]
    assert [band[radius]["elderly_covered"] for radius in band] == [1, 1, 1, 1, 3]


def test_residential_layer(town):
    rows = layer(town, "residential").set_index("residential_id")
    assert list(rows.index) == list(papertown.AREAS)
    assert rows["street_status"].to_dict() == {
        "A": "covered", "B": "uncovered", "C": "uncovered", "D": "uncovered", "E": "unsnapped", "F": "unreachable",
    }  # fmt: skip
    assert rows["street_distance_m"].dropna().to_dict() == {"A": 300, "B": 1000, "C": 1500, "D": 2900}
    assert rows["verdict"].to_dict() == {
        "A": "meets", "B": "fails", "C": "fails", "D": "not_assessable", "E": "not_applicable", "F": "fails",
    }  # fmt: skip
    assert rows["shortfall_m2"].dropna().to_dict() == {"A": 0, "B": 100, "C": 50, "F": 200}
    assert bool(rows.loc["C", "rate_ok"])
    assert not bool(rows.loc["C", "unit_ok"])
    assert not bool(rows.loc["B", "rate_ok"])
    assert bool(rows.loc["B", "unit_ok"])


def test_compliance_sums(town):
    found = town.result.summary["compliance"]
    assert {name: found[name] for name in ("meets", "fails", "not_assessable", "not_applicable", "areas_total")} == {
        "meets": 1, "fails": 3, "not_assessable": 1, "not_applicable": 1, "areas_total": 6,
    }  # fmt: skip
    assert (found["required_m2"], found["provided_m2"], found["shortfall_m2"]) == (1000, 650, 350)
    assert found["meets_share"] == 0.25


def test_siting_adds_what_it_says(town):
    siting = town.result.summary["siting"]
    assert (siting["status"], siting["objective"], siting["bound"], siting["gap"]) == ("optimal", 15, 15, 0)
    assert [(site["facility_id"], site["rank"], site["gain"]) for site in siting["sites"]] == [
        ("H3", 1, 8),
        ("H1", 2, 6),
    ]
    assert siting["before"]["elderly_covered"] == 1
    assert siting["after"]["elderly_covered"] == 15
    assert ["H1", "H2"] in siting["ties"]
    assert set(siting["unreachable"]) == {"E", "F"}
    assert siting["before"] == town.result.summary["coverage"]["street"]


def test_units_hold_their_areas(town):
    units = {unit["unit_id"]: unit for unit in town.result.summary["units"]}
    assert list(units) == ["C0", "O", "W"]
    assert units["W"]["coverage"]["street"]["elderly_total"] == 1 + 2
    assert units["O"]["coverage"]["street"]["elderly_total"] == 4 + 8 + 16
    assert units["C0"]["coverage"]["street"]["elderly_total"] == 63
    assert units["W"]["compliance"]["shortfall_m2"] == 100


def test_every_layer_is_there(town):
    names = set(gpd.list_layers(town.folder / "results.gpkg")["name"])
    assert names == {
        "residential", "facilities", "sites", "service_areas", "reached_roads", "uncovered", "units", "findings",
        "ledger", "reach", "layer_styles",
    }  # fmt: skip
    reach = layer(town, "reach")
    assert not reach.duplicated(["facility_id", "demand_id"]).any()
    pairs = {(row.facility_id, row.demand_id): row.distance_m for row in reach.itertuples()}
    assert pairs["H1", "B"] == 900
    assert pairs["S1", "D"] == 2900  # nearest of its level, beyond every limit
    assert ("H3", "C") not in pairs
    roads = layer(town, "reached_roads").set_index(["facility_id", "minutes"])
    assert roads.loc[("S1", 5), "geometry"].length == pytest.approx(300, abs=1e-6)
    assert len(layer(town, "sites")) == 2


def test_ledger_adds_up(town):
    for name, counts in town.result.summary["ledger"].items():
        assert counts["read"] == counts["used"] + counts["flagged"] + counts["excluded"], name
    rows = layer(town, "ledger")
    flagged = rows[(rows["table"] == "residential") & (rows["outcome"] == "flagged")]
    assert set(flagged["id"]) >= {"E"}
    for name, counts in town.result.summary["ledger"].items():
        mine = rows[rows["table"] == name]
        assert (mine["outcome"] == "flagged").sum() == counts["flagged"], name
        assert (mine["outcome"] == "excluded").sum() == counts["excluded"], name


def test_run_record_names_every_file(town):
    record = json.loads((town.folder / "run.json").read_text("utf-8"))
    names = {entry["path"] for entry in record["outputs"]}
    assert names == {path.relative_to(town.folder).as_posix() for path in town.folder.rglob("*") if path.is_file()} - {
        "run.json",
        "timing.json",
    }
    assert record["plan"] == {"name": "一条街", "standard": "liaocheng", "file": "plan.toml"}
    assert record["run_id"] == town.run_id
    assert {entry["path"] for entry in record["inputs"]} >= {"roads.gpkg", "residential.gpkg"}
    text = (town.folder / "run.json").read_text("utf-8")
    assert str(town.folder.parent) not in text
    assert runs.verify(town.folder) == ()


def test_verify_names_what_changed(town, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    (copy / "summary.json").write_text("{}")
    (copy / "tables.xlsx").unlink()
    (copy / "new.txt").write_text("x")
    assert runs.verify(copy) == ("new.txt", "summary.json", "tables.xlsx")


@pytest.mark.parametrize("key", ["run_id", "plan", "parameters", "defaults", "standard", "crs", "inputs", "versions"])
def test_verify_holds_the_record_against_its_own_run_id(town, tmp_path, key):
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    record = json.loads((copy / "run.json").read_text("utf-8"))
    other = {key: "ffffffffffff"} if key == "run_id" else {"plan_text": record["plan_text"] + " "}
    (copy / "run.json").write_text(json.dumps(record | other), encoding="utf-8")
    assert runs.verify(copy) == ("run.json",)
    record[key] = {"walk": 1.2}
    (copy / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert runs.verify(copy) == ("run.json",)


@pytest.mark.parametrize("key", ["schema", "solver", "faults", "outputs", "more", "record_sha256"])
def test_verify_holds_the_whole_record_against_its_own_hash(town, tmp_path, key):
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    record = json.loads((copy / "run.json").read_text("utf-8"))
    (copy / "run.json").write_text(json.dumps(record | {key: []}), encoding="utf-8")
    assert "run.json" in runs.verify(copy)
    record.pop("record_sha256")
    (copy / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert runs.verify(copy) == ("run.json",)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_verify_names_links_and_empty_folders(town, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    (copy / "summary.json").rename(tmp_path / "elsewhere.json")
    (copy / "summary.json").symlink_to(tmp_path / "elsewhere.json")
    (copy / "leer").mkdir()
    assert runs.verify(copy) == ("leer", "summary.json")


def test_workbook_repeats_the_figures(town):
    book = openpyxl.load_workbook(town.folder / "tables.xlsx", data_only=True)
    cells = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}
    totals = next(row for row in cells["居住区达标核查表"] if row[0] == "合计")
    assert [value for value in totals if isinstance(value, int | float)] == [4300, 1000, 650, 350]
    rows = [row for row in cells["服务覆盖统计表"] if row[1] == "合计" and row[0].startswith("街道")]
    assert rows[0][2:4] == [6, 1]


@pytest.mark.slow
def test_same_bytes_again_in_another_process(town, tmp_path):
    """Other hash seed, other folder, same input bytes: every file but timing.json has the same bytes."""
    shutil.copytree(town.folder.parent, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("out"))
    command = [sys.executable, "-m", "planning", "run", str(tmp_path / "elsewhere/plan.toml")]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True)
    for path in town.folder.iterdir():
        if path.name != "timing.json":
            assert (tmp_path / "elsewhere/out" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
def test_shuffled_rows_give_the_same_figures(town, tmp_path):
    shuffled = {
        name: getattr(papertown, name)().sample(frac=1, random_state=3)
        for name in ("roads", "residential", "facilities", "candidates", "entrances", "units")
    }
    done = runs.run(papertown.write(tmp_path, **shuffled), out=tmp_path / "out")
    assert done.result.summary == town.result.summary


# ------------------------------------------------------------------------------------------------- folders and refusals


def test_only_a_run_folder_is_replaced(tmp_path):
    plan = papertown.write(tmp_path / "town")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep me")
    with pytest.raises(InputRefused) as caught:
        runs.run(plan, out=mine)
    assert caught.value.faults[0].code == "out_not_empty"
    assert (mine / "letter.txt").read_text() == "keep me"
    first = runs.run(plan, out=tmp_path / "run", only="coverage")
    (first.folder / "extra.txt").write_text("left over")
    second = runs.run(plan, out=tmp_path / "run", only="compliance")
    assert not (second.folder / "extra.txt").exists()
    assert "coverage" not in second.result.summary
    assert "compliance" in second.result.summary
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_refused_run_leaves_nothing(tmp_path):
    plan = papertown.write(tmp_path / "town", more="unknown = 1")
    done = CliRunner().invoke(main, ["run", str(plan), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert not (tmp_path / "out").exists()
    assert "siting.unknown" in done.output


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["fly"], 2), (["run"], 2), (["check", "none.toml"], 1)])
def test_exit_codes(words, code):
    assert CliRunner().invoke(main, words).exit_code == code


@pytest.mark.slow
def test_a_district_is_one_task_whatever_is_asked_to_work_on_it(tmp_path):
    """`run` takes the same options for every plan; the same bytes come out, and it is said who has nothing to do."""
    plan = papertown.write(tmp_path / "town")
    wanted = [["--workers", "1"], ["--workers", "3"], ["--scheduler", "tcp://nobody:1"]]
    records = []
    for at, words in enumerate(wanted):
        done = CliRunner().invoke(main, ["run", str(plan), "--only", "check", "--out", str(tmp_path / f"{at}"), *words])
        assert done.exit_code == 0, done.output
        assert ("one task" in done.output) == (at > 0), words
        records.append((tmp_path / f"{at}" / "run.json").read_bytes())
    assert len(set(records)) == 1
    for words in (["--workers", "0"], ["--workers", "2", "--scheduler", "tcp://nobody:1"]):
        assert CliRunner().invoke(main, ["run", str(plan), *words]).exit_code == 2


def test_an_unknown_step_is_wrong_usage(tmp_path):
    plan = papertown.write(tmp_path)
    assert CliRunner().invoke(main, ["run", str(plan), "--only", "dance"]).exit_code == 2


def test_check_speaks_json_even_of_an_unreadable_plan(tmp_path):
    done = CliRunner().invoke(main, ["check", str(tmp_path / "none.toml"), "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["faults"][0]["code"], found["ledger"]) == (
        1,
        False,
        "plan_not_found",
        {},
    )
    done = CliRunner().invoke(main, ["check", str(papertown.write(tmp_path)), "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"]) == (0, True)
    assert found["ledger"]["residential"]["read"] == 6


def test_more_sites_than_candidates_is_refused_with_both_numbers(tmp_path):
    plan = papertown.write(tmp_path, more="")
    plan.write_text(plan.read_text("utf-8").replace("p = 2", "p = 4"), "utf-8")
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    fault = json.loads(done.stdout)["faults"][-1]
    assert (fault["code"], fault["value"]) == ("siting_p_above_candidates", "4")
    assert "3" in fault["message"]


def test_an_absent_weight_names_those_present(tmp_path):
    plan = papertown.write(tmp_path, more='demand = "residents"')
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    faults = {fault["code"]: fault for fault in json.loads(done.stdout)["faults"]}
    assert done.exit_code == 1
    assert "elderly" in faults["demand_column_absent"]["message"] + faults["demand_column_absent"]["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["lscp", "p_median", "p_center"])
def test_other_models(tmp_path, model):
    """lscp: B, C, D need H3 (only it reaches D) and one of H1, H2. p_median with p = 2: see below.

    Distances to the nearest of S1 and the new sites, p = 2:
    H1 and H3: A 300, B 900, C 400, D 50: 1·300 + 2·900 + 4·400 + 8·50 = 4100;
    H2 and H3: A 300, B 500, C 0, D 50: 300 + 1000 + 0 + 400 = 1700;
    H1 and H2: D 400 + 600 = 1000: 300 + 1000 + 0 + 8000 = 9300.
    """
    plan = papertown.write(tmp_path, more=f'model = "{model}"')
    siting = runs.run(plan, out=tmp_path / "out", only="siting").result.summary["siting"]
    chosen = sorted(site["facility_id"] for site in siting["sites"])
    expected = {"lscp": (["H1", "H3"], 2), "p_median": (["H2", "H3"], 1700), "p_center": (["H2", "H3"], 500)}
    assert (chosen, siting["objective"], siting["status"]) == (*expected[model], "optimal")


def test_gains_of_a_distance_model_are_demand_newly_covered(tmp_path):
    """p_median opens H2 and H3. Within 900 m H3 adds D (8), H2 adds B and C (2 + 4): 1 + 8 + 6 = 15 after."""
    plan = papertown.write(tmp_path, more='model = "p_median"')
    siting = runs.run(plan, out=tmp_path / "out", only="siting").result.summary["siting"]
    assert [(site["facility_id"], site["gain"]) for site in siting["sites"]] == [("H3", 8), ("H2", 6)]
    assert siting["after"]["elderly_covered"] - siting["before"]["elderly_covered"] == 14


@pytest.mark.slow
def test_a_plan_chosen_by_gates_is_never_called_optimal_where_areas_count_in_parts(tmp_path):
    """Under ``frontage`` objective and gains are what coverage says; the bound is what all candidates would cover."""
    plan = papertown.write(tmp_path)
    plan.write_text(plan.read_text("utf-8") + '\n[walk]\nrule = "frontage"\nminutes = [5]\n', "utf-8")
    siting = runs.run(plan, out=tmp_path / "out", only="siting").result.summary["siting"]
    assert siting["objective"] == siting["after"]["elderly_covered"]
    assert sum(site["gain"] for site in siting["sites"]) == pytest.approx(
        siting["after"]["elderly_covered"] - siting["before"]["elderly_covered"]
    )
    assert siting["bound"] >= siting["objective"]
    assert (siting["status"] == "optimal") == (siting["gap"] <= 1e-6)


def test_a_fault_of_the_program_does_not_pass_for_refused_input(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "run", lambda *_, **__: 1 / 0)
    done = CliRunner().invoke(main, ["run", str(papertown.write(tmp_path))])
    assert done.exit_code == 3
    assert "程序自身出错" in done.output
    assert "ZeroDivisionError" in done.output


def test_candidates_are_either_given_or_made(tmp_path):
    plan = papertown.write(tmp_path, more='generate = "grid"')
    done = CliRunner().invoke(main, ["check", str(plan), "--json"])
    codes = [fault["code"] for fault in json.loads(done.stdout)["faults"]]
    assert (done.exit_code, codes) == (1, ["plan_generate_and_given"])


@pytest.mark.slow
def test_a_name_the_atlas_cannot_print_stops_the_atlas_and_nothing_else(tmp_path):
    """U+16A0 ᚠ is no character of the bundled type; figures, tables and layers still come out, and it is said."""
    areas = papertown.residential()
    areas.loc[0, "name"] = "蘭ᚠ"
    plan = papertown.write(tmp_path, residential=areas)
    done = CliRunner().invoke(main, ["run", str(plan), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "ᚠ" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "summary.json", "results.gpkg", "tables.xlsx", "report.docx", "annex.docx", "map.html", "run.json",
        "timing.json",
    }  # fmt: skip
    alone = CliRunner().invoke(main, ["run", str(plan), "--out", str(tmp_path / "alone"), "--only", "atlas"])
    assert alone.exit_code == 1
    assert not (tmp_path / "alone").exists()


@pytest.mark.parametrize(("number", "code"), [(28, "machine_disk_full"), (27, "machine_write")])
def test_a_full_disk_is_told_though_the_drawing_hides_it(tmp_path, number, code):
    """Closing a PDF whose page could not be written fails a second time, in zlib, and that is what comes out."""
    hidden = zlib.error("Error -2 while flushing: inconsistent stream state")
    hidden.__context__ = OSError(number, os.strerror(number))
    with pytest.raises(MachineFailed) as failed, runs.machine_faults(tmp_path / "out"):
        raise hidden
    assert [fault.code for fault in failed.value.faults] == [code]
    with pytest.raises(zlib.error), runs.machine_faults(tmp_path / "out"):
        raise zlib.error
