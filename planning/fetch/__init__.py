"""Data from elsewhere, made into files a plan can name: the only room that speaks to the network, when asked to.

Roads, residential land, places of care and of medicine, and administrative units come through OSMnx from an Overpass
server, the outline of a named place from a Nominatim server; nothing else is contacted. What OpenStreetMap does not
hold (households, levels of facilities, floor areas) is said, never made up. `copy_table` copies a table of a PostGIS
database into a GeoPackage, `publish` writes the layers of a run into one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import shapely

from planning import init
from planning.errors import Fault, InputRefused, refuse
from planning.fetch import _area, _ask, _layers, _note
from planning.fetch._ask import Endpoints
from planning.fetch._note import tell
from planning.fetch._postgis import Copied, copy_table
from planning.fetch._postgis import tell as tell_copied
from planning.fetch._publish import Published, publish
from planning.fetch._publish import tell as tell_published

__all__ = [
    "CACHE",
    "MARGIN_M",
    "Copied",
    "Endpoints",
    "Fetched",
    "Published",
    "copy_table",
    "fetch",
    "publish",
    "tell",
    "tell_copied",
    "tell_published",
]

CACHE: Final = ".osm-cache"
MARGIN_M: Final = 1000.0
ROADS: Final = "roads.graphml"
PLACES: Final = "osm.gpkg"
_FOOT: Final = ("footway", "path", "pedestrian", "steps", "corridor", "track", "living_street")


@dataclass(frozen=True)
class Fetched:
    """What was brought: the plan's path, and the figures that say how thin it is."""

    plan: Path
    figures: Mapping[str, Any]
    questions: int


def fetch(
    place: str,
    out: str | Path,
    *,
    endpoints: Endpoints | None = None,
    cache: Path | None = None,
    margin_m: float = MARGIN_M,
    standard: str | None = None,
    level: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Fetched:
    """Bring a plan folder from OpenStreetMap.

    Parameters
    ----------
    place : str
        ``west,south,east,north`` in degrees, or the name of a place.
    out : str or Path
        New, empty, or with nothing but hidden entries in it. Written whole or not at all.
    endpoints : Endpoints, optional
        Other servers, such as mirrors in an intranet.
    cache : Path, optional
        Answers are kept here and not asked for again; ``.osm-cache`` in ``out`` else.
    margin_m : float
        Roads, care and medicine are fetched this far beyond the area as well, so that people at its edge may walk
        across it.
    standard : str, optional
        The document to judge by, written into the plan; asked for there else.
    level : str, optional
        The level to write for every place of care, as the planner decides it; OpenStreetMap knows none, and a plan
        cannot run while it is empty.
    progress : callable, optional
        Called with ``place``, ``roads``, ``places``, ``write``.

    Raises
    ------
    InputRefused
        ``fetch_target_not_empty``, ``fetch_endpoint``, ``fetch_box``, ``fetch_area_too_large`` (before anything is
        asked), ``fetch_place_unknown``, ``fetch_place_no_area``, ``fetch_nothing_there``.
    MachineFailed
        OSMnx is not installed, or the servers did not answer as they should: see `_ask.asking`.
    """
    out = Path(out)
    servers = endpoints or Endpoints()
    said = progress or (lambda _: None)
    refuse([*servers.faults(), *_target_faults(out)])
    box = _area.parse_box(place)
    if box is not None:
        _area.refuse_large(_area.geodesic_km2(shapely.box(*box)))
    folder = cache or out / CACHE
    with _ask.asking(servers, folder) as ox:
        said("place")
        inner = shapely.box(*box) if box is not None else _ask.outline(ox, place)
    area = _area.around(place, inner, margin_m=margin_m)
    with _ask.asking(servers, folder) as ox:
        said("roads")
        graph = _ask.walking_graph(ox, area.outer)
        said("places")
        found = _ask.features(ox, area.outer, _layers.TAGS)
        roads = None if graph is None else ox.graph_to_gdfs(graph, nodes=False)
    layers, left_out = _split(_layers.nothing() if found is None else found, area.inner, level)
    if graph is None and not any(map(len, layers.values())):
        raise InputRefused(Fault("fetch_nothing_there", value=place))
    figures = {**_figures(area, roads, layers), **left_out, "margin_m": margin_m, "level": level}
    said("write")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=_made(out)) as part:
        _write(Path(part), ox, graph, layers)
        note = _note.text(area, servers, figures, version=ox.__version__)
        (Path(part) / _note.FILE).write_text(note, encoding="utf-8", newline="\n")
        draft = init.propose(Path(part), name=_name(place, box), standard=standard, notes=_note.attribution())
        init.write(part, draft)
        for file in sorted(Path(part).iterdir(), key=lambda file: file.name == init.PLAN):
            shutil.move(file, out / file.name)
    return Fetched(out / init.PLAN, figures, draft.questions)


def _target_faults(out: Path) -> list[Fault]:
    """Name a folder that holds anything one can see."""
    try:
        taken = out.is_file() or (out.is_dir() and any(not one.name.startswith(".") for one in out.iterdir()))
    except OSError as error:
        return [Fault("file_not_readable", file=out.name, facts={"why": error.strerror or ""})]
    return [Fault("fetch_target_not_empty", file=out.name, value=str(out))] if taken else []


def _made(out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    return out


def _name(place: str, box: tuple[float, float, float, float] | None) -> str:
    """Return the plan's name: the place's, or the box in four decimals."""
    return place.strip() if box is None else "OSM " + ", ".join(f"{number:.4f}" for number in box)


def _split(
    found: gpd.GeoDataFrame, inner: Any, level: str | None
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, int]]:
    """Return the layers of the plan, and how many things of each kind could not be taken."""
    care, others = _layers.facilities(found, level=level)
    units, untyped = _layers.units(found, inner)
    layers = {
        "residential": _layers.residential(found, inner),
        "facilities": care,
        "medical": _layers.medical(found),
        "units": units,
    }
    return layers, {"social_others": others, "units_untyped": untyped}


def _figures(
    area: _area.Area, roads: gpd.GeoDataFrame | None, layers: Mapping[str, gpd.GeoDataFrame]
) -> dict[str, Any]:
    """Return the figures that say how much there is: counts, kilometres, shares."""
    homes = layers["residential"]
    figures: dict[str, Any] = {"km2": area.km2, **{name: len(layer) for name, layer in layers.items()}}
    figures["residential_named"] = int(homes["name"].notna().sum())
    figures |= {"roads": 0, "roads_km": 0.0, "foot_share": None}
    if roads is not None:
        length = roads["length"].astype(float)
        foot = roads["highway"].astype("str").isin(_FOOT)
        figures |= {"roads": len(roads), "roads_km": float(length.sum()) / 1000}
        figures["foot_share"] = float(length[foot].sum() / length.sum()) if length.sum() > 0 else None
    return figures


def _write(folder: Path, ox: Any, graph: Any, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write the network and the layers that hold anything."""
    if graph is not None:
        ox.save_graphml(_ask.plain(graph), folder / ROADS)
    for name, layer in layers.items():
        if len(layer):
            layer.to_file(folder / PLACES, layer=name, driver="GPKG")
