"""A bureau's own layout: what is filled in, and everything that does not fit, all at once and nothing cut."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from pyproj import CRS, Transformer
from test_export import CRS4548, X, Y, result

from planning import export
from planning.errors import InputRefused
from planning.export import _filled, _schema
from planning.plan import Output, Plan

HEAD = '[schema]\ntitle = "某省"\nfile = "某省"\nformat = "gdb"\n'


SHP = HEAD.replace("gdb", "shp")


def asked(folder: Path, text: str, *, name: str = "s.toml") -> Any:
    """Return a made-up result whose plan asks for the schema ``text``."""
    (folder / name).write_text(text, encoding="utf-8")
    made = result(exports=())
    output = replace(made.inputs.plan.output, schemas=(name,))
    made.inputs.plan = replace(made.inputs.plan, output=output, folder=folder)
    return made


def layer(fields: str, *, source: str = "residential", geometry: str = "none", more: str = "") -> str:
    return f'[[layers]]\nname = "A"\nsource = "{source}"\ngeometry = "{geometry}"\n{more}\n{fields}'


def field(name: str, kind: str, rest: str = "") -> str:
    return f'[[layers.fields]]\nname = "{name}"\ntype = "{kind}"\n{rest}\n'


def codes(faults: Any) -> list[str]:
    return [fault.code for fault in faults]


def plan_of(folder: Path, *schemas: str) -> Plan:
    output = Output(schemas=schemas)
    return Plan(name="x", standard="liaocheng", as_of=date(2025, 1, 1), inputs={}, output=output, folder=folder)


# ---------------------------------------------------------------------------------------------------------- the example


def test_the_example_is_filled_and_says_it_is_no_official_layout(tmp_path: Path) -> None:
    """Three facilities (candidates left out) as points in degrees of CGCS2000; six areas, of which one has no shape."""
    made = result(exports=())
    made.inputs.plan = replace(made.inputs.plan, output=replace(made.inputs.plan.output, schemas=("example",)))
    keep = made.residential["residential_id"] != "4"
    long = made.residential["name"].str.len() > 100
    made.residential = made.residential.assign(
        name=made.residential["name"].mask(long, "短"), required_m2=200.0, provided_m2=None, households=7.0
    )[keep].reset_index(drop=True)
    made.facilities = made.facilities.assign(kind="centre", opened="2015-06", floor_area_m2=10.005)
    made.sites = made.sites.assign(floor_area_m2=None)
    assert export.exchange(made, tmp_path, run_id="0") == ()
    path = tmp_path / "养老服务设施_示例.gdb"
    counts = {name: pyogrio.read_info(path, layer=name)["features"] for name, _ in pyogrio.list_layers(path)}
    assert counts == {"YLFWSS": 3, "GHYLSS": 0, "JZQ": 5}
    read = pyogrio.read_dataframe(path, layer="YLFWSS")
    assert CRS.from_user_input(read.crs).to_epsg() == 4490
    assert list(read["BSM"]) == [1, 2, 3]
    assert list(read["SSZT"]) == ["05", "02", "08"]
    assert list(read["JZMJ"]) == [10.01] * 3  # half up, as decimals
    east, north = Transformer.from_crs(4490, CRS4548, always_xy=True).transform(*read.geometry[0].coords[0])
    assert (east, north) == pytest.approx((X, Y), abs=0.001)
    info = pyogrio.read_info(path, layer="YLFWSS")
    assert info["layer_metadata"]["ALIAS_NAME"] == "养老服务设施现状"
    book = openpyxl.load_workbook(tmp_path / "养老服务设施_示例_fields.xlsx").active
    assert "非正式标准" in str(book.cell(1, 1).value)
    areas = pyogrio.read_dataframe(path, layer="JZQ").set_index("JZQBH")
    assert areas.loc["2", "YDMJ"] == 100 * 100 - 20 * 20


def test_the_example_has_no_fault() -> None:
    assert export.check_schemas(plan_of(Path(), "example")) == ()
    assert export.schema_files(plan_of(Path("/p"), "example", "a.toml")) == (Path("/p/a.toml"),)


# ------------------------------------------------------------------------------------------------- faults of the file


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("schema = 1", ["schema_incomplete"]),
        ("[schema", ["schema_not_toml"]),
        (HEAD + layer(field("a", "txet", 'length = 3\nsuorce = "name"')), ["schema_bad_value", "schema_unknown_key"]),
        (HEAD + layer(field("a", "text")), ["schema_missing_key"]),
        (HEAD.replace('file = "某省"', 'file = "../x"') + layer(field("a", "integer")), ["schema_bad_value"]),
        (HEAD + layer(field("a", "integer") + field("A", "integer")), ["schema_twice"]),
        (HEAD + layer(field("a", "integer", "value = 1\nnumber_from = 1")), ["schema_two_ways"]),
        (HEAD + layer(field("a", "integer", "required = true")), ["schema_required_unfilled"]),
        (HEAD + layer(field("a", "integer", 'value = 1\nmap = { a = "1" }')), ["schema_map_alone"]),
        (HEAD + layer(field("a", "integer", 'codes = "X"')), ["schema_unknown_key"]),
        (HEAD + 'crs = "EPSG:2435"\n' + layer(field("a", "integer")), ["schema_crs"]),  # Beijing 54
        (HEAD.replace("gdb", "geojson") + layer(field("a", "integer")), ["schema_geojson_crs"]),
        (SHP + layer(field("面积", "text", "length = 300")), ["schema_shp_name", "schema_shp_length"]),
        ("codes = 3\n" + HEAD + layer(field("a", "integer", 'codes = "X"')), ["schema_bad_value"]),
        (HEAD + layer(field("a", "double", "decimals = 16")), ["schema_bad_value"]),
    ],
)
def test_each_fault_of_a_schema_is_named(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    faults = export.check_schemas(plan_of(tmp_path, "s.toml"))
    assert codes(faults) == found
    for fault in faults:
        assert fault.message("zh")
        assert fault.remedy("en")


def test_files_that_are_not_there_or_share_a_name(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(HEAD + layer(field("a", "integer")), encoding="utf-8")
    (tmp_path / "gbk.toml").write_bytes("[schema]\ntitle = '规划'".encode("gbk"))
    faults = export.check_schemas(plan_of(tmp_path, "a.toml", "b.toml", "none.toml", "gbk.toml"))
    assert codes(faults) == ["schema_same_file", "schema_not_readable", "schema_not_utf8"]


def test_an_unknown_key_gets_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(HEAD + layer(field("a", "integer", "requierd = true")), encoding="utf-8")
    (fault,) = export.check_schemas(plan_of(tmp_path, "s.toml"))
    assert fault.facts["nearest"] == "required"


def test_unknown_tables_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "zeta = 1\nmu = 1\nalpha = 1\n" + HEAD + layer(field("a", "integer"))
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    assert [fault.column for fault in export.check_schemas(plan_of(tmp_path, "s.toml"))] == ["zeta", "mu", "alpha"]


# ----------------------------------------------------------------------------------------------- faults of the values


def test_a_number_of_any_size_is_rounded_to_the_decimals_asked() -> None:
    spec = _schema.FieldSpec("MJ", "double", decimals=15)
    assert [_filled._number(spec, value) for value in (1e25, 1.7e308, 0.1)] == [1e25, 1.7e308, 0.1]


def test_everything_that_does_not_fit_is_said_at_once_with_its_rows(tmp_path: Path) -> None:
    """Rows 1 to 6 have names of 15, 13, 4, 0, 300 and 6 letters."""
    fields = (
        field("BH", "text", 'length = 1\nsource = "residental_id"')
        + field("MC", "text", 'length = 15\nrequired = true\nsource = "name"')
        + field("HS", "integer", 'source = "households"')
        + field("XJ", "text", 'length = 9\nsource = "built"\nmap = { new = "新" }')
        + field("RQ", "date", 'source = "land_grant_date"')
        + field("JL", "text", 'length = 20\nsource = "verdict"\nunique = true\ncodes = "JL"')
    )
    made = asked(tmp_path, HEAD + layer(fields) + '[codes.JL]\nmeets = "达标"\nfails = "不达标"\n')
    faults = export.exchange(made, tmp_path / "out", run_id="0")
    told = {(fault.code, fault.column): fault for fault in faults}
    assert told.keys() == {
        ("schema_unknown_source", "residental_id"),
        ("schema_required", "MC"),
        ("schema_too_long", "MC"),
        ("schema_not_integer", "HS"),
        ("schema_not_mapped", "XJ"),
        ("schema_not_date", "RQ"),
        ("schema_not_unique", "JL"),
        ("schema_not_in_codes", "JL"),
    }
    assert told["schema_unknown_source", "residental_id"].facts["nearest"] == "residential_id"
    assert told["schema_required", "MC"].facts["rows"] == "4"
    assert told["schema_too_long", "MC"].facts["rows"] == "5"  # 15 letters fit, 300 do not
    assert told["schema_too_long", "MC"].facts["longest"] == 300
    assert told["schema_not_integer", "HS"].facts["rows"] == "2"  # 0.1 + 0.2; nought and missing pass
    assert told["schema_not_mapped", "XJ"].facts["rows"] == "2、6"  # existing, and an empty text
    assert told["schema_not_date", "RQ"].facts["count"] == 4  # 2015, 2015-06, empty text, 2020
    assert told["schema_not_unique", "JL"].facts["rows"] == "1、3、4、5"
    assert told["schema_not_in_codes", "JL"].facts["rows"] == "2、6"
    assert not list((tmp_path / "out").glob("某省*"))
    assert all(fault.message("zh") and fault.remedy("zh") and fault.message("en") for fault in faults)


def test_one_schema_that_does_not_fit_keeps_nothing_else_back(tmp_path: Path) -> None:
    made = asked(tmp_path, HEAD + layer(field("MC", "text", 'length = 1\nsource = "name"')))
    output = replace(made.inputs.plan.output, exports=("geojson",), schemas=("s.toml", "t.toml"))
    (tmp_path / "t.toml").write_text(
        HEAD.replace("某省", "另") + layer(field("BH", "text", 'length = 1\nsource = "residential_id"')),
        encoding="utf-8",
    )
    made.inputs.plan = replace(made.inputs.plan, output=output)
    assert codes(export.exchange(made, tmp_path / "out", run_id="0")) == ["schema_too_long"]
    assert (tmp_path / "out" / "另.gdb").is_dir()
    assert (tmp_path / "out" / "geojson").is_dir()


def test_shapes_that_a_layer_cannot_take_are_named(tmp_path: Path) -> None:
    """An area may stand as a point, a point never as an area; row 4 has no shape at all."""
    text = HEAD + layer(field("a", "integer"), geometry="polygon")
    (fault,) = export.exchange(asked(tmp_path, text), tmp_path / "out", run_id="0")
    assert (fault.code, fault.facts["rows"]) == ("schema_geometry", "4")
    text = HEAD + layer(field("a", "integer"), source="facilities", geometry="polygon")
    (fault,) = export.exchange(asked(tmp_path, text), tmp_path / "out", run_id="0")
    assert fault.facts["rows"] == "C1、C2、F1、F3"
    text = HEAD + layer(field("a", "integer"), source="candidates", geometry="point")
    assert codes(export.exchange(asked(tmp_path, text), tmp_path / "out", run_id="0")) == ["schema_no_layer"]


def test_bytes_count_in_a_shapefile_and_letters_elsewhere(tmp_path: Path) -> None:
    """阳光花园 is 4 letters, 8 bytes in GBK, 12 in UTF-8."""
    where = 'where = { residential_id = "3" }'
    limits = [("gpkg", "", 4), ("shp", "gbk", 8), ("shp", "utf-8", 12)]
    for form, page, length in [(form, page, least - less) for form, page, least in limits for less in (0, 1)]:
        head = HEAD.replace("gdb", form) + (f'encoding = "{page}"\n' if page else "")
        text = head + layer(field("MC", "text", f'length = {length}\nsource = "name"'), geometry="polygon", more=where)
        faults = export.exchange(asked(tmp_path, text), tmp_path / f"{form}{length}", run_id="0")
        assert codes(faults) == ([] if (form, page, length) in limits else ["schema_too_long"]), (form, length)
    dbf = tmp_path / "shp8" / "某省" / "A.dbf"
    assert dbf.read_bytes()[29] == 0x4D
    assert pyogrio.read_dataframe(dbf.with_suffix(".shp"))["MC"][0] == "阳光花园"


def test_letters_a_code_page_has_not_are_refused(tmp_path: Path) -> None:
    fields = field("MC", "text", 'length = 50\nsource = "name"')
    made = asked(tmp_path, SHP + 'encoding = "gbk"\n' + layer(fields, source="units", geometry="polygon"))
    made.units = made.units.assign(name=["东街道", "𠮷祥街道"])
    (fault,) = export.exchange(made, tmp_path / "out", run_id="0")
    assert (fault.code, fault.facts["rows"]) == ("schema_not_in_page", "S2")


def test_types_constants_measures_and_crs(tmp_path: Path) -> None:
    """A square of 100 m at a known place, in the neighbouring zone with its number before the easting."""
    fields = (
        field("MJ", "double", 'decimals = 1\nmeasure = "area_m2"')
        + field("JD", "double", 'decimals = 6\nmeasure = "longitude"')
        + field("RQ", "date", "value = 2025-12-31")
        + field("BB", "text", 'length = 4\nvalue = "V1"')
        + field("DB", "integer", 'source = "rate_ok"')
        + field("HS", "text", 'length = 9\nsource = "households"')
        + field("K", "text", "length = 9")
    )
    text = HEAD.replace("gdb", "gpkg") + 'crs = "EPSG:4527"\n'
    text += layer(fields, geometry="polygon", more='where = { residential_id = ["3"] }')
    assert export.exchange(asked(tmp_path, text), tmp_path / "out", run_id="0") == ()
    read = pyogrio.read_dataframe(tmp_path / "out" / "某省.gpkg")
    (row,) = read.itertuples()
    assert (row.MJ, row.BB, row.DB, row.HS, row.K) == (10_000.0, "V1", 1, "0", None)
    assert str(row.RQ)[:10] == "2025-12-31"
    assert 39_000_000 < read.total_bounds[0] < 40_000_000  # zone 39, as EPSG:4527 has it
    east, _ = Transformer.from_crs(CRS4548, 4490, always_xy=True).transform(X + 50, Y + 50)
    assert abs(row.JD - east) < 2e-6
    assert pyogrio.read_info(tmp_path / "out" / "某省.gpkg")["dtypes"][2].startswith(("datetime64", "object", "date"))


def test_days_in_a_geodatabase(tmp_path: Path) -> None:
    text = HEAD + layer(field("RQ", "date", "value = 2025-12-31") + field("K", "date"), source="units")
    assert export.exchange(asked(tmp_path, text), tmp_path / "out", run_id="0") == ()
    read = pyogrio.read_dataframe(tmp_path / "out" / "某省.gdb")
    assert [str(value)[:10] for value in read["RQ"]] == ["2025-12-31"] * 2
    assert read["K"].isna().all()


def test_what_is_written_is_in_the_words_of_toml() -> None:
    """Every key of the example is one the contract knows, and the contract's needed keys are all in it."""
    from importlib import resources

    words = tomllib.loads((resources.files("planning.export") / "schemas" / "example.toml").read_text("utf-8"))
    keys = {key for entry in words["layers"] for spec in entry["fields"] for key in spec}
    assert keys <= _schema.FIELD.keys()
    with pytest.raises(InputRefused):
        _schema.read(plan_of(Path("/nowhere"), "x.toml"), "x.toml")
