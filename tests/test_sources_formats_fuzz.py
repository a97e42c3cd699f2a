"""Files of the rarer formats with a byte changed, a stretch lost or their end cut off: refused, or read row by row."""

from __future__ import annotations

import random
import shutil

import doors
import pytest
import test_sources_formats as written

from planning.errors import InputRefused

CASES = {
    "data.kml": "data.kml",
    "a.kmz": "a.kmz",
    "r2007.dxf": "r2007.dxf",
    "r2000.dxf": "r2000.dxf",
    "a.geojsonl": "a.geojsonl",
    "gbk.mif": "gbk.mif",
    "gbk.mid": "gbk.mif",
    "a.tab": "gbk/a.tab",
    "a.dat": "gbk/a.tab",
    "a.map": "gbk/a.tab",
    "a.id": "gbk/a.tab",
    "a.dbf": "no mark/a.shp",
    "utf16le.csv": "utf16le.csv",
    "gbk.csv": "gbk.csv",
    "a.xlsx": "a.xlsx",
}
LAYER = {"dxf": "小区界线"}


def harmed(data, luck):
    """Return ``data`` harmed in one of four ways."""
    at = luck.randrange(len(data))
    way = luck.randrange(4)
    if way == 0:
        return data[:at]
    if way == 1:
        return data[:at] + bytes([luck.randrange(256)]) + data[at + 1 :]
    if way == 2:
        return data[:at] + data[at + luck.randrange(1, 40) :]
    return data[:at] + data[at : at + luck.randrange(1, 200)] + data[at:]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_harmed_files_are_refused_or_accounted_for(tmp_path, name):
    """No exception but a refusal; and what is read says as many rows as it holds."""
    whole = tmp_path / "whole" / CASES[name]
    whole.parent.mkdir(parents=True)
    written.GOOD[CASES[name]](whole)
    luck = random.Random(name)
    for turn in range(150):
        folder = tmp_path / str(turn)
        shutil.copytree(whole.parent, folder)
        target = folder / name if (folder / name).exists() else folder / f"{whole.stem}{name[name.index('.') :]}"
        target.write_bytes(harmed(target.read_bytes(), luck))
        try:
            found = doors.opened(folder / whole.name, layer=LAYER.get(whole.suffix[1:]))
        except InputRefused:
            continue
        assert len(found.rows) == len(found.frame)
