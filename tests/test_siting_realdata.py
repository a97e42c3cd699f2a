"""Published instances with known answers (OR-Library, São José dos Campos, New York, San Francisco).

They are found through ``PLANNING_REALDATA`` (folder ``facility_location``); reference values are restated here.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csgraph, csr_array

from planning import siting
from planning.siting import SitingPlan

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

PMED = {1: 5819, 2: 4093, 3: 4250, 4: 3034, 5: 1355, 6: 7824, 7: 5631, 8: 4445, 9: 2734, 10: 1255}
PMED |= {11: 7696, 12: 6634, 13: 4374, 14: 2968, 15: 1729, 16: 8162, 17: 6999, 18: 4809, 19: 2845, 20: 1789}
SJC = {
    "SJC324": (5461, 8790, 11604, 12106, 12152),
    "SJC402": (6555, 11339, 14690, 15658, 15970, 15984),
    "SJC500": (7944, 12454, 15730, 17794, 18859, 19525, 19692, 19707),
}
EARTH_M = 6_378_137.0


@pytest.fixture(scope="module")
def folder() -> Path:
    found = os.environ.get("PLANNING_REALDATA")
    if not found or not (Path(found) / "facility_location").is_dir():
        pytest.skip("PLANNING_REALDATA is not set: no published siting instances")
    return Path(found) / "facility_location"


def tables(metres: np.ndarray, weight: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables from a square matrix demands × sites; every node is both."""
    demands, sites = np.nonzero(np.isfinite(metres))
    reach = pd.DataFrame({"facility_id": sites, "demand_id": demands, "distance_m": metres[demands, sites]})
    return reach, pd.DataFrame({"people": weight.astype(float)})


def pmed(file: Path) -> tuple[int, np.ndarray]:
    """Return p and all shortest paths; of an edge given twice the last counts."""
    numbers = np.array(file.read_text().split(), dtype=np.int64)
    nodes, _, p = numbers[:3]
    one, other, length = numbers[3:].reshape(-1, 3).T
    edges = {(min(a, b), max(a, b)): c for a, b, c in zip(one - 1, other - 1, length, strict=True)}
    rows, columns = np.array(list(edges)).T
    graph = csr_array((np.array(list(edges.values()), float), (rows, columns)), shape=(nodes, nodes))
    return int(p), csgraph.shortest_path(graph, directed=False)


def proven(plan: SitingPlan, value: float) -> None:
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("number", PMED)
def test_or_library_p_median(folder: Path, number: int) -> None:
    p, metres = pmed(folder / "orlib_pmed" / f"pmed{number}.txt")
    plan = siting.p_median(*tables(metres, np.ones(len(metres))), p=p, weight="people", time_limit_s=120)
    proven(plan, PMED[number])
    assert len(plan.sites) == p


@pytest.mark.parametrize("name", SJC)
def test_sao_jose_dos_campos_mclp(folder: Path, name: str) -> None:
    lines = (folder / "sjc_mclp" / f"{name}.txt").read_text().split("\n")
    x, y, people = np.array([line.split()[:3] for line in lines[1:] if line.strip()], dtype=float).T
    metres = np.hypot(x[:, None] - x, y[:, None] - y)
    reach, demand = tables(np.where(metres <= 800, metres, np.inf), people)
    for p, value in enumerate(SJC[name], start=1):
        proven(siting.mclp(reach, demand, radius_m=800, p=p, weight="people"), value)


def test_new_york_mclp(folder: Path) -> None:
    """2 713 census blocks, 50 sites, 400 m on the great circle."""
    text = (folder / "urban_mclp" / "NewYork.txt").read_text()
    places = text.split("NODE_COORD_SECTION")[1].split("DEMAND_SECTION")
    latitude, longitude = np.radians(np.array(places[0].split(), dtype=float).reshape(-1, 2)).T
    people = np.array(places[1].split()[: len(latitude)], dtype=float)
    half = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    metres = 2 * EARTH_M * np.arcsin(np.sqrt(half))
    reach, demand = tables(np.where(metres <= 400, metres, np.inf), people)
    proven(siting.mclp(reach, demand, radius_m=400, p=50, weight="people", time_limit_s=300), 1_153_640)


def test_san_francisco(folder: Path) -> None:
    """205 census tracts, 16 stores, walking distances; all four values are those of every combination tried."""
    sf = folder / "spopt_sf"
    pairs = pd.read_csv(sf / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    tracts = pd.read_csv(sf / "SF_demand_205_centroid_uniform_weight.csv")
    reach = pairs.rename(columns={"name": "facility_id", "DestinationName": "demand_id", "distance": "distance_m"})
    demand = tracts.set_index("NAME")[["POP2000"]]
    assert siting.lscp(reach, demand, radius_m=5000).objective == 8
    proven(siting.mclp(reach, demand, radius_m=5000, p=4, weight="POP2000"), 875_247)
    proven(siting.p_median(reach, demand, p=4, weight="POP2000"), 2_848_268_129.7145104)
    centre = siting.p_center(reach, demand, p=4)
    assert round(centre.objective, 4) == 7403.0638
    assert centre.gap == 0
