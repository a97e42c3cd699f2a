"""docs/plan.md and its Chinese twin say the same: headings, keys, code blocks; both list the keys that there are."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from planning import plan
from planning.plan import _keys

DOCS = Path(__file__).resolve().parent.parent / "docs"
ENGLISH, CHINESE = ((DOCS / name).read_text("utf-8") for name in ("plan.md", "plan.zh-CN.md"))
PAGES = {"plan.md": ENGLISH, "plan.zh-CN.md": CHINESE}


def prose(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def headings(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the rank of each heading with what stands in backticks: the part that has no language."""
    found = re.findall(r"^(#+) (.*)$", prose(text), flags=re.MULTILINE)
    return [(marks, tuple(re.findall(r"`[^`]+`", words))) for marks, words in found]


def tables(text: str) -> list[list[list[str]]]:
    """Return every table as its rows of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", prose(text) + "\n", flags=re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]


def codes(cell: str) -> list[str]:
    return re.findall(r"`[^`]+`", cell)


def rows(text: str, section: str) -> set[str]:
    """Return the keys in the first column of the tables of one section."""
    after = prose(text).split(f"\n## `[{section}]`\n")[1].split("\n## ")[0]
    return set(chain.from_iterable(codes(row[0]) for table in tables(after) for row in table))


def test_the_headings_stand_in_the_same_order() -> None:
    assert headings(CHINESE) == headings(ENGLISH)


def test_the_code_blocks_are_the_same() -> None:
    blocks = [re.findall(r"```.*?```", text, flags=re.DOTALL) for text in (ENGLISH, CHINESE)]
    assert blocks[0] == blocks[1]
    assert len(blocks[0]) >= 4


def test_the_tables_have_the_same_keys_choices_and_shape() -> None:
    """The key of each row in order, its choices, and as many cells; the words alone differ."""
    pairs = list(zip(tables(ENGLISH), tables(CHINESE), strict=True))
    assert len(pairs) >= 12
    for english, chinese in pairs:
        assert [codes(row[0]) for row in chinese] == [codes(row[0]) for row in english]
        for one, other in zip(english[2:], chinese[2:], strict=True):
            assert len(one) == len(other), one[0]
            assert sorted(codes(one[1])) == sorted(codes(other[1])), one[0]


def test_every_code_word_of_one_is_in_the_other() -> None:
    said = [set(codes(prose(text))) for text in (ENGLISH, CHINESE)]
    assert said[0] ^ said[1] == set()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("section", ["plan", "walk", "standards", "output"])
def test_the_rows_of_a_section_are_its_keys(page: str, section: str) -> None:
    assert rows(PAGES[page], section) - {""} == {f"`{key}`" for key in plan.SECTIONS[section]}


@pytest.mark.parametrize("page", PAGES)
def test_every_key_of_inputs_and_siting_has_a_row(page: str) -> None:
    inputs = set().union(*(plan.SECTIONS[f"inputs.{name}"] for name in _keys.INPUTS))
    after = prose(PAGES[page]).split("\n## `[inputs.*]`\n")[1].split("\n## ")[0]
    assert {f"`{key}`" for key in inputs} == set(
        chain.from_iterable(codes(row[0]) for table in tables(after) for row in table)
    )
    for section in ("siting", "siting.robustness"):
        assert {f"`{key}`" for key in plan.SECTIONS[section]} <= rows(PAGES[page], "siting"), section


@pytest.mark.parametrize("page", PAGES)
def test_the_choices_of_a_key_are_all_named(page: str) -> None:
    """The words a key may hold stand in the kind of its row: all of them, and no others."""
    seen = 0
    for section in ("walk", "siting", "output"):
        after = prose(PAGES[page]).split(f"\n## `[{section}]`\n")[1].split("\n## ")[0].split("\n### ")[0]
        for row in chain.from_iterable(tables(after)):
            for key in codes(row[0]):
                kind = plan.SECTIONS[section].get(key.strip("`"))
                if kind is not None and kind.words and len(row) == 4:
                    seen += 1
                    assert {word.strip("`") for word in codes(row[1])} == set(kind.words), key
    assert seen >= 8
