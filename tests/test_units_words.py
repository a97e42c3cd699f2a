"""Every word and factor that `planning.units` knows, typed a second time, and what is easily taken for one."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from planning import units


def words(*lines: str) -> list[str]:
    return [word for line in lines for word in line.split()]


NOTHING = words(
    "- -- / \\ 无 暂无 暂无资料 暂无数据 无数据 无资料 不详 未知 未统计 未提供 未填 缺 缺失 待定 待核实",
    "n/a na null none N/A NULL None －",
)
UNGRADED = words("未评定 未评 未评级 未定级 无星级 无等级")
YES = words("是 有 1 true t yes y 开 开放 常开 对外开放 √ ✓ True YES １")
NO = words("否 没有 0 false f no n 关 闭 关闭 封闭 常闭 不开放 × ✗ False NO ０")
FACTORS = {
    "m2": {
        Fraction(1): "m2 m^2 平方米 平米 平 ㎡ sqm m² M2",
        Fraction(2000, 3): "亩 市亩",
        Fraction(10**4): "公顷 ha hm2 hm² 万㎡ 万平方米 万m2 万",
        Fraction(10**6): "平方公里 平方千米 km2 km²",
        Fraction(10**3): "千平方米 千",
        Fraction(10**8): "亿平方米 亿",
    },
    "户": {Fraction(1): "户 戶 套", Fraction(10**3): "千户 千", Fraction(10**4): "万户 万 万套", Fraction(10**8): "亿"},
    "人": {Fraction(1): "人 名 位 口", Fraction(10**4): "万人 万 万名"},
    "张": {Fraction(1): "张 床 张床 床位 个 个床位", Fraction(10**4): "万张 万"},
    "share": {Fraction(1, 100): "% ％", Fraction(1, 1000): "‰"},
    "万元": {
        Fraction(1, 10**4): "元",
        Fraction(1, 10): "千元",
        Fraction(1): "万元 万",
        Fraction(100): "百万元",
        Fraction(1000): "千万元",
        Fraction(10**4): "亿元 亿",
    },
    "": {Fraction(10**3): "千", Fraction(10**4): "万", Fraction(10**8): "亿"},
}
PAIRS = [
    (unit, word, factor) for unit, table in FACTORS.items() for factor, said in table.items() for word in said.split()
]


def one(cell: object) -> pd.Series:
    return pd.Series([cell], dtype=object)


@pytest.mark.parametrize("word", [*NOTHING, ""])
def test_words_for_nothing(word: str) -> None:
    assert units.is_missing(word)
    values, codes = units.parse_numbers(one(word), "户")
    assert math.isnan(values[0])
    assert codes[0] == ""
    assert units.parse_dates(one(word))[1][0] == ""


@pytest.mark.parametrize(("cell", "missing"), [(None, True), (math.nan, True), (pd.NA, True), (0, False), ("0", False)])
def test_empty_cells(cell: object, missing: bool) -> None:
    assert units.is_missing(cell) is missing


@pytest.mark.parametrize(("unit", "word", "factor"), PAIRS)
def test_units_and_their_factors(unit: str, word: str, factor: Fraction) -> None:
    """3 of each, behind the number and in the heading, exactly: 3 亩 are 2000 m²."""
    behind, codes = units.parse_numbers(one(f"3{word}"), unit)
    assert (behind[0], codes[0]) == (float(3 * factor), "")
    heading, codes = units.parse_numbers(one("3"), unit, header_unit=word)
    assert (heading[0], codes[0]) == (float(3 * factor), "")


@pytest.mark.parametrize("unit", FACTORS)
def test_no_other_spelling_is_known(unit: str) -> None:
    """The spellings typed here, and multiples of them, are all there are."""
    known = {units.normalise(word): factor for other, word, factor in PAIRS if other == unit}
    for word, factor in units.written_units(unit).items():
        plain = known.get(word) or known.get(word[1:], Fraction(1)) * {"千": 10**3, "万": 10**4, "亿": 10**8}.get(
            word[:1], 0
        )
        assert plain == factor or word == "", word
    assert units.written_units(unit).keys() >= known.keys()


def test_a_multiple_of_a_share_is_no_unit() -> None:
    assert units.parse_numbers(one("3万%"), "share")[1][0] == "number_unit"
    assert units.parse_numbers(one("3万"), "share")[1][0] == "number_unit"
    assert units.parse_numbers(one("3千"), "万元", header_unit="万元")[1][0] == "number_unit"


@pytest.mark.parametrize("cell", ["3万", "3千", "3亿"])
def test_a_multiple_behind_a_heading_that_has_one_is_refused(cell: str) -> None:
    assert units.parse_numbers(one(cell), "户", header_unit="万户")[1][0] == "number_unit"
    assert units.parse_numbers(one(cell), "户", header_unit="户")[1][0] == ""


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("100-200 100~200 100～200 100–200 100—200 100至200 100到200 100户-200户 100户至200户 1-2", "number_range"),
        ("约300 大约300 近300 不足300 超300 超过300 逾300 <300 >300 ≤300 ≥300 ≈300 ~300", "number_approximate"),
        (
            "300左右 300以上 300以下 300余 300多 300以内 300上下 300余户 300多户 300户左右 300几 300几户",
            "number_approximate",
        ),
        ("300栋 300kg 300公斤", "number_unit"),
        ("三百 abc 12a3 1,2,3 12,34 1..2 1.2.3 e5", "number_unreadable"),
        ("inf -inf +inf infinity ∞ nan +nan", "number_not_finite"),
        ("-1 -0.5 −3 -1户", "number_negative"),
    ],
)
def test_what_is_no_number_says_which(cells: str, code: str) -> None:
    for cell in cells.split():
        values, codes = units.parse_numbers(one(cell), "户")
        assert (codes[0], math.isnan(values[0])) == (code, True), cell


@pytest.mark.parametrize(
    ("cell", "code"), [(-1, "number_negative"), (-1e-9, "number_negative"), (math.inf, "number_not_finite"),
                       (-math.inf, "number_not_finite"), (True, "number_unreadable"),
                       ("1e400", "number_not_finite"), ("1e308万", "number_not_finite")],
)  # fmt: skip
def test_cells_that_are_numbers_already(cell: object, code: str) -> None:
    values, codes = units.parse_numbers(pd.Series([cell, 1], dtype=object), "户")
    assert (codes[0], math.isnan(values[0])) == (code, True)
    assert (values[1], codes[1]) == (1, "")


def test_numbers_in_cells_take_the_heading() -> None:
    """0.1 written in a heading of 万户 is exactly 1000; zero and minus zero are zero."""
    values, codes = units.parse_numbers(
        pd.Series([0.1, 2, 0, -0.0, np.int64(3)], dtype=object), "户", header_unit="万户"
    )
    assert values.tolist() == [1000, 20000, 0, 0, 30000]
    assert set(codes) == {""}


@pytest.mark.parametrize("unit", ["斤", "kg", "M2"])
def test_an_unknown_unit_is_a_mistake_in_the_program(unit: str) -> None:
    with pytest.raises(KeyError):
        units.parse_numbers(one("3斤"), unit)
    with pytest.raises(KeyError):
        units.parse_numbers(one("3"), "户", header_unit=unit)


# ----------------------------------------------------------------------------------------------- flags, integers, dates


def test_yes_and_no() -> None:
    assert [units.parse_flags(one(word))[0][0] for word in YES] == [True] * len(YES)
    assert [units.parse_flags(one(word))[0][0] for word in [*NO, "无"]] == [False] * (len(NO) + 1)
    for cell in (True, False, np.True_, np.False_):
        assert units.parse_flags(one(cell))[0][0] is bool(cell)
    assert [units.parse_flags(one(cell))[0][0] for cell in (1, 0, 1.0, 0.0)] == [True, False, True, False]
    assert [units.parse_flags(one(cell))[1][0] for cell in ("也许", 2, "不详", "-")] == ["flag_unreadable"] * 2 + [
        ""
    ] * 2


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("3", 3),
        ("三星", 3),
        ("三星级", 3),
        ("3星", 3),
        ("3星级", 3),
        ("五级", 5),
        ("两层", 2),
        ("二层", 2),
        ("十级", 10),
        ("零", 0),
        ("〇", 0),
        ("-1", -1),
        ("-1层", -1),
        ("+2", 2),
        ("3.0", 3),
        (3, 3),
        (3.0, 3),
        ("3.00级", 3),
        ("一", 1),
        ("四", 4),
        ("六", 6),
        ("七", 7),
        ("八", 8),
        ("九", 9),
        ("123456789", 123456789),
    ],
)
def test_whole_numbers(cell: object, number: int) -> None:
    found, codes = units.parse_integers(one(cell))
    assert (found[0], codes[0]) == (number, "")


@pytest.mark.parametrize("cell", ["3.5", "三级星", "1234567890", "3a", "星", 3.5, "十一级星"])
def test_what_is_no_whole_number(cell: object) -> None:
    found, codes = units.parse_integers(one(cell))
    assert (found[0], codes[0]) == (None, "integer_unreadable")


def test_not_graded_is_missing() -> None:
    for word in [*UNGRADED, *NOTHING]:
        assert [part[0] for part in units.parse_integers(one(word))] == [None, ""]


def test_bounds_are_in() -> None:
    cells = pd.Series(["0", "1", "5", "6", None], dtype=object)
    found, codes = units.parse_integers(cells, low=1, high=5)
    assert found.tolist() == [None, 1, 5, None, None]
    assert codes.tolist() == ["integer_out_of_range", "", "", "integer_out_of_range", ""]
    assert units.parse_integers(cells, low=1)[0].tolist() == [None, 1, 5, 6, None]
    assert units.parse_integers(cells, high=5)[0].tolist() == [0, 1, 5, None, None]


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("1900", "1900"),
        ("2100", "2100"),
        (1900, "1900"),
        (2100.0, "2100"),
        ("2015.0", "2015"),
        ("2015-12-31", "2015-12-31"),
        ("2015.6", "2015-06"),
        ("2015.6.1", "2015-06-01"),
        ("2015/6", "2015-06"),
        ("2015年6月1日", "2015-06-01"),
        ("2015年6月1号", "2015-06-01"),
        ("2015年6月", "2015-06"),
        ("2015年", "2015"),
        ("201506", "2015-06"),
        (201506, "2015-06"),
        ("20150601", "2015-06-01"),
        (20150601, "2015-06-01"),
        (20150601.0, "2015-06-01"),
        ("2015-06-01T08:00:00Z", "2015-06-01"),
        ("2015-06-01 08:00", "2015-06-01"),
        (20000, "1954-10-03"),
        (79999, "2119-01-10"),
        ("42005", "2015-01-01"),
        ("42005.5", "2015-01-01"),
        (42005.75, "2015-01-01"),
        ("2016-02-29", "2016-02-29"),
    ],
)
def test_dates(cell: object, iso: str) -> None:
    found, codes = units.parse_dates(one(cell))
    assert (found[0], codes[0]) == (iso, "")


@pytest.mark.parametrize(
    "cell",
    [
        "1899",
        "2101",
        1899,
        2101,
        "2015-13",
        "2015-02-29",
        "2015-00",
        "15-06-01",
        "2015-06/01",
        "6月2015",
        "20151301",
        19999,
        80000,
        2015.5,
        math.inf,
        True,
        "去年",
        "2015-06-01-01",
        123456,
        "19999",
    ],
)
def test_what_is_no_date(cell: object) -> None:
    found, codes = units.parse_dates(one(cell))
    assert (found[0], codes[0]) == (None, "date_unreadable")


@pytest.mark.parametrize(("number", "text"), [(3.0, "3"), (3.5, "3.5"), (-1.0, "-1"), (math.inf, "inf"), (0, "0")])
def test_numbers_as_text(number: float, text: str) -> None:
    assert units.plain_number(number) == text


def test_choices_are_compared_whole() -> None:
    words = {"idle": ("闲置", "空置"), "operating": ("在用",)}
    found, codes = units.parse_choices(
        pd.Series(["闲置", " IDLE ", "在用中", "不详", None, "空置"], dtype=object), words
    )
    assert found.tolist() == ["idle", "idle", None, None, None, "idle"]
    assert codes.tolist() == ["", "", "choice_unknown", "", "", ""]
    assert units.parse_choices(one(1.0), {"first": ("1",)})[0][0] == "first"


def test_equal_cells_of_other_types_are_read_apart() -> None:
    """1, True and 1.0 are equal to Python and not to a planner."""
    found, codes = units.parse_numbers(pd.Series([1, True, 1.0, "1"], dtype=object), "户")
    assert codes.tolist() == ["", "number_unreadable", "", ""]
    assert found[[0, 2, 3]].tolist() == [1, 1, 1]
