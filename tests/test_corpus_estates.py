"""Real estates of six cities go through the doors with every row accounted for; see docs/estates.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus.estates import CITIES, City, report, survey

REALDATA = os.environ.get("PLANNING_REALDATA", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.slow,
    pytest.mark.skipif(not REALDATA, reason="PLANNING_REALDATA is not set: no real data here"),
]
ROWS = {"shenyang": 5605, "nantong": 4009, "liaocheng": 1299, "huainan": 953, "jinan": 6456, "nanjing": 6412}


@pytest.fixture(scope="module")
def found() -> dict[str, City]:
    return {name: survey(name, Path(REALDATA)) for name in CITIES}


@pytest.mark.parametrize("name", CITIES)
def test_every_row_is_accounted_for(found, name):
    """Rows by the csv module = read = used + flagged + excluded, in both readings and three encodings."""
    for looked in (found[name].raw, found[name].plain):
        counts = looked.counts
        assert looked.rows == ROWS[name] == counts["read"]
        assert counts["used"] + counts["flagged"] + counts["excluded"] == counts["read"]
    assert found[name].encodings == {"gb18030": True, "utf-16": True}


@pytest.mark.parametrize("name", CITIES)
def test_households_add_up(found, name):
    """The households of the rows kept, added up from the file, are those of the table behind the door."""
    plain = found[name].plain
    assert not plain.errors
    assert plain.households == plain.written > 0


def test_wrong_datums_show_against_real_roads(found):
    """BD-09 points stated as WGS 84 or GCJ-02 are asked about; stated as BD-09 they are not."""
    assert not found["jinan"].plain.said
    assert all("BD-09" in text for text in found["jinan"].datums.values())


def test_the_report_holds_figures_only(found):
    """Every word of a name or address is of the data; none of them stands in the report."""
    text = report(found)
    for name in CITIES:
        lines = (Path(REALDATA) / "communities" / f"{name}_communities.csv").read_text("utf-8-sig").splitlines()
        names = {line.split(",")[1] for line in lines[1:]}
        assert not [one for one in names if len(one) > 3 and one in text]
