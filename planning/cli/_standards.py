"""The commands about the policy documents (part of ``cli``): ``standards list | show | validate | diff``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from planning import texts
from planning.cli._say import list_faults, shown, table


@click.group()
def standards() -> None:
    """标准库。 / The policy documents as rules."""


@standards.command(name="list")
@shown
def list_standards() -> None:
    """列出全部标准。 / List the standards."""
    from planning import standards as library

    table(_headed(library.listing()))


@standards.command()
@click.argument("standard")
@shown
def show(standard: str) -> None:
    """列出一份标准的全部条款。 / Show every clause of STANDARD."""
    from planning import standards as library

    table(_headed(library.rows(library.load(standard))))


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
@shown
def diff(first: str, second: str) -> None:
    """比较两份标准。 / Compare two standards, clause by clause."""
    from planning import standards as library

    table(_headed(library.diff(library.load(first), library.load(second))))


def _headed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows under headings in both languages."""
    return [{texts.both(f"standard.head.{name}"): value for name, value in row.items()} for row in rows]
