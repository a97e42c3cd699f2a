"""Two run folders held side by side, on the town of `papertown`: figures on paper, sums that foot, bad folders.

Run A is the town. Run B differs in two causes:

* data: T1 (x = 1200) operates; area E is gone; area G is new, at x = 600, 300 households, 64 elderly, 600 m from both;
* parameter: 1.2 m/s, so 15 minutes are 1080 m instead of 900 m.

=====  ===================  ===================================================================================
area   street status        why
=====  ===================  ===================================================================================
A      covered, covered     300 m from S1 in both
B      uncovered → covered  1000 m from S1: by 1080 m (parameter), or T1 at 200 m (data): each alone
C      uncovered → covered  1500 m from S1: T1 at 300 m (data); 1080 m alone does not do
D      uncovered            2900 m, then 1700 m: a figure, by data
F      unreachable          no change at all
E, G   removed, added       data
=====  ===================  ===================================================================================

Households covered at street level: 1000 (A) + 2000 (B, either) + 800 (C, data) + 300 (G, added) = 4100.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import openpyxl
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from shapely.geometry import box

from planning import compare, runs, texts
from planning.cli import main
from planning.compare import _causes, _folder, _keys, _sums, _values
from planning.compare._causes import cause_of_table
from planning.errors import InputRefused
from planning.plan import INPUTS
from planning.plan._keys import SECTIONS
from planning.runs import _record
from planning.tables import input_name

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = '=1+1</script><b>|"x"'
FASTER = "[walk]\nspeed_m_per_s = 1.2"


def changed_tables() -> dict[str, gpd.GeoDataFrame]:
    facilities = papertown.facilities()
    facilities.loc[facilities["facility_id"] == "T1", "status"] = "operating"
    x, y = papertown.X0 + 600, papertown.Y0
    row = {"residential_id": "G", "name": EVIL, "households": 300, "elderly": 64, "built": "new", "setting": "urban",
           "geometry": box(x - 20, y, x + 20, y + 40)}  # fmt: skip
    gate = {"residential_id": "G", "geometry": papertown.at(600, 0)}
    areas, gates = (
        gpd.GeoDataFrame(
            pd.concat([table[table["residential_id"] != "E"], gpd.GeoDataFrame([more], crs=papertown.CRS)])
        )
        for table, more in ((papertown.residential(), row), (papertown.entrances(), gate))
    )
    return {"facilities": facilities, "residential": areas, "entrances": gates}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Run A, run B, and run P: run A with B's speed in its record, and what that would bring to area B."""
    root = tmp_path_factory.mktemp("两次 runs")
    papertown.write(root / "a")
    shutil.copytree(root / "a", root / "b")
    plan = root / "b" / "plan.toml"
    plan.write_text(plan.read_text("utf-8") + FASTER + "\n", encoding="utf-8")
    for name, table in changed_tables().items():
        table.to_file(root / "b" / f"{name}.gpkg", layer=name, driver="GPKG", mode="w")
    found = SimpleNamespace(root=root)
    for name in ("a", "b"):
        runs.run(root / name / "plan.toml", only="export")
        setattr(found, name, root / name / "out")
    said = json.loads((found.a / "run.json").read_text("utf-8"))["parameters"]
    covered = "street_status = 'covered', street_share = 1, planned_distance_m = 200"
    found.p = forged(
        found.a,
        root / "p",
        sql=f"update residential set {covered} where residential_id = 'B'",
        parameters=said | {"walk": said["walk"] | {"speed_m_per_s": 1.2}},
    )
    found.held = compare.compare(found.a, found.b)
    return found


def rows(held, kind="area"):
    table = held.changes[held.changes["kind"] == kind]
    return {(row.id, row.aspect): (row.before, row.after, row.sufficient) for row in table.itertuples()}


def forged(folder: Path, into: Path, *, sql: str = "", **record: object) -> Path:
    """Copy a run folder, change it and seal it again, as no run of ours would."""
    shutil.copytree(folder, into)
    if sql:
        with sqlite3.connect(into / "results.gpkg") as base:
            triggers = base.execute("select name from sqlite_master where type = 'trigger'").fetchall()
            for (name,) in triggers:
                base.execute(f'drop trigger "{name}"')
            base.execute(sql)
        base.close()
    said = json.loads((into / "run.json").read_text("utf-8")) | record
    for entry in said["outputs"]:
        entry["sha256"] = hashlib.sha256((into / entry["path"]).read_bytes()).hexdigest()
    said["run_id"] = runs.digest({key: value for key, value in said.items() if key not in _record.BESIDE})[:12]
    runs.write_record(into, {key: value for key, value in said.items() if key != _record.SEAL})
    return into


def cli(*words: object):
    return CliRunner().invoke(main, ["compare", *map(str, words)])


# ------------------------------------------------------------------------------------------------------------ figures


def test_areas_change_as_worked_out_on_paper(town):
    assert town.held.method == "replay"
    assert town.held.corners.active == ("data", "parameter")
    found = rows(town.held)
    assert found["B", "street_status"] == ("s:uncovered", "s:covered", "data|parameter")
    assert found["C", "street_status"] == ("s:uncovered", "s:covered", "data")
    assert found["D", "street_distance_m"] == ("n:2900.0", "n:1700.0", "data")
    assert found["E", "presence"] == ("n:1.0", _values.ABSENT, "data")
    assert found["G", "presence"] == (_values.ABSENT, "n:1.0", "data")
    assert not any(area in ("A", "F") for area, _ in found)
    areas = town.held.areas
    assert areas["category"].to_dict() == {
        "A": "unchanged", "B": "changed", "C": "changed", "D": "figures", "E": "removed", "F": "unchanged",
        "G": "added",
    }  # fmt: skip
    assert areas.loc[["B", "C"], "cause"].to_list() == ["data|parameter", "data"]
    assert rows(town.held, "facility")["T1", "in_service"] == ("n:0.0", "n:1.0", "data")


def test_every_sum_foots(town):
    totals = _sums.totals(town.held)
    assert totals == {"union": 7, "changed": 2, "figures": 1, "unchanged": 2, "added": 1, "removed": 1}
    assert _sums.by_category(town.held)["areas"].sum() == 7
    assert _sums.by_cause(town.held).to_dict("records") == [
        {"cause": "data", "areas": 1, "households": 800.0},
        {"cause": "data|parameter", "areas": 1, "households": 2000.0},
    ]
    streets = _sums.by_street(town.held)
    assert streets[list(compare.CATEGORIES)].sum().to_dict() == {name: totals[name] for name in compare.CATEGORIES}
    assert (streets["union"] == streets[list(compare.CATEGORIES)].sum(axis=1)).all()
    causes = [name for name in streets if name.startswith("cause:")]
    assert (streets[causes].sum(axis=1) == streets["changed"]).all()
    assert _sums.by_aspect(town.held)["values"].sum() == len(town.held.changes)


def test_the_bridge_leads_from_what_the_one_run_covers_to_what_the_other_does(town):
    table = _sums.bridges(town.held)
    street = table[(table["level"] == "street") & (table["weight"] == "households")]
    assert [tuple(row) for row in street[["step", "cause", "amount"]].itertuples(index=False)] == [
        ("before", "", 1000.0), ("gained", "data", 800.0), ("gained", "data|parameter", 2000.0),
        ("added", "data", 300.0), ("after", "", 4100.0),
    ]  # fmt: skip
    for (level, weight), part in table.groupby(["level", "weight"]):
        ends = part.set_index("step")["amount"]
        assert part["amount"].sum() == pytest.approx(2 * ends["after"], abs=0)
        said = [side.summary["coverage"][level][f"{weight}_covered"] for side in (town.held.a, town.held.b)]
        assert [ends["before"], ends["after"]] == said


def test_people_whom_nobody_counted_are_unknown_and_not_nought(town):
    """Without a figure of older people in one run there is no bridge of them; households are as before."""
    for side in ("a", "b"):
        run = getattr(town.held, side)
        blind = SimpleNamespace(areas=run.areas.assign(elderly=float("nan")))
        held = SimpleNamespace(**{**vars(town.held), side: blind})
        told = _sums.bridges(held)
        assert set(told["weight"]) == {"households"}
        whole = _sums.bridges(town.held)
        pd.testing.assert_frame_equal(told, whole[whole["weight"] == "households"].reset_index(drop=True))


def test_households_that_areas_do_not_state_are_told_and_not_added_as_nought(town):
    """B and C changed: 2000 and 800 households. With C unknown 2000 are known; with both unknown none are."""
    areas = town.held.areas
    by_cause = _sums.by_cause(town.held).set_index("cause")["households"].to_dict()
    assert by_cause == {"data": 800.0, "data|parameter": 2000.0}
    blind = SimpleNamespace(**{**vars(town.held), "areas": areas.assign(households_b=areas["households_b"].drop("C"))})
    found = _sums.by_cause(blind).set_index("cause")["households"]
    assert found["data|parameter"] == 2000
    assert pd.isna(found["data"])
    assert (_sums.unstated(blind, "data"), _sums.unstated(blind, "data|parameter")) == (1, 0)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_what_changed_lies_above_what_did_not(town, tmp_path):
    """Of thousands of points in a city the few that changed would be hidden under the others."""
    page = compare.write(town.held, tmp_path / "c") / "compare.html"
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'u'}"]
    made = subprocess.run([*command, "--virtual-time-budget=3000", "--dump-dom", page.as_uri()], capture_output=True,
                          check=True, timeout=60).stdout.decode()  # fmt: skip
    said = re.findall(r'class="area[^"]*"[^>]*><title>[^<]* · ([^<]*)</title>', made)
    assert set(said) >= {"不变", "状态变化"}
    changed = [one != "不变" for one in said]
    assert changed == sorted(changed)


@pytest.mark.slow
def test_the_other_way_round_is_the_mirror(town):
    there, back = town.held, compare.compare(town.b, town.a)
    turned = back.changes.rename(columns={"before": "after", "after": "before", "sufficient": "undoing",
                                          "undoing": "sufficient"})  # fmt: skip
    columns = ["kind", "id", "aspect", "before", "after", "sufficient", "undoing"]
    pd.testing.assert_frame_equal(there.changes[columns], turned[columns])
    swapped = back.areas["category"].replace({"added": "removed", "removed": "added"})
    assert swapped.to_dict() == there.areas["category"].to_dict()
    ones = [tuple(map(str, (one.cause, one.key, one.a, one.b))) for one in there.differences]
    assert ones == [tuple(map(str, (one.cause, one.key, one.b, one.a))) for one in back.differences]


def test_a_run_is_itself(town):
    held = compare.compare(town.a, town.a)
    assert (held.method, len(held.changes), len(held.cancelled), held.differing) == ("same", 0, 0, ())
    assert set(held.areas["category"]) == {"unchanged"}
    assert not compare.faults(held)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_difference_is_written_too(town, tmp_path, language):
    folder = compare.write(compare.compare(town.a, town.a), tmp_path / "same", language=language)
    record = json.loads((folder / "compare.json").read_text("utf-8"))
    assert record["totals"] == {
        "union": 6, "changed": 0, "figures": 0, "unchanged": 6, "added": 0, "removed": 0,
    }  # fmt: skip
    assert (record["changes"], record["differences"], record["method"]) == ([], [], "same")
    said = texts.t("compare.text.nothing", language)
    assert said in (folder / "compare.md").read_text("utf-8")


def test_one_cause_alone_is_proven_by_the_record(town, tmp_path):
    """Speed alone differs: what changed is due to it, though no input is left."""
    for name in ("a", "p"):
        shutil.copytree(getattr(town, name), tmp_path / name / "run")
    held = compare.compare(tmp_path / "a" / "run", tmp_path / "p" / "run")
    assert (held.method, held.differing) == ("record", ("parameter",))
    assert rows(held)["B", "street_status"] == ("s:uncovered", "s:covered", "parameter")
    assert set(held.changes["cause"]) == {"parameter"}


@pytest.mark.slow
def test_inputs_of_a_plan_that_was_edited_in_place_are_found(town, tmp_path):
    """The plan file is overwritten between the runs: the record holds its text; the data still lie beside it."""
    shutil.copytree(town.root / "a", tmp_path / "t", ignore=shutil.ignore_patterns("out"))
    shutil.copytree(town.a, tmp_path / "t" / "first")
    plan = tmp_path / "t" / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace("p = 2", "p = 1") + FASTER, encoding="utf-8")
    runs.run(plan, out=tmp_path / "t" / "second", only="export")
    held = compare.compare(tmp_path / "t" / "first", tmp_path / "t" / "second")
    assert (held.method, held.corners.active) == ("replay", ("parameter", "siting"))
    assert rows(held)["B", "street_status"][2] == "parameter"


@pytest.fixture
def gone(town, tmp_path):
    """Both run folders alone, somewhere else, without the note of where they came from."""
    for name in ("a", "b"):
        shutil.copytree(getattr(town, name), tmp_path / name / "run")
        (tmp_path / name / "run" / "timing.json").unlink()
    return tmp_path


def test_without_the_inputs_only_what_the_folders_prove_is_said(gone):
    held = compare.compare(gone / "a" / "run", gone / "b" / "run")
    assert held.method == "evidence"
    assert rows(held, "facility")["T1", "status"][2] == "data"
    assert rows(held)["E", "presence"][2] == "data"
    row = held.changes.set_index(["id", "aspect"]).loc[("C", "street_status")]
    assert (row["cause"], row["sufficient"], row["possible"]) == ("unproven", "", "data|parameter")
    assert [fault.code for fault in compare.faults(held)] == ["compare_inputs_gone"] * 2
    text = (compare.write(held, gone / "c") / "compare.md").read_text("utf-8")
    assert "原因待证（可能：数据、参数）" in (gone / "c" / "compare.html").read_text("utf-8")
    assert "--plan-a" in text
    assert _sums.by_category(held)["areas"].sum() == 7


@pytest.mark.slow
def test_inputs_can_be_pointed_at(gone, town):
    plans = {"plan_a": town.root / "a" / "plan.toml", "plan_b": town.root / "b"}
    held = compare.compare(gone / "a" / "run", gone / "b" / "run", **plans)
    assert held.method == "replay"
    pd.testing.assert_frame_equal(held.changes, town.held.changes)


# ---------------------------------------------------------------------------------------------------------- the folder


def test_the_folder_holds_four_files_with_equal_bytes(town, tmp_path):
    for name in ("one", "two"):
        compare.write(town.held, tmp_path / name)
    for name in compare.FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    record = json.loads((tmp_path / "one" / "compare.json").read_text("utf-8"))
    assert record["totals"]["changed"] == 2
    for entry in record["outputs"]:
        assert hashlib.sha256((tmp_path / "one" / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert len(record["changes"]) == len(town.held.changes)
    either = next(row for row in record["changes"] if (row["id"], row["aspect"]) == ("B", "street_status"))
    assert (either["sufficient"], either["undoing"]) == ([["data"], ["parameter"]], [["data", "parameter"]])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_names_are_shown_and_never_run(town, tmp_path, language):
    folder = compare.write(town.held, tmp_path / "c", language=language)
    page, text = ((folder / f"compare.{kind}").read_text("utf-8") for kind in ("html", "md"))
    assert "</script><b>" not in page
    assert page.count("<script") == 2
    assert not re.search(r"""(src|href)=|url\((?!#)|@import""", page)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert next(one["name"] for one in data["areas"] if one["id"] == "G") == EVIL
    assert r"\</script\>\<b\>\|" in text
    book = openpyxl.load_workbook(folder / "compare.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value == EVIL]
    assert cells
    assert all(cell.data_type == "s" for cell in cells)
    if language == "en":
        chinese = {entry["zh"] for key, entry in texts.entries().items() if key.startswith(("compare.", "coverage."))}
        shown = page + text
        assert not [one for one in chinese if len(one) > 2 and "{" not in one and one in shown]


def test_the_workbook_sums_what_it_lists(town, tmp_path):
    book = openpyxl.load_workbook(compare.write(town.held, tmp_path / "c") / "compare.xlsx", data_only=True)
    assert book.sheetnames[:4] == ["概览", "运行差异", "居住区变化", "逐项变化"]
    listed = [line[0].value for line in book["居住区变化"].iter_rows() if line[0].value in set("ABCDEFG")]
    assert listed == list("BCDEG")
    streets = [[cell.value for cell in line] for line in book["分街道"].iter_rows()]
    total = next(line for line in streets if line[0] == "合计")
    assert total[1:7] == [2, 1, 2, 1, 1, 7]


@pytest.mark.slow
def test_the_default_place_is_beside_run_b_and_is_replaced_whole(town):
    done = cli(town.a, town.b)
    assert done.exit_code == 0, done.output
    ids = [json.loads((run / "run.json").read_text("utf-8"))["run_id"] for run in (town.a, town.b)]
    folder = town.b.parent / f"compare-{ids[0]}-{ids[1]}"
    assert sorted(path.name for path in folder.iterdir()) == sorted(compare.FILES)
    assert cli(town.a, town.b, "--language", "en").exit_code == 0
    assert (folder / "compare.md").read_text("utf-8").startswith("# Two runs compared")
    assert "status changed 2" in done.output


# ------------------------------------------------------------------------------------------------------------ bad input


def tampered(town, at):
    shutil.copytree(town.b, at)
    with (at / "summary.json").open("a") as file:
        file.write(" ")
    return at


def half(town, at):
    shutil.copytree(town.b, at)
    (at / "results.gpkg").unlink()
    record = json.loads((at / "run.json").read_text("utf-8"))
    record["outputs"] = [one for one in record["outputs"] if one["path"] != "results.gpkg"]
    runs.write_record(at, {key: value for key, value in record.items() if key != _record.SEAL})
    return at


def not_json(town, at):
    at.mkdir()
    (at / "run.json").write_text("{", encoding="utf-8")
    return at


BAD = {
    "compare_tampered": tampered,
    "compare_half_a_run": half,
    "not_a_run_folder": not_json,
    "compare_schema": lambda town, at: forged(town.b, at, schema=99),
    "compare_crs": lambda town, at: forged(town.b, at, crs="EPSG:4547"),
    "compare_ids_twice": lambda town, at: forged(
        town.b, at, sql="update residential set residential_id = 'A' where residential_id = 'B'"
    ),
    "compare_unreadable": lambda town, at: forged(
        town.b, at, sql="alter table facilities rename column facility_id to x"
    ),
}


@pytest.mark.parametrize("code", BAD)
def test_a_folder_that_cannot_be_trusted_is_refused_in_both_languages(town, tmp_path, code):
    bad = BAD[code](town, tmp_path / "bad")
    done = cli(town.a, bad, "--out", tmp_path / "c")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    with pytest.raises(InputRefused) as refused:
        compare.compare(town.a, bad)
    assert {fault.code for fault in refused.value.faults} == {code}
    assert all(fault.message("zh") != fault.message("en") for fault in refused.value.faults)
    assert not (tmp_path / "c").exists()


def test_the_faults_of_both_folders_are_told_at_once(tmp_path):
    done = cli(tmp_path / "none", tmp_path / "nothing")
    assert done.exit_code == 1
    assert done.output.count("不是成果文件夹") == 2


@pytest.mark.parametrize(("where", "code"), [
    ("run", "compare_out_is_run"), ("inside", "compare_out_is_run"), ("taken", "compare_out_taken"),
    ("file", "compare_out_taken"),
])  # fmt: skip
def test_a_comparison_is_not_written_over_anything_else(town, tmp_path, where, code):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("keep")
    out = {"run": town.a, "inside": town.a / "compare", "taken": taken, "file": taken / "letter.txt"}[where]
    with pytest.raises(InputRefused) as refused:
        compare.compare(town.a, town.b, out=out)
    assert [fault.code for fault in refused.value.faults] == [code]
    assert (taken / "letter.txt").read_text() == "keep"
    assert not runs.verify(town.a)


def test_other_ids_for_the_same_areas_are_said(town, tmp_path):
    """All ids renamed: nothing in common, six outlines the same; every area is removed and added."""
    other = forged(town.a, tmp_path / "other", sql="update residential set residential_id = residential_id || '-new'")
    held = compare.compare(town.a, other)
    assert [fault.code for fault in compare.faults(held)] == ["compare_nothing_in_common"]
    assert compare.faults(held)[0].facts["same"] == 6
    assert _sums.totals(held) == {"union": 12, "changed": 0, "figures": 0, "unchanged": 0, "added": 6, "removed": 6}
    assert set(held.changes["cause"]) == {"unproven"}  # the records do not differ
    assert "两次运行的记录没有不同" in (compare.write(held, tmp_path / "c") / "compare.html").read_text("utf-8")


@pytest.mark.slow
def test_what_one_run_has_not_is_not_compared(town, tmp_path):
    shutil.copytree(town.root / "a", tmp_path / "p", ignore=shutil.ignore_patterns("out"))
    plan = tmp_path / "p" / "plan.toml"
    plan.write_text(plan.read_text("utf-8") + FASTER, encoding="utf-8")
    runs.run(plan, out=tmp_path / "part", only="coverage")
    held = compare.compare(town.a, tmp_path / "part")
    assert held.left_out == ("compliance", "siting", "planned")
    assert {fault.code for fault in compare.faults(held)} == {"compare_left_out"}
    assert rows(held)["B", "street_status"][2] == "parameter"
    assert not set(held.changes["aspect"]) & {*_values.COMPLIANCE, *_values.PLANNED}


def test_a_plan_stopped_by_the_clock_proves_nothing_of_sites(town, tmp_path):
    """B's own coverage is still due to the speed; which sites were found depends on how far the solver got."""
    summary = json.loads((town.p / "summary.json").read_text("utf-8"))
    summary["siting"]["status"] = "feasible"
    stopped = tmp_path / "stopped"
    shutil.copytree(town.p, stopped)
    (stopped / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    stopped = forged(stopped, tmp_path / "sealed")
    held = compare.compare(town.a, stopped)
    assert held.method == "record"
    assert rows(held)["B", "street_status"][2] == "parameter"
    planned = held.changes[_values.hangs_on_sites(pd.MultiIndex.from_frame(held.changes[["kind", "id", "aspect"]]))]
    assert len(planned)
    assert set(planned["cause"]) == {"unproven"}


def test_streets_are_those_of_the_run(town):
    side = _folder.open_both(town.a, town.a)[0]
    assert side.areas["street"].dropna().to_dict() == {"A": "W", "B": "W", "C": "O", "D": "O", "E": "O"}


def test_the_page_and_its_chinese_twin_say_the_same():
    """Headings, rows of tables, code blocks and words in backticks: the part that has no language."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    pages = [(docs / name).read_text("utf-8") for name in ("compare.md", "compare.zh-CN.md")]
    for pattern in (r"^#+", r"```.*?```"):
        ones, others = (re.findall(pattern, page, re.M | re.S) for page in pages)
        assert ones == others
    rows = [[line.count("|") for line in page.splitlines() if line.startswith("|")] for page in pages]
    assert rows[0] == rows[1]
    words = [set(re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", page, flags=re.S))) for page in pages]
    assert words[0] == words[1]


def test_every_input_stands_in_the_page_under_its_cause():
    page = (Path(__file__).resolve().parent.parent / "docs" / "compare.md").read_text("utf-8")
    lines = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("|")}
    for name in INPUTS:
        assert f"`{name}`" in lines[cause_of_table(name)]


@pytest.mark.slow
def test_the_bytes_are_the_same_over_hash_seeds(town, tmp_path):
    code = "import sys; from planning import compare; compare.write(compare.compare(*sys.argv[1:3]), sys.argv[3])"
    for seed in ("1", "2"):
        words = [sys.executable, "-c", code, str(town.a), str(town.b), str(tmp_path / seed)]
        subprocess.run(words, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    for name in compare.FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


# ------------------------------------------------------------------------------------------------ read by a planner


@pytest.mark.parametrize("section", ["plan", "walk", "standards", "siting", "output"])
def test_every_key_of_a_plan_has_words(section):
    for key in SECTIONS[section]:
        for language in texts.LANGUAGES:
            said = _keys.named(f"{section}.{key}", language)
            assert said != f"{section}.{key}"
            assert f"{section}.{key}" in said


@pytest.mark.parametrize("name", ["roads", "residential", "candidates"])
def test_every_key_of_an_input_has_words(name):
    for key in set(SECTIONS[f"inputs.{name}"]) - {"path", "table"}:
        said = _keys.named(f"inputs.{name}.{key}", "zh")
        assert said.startswith(input_name(name, "zh"))
        assert said.endswith(f"（inputs.{name}.{key}）")


@pytest.mark.parametrize(
    ("key", "text", "zh", "en"),
    [
        ("walk.speed_m_per_s", "1.2", "1.2", "1.2"),
        ("walk.hard_border", "true", "是", "yes"),
        ("walk.minutes", "[5, 10, 15]", "5、10、15", "5, 10, 15"),
        ("walk.rule", "entrance", "以出入口能否到达为准", "by the gates"),
        ("siting.level", "street", "街道（镇）级", "street"),
        ("siting.budget", "", "未写明", "not stated"),
        ("siting.may_close", "[]", "未写明", "not stated"),
        ("siting.phases", '[{"budget": null, "by": null, "name": "近期", "p": 4}, {"name": "远期", "p": 10}]',
         "近期、累计处数：4；远期、累计处数：10", "近期, sites so far: 4; 远期, sites so far: 10"),
        ("siting.generate", '{"from": "grid", "spacing_m": 600}', "来源：grid、间距（m）：600",
         "from: grid, spacing (m): 600"),
        ("inputs.barriers", f"{'a' * 64} 护 栏 utf-8 1200", f"校验值 {'a' * 12}，护 栏 utf-8，1,200 行",
         f"SHA-256 {'a' * 12}, 护 栏 utf-8, 1,200 rows"),
        ("inputs.roads", f"{'b' * 64} 3", f"校验值 {'b' * 12}，3 行", f"SHA-256 {'b' * 12}, 3 rows"),
        ("plan.standard.content", "c" * 64, "c" * 12, "c" * 12),
    ],
)  # fmt: skip
def test_values_of_keys_are_said_in_words(key, text, zh, en):
    assert _keys.shown(key, text, "zh") == zh
    assert _keys.shown(key, text, "en").lower() == en.lower()


def test_a_number_stated_as_it_is_by_default_is_no_difference():
    """200 in one plan and 200.0 by default in the other, [5, 10] and [5.0, 10.0], are the same; true is not 1."""
    assert _causes._text(200) == _causes._text(200.0) == "200"
    assert _causes._text({"a": [5, 10.0]}) == _causes._text({"a": [5.0, 10]})
    assert _causes._text(True) == "true"
    assert _causes._text(0.5) == "0.5"


def test_statuses_stand_in_the_order_of_levels_then_the_plan_then_the_rule():
    asked = [
        "unit_ok",
        "street_distance_m",
        "village_status",
        "verdict",
        "planned_status",
        "county_status",
        "paper_verdict",
    ]
    assert sorted(asked, key=_values.order) == [
        "county_status", "village_status", "planned_status", "verdict", "unit_ok", "paper_verdict", "street_distance_m",
    ]  # fmt: skip


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_text_has_no_key_without_words_and_no_data_of_machines(town, tmp_path, language):
    folder = compare.write(town.held, tmp_path / "c", language=language)
    told = (folder / "compare.md").read_text("utf-8").replace("\\", "")
    assert not re.search(r'[{\[]"|null|[0-9a-f]{32}| presence|[0-9] plan \|', told)
    keys = re.findall(r"(?<![（(])\b(?:walk|siting|plan|standards)\.[a-z_]+", told)
    assert keys == []
    assert ("步行速度（m/s）（walk.speed_m_per_s）" if language == "zh" else "walking speed (m/s)") in told
