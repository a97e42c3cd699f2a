"""What came through the doors is kept by the plan and its files: fetched it is what was read, cell for cell."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import papertown
import pytest
from pandas.testing import assert_frame_equal

from planning import plan, runs, sources, store
from planning.errors import InputRefused
from planning.network import kept as networks
from planning.sources import kept

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """The sample: an extract, a shapefile with a ledger beside it, workbooks, tables; a cache of its own."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "LEAST_BYTES", 0)
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample")) / "plan.toml"


@pytest.fixture
def calls(monkeypatch):
    """The number of times the doors were opened."""
    asked = []
    real = sources.read
    monkeypatch.setattr(sources, "read", lambda *given: (asked.append(1), real(*given))[1])
    return asked


def alike(one, other):
    for name in (*one.tables, ""):
        mine, theirs = (found.tables[name] if name else found.ledger for found in (one, other))
        assert type(mine) is type(theirs)
        assert_frame_equal(mine, theirs, check_exact=True, check_column_type=True)
        assert [list(map(type, mine[column])) for column in mine] == [
            list(map(type, theirs[column])) for column in mine
        ]
        if hasattr(mine, "crs"):
            assert mine.geometry.to_wkb().equals(theirs.geometry.to_wkb())
            assert (mine.crs, mine.crs.srs) == (theirs.crs, theirs.crs.srs)
    assert list(one.tables) == list(other.tables)
    assert (one.faults, one.files, one.crs, one.crs.srs) == (other.faults, other.files, other.crs, other.crs.srs)
    assert json.dumps(dict(one.counts)) == json.dumps(dict(other.counts))


def test_what_is_fetched_is_what_was_read(sample, calls):
    first, again = kept.read(plan.read(sample)), kept.read(plan.read(sample))
    assert len(calls) == 1
    alike(first, again)


def test_rows_that_stand_beside_a_geopackage_decide_too(tmp_path, monkeypatch, calls):
    """A program that holds a layer open keeps new rows in ``-wal``, and half of a broken write in ``-journal``."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "LEAST_BYTES", 0)
    path = papertown.write(tmp_path / "town")
    layer = path.parent / "residential.gpkg"
    with closing(sqlite3.connect(layer)) as held:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # triggers of the layer ask for them
            held.create_function(name, 1, lambda _: 0)
        held.execute("PRAGMA journal_mode = WAL")
        first = kept.read(plan.read(path))
        held.execute("UPDATE residential SET households = 4000 WHERE residential_id = 'A'")
        held.commit()
        again = kept.read(plan.read(path))
        assert len(calls) == 2
        was, now = (one.tables["residential"].set_index("residential_id")["households"] for one in (first, again))
        assert (was["A"], now["A"]) == (1000, 4000)
        assert [file.path for file in again.files if file.path.startswith(layer.name)] == [
            layer.name,
            layer.name + "-wal",
        ]
    kept.read(plan.read(path))
    layer.with_name(layer.name + "-journal").write_bytes(b"x" * 600)
    with pytest.raises(InputRefused, match="journal"):
        kept.read(plan.read(path))


@pytest.mark.slow
def test_another_file_or_plan_is_read(sample, calls):
    first = kept.read(plan.read(sample))
    gates = sample.with_name("出入口.csv")
    lines = gates.read_bytes().splitlines(keepends=True)
    gates.write_bytes(b"".join(lines[:-1]))
    assert len(kept.read(plan.read(sample)).tables["entrances"]) == len(first.tables["entrances"]) - 1
    assert len(calls) == 2
    gates.write_bytes(b"".join(lines))
    alike(first, kept.read(plan.read(sample)))
    assert len(calls) == 2
    sample.with_name("居住区.cpg").write_text("GB18030", "ascii")  # a file beside one
    kept.read(plan.read(sample))
    assert len(calls) == 3
    sample.write_text(sample.read_text("utf-8").replace('name = "', 'name = "又'), "utf-8")
    kept.read(plan.read(sample))
    assert len(calls) == 4


@pytest.mark.slow
def test_damaged_switched_off_or_small_it_is_read(sample, calls, tmp_path, monkeypatch):
    first = kept.read(plan.read(sample))
    (part,) = (tmp_path / "kept").glob("*/residential/rows.arrow")
    part.write_bytes(part.read_bytes()[:-1] + b"\1")
    alike(first, kept.read(plan.read(sample)))
    assert len(calls) == 2
    monkeypatch.setattr(kept, "LEAST_BYTES", 1 << 40)
    kept.read(plan.read(sample))
    assert len(calls) == 3
    monkeypatch.setattr(kept, "LEAST_BYTES", 0)
    monkeypatch.setenv(store.VARIABLE, store.OFF)
    kept.read(plan.read(sample))
    assert len(calls) == 4


@pytest.mark.slow
def test_what_is_refused_is_not_kept(sample, calls, tmp_path):
    sample.with_name("医疗机构.geojson").unlink()
    for _ in range(2):
        with pytest.raises(InputRefused, match=r"医疗机构\.geojson"):
            kept.read(plan.read(sample))
    assert len(calls) == 2
    assert not list((tmp_path / "kept").glob("*/intake.json"))


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_read_is_not_kept(sample, monkeypatch, tmp_path):
    gates, real = sample.with_name("出入口.csv"), sources.read

    def slow(settings):
        gates.write_bytes(gates.read_bytes() + b"\n")
        return real(settings)

    monkeypatch.setattr(sources, "read", slow)
    kept.read(plan.read(sample))
    assert not list((tmp_path / "kept").glob("*/intake.json"))


@pytest.mark.slow
def test_a_run_from_the_cache_has_the_bytes_of_one_without(sample, monkeypatch, tmp_path):
    """Tables and network kept; then fetched both; then with the cache off."""
    monkeypatch.setattr(networks, "LEAST_VERTICES", 0)
    found = []
    for _ in range(3):
        folder = runs.run(sample, only="export").folder
        found.append({
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != "timing.json"
        })  # fmt: skip
        entries = {path.name for path in (tmp_path / "kept").glob("*/*")}
        assert {kept.INTAKE_FILE, networks.ROWS_FILE} <= entries
        if len(found) == 2:
            monkeypatch.setenv(store.VARIABLE, store.OFF)
    assert found[0] == found[1] == found[2]
