"""Quantities and map offsets against oracles written by another hand: decimals and a regular expression, the formula.

The oracle of quantities builds a text from the number it stands for, so it never parses what the parser parses; what
the parser accepts of arbitrary texts is held against a grammar of its own.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
from corpus.cases_crs import bd09, gcj02
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import crs, units

WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
AREA = {
    "": 1,
    "㎡": 1,
    "m2": 1,
    "m²": 1,
    "平方米": 1,
    "亩": Fraction(2000, 3),
    "公顷": 10_000,
    "万㎡": 10_000,
    "万平方米": 10_000,
}
HOUSEHOLDS = {"": 1, "户": 1, "套": 1, "万户": 10_000, "千户": 1000}
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?|\.\d+"
GRAMMAR = re.compile(rf"[+-]?(?:{_DIGITS})(?:[eE][+-]?\d{{1,3}})?\s*[千万亿]?\s*(?:户|戶|套)?")


def grouped(digits: str) -> str:
    """Return digits with a comma before every third from the right."""
    head = len(digits) % 3
    parts = ([digits[:head]] if head else []) + [digits[at : at + 3] for at in range(head, len(digits), 3)]
    return ",".join(parts)


@st.composite
def quantities(draw, words):
    """Return a text and the number it stands for."""
    whole = str(draw(st.integers(0, 9_999_999)))
    decimals = draw(st.text("0123456789", max_size=3))
    word = draw(st.sampled_from(sorted(words)))
    digits = grouped(whole) if draw(st.booleans()) else whole
    text = digits + (f".{decimals}" if decimals else "")
    text = text.translate(WIDE) if draw(st.booleans()) else text
    text = draw(st.sampled_from(("", " ", "　"))) + text + draw(st.sampled_from(("", " "))) + word
    exact = Fraction(Decimal(f"{whole}.{decimals or 0}")) * words[word]
    return text, exact


def read(text: str, unit: str) -> tuple[float, str]:
    values, codes = units.parse_numbers(pd.Series([text], dtype=object), unit)
    return float(values[0]), str(codes[0])


@given(quantities(AREA))
@settings(max_examples=300)
def test_areas_are_read_exactly(case):
    """A text made of a number, in any dress, gives that number times its unit, rounded once."""
    text, exact = case
    assert read(text, "m2") == (float(exact), "")


@given(quantities(HOUSEHOLDS))
@settings(max_examples=300)
def test_households_are_read_exactly(case):
    text, exact = case
    assert read(text, "户") == (float(exact), "")


@given(st.text("0129,. +-~至约户套万㎡亩人e()", min_size=1, max_size=9))
@settings(max_examples=600)
def test_nothing_is_accepted_that_the_grammar_does_not_know(text):
    """Whatever becomes a number is one by the grammar; whatever is not, is missing with a code, or says nothing."""
    value, code = read(text, "户")
    bare = text.strip()
    if code == "" and np.isfinite(value):
        assert GRAMMAR.fullmatch(bare), text
        digits = re.match(r"[+]?[\d, ]*\.?\d*", bare)
        assert digits is not None
        assert value >= 0
    elif code == "":
        assert bare in {"", "-", "--"}, text
    else:
        assert np.isnan(value)


# ------------------------------------------------------------------------------------------------------- map offsets

LON, LAT = (one.ravel() for one in np.meshgrid(np.arange(74.3, 134.5, 1.7), np.arange(18.2, 53.4, 1.3)))


def metres(one: tuple[np.ndarray, np.ndarray], lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Return how far places lie apart, on a sphere, small distances."""
    east = (one[0] - lon) * np.cos(np.radians(lat)) * 111_320
    return np.hypot(east, (one[1] - lat) * 110_540)


def test_gcj02_by_the_published_formula():
    """The shift over the whole country is that of the formula written down apart, within a micrometre."""
    assert metres(crs.wgs84_to_gcj02(LON, LAT), *gcj02(LON, LAT)).max() < 1e-6
    shift = metres(gcj02(LON, LAT), LON, LAT)
    assert 50 < shift.min() < shift.max() < 1000


def test_offsets_are_taken_back_within_a_centimetre():
    """Shifted by the oracle, taken back by the tool: within 1 cm everywhere, GCJ-02 and BD-09."""
    assert metres(crs.gcj02_to_wgs84(*gcj02(LON, LAT)), LON, LAT).max() < 0.01
    assert metres(crs.bd09_to_wgs84(*bd09(LON, LAT)), LON, LAT).max() < 0.01
