"""Tables of a PostGIS database, copied into files: from a server started here, else skipped with a word."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from planning import fetch, plan, sources
from planning.cli import main
from planning.errors import InputRefused, MachineFailed
from planning.fetch import _postgis

PASSWORD = "g3heim-nicht-weitersagen"
TABLES = f"""
CREATE EXTENSION postgis;
CREATE ROLE planner LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE writer LOGIN SUPERUSER;
CREATE SCHEMA "规划";
GRANT USAGE ON SCHEMA "规划" TO planner;
CREATE TABLE "规划"."居住区" (
  "编号" text PRIMARY KEY, "户数" numeric, "人口" bigint, "小区名称" varchar(40), "竣工日期" date,
  open boolean, fid integer,
  geom geometry(Polygon, 4548));
INSERT INTO "规划"."居住区" VALUES
 ('B', 256, 9007199254740993, '东风"小区''; DROP TABLE x; --', '2015-06-01', true, 7,
  ST_GeomFromText('POLYGON((500000 4000000, 500100 4000000, 500100 4000100, 500000 4000000))', 4548)),
 ('A', 128.5, NULL, NULL, NULL, NULL, 7,
  ST_GeomFromText('POLYGON((500200 4000000, 500300 4000000, 500300 4000100, 500200 4000000))', 4548)),
 ('C', NULL, 3, '空', NULL, false, NULL, NULL);
CREATE TABLE public.exact (n numeric);
INSERT INTO public.exact VALUES (0.1234567890123456789), (1);
CREATE TABLE public.curved (g geometry);
INSERT INTO public.curved VALUES ('CIRCULARSTRING(0 0, 1 1, 2 0)');
CREATE TABLE public.nested (g geometry);
INSERT INTO public.nested VALUES ('GEOMETRYCOLLECTION(CIRCULARSTRING(0 0, 1 1, 2 0))');
CREATE TABLE public.mixed (g geometry);
INSERT INTO public.mixed VALUES (ST_SetSRID('POINT(1 1)'::geometry, 4326)), (ST_SetSRID('POINT(1 1)'::geometry, 4490));
CREATE TABLE public.nocrs (id integer, g geometry);
INSERT INTO public.nocrs VALUES (2, 'POINT(117 36)'), (1, 'POINT(118 36)');
CREATE TABLE public.two (a geometry, b geometry);
CREATE TABLE public.alike ("Name" text, name text, g geometry);
CREATE TABLE public.secret (g geometry);
CREATE TABLE public.counter (n integer);
INSERT INTO public.counter VALUES (0);
CREATE FUNCTION bump() RETURNS integer LANGUAGE sql AS 'UPDATE public.counter SET n = n + 1 RETURNING n';
CREATE VIEW public.writing AS SELECT bump() AS n;
GRANT SELECT ON ALL TABLES IN SCHEMA public, "规划" TO planner;
GRANT UPDATE ON public.counter TO planner;
REVOKE ALL ON public.secret FROM planner;
"""


def binaries() -> Path | None:
    """Return where the server's programs are."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    at = shutil.which("initdb")
    return found[0] if found else Path(at).parent if at else None


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A server of our own on a socket in a folder of its own, and a service file that knows it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'psycopg[binary]'")
    at = binaries()
    if at is None:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql postgresql-postgis")
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # which root may not be
        if user:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        folder.chmod(0o755)
        quiet = {"capture_output": True, "cwd": folder, **user}
        subprocess.run(
            [at / "initdb", "-D", folder / "data", "-U", "boss", "-A", "trust", "-E", "UTF8"], check=True, **quiet
        )
        (folder / "data" / "pg_hba.conf").write_text("local all planner scram-sha-256\nlocal all all trust\n", "ascii")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = [at / "pg_ctl", "-D", folder / "data", "-w", "-o", options, "-l", folder / "log"]
        subprocess.run([*control, "start"], check=True, **quiet)
        try:
            made = subprocess.run(
                [at / "psql", "-h", folder, "-U", "boss", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q"],
                input=TABLES.encode(),
                capture_output=True,
                check=False,
            )
            if b"postgis.control" in made.stderr or b'"postgis" is not available' in made.stderr:
                pytest.skip("PostgreSQL is here, PostGIS is not: apt-get install postgresql-postgis")
            assert made.returncode == 0, made.stderr.decode()
            yield folder
        finally:
            subprocess.run([at / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], check=True, **quiet)


@pytest.fixture
def services(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """libpq's own two files: where and who in one, the password in the other."""
    (tmp_path / "services").write_text(
        f"[plan]\nhost={server}\ndbname=postgres\nuser=planner\n"
        f"[boss]\nhost={server}\ndbname=postgres\nuser=writer\n"
        f"[gone]\nhost={server}/nowhere\ndbname=postgres\nuser=planner\n"
        f"[stranger]\nhost={server}\ndbname=postgres\nuser=nobody_here\n",
        "utf-8",
    )
    (tmp_path / "pass").write_text(f"*:*:*:planner:{PASSWORD}\n", "utf-8")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    return tmp_path


def refused(services: Path, table: str, service: str = "plan", **more) -> list[str]:
    with pytest.raises((InputRefused, MachineFailed)) as error:
        fetch.copy_table(service, table, services / "a.gpkg", **more)
    assert not (services / "a.gpkg").exists()
    assert PASSWORD not in str(error.value)
    return [fault.code for fault in error.value.faults]


# ------------------------------------------------------------------------------------------------------ a real server


@pytest.mark.slow
def test_a_table_comes_whole_in_order_of_its_key(services):
    """Three rows, one without shape; exact integers, decimals, dates and a name that would be SQL elsewhere."""
    copied = fetch.copy_table("plan", "规划.居住区", services / "a.gpkg")
    assert (copied.rows, copied.crs) == (3, "CGCS2000 / 3-degree Gauss-Kruger CM 117E")
    frame = gpd.read_file(copied.path)
    assert list(frame["编号"]) == ["A", "B", "C"]
    assert list(frame["户数"])[:2] == [128.5, 256.0]
    assert list(frame["小区名称"].fillna("")) == ["", "东风\"小区'; DROP TABLE x; --", "空"]
    assert list(frame["竣工日期"].fillna("")) == ["", "2015-06-01", ""]
    assert list(frame["fid"].fillna(0)) == [7, 7, 0], "a column called fid stays a column"
    assert list(frame.area.fillna(0)) == [5000, 5000, 0]
    assert pyogrio.raw.read_arrow(copied.path)[1].column("人口").to_pylist() == [None, 9007199254740993, 3]


@pytest.mark.slow
def test_the_file_goes_through_the_doors(services):
    fetch.copy_table("plan", "规划.居住区", services / "居住区.gpkg")
    text = '[plan]\nname="x"\nstandard="liaocheng"\nas_of=2025-12-31\n'
    text += "".join(f'[inputs.{name}]\npath="居住区.gpkg"\n' for name in ("roads", "residential", "facilities"))
    (services / "plan.toml").write_text(text, "utf-8")
    _, counts = sources.check(plan.read(services / "plan.toml"))
    assert counts["residential"]["read"] == 3
    assert counts["residential"]["excluded"] == 1, "the row without a shape"


@pytest.mark.slow
def test_the_note_names_the_service_and_no_more(services, server):
    copied = fetch.copy_table("plan", "规划.居住区", services / "a.gpkg")
    note = (services / "a.SOURCE.txt").read_text("utf-8")
    assert copied.sha256 in note
    assert "PostGIS service plan" in note
    assert not [secret for secret in (PASSWORD, str(server), "planner") if secret in note]


@pytest.mark.slow
def test_the_same_rows_give_the_same_order_without_a_key(services):
    fetch.copy_table("plan", "nocrs", services / "a.gpkg")
    assert list(gpd.read_file(services / "a.gpkg")["id"]) == [1, 2]


@pytest.mark.slow
def test_a_decimal_that_no_float_holds_stays_text(services):
    fetch.copy_table("plan", "public.exact", services / "a.gpkg")
    assert set(pyogrio.read_dataframe(services / "a.gpkg", read_geometry=False)["n"]) == {"0.1234567890123456789", "1"}


@pytest.mark.slow
def test_no_crs_is_said(services):
    copied = fetch.copy_table("plan", "public.nocrs", services / "a.gpkg")
    assert copied.crs == ""
    assert "ST_SetSRID" in "\n".join(fetch.tell_copied(copied, "public.nocrs"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("public.missing", "postgis_table_unknown"),
        ('public.nocrs"; DROP TABLE counter; --', "postgis_table_unknown"),
        ("public.curved", "postgis_shapes"),
        ("public.nested", "postgis_shapes"),
        ("public.mixed", "postgis_srids"),
        ("public.two", "postgis_shape_column"),
        ("public.alike", "postgis_columns_alike"),
        ("public.secret", "postgis_no_rights"),
        ("a.b.c", "postgis_table"),
        ("", "postgis_table"),
    ],
)
def test_what_cannot_be_copied_is_refused_by_name(services, table, code):
    assert refused(services, table) == [code]


@pytest.mark.slow
def test_of_two_geometry_columns_one_is_asked_for(services):
    assert fetch.copy_table("plan", "public.two", services / "b.gpkg", shape_column="b").rows == 0
    assert refused(services, "public.two", shape_column="c") == ["postgis_shape_column"]


@pytest.mark.slow
def test_nothing_is_ever_written_to_the_database(services):
    """A view that counts up when it is looked at: the transaction is read-only, even for a superuser."""
    for service in ("plan", "boss"):
        assert refused(services, "public.writing", service) == ["postgis_failed"]
    copied = fetch.copy_table("boss", "public.counter", services / "b.gpkg")
    assert list(pyogrio.read_dataframe(copied.path, read_geometry=False)["n"]) == [0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "code"),
    [("gone", "postgis_no_connection"), ("stranger", "postgis_no_connection"), ("unknown", "postgis_service")],
)
def test_a_service_that_cannot_be_reached(services, service, code):
    assert refused(services, "public.nocrs", service) == [code]


@pytest.mark.slow
def test_a_wrong_password_is_not_repeated(services):
    (services / "pass").write_text("*:*:*:planner:falsch-geraten\n", "utf-8")
    with pytest.raises(MachineFailed) as error:
        fetch.copy_table("plan", "public.nocrs", services / "a.gpkg")
    assert "falsch" not in str(error.value)


@pytest.mark.slow
def test_the_command(services):
    done = CliRunner().invoke(main, ["postgis", "plan", "规划.居住区", "--out", str(services / "a.gpkg")])
    assert done.exit_code == 0, done.output
    assert "3 rows" in done.output
    again = CliRunner().invoke(main, ["postgis", "plan", "规划.居住区", "--out", str(services / "a.gpkg")])
    assert again.exit_code == 1
    assert "Traceback" not in again.output


# --------------------------------------------------------------------------------------------------- without a server


@pytest.mark.parametrize("service", ["a b", "x host=evil", "", "a'b", "s" * 64])
def test_a_service_is_a_name_and_nothing_else(tmp_path, service):
    """No connection string gets in by this door: two faults, the table's and the service's, at once."""
    with pytest.raises(InputRefused) as error:
        fetch.copy_table(service, "a.b.c", tmp_path / "a.gpkg")
    assert [fault.code for fault in error.value.faults] == ["postgis_service", "postgis_table"]


def test_a_file_that_is_there_or_no_geopackage_is_refused(tmp_path):
    (tmp_path / "there.gpkg").touch()
    for name in ("there.gpkg", "a.shp", "nowhere/a.gpkg"):
        with pytest.raises(InputRefused) as error:
            fetch.copy_table("plan", "a.b", tmp_path / name)
        assert [fault.code for fault in error.value.faults] == ["postgis_out"]


def test_a_word_where_psycopg_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MachineFailed) as error:
        fetch.copy_table("plan", "a.b", tmp_path / "a.gpkg")
    assert [fault.code for fault in error.value.faults] == ["postgis_missing"]
    assert error.value.exit_code == 3


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_decimal_becomes_a_float_only_where_it_comes_back(number: Decimal):
    """Held against Python's shortest float: the text of the float is the decimal, digit for digit."""
    column = _postgis._cells([str(number)], "numeric")
    if pd.api.types.is_float_dtype(column):
        assert Decimal(repr(float(column[0]))) == number
    else:
        assert column[0] == str(number)
        assert Decimal(repr(float(number))) != number


# --------------------------------------------------------------------------------------------------- results written


def a_run(folder: Path, households: tuple[int | None, ...] = (2**53 + 1, None)) -> Path:
    """A run folder of two layers: areas with every kind of cell, a name that would be SQL elsewhere, and a table."""
    folder.mkdir(parents=True)
    areas = gpd.GeoDataFrame(
        {
            "residential_id": ["A", "B"],
            "name": ["东风'; DROP TABLE x; --", None],
            "households": pd.array(households, dtype="Int64"),
            "share": [0.1, None],
            "is_new": pd.array([True, None], dtype="boolean"),
        },
        geometry=gpd.points_from_xy([500_000, 500_100], [4_000_000, 4_000_000]),
        crs=4548,
    )
    pyogrio.write_dataframe(areas, folder / "province.gpkg", layer="residential")
    pyogrio.write_dataframe(pd.DataFrame({"clause_id": ["SX-02"]}), folder / "province.gpkg", layer="clauses")
    record = {"run_id": "abc", "plan": {"name": "省", "standard": "shaanxi"}, "parameters": {}}
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    return folder


def asked(server: Path, query: str) -> list[str]:
    words = [binaries() / "psql", "-h", server, "-U", "boss", "-d", "postgres", "-At", "-F", "|", "-c", query]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout.splitlines()


@pytest.mark.slow
def test_a_run_is_written_whole_and_again_with_the_views_on_it_kept(services, server, tmp_path):
    done = fetch.publish("boss", a_run(tmp_path / "run"), schema="省级规划")
    assert (done.schema, done.run_id, dict(done.rows)) == ("省级规划", "abc", {"residential": 2, "clauses": 1})
    query = (
        "SELECT fid, residential_id, households, share, is_new, ST_SRID(geometry), ST_X(geometry) FROM {} ORDER BY fid"
    )
    rows = ["1|A|9007199254740993|0.1|t|4548|500000", "2|B||||4548|500100"]
    assert asked(server, query.format('"省级规划".residential')) == rows
    assert asked(server, 'SELECT name FROM "省级规划".residential WHERE fid = 1') == ["东风'; DROP TABLE x; --"]
    asked(server, 'CREATE VIEW public.mine AS SELECT * FROM "省级规划".residential')
    fetch.publish("boss", a_run(tmp_path / "again", (None, 7)), schema="省级规划")
    assert asked(server, "SELECT households FROM public.mine ORDER BY fid") == ["", "7"]
    assert asked(server, 'SELECT run_id, plan, standard FROM "省级规划".planning_run') == ["abc|省|shaanxi"]


@pytest.mark.slow
def test_a_run_that_cannot_be_written_to_its_end_leaves_the_one_before(services, server, tmp_path):
    """The second layer meets a view that needs a column it has not: neither of the two is changed."""
    fetch.publish("boss", a_run(tmp_path / "run"), schema="half")
    asked(server, "CREATE VIEW public.needs AS SELECT clause_id FROM half.clauses")
    other = a_run(tmp_path / "other", (1, 2))
    pyogrio.write_dataframe(pd.DataFrame({"clause": ["X"]}), other / "province.gpkg", layer="clauses")
    with pytest.raises(MachineFailed) as failed:
        fetch.publish("boss", other, schema="half")
    assert [fault.code for fault in failed.value.faults] == ["postgis_failed"]
    assert asked(server, "SELECT households FROM half.residential ORDER BY fid") == ["9007199254740993", ""]
    assert asked(server, "SELECT clause_id FROM public.needs") == ["SX-02"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "schema", "code"),
    [
        ("boss", "public", "postgis_schema"),
        ("boss", 'x"; DROP', "postgis_schema"),
        ("boss", "规划", "postgis_schema_taken"),
        ("plan", "neu", "postgis_no_rights"),
        ("nowhere", "neu", "postgis_service"),
        ("gone", "neu", "postgis_no_connection"),
    ],
)
def test_what_cannot_be_written_to_is_refused(services, server, tmp_path, service, schema, code):
    with pytest.raises((InputRefused, MachineFailed)) as error:
        fetch.publish(service, a_run(tmp_path / "run"), schema=schema)
    assert [fault.code for fault in error.value.faults] == [code]
    assert PASSWORD not in str(error.value)
    assert asked(server, "SELECT count(*) FROM pg_namespace WHERE nspname = 'neu'") == ["0"]


def test_a_folder_that_is_no_run_is_not_written(tmp_path):
    with pytest.raises(InputRefused) as error:
        fetch.publish("boss", tmp_path)
    assert [fault.code for fault in error.value.faults] == ["not_a_run_folder"]
