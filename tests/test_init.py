"""A first plan file from a folder: what stands out is taken, what does not is asked, nothing is guessed in silence."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from planning import init, plan, runs, sources, tables
from planning.cli import main
from planning.errors import InputRefused
from planning.init import _files, _write
from planning.sources import draft, peek

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
DATUMS = {"养老设施台账.xlsx": "gcj02", "": "wgs84"}
HOSTILE = '楼\n[plan]\nstandard = "x"\r\x1b[31m"]} # \\'
EAST, NORTH = 500_000.0, 4_000_000.0


def read_here(spec, path, *, layer):
    """Read in this process: guesses do not depend on where a file is read, and each start of a reader costs."""
    return SimpleNamespace(raw=draft.open_raw(spec, path, tables.contract(spec.name), layer=layer)[0])


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read here, but in tests that ask for ``apart``."""
    if "apart" not in request.fixturenames:
        monkeypatch.setattr(peek.apart, "open_one", read_here)


@pytest.fixture
def apart() -> None:
    """Files are read in a process of its own, as they are for a user."""


def layer(path: Path, columns: dict, shapes: list, *, name: str | None = None, crs: str | None = "EPSG:4548") -> None:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.to_file(path, layer=name, driver="GPKG") if name else frame.to_file(path, driver="GPKG")


def squares(count: int, shift: float = 0.0) -> list:
    return [box(EAST + 200 * at + shift, NORTH, EAST + 200 * at + 100 + shift, NORTH + 100) for at in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small town with the three inputs a plan needs, each under a name and with columns a planner would use."""
    (tmp_path / "数据").mkdir()
    line = LineString([(EAST, NORTH - 20), (EAST + 600, NORTH - 20)])
    layer(tmp_path / "数据" / "路网.gpkg", {"道路编号": ["a"], "highway": ["footway"]}, [line])
    columns = {"小区名称": ["东风小区", "锦绣花园"], "总户数": [128, 256], "60岁以上人口": [64, 32]}
    layer(tmp_path / "居住区.gpkg", columns, squares(2))
    place = [Point(EAST + 50, NORTH - 20)]
    layer(tmp_path / "养老设施.gpkg", {"机构名称": ["和平敬老院"], "设施级别": ["街道"], "床位数": [8]}, place)
    return tmp_path


def parsed(draft: init.Draft) -> dict:
    return tomllib.loads(draft.text)


def codes(error: pytest.ExceptionInfo[InputRefused]) -> list[str]:
    return [fault.code for fault in error.value.faults]


# ----------------------------------------------------------------------------------------------------- the sample


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The sample without its plan, with the planner's own word for one column."""
    shutil.copytree(SAMPLE, tmp_path / "澄河")
    (tmp_path / "澄河" / "plan.toml").unlink()
    (tmp_path / "澄河" / "fields.toml").write_text('[candidates]\ncost = "投资匡算"\n', "utf-8")
    return tmp_path / "澄河"


def proposed(folder: Path, **more) -> plan.Plan:
    draft = init.propose(folder, standard="liaocheng", as_of=date(2025, 12, 31), datums=DATUMS, **more)
    return plan.read(init.write(folder, draft))


def test_the_samples_inputs_are_found_again(sample):
    """Same files, layers, joins, datums and fields as the plan a person wrote: so the same figures come out."""
    ours, theirs = proposed(sample), plan.read(SAMPLE / "plan.toml")
    asked = ("path", "layer", "datum", "encoding", "fields", "table", "join")
    for name in theirs.inputs:
        said, wanted = ours.inputs[name], theirs.inputs[name]
        assert {key: getattr(said, key) for key in asked} == {key: getattr(wanted, key) for key in asked}, name
    assert set(ours.inputs) == set(theirs.inputs)


@pytest.mark.slow
def test_the_samples_figures_come_out_again(sample):
    """With the sample's own choices of reading and siting in place of the asked-for ones, all but the name is equal."""
    path = init.write(sample, init.propose(sample, standard="liaocheng", as_of=date(2025, 12, 31), datums=DATUMS))
    theirs = (SAMPLE / "plan.toml").read_text("utf-8")
    path.write_text(path.read_text("utf-8").split("[siting]")[0] + theirs[theirs.index("[standards]") :], "utf-8")
    ours = runs.run(path, out=sample.parent / "ours", only="siting").folder
    wanted = runs.run(SAMPLE / "plan.toml", out=sample.parent / "theirs", only="siting").folder
    first, second = (json.loads((one / "summary.json").read_text("utf-8")) for one in (ours, wanted))
    assert {**first, "plan": None, "run_id": None} == {**second, "plan": None, "run_id": None}


@pytest.mark.slow
def test_a_table_without_datum_is_asked_never_guessed(sample):
    """Two files of the sample have coordinates and no CRS: nothing is written for them but the question."""
    draft = init.propose(sample, standard="liaocheng", as_of=date(2025, 12, 31))
    words = parsed(draft)
    assert "datum" not in words["inputs"]["facilities"]
    assert "datum" not in words["inputs"]["entrances"]
    assert draft.text.count('# datum = "wgs84"') == 2
    faults, _ = runs.check(init.write(sample, draft))
    refused = {(fault.code, fault.file) for fault in faults if fault.severity == "error"}
    assert refused == {("crs_missing", "养老设施台账.xlsx"), ("crs_missing", "出入口.csv")}


# ---------------------------------------------------------------------------------------------------- what is taken


def test_a_good_folder_gives_a_plan_that_passes(folder):
    draft = init.propose(folder, standard="liaocheng", as_of=date(2025, 12, 31))
    words = parsed(draft)["inputs"]
    assert {name: spec["path"] for name, spec in words.items()} == {
        "roads": "数据/路网.gpkg",
        "residential": "居住区.gpkg",
        "facilities": "养老设施.gpkg",
    }
    faults, counts = sources.check(plan.read(init.write(folder, draft)))
    assert not [fault for fault in faults if fault.severity == "error"]
    assert {name: rows["read"] for name, rows in counts.items()} == {"roads": 1, "residential": 2, "facilities": 1}


def test_standard_and_day_are_asked_for(folder):
    """Left out, both stand as comments; the plan is then refused for the standard alone."""
    draft = init.propose(folder)
    assert set(parsed(draft)["plan"]) == {"name"}
    assert parsed(draft)["plan"]["name"] == folder.name
    assert draft.questions == 2
    with pytest.raises(InputRefused) as error:
        plan.read(init.write(folder, draft))
    assert [(fault.code, fault.column) for fault in error.value.faults] == [("plan_missing_key", "plan.standard")]


def test_layers_of_one_file_and_sheets_of_one_workbook_are_told_apart(tmp_path, apart):
    line = LineString([(EAST, NORTH - 20), (EAST + 600, NORTH - 20)])
    layer(tmp_path / "全部.gpkg", {"highway": ["footway"]}, [line], name="道路")
    layer(tmp_path / "全部.gpkg", {"名称": ["东风小区"], "户数": [128]}, squares(1), name="居住区")
    layer(tmp_path / "全部.gpkg", {"备注": ["x"]}, squares(1), name="图框")
    with pd.ExcelWriter(tmp_path / "台账.xlsx") as book:
        care = {"机构名称": ["和平敬老院"], "级别": ["街道"], "床位": [8], "经度": [117.0], "纬度": [36.1]}
        pd.DataFrame(care).to_excel(book, sheet_name="养老设施", index=False)
        pools = {"小区编号": ["1"], "统筹单元": ["甲"]}
        pd.DataFrame(pools).to_excel(book, sheet_name="统筹", index=False)
    words = parsed(init.propose(tmp_path, datums={"台账.xlsx": "cgcs2000"}))["inputs"]
    assert words == {
        "roads": {"path": "全部.gpkg", "layer": "道路"},
        "residential": {"path": "全部.gpkg", "layer": "居住区"},
        "facilities": {"path": "台账.xlsx", "layer": "养老设施", "datum": "cgcs2000"},
        "pools": {"path": "台账.xlsx", "layer": "统筹"},
    }


def test_candidates_are_told_from_facilities_and_gates_from_areas(folder):
    """The last word that says what a thing is decides: 养老设施备选点位 are candidates, 居住区出入口 are gates."""
    spots = {"名称": ["老厂房"], "级别": ["街道"], "面积": [512]}
    layer(folder / "养老设施备选点位.gpkg", spots, [Point(EAST + 60, NORTH)])
    layer(folder / "居住区出入口.gpkg", {"小区编号": ["1"], "门名": ["南门"]}, [Point(EAST + 50, NORTH)])
    words = parsed(init.propose(folder))
    assert words["inputs"]["candidates"]["path"] == "养老设施备选点位.gpkg"
    assert words["inputs"]["entrances"]["path"] == "居住区出入口.gpkg"
    assert words["inputs"]["facilities"]["path"] == "养老设施.gpkg"
    assert words["siting"]["model"] == "lscp", "without a number of sites only this model can run"


def test_the_demand_of_siting_is_one_the_data_have(folder):
    layer(folder / "居住区.gpkg", {"小区名称": ["东风小区"], "总户数": [128]}, squares(1))
    layer(folder / "备选点位.gpkg", {"级别": ["街道"], "角色": ["可选"]}, [Point(EAST, NORTH)])
    assert parsed(init.propose(folder))["siting"]["demand"] == "households"


def test_buildings_are_not_taken_for_residential_areas(folder):
    """Both are points with households; a building counted as an area of its own would be a wrong figure."""
    where = [Point(EAST + 10 + at, NORTH + 10) for at in range(3)]
    layer(folder / "居住区.gpkg", {"小区编号": ["A"]}, squares(1))
    columns = {"楼号": ["1号楼", "2号楼", "3号楼"], "小区编号": ["A"] * 3, "户数": [1, 2, 4], "人口": [3, 6, 12]}
    layer(folder / "楼栋.gpkg", columns, where)
    words = parsed(init.propose(folder))["inputs"]
    assert words["residential"]["path"] == "居住区.gpkg"
    assert words["population"]["path"] == "楼栋.gpkg"
    (folder / "居住区.gpkg").unlink()
    (folder / "楼栋.gpkg").rename(folder / "数据.gpkg")
    assert "residential" not in parsed(init.propose(folder))["inputs"], "nothing but columns both have: asked"


def test_an_attribute_table_is_joined_where_its_ids_are_those_of_the_layer(folder):
    layer(folder / "居住区.gpkg", {"小区编号": ["A", "B"]}, squares(2))
    pd.DataFrame({"小区编号": ["A", "B"], "总户数": [1, 2]}).to_excel(folder / "居住区台账.xlsx", index=False)
    spec = parsed(init.propose(folder))["inputs"]["residential"]
    assert spec == {"path": "居住区.gpkg", "table": "居住区台账.xlsx", "join": "小区编号"}


def test_a_table_of_other_ids_is_not_joined(folder):
    """One of three ids is found: below a half, so it is asked."""
    layer(folder / "居住区.gpkg", {"小区编号": ["A", "B", "C"]}, squares(3))
    pd.DataFrame({"小区编号": ["A", "X", "Y"], "总户数": [1, 2, 3]}).to_excel(folder / "居住区台账.xlsx", index=False)
    draft = init.propose(folder)
    assert parsed(draft)["inputs"]["residential"] == {"path": "居住区.gpkg"}
    assert "居住区台账.xlsx" in draft.text


@pytest.mark.parametrize(
    ("ids", "names", "tied"),
    [
        (["X1", "X2", "X3"], ["甲园", "乙园", "丙园"], True),
        (["X1", "X2", "X3"], ["丙园", "甲园", "乙园"], False),  # the same ids for other places
        (["X1", "X2", "X3"], ["甲园", "乙园", "戊园"], True),  # one renamed
        (["X1", "X2", "X3"], None, True),
        ([1, 2, 3], None, False),  # running numbers, nothing else to hold them together
        ([1, 2, 3], ["甲园", "乙园", "丙园"], True),
    ],
)
def test_a_join_needs_the_same_places_and_not_only_the_same_numbers(folder, ids, names, tied):
    """Joined by its row number, a table gives each area the households of another: plausible and wrong."""
    mine, theirs = {"小区编号": ids}, {"小区编号": ids, "总户数": [1, 2, 4]}
    if names is not None:
        mine["小区名称"], theirs["小区名称"] = ["甲园", "乙园", "丙园"], names
    layer(folder / "居住区.gpkg", mine, squares(3))
    pd.DataFrame(theirs).to_excel(folder / "居住区台账.xlsx", index=False)
    spec = parsed(init.propose(folder))["inputs"]["residential"]
    assert spec.get("join") == ("小区编号" if tied else None)


# ------------------------------------------------------------------------------------------------- what is not taken


def test_two_that_could_be_it_are_both_shown_and_none_is_taken(folder):
    shutil.copy(folder / "居住区.gpkg", folder / "居住区2020.gpkg")
    draft = init.propose(folder, standard="liaocheng")
    assert "residential" not in parsed(draft)["inputs"]
    assert draft.choices["residential"].look is None
    assert {look.path for look, _ in draft.choices["residential"].others} == {"居住区.gpkg", "居住区2020.gpkg"}
    mended = uncommented(draft.text, "residential", "居住区2020.gpkg")
    assert tomllib.loads(mended)["inputs"]["residential"] == {"path": "居住区2020.gpkg"}


def uncommented(text: str, role: str, path: str) -> str:
    """Do what the plan asks of a planner: take the # away from one of the alternatives."""
    lines = text.splitlines()
    at = next(
        at for at, line in enumerate(lines) if line == f"# [inputs.{role}]" and lines[at + 1] == f'# path = "{path}"'
    )
    lines[at : at + 2] = [lines[at][2:], lines[at + 1][2:]]
    return "\n".join(lines)


def test_hospitals_are_no_care_facilities(tmp_path):
    """名称 and 类型 are columns of both; what stands in them decides."""
    where = [Point(117.0 + at / 100, 36.0) for at in range(3)]
    columns = {"名称": ["第一医院", "东街诊所", "南卫生院"], "类型": ["三级", "诊所", "卫生院"]}
    layer(tmp_path / "点.gpkg", columns, where, crs="EPSG:4326")
    choices = init.propose(tmp_path).choices
    assert choices["facilities"].look is None
    assert [look.path for look, _ in choices["medical"].others] == ["点.gpkg"], "too little for more than a question"


def test_shapes_that_do_not_fit_rule_a_role_out(tmp_path):
    """A polygon layer called 路网 is no road network, whatever its name says."""
    layer(tmp_path / "路网.gpkg", {"highway": ["footway"]}, squares(1))
    choices = init.propose(tmp_path).choices
    assert choices["roads"].look is None
    assert not choices["roads"].others


def test_a_ledger_without_coordinates_is_named_and_its_likely_columns_shown(tmp_path):
    columns = {"小区名称": ["东风小区"], "总户数": [128], "lon_bd09": [117.0], "lat_bd09": [36.0]}
    pd.DataFrame(columns).to_csv(tmp_path / "小区.csv", index=False)
    draft = init.propose(tmp_path)
    assert "inputs" not in parsed(draft)
    assert '# fields = { lon = "lon_bd09", lat = "lat_bd09" }' in draft.text
    assert '# datum = "bd09"' in draft.text


def test_ambiguous_and_missing_columns_are_asked_for(folder):
    layer(folder / "居住区.gpkg", {"户数": [1], "总户数": [2], "小区名称": ["东风小区"]}, squares(1))
    layer(folder / "养老设施.gpkg", {"机构名称": ["和平敬老院"], "床位数": [8]}, [Point(EAST, NORTH)])
    text = init.propose(folder).text
    assert '# fields = { households = "户数" }' in text
    assert '# fields = { households = "总户数" }' in text
    assert any("设施级别 level" in line and "# ？" in line for line in text.splitlines())


def test_what_is_missing_is_said(tmp_path):
    layer(tmp_path / "居住区.gpkg", {"小区名称": ["东风小区"], "户数": [2]}, squares(1))
    draft = init.propose(tmp_path)
    said = "\n".join(init.summary(draft))
    assert "道路：没有找到，必需" in said
    assert "planning fetch" in draft.text


def test_files_that_cannot_be_read_are_named(folder, apart):
    (folder / "旧图.dwg").write_bytes(b"AC1027" + bytes(100))
    (folder / "坏.gpkg").write_bytes(b"SQLite format 3\0" + bytes(50))
    (folder / "说明.docx").write_bytes(b"PK")
    draft = init.propose(folder)
    assert {fault.file for fault in draft.faults} == {"旧图.dwg", "坏.gpkg"}
    assert {fault.severity for fault in draft.faults} == {"warning"}
    for name in ("旧图.dwg", "坏.gpkg", "说明.docx"):
        assert name in draft.text


def test_an_empty_folder_or_none_is_refused(tmp_path):
    for path, code in ((tmp_path, "init_nothing"), (tmp_path / "没有", "init_not_a_folder")):
        with pytest.raises(InputRefused) as error:
            init.propose(path)
        assert codes(error) == [code]


def test_too_many_files_are_refused(tmp_path):
    for at in range(_files.MAX_FILES + 1):
        (tmp_path / f"{at}.csv").touch()
    with pytest.raises(InputRefused) as error:
        init.propose(tmp_path)
    assert codes(error) == ["init_too_many"]


def test_run_folders_hidden_folders_and_parts_of_shapefiles_are_passed_over(tmp_path):
    for place in ("out/run.json", "out/results.gpkg", ".cache/a.csv", "~$b.xlsx", "c.shp", "c.dbf", "c.shx", "d.dbf"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    found = _files.find(tmp_path)
    assert found.data == ("c.shp",)
    assert found.other == ("d.dbf",)


# ---------------------------------------------------------------------------------------------------- never overwritten


def test_a_plan_that_is_there_is_never_overwritten(folder):
    (folder / "plan.toml").write_text("mine", "utf-8")
    done = CliRunner().invoke(main, ["init", str(folder)])
    assert done.exit_code == 1
    assert (folder / "plan.toml").read_text("utf-8") == "mine"
    with pytest.raises(InputRefused) as error:
        init.write(folder, init.propose(folder))
    assert codes(error) == ["init_plan_exists"]
    assert (folder / "plan.toml").read_text("utf-8") == "mine"


def test_the_command_says_what_became_of_each_input(folder):
    done = CliRunner().invoke(main, ["init", str(folder), "--standard", "nantong", "--as-of", "2025-12-31"])
    assert done.exit_code == 0
    assert "居住区：居住区.gpkg" in done.output
    assert tomllib.loads((folder / "plan.toml").read_text("utf-8"))["plan"]["as_of"] == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--datum", "gps"], "init_datum_unknown"),
        (["--datum", "没有.csv=wgs84"], "init_datum_unknown"),
        (["--standard", "atlantis"], None),
        (["--fields", "没有.toml"], "fields_file_missing"),
    ],
)
def test_answers_that_cannot_be_used_are_refused_and_nothing_is_written(folder, more, code):
    done = CliRunner().invoke(main, ["init", str(folder), *more])
    assert done.exit_code == 1
    assert not (folder / "plan.toml").exists()
    assert "Traceback" not in done.output


def test_the_same_folder_gives_the_same_bytes(folder, monkeypatch):
    first = init.propose(folder).text
    listed = _files.os.walk

    def backwards(top):
        for here, folders, names in listed(top):
            folders.reverse()
            yield here, folders, list(reversed(names))

    monkeypatch.setattr(_files.os, "walk", backwards)
    assert init.propose(folder).text == first


# ---------------------------------------------------------------------------------------------------- own field names


def test_a_planners_own_words_are_taken_and_written_into_the_plan(folder):
    layer(folder / "居住区.gpkg", {"小区名称": ["东风小区"], "有几家": [128]}, squares(1))
    (folder / "fields.toml").write_text('[residential]\nhouseholds = ["多少家", "有几家"]\n', "utf-8")
    spec = parsed(init.propose(folder))["inputs"]["residential"]
    assert spec["fields"] == {"households": "有几家"}


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("[residental]\nname = 'x'", "fields_file_table", "residential"),
        ("[residential]\nhousehold = 'x'", "fields_file_column", "residential.households"),
        ("[residential]\nhouseholds = 3", "fields_file_value", ""),
        ("[residential]\nhouseholds = []", "fields_file_value", ""),
        ("[residential]\nhouseholds = 'x'\nname = ' X'", "fields_file_twice", ""),
        ("[residential", "fields_file_not_toml", ""),
    ],
)
def test_a_wrong_file_of_words_is_refused(folder, text, code, named):
    (folder / "fields.toml").write_text(text, "utf-8")
    with pytest.raises(InputRefused) as error:
        init.propose(folder)
    assert codes(error) == [code]
    assert named in error.value.faults[0].remedy()


# ------------------------------------------------------------------------------------------------------ hostile text


def test_names_cannot_break_out_of_their_line(folder):
    """Layer names, headings and cells are text of strangers: the plan holds the keys it would hold without them."""
    name = "居住区" + HOSTILE
    (folder / "居住区.gpkg").unlink()
    layer(folder / "怪.gpkg", {HOSTILE: ["x"], "小区名称": [HOSTILE], "户数": [1]}, squares(1), name=name)
    layer(folder / "怪.gpkg", {"a": ["x"]}, squares(1), name="b")
    draft = init.propose(folder, name=HOSTILE)
    words = parsed(draft)
    assert set(words) == {"plan", "inputs"}
    assert words["plan"] == {"name": HOSTILE}
    assert words["inputs"]["residential"] == {"path": "怪.gpkg", "layer": name}
    assert set(words["inputs"]) == {"roads", "residential", "facilities"}
    assert "\x1b" not in draft.text


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_its_toml_string(text):
    assert tomllib.loads(f"a = {_write.quoted(text)}")["a"] == text


@settings(max_examples=50)
@given(st.text(), st.text())
@pytest.mark.slow
def test_any_name_stays_within_its_comment(first, second):
    line = _write._comment("clue.name", name=first, word=second)
    assert tomllib.loads(f"a = 1\n{line}\nb = 2") == {"a": 1, "b": 2}


def test_a_name_no_plan_could_hold_is_said(folder):
    (folder / "坏\\名.csv").write_text("a,b\n1,2\n", "utf-8")
    draft = init.propose(folder)
    assert [fault.code for fault in draft.faults] == ["init_name_unusable"]


# ---------------------------------------------------------------------------------------------------- the word table


def test_every_role_has_its_words_and_sentences():
    from planning import texts
    from planning.init._clues import roles

    assert set(roles()) == set(tables.contracts()) == set(plan.INPUTS)
    for role in plan.INPUTS:
        assert texts.has(f"init.role.{role}")
        assert texts.has(f"init.advice.{role}")


def test_no_strong_word_stands_for_two_roles():
    """The last strong word decides, so one word may decide for one role only."""
    from planning.init._clues import roles

    every = [word for entry in roles().values() for word in entry["strong"]]
    assert len(every) == len(set(every))
