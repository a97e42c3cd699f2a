"""What is said of a document and of its mistakes, word by word: texts in both languages, and every cell of a fault."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_standards import HEAD, RATE

from planning import standards, texts
from planning.errors import Fault, InputRefused
from planning.standards import MINIMUM, _faults, _load, _schema, _tell

FILE = "own.toml"


def clause(**keys: Any) -> dict[str, Any]:
    """Return the words of a clause without a mistake, as they are read from a file."""
    text = dict.fromkeys(("article", "text_zh", "text_en"), "…")
    facts = {
        "cls": "S",
        "metric": "area_rate",
        "comparator": ">=",
        "value": 30,
        "unit": "m2",
        "basis": "100_households",
    }
    return {"id": "C", **text, **facts, "owed_by": "residential", **keys}


def manual(**keys: Any) -> dict[str, Any]:
    facts = {"metric": "manual", "unit": "share", "owed_by": "plan", "value": Decimal("0.5"), "basis": "none"}
    return clause(**{**facts, **keys})


def part(**keys: Any) -> dict[str, Any]:
    return {"id": "P", "text_zh": "…", "text_en": "…", "comparator": ">=", "value": Decimal("0.5"), **keys}


def told(*clauses: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    head = dict.fromkeys(_schema.STANDARD_NEEDED, "…") | {"status": "issued"}
    found = _faults.faults({"standard": head, "clause": list(clauses)}, {}, FILE)
    assert all(fault.file == FILE for fault in found)
    return [(fault.code, fault.column, fault.value, str(fault.facts.get("expected_en", ""))) for fault in found]


def _choice(*words: str) -> str:
    return _schema.choice(*words).en


# ------------------------------------------------------------------------------------------------ mistakes in a file


@pytest.mark.parametrize(
    ("words", "code", "column", "value", "expected"),
    [
        (clause(owed_by="plan"), "standard_bad_value", "owed_by", "plan", _choice("residential")),
        (clause(unit="m"), "standard_bad_value", "unit", "m", _choice("m2")),
        (clause(basis="unit"), "standard_bad_value", "basis", "unit", _choice(*_schema.RATE_BASES)),
        (clause(comparator="<="), "standard_bad_value", "comparator", "<=", _choice(">=", ">")),
        (manual(households_from=1), "standard_bad_value", "metric", "manual", _choice(*_schema.AT_LEAST)),
        (manual(households_below=1), "standard_bad_value", "metric", "manual", _choice(*_schema.AT_LEAST)),
        (
            *(clause(households_from=9, households_below=8), "standard_bad_value", "households_below", "8"),
            "a number above households_from (9)",
        ),
        (manual(value=Decimal("1.5")), "standard_share", "value", "1.5", ""),
        (manual(unit="act", value=2), "standard_act", "value", "2", ""),
        (manual(owed_by="unit"), "standard_missing_key", "unit_types", "", ""),
        (manual(value="unstated", parts=[part(id=" ")]), "standard_bad_value", "parts.id", " ", _schema.TEXT.en),
        (
            manual(value="unstated", parts=[part(text_zh=3)]),
            "standard_bad_value",
            "parts.text_zh",
            "3",
            _schema.TEXT.en,
        ),
        (
            manual(value="unstated", parts=[part(text_en=3)]),
            "standard_bad_value",
            "parts.text_en",
            "3",
            _schema.TEXT.en,
        ),
        (
            *(manual(value="unstated", parts=[part(comparator="~")]), "standard_bad_value", "parts.comparator", "~"),
            _choice(*_schema.COMPARATORS),
        ),
        (
            *(manual(value="unstated", unit="m2", parts=[part(value="x")]), "standard_bad_value", "parts.value", "x"),
            _schema.NUMBER.en,
        ),
        (manual(value="unstated", parts=[part(value=2)]), "standard_share", "value", "unstated", ""),
        (manual(value="unstated", parts=[part(), part()]), "standard_duplicate_id", "parts.id", "P", ""),
        (manual(parts=[part()]), "standard_parts_and_value", "value", "0.5", ""),
        (manual(value="unstated", parts=[]), "standard_bad_value", "parts", "[]", _schema.CLAUSE_KEYS["parts"].en),
        (manual(least_star=0), "standard_bad_value", "least_star", "0", _schema.CLAUSE_KEYS["least_star"].en),
        (manual(least_star=6), "standard_bad_value", "least_star", "6", _schema.CLAUSE_KEYS["least_star"].en),
        (manual(least_star=True), "standard_bad_value", "least_star", "True", _schema.CLAUSE_KEYS["least_star"].en),
    ],
)
def test_every_cell_of_a_mistake(words: dict[str, Any], code: str, column: str, value: str, expected: str) -> None:
    assert told(words) == [(code, f"clause C.{column}", value, expected)]


@pytest.mark.parametrize(
    "words",
    [
        clause(),
        clause(comparator=">"),
        clause(households_from=8, households_below=9),
        manual(value=1),
        manual(unit="act", value=1),
        manual(unit="act", value="unstated"),
        manual(value="unstated", parts=[part(value=1), part(id="Q")]),
        manual(least_star=1),
        manual(least_star=5),
    ],
)
def test_what_is_no_mistake(words: dict[str, Any]) -> None:
    assert told(words) == []


def test_a_rate_without_a_basis_is_told_what_it_may_be() -> None:
    words = clause()
    del words["basis"]
    assert told(words) == [("standard_bad_value", "clause C.basis", "", _choice(*_schema.RATE_BASES))]


def test_numbers_and_parts_of_a_metric_that_has_none() -> None:
    """Only clauses entered by hand have parts."""
    words = clause(value="unstated", parts=[part()])
    assert told(words) == [("standard_bad_value", "clause C.metric", "area_rate", _choice("manual"))]


def test_the_nearest_word_is_named_once_for_each_wrong_one() -> None:
    found = _faults._bad("levels", ["streets", "street", "comunity", "streeet"], _schema.CLAUSE_KEYS["levels"], FILE)
    assert found.facts["nearest_zh"] == "；最接近的是 street, community"
    assert found.facts["nearest_en"] == "; the nearest is street, community"
    far = _faults._bad("levels", "zzzz", _schema.CLAUSE_KEYS["levels"], FILE)
    assert (far.facts["nearest_zh"], far.facts["nearest_en"]) == ("", "")


def test_an_unknown_key_names_the_nearest_however_far() -> None:
    found = _faults._unknown("xqz", ["standard", "clause"], FILE)
    assert (found.column, found.value) == ("xqz", "xqz")
    assert found.facts["nearest"] in ("standard", "clause")
    assert _faults._unknown("xqz", [], FILE) == Fault(
        "standard_unknown_key", file=FILE, column="xqz", value="xqz", facts={"nearest": ""}
    )


def test_the_readings_of_a_switch_are_told_in_both_languages() -> None:
    kind = _schema.reading("pool_rate", ("own", "strictest"))
    assert (kind.zh, kind.en) == (_schema.choice("own", "strictest").zh, _choice("own", "strictest"))


# ---------------------------------------------------------------------------------------------------- what a file gives


@pytest.fixture
def own(tmp_path: Path) -> standards.Standard:
    parts = """
[[clause]]
id = "MY-02"
article = "5"
text_zh = "两项"
text_en = "two things"
cls = "M"
metric = "manual"
comparator = ">="
value = "unstated"
unit = "share"
owed_by = "plan"
parts = [
  { id = "a", text_zh = "甲", text_en = "A", comparator = ">=", value = 0.1 },
  { id = "b", text_zh = "乙", text_en = "B", comparator = "<=", value = 0.25 },
]
"""
    path = tmp_path / FILE
    path.write_text(HEAD.replace('source = "', 'notes_zh = ["注"]\nsource = "', 1) + RATE + parts, encoding="utf-8")
    return standards.load(path)


def test_parts_notes_and_readings_of_a_file(own: standards.Standard) -> None:
    two = own.clause("MY-02")
    assert [(one.id, one.comparator, one.value, one.text_zh, one.text_en) for one in two.parts] == [
        ("a", ">=", Decimal("0.1"), "甲", "A"),
        ("b", "<=", Decimal("0.25"), "乙", "B"),
    ]
    assert own.clause("MY-01").parts == ()
    assert (own.notes_zh, own.notes_en) == (("注",), ())
    assert [one.id for one in own.indicators()] == ["MY-02"]
    assert {one.name for one in own.readings} == set(_load.switch_table())
    for one in own.readings:
        words = _load.switch_table()[one.name]
        assert (one.ambiguity, one.choices) == (words["ambiguity"], tuple(words["choices"]))
        assert (one.default, one.reason_zh, one.reason_en) == (words["default"], words["reason_zh"], words["reason_en"])
    with pytest.raises(KeyError, match="MY-99"):
        own.clause("MY-99")


def test_a_mistake_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(HEAD + RATE.replace("30", "-30"), encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        standards.load(path)
    assert [fault.file for fault in refused.value.faults] == [FILE]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("聊城市", "liaocheng"),
        ("陕西省", "shaanxi"),
        (" 田家庵区 ", "tianjiaan"),
        ("沈阳", "shenyang"),
        ("Nantong", "nantong"),
        ("nantogn", "nantong"),
        ("liaochen", "liaocheng"),
    ],
)
def test_the_document_of_a_place_is_named(name: str, nearest: str) -> None:
    with pytest.raises(InputRefused) as refused:
        standards.load(name)
    assert refused.value.faults[0].facts["nearest"] == nearest


# ------------------------------------------------------------------------------------------------------ both languages


@pytest.mark.parametrize("language", ["zh", "en"])
def test_lists_and_rows_speak_one_language(language: texts.Language) -> None:
    for row, document in zip(standards.listing(language), standards.catalogue(), strict=True):
        assert row["title"] == getattr(document, f"title_{language}")
        assert row["kind"] == texts.t(f"standard.kind.{document.kind}", language)
        assert row["status"] == texts.t(f"standard.status.{document.status}", language)
    law = standards.load("shenyang")
    for row, clause in zip(standards.rows(law, language), law.clauses, strict=True):
        assert row["text"] == getattr(clause, f"text_{language}")
        assert row["strength"] == texts.t(f"standard.strength.{clause.strength}", language)


@pytest.mark.parametrize(
    ("language", "unstated", "given", "act"),
    [
        ("zh", "本文件未规定", "本文件未规定；用户给定 ≥ 30 ㎡/百户", texts.t("standard.unit.act", "zh")),
        (
            *("en", "not stated in this document"),
            "not stated in this document; given by the user: ≥ 30 m² per 100 households",
            texts.t("standard.unit.act", "en"),
        ),
    ],
)
def test_what_a_clause_asks(
    own: standards.Standard, language: texts.Language, unstated: str, given: str, act: str
) -> None:
    rate, two = own.clause("MY-01"), own.clause("MY-02")
    assert standards.required(replace(rate, entered=True), language) == given
    assert standards.required(replace(rate, value=None), language) == unstated
    assert standards.required(replace(rate, unit="act", value=Decimal(1)), language) == act
    assert standards.required(two, language) == "≥ 10%; ≤ 25%"
    assert given.endswith(standards.asked(replace(rate, entered=True), language))


def test_differences_in_both_languages(own: standards.Standard) -> None:
    other = replace(
        own,
        clauses=(replace(own.clauses[0], value=Decimal(20), levels=("community", "village"), setting="urban"),),
    )
    said = {(row["first_id"], row["property"]): row for row in standards.diff(own, other, "en")}
    assert (said["MY-01", "required"]["first"], said["MY-01", "required"]["second"]) == tuple(
        standards.required(one.clauses[0], "en") for one in (own, other)
    )
    assert said["MY-02", "required"]["first"] == "≥ 10%; ≤ 25%"
    assert said["MY-02", "required"]["second"] is None
    assert said["MY-02", "required"]["metric"] == "manual"
    back = {(row["second_id"], row["property"]): row for row in standards.diff(other, own, "zh")}
    assert (back["MY-02", "required"]["first"], back["MY-02", "required"]["second"]) == (None, "≥ 10%; ≤ 25%")
    assert back["MY-01", "levels"]["first"] == "、".join(
        texts.t(f"level.{one}", "zh") for one in other.clauses[0].levels
    )


def test_clauses_of_two_documents_meet_by_the_first_tier(own: standards.Standard) -> None:
    """A second tier of levels does not part them."""
    one = replace(own.clauses[0], id="X", levels=("community", "village"))
    two = replace(own.clauses[0], id="Y", levels=("community",))
    assert _tell._theme(one) == _tell._theme(two)
    assert _tell._theme(one) != _tell._theme(replace(two, levels=("street",)))


# ---------------------------------------------------------------------------------------------- the plan's own numbers


def test_a_clause_only_the_plan_knows(own: standards.Standard) -> None:
    """The document states a rate for new areas only: the plan brings existing ones, and the minimum of both."""
    given = {"existing": 20, "single_minimum_m2": {"new": 350, "existing": 200}}
    applied = standards.apply(own, {"area_per_100_households": given})
    found = {clause.id: clause for clause in applied.clauses if clause.entered}
    assert list(found) == ["plan.minimum.new", "plan.rate.existing", "plan.minimum.existing"]
    for name, basis, metric, built, value in (
        ("plan.rate.existing", "100_households", standards.RATE, "existing", 20),
        ("plan.minimum.new", "none", MINIMUM, "new", 350),
        ("plan.minimum.existing", "none", MINIMUM, "existing", 200),
    ):
        clause = found[name]
        assert (clause.basis, clause.metric, clause.applies_to, clause.value) == (basis, metric, built, value)
        assert (clause.cls, clause.comparator, clause.unit, clause.owed_by) == ("S", ">=", "m2", "residential")
        assert (clause.article, clause.source, clause.area_type) == ("用户给定", "用户给定", "unspecified")
        assert clause.text_zh == texts.t(f"standard.own.{metric}.{built}", "zh")
        assert clause.text_en == texts.t(f"standard.own.{metric}.{built}", "en")
    assert (applied.written, applied.changed) == (own.clauses, ("area_per_100_households",))
    again = standards.apply(applied, {"pool_rate": "strictest"})
    assert (again.written, again.changed) == (own.clauses, ("area_per_100_households", "pool_rate"))
    assert again.switches == {**own.switches, "pool_rate": "strictest"}
    assert standards.apply(own, {}).written == ()


def test_a_number_beside_the_documents_names_both(own: standards.Standard) -> None:
    with pytest.raises(InputRefused) as refused:
        standards.apply(own, {"area_per_100_households": {"new": 25}})
    (fault,) = refused.value.faults
    assert (fault.column, fault.value) == ("standards.area_per_100_households.new", "25")
    assert dict(fault.facts) == {"clause": "MY-01", "article": own.clauses[0].article, "stated": "30"}
