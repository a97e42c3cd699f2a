"""Cells as offices write them: what is read, what is refused, and never a number that was not written."""

from __future__ import annotations

import pandas as pd
import pytest
from test_sources import Town, _quick_geopackages, residential_frame  # noqa: F401

from planning import units


def read(cell, unit="户", header_unit=""):
    values, codes = units.parse_numbers(pd.Series([cell], dtype=object), unit, header_unit=header_unit)
    return codes[0] or values[0]


@pytest.mark.parametrize(
    ("cell", "unit", "wanted"),
    [
        ("1,200", "户", 1200),
        ("1，200户", "户", 1200),  # a full-width comma between thousands
        ("１，２００ 户", "户", 1200),
        ("1 200", "户", 1200),
        ("1.2万", "户", 12_000),
        ("１．２万户", "户", 12_000),
        ("12，34", "户", "number_unreadable"),  # no thousands: two numbers, or a decimal comma
        ("1,20", "m2", "number_unreadable"),
        ("80-100户", "户", "number_range"),
        ("80～100户", "户", "number_range"),
        ("80至100", "户", "number_range"),
        ("约120户", "户", "number_approximate"),
        ("120余户", "户", "number_approximate"),
        ("120户左右", "户", "number_approximate"),
        ("二百户", "户", "number_unreadable"),  # Chinese numerals are never guessed at
        ("两千", "户", "number_unreadable"),
        ("一百二", "户", "number_unreadable"),
        ("0.5亩", "m2", 1000 / 3),
        ("2公顷", "m2", 20_000),
        ("0.35万㎡", "m2", 3500),
        ("350平米", "m2", 350),
        ("350 平方米", "m2", 350),
        ("350户", "m2", "number_unit"),
        ("-5", "户", "number_negative"),
        ("无", "户", "nan"),
        ("NA", "户", "nan"),
        ("null", "户", "nan"),
    ],
)
def test_numbers_as_written(cell, unit, wanted):
    found = read(cell, unit)
    if wanted == "nan":
        assert pd.isna(found)  # missing, without a word
    else:
        assert found == wanted


def test_na_null_and_none_are_names_and_ids(tmp_path):
    """What is missing in a column of numbers is a name in a column of names: places are called so."""
    words = ["NA", "null", "无", "007"]
    town = Town(tmp_path).put("residential", residential_frame(residential_id=words, name=["NA", "None", "无", "nan"]))
    table = town.read().tables["residential"]
    assert table["residential_id"].tolist() == words
    assert table["name"].tolist() == ["NA", "None", "无", "nan"]


def test_every_refused_cell_names_its_place_in_both_languages(tmp_path):
    cells = ["80-100户", "约120户", "二百户", "120"]
    town = Town(tmp_path).put("residential", residential_frame(households=cells))
    found = town.errors()
    assert sorted((fault.row, fault.code, fault.column, fault.value) for fault in found) == [
        (1, "number_range", "households", "80-100户"),
        (2, "number_approximate", "households", "约120户"),
        (3, "number_unreadable", "households", "二百户"),
    ]
    for fault in found:
        assert fault.file in fault.message("zh")
        assert str(fault.row) in fault.message("en")
        assert fault.value in fault.message("en")
        assert fault.remedy("zh") != fault.remedy("en")
