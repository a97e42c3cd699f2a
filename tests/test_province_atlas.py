"""The provincial atlas: what stands on its sheets is what the sheet says, in order, and its bytes are its content."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planning.errors import Fault
from planning.province import _atlas, _merge, _sheet

pytestmark = pytest.mark.slow
CLAUSE = SimpleNamespace(
    id="SX-02", unit_types=("town", "street"), text_zh="乡镇（街道）至少六成有中心", text_en="towns"
)


def county(code: str, name: str, actual: float | None, verdict: str) -> _merge.County:
    rows = [
        {
            "clause_id": "SX-02",
            "subject": "plan",
            "actual": actual,
            "required": 0.6,
            "verdict": verdict,
            "unit": "share",
        }
    ]
    return _merge.County(code, name, None, "x", {"indicators": rows})


def an_atlas(names: tuple[str, str, str] = ("甲县", "乙县", "丙县")) -> _atlas.Atlas:
    """Two counties of two and four towns, of which one and three have a centre; a third county is missing.

    So 50 % and 75 %, 4 of 6 towns in the province: 66.7 %.
    """
    done = (county("610101", names[0], 0.5, "fails"), county("610102", names[1], 0.75, "meets"))
    boxes = {"610101": [shapely.box(0, 0, 2e4, 2e4)], "610102": [shapely.box(2e4, 0, 4e4, 2e4)]}
    towns = {code: [shapely.box(x + 1e4 * at / n, 0, x + 1e4 * (at + 1) / n, 2e4) for at in range(n)]
             for code, x, n in (("610101", 0, 2), ("610102", 2e4, 4))}  # fmt: skip
    having = {"610101": [1, 0], "610102": [1, 2, 0, 1]}
    rows = [
        {"county_id": code, "unit_id": code, "type": "county", "SX-02 facilities": None, "geometry": boxes[code][0]}
        for code in boxes
    ] + [
        {"county_id": code, "unit_id": f"{code}{at}", "type": "town", "SX-02 facilities": count, "geometry": shape}
        for code in towns
        for at, (shape, count) in enumerate(zip(towns[code], having[code], strict=True))
    ]
    units = gpd.GeoDataFrame(rows, crs=4545)
    units["geometry"] = units.translate(500_000, 3_800_000)
    summary = {"indicators": county("", "", 4 / 6, "meets").summary["indicators"], "compliance": {}, "coverage": {}}
    found = _sheet.Found(
        name="某省",
        stamp=["某省", "口径"],
        counties=done,
        names={"610101": names[0], "610102": names[1], "610103": names[2]},
        missing={"610103": (Fault("province_code_twice", file="units.gpkg", value="610103"),)},
        warnings=(),
        summary=summary,
        layers={"units": units},
        scorecard=pd.DataFrame(),
    )
    return _atlas.Atlas(found, (CLAUSE,), "abc123", "zh")


def said(page, kind: str) -> list[str]:
    return [ink.text for ink in page.inks if ink.kind == kind]


def test_the_sheets_say_what_the_province_says():
    cover, counties, towns, ranking, missing = _atlas.pages(an_atlas())
    assert said(cover, "title") == ["某省"]
    assert said(counties, "figure") == said(towns, "figure") == ["66.7%"]
    assert said(counties, "label") == ["甲县", "50.0%", "乙县", "75.0%"]
    assert said(counties, "legend") == ["达标", "不达标"]
    assert [ink.text for ink in towns.inks if ink.text.isdigit()] == ["4", "2"]  # with a centre, without
    assert "1 个县" in "".join(said(counties, "missing"))
    cells = said(ranking, "cell")
    assert cells[:8] == ["1", "610102", "乙县", "4", "3", "75.0%", "达标", "完成"]
    assert cells[8:16] == ["2", "610101", "甲县", "2", "1", "50.0%", "不达标", "完成"]
    assert cells[16:] == ["—", "610103", "丙县", "—", "—", "—", "—", "缺失"]
    assert "610103" in said(missing, "cell")


def test_a_missing_county_is_hatched_and_named_and_counts_as_nothing():
    """Its square lies beside the others in degrees; one more is missing and nobody knows where it lies."""
    atlas = an_atlas()
    shape = gpd.GeoSeries([shapely.box(4e4, 0, 6e4, 2e4)], crs=4545).translate(500_000, 3_800_000).to_crs(4490)
    lost = gpd.GeoDataFrame({"county_id": ["610103"], "name": ["丙县"]}, geometry=shape.to_numpy(), crs=4490)
    missing = {**atlas.found.missing, "610104": (Fault("province_worker_died", value="610104", facts={"tries": 3}),)}
    found = replace(atlas.found, outlines=lost, missing=missing, names=atlas.found.names | {"610104": "丁县"})
    _cover, counties, towns, *_ = _atlas.pages(replace(atlas, found=found))
    assert said(counties, "label") == ["甲县", "50.0%", "乙县", "75.0%", "丙县", "缺数据"]
    assert said(towns, "label") == ["丙县", "缺数据"]
    assert said(counties, "legend") == ["达标", "不达标", "未完成或缺数据的县（市、区）"]
    for page, counted in ((counties, ["1", "1", "1"]), (towns, ["4", "2", "1"])):
        assert [ink.text for ink in page.inks if ink.text.isdigit()] == counted
        assert said(page, "figure") == ["66.7%"]
        assert "610104 丁县" in "".join(said(page, "missing"))
        assert "610103" not in "".join(said(page, "missing"))


def test_figures_of_a_missing_county_say_so_in_the_sheet():
    atlas = an_atlas()
    rows = _sheet.county_rows(atlas.found)
    told = _sheet._marked(_sheet._said(rows, "zh"), atlas.found, "zh").set_index("county_id")
    figures = told.columns.difference(["name", "state"])
    assert set(told.loc["610103", figures]) == {"缺数据"}
    assert told.loc["610101", "SX-02 actual_share"] == 0.5
    assert told["name"].iloc[-1] == "合计（不含缺失的 1 个）"


def test_counties_alike_share_a_rank_and_stand_by_code():
    atlas = an_atlas()
    alike = (county("610102", "乙县", 0.5, "fails"), county("610101", "甲县", 0.5, "fails"))
    *_, ranking, _ = _atlas.pages(replace(atlas, found=replace(atlas.found, counties=alike)))
    assert said(ranking, "cell")[:2] == ["1", "610101"]
    assert said(ranking, "cell")[8:10] == ["1", "610102"]


def test_the_same_province_gives_the_same_bytes():
    one, other = _atlas.pdf(an_atlas()), _atlas.pdf(an_atlas())
    assert one == other
    assert one[0].startswith(b"%PDF")


def test_a_character_that_the_typeface_lacks_costs_the_atlas_and_is_named():
    drawn, faults = _atlas.pdf(an_atlas(("甲县", "乙\U0001f600县", "丙县")))
    assert drawn == b""
    assert [(fault.code, fault.severity, fault.value) for fault in faults] == [
        ("province_atlas_glyph", "warning", "\U0001f600")
    ]


def test_a_province_without_polygons_has_a_ranking_and_no_map():
    atlas = an_atlas()
    none = atlas.found.layers["units"].iloc[:0]
    sheets = list(_atlas.pages(replace(atlas, found=replace(atlas.found, layers={"units": none}))))
    assert [said(page, "title") for page in sheets] == [["某省"], ["各县排序　SX-02"], ["缺失的县与须注意的事"]]


def test_a_hundred_counties_take_several_sheets_and_none_is_lost():
    atlas = an_atlas()
    many = tuple(county(f"{610_101 + at}", f"县{at}", at / 107, "fails") for at in range(107))
    names = {one.code: one.name for one in many}
    none = atlas.found.layers["units"].iloc[:0]
    found = replace(atlas.found, counties=many, names=names, missing={}, layers={"units": none})
    _cover, *ranking = _atlas.pages(replace(atlas, found=found))
    codes = [text for page in ranking for text in said(page, "cell") if text.startswith("610")]
    assert codes == sorted(names, reverse=True)
    assert len(ranking) == 3
