"""The commands that make a plan folder (part of ``cli``): ``init``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from planning import isolation, texts
from planning.cli._say import READER, list_faults, shown
from planning.errors import InputRefused


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="规划名称 / the plan's name [the folder's]")
@click.option("--standard", metavar="ID", help="判定标准 / the document to judge by: planning standards list")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="评定日 / the day of judgement")
@click.option(
    "--datum",
    multiple=True,
    metavar="[FILE=]DATUM",
    help="没有坐标系的文件取自何处 / where coordinates without a CRS come from: wgs84, cgcs2000, gcj02, bd09",
)
@click.option("--fields", type=click.Path(path_type=Path), help="列名对照表 / own column names [FOLDER/fields.toml]")
@shown
def init(
    folder: Path,
    name: str | None,
    standard: str | None,
    as_of: datetime | None,
    datum: tuple[str, ...],
    fields: Path | None,
) -> None:
    """看一遍 FOLDER 里的数据，写出 plan.toml。 / Look through FOLDER and write its plan.toml."""
    isolation.start(READER)  # while the libraries load here
    from planning import init as room

    if (folder / room.PLAN).exists():
        raise InputRefused(room.exists(folder / room.PLAN))
    pairs = (given.rpartition("=") for given in datum)
    day: date | None = None if as_of is None else as_of.date()
    datums = {file: said for file, _, said in pairs}
    draft = room.propose(folder, name=name, standard=standard, as_of=day, datums=datums, fields=fields)
    path = room.write(folder, draft)
    list_faults(draft.faults)
    for line in room.summary(draft):
        click.echo(line)
    click.echo(texts.both("init.written", path=path))
    click.echo(texts.both("init.open_questions" if draft.questions else "init.no_questions", count=draft.questions))
