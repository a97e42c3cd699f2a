"""A table of a PostGIS database, copied into a file that a plan can name (part of ``fetch``).

A plan names files: they can be hashed, kept beside the results and read again without the database. Which server, which
user and which password stand in libpq's own files (``pg_service.conf``, ``.pgpass``), never in a plan or a command.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from planning import texts
from planning.errors import Fault, InputRefused, MachineFailed
from planning.texts import printable

MAX_ROWS: Final = 5_000_000
CONNECT_S: Final = 5
STATEMENT_MS: Final = 600_000
_OPTIONS: Final = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_MS} -c datestyle=ISO,YMD"
_SERVICE: Final = re.compile(r"[\w.-]{1,63}")
_AS_THEY_ARE: Final = frozenset({"int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar", "bpchar"})
_SHAPES: Final = frozenset({"geometry", "geography"})
_PLAIN_SHAPES: Final = frozenset(
    ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION")
)


@dataclass(frozen=True)
class Copied:
    """What was copied: the file, its rows, its CRS (empty where the table states none) and its SHA-256."""

    path: Path
    rows: int
    crs: str
    sha256: str


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str


@dataclass(frozen=True)
class _Table:
    """A table as the catalogue describes it; ``key`` are the columns of its primary key."""

    schema: str
    name: str
    columns: tuple[_Column, ...]
    key: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.schema}.{self.name}"


def copy_table(service: str, table: str, out: str | Path, *, shape_column: str | None = None) -> Copied:
    """Copy a table or view into a new GeoPackage.

    Parameters
    ----------
    service : str
        A name in ``pg_service.conf``.
    table : str
        ``schema.table``, as the catalogue writes it; without a schema it is ``public``.
    out : str or Path
        A ``.gpkg`` that is not there yet. Written whole or not at all, with a note of where it comes from beside it.
    shape_column : str, optional
        Needed where the table has several geometry columns. One without any becomes a layer without geometry.

    Returns
    -------
    Copied
        Rows in order of the primary key, else of their content: the same rows give the same order. Decimals that a
        float cannot hold, dates and whatever GeoPackage has no type for come as text.

    Raises
    ------
    InputRefused
        ``postgis_service``, ``postgis_table``, ``postgis_table_unknown``, ``postgis_no_rights``,
        ``postgis_shape_column``, ``postgis_shapes``, ``postgis_srids``, ``postgis_columns_alike``,
        ``postgis_too_many``, ``postgis_out``.
    MachineFailed
        ``postgis_missing`` (psycopg is not installed), ``postgis_no_connection``, ``postgis_failed``.
    """
    out = Path(out)
    schema, name = _asked(service, table, out)
    with _connected(service) as connection:
        described = _described(connection, schema, name, service)
        shape = _shape_column(described, shape_column)
        frame = _read(connection, described, shape)
    return _written(frame, out, service, described)


def _asked(service: str, table: str, out: Path) -> tuple[str, str]:
    """Return schema and table; all faults of what was asked at once."""
    faults = []
    if not _SERVICE.fullmatch(service):
        faults.append(Fault("postgis_service", value=printable(service)[:100]))
    parts = table.split(".")
    if len(parts) > 2 or not all(parts) or "\0" in table:
        faults.append(Fault("postgis_table", value=printable(table)[:100]))
    if out.suffix.lower() != ".gpkg" or out.exists() or not out.parent.is_dir():
        faults.append(Fault("postgis_out", file=out.name, value=str(out)))
    if faults:
        raise InputRefused(faults)
    return ("public", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


# --------------------------------------------------------------------------------------------------------- connecting


@contextmanager
def _connected(service: str) -> Iterator[Any]:
    """Give a connection in one read-only transaction that sees one state of the data; it is never committed."""
    with opened(service, _OPTIONS, CONNECT_S) as connection:
        import psycopg

        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise InputRefused(Fault("postgis_no_rights", value=service, facts={"why": why(error)})) from None
        except psycopg.Error as error:
            raise MachineFailed(Fault("postgis_failed", value=service, facts={"why": why(error)})) from None
        finally:
            connection.rollback()


@contextmanager
def opened(service: str, options: str, timeout_s: int) -> Iterator[Any]:
    """Give a connection to a service of libpq's files, closed afterwards."""
    try:
        import psycopg
    except ImportError:
        raise MachineFailed(Fault("postgis_missing")) from None
    if not _SERVICE.fullmatch(service):
        raise InputRefused(Fault("postgis_service", value=printable(service)[:100]))
    try:
        connection = psycopg.connect(service=service, connect_timeout=timeout_s, options=options)
    except psycopg.Error as error:
        if "definition of service" in str(error) or "service file" in str(error):
            raise InputRefused(Fault("postgis_service", value=service)) from None
        raise MachineFailed(Fault("postgis_no_connection", value=service, facts={"why": why(error)})) from None
    with connection:
        yield connection


def why(error: Exception) -> str:
    """Return the first line of what the server or libpq says; neither ever repeats a password."""
    lines = str(error).strip().splitlines()
    return printable(lines[0])[:200] if lines else type(error).__name__


def _described(connection: Any, schema: str, name: str, service: str) -> _Table:
    """Look the table up in the catalogue, by name as written."""
    columns = connection.execute(
        "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (schema, name),
    ).fetchall()
    if not columns:
        facts = {"service": service, "there": _listed(connection)}
        raise InputRefused(Fault("postgis_table_unknown", value=printable(f"{schema}.{name}"), facts=facts))
    key = connection.execute(
        "SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey) "
        "WHERE n.nspname = %s AND c.relname = %s AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum)",
        (schema, name),
    ).fetchall()
    return _Table(schema, name, tuple(_Column(*column) for column in columns), tuple(one for (one,) in key))


def _listed(connection: Any) -> str:
    """Return the tables with geometry one may see, the first twenty."""
    found = connection.execute(
        "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE t.typname IN ('geometry', 'geography') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 20"
    ).fetchall()
    return printable("、".join(name for (name,) in found)) or "-"


def _shape_column(table: _Table, asked: str | None) -> str | None:
    """Return the geometry column: the one asked for, or the only one; None where there is none."""
    there = [column.name for column in table.columns if column.kind in _SHAPES]
    if asked is not None and asked in there:
        return asked
    if asked is not None or len(there) > 1:
        facts = {"table": printable(table.label), "there": printable("、".join(there)) or "-"}
        raise InputRefused(Fault("postgis_shape_column", value=printable(asked or ""), facts=facts))
    return there[0] if there else None


# ------------------------------------------------------------------------------------------------------------ reading


def _read(connection: Any, table: _Table, shape: str | None) -> pd.DataFrame:
    """Return the table; with its geometry a GeoDataFrame."""
    from psycopg import sql

    source = sql.Identifier(table.schema, table.name)
    _refuse_many(connection, table, sql.SQL("SELECT count(*) FROM {}").format(source))
    plain = [column for column in table.columns if column.kind not in _SHAPES]
    _refuse_alike(plain, table)
    cells = [
        sql.Identifier(one.name) if one.kind in _AS_THEY_ARE else sql.SQL("{}::text").format(sql.Identifier(one.name))
        for one in plain
    ]
    if shape is not None:
        cells.append(sql.SQL("ST_AsBinary({}::geometry)").format(sql.Identifier(shape)))
    order = sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(map(sql.Identifier, table.key))) if table.key else None
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(cells), source)
    rows = connection.execute(query + order if order is not None else query).fetchall()
    if not table.key:
        rows.sort(key=lambda row: tuple((cell is not None, str(cell)) for cell in row))
    frame = pd.DataFrame({one.name: _cells([row[at] for row in rows], one.kind) for at, one in enumerate(plain)})
    if shape is None:
        return frame
    _refuse_curves(connection, table, shape)
    crs = _crs(connection, table, shape)
    shaped: pd.DataFrame = gpd.GeoDataFrame(frame, geometry=_shapes([row[-1] for row in rows], table, shape), crs=crs)
    return shaped


def _refuse_many(connection: Any, table: _Table, query: Any) -> None:
    count = connection.execute(query).fetchone()[0]
    if count > MAX_ROWS:
        facts = {"table": printable(table.label), "most": MAX_ROWS}
        raise InputRefused(Fault("postgis_too_many", value=str(count), facts=facts))


def _refuse_alike(columns: Sequence[_Column], table: _Table) -> None:
    """Refuse column names that a GeoPackage, which does not tell case apart, would take for one."""
    names = [column.name.casefold() for column in columns]
    alike = [column.name for column in columns if names.count(column.name.casefold()) > 1]
    if alike:
        facts = {"table": printable(table.label)}
        raise InputRefused(Fault("postgis_columns_alike", value=printable("、".join(alike)), facts=facts))


def _cells(cells: list[Any], kind: str) -> pd.Series[Any]:
    """Return a column as a GeoPackage can hold it, nothing rounded."""
    if kind in ("int2", "int4", "int8"):
        return pd.Series(pd.array(cells, dtype="Int64"))
    if kind in ("float4", "float8"):
        return pd.Series(cells, dtype="float64")
    if kind == "bool":
        return pd.Series(pd.array(cells, dtype="boolean"))
    if kind == "numeric" and all(cell is None or _is_float(cell) for cell in cells):
        return pd.Series([None if cell is None else float(cell) for cell in cells], dtype="float64")
    return pd.Series(cells, dtype="str")


def _is_float(text: str) -> bool:
    """Say whether a decimal comes back from a float as it was written."""
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except (InvalidOperation, OverflowError):
        return False


def _refuse_curves(connection: Any, table: _Table, column: str) -> None:
    """Refuse curves, surfaces and the like, which a plan cannot measure; nothing is straightened in silence."""
    from psycopg import sql

    query = sql.SQL(
        "SELECT DISTINCT CASE WHEN ST_HasArc({0}::geometry) THEN 'ARC' "
        "ELSE rtrim(GeometryType({0}::geometry), 'M') END "
        "FROM {1} WHERE {0} IS NOT NULL"
    )
    source = sql.Identifier(table.schema, table.name)
    kinds = {kind for (kind,) in connection.execute(query.format(sql.Identifier(column), source)).fetchall()}
    if kinds - _PLAIN_SHAPES:
        raise InputRefused(_unmeasurable(table, column, "、".join(sorted(kinds - _PLAIN_SHAPES))))


def _shapes(cells: list[bytes | None], table: _Table, column: str) -> NDArray[np.object_]:
    """Return the shapes; one that cannot be read refuses the table."""
    try:
        shapes = np.asarray(shapely.from_wkb(np.array(cells, dtype=object)), dtype=object)
    except (shapely.errors.ShapelyError, NotImplementedError) as error:  # such as curves within a collection
        raise InputRefused(_unmeasurable(table, column, printable(str(error))[:100])) from None
    return shapes


def _unmeasurable(table: _Table, column: str, kinds: str) -> Fault:
    return Fault("postgis_shapes", value=printable(column), facts={"table": printable(table.label), "kinds": kinds})


def _crs(connection: Any, table: _Table, column: str) -> CRS | None:
    """Return the one CRS of the shapes; None where the database states none."""
    from psycopg import sql

    query = sql.SQL("SELECT DISTINCT ST_SRID({0}::geometry) FROM {1} WHERE {0} IS NOT NULL ORDER BY 1")
    source = sql.Identifier(table.schema, table.name)
    srids = [srid for (srid,) in connection.execute(query.format(sql.Identifier(column), source)).fetchall()]
    facts = {"table": printable(table.label)}
    if len(srids) > 1:
        raise InputRefused(Fault("postgis_srids", value="、".join(map(str, srids)), facts=facts))
    if not srids or srids[0] == 0:
        return None
    known = connection.execute(
        "SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = %s", (srids[0],)
    ).fetchone()
    try:
        name, number, text = known or ("EPSG", srids[0], "")
        return CRS.from_user_input(f"{name}:{number}" if name in ("EPSG", "ESRI") else text)
    except CRSError:
        raise InputRefused(Fault("postgis_srids", value=str(srids[0]), facts=facts)) from None


# ------------------------------------------------------------------------------------------------------------ writing


def _written(frame: pd.DataFrame, out: Path, service: str, table: _Table) -> Copied:
    """Write the file beside its place, then put it there; a note says where it comes from."""
    import pyogrio

    crs = "" if getattr(frame, "crs", None) is None else CRS(frame.crs).name
    layer = re.sub(r"\W", "_", table.name)
    with tempfile.TemporaryDirectory(prefix=".postgis-", dir=out.parent) as folder:
        part = Path(folder) / "part.gpkg"
        options = {"FID": "planning_fid", "GEOMETRY_NAME": "planning_geometry"}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)  # `tell` says it
            pyogrio.write_dataframe(frame, part, layer=layer, driver="GPKG", layer_options=options)
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if out.exists():
            raise InputRefused(Fault("postgis_out", file=out.name, value=str(out)))
        part.rename(out)
    copied = Copied(out, len(frame), crs, digest)
    lines = [texts.both("fetch.postgis_note", day=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), service=service)]
    note = "\n".join([*lines, *tell(copied, table.label), f"SHA-256 {digest}", ""])
    out.with_name(f"{out.stem}.SOURCE.txt").write_text(note, encoding="utf-8", newline="\n")
    return copied


def tell(copied: Copied, table: str) -> list[str]:
    """Return what was copied, and what a plan still has to say about it."""
    shown = {"table": printable(table), "rows": copied.rows, "crs": copied.crs or "—"}
    lines = [texts.both("fetch.postgis_copied", **shown)]
    return lines if copied.crs else [*lines, texts.both("fetch.postgis_no_crs")]
