"""The layers of a finished run, written into a PostGIS database (part of ``fetch``): all of them in one transaction.

Which server, which user and which password stand in libpq's own files, as for `planning.fetch.copy_table`. A schema
is the run's own: tables of an earlier run there are emptied and filled again, so that views and rights on them stay,
and a schema with anybody else's tables is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS

from planning import texts
from planning.errors import Fault, InputRefused, MachineFailed
from planning.fetch._postgis import CONNECT_S, opened, why
from planning.texts import printable

RECORD: Final = "planning_run"
"""The table that says which run fills a schema; a schema without it belongs to somebody else."""
FILES: Final = ("province.gpkg", "results.gpkg")
STATEMENT_MS: Final = 3_600_000
_SCHEMA: Final = re.compile(r"[^\W\d]\w{0,62}")
_OPTIONS: Final = f"-c statement_timeout={STATEMENT_MS} -c datestyle=ISO,YMD"


@dataclass(frozen=True)
class Published:
    """What was written: the schema, the run, and the rows of each table."""

    schema: str
    run_id: str
    rows: Mapping[str, int]


def publish(service: str, folder: str | Path, *, schema: str = "planning") -> Published:
    """Write the layers of a run folder into a schema of a PostGIS database.

    Parameters
    ----------
    service : str
        A name in ``pg_service.conf``.
    folder : str or Path
        A finished run, of a plan or of a province; whether its files are those it lists is `planning.runs.verify`'s.
    schema : str
        Made where it is not there; one with tables of anybody else is refused.

    Returns
    -------
    Published
        A table for each layer, its columns in their order, ``fid`` in front as the primary key, ``geometry`` behind
        with its CRS and an index; and `RECORD`, one row: run id, plan, standard, day of judgement, when it was written.

    Raises
    ------
    InputRefused
        ``not_a_run_folder``, ``postgis_schema``, ``postgis_schema_taken``, ``postgis_service``, ``postgis_no_rights``,
        ``postgis_srids`` (the database does not know the CRS); nothing is changed.
    MachineFailed
        ``postgis_missing``, ``postgis_no_connection``, ``postgis_failed``; nothing is changed.
    """
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_") or schema in ("public", "information_schema"):
        raise InputRefused(Fault("postgis_schema", value=printable(schema)[:100]))
    record, layers = _run(Path(folder))
    with _writing(service) as connection:
        _claim(connection, schema)
        rows = {layer.name: _fill(connection, schema, layer) for layer in layers}
        _note(connection, schema, record)
    return Published(schema, str(record["run_id"]), rows)


def tell(done: Published) -> list[str]:
    """Return what was written, in lines."""
    lines = [texts.both("fetch.published", schema=done.schema, run_id=done.run_id)]
    return lines + [f"  {done.schema}.{name}: {count}" for name, count in done.rows.items()]


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer of a run: its Arrow table, its columns but the geometry with their types as PostgreSQL names them.

    ``shape`` names the column of the geometry, None without one.
    """

    name: str
    table: Any
    kinds: Mapping[str, str]
    shape: str | None = None
    crs: CRS | None = None


def _run(folder: Path) -> tuple[Mapping[str, Any], Iterator[_Layer]]:
    """Return the record of a run and its layers, read one at a time."""
    file = next((folder / name for name in FILES if (folder / name).is_file()), None)
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        record = None
    if file is None or not isinstance(record, dict) or "run_id" not in record:
        raise InputRefused(Fault("not_a_run_folder", file=folder.name))
    return record, _layers(file)


def _layers(file: Path) -> Iterator[_Layer]:
    import pyogrio.raw

    for name in pyogrio.list_layers(file)[:, 0]:
        meta, table = pyogrio.raw.read_arrow(file, layer=name)  # keeps long integers beside empty cells exact
        fields = zip(meta["fields"], meta["dtypes"], strict=True)
        kinds = {str(field): _kind(str(kind)) for field, kind in fields}
        shape = None if meta["geometry_type"] is None else meta["geometry_name"] or "wkb_geometry"
        yield _Layer(str(name), table, kinds, shape, CRS(meta["crs"]) if meta["crs"] else None)


@contextmanager
def _writing(service: str) -> Iterator[Any]:
    """Give a connection in one transaction: what is done in it is there as a whole or not at all."""
    with opened(service, _OPTIONS, CONNECT_S) as connection:
        import psycopg

        try:
            yield connection
            connection.commit()
        except psycopg.errors.InsufficientPrivilege as error:
            raise InputRefused(Fault("postgis_no_rights", value=service, facts={"why": why(error)})) from None
        except psycopg.Error as error:
            raise MachineFailed(Fault("postgis_failed", value=service, facts={"why": why(error)})) from None
        finally:
            connection.rollback()


def _claim(connection: Any, schema: str) -> None:
    """Make the schema, or make sure that it is ours; another run that writes there is waited for."""
    from psycopg import sql

    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"planning {schema}",))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    there = _tables(connection, schema)
    if there and RECORD not in there:
        facts = {"there": printable("、".join(sorted(there)[:10]))}
        raise InputRefused(Fault("postgis_schema_taken", value=schema, facts=facts))


def _tables(connection: Any, schema: str) -> set[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    return {name for (name,) in rows}


def _fill(connection: Any, schema: str, layer: _Layer) -> int:
    """Put a layer into its table: the one there if it has these columns, else a new one."""
    from psycopg import sql

    target = sql.Identifier(schema, layer.name)
    columns = _columns(connection, layer)
    if _described(connection, schema, layer.name) == [("fid", "bigint"), *columns]:
        connection.execute(sql.SQL("TRUNCATE {}").format(target))
    else:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(target))
        listed = [sql.SQL("{} {}").format(sql.Identifier(head), sql.SQL(kind)) for head, kind in columns]
        listed = [sql.SQL("fid bigint PRIMARY KEY").format(), *listed]
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(target, sql.SQL(", ").join(listed)))
        if layer.shape is not None:
            connection.execute(sql.SQL("CREATE INDEX ON {} USING gist (geometry)").format(target))
    heads = [sql.Identifier("fid"), *(sql.Identifier(head) for head, _ in columns)]
    asked = sql.SQL("COPY {} ({}) FROM STDIN").format(target, sql.SQL(", ").join(heads))
    with connection.cursor() as cursor, cursor.copy(asked) as copy:
        for number, row in enumerate(zip(*_cells(layer), strict=True), start=1):
            copy.write_row((number, *row))
    return int(layer.table.num_rows)


def _columns(connection: Any, layer: _Layer) -> list[tuple[str, str]]:
    """Return the columns with their types, the geometry last."""
    found = list(layer.kinds.items())
    if layer.shape is None:
        return found
    number = _srid(connection, layer.crs)
    return [*found, ("geometry", f"geometry(Geometry,{number})" if number else "geometry(Geometry)")]


def _kind(dtype: str) -> str:
    """Return the type of a column by what the file says it holds, whatever cells are empty."""
    if dtype == "bool":
        return "boolean"
    if dtype.startswith("int"):
        return "bigint"
    return "double precision" if dtype.startswith("float") else "text"


def _srid(connection: Any, crs: CRS | None) -> int:
    """Return the number of the layer's CRS, which the database has to know."""
    if crs is None:
        return 0
    number = crs.to_epsg()
    if connection.execute("SELECT 1 FROM spatial_ref_sys WHERE srid = %s", (number or -1,)).fetchone() is None:
        raise InputRefused(Fault("postgis_srids", value=str(number or crs.name), facts={"table": "spatial_ref_sys"}))
    return number or 0


def _described(connection: Any, schema: str, name: str) -> list[tuple[str, str]]:
    """Return columns and types of a table that is there; empty where there is none."""
    rows = connection.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (schema, name),
    ).fetchall()
    return [tuple(row) for row in rows]


def _cells(layer: _Layer) -> list[Any]:
    """Return the columns as Python values, missing as None; shapes as extended WKB in hexadecimal."""
    found: list[Any] = []
    for name, kind in layer.kinds.items():
        cells = layer.table.column(name).to_pylist()
        found.append([None if cell is None else str(cell) for cell in cells] if kind == "text" else cells)
    if layer.shape is not None:
        number = 0 if layer.crs is None else layer.crs.to_epsg() or 0
        shapes = shapely.set_srid(shapely.from_wkb(layer.table.column(layer.shape).to_numpy()), number)
        found.append(np.asarray(shapely.to_wkb(shapes, hex=True, include_srid=True), dtype=object).tolist())
    return found


def _note(connection: Any, schema: str, record: Mapping[str, Any]) -> None:
    """Say which run the tables are of."""
    from psycopg import sql

    target = sql.Identifier(schema, RECORD)
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (run_id text, plan text, standard text, as_of text, "
            "written timestamp with time zone)"
        ).format(target)
    )
    connection.execute(sql.SQL("DELETE FROM {}").format(target))
    plan = record.get("plan", {})
    said = (record["run_id"], plan.get("name"), plan.get("standard"), record.get("parameters", {}).get("plan.as_of"))
    connection.execute(sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, %s, now())").format(target), said)
