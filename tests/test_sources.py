"""What comes through the doors: a small town in many files, each test with one thing wrong or odd in it.

The town: one street of 400 m, four areas of 100 m × 100 m (1 ha) along it with 1, 2, 4 and 8 hundred households, one
station. All in EPSG:4548; the street starts at (500 000, 4 050 000).
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from batches import few
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planning import crs as crss
from planning import plan as plans
from planning import sources, tables, texts
from planning.errors import InputRefused

ZONE = "EPSG:4548"
X0, Y0 = 500_000.0, 4_050_000.0
HOUSEHOLDS = [100, 200, 400, 800]


def square(at, *, size=100.0):
    left = X0 + 100 * at
    return shapely.box(left, Y0 + 10, left + size, Y0 + 10 + size)


def roads_frame():
    line = shapely.LineString([(X0, Y0), (X0 + 400, Y0)])
    return gpd.GeoDataFrame({"road_id": ["r1"], "highway": ["residential"]}, geometry=[line], crs=ZONE)


def residential_frame(**columns):
    made = {"residential_id": ["A", "B", "C", "D"], "name": ["甲", "乙", "丙", "丁"], "households": HOUSEHOLDS}
    return gpd.GeoDataFrame({**made, **columns}, geometry=[square(at) for at in range(4)], crs=ZONE)


def facilities_frame(**columns):
    made = {"facility_id": ["S1"], "name": ["站"], "level": ["community"], "kind": ["station"], "status": ["operating"]}
    point = shapely.Point(X0 + 200, Y0 + 5)
    return gpd.GeoDataFrame({**made, **columns}, geometry=[point], crs=ZONE)


def save(frame, path, **options):
    frame.to_file(path, driver="GPKG", engine="pyogrio", **options)
    return path.name


@pytest.fixture(autouse=True, scope="session")
def _quick_geopackages():
    """Let SQLite write the test files without waiting for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OGR_SQLITE_SYNCHRONOUS", "OFF")
        yield


class Town:
    """A folder with the town in it and a plan that names it; files and keys can be changed one by one."""

    def __init__(self, folder):
        self.folder = folder
        self.inputs = {}
        for name, frame in (
            ("roads", roads_frame),
            ("residential", residential_frame),
            ("facilities", facilities_frame),
        ):
            (folder / f"{name}.gpkg").write_bytes(_bytes(frame))
            self.inputs[name] = {"path": f"{name}.gpkg"}
        self.head = {"name": "试", "standard": "liaocheng"}
        self.tail = ""

    def put(self, name, frame_or_path, **keys):
        if isinstance(frame_or_path, pd.DataFrame):
            frame_or_path = save(frame_or_path, self.folder / f"{name}_new.gpkg")
        self.inputs[name] = {"path": str(frame_or_path), **keys}
        return self

    def csv(self, name, text, *, encoding="utf-8", **keys):
        path = self.folder / f"{name}.csv"
        path.write_bytes(text.encode(encoding))
        return self.put(name, path.name, **keys)

    def xlsx(self, name, rows, *, sheet="台账", **keys):
        book = openpyxl.Workbook()
        book.active.title = sheet
        for row in rows:
            book.active.append(row)
        book.save(self.folder / f"{name}.xlsx")
        return self.put(name, f"{name}.xlsx", **keys)

    def plan(self):
        lines = ["[plan]", *(f'{key} = "{value}"' for key, value in self.head.items()), "as_of = 2025-12-31"]
        for name, keys in self.inputs.items():
            lines.append(f"[inputs.{name}]")
            lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
        file = self.folder / "plan.toml"
        file.write_text("\n".join([*lines, self.tail]), encoding="utf-8")
        return plans.read(file)

    def read(self):
        return sources.read(self.plan())

    def check(self):
        faults, counts = sources.check(self.plan())
        for count in counts.values():
            assert count["used"] + count["flagged"] + count["excluded"] == count["read"]
        for fault in faults:
            assert "{" not in fault.message() + fault.remedy()
        return faults, counts

    def errors(self):
        return [fault for fault in self.check()[0] if fault.severity == "error"]

    def warnings(self, code=None):
        return [f for f in self.check()[0] if f.severity == "warning" and code in (None, f.code)]


@functools.cache
def _bytes(make):
    """Return the GeoPackage of a frame, written once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{make.__name__.removesuffix('_frame')}.gpkg"
        save(make(), path)
        return path.read_bytes()


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(word)}" for key, word in value.items()) + " }"
    return f"'{value}'" if isinstance(value, str) else str(value)


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "聊城 市区"
    folder.mkdir()
    return Town(folder)


def codes(faults):
    return [fault.code for fault in faults]


# ------------------------------------------------------------------------------------------------------ a clean town


def test_a_clean_town_comes_through_whole(town):
    intake = town.read()
    assert intake.faults == ()
    assert intake.crs == CRS.from_user_input(ZONE)
    assert intake.counts == {
        "roads": {"read": 1, "used": 1, "flagged": 0, "excluded": 0},
        "residential": {"read": 4, "used": 4, "flagged": 0, "excluded": 0},
        "facilities": {"read": 1, "used": 1, "flagged": 0, "excluded": 0},
    }
    areas = intake.tables["residential"]
    assert areas["households"].tolist() == HOUSEHOLDS
    assert areas["residential_id"].tolist() == ["A", "B", "C", "D"]
    assert [shape.equals(square(at)) for at, shape in enumerate(areas.geometry)] == [True] * 4
    assert intake.tables["roads"].geometry[0].coords[0] == (X0, Y0)


def test_tables_have_every_column_of_their_contract_in_their_kind(town):
    intake = town.read()
    dtypes = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    for name, table in intake.tables.items():
        assert isinstance(table.index, pd.RangeIndex)
        for column in tables.contract(name).columns.values():
            assert str(table[column.name].dtype) == dtypes.get(column.kind, "str"), (name, column.name)
    assert intake.tables["residential"]["elderly"].isna().all()
    assert intake.tables["roads"]["node_ids"].dtype == object
    assert intake.tables["roads"]["level"].tolist() == [0]


def test_the_ledger_has_a_row_per_row_but_for_plain_roads(town):
    ledger = town.read().ledger
    assert tuple(ledger.columns) == tables.LEDGER_COLUMNS
    assert ledger["table"].value_counts().to_dict() == {"residential": 4, "facilities": 1}
    assert set(ledger["outcome"]) == {"used"}
    assert ledger["id"].tolist() == ["A", "B", "C", "D", "S1"]


def test_files_are_recorded_with_their_hash(town):
    import hashlib

    files = town.read().files
    assert [file.input for file in files] == ["roads", "residential", "facilities"]
    for file in files:
        assert file.sha256 == hashlib.sha256((town.folder / file.path).read_bytes()).hexdigest()
    assert [file.rows for file in files] == [1, 4, 1]


def test_the_folder_is_not_written_to_and_nothing_is_left_over(town, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    plan = town.plan()
    before = {path: path.read_bytes() for path in town.folder.iterdir()}
    sources.read(plan)
    assert {path: path.read_bytes() for path in town.folder.iterdir()} == before
    assert list((tmp_path / "scratch").iterdir()) == []


CELLS = [
    "",
    "-",
    "120户",
    "1.2万",
    "约300",
    "-5",
    "Infinity",
    "合计",
    "是",
    "2015年",
    "新建",
    "117.0",
    "999",
    "甲",
    "１",
]
HEADS = ["residential_id", "households", "residents", "built", "completion_date", "lon", "lat", "name"]


@pytest.mark.slow
@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=8, max_size=8), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_the_cells_no_row_is_lost(town, records):
    """Every record ends as used, flagged or excluded, and every fault has its sentences (see `Town.check`)."""
    text = "\n".join(",".join(record) for record in [HEADS, *records])
    town.csv("residential", text + "\n", datum="wgs84")
    faults, counts = town.check()
    assert counts["residential"]["read"] == sum(any(record) for record in records)
    assert not [fault for fault in faults if fault.code == "rows_lost"]


@given(st.permutations(range(4)))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(town, order):
    straight = town.put("residential", residential_frame()).read().tables["residential"]
    town.put("residential", residential_frame().iloc[list(order)])
    shuffled = town.read().tables["residential"].sort_values("residential_id", ignore_index=True)
    assert shuffled.pop("source_row").sum() == straight.pop("source_row").sum() == 1 + 2 + 3 + 4
    pd.testing.assert_frame_equal(pd.DataFrame(shuffled), pd.DataFrame(straight))


def test_cells_of_every_type_in_a_workbook(town):
    """Dates, truths and numbers in the wrong columns are said, not crashed on."""
    import datetime as dt

    rows = [["小区编号", "户数", "常住人口", "竣工日期", "是否", "经度", "纬度"]]
    lon, lat = degrees(0)
    rows.append([1, dt.datetime(2015, 6, 1), True, 42156, 1, float(lon), float(lat)])
    rows.append([2.0, "8", 16, dt.datetime(2015, 6, 1), None, float(lon), float(lat)])
    rows.append([True, 8, 16, True, None, float(lon), float(lat)])
    town.xlsx("residential", rows, datum="wgs84")
    faults, counts = town.check()
    assert counts["residential"]["read"] == 3
    errors = {(fault.row, fault.column, fault.code) for fault in faults if fault.severity == "error"}
    assert errors == {(2, "户数", "number_unreadable"), (2, "常住人口", "number_unreadable")}
    assert [fault.row for fault in faults if fault.code == "date_unreadable"] == [4]


def test_the_same_bytes_give_the_same_intake(town):
    one, other = town.read(), town.read()
    pd.testing.assert_frame_equal(one.ledger, other.ledger)
    for name in one.tables:
        pd.testing.assert_frame_equal(pd.DataFrame(one.tables[name]), pd.DataFrame(other.tables[name]))


def test_every_missing_file_is_named_at_once(town):
    town.put("roads", "no_roads.gpkg").put("facilities", "no_places.gpkg")
    errors = town.errors()
    assert codes(errors) == ["file_missing", "file_missing"]
    assert [fault.file for fault in errors] == ["no_roads.gpkg", "no_places.gpkg"]
    with pytest.raises(InputRefused) as caught:
        town.read()
    assert codes(caught.value.faults) == ["file_missing", "file_missing"]


def test_a_missing_file_does_not_hide_the_faults_of_the_others(town):
    town.put("roads", "no_roads.gpkg").put("residential", residential_frame(households=[-1, 2, 3, 4]))
    assert sorted(codes(town.errors())) == ["file_missing", "number_negative"]


@pytest.mark.parametrize(
    ("level", "refused"), [("桥", True), ("1.5", True), ("1", False), ("-1", False), (None, False)]
)
def test_a_level_that_is_none_stops_the_run(town, level, refused):
    """Taken as ground, a bridge would join the road beneath it."""
    town.put("roads", roads_frame().assign(level=pd.Series([level] * len(roads_frame()), dtype=object)))
    assert set(codes(town.errors())) == ({"road_level_unknown"} if refused else set())


def test_progress_is_told(town):
    said = []
    sources.read(town.plan(), progress=lambda *step: said.append(step))
    assert said == [("roads", 0, 3), ("residential", 1, 3), ("facilities", 2, 3), ("", 3, 3)]


# ---------------------------------------------------------------------------------------------------------- columns

XLSX_HEAD = ["小区编号", "小区名称", "总户数（户）", "常住人口", "建成年份", "经度", "纬度"]


def degrees(at):
    """Return the middle of area ``at`` in degrees."""
    xy = np.array([[X0 + 100 * at + 50, Y0 + 60]])
    lon, lat = crss.to_degrees(xy, CRS.from_user_input(ZONE))[0]
    return f"{lon:.9f}", f"{lat:.9f}"


def test_a_chinese_ledger_with_a_title_above_and_totals_below(town):
    rows = [["聊城市居住区台账"], [], XLSX_HEAD]
    rows += [[f"A{at}", "甲乙丙丁"[at], f"{100 * 2**at}户", 300 * 2**at, "2015年", *degrees(at)] for at in range(4)]
    rows += [["合计", None, 1500, 4500], []]
    town.xlsx("residential", rows, datum="cgcs2000")
    intake = town.read()
    areas = intake.tables["residential"]
    assert areas["households"].tolist() == HOUSEHOLDS
    assert areas["completion_date"].tolist() == ["2015"] * 4
    assert areas.geometry.x.tolist() == pytest.approx([X0 + 50, X0 + 150, X0 + 250, X0 + 350], abs=1e-3)
    assert intake.counts["residential"] == {"read": 5, "used": 4, "flagged": 0, "excluded": 1}
    total = intake.ledger.query("outcome == 'excluded'").iloc[0]
    assert (total["row"], total["reasons"]) == (8, "total_row")


def test_units_in_headings_are_used(town):
    rows = [["编号", "名称", "级别", "类型", "状态", "建筑面积（万㎡）", "用地面积(亩)", "经度", "纬度"]]
    rows.append(["S1", "站", "社区级", "养老服务站", "在用", 0.12, "3亩", *degrees(2)])
    town.xlsx("facilities", rows, datum="wgs84")
    place = town.read().tables["facilities"].iloc[0]
    assert place["floor_area_m2"] == 1200
    assert place["land_area_m2"] == 2000
    assert (place["level"], place["kind"], place["status"]) == ("community", "station", "operating")


def test_the_plan_names_a_column_and_its_bracket_is_still_its_unit(town):
    rows = [["residential_id", "规模（万户）", "lon", "lat"], ["A", 0.01, *degrees(0)]]
    town.xlsx("residential", rows, datum="wgs84", fields={"households": "规模（万户）"})
    assert town.read().tables["residential"]["households"].tolist() == [100]


def test_a_heading_with_an_unclear_unit_is_refused(town):
    rows = [
        ["facility_id", "级别", "status", "kind", "面积万平", "lon", "lat"],
        ["S1", "社区", "运营", "站", 1, *degrees(0)],
    ]
    town.xlsx("facilities", rows, datum="wgs84", fields={"floor_area_m2": "面积万平"})
    assert codes(town.errors()) == ["header_unit"]


def test_two_columns_for_one_must_be_decided_by_the_plan(town):
    frame = residential_frame().rename(columns={"households": "户数"}).assign(总户数=[1, 2, 3, 4])
    town.put("residential", frame)
    errors = town.errors()
    assert codes(errors) == ["columns_ambiguous"]
    assert "户数" in errors[0].value
    assert errors[0].column == "households"
    town.put("residential", frame, fields={"households": "总户数"})
    assert town.read().tables["residential"]["households"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("counted", ["id", "ID"])
def test_a_named_id_goes_before_a_programs_number(town, counted):
    """A feature's own number beside 编号: the column someone named is the id, which is said; the other stays behind."""
    frame = residential_frame(**{counted: [7, 8, 9, 10]}).rename(columns={"residential_id": "编号"})
    frame.to_file(town.folder / "areas.shp", engine="pyogrio", encoding="utf-8")
    town.put("residential", "areas.shp")
    (said,) = town.warnings("columns_id_preferred")
    assert (said.column, said.value.lower()) == ("编号", counted.lower())
    assert town.read().tables["residential"]["residential_id"].tolist() == ["A", "B", "C", "D"]


def test_an_exact_name_comes_before_an_alias(town):
    town.put("residential", residential_frame(户数=[9, 9, 9, 9]))
    areas = town.read().tables["residential"]
    assert areas["households"].tolist() == HOUSEHOLDS
    assert areas["户数"].tolist() == [9, 9, 9, 9]


def test_fields_that_name_nothing(town):
    town.put("residential", residential_frame(), fields={"households": "户口", "homes": "name"})
    errors = town.errors()
    assert codes(errors) == ["fields_no_column", "fields_unknown_key"]
    assert "households" in errors[0].remedy()


def test_a_required_column_that_is_not_there(town):
    town.put("facilities", facilities_frame().drop(columns="level"))
    errors = town.errors()
    assert codes(errors) == ["column_missing"]
    assert "kind" in errors[0].remedy()


def test_extra_columns_stay_behind_under_their_names(town):
    town.put("residential", residential_frame(物业=["a", "b", "c", "d"]))
    areas = town.read().tables["residential"]
    assert areas["物业"].tolist() == ["a", "b", "c", "d"]
    assert list(areas.columns).index("物业") > list(areas.columns).index("largest_unit_m2")


def test_a_source_column_under_a_name_we_use_ourselves(town):
    town.put("residential", residential_frame(source_row=["a", "b", "c", "d"], node_ids=[1, 2, 3, 4]))
    areas = town.read().tables["residential"]
    assert areas["source_row"].tolist() == [1, 2, 3, 4]
    assert areas["source_row_source"].tolist() == ["a", "b", "c", "d"]
    town.put("roads", roads_frame().assign(node_ids=["x"]))
    assert town.read().tables["roads"]["node_ids"].isna().tolist() == [True]


def test_names_and_ids_are_kept_byte_for_byte(town):
    names = [" 甲 ", "NA", "null", "='1+1"]
    town.put("residential", residential_frame(name=names, residential_id=["001", "1", "１", "440106199001011234"]))
    areas = town.read().tables["residential"]
    assert areas["name"].tolist() == names
    assert areas["residential_id"].tolist() == ["001", "1", "１", "440106199001011234"]


def test_text_that_cannot_be_printed_is_flagged_and_kept(town):
    """U+E010 is private use, U+FFFD what a lost letter leaves, U+0085 a control; a line end in a name is no fault."""
    names = ["甲\ue010", "乙\ufffd", "丙\n苑", "丁\x85"]
    town.put("residential", residential_frame(name=names))
    intake = town.read()
    assert intake.tables["residential"]["name"].tolist() == names
    assert intake.ledger.query("reasons == 'text_unprintable'")["row"].tolist() == [1, 2, 4]


# ----------------------------------------------------------------------------------------------------------- values


def test_every_bad_value_is_listed_with_its_place(town):
    text = "residential_id,households,residents,built,lon,lat\n"
    cells = ["-5,300,新建", "约300,300,已建", "100,abc,新建", "100,300,半新"]
    text += "".join(f"A{at},{cell},{','.join(degrees(at))}\n" for at, cell in enumerate(cells))
    town.csv("residential", text, datum="wgs84")
    errors = town.errors()
    assert {(fault.row, fault.column, fault.value, fault.code) for fault in errors} == {
        (2, "households", "-5", "number_negative"),
        (3, "households", "约300", "number_approximate"),
        (4, "residents", "abc", "number_unreadable"),
        (5, "built", "半新", "choice_unknown"),
    }
    assert {fault.file for fault in errors} == {"residential.csv"}


@pytest.mark.parametrize(
    ("column", "word"), [("status", "打烊"), ("level", "省级"), ("kind", "养老产业用地"), ("ownership", "混合")]
)
def test_an_unknown_word_stops_the_run(town, column, word):
    town.put("facilities", facilities_frame(**{column: [word]}))
    errors = town.errors()
    assert [(fault.code, fault.column, fault.value) for fault in errors] == [("choice_unknown", column, word)]


def test_an_unreadable_date_or_flag_is_flagged_and_missing(town):
    town.put("facilities", facilities_frame(opened=["近年"], accessible=["部分"], star=["三星半"]))
    intake = town.read()
    place = intake.tables["facilities"].iloc[0]
    assert pd.isna(place["opened"])
    assert pd.isna(place["accessible"])
    assert pd.isna(place["star"])
    assert intake.counts["facilities"] == {"read": 1, "used": 0, "flagged": 1, "excluded": 0}
    assert set(intake.ledger.iloc[-1]["reasons"].split(";")) == {
        "date_unreadable",
        "flag_unreadable",
        "integer_unreadable",
    }


def test_no_households_are_fine_and_missing_ones_are_flagged(town):
    town.put("residential", residential_frame(households=[0, "暂无资料", "", "8"]))
    intake = town.read()
    assert intake.tables["residential"]["households"].tolist()[0] == 0
    assert intake.tables["residential"]["households"].isna().tolist() == [False, True, True, False]
    assert intake.counts["residential"]["flagged"] == 2


@pytest.mark.parametrize(
    ("columns", "code", "row"),
    [
        ({"households": [123_695, 200, 400, 800]}, "households_implausible", 1),
        pytest.param({"households": [100, 200, 400, 1001]}, "density_implausible", 4, marks=pytest.mark.slow),
        ({"residents": [200, 400, 2401, 1600]}, "persons_implausible", 3),
        pytest.param({"residents": [149, 400, 800, 1600]}, "persons_implausible", 1, marks=pytest.mark.slow),
        ({"residents": [200, 400, 800, 1600], "elderly": [10, 401, 40, 80]}, "part_exceeds_whole", 2),
        pytest.param(
            {"residents": [200, 400, 800, 1600], "elderly": [10, 281, 40, 80]},
            "elderly_implausible",
            2,
            marks=pytest.mark.slow,
        ),
        ({"care_floor_area_m2": [1000, 2000, 4000, 8001]}, "care_area_implausible", 4),
    ],
)
def test_figures_nobody_would_believe_are_flagged_and_kept(town, columns, code, row):
    """Areas are 1 ha. Limits, all inclusive: 1000 households a hectare, 1.5 to 6 persons and 10 m² of care floor area a
    household, 70 % of residents aged 60 and over.
    """
    town.put("residential", residential_frame(**columns))
    warnings = town.warnings(code)
    assert [fault.row for fault in warnings] == [row]
    assert town.read().counts["residential"]["excluded"] == 0


@pytest.mark.parametrize(
    ("area", "beds", "flagged"),
    few([(79, 10, True), (3000, 10, False), (80, 10, False), (3001, 10, True), (0, 10, False)], quick=2),
)
def test_floor_area_a_bed(town, area, beds, flagged):
    """8 to 300 m² a bed, both inclusive; a floor area of 0 is for the rules, not for this."""
    town.put("facilities", facilities_frame(floor_area_m2=[area], beds=[beds]))
    assert bool(town.warnings("bed_area_implausible")) == flagged


def test_figures_on_the_line_are_believed(town):
    columns = {"households": [1000, 2, 400, 800], "residents": [6000, 3, 600, 4800], "elderly": [4200, 2, 0, 0]}
    columns["care_floor_area_m2"] = [10_000, 0, 1, 8000]
    town.put("residential", residential_frame(**columns))
    assert town.check()[0] == ()


def test_a_facility_without_status_operates_and_is_flagged(town):
    town.put("facilities", facilities_frame().drop(columns=["status", "kind"]))
    intake = town.read()
    assert intake.tables["facilities"]["status"].tolist() == ["operating"]
    assert intake.ledger.iloc[-1]["reasons"] == "status_missing;kind_missing"


def test_roads_without_a_class_are_walkable_and_warned_of_once(town):
    town.put("roads", roads_frame().drop(columns="highway"))
    intake = town.read()
    assert codes(intake.faults) == ["road_class_absent"]
    assert intake.tables["roads"]["walkable"].tolist() == [True]
    assert intake.counts["roads"]["used"] == 1


# ------------------------------------------------------------------------------------------------ ids and references


def test_duplicate_ids_stop_the_run(town):
    town.put("residential", residential_frame(residential_id=["A", "B", "A", "D"]))
    assert [(fault.code, fault.row, fault.value) for fault in town.errors()] == [
        ("id_duplicate", 1, "A"),
        ("id_duplicate", 3, "A"),
    ]


def test_a_row_given_twice_counts_once(town):
    """Row 5 is row 1 again, its ring started at another corner: excluded as a duplicate, no fault of ids."""
    frame = residential_frame()
    turned = frame.iloc[[0]].set_geometry(
        [shapely.Polygon(np.roll(shapely.get_coordinates(square(0))[:-1], 2, axis=0))], crs=ZONE
    )
    town.put("residential", pd.concat([frame, turned], ignore_index=True))
    intake = town.read()
    assert intake.tables["residential"]["households"].sum() == sum(HOUSEHOLDS)
    assert intake.counts["residential"] == {"read": 5, "used": 4, "flagged": 0, "excluded": 1}
    assert intake.ledger.query("outcome == 'excluded'")[["row", "reasons"]].to_numpy().tolist() == [
        [5, "duplicate_row"]
    ]


def test_without_an_id_column_row_numbers_stand_in(town):
    town.put("residential", residential_frame().drop(columns="residential_id"))
    intake = town.read()
    assert intake.tables["residential"]["residential_id"].tolist() == ["1", "2", "3", "4"]
    assert intake.counts["residential"]["flagged"] == 4


def test_an_empty_id_among_others(town):
    town.put("residential", residential_frame(residential_id=["A", None, "C", "4"]))
    intake = town.read()
    assert intake.tables["residential"]["residential_id"].tolist() == ["A", "2", "C", "4"]
    town.put("residential", residential_frame(residential_id=["A", None, "C", "2"]))
    assert codes(town.errors()) == ["id_duplicate", "id_duplicate"]


def test_excel_numbers_that_lost_their_digits_are_no_ids(town):
    rows = [
        ["小区编号", "户数", "lon", "lat"],
        [440106199001011234, 100, *degrees(0)],
        [123456789012345, 100, *degrees(1)],
    ]
    town.xlsx("residential", rows, datum="wgs84")
    errors = town.errors()
    assert [(fault.code, fault.row) for fault in errors] == [("id_digits_lost", 2)]


def gates(*ids):
    points = [shapely.Point(X0 + 10 * at, Y0 + 10) for at in range(len(ids))]
    return gpd.GeoDataFrame({"residential_id": list(ids), "open": ["是"] * len(ids)}, geometry=points, crs=ZONE)


def test_a_gate_of_an_unknown_area_stops_the_run(town):
    town.put("entrances", gates("A", "Z"))
    assert [(fault.code, fault.row, fault.value) for fault in town.errors()] == [("reference_unknown", 2, "Z")]


def test_a_gate_of_an_excluded_area_is_excluded(town):
    frame = residential_frame()
    frame.loc[0, "geometry"] = None
    town.put("residential", frame).put("entrances", gates("A", "B"))
    intake = town.read()
    assert intake.tables["entrances"]["residential_id"].tolist() == ["B"]
    assert intake.counts["entrances"] == {"read": 2, "used": 1, "flagged": 0, "excluded": 1}


def test_pools_and_what_they_serve(town):
    town.csv("pools", "residential_id,pool_id\nA,P1\nB,P1\n")
    town.put("facilities", facilities_frame(serves=["P1；C 、C"]))
    intake = town.read()
    assert intake.tables["facilities"]["serves"].tolist() == ["P1;C"]
    assert intake.tables["pools"]["pool_id"].tolist() == ["P1", "P1"]
    town.csv("pools", "residential_id,pool_id\nA,P1\nA,P2\nY,P1\n")
    town.put("facilities", facilities_frame(serves=["P1;Q"]))
    assert sorted((fault.code, fault.value) for fault in town.errors()) == [
        ("pools_area_twice", "A"),
        ("pools_area_twice", "A"),
        ("reference_unknown", "Y"),
        ("serves_unknown", "Q"),
    ]


def test_candidates(town):
    frame = facilities_frame(facility_id=["K1"]).drop(columns="status").rename(columns={"name": "点位名称"})
    town.put("candidates", frame.assign(建筑面积="1,200㎡", role="必选"))
    town.tail = '[siting]\np = 1\ndemand = "households"'
    row = town.read().tables["candidates"].iloc[0]
    assert (row["status"], row["role"], row["max_floor_area_m2"]) == ("candidate", "required", 1200)
    town.put("candidates", frame.assign(facility_id="S1"))
    assert codes(town.errors()) == ["id_in_both"]


def test_no_candidates_and_no_demand(town):
    town.put("candidates", facilities_frame().iloc[:0])
    town.tail = "[siting]\np = 1"
    errors = town.errors()
    assert sorted(codes(errors)) == ["candidates_empty", "demand_column_absent"]
    demand = next(fault for fault in errors if fault.code == "demand_column_absent")
    assert demand.column == "elderly"
    assert "households" in demand.remedy()


# ---------------------------------------------------------------------------------------------------------- the join


def joined(town, text, **keys):
    (town.folder / "attributes.csv").write_text(text, encoding="utf-8")
    bare = residential_frame().drop(columns="households")
    return town.put("residential", bare, table="attributes.csv", **{"join": "residential_id", **keys})


def test_an_attribute_table_is_joined_by_id(town):
    joined(town, "residential_id,户数,备注\nD,8户,丁\nC,4,\nB,2,\nA,1,甲\n合计,15,\n")
    intake = town.read()
    areas = intake.tables["residential"]
    assert areas["households"].tolist() == [1, 2, 4, 8]
    assert areas["备注"].tolist()[0] == "甲"
    assert intake.counts["residential.table"] == {"read": 5, "used": 4, "flagged": 0, "excluded": 1}
    assert [file.path for file in intake.files if file.input == "residential.table"] == ["attributes.csv"]


def test_notes_below_an_attribute_table_are_said_as_notes(town):
    """A note, a signature and a heading printed again are no areas without a shape, and an ill cell is named."""
    joined(
        town,
        "序号,residential_id,户数\n1,A,1\n2,B,2\n序号,residential_id,户数\n注：截至年底,,\n填表人：张三,审核：李四,\n",
    )
    said = town.read().ledger.query("table == 'residential.table'")
    assert said.set_index("row")["reasons"].to_dict() == {
        2: "", 3: "", 4: "heading_repeated", 5: "note_row", 6: "note_row",
    }  # fmt: skip


def test_unmatched_rows_on_both_sides_are_listed(town):
    joined(town, "residential_id,户数\nA,1\nB,2\nZ,4\n")
    intake = town.read()
    assert intake.tables["residential"]["households"].isna().tolist() == [False, False, True, True]
    assert intake.ledger.query("reasons == 'join_unmatched_table'")["row"].tolist() == [4]
    assert intake.counts["residential"]["flagged"] == 2


def test_faults_of_joined_values_name_the_table_and_its_row(town):
    joined(town, "residential_id,户数\nD,-8\nA,1\nA,2\n")
    errors = town.errors()
    assert {(fault.code, fault.file, fault.row) for fault in errors} == {
        ("number_negative", "attributes.csv", 2),
        ("join_key_duplicate", "attributes.csv", 3),
        ("join_key_duplicate", "attributes.csv", 4),
    }


def test_a_join_column_that_is_not_there(town):
    joined(town, "code,户数\nA,1\n")
    errors = town.errors()
    assert [(fault.code, fault.file) for fault in errors] == [("join_column_missing", "attributes.csv")]


# ----------------------------------------------------------------------------------------------------------- shapes


def test_one_bad_of_a_hundred_leaves_ninety_nine(town):
    shapes = [shapely.Point(X0 + at, Y0 + 20) for at in range(99)] + [None]
    frame = gpd.GeoDataFrame(
        {"residential_id": [f"A{at}" for at in range(100)], "households": 1}, geometry=shapes, crs=ZONE
    )
    town.put("residential", frame)
    intake = town.read()
    assert len(intake.tables["residential"]) == 99
    assert intake.counts["residential"] == {"read": 100, "used": 99, "flagged": 0, "excluded": 1}
    assert intake.ledger.query("outcome == 'excluded'")["reasons"].tolist() == ["geometry_empty"]


def test_a_slip_is_repaired_and_a_bow_tie_is_not(town):
    """A loop at a corner changes 10 000 m² by 0.5 m²; the halves of a bow-tie cancel each other."""
    slip = shapely.Polygon(
        [
            (X0, Y0),
            (X0 + 100, Y0),
            (X0 + 100, Y0 + 100),
            (X0 + 1, Y0 + 100),
            (X0, Y0 + 101),
            (X0 + 1, Y0 + 101),
            (X0, Y0 + 100),
        ]
    )
    bow = shapely.Polygon([(X0, Y0), (X0 + 100, Y0 + 100), (X0 + 100, Y0), (X0, Y0 + 100)])
    assert not slip.is_valid
    town.put("residential", residential_frame().set_geometry([slip, bow, square(2), square(3)], crs=ZONE))
    intake = town.read()
    assert intake.tables["residential"]["residential_id"].tolist() == ["A", "C", "D"]
    assert intake.tables["residential"].geometry.is_valid.all()
    by_row = intake.ledger.query("table == 'residential'").set_index("row")
    assert by_row.loc[1, "reasons"] == "geometry_repaired"
    assert "m² →" in by_row.loc[1, "value"]
    assert by_row.loc[2, "reasons"] == "geometry_invalid"


def test_kinds_of_shapes(town):
    line = shapely.LineString([(X0, Y0), (X0 + 1, Y0)])
    shapes = [line, shapely.MultiPoint([(X0, Y0)]), shapely.MultiPoint([(X0, Y0), (X0 + 1, Y0)]), square(3)]
    town.put("residential", residential_frame().set_geometry(shapes, crs=ZONE))
    intake = town.read()
    assert intake.tables["residential"]["residential_id"].tolist() == ["B", "D"]
    assert intake.tables["residential"].geometry.geom_type.tolist() == ["Point", "Polygon"]


def test_lines_in_parts_are_taken_apart_and_counted_once(town):
    parts = shapely.MultiLineString([[(X0, Y0, 5), (X0 + 8, Y0, 5)], [(X0 + 9, Y0, 5), (X0 + 400, Y0, 5)]])
    flat = shapely.LineString([(X0, Y0), (X0, Y0)])
    frame = gpd.GeoDataFrame({"road_id": ["r1", "r2"], "highway": ["path"] * 2}, geometry=[parts, flat], crs=ZONE)
    town.put("roads", frame)
    intake = town.read()
    assert intake.tables["roads"]["road_id"].tolist() == ["r1", "r1"]
    assert intake.tables["roads"].geometry.length.tolist() == [8, 391]
    assert not intake.tables["roads"].geometry.has_z.any()
    assert intake.counts["roads"] == {"read": 2, "used": 1, "flagged": 0, "excluded": 1}
    assert intake.ledger.query("table == 'roads'")["reasons"].tolist() == ["line_without_length"]


# ------------------------------------------------------------------------------------------------------ coordinates


def test_a_layer_without_a_crs_is_refused(town):
    with pytest.warns(UserWarning, match="crs"):
        town.put("roads", roads_frame().set_crs(None, allow_override=True))
    assert codes(town.errors()) == ["crs_missing"]


@pytest.mark.parametrize(
    ("label", "move", "code"),
    [
        ("EPSG:4326", (0, 0), "crs_metres_as_degrees"),
        ("EPSG:4548", (39_000_000, 0), "crs_zone_prefix"),
        ("EPSG:4527", (0, 0), "crs_zone_prefix"),
        ("EPSG:3857", (0, 0), "crs_input_web_mercator"),
        ("EPSG:2349", (0, 0), "crs_old_datum"),
    ],
)
def test_labels_that_lie(town, label, move, code):
    moved = roads_frame().translate(*move)
    town.put("roads", roads_frame().set_geometry(moved).set_crs(label, allow_override=True))
    errors = town.errors()
    assert codes(errors) == [code]
    assert errors[0].file == "roads_new.gpkg"
    assert errors[0].layer == "roads_new"


def test_swapped_axes_are_refused(town):
    swapped = (
        residential_frame().to_crs(4490).geometry.map(lambda shape: shapely.transform(shape, lambda xy: xy[:, ::-1]))
    )
    town.put("residential", residential_frame().set_geometry(swapped, crs="EPSG:4490"))
    assert codes(town.errors()) == ["crs_axes_swapped"]


def test_one_point_out_of_china_is_a_row_most_are_a_layer(town):
    here = residential_frame().to_crs(4490)
    here.loc[0, "geometry"] = shapely.Point(0, 0)
    town.put("residential", here)
    intake = town.read()
    assert intake.counts["residential"]["excluded"] == 1
    assert intake.ledger.query("reasons == 'coordinates_outside'")["id"].tolist() == ["A"]
    here = here.set_geometry([shapely.Point(2.3, 48.8)] * 3 + [here.geometry.iloc[3]], crs=4490)
    town.put("residential", here)
    assert "crs_outside" in codes(town.errors()) or "crs_no_zone" in codes(town.errors())


def test_degrees_and_prefixed_zones_arrive_at_the_same_place(town):
    for epsg in (4326, 4490, 4527):
        town.put("residential", residential_frame().to_crs(epsg))
        areas = town.read().tables["residential"]
        assert shapely.get_coordinates(areas.geometry).round(3).min(axis=0).tolist() == [X0, Y0 + 10]


def test_shifted_layers_are_shifted_back(town):
    def shift(xy):
        return np.column_stack(crss.gcj02_to_bd09(*crss.wgs84_to_gcj02(xy[:, 0], xy[:, 1])))

    moved = residential_frame().to_crs(4326).geometry.map(lambda shape: shapely.transform(shape, shift))
    town.put("residential", residential_frame().set_geometry(moved, crs=4326), datum="bd09")
    intake = town.read()
    assert np.allclose(
        shapely.get_coordinates(intake.tables["residential"].geometry).min(axis=0), [X0, Y0 + 10], atol=0.01
    )
    assert "BD-09" in next(file.crs_text for file in intake.files if file.input == "residential")


def test_a_table_brings_no_datum_of_its_own(town):
    lon, lat = degrees(0)
    town.csv("residential", f"residential_id,households,经度,纬度\nA,100,{lon},{lat}\n")
    assert codes(town.errors()) == ["crs_missing"]
    town.csv("residential", "residential_id,households\nA,100\n", datum="wgs84")
    assert codes(town.errors()) == ["coordinates_absent"]


def test_coordinates_as_text(town):
    """117°0′16.2″ = 117.0045; rows without or with unreadable coordinates are left out, each with its reason."""
    rows = ["A,100,117.0045,36.58", "B,100,东经117°0′16.2″,北纬36°34′48″", "C,100,,", "D,100,117.0.1,36.58"]
    town.csv("residential", "residential_id,households,经度,纬度\n" + "\n".join(rows), datum="cgcs2000")
    intake = town.read()
    areas = intake.tables["residential"]
    assert areas["residential_id"].tolist() == ["A", "B"]
    assert areas.geometry[0].distance(areas.geometry[1]) < 0.01
    assert intake.ledger.query("outcome == 'excluded'")["reasons"].tolist() == [
        "coordinates_missing",
        "coordinates_unreadable",
    ]


def test_wkt_in_a_table(town):
    shape = residential_frame().to_crs(4490).geometry[0].wkt
    text = f'residential_id,households,wkt\nA,100,"{shape}"\nB,1,"POLYGON ((1 2"\n'
    town.csv("residential", text, datum="cgcs2000")
    areas = town.read().tables["residential"]
    assert areas.geometry.area.tolist() == pytest.approx([10_000], abs=0.01)


def test_the_plans_zone_is_kept_or_refused(town):
    town.head["crs"] = "EPSG:4549"
    intake = town.read()
    assert intake.crs == CRS.from_epsg(4549)
    assert codes(intake.faults) == ["crs_zone_neighbour"]
    town.head["crs"] = "EPSG:4551"
    assert codes(town.errors()) == ["crs_zone_far"]


# -------------------------------------------------------------------------------------------------------- the ledger


def test_the_ledger_speaks_the_language_of_the_plan(town):
    town.put("facilities", facilities_frame(status=[None]))
    town.tail = '[output]\nlanguage = "en"'
    assert "Fill in planned" in town.read().ledger.iloc[-1]["remedy"]


def test_many_warnings_of_a_kind_end_in_one_that_counts_the_rest(town):
    count = 250
    shapes = [shapely.Point(X0 + at, Y0 + 20) for at in range(count)]
    town.put("residential", gpd.GeoDataFrame({"households": [1] * count}, geometry=shapes, crs=ZONE))
    warnings = town.warnings()
    assert codes(warnings).count("id_column_absent") == 200
    assert [(fault.code, fault.facts["count"]) for fault in warnings if fault.code == "and_more"] == [("and_more", 50)]
    assert (town.read().ledger["reasons"] == "id_column_absent").sum() == count


def test_every_code_said_in_the_doors_has_its_sentences():
    """Literals handed to ``say``, ``table_fault``, ``fault``, ``_refused`` and the like stand in a table of texts."""
    import ast

    import planning

    package = Path(planning.__file__).parent
    files = [*sorted((package / "sources").glob("*.py")), *package.glob("*crs*.py")]
    speakers = {"say", "table_fault", "fault", "_refused", "_fault", "_flag", "_say", "Fault"}
    said = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            literals = [arg.value for arg in (node.args[:2] if name else []) if isinstance(arg, ast.Constant)]
            said |= {word for word in literals if name in speakers and isinstance(word, str) and "_" in word}
    assert len(said) > 60
    assert {code for code in said if not texts.has(f"fault.{code}.message")} == set()
