"""The documentation says what the program does: every column, every key, every file it links to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planning import plan, tables

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", list(tables.contracts()))
def test_every_column_and_name_it_is_known_by_is_listed(name):
    text = (ROOT / "docs" / "tables.md").read_text("utf-8")
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    for column in tables.contract(name).columns.values():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{column.name}`"))
        assert column.zh in row
        assert all(alias in row for alias in column.aliases), column.name
        assert ("**needed**" in row) == column.required


def test_every_key_of_a_plan_is_listed():
    text = (ROOT / "docs" / "plan.md").read_text("utf-8")
    for section, keys in plan.SECTIONS.items():
        for key in keys:
            assert f"`{key}`" in text, f"{section}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    for link in links:
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link).exists(), link


def test_both_readmes_hold_the_same_commands():
    blocks = [re.findall(r"```[a-z]*\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL) for page in PAGES[:2]]
    first, second = ([re.sub(r"#.*", "", block).split() for block in page] for page in blocks)
    assert first == second
