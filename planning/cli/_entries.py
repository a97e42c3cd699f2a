"""The command that writes a table to be filled in by hand (part of ``cli``): ``standards entries``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from planning import texts
from planning.cli._say import shown
from planning.errors import Fault, refuse

_SUFFIXES: Final = (".xlsx", ".csv")


@click.command()
@click.argument("standard", required=False)
@click.option(
    "--plan", type=click.Path(path_type=Path), help="按方案的标准、单元和已填数 / standard, units, figures of PLAN"
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="表格文件 / file to write: .xlsx, .csv")
@click.option("--all", "scope", flag_value="all", default="by_hand", help="含程序计算的条款 / computed clauses too")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言 / language")
@shown
def entries(standard: str | None, plan: Path | None, out: Path, scope: str, language: texts.Language) -> None:
    """写出空白的人工填报表。 / Write the table of figures to be entered by hand."""
    from planning import indicators, report

    if (standard is None) == (plan is None):
        raise click.UsageError(texts.both("entries.one_of_both"))
    refuse(table_faults(out))
    rows = indicators.blank(*_asked(standard, plan), language=language, scope=scope)
    if rows.empty:
        click.echo(texts.both("entries.none"))
        return
    write = report.entry_sheet if out.suffix.lower() == ".xlsx" else report.entry_text
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("xb") as file:
        file.write(write(rows, language))
    click.echo(texts.both("entries.written", path=out, count=len(rows), name=out.name))


def table_faults(out: Path) -> list[Fault]:
    """Return why nothing can be written there; a table that somebody may have filled in is never overwritten."""
    if out.suffix.lower() not in _SUFFIXES:
        return [Fault("entries_suffix", column="--out", value=out.name)]
    return [Fault("entries_exists", column="--out", value=out.name)] if out.exists() else []


def _asked(standard: str | None, plan: Path | None) -> tuple[Any, Any, Any]:
    """Return the document, the units and the figures entered before, as far as they are known."""
    if plan is None:
        from planning import standards as library

        return library.load(str(standard)), None, None
    from planning import runs

    inputs = runs.load(plan)
    return inputs.standard, inputs.tables.get("units"), inputs.tables.get("indicators")
