"""The commands to and from elsewhere (part of ``cli``): ``fetch`` from OpenStreetMap, ``postgis``, ``publish``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import texts
from planning.cli._say import shown

LEVELS = ("county", "street", "community", "village")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("place")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="新的文件夹 / a new folder")
@click.option("--standard", metavar="ID", help="判定标准 / the document to judge by: planning standards list")
@click.option("--level", type=click.Choice(LEVELS), help="养老设施一律作此级别 / the level of every place of care")
@click.option("--margin", type=click.FloatRange(0, 5000), help="向外多取的米数 / metres fetched beyond [1000]")
@click.option("--cache", type=click.Path(path_type=Path), help="缓存 / where answers are kept [OUT/.osm-cache]")
@click.option("--overpass", metavar="URL", help="Overpass 服务器 / server [overpass-api.de]")
@click.option("--nominatim", metavar="URL", help="Nominatim 服务器 / server [nominatim.openstreetmap.org]")
@shown
def fetch(
    place: str,
    out: Path,
    standard: str | None,
    level: str | None,
    margin: float | None,
    cache: Path | None,
    overpass: str | None,
    nominatim: str | None,
) -> None:
    """从 OpenStreetMap 下载 PLACE（地名或 西,南,东,北）。 / Fetch PLACE, a name or west,south,east,north."""
    from planning import fetch as room

    given = {name: url for name, url in (("overpass", overpass), ("nominatim", nominatim)) if url is not None}
    done = room.fetch(
        place,
        out,
        endpoints=room.Endpoints(**given),
        cache=cache,
        margin_m=room.MARGIN_M if margin is None else margin,
        standard=standard,
        level=level,
        progress=lambda step: click.echo(texts.both(f"fetch.step.{step}"), err=True),
    )
    for line in room.tell(done.figures):
        click.echo(line)
    click.echo(texts.both("fetch.done", path=done.plan))
    click.echo(texts.both("init.open_questions" if done.questions else "init.no_questions", count=done.questions))


@click.command()
@click.argument("service")
@click.argument("table")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="新的 .gpkg / a new .gpkg")
@click.option("--geometry", help="几何列 / the geometry column, where there are several")
@shown
def postgis(service: str, table: str, out: Path, geometry: str | None) -> None:
    """把 PostGIS 的一张表存成 GeoPackage。 / Copy TABLE of SERVICE (in pg_service.conf) into a file."""
    from planning import fetch as room

    copied = room.copy_table(service, table, out, shape_column=geometry)
    for line in room.tell_copied(copied, table):
        click.echo(line)
    click.echo(texts.both("fetch.done", path=copied.path))


@click.command()
@click.argument("service")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--schema", default="planning", help="模式名 / the schema [planning]")
@shown
def publish(service: str, folder: Path, schema: str) -> None:
    """把成果的图层写入 PostGIS。 / Write the layers of a run FOLDER into SERVICE (in pg_service.conf)."""
    from planning import fetch as room
    from planning import runs
    from planning.errors import Fault, InputRefused

    changed = runs.verify(folder)
    if changed:
        raise InputRefused(Fault("publish_changed", file=folder.name, value=", ".join(changed[:5])))
    for line in room.tell_published(room.publish(service, folder, schema=schema)):
        click.echo(line)
