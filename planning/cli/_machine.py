"""The commands about this machine and what stands on it (part of ``cli``): ``app``, ``verify``, ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from planning import texts
from planning.cli._say import shown


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@shown
def app(plan: Path | None, port: int) -> None:
    """在浏览器中打开工作台。 / Open the workbench in the browser."""
    from planning import runs

    sys.exit(runs.open_app(plan, port=port))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@shown
def verify(folder: Path) -> None:
    """重新核对成果文件夹的每个文件。 / Hash the files of a run folder again."""
    from planning import runs

    differing = runs.verify(folder)
    for name in differing:
        click.echo(texts.both("cli.verify_differs", file=name), err=True)
    if differing:
        sys.exit(1)
    click.echo(texts.both("cli.verify_ok", folder=folder.resolve().name))


@click.command()
@shown
def doctor() -> None:
    """本机自检：版本、字体、磁盘、浏览器。 / Look at this machine: versions, fonts, disk, browser."""
    from planning import runs

    for line in runs.machine():
        click.echo(line)
