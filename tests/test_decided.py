"""What siting decided, in sentences: every model, stage and reason has words; money and units worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import pandas as pd
import pytest

from planning import texts
from planning.plan import Model, Siting
from planning.study.decided import Decided
from planning.texts import one_language

SITE = {"facility_id": "C1", "name": "甲", "cost": 64.0, "floor_area_m2": 512.0}
ANSWER = {"status": "optimal", "objective": 128.0, "bound": 128.0, "gap": 0.0, "radius_m": None}


def told(language: Any = "zh", *, ask: Siting | None = None, **siting: Any) -> Decided:
    """Return the sentences of two candidates, one excluded, and one centre there already."""
    facilities = pd.DataFrame(
        {
            "facility_id": ["C1", "C2", "E1"],
            "name": ["甲", None, "老中心"],
            "status": ["candidate", "candidate", "operating"],
            "role": ["candidate", "forbidden", None],
            "floor_area_m2": [float("nan"), float("nan"), 256.0],
        }
    )
    areas = pd.DataFrame({"residential_id": ["A", "B"], "name": ["东", "西"], "elderly": [32.0, 96.0]})
    plan = SimpleNamespace(siting=ask or Siting(p=1))
    inputs = SimpleNamespace(plan=plan, tables={"residential": areas})
    summary = {"siting": {**ANSWER, "sites": [SITE], **siting}}
    result: Any = SimpleNamespace(inputs=inputs, summary=summary, facilities=facilities)
    return Decided(result, language)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("model", get_args(Model))
def test_every_model_says_its_aim_and_its_objective_with_a_unit(model: Any, language: Any) -> None:
    found = told(language, ask=Siting(model=model, p=1, capacity_per_site=64.0 if model == "capacitated" else None))
    aim = found.said("aim")
    assert len(aim) == 2
    assert "128" in aim[1]
    assert found.unit
    assert found.gain("8") != "8"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_stage_has_words_and_its_own_unit(language: Any) -> None:
    names = ("coverage", "served", "shortfall", "sites", "floor_area", "cost", "distance")
    stages = [{"name": name, "objective": 4.0, "bound": 4.0, "gap": 0.0, "status": "optimal"} for name in names]
    said = told(language, stages=stages).said("stage")
    assert len(set(said)) == len(names)


def test_money_left_is_budget_less_spent() -> None:
    """64 of 80.5 leaves 16.5; without a budget the sum alone; a site without cost leaves the sum unknown."""
    assert told(spent=64.0, budget=80.5).said("money") == ["投资合计 64 万元，上限 80.5 万元，结余 16.5 万元"]
    assert told(spent=None, budget=None).said("money") == ["投资合计 64 万元"]
    unknown = told(spent=None, budget=80.5, sites=[{**SITE, "cost": float("nan")}])
    assert unknown.said("money") == ["投资合计不详：有选定点位未填估算投资"]


def test_loads_add_up_each_part_of_the_demand() -> None:
    """C1 serves all of A and a quarter of B, 32 + 24 = 56 of 64; E1 half of B, 48 of 64."""
    ask = Siting(model="capacitated", p=1, capacity_per_site=64.0)
    parts = [("A", "C1", 1.0), ("B", "C1", 0.25), ("B", "E1", 0.5)]
    assigned = [{"residential_id": area, "facility_id": site, "share": share} for area, site, share in parts]
    found = told(ask=ask, assigned=assigned)
    assert found.load("C1") == "64 名老年人，已分配 56 名老年人（87.50%）"
    assert found.load("E1") == "64 名老年人，已分配 48 名老年人（75%）"
    assert found.load("C2") == ""


def test_capacity_by_floor_area_takes_that_of_the_plan_and_of_what_exists() -> None:
    """A quarter of a person a square metre: 512 m² serve 128, 256 m² serve 64."""
    ask = Siting(model="capacitated", p=1, capacity_per_m2=0.25)
    assigned = [{"residential_id": "A", "facility_id": "E1", "share": 1.0}]
    found = told(ask=ask, assigned=assigned)
    assert found.load("C1").startswith("128 名老年人，已分配 0 ")
    assert found.load("E1") == "64 名老年人，已分配 32 名老年人（50%）"


def test_what_cannot_open_and_what_closes_is_named_with_its_reason() -> None:
    found = told(closed=["E1"], excluded=[{"subject_id": "C1", "code": "available_later", "message": "晚 / late"}])
    assert found.excluded_why == {"C1": "可用日期过晚", "C2": "备选点位表中列为排除"}
    assert [(line.subject, line.text) for line in found.lines("excluded")] == [
        ("C1", "晚"),
        ("C2", "备选点位表中列为排除"),
    ]
    assert found.closed("E1")
    assert not found.closed("C1")
    assert "老中心 E1" in found.said("closed")[0]


def test_a_gap_too_small_to_show_does_not_read_as_none() -> None:
    assert "<0.01%" in told(gap=2e-5, status="feasible").said("aim")[1]


def test_without_a_plan_there_is_no_objective() -> None:
    found = told(status="infeasible", objective=float("nan"), sites=[], reasons=[{"message": "不行 / no"}])
    assert found.objective() == ""
    assert found.said("reason") == ["不行"]


def test_a_sentence_in_both_languages_is_parted_in_the_middle() -> None:
    assert one_language("甲 / 乙 / A / B", "en") == "A / B"
    assert one_language("甲 / 乙 / 丙", "en") == "甲 / 乙 / 丙"
