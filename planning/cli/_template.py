"""The command that begins a template of the report (part of ``cli``): ``report-template``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import texts
from planning.cli._say import shown
from planning.errors import Fault, InputRefused


@click.command("report-template")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", type=click.Choice(texts.LANGUAGES), default="zh", show_default=True)
@shown
def report_template(file: Path, language: texts.Language) -> None:
    """写出一份可直接使用的报告模板（.docx）。 / Write a report template (.docx) that works as it is."""
    from planning import report

    if file.suffix.lower() != ".docx":
        raise InputRefused(Fault("template_suffix", file=file.name))
    if file.exists():
        raise InputRefused(Fault("template_exists", file=file.name))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(report.starter_template(language))
    click.echo(texts.both("template.written", path=file, name=file.name))
