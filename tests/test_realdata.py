"""Real networks and estates, where they are at hand: the tool must carry them, and every row must be accounted for.

``PLANNING_REALDATA`` names the folder; without it these tests are skipped. Facilities are placed by the rule that each
plan states in its notes, since the data hold none.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from planning import runs

PLANS = Path(__file__).parent / "realdata"
REALDATA = os.environ.get("PLANNING_REALDATA", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.slow,
    pytest.mark.skipif(not REALDATA, reason="PLANNING_REALDATA is not set: no real data here"),
]


def plan_of(name: str, folder: Path) -> Path:
    text = (PLANS / f"{name}.toml").read_text("utf-8").format(realdata=Path(REALDATA).as_posix())
    path = folder / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def facilities(points: gpd.GeoDataFrame, level: str, kind: str, prefix: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "facility_id": [f"{prefix}{number:03d}" for number in range(len(points))],
            "name": [f"{prefix}{number:03d}" for number in range(len(points))],
            "level": level,
            "kind": kind,
            "status": "operating",
            "floor_area_m2": 700.0,
        },
        geometry=points.geometry.to_numpy(),
        crs=points.crs,
    )


def candidates(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return facilities(points, "street", "centre", "C").assign(status=None, role="candidate", max_floor_area_m2=800.0)


def squares(points: gpd.GeoDataFrame, side_m: float) -> pd.Series:
    """Return the square of ``side_m`` that each point lies in, as a key."""
    column, row = (points.geometry.x // side_m).astype(int), (points.geometry.y // side_m).astype(int)
    return column.astype(str) + "_" + row.astype(str)


def record(name: str, done: runs.RunFolder, seconds: float) -> dict:
    """Say what the run found in one line of JSON; ``docs/benchmarks.md`` is written from it."""
    summary = done.result.summary
    found = {
        "run": name,
        "seconds": round(seconds, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "nodes": len(done.result.network.node_xy),
        "edges": len(done.result.network.edge_mm),
        "components": done.result.network.components().count,
        "largest_share": round(done.result.network.components().largest_share, 4),
        "ledger": summary["ledger"],
        "coverage": {
            level: {key: figures[key] for key in ("residential_total", "residential_covered", "households_total",
                                                  "households_missing", "households_share", "unreachable", "unsnapped")}
            for level, figures in summary["coverage"].items()
        },
        "compliance": summary["compliance"],
        "siting": {key: summary["siting"][key] for key in ("status", "objective", "bound", "gap")},
        "steps": json.loads((done.folder / "timing.json").read_text("utf-8"))["steps"],
    }  # fmt: skip
    sys.stdout.write("\n" + json.dumps(found, ensure_ascii=False) + "\n")
    return found


def run(name: str, folder: Path) -> dict:
    started = time.perf_counter()
    done = runs.run(plan_of(name, folder), out=folder / "out")
    found = record(name, done, time.perf_counter() - started)
    for counts in found["ledger"].values():
        assert counts["read"] == counts["used"] + counts["flagged"] + counts["excluded"]
    assert "仅作演示" in (folder / "out" / "map.html").read_text("utf-8")
    assert runs.verify(folder / "out") == ()
    return found


def test_jinan(tmp_path):
    """6 456 estates as two websites wrote them; facilities at the largest estates of each 3 km square."""
    estates = pd.read_csv(f"{REALDATA}/communities/jinan_communities.csv")
    estates = estates[estates["in_city_bbox"] & estates["households"].between(1, 20_000)]
    points = gpd.GeoDataFrame(
        estates, geometry=gpd.points_from_xy(estates["lon_wgs84"], estates["lat_wgs84"]), crs=4326
    ).to_crs(4548)
    ranked = points.assign(square=squares(points, 3000)).sort_values(["households", "name"], ascending=[False, True])
    rank = ranked.groupby("square").cumcount()
    centres, stations, offered = ranked[rank == 0], ranked[rank == 1], ranked[rank == 2]
    served = [str(row + 2) for row in stations.index]  # the estate's id is its row in the file, the heading being row 1
    placed = pd.concat(
        [
            facilities(centres, "street", "centre", "S"),
            facilities(stations, "community", "station", "K").assign(serves=served),
        ]
    )
    placed.to_file(tmp_path / "facilities.gpkg")
    candidates(offered).to_file(tmp_path / "candidates.gpkg")
    found = run("jinan", tmp_path)
    assert found["ledger"]["residential"]["read"] == 6456
    assert found["nodes"] > 10_000
    assert found["siting"]["status"] == "optimal"
    assert found["compliance"]["meets"] > 0  # the stations count for the estates they serve


def test_nanjing(tmp_path):
    """Eleven residential areas in the centre; households by area, facilities at the two largest."""
    areas = gpd.read_file(f"{REALDATA}/nanjing_centre_osm/nanjing_centre_polygons.gpkg", layer="landuse_residential")
    metric = areas.to_crs(4549)
    made = gpd.GeoDataFrame(
        {
            "residential_id": [f"N{number:02d}" for number in range(len(areas))],
            "name": areas.get("name"),
            "households": np.round(metric.area / 10_000 * 120),
            "built": "existing",
            "setting": "urban",
        },
        geometry=areas.geometry,
        crs=areas.crs,
    )
    made.to_file(tmp_path / "residential.gpkg")
    largest = metric.assign(area=metric.area).sort_values("area", ascending=False)
    inside = gpd.GeoDataFrame(geometry=largest.representative_point(), crs=4549)
    placed = pd.concat(
        [facilities(inside[:1], "street", "centre", "S"), facilities(inside[1:2], "community", "station", "K")]
    )
    placed.to_file(tmp_path / "facilities.gpkg")
    candidates(inside[2:8]).to_file(tmp_path / "candidates.gpkg")
    found = run("nanjing", tmp_path)
    assert found["nodes"] > 500
    assert found["compliance"]["areas_total"] == 11


def test_futian(tmp_path):
    """The walking network as OSMnx saved it; a lattice of points as areas."""
    corners = gpd.GeoSeries([Point(113.997, 22.5167), Point(114.0399, 22.5506)], crs=4326).to_crs(4547)
    x0, y0, x1, y1 = corners.total_bounds
    xs, ys = np.meshgrid(np.arange(x0, x1, 400), np.arange(y0, y1, 400))
    lattice = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xs.ravel(), ys.ravel()), crs=4547)
    lattice.assign(
        residential_id=[f"P{number:03d}" for number in range(len(lattice))],
        name=[f"P{number:03d}" for number in range(len(lattice))],
        households=256,
        built="existing",
        setting="urban",
    ).to_file(tmp_path / "residential.gpkg")
    first = lattice.assign(square=squares(lattice, 1600)).drop_duplicates("square")
    facilities(first, "street", "centre", "S").to_file(tmp_path / "facilities.gpkg")
    candidates(lattice[5::7]).to_file(tmp_path / "candidates.gpkg")
    found = run("futian", tmp_path)
    assert found["largest_share"] > 0.99  # motorway links and ways marked private are not walked
    assert found["nodes"] > 1_500
