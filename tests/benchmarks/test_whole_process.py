"""From an OpenStreetMap extract to catchments, coverage and outlines, as whole processes, against the ways people take.

``pytest tests/benchmarks/test_whole_process.py -m scale -s``; needs the extra ``bench`` (OSMnx and pyrosm). The way of
OSMnx is that of its example notebook on isolines: the graph from the file, projected, ``ego_graph`` around each place,
the buffers of its nodes and edges united; then a spatial join. It is measured for some places and multiplied.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pytest
import shapely
from pbftown import SOUTH, STEP, WEST, write

from planning import network
from planning.sources import geometry, osm
from planning.sources.raw import Dataset

SIDE = 80
FACILITIES, HOMES = 500, 2_000
SCRIPT = """
import sys
import planning
from planning import catchment, network
inputs = planning.load(sys.argv[1])
roads, homes, facilities = (inputs.tables[name] for name in ("roads", "residential", "facilities"))
net = network.build(roads)
reach = catchment.reach(net, facilities, homes.set_index("residential_id"), limit_m=900)
areas = catchment.service_areas(net, facilities, limits_m=[900])
covered = homes["residential_id"].isin(reach["demand_id"])
print(homes["households"][covered].sum() / homes["households"].sum(), len(areas))
"""
ASKED = 5  # facilities the notebook's way is measured on
CRS = "EPSG:4548"
LIMIT_M = 900.0
PLAN = """
[plan]
name = "基准"
standard = "liaocheng"
as_of = 2025-12-31
[inputs.roads]
path = "town.osm.pbf"
[inputs.residential]
path = "homes.gpkg"
[inputs.facilities]
path = "facilities.gpkg"
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the extract, homes and facilities, and a plan over them."""
    folder = tmp_path_factory.mktemp("town")
    write(folder / "town.osm.pbf", SIDE)
    rng = np.random.default_rng(2)
    for name, count, columns in (
        ("homes", HOMES, {"households": 256, "elderly": 64}),
        ("facilities", FACILITIES, {"level": "street", "kind": "centre", "status": "operating"}),
    ):
        key = "residential_id" if name == "homes" else "facility_id"
        xy = rng.uniform(2, SIDE - 3, (count, 2)) * STEP + (WEST, SOUTH)
        table = {key: [f"{row:05}" for row in range(count)], "name": [f"{row:05}号" for row in range(count)], **columns}
        frame = gpd.GeoDataFrame(table, geometry=shapely.points(xy), crs=4326)
        frame.to_file(folder / f"{name}.gpkg", layer=name)
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return folder


def seconds(function, rounds=2):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.scale
def test_whole_process_against_the_notebook(town, benchmark):
    """A script over the public verbs, a process of its own with imports and doors, against the notebook's way."""
    pytest.importorskip("osmnx")
    command = [sys.executable, "-c", SCRIPT, str(town / "plan.toml")]

    def ours():
        subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])

    ours()
    benchmark.pedantic(ours, rounds=2)
    fixed_s, each_s = notebook(town)
    fixed_s += seconds(lambda: subprocess.run([sys.executable, "-c", "import osmnx"], check=True))
    whole_s = fixed_s + each_s * FACILITIES
    ratio = whole_s / benchmark.stats.stats.min
    benchmark.extra_info.update(fixed_s=fixed_s, each_s=each_s, notebook_s=whole_s, ratio=ratio)
    assert ratio > 15  # 50 is the goal; half of our time are imports and the start of the reading process


def notebook(town: Path) -> tuple[float, float]:
    """Return the seconds the notebook's way takes once, and for each place."""
    import osmnx as ox

    began = time.perf_counter()
    streets = town / "streets.osm"
    with osmium.SimpleWriter(str(streets), overwrite=True) as writer:
        for entity in osmium.FileProcessor(str(town / "town.osm.pbf")):
            if isinstance(entity, osmium.osm.Node) or "highway" in entity.tags:
                writer.add(entity)
    graph = ox.project_graph(ox.graph_from_xml(streets, bidirectional=True))
    homes, facilities = (
        gpd.read_file(town / f"{name}.gpkg").to_crs(graph.graph["crs"]) for name in ("homes", "facilities")
    )
    centres = ox.nearest_nodes(graph, facilities.geometry.x, facilities.geometry.y)
    fixed_s = time.perf_counter() - began
    began = time.perf_counter()
    areas = [outline(graph, centre) for centre in centres[:ASKED]]
    each_s = (time.perf_counter() - began) / ASKED
    began = time.perf_counter()
    gpd.sjoin(homes, gpd.GeoDataFrame(geometry=areas, crs=homes.crs), predicate="within")
    return fixed_s + time.perf_counter() - began, each_s


def outline(graph, centre):
    """Return the isochrone as the notebook draws it: buffers of nodes and edges within reach, united.

    As there, the nodes are a table in which the ends of each edge are looked up.
    """
    reached = nx.ego_graph(graph, centre, radius=LIMIT_M, distance="length")
    places = [shapely.Point(data["x"], data["y"]) for _, data in reached.nodes(data=True)]
    nodes = gpd.GeoDataFrame({"id": list(reached.nodes)}, geometry=places).set_index("id")
    lines = []
    for tail, head in reached.edges():
        ends = shapely.LineString([nodes.loc[tail].geometry, nodes.loc[head].geometry])
        lines.append(graph.get_edge_data(tail, head)[0].get("geometry", ends))
    parts = [*nodes.buffer(25).geometry, *gpd.GeoSeries(lines).buffer(25).geometry]
    return shapely.Polygon(gpd.GeoSeries(parts).union_all().exterior)


@pytest.mark.scale
@pytest.mark.filterwarnings("ignore:Column 'oneway' missing")
def test_extract_to_arrays(town, benchmark):
    """Reading and building against pyrosm's walking network: as its tables, and as the graph that can be walked."""
    pyrosm = pytest.importorskip("pyrosm")
    path = town / "town.osm.pbf"

    def ours():
        raw = osm.read(Dataset("osm", path, path))
        frame, shapes = geometry.exploded(raw.frame.assign(node_ids=raw.node_ids, level=0), raw.geometry)
        return network.build(gpd.GeoDataFrame(frame, geometry=shapes, crs=raw.crs).to_crs(CRS))

    def theirs():
        reader = pyrosm.OSM(str(path))
        return reader, reader.get_network("walking", nodes=True)

    net = benchmark.pedantic(ours, rounds=3)
    mine = benchmark.stats.stats.min
    arrays_s = seconds(theirs)
    reader, (nodes, edges) = theirs()
    graph_s = seconds(lambda: reader.to_graph(nodes, edges, graph_type="networkx"), 1)
    ratio, graph_ratio = arrays_s / mine, (arrays_s + graph_s) / mine
    benchmark.extra_info.update(nodes=len(net.node_xy), pyrosm_ratio=ratio, pyrosm_graph_ratio=graph_ratio)
    assert graph_ratio > 1
