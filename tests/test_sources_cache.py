"""A table is kept by the content of its file: fetched when all is the same, read anew when anything differs."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from planning import isolation, store
from planning.plan import InputSpec
from planning.sources import apart, cache

TOWN = """<osm version="0.6">
<node id="1" lat="36.6" lon="117.0"/><node id="2" lat="36.6" lon="117.001"/><node id="3" lat="36.601" lon="117.001"/>
<way id="7"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="name" v="{name}"/></way>
</osm>"""


@pytest.fixture
def town(tmp_path, monkeypatch):
    """An extract with one street, a cache of its own, and no file too small for it."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    path = tmp_path / "town.osm"
    path.write_text(TOWN.format(name="和平路"), "utf-8")
    return InputSpec("roads", "town.osm", path)


@pytest.fixture
def calls(monkeypatch):
    """The number of times a reading process was asked."""
    asked = []
    real = isolation.call
    monkeypatch.setattr(isolation, "call", lambda *given, **more: (asked.append(1), real(*given, **more))[1])
    return asked


def opened(spec):
    return apart.open_one(spec, spec.file, layer=None)


def alike(one, other):
    pd.testing.assert_frame_equal(one.raw.frame, other.raw.frame)
    assert one.raw.geometry.tolist() == other.raw.geometry.tolist()
    assert one.raw.node_ids.tolist() == other.raw.node_ids.tolist()
    assert (one.raw.read, one.raw.crs, one.digests, one.paths) == (
        other.raw.read, other.raw.crs, other.digests, other.paths,
    )  # fmt: skip


def test_the_second_time_nobody_reads(town, calls):
    first = opened(town)
    alike(opened(town), first)
    assert len(calls) == 1


def test_another_content_is_another_table(town, calls):
    opened(town)
    town.file.write_text(TOWN.format(name="解放路"), "utf-8")
    assert opened(town).raw.frame["name"].tolist() == ["解放路"]
    assert len(calls) == 2


@pytest.mark.parametrize("part", ["rows.arrow", "table.json", "seal"])
def test_a_damaged_entry_is_thrown_away(town, calls, tmp_path, part):
    first = opened(town)
    (entry,) = (tmp_path / "kept").iterdir()
    content = bytearray((entry / part).read_bytes())
    content[len(content) // 2] ^= 1
    (entry / part).write_bytes(content)
    alike(opened(town), first)
    assert len(calls) == 2
    alike(opened(town), first)
    assert len(calls) == 2


def test_a_file_of_another_name_carries_its_own(town, calls):
    opened(town)
    other = town.file.rename(town.file.with_name("again.osm"))
    assert opened(InputSpec("roads", "again.osm", other)).paths == (other,)
    assert len(calls) == 2


def test_it_can_be_switched_off(town, calls, tmp_path, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, store.OFF)
    opened(town)
    opened(town)
    assert len(calls) == 2
    assert not (tmp_path / "kept").exists()


def test_small_files_and_fast_formats_are_not_kept(town, tmp_path, monkeypatch):
    assert cache.keeps(town.file)
    assert not cache.keeps(tmp_path / "absent.osm")
    table = tmp_path / "roads.csv"
    table.write_text("x", "utf-8")
    assert not cache.keeps(table)
    monkeypatch.setattr(cache, "LEAST_BYTES", town.file.stat().st_size + 1)
    assert not cache.keeps(town.file)


def test_a_refusal_is_not_kept(town, calls, tmp_path):
    town.file.write_text("<osm>", "utf-8")
    for _ in range(2):
        with pytest.raises(Exception, match=r"town\.osm"):
            opened(town)
    assert len(calls) == 2
    assert not (tmp_path / "kept").exists()


def test_what_was_not_used_for_longest_gives_way(town, calls, tmp_path, monkeypatch):
    """Room for two of three; the oldest but one was used last, so it stays."""
    made = []
    for name in ("甲", "乙", "丙"):
        town.file.write_text(TOWN.format(name=name), "utf-8")
        if len(made) == 2:
            size_b = sum(part.stat().st_size for part in made[0].iterdir())
            monkeypatch.setattr(store, "MOST_BYTES", 2 * size_b + size_b // 2)
            for age, entry in ((200, made[1]), (100, made[0])):
                os.utime(entry, (1e9 - age, 1e9 - age))
        opened(town)
        made += [one for one in (tmp_path / "kept").iterdir() if one not in made]
    assert [entry.exists() for entry in made] == [True, False, True]


def test_where_nothing_can_be_written_it_is_read_all_the_same(town, calls, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", "ascii")
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "file" / "below"))
    first = opened(town)
    alike(opened(town), first)
    assert len(calls) == 2
