"""What a page carries is opened again value for value, by the grammar that `planning.webmap._pack` states."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import webmap_town
from hypothesis import given
from hypothesis import strategies as st
from webmap_town import HOSTILE, unpack

from planning.webmap._data import gather
from planning.webmap._pack import pack
from planning.webmap._view import View

degrees = st.integers(-180_000_000, 180_000_000).map(lambda step: step / 1e6)
plain = (
    st.none()
    | st.booleans()
    | st.text(max_size=12)
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    plain | st.lists(st.tuples(degrees, degrees).map(list), max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(value=values)
def test_nothing_is_lost(value: Any) -> None:
    assert unpack(json.loads(json.dumps(pack({"v": value})))) == {"v": value}


def test_steps_worked_out_on_paper() -> None:
    """One millionth north is 1 → zigzag 2 → 'C'; then 16 south: −16 → 31 → 'f'; 16 east → 32 → more 0, then 1: 'gB'."""
    assert pack({"line": [[1e-6, 0.0], [-15e-6, 16e-6]]})["data"] == [1, "@CAfgB"]
    assert pack({"at": [1e-6, 0.0]})["data"] == [1, "!CA"]


def test_a_number_of_more_decimals_stays_a_number() -> None:
    """Seven decimals do not fit into steps: the pair is a list of numbers, digit for digit."""
    assert pack({"at": [0.1234567, 1.0]})["data"] == [1, [0, "0.1234567", "1.0"]]
    assert unpack(pack({"at": [0.1234567, 1.0]})) == {"at": [0.1234567, 1.0]}


def test_frequent_texts_come_first_and_ties_by_text() -> None:
    assert pack({"a": ["x", "y", "y", "b"]})["texts"] == ["y", "b", "x"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"x": value})
    with pytest.raises(TypeError):
        pack({"x": np.int64(1)})


def test_a_town_of_hostile_names_opens_as_it_was() -> None:
    found = gather(View(webmap_town.result(hostile=HOSTILE), "zh"))
    assert unpack(json.loads(json.dumps(pack(found)))) == json.loads(json.dumps(found))


def test_a_second_area_like_the_first_costs_a_fraction() -> None:
    """Texts and keys stand once: twelve areas more add less than half of what they add as JSON."""
    sizes = []
    for rows in (3, 6):
        found = gather(View(webmap_town.result(rows=rows), "zh"))
        sizes.append(
            [len(json.dumps(form, ensure_ascii=False, separators=(",", ":"))) for form in (found, pack(found))]
        )
    (plain_small, packed_small), (plain_large, packed_large) = sizes
    assert packed_large - packed_small < 0.5 * (plain_large - plain_small)
