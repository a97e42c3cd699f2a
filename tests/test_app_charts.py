"""The charts of the workbench: what they are made of, on which page they stand, and that names in them stay names."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from test_app import HOSTILE, finished, hostile, opened, town

from planning import palette, standards
from planning.ui import charts
from planning.ui.pages import charted

__all__ = ["finished", "hostile", "town"]  # fixtures


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("PLANNING_NO_SPARE", "1")


def specs(app: Any) -> list[dict[str, Any]]:
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]


def desk_of(rows: list[dict[str, Any]]) -> Any:
    """Return what the scorecard needs of a finished run."""
    zeros = dict.fromkeys(("meets", "fails", "not_assessable", "not_applicable"), 0)
    table = pd.DataFrame([{**zeros, **row} for row in rows])
    return SimpleNamespace(result=SimpleNamespace(scorecard=table), standard=standards.load("liaocheng"), language="zh")


def test_a_clause_is_split_into_those_who_meet_it_and_those_who_do_not():
    """LC-02 before LC-01 in the table, after it in the document; of 8, 3 meet, 4 fail, 1 is unknown."""
    shown = charted.scores(
        desk_of(
            [
                {"clause_id": "LC-02", "verdict": "not_applicable"},
                {"clause_id": "LC-01", "verdict": "fails", "meets": 3, "fails": 4, "not_assessable": 1},
            ]
        )
    )
    assert [name.split(" ")[0] for name in shown["clause"]] == ["LC-01"] * 3 + ["LC-02"]
    assert shown["share"].tolist() == [0.375, 0.5, 0.125, 1.0]
    assert shown["count"].tolist() == [3, 4, 1, 0]  # nobody to ask: drawn whole, counted as none
    assert shown["verdict"].tolist() == ["达标", "不达标", "数据不足", "不适用"]
    assert set(shown["whole"]) == {"不达标", "不适用"}


def test_equal_names_are_told_apart_by_their_ids():
    names, ids = pd.Series(["东里", "西里", "东里"]), pd.Series(["A", "B", "C"])
    assert charted.told_apart(names, ids).tolist() == ["东里 A", "西里", "东里 C"]


@pytest.mark.slow
def test_each_question_has_its_chart_on_its_page(town):
    """Streets and distances on the current state, clauses and shortfalls on compliance, the curve on siting."""
    current, law, sites = (specs(opened(town, page=page)) for page in ("coverage", "compliance", "siting"))
    assert len(current) == 2
    assert len(law) == 2
    assert len(sites) == 1
    colours = law[0]["encoding"]["color"]["scale"]["range"]
    assert colours == [palette.load().verdicts[name].hex for name in charted.VERDICTS]  # those of map and print
    assert all(one["config"]["font"] == charts.FONT for one in [*current, *law, *sites])


@pytest.mark.slow
def test_names_in_charts_are_data_and_never_part_of_the_drawing(hostile):
    """A name that is a program stands in the data that vega draws as text; an expression or address would run it."""
    drawn = [one for page in ("coverage", "compliance", "siting") for one in specs(opened(hostile, page=page))]
    assert len(drawn) == 5
    for spec in drawn:
        made = {name: part for name, part in spec.items() if name not in ("data", "datasets")}
        expressions = [text for text in _texts(made) if "datum" in text]
        assert all(text.startswith("datum['") and text.count("'") == 2 for text in expressions)
        assert not any("href" in key or key == "url" for key in _keys(made))
        assert HOSTILE not in "".join(expressions)


def _texts(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [text for one in inner for text in _texts(one)]


def _keys(part: Any) -> list[str]:
    inner = part.items() if isinstance(part, dict) else ()
    below = part if isinstance(part, list) else [one for _, one in inner]
    return [str(key) for key, _ in inner] + [key for one in below for key in _keys(one)]
