"""The command for machines without internet (part of ``cli``): ``wheelhouse``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import texts
from planning.cli._say import list_faults, shown


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("wheelhouse"))
@click.option(
    "--for", "names", multiple=True, metavar="TARGET",
    help="目标：here（本机，默认）、cp311–cp313（64 位 Windows） / here (default), Windows cp311 to cp313",
)  # fmt: skip
@click.option("--index", metavar="URL", help="单位自己的软件源 / another package index")
@shown
def wheelhouse(folder: Path, names: tuple[str, ...], index: str | None) -> None:
    """收集离线安装所需的全部软件包和源码。 / Gather what a machine without internet needs to install."""
    from planning import wheelhouse as room

    asked = room.targets(names)
    click.echo(texts.both("wheelhouse.begin", folder=folder, targets=", ".join(one.name for one in asked)))
    found = room.gather(folder, asked, index=index)
    list_faults(found.gaps)
    said = {"count": found.wheels, "size": f"{found.size / 1e6:,.0f}", "source": found.source.name}
    click.echo(texts.both("wheelhouse.done", **said))
    if found.gaps:
        click.echo(texts.both("wheelhouse.incomplete", count=len(found.gaps)), err=True)
        raise SystemExit(1)
    click.echo(texts.both("wheelhouse.next", source=found.source.name))
