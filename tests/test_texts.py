"""Every sentence in both languages, with the same facts."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from planning import texts
from planning.errors import Fault, InputRefused, MachineFailed, WrongUsage, refuse

PACKAGE = Path(texts.__file__).parent


def facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def bare(sentence: str) -> set[str]:
    return {name.removesuffix("_en").removesuffix("_zh") for name in facts(sentence)}


def test_both_languages_need_the_same_facts():
    """All keys at once: one test a key took longer to start than to run."""
    entries = texts.entries().items()
    assert [key for key, one in entries if bool(one["zh"].strip()) != bool(one["en"].strip())] == []
    assert [key for key, one in entries if bare(one["zh"]) != bare(one["en"])] == []


def test_english_holds_no_chinese_sentence():
    sentence = re.compile(r"[\u4e00-\u9fff]{9,}")
    assert [key for key, one in texts.entries().items() if sentence.search(one["en"])] == []


def test_every_fault_says_what_and_what_to_do():
    codes = {key.split(".")[1] for key in texts.entries() if key.startswith("fault.")}
    for code in codes:
        assert texts.has(f"fault.{code}.message"), code
        assert texts.has(f"fault.{code}.remedy"), code


def test_every_fault_raised_has_its_sentences():
    """Each literal code given to ``Fault(...)`` in the package stands in a table."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault"
            if named and node.args and isinstance(node.args[0], ast.Constant):
                assert texts.has(f"fault.{node.args[0].value}.message"), f"{path.name}: {node.args[0].value}"


def test_a_fault_speaks_both_languages():
    fault = Fault("plan_missing_key", file="plan.toml", column="plan.name")
    assert fault.message() == "方案文件缺少必填的键：plan.name。 / The plan file lacks a key it needs: plan.name."
    assert fault.message("en") == "The plan file lacks a key it needs: plan.name."
    assert fault.where() == "plan.toml · plan.name"


def test_refuse_raises_all_and_lets_warnings_pass():
    warning = Fault("plan_as_of_today", "warning")
    refuse([warning])
    with pytest.raises(InputRefused) as caught:
        refuse([warning, Fault("plan_missing_key", column="a"), Fault("plan_missing_key", column="b")])
    assert [fault.column for fault in caught.value.faults] == ["", "a", "b"]


@pytest.mark.parametrize(
    ("kind", "parent", "code"),
    [(InputRefused, ValueError, 1), (WrongUsage, ValueError, 2), (MachineFailed, OSError, 3)],
)
def test_errors_have_two_parents_and_an_exit_code(kind, parent, code):
    error = kind(Fault("machine_memory"))
    assert isinstance(error, parent)
    assert error.exit_code == code
    assert error.faults[0].code == "machine_memory"


def test_a_chinese_letter_takes_two_cells():
    assert [texts.cells(text) for text in ("", "A1", "区", "A区，1")] == [0, 2, 2, 6]
