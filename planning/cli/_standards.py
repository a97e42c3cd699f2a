"""The commands about the policy documents (part of ``cli``): ``standards list``, ``show``, ``validate`` and more."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from planning import texts
from planning.cli._entries import entries
from planning.cli._pools import pools
from planning.cli._say import list_faults, shown, table

_LANGUAGE: Final = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言 / language"
)


@click.group()
def standards() -> None:
    """标准库。 / The policy documents as rules."""


standards.add_command(entries)
standards.add_command(pools)


@standards.command(name="list")
@_LANGUAGE
@shown
def list_standards(language: texts.Language) -> None:
    """列出全部标准。 / List the standards."""
    from planning import standards as library

    table(_worded(library.listing(language), language))


@standards.command()
@click.argument("standard")
@_LANGUAGE
@shown
def show(standard: str, language: texts.Language) -> None:
    """列出一份标准的全部条款。 / Show every clause of STANDARD."""
    from planning import standards as library

    table(_worded(library.rows(library.load(standard), language), language))


@standards.command()
@click.argument("file", type=click.Path(path_type=Path))
@shown
def validate(file: Path) -> None:
    """检查自编标准文件。 / Check a standard's TOML FILE."""
    from planning import standards as library

    faults = library.validate(file)
    list_faults(faults)
    if any(fault.severity == "error" for fault in faults):
        sys.exit(1)
    click.echo(texts.both("cli.standard_valid", file=file.name))


@standards.command()
@click.argument("first")
@click.argument("second")
@_LANGUAGE
@shown
def diff(first: str, second: str, language: texts.Language) -> None:
    """比较两份标准。 / Compare two standards, clause by clause."""
    from planning import standards as library

    rows = library.diff(library.load(first), library.load(second), language)
    if not rows:
        click.echo(texts.both("cli.standards_alike"))
    table(_worded(rows, language))


_WORDS: Final[Mapping[str, str]] = {
    "cls": "standard.cls",
    "metric": "standard.metric",
    "applies_to": "report.built",
    "property": "standard.property",
}


def _worded(rows: Iterable[Mapping[str, Any]], language: texts.Language) -> list[dict[str, Any]]:
    """Return rows under headings that a person reads, and codes in words."""
    return [
        {texts.t(f"standard.head.{name}", language): _word(name, value, language) for name, value in row.items()}
        for row in rows
    ]


def _word(name: str, value: Any, language: texts.Language) -> Any:
    """Return a cell in words: a clause that a document lacks is not one without a number."""
    if name in ("first", "second"):
        return texts.t("standard.no_clause", language) if value is None else value or "—"
    coded = name in _WORDS and value is not None
    return texts.t(f"{_WORDS[name]}.{value}", language) if coded else value
