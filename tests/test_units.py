"""Quantities as people write them, against exact fractions worked out beside each."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning import tables, units


def series(*cells):
    return pd.Series(list(cells), dtype=object)


def number(cell, unit="户", header_unit=""):
    values, codes = units.parse_numbers(series(cell), unit, header_unit=header_unit)
    return values[0], codes[0]


@pytest.mark.parametrize(
    ("cell", "unit", "wanted"),
    [
        ("120户", "户", 120),
        ("2756 户", "户", 2756),
        ("１２０", "户", 120),
        ("1,200", "户", 1200),
        ("1，200", "户", 1200),
        ("1 200 户", "户", 1200),
        ("1.2万", "户", 12000),
        ("1.2万户", "户", 12000),
        ("0.3亿", "人", 30_000_000),
        ("3千人", "人", 3000),
        ("1.2E+04", "户", 12000),
        (".5", "m2", 0.5),
        ("1,200㎡", "m2", 1200),
        ("1200 m²", "m2", 1200),
        ("1200平方米", "m2", 1200),
        ("3万㎡", "m2", 30_000),
        ("3万平方米", "m2", 30_000),
        ("1.5公顷", "m2", 15_000),
        ("2km²", "m2", 2_000_000),
        ("48张", "张", 48),
        ("120万元", "万元", 120),
        ("120万", "万元", 120),
        ("5000元", "万元", 0.5),
        ("1.2亿元", "万元", 12_000),
        ("98%", "share", 0.98),
        ("0.98", "share", 0.98),
        ("+7", "户", 7),
        ("0", "户", 0),
        (0, "户", 0),
        (np.int64(7), "户", 7),
        (np.float64(7.5), "户", 7.5),
    ],
)
def test_quantities(cell, unit, wanted):
    assert number(cell, unit) == (wanted, "")


def test_a_mu_is_two_thousand_thirds_of_a_square_metre():
    """1 亩 = 2000/3 m² = 666.666…; 0.5 亩 = 333.333…; 3 亩 is exactly 2000, not 1999.9999."""
    assert number("1亩", "m2")[0] == float(Fraction(2000, 3))
    assert number("0.5亩", "m2")[0] == float(Fraction(1000, 3))
    assert number("3亩", "m2")[0] == 2000.0


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("100-200", "number_range"),
        ("100~200户", "number_range"),
        ("100至200", "number_range"),
        ("约300", "number_approximate"),
        ("300余户", "number_approximate"),
        ("300左右", "number_approximate"),
        (">300", "number_approximate"),
        ("一千二", "number_unreadable"),
        ("—", "number_unreadable"),
        ("1,20", "number_unreadable"),
        ("1,2000", "number_unreadable"),
        ("12a3", "number_unreadable"),
        ("总户数4144户 当期户数1300户", "number_unreadable"),
        ("#DIV/0!", "number_unreadable"),
        ("****", "number_unreadable"),
        ("Infinity", "number_not_finite"),
        ("-inf", "number_not_finite"),
        ("nan", "number_not_finite"),
        ("1e400", "number_not_finite"),
        (math.inf, "number_not_finite"),
        ("-5", "number_negative"),
        ("−5", "number_negative"),
        ("－５户", "number_negative"),
        (-1, "number_negative"),
        (-0.001, "number_negative"),
        ("120张", "number_unit"),
        (True, "number_unreadable"),
        (dt.datetime(2015, 6, 1), "number_unreadable"),
    ],
)
def test_what_is_no_quantity_is_said_never_swallowed(cell, code):
    value, said = number(cell)
    assert math.isnan(value)
    assert said == code


@pytest.mark.parametrize(
    "cell", ["暂无资料", "不详", "无", "-", "", "  ", "　", "/", "N/A", "null", None, math.nan, pd.NA, pd.NaT]
)
def test_missing_words_are_missing_without_a_fault(cell):
    value, code = number(cell)
    assert math.isnan(value)
    assert code == ""
    assert units.is_missing(cell)


def test_the_unit_of_the_heading_is_for_cells_that_state_none():
    """Heading 万㎡: 1.2 is 12 000 m², ``12000㎡`` stays 12 000; ``1.2万`` could be either and is refused."""
    values, codes = units.parse_numbers(
        series(1.2, "1.2", "12000㎡", "1.2万㎡", "1.2万", "3亩"), "m2", header_unit="万㎡"
    )
    assert values[:4].tolist() == [12_000.0] * 4
    assert values[5] == 2000.0
    assert codes.tolist() == ["", "", "", "", "number_unit", ""]


def test_products_are_rounded_once_from_the_exact_product():
    """0.1 × 2000/3: the float of the exact fraction 200/3, which two roundings would miss for some factors."""
    cells = [f"{k / 10}" for k in range(1, 2000)]
    values, _ = units.parse_numbers(series(*cells), "m2", header_unit="亩")
    assert values.tolist() == [float(Fraction(cell) * Fraction(2000, 3)) for cell in cells]


@pytest.mark.parametrize("unit", ["m2", "户", "人", "张", "万元", "share", ""])
def test_every_written_unit_is_read_back(unit):
    for word, factor in units.written_units(unit).items():
        assert number(f"3{word}", unit) == (float(3 * factor), "")


def test_every_unit_of_a_contract_is_known():
    for table in tables.contracts().values():
        for column in table.columns.values():
            if column.kind == "number":
                units.written_units(column.unit)


def test_an_unknown_heading_unit_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        units.parse_numbers(series("1"), "m2", header_unit="尺")


def test_an_empty_column():
    values, codes = units.parse_numbers(series(), "户")
    assert values.dtype == np.float64
    assert len(values) == len(codes) == 0


@given(st.integers(0, 10**12), st.booleans(), st.booleans())
def test_any_integer_survives_separators_and_full_width(value, separated, wide):
    text = f"{value:,}" if separated else str(value)
    if wide:
        text = text.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789,"})
    assert number(f"{text} 户") == (float(value), "")


@given(st.text(max_size=12))
def test_any_text_gives_a_number_a_missing_or_a_code(text):
    """Never NaN in silence: without a code the cell is a missing word or a finite number of 0 or more."""
    value, code = number(text)
    if code:
        assert math.isnan(value)
    elif math.isnan(value):
        assert units.is_missing(text)
    else:
        assert value >= 0
        assert math.isfinite(value)


@given(st.lists(st.sampled_from(["120户", "-1", "无", "约3", 5, None]), max_size=20))
def test_each_cell_is_read_by_itself(cells):
    values, codes = units.parse_numbers(series(*cells), "户")
    alone = [number(cell) for cell in cells]
    assert codes.tolist() == [code for _, code in alone]
    assert np.array_equal(values, [value for value, _ in alone], equal_nan=True)


# ------------------------------------------------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2015", "2015"),
        (2015, "2015"),
        (2015.0, "2015"),
        ("2015.0", "2015"),
        ("２０１５年", "2015"),
        ("2015-6", "2015-06"),
        ("2015.06", "2015-06"),
        ("2015年6月", "2015-06"),
        ("201506", "2015-06"),
        ("2015/06/01", "2015-06-01"),
        ("2015-6-1", "2015-06-01"),
        ("2015年6月1日", "2015-06-01"),
        ("20150601", "2015-06-01"),
        (20150601, "2015-06-01"),
        ("2015-06-01 00:00:00", "2015-06-01"),
        ("2015-06-01T08:30:00+08:00", "2015-06-01"),
        (dt.datetime(2015, 6, 1, 8), "2015-06-01"),
        (dt.date(2015, 6, 1), "2015-06-01"),
        (pd.Timestamp("2015-06-01"), "2015-06-01"),
        (42156, "2015-06-01"),
        ("42156", "2015-06-01"),
        ("2016-02-29", "2016-02-29"),
    ],
)
def test_dates(cell, wanted):
    """42 156 days after 1899-12-30 is 2015-06-01: Excel writes 42005 for 2015-01-01, and 151 days follow."""
    values, codes = units.parse_dates(series(cell))
    assert values.tolist() == [wanted]
    assert codes.tolist() == [""]


@pytest.mark.parametrize(
    "cell",
    [
        "2015-02-29",
        "2015-13",
        "2015-2016",
        "1899",
        "2101",
        "约2015",
        "2015年底",
        0,
        "0",
        15.5,
        True,
        "06/01/2015",
        dt.date(1899, 12, 31),
        dt.datetime(2101, 1, 1),
        20150601.5,
        math.inf,
    ],
)
def test_what_is_no_date(cell):
    values, codes = units.parse_dates(series(cell))
    assert values.tolist() == [None]
    assert codes.tolist() == ["date_unreadable"]


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_a_day_is_read_back_from_every_spelling(day):
    spelled = [f"{day}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}", day]
    values, _ = units.parse_dates(series(*spelled))
    assert set(values) == {day.isoformat()}


# ---------------------------------------------------------------------------------------- flags, integers, choices


def test_flags():
    values, codes = units.parse_flags(
        series("是", "否", "有", "无", 1, 0, "TRUE", "f", "开", "关闭", "Ｙ", "n", True, 1.0, "", "也许", 2)
    )
    assert values.tolist() == [True, False] * 6 + [True, True, None, None, None]
    assert codes.tolist() == [""] * 15 + ["flag_unreadable"] * 2


def test_no_flag_word_means_both():
    assert not units.TRUE_WORDS & units.FALSE_WORDS


def test_integers():
    cells = ("三星", "3星级", "3", 3.0, "-1", "+2", "未评定", "", "二层", "3.5", "三星半", 1.5)
    values, codes = units.parse_integers(series(*cells))
    assert values.tolist() == [3, 3, 3, 3, -1, 2, None, None, 2, None, None, None]
    assert codes.tolist() == [""] * 9 + ["integer_unreadable"] * 3


def test_bounds_of_integers_are_inclusive():
    values, codes = units.parse_integers(series(0, 1, 5, 6), low=1, high=5)
    assert values.tolist() == [None, 1, 5, None]
    assert codes.tolist() == ["integer_out_of_range", "", "", "integer_out_of_range"]


def test_choices_match_whole_words_only():
    """养老产业用地 is not 养老院; a word inside a longer one is another word."""
    kinds = tables.contract("facilities").columns["kind"].choices
    values, codes = units.parse_choices(
        series(" 养老院 ", "养老院（拟）", "centre", "CENTRE", "服务站", None, "不详"), kinds
    )
    assert values.tolist() == ["institution", None, "centre", "centre", "station", None, None]
    assert codes.tolist() == ["", "choice_unknown", "", "", "", "", ""]


def test_full_width_brackets_are_the_same_word():
    levels = tables.contract("facilities").columns["level"].choices
    values, _ = units.parse_choices(series("街道(镇)级", "街道（镇）级"), levels)
    assert values.tolist() == ["street", "street"]


def test_no_word_of_a_choice_means_two_things():
    for table in tables.contracts().values():
        for column in table.columns.values():
            said = [units.normalise(word) for name, words in column.choices.items() for word in {name, *words}]
            assert len(said) == len(set(said)), (table.name, column.name)


def test_the_column_given_is_left_alone():
    column = series("120户", None)
    before = column.copy()
    units.parse_numbers(column, "户")
    pd.testing.assert_series_equal(column, before)


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**6), 10**6).map(float)))
def test_law_a_number_is_exactly_the_decimal_it_is_written_as(value):
    """Whole floats go a shorter way, which must end in the same place: 2⁵³ and beyond are written in round figures."""
    assert units.exact(value) == Fraction(str(value))
    assert units.exact(np.float64(value)) == Fraction(str(value))
