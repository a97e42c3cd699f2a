"""A planner's own document: rates by setting and size, and every mistake that can be made in a file, told at once."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_compliance import area, assess, row, unit
from test_standards import HEAD, RATE

from planning import standards, texts
from planning.cli._standards import standards as command
from planning.errors import Fault
from planning.standards import Standard, _schema

PAGE = Path(standards.__file__).parents[2] / "docs" / "standards.md"


def written(folder: Path, *clauses: str) -> Path:
    path = folder / "own.toml"
    path.write_text(HEAD + "\n".join(clauses), encoding="utf-8")
    return path


def rate(number: int, value: int, *keys: str) -> str:
    text = RATE.replace("MY-01", f"MY-{number}").replace("value = 30", f"value = {value}")
    return text.replace('applies_to = "new"\n', "") + "\n".join(keys) + "\n"


# ----------------------------------------------------------------------------------------------- by setting and by size


@pytest.fixture
def sized(tmp_path: Path) -> Standard:
    """The example of the documentation: urban areas from 2000 households 30 m², below 25 m², rural ones 15 m²."""
    example = PAGE.read_text(encoding="utf-8").split("```toml")[2].split("```")[0]
    return standards.load(written(tmp_path, example))


@pytest.mark.parametrize(
    ("households", "setting", "required"),
    [
        (2000, "urban", 600.0),  # the line belongs to the larger
        (1999, "urban", 499.75),
        (1, "urban", 0.25),
        (2000, "rural", 300.0),
        (100, "rural", 15.0),
    ],
)
def test_rates_by_setting_and_size(sized: Standard, households: int, setting: str, required: float) -> None:
    found = row(assess([area(households=households, setting=setting)], [unit(m2=required)], law=sized))
    assert (found["required_m2"], found["verdict"]) == (required, "meets")
    short = row(assess([area(households=households, setting=setting)], [unit(m2=required - 0.01)], law=sized))
    assert short["verdict"] == "fails"


def test_without_households_the_size_is_open(sized: Standard) -> None:
    found = row(assess([area(households=None, setting="urban")], [unit(m2=9999)], law=sized))
    assert (found["verdict"], found["reason"]) == ("not_assessable", "households_missing")


def test_an_area_of_a_size_that_no_clause_concerns(tmp_path: Path) -> None:
    """The document rules from 500 households: 499 is not applicable, and says so; a village is outside the setting."""
    law = standards.load(written(tmp_path, rate(1, 30, "households_from = 500", 'setting = "urban"')))
    small, large = (row(assess([area(households=count)], law=law)) for count in (499, 500))
    assert (small["verdict"], small["reason"]) == ("not_applicable", "outside_size")
    assert (large["verdict"], large["required_m2"]) == ("fails", 150)
    assert row(assess([area(households=500, setting="rural")], law=law))["reason"] == "outside_setting"


def test_single_minimums_by_size(tmp_path: Path) -> None:
    """From 1000 households a room has 350 m²; below there is none: 999 households owe 299.7 m² in any rooms."""
    least = rate(2, 350, "households_from = 1000").replace("area_rate", "unit_minimum")
    law = standards.load(written(tmp_path, rate(1, 30), least.replace('basis = "100_households"\n', "")))
    rooms = [unit("f", 150), unit("g", 160)]
    below, above = (row(assess([area(households=count)], rooms, law=law)) for count in (999, 1000))
    assert (below["required_m2"], below["verdict"]) == (299.7, "meets")
    assert (above["required_m2"], above["verdict"]) == (350, "fails")


def test_members_of_a_pool_owe_by_their_own_size_and_setting(sized: Standard) -> None:
    """2000 × 30 + 1000 × 25 + 1000 × 15, by hundreds: 600 + 250 + 150."""
    members = [area("A", 2000), area("B", 1000), area("C", 1000, setting="rural")]
    found = assess(members, law=sized, pools=dict.fromkeys("ABC", "P"), pooling=True)
    assert row(found)["pool_required_m2"] == 1000


@pytest.mark.parametrize(
    ("one", "other", "rivals"),
    [
        ((), (), True),
        (('setting = "urban"',), ('setting = "rural"',), False),
        (('setting = "urban"',), (), True),
        (("households_below = 500",), ("households_from = 500",), False),
        (("households_from = 500",), ("households_below = 500",), False),
        (("households_below = 501",), ("households_from = 500",), True),
        (("households_from = 500",), ("households_from = 900",), True),
        (('applies_to = "new"',), ('applies_to = "existing"',), False),
    ],
)
def test_clauses_that_would_concern_the_same_area_are_refused(
    tmp_path: Path, one: tuple[str, ...], other: tuple[str, ...], *, rivals: bool
) -> None:
    found = standards.validate(written(tmp_path, rate(1, 30, *one), rate(2, 20, *other)))
    said = [("standard_rivals", "area_rate", "MY-1、MY-2")] if rivals else []
    assert [(fault.code, fault.column, fault.value) for fault in found] == said


def test_sizes_that_hold_no_area_or_are_nobodys(tmp_path: Path) -> None:
    empty = standards.validate(written(tmp_path, rate(1, 30, "households_from = 500", "households_below = 500")))
    assert [(fault.code, fault.column) for fault in empty] == [("standard_bad_value", "clause MY-1.households_below")]
    assert "500" in empty[0].remedy("zh")
    text = rate(1, 1, "households_from = 500").replace("area_rate", "manual").replace('"residential"', '"plan"')
    (wrong,) = standards.validate(written(tmp_path, text.replace('"m2"', '"count"')))
    assert (wrong.column, wrong.value) == ("clause MY-1.metric", "manual")


# --------------------------------------------------------------------------------------------------- every key, wrongly

WRONG: dict[str, str] = {
    "value": '"thirty"',
    "parts": "[{ id = 1 }]",
    "deadline": '"2025-12-31"',
    "deadline_within": "2025-12-31T00:00:00",
    "other_deadlines": '["2025"]',
    "least_star": "6",
    "households_from": "0",
    "households_below": '"500"',
    "ambiguities": '"A1"',
    "unit_types": '["stret"]',
    "levels": '["comunity"]',
    "kinds": '["center"]',
    "issued": '"2024"',
    "notes_zh": '"note"',
    "notes_en": '"note"',
}


def faults_of(path: Path) -> dict[str, Fault]:
    """Return the first fault of each key."""
    return {fault.column: fault for fault in reversed(standards.validate(path))}


def test_every_key_of_a_clause_wrong_at_once(tmp_path: Path) -> None:
    """Each key holds something it cannot: all are named, in both languages."""
    keys = "".join(f"{key} = {WRONG.get(key, '7')}\n" for key in _schema.CLAUSE_KEYS)
    found = faults_of(written(tmp_path, f"[[clause]]\n{keys}"))
    assert set(found) == {f"clause 7.{key}" for key in _schema.CLAUSE_KEYS}
    assert {fault.code for fault in found.values()} == {"standard_bad_value"}
    for fault in found.values():
        assert fault.file == "own.toml"
        assert fault.remedy("zh")
        assert fault.remedy("zh") != fault.remedy("en")


def test_every_key_of_a_document_wrong_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    keys = "".join(f"{key} = {WRONG.get(key, '7')}\n" for key in _schema.STANDARD_KEYS)
    path.write_text(f"[standard]\n{keys}{RATE}", encoding="utf-8")
    assert set(faults_of(path)) == {f"standard.{key}" for key in _schema.STANDARD_KEYS}


def test_every_key_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[standard]\n[[clause]]\n", encoding="utf-8")
    found = standards.validate(path)
    assert {fault.code for fault in found} == {"standard_missing_key"}
    needed = [f"standard.{key}" for key in _schema.STANDARD_NEEDED] + [
        f"clause #1.{key}" for key in _schema.CLAUSE_NEEDED
    ]
    assert [fault.column for fault in found] == needed


@pytest.mark.parametrize(
    ("key", "word", "nearest"),
    [
        ("metric", "area_rates", "area_rate"),
        ("unit", "m", "m2"),  # a unit, but not that of a floor area
        ("owed_by", "residental", "residential"),
        ("basis", "100_household", "100_households"),
        ("strength", "mandatry", "mandatory"),
        ("cls", "X", None),
    ],
)
def test_a_word_that_is_nearly_right_gets_the_right_one(
    tmp_path: Path, key: str, word: str, nearest: str | None
) -> None:
    lines = [line for line in RATE.splitlines() if not line.startswith(f"{key} =")]
    found = standards.validate(written(tmp_path, "\n".join([*lines, f'{key} = "{word}"'])))
    assert [fault.column for fault in found] == [f"clause MY-01.{key}"]
    for language, said in (("zh", "最接近的是"), ("en", "the nearest is")):
        remedy = found[0].remedy(language)
        assert (f"{said} {nearest}" in remedy) if nearest else (said not in remedy)


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("[standard]\n[standard]\n", "standard_not_toml", ""),
        ("clause = 3\n", "standard_no_clause", "clause"),
        ("standard = 3\n" + RATE, "standard_not_a_table", "standard"),
        (HEAD + '[[claus]]\nid = "x"\n', "standard_unknown_key", "claus"),
        (HEAD + RATE + "deadlin = 2025-12-31\n", "standard_unknown_key", "clause MY-01.deadlin"),
        (HEAD.replace("source = ", "sorce = ") + RATE, "standard_missing_key", "standard.source"),
        (HEAD + RATE + RATE.replace('"new"', '"existing"'), "standard_duplicate_id", "clause.id"),
        (HEAD + RATE + 'size_clause = "MY-09"\n', "standard_reference", "clause MY-01.size_clause"),
        (HEAD + RATE.replace("value = 30", "value = -1"), "standard_bad_value", "clause MY-01.value"),
        (HEAD + RATE.replace("value = 30", "value = inf"), "standard_bad_value", "clause MY-01.value"),
        (HEAD + RATE.replace("value = 30", "value = true"), "standard_bad_value", "clause MY-01.value"),
    ],
)
def test_what_else_can_be_wrong(tmp_path: Path, text: str, code: str, column: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    found: list[Any] = [(fault.code, fault.column) for fault in standards.validate(path)]
    assert (code, column) in found


# ----------------------------------------------------------------------------------------------------- the command line


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "words", [["list"], ["show", "nantong"], ["diff", "nantong", "anhui"], ["diff", "hefei", "guizhou"]]
)
def test_tables_speak_one_language_and_no_codes(words: list[str], language: str) -> None:
    """Headings and codes are words of that language; Chinese unless asked otherwise."""
    said = CliRunner().invoke(command, [*words, "--language", language])
    assert said.exit_code == 0
    if language == "zh":
        assert said.output == CliRunner().invoke(command, words).output
    first, *_ = said.output.splitlines()
    law, other = standards.load("nantong"), standards.load("anhui")
    heads = {"list": standards.listing()[0], "show": standards.rows(law)[0], "diff": standards.diff(law, other)[0]}
    for name in heads[words[0]]:
        assert texts.t(f"standard.head.{name}", language) in first  # type: ignore[arg-type]
    if language == "zh":  # Latin letters are ids of standards alone
        ids = {standard.id for standard in standards.catalogue()}
        assert set(re.findall(r"[A-Za-z]{4,}", said.output)) <= ids
    assert not re.search(r"[a-z]_[a-z]", said.output)


def test_columns_stand_below_each_other() -> None:
    """Every column begins at the same cell in every line; a Chinese letter takes two, its heading too."""
    lines = CliRunner().invoke(command, ["show", "liaocheng"]).output.splitlines()
    start = _cells(lines[0][: lines[0].index("要求值")])
    rows = standards.rows(standards.load("liaocheng"))
    for line, clause in zip(lines[1:], rows, strict=True):
        assert _cells(line[: line.index(clause["required"])]) == start, line


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def test_a_clause_that_is_absent_is_not_one_without_a_number() -> None:
    """Nantong's circle has no number; Anhui has no circle at all."""
    said = CliRunner().invoke(command, ["diff", "nantong", "anhui"]).output
    (line,) = [line for line in said.splitlines() if line.startswith("NT-05")]
    assert line.split()[-2:] == ["本文件未规定", "无此条款"]
    alike = CliRunner().invoke(command, ["diff", "anhui", "anhui"]).output
    assert alike.startswith("两份标准没有差别")
