"""The command that writes the pools that could be, for the planner to accept (part of ``cli``): ``standards pools``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import isolation, texts
from planning.cli._entries import table_faults
from planning.cli._say import READER, shown
from planning.errors import refuse


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="表格文件 / file to write: .xlsx, .csv")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言 / language")
@shown
def pools(plan: Path, out: Path, language: texts.Language) -> None:
    """写出统筹设置建议表，由规划师采纳。 / Write the pools that could be, for the planner to accept."""
    refuse(table_faults(out))
    isolation.start(READER)  # while the libraries load here
    from planning import report, runs, study

    inputs = runs.load(plan)
    if not inputs.standard.pooling:
        facts = {"title_zh": inputs.standard.title_zh, "title_en": inputs.standard.title_en}
        click.echo(texts.both("pooling.no_clause", **facts))
        return
    rows = report.pooling_rows(study.run(inputs, parts=frozenset({"compliance"})), language)
    waiting = int(rows["accepted"].isna().sum())
    if not waiting:
        click.echo(texts.both("pooling.none"))
        return
    write = report.entry_sheet if out.suffix.lower() == ".xlsx" else report.entry_text
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("xb") as file:
        file.write(write(rows, language, form="pooling"))
    given = len(rows) - waiting
    click.echo(texts.both("pooling.written", path=out, given=given, count=waiting, name=out.name))
