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
from planning.standards import MINIMUM, _faults, _load, _numbers, _schema, _tell

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


HEADED = dict.fromkeys(_schema.STANDARD_NEEDED, "…") | {"status": "issued"}


def told(*clauses: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    found = _faults.faults({"standard": HEADED, "clause": list(clauses)}, {}, FILE)
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
        (
            manual(value="unstated", parts=[part(id="A"), part(), part()]),
            *("standard_duplicate_id", "parts.id", "P", ""),
        ),
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
        manual(value=0),
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


def whole(words: dict[str, Any], switches: dict[str, Any] | None = None) -> list[tuple[str, str, str, str]]:
    found = _faults.faults(words, switches or {}, FILE)
    assert all(fault.file == FILE for fault in found)
    return [(fault.code, fault.severity, fault.column, fault.value) for fault in found]


def test_tables_that_are_none_and_words_nobody_knows() -> None:
    """A document of the wrong shape: each part is named, and what stands in its place, cut after 80 characters."""
    long = "长" * 100
    said = whole({"standard": long, "switches": [1], "clause": [long, clause()], "clauses": 1, "standart": 2})
    assert said == [
        ("standard_unknown_key", "error", "clauses", "clauses"),
        ("standard_unknown_key", "error", "standart", "standart"),
        ("standard_not_a_table", "error", "standard", long[:80]),
        ("standard_not_a_table", "error", "switches", "[1]"),
        ("standard_not_a_table", "error", "clause #1", long[:80]),
    ]
    unknown = _faults.faults({"clauses": 1, "standart": 2, "swiches": 3}, {}, FILE)[:3]
    assert [fault.facts["nearest"] for fault in unknown] == ["clause", "standard", "switches"]
    assert whole({})[-1] == ("standard_no_clause", "error", "clause", "")
    assert [code for code, _, column, _ in whole({}) if column == "standard.id"] == ["standard_missing_key"]
    assert whole({"standard": {}, "clause": "x"})[-1] == ("standard_no_clause", "error", "clause", "")


def test_letters_of_private_use_are_a_warning() -> None:
    found = whole({"standard": HEADED, "clause": [clause(text_zh="\ue000" * 50)]})
    assert found == [("standard_private_use", "warning", "clause C.text_zh", ascii("\ue000" * 50)[:200])]


def test_clauses_that_do_not_fit_together() -> None:
    """C stands twice; D leans on a clause without a floor area, E on none, F on C; two minimums are rivals."""
    size = clause(id="S", metric="unit_minimum", basis="none", applies_to="new")
    leaning = [
        manual(id="D", size_clause="D"),
        manual(id="E", size_clause="nobody"),
        manual(id="F", size_clause="C"),
    ]
    found = whole({"standard": HEADED, "clause": [clause(), manual(id="C"), *leaning, size, {**size, "id": "T"}]})
    assert found == [
        ("standard_duplicate_id", "error", "clause.id", "C"),
        ("standard_reference", "error", "clause D.size_clause", "D"),
        ("standard_reference", "error", "clause E.size_clause", "nobody"),
        ("standard_rivals", "error", "unit_minimum", "S、T"),
    ]


def test_switches_of_a_document() -> None:
    """``a`` has readings; one entry is no table, one lacks its reason, one reads what is none, one is unknown."""
    known = {name: {"choices": ["own", "strictest"]} for name in "abcd"}
    reason = {"reason_zh": "…", "reason_en": "…"}
    entries = {"a": "x" * 100, "b": {"default": "own"}, "c": {"default": "both", **reason}}
    entries = {"aa": {"default": "own", **reason}, **entries, "d": {"default": "own", **reason}}
    found = _faults.faults({"standard": HEADED, "switches": entries, "clause": [clause()]}, known, FILE)
    assert [(one.code, one.file, one.column, one.value) for one in found] == [
        ("standard_unknown_key", FILE, "switches.aa", "switches.aa"),
        ("standard_bad_value", FILE, "switches.a", "x" * 80),
        ("standard_bad_value", FILE, "switches.b", "{'default': 'own'}"),
        ("standard_bad_value", FILE, "switches.c.default", "both"),
    ]
    assert found[0].facts["nearest"] == "switches.a"
    assert {one.facts["expected_zh"] for one in found[1:3]} == {"含 default、reason_zh、reason_en 的表"}
    assert {one.facts["expected_en"] for one in found[1:3]} == {"a table of default, reason_zh, reason_en"}
    assert found[3].facts["expected_en"] == _choice("own", "strictest")


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
        ("LIAOCHEN", "liaocheng"),
        # an ending that is not the place's own
        ("沈阳区", "shenyang"),
        ("陕西市", "shaanxi"),
        ("聊城省", "liaocheng"),
        # none is near: another city's rule is no help
        ("杭州市", ""),
        ("省", ""),
        ("xx", ""),
    ],
)
def test_the_document_of_a_place_is_named(name: str, nearest: str) -> None:
    with pytest.raises(InputRefused) as refused:
        standards.load(name)
    (fault,) = refused.value.faults
    assert (fault.facts["nearest"], fault.column, fault.value) == (nearest, "plan.standard", name)
    said = f"最接近的是 {nearest}；" if nearest else "没有相近的标准；"
    assert fault.remedy("zh").startswith(f"{said}可用的有：anhui、")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent, latin, torn = (tmp_path / f"{name}.toml" for name in ("absent", "latin", "torn"))
    latin.write_bytes('[standard]\nid = "沈"'.encode("gbk"))
    torn.write_text("[standard\n", encoding="utf-8")
    marked = tmp_path / "marked.toml"
    marked.write_text(HEAD + RATE, encoding="utf-8-sig")
    said = [
        ("standard_not_readable", "absent.toml", "plan.standard", str(absent)),
        ("standard_not_utf8", "latin.toml", "plan.standard", ""),
    ]
    found = [fault for path in (absent, latin) for fault in standards.validate(path)]
    assert [(fault.code, fault.file, fault.column, fault.value) for fault in found] == said
    assert found[0].facts["why"] == "No such file or directory"
    (wrong,) = standards.validate(torn)
    assert (wrong.code, wrong.file) == ("standard_not_toml", "torn.toml")
    assert "line 1" in wrong.value
    assert standards.validate(marked) == ()


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
        ("zh", "本文件未规定", "本文件未规定；用户给定 ≥ 30 m²/百户", texts.t("standard.unit.act", "zh")),
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
    assert said["MY-01", "levels"]["second"] == ", ".join(
        texts.t(f"level.{one}", "en") for one in ("community", "village")
    )
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


@pytest.mark.parametrize(
    ("unit", "comparator", "zh", "en", "least", "most"),
    [
        (
            *("share", ">=", "大于 0、不超过 1 的数（80% 写 0.8）", "a number above 0 up to 1 (80 % is written 0.8)"),
            *(Decimal("0.001"), 1),
        ),
        ("star", ">", "大于 0、不超过 5 的整数", "a whole number above 0 up to 5", 1, 5),
        ("m", "<=", "不小于 0、不超过 20,000 的数", "a number from 0 up to 20,000", 0, 20_000),
        ("beds", "=", "不小于 0、不超过 1,000,000,000 的整数", "a whole number from 0 up to 1,000,000,000", 0, 10**9),
        ("m2", "<", "大于 0、不超过 1,000,000,000 的数", "a number above 0 up to 1,000,000,000", Decimal("0.1"), 10**9),
    ],
)
def test_which_numbers_a_clause_can_ask_for(
    own: standards.Standard, unit: str, comparator: str, zh: str, en: str, least: Any, most: Any
) -> None:
    kind = _numbers.accepted(replace(own.clauses[0], unit=unit, comparator=comparator, value=None))
    assert (kind.zh, kind.en) == (zh, en)
    assert kind.accepts(least)
    assert kind.accepts(most)
    assert not kind.accepts(most + Decimal("0.001"))
    assert not kind.accepts(Decimal("-0.001"))
    assert kind.accepts(0) == zh.startswith("不小于")
    assert kind.accepts(Decimal("0.5")) == ("整数" not in zh)


def test_every_cell_of_a_mistaken_number(own: standards.Standard) -> None:
    """MY-03 is open, MY-04 an act; MY-01 states 30, MY-02 two parts; the plan's other key fills MY-03 already."""
    share = replace(own.clauses[0], id="MY-03", value=None, unit="share", basis="none", metric="circle_share")
    act = replace(share, id="MY-04", unit="act", article="9")
    given = {"MY-1": 1, "MY-01": 2, "MY-02": 3, "MY-04": 4, "MY-03": 5}
    facts = {"nearest": "MY-03", "open_zh": "MY-03", "open_en": "MY-03"}
    found = list(_numbers.faults((*own.clauses, share, act), given, ()))
    assert [(fault.code, fault.column, fault.value, dict(fault.facts)) for fault in found] == [
        ("standard_number_unknown", "standards.numbers.MY-1", "1", {**facts, "clause": "MY-1", "nearest": "MY-01"}),
        (
            *("standard_number_stated", "standards.numbers.MY-01", "2"),
            {"clause": "MY-01", "article": own.clauses[0].article, "stated": "30"},
        ),
        (
            *("standard_number_stated", "standards.numbers.MY-02", "3"),
            {"clause": "MY-02", "article": "5", "stated": "0.1、0.25"},
        ),
        ("standard_number_not_asked", "standards.numbers.MY-04", "4", {"clause": "MY-04", "article": "9", **facts}),
        (
            *("standard_number_range", "standards.numbers.MY-03", "5"),
            {
                "clause": "MY-03",
                "unit_zh": texts.t("standard.unit.share", "zh"),
                "unit_en": texts.t("standard.unit.share", "en"),
                "expected_zh": "大于 0、不超过 1 的数（80% 写 0.8）",
                "expected_en": "a number above 0 up to 1 (80 % is written 0.8)",
            },
        ),
    ]
    (twice,) = _numbers.faults((share,), {"MY-03": 0.5}, ["MY-03"])
    assert (twice.code, twice.value, twice.facts["clause"]) == ("standard_number_twice", "0.5", "MY-03")
    (none_open,) = _numbers.faults((own.clauses[0],), {"ZZ": 1}, ())
    assert dict(none_open.facts) == {"clause": "ZZ", "nearest": "MY-01", "open_zh": "无", "open_en": "none"}
    two_open = (share, replace(share, id="MY-05"))
    (many,) = _numbers.faults(two_open, {"ZZ": 1}, ())
    assert (many.facts["open_zh"], many.facts["open_en"]) == ("MY-03、MY-05", "MY-03, MY-05")
