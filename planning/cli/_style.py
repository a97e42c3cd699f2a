"""The command that begins a house style (part of ``cli``): ``style``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import texts
from planning.cli._say import shown
from planning.errors import Fault, InputRefused


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", type=click.Choice(texts.LANGUAGES), default="zh", show_default=True)
@shown
def style(file: Path, language: texts.Language) -> None:
    """写出一份可改的图集样式。 / Write a house style to start from, every key commented."""
    from planning import house  # fonts and pictures take a moment to load

    if file.exists():
        raise InputRefused(Fault("house_exists", file=file.name))
    file.write_text(house.blank(language), encoding="utf-8", newline="\n")
    click.echo(texts.both("house.written", path=file))
