"""What a look at the walking network says of a plan: who lives on which piece of it, what deserves a second look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import network, tables
from planning.errors import Fault
from planning.network import health
from planning.study.records import Ground, StudyInputs

NAMED: Final = 5
"""So many examples stand in a sentence; all stand in the lists."""
CLIP_MINUTES: Final = 15
_WHOLE: Final = 0.9
"""Share of length in the largest piece from which a network is taken for one."""
_BEYOND: Final[Mapping[str, tuple[int, int]]] = {"west": (0, -1), "south": (1, -1), "east": (2, 1), "north": (3, 1)}


@dataclass(frozen=True, eq=False)
class RoadHealth:
    """The network as `planning.network.health` sees it, and the places that depend on it.

    Attributes
    ----------
    network
        Pieces, ends, crossings, duplicates, cuts.
    pieces : DataFrame
        ``network.components`` with ``areas`` and the sums of households, residents and elderly of the areas that snap
        there (NaN where no area states any), and each as ``<weight>_share`` of all areas, unsnapped ones included.
    gaps, healed : GeoDataFrame
        ``road_id, other_road_id, gap_m``: line ends beside another road left open, and those the plan had closed.
    apart, unsnapped : DataFrame
        ``table, id, name, source_row``: areas that snap only to a lesser piece; areas and facilities off the network.
    cuts : DataFrame
        One row a side along which the roads were cut: ``side, ends, areas, facilities``, counted within 15 minutes'
        walk of the cut or beyond it.
    """

    network: health.Health
    pieces: pd.DataFrame
    gaps: gpd.GeoDataFrame
    healed: gpd.GeoDataFrame
    apart: pd.DataFrame
    unsnapped: pd.DataFrame
    cuts: pd.DataFrame


def examine(inputs: StudyInputs, ground: Ground, *, gap_m: float) -> RoadHealth:
    """Look at the network and at who depends on it; ``gap_m`` is the longest gap that is worth a look."""
    seen = health.examine(ground.walkways)
    piece = piece_of_areas(inputs, ground)
    areas = inputs.tables["residential"]
    return RoadHealth(
        network=seen,
        pieces=_peopled(seen.components, areas, piece),
        gaps=network.gaps(ground.walkways, within_m=gap_m),
        healed=ground.walkways.healed,
        apart=_named("residential", areas[(piece > 0).to_numpy()], "residential_id"),
        unsnapped=_unsnapped(inputs, ground, piece),
        cuts=_cuts(inputs, ground, seen.sides),
    )


def piece_of_areas(inputs: StudyInputs, ground: Ground) -> pd.Series[int]:
    """Return, aligned with the areas, the longest piece of network one of their access points snaps to; -1 for none."""
    walkways, points = ground.walkways, ground.access.points
    edge = network.snap(walkways, points.geometry, max_snap_m=inputs.plan.walk.max_snap_m).edge
    snapped = edge >= 0
    piece = pd.Series(walkways.component[walkways.edge_from[edge[snapped]]])
    best = piece.groupby(points["residential_id"].to_numpy()[snapped]).min()
    ids = inputs.tables["residential"]["residential_id"]
    found: pd.Series[int] = ids.map(best).fillna(-1).astype("int64")
    return found


def _peopled(components: pd.DataFrame, areas: gpd.GeoDataFrame, piece: pd.Series[int]) -> pd.DataFrame:
    """Add the number of areas and their people to each piece."""
    found = components.assign(areas=np.bincount(piece[piece >= 0], minlength=len(components)))
    for weight in tables.WEIGHTS:
        known = areas[weight].dropna()
        total = math.fsum(known)
        sums = known.groupby(piece[known.index]).agg(math.fsum)
        of_piece = found["component"].map(sums).fillna(0.0) if len(known) else np.nan
        found = found.assign(**{weight: of_piece})
        found[f"{weight}_share"] = found[weight] / total if total else np.nan
    return found


def _unsnapped(inputs: StudyInputs, ground: Ground, piece: pd.Series[int]) -> pd.DataFrame:
    """Return the areas with an open gate that do not snap, and the facilities and candidates that do not."""
    areas, places = inputs.tables["residential"], ground.facilities
    open_gate = areas["residential_id"].map(ground.access.gates).ne("closed")
    lost = (piece < 0).to_numpy() & open_gate.to_numpy()
    where = places.representative_point()
    adrift = network.snap(ground.walkways, where, max_snap_m=inputs.plan.walk.max_snap_m).edge < 0
    candidate = places["status"].eq("candidate").to_numpy()
    return pd.concat(
        [
            _named("residential", areas[lost], "residential_id"),
            _named("facilities", places[adrift & ~candidate], "facility_id"),
            _named("candidates", places[adrift & candidate], "facility_id"),
        ],
        ignore_index=True,
    )


def _named(table: str, rows: pd.DataFrame, key: str) -> pd.DataFrame:
    columns = {"id": rows[key], "name": rows["name"], "source_row": rows["source_row"]}
    return pd.DataFrame(columns).assign(table=table)[["table", "id", "name", "source_row"]].reset_index(drop=True)


def _cuts(inputs: StudyInputs, ground: Ground, sides: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count the areas and facilities within 15 minutes of each cut, or beyond it."""
    limit_m = CLIP_MINUTES * 60 * inputs.plan.walk.speed_m_per_s
    serving = ground.facilities[ground.facilities["in_service"].to_numpy(dtype=bool)]
    rows = [
        {
            "side": side,
            "ends": ends,
            "areas": _near(inputs.tables["residential"], side, line.bounds, limit_m),
            "facilities": _near(serving, side, line.bounds, limit_m),
        }
        for side, ends, line in zip(sides["side"], sides["ends"], sides.geometry, strict=True)
    ]
    return pd.DataFrame(rows, columns=["side", "ends", "areas", "facilities"])


def _near(places: gpd.GeoDataFrame, side: str, cut: tuple[float, ...], limit_m: float) -> int:
    """Count the places that lie within ``limit_m`` of the cut or beyond it, measured square to it."""
    at, outwards = _BEYOND[side]
    reach = places.bounds.to_numpy()[:, at] * outwards
    return int(np.count_nonzero(reach >= cut[at] * outwards - limit_m))


# ------------------------------------------------------------------------------------------------------------- faults


def faults(inputs: StudyInputs, found: RoadHealth) -> list[Fault]:
    """Return the warnings about the network as a whole: crossings, duplicates, pieces, cuts."""
    source = inputs.plan.inputs["roads"]
    place: dict[str, Any] = {"severity": "warning", "file": source.file.name, "layer": source.layer or ""}
    return [
        Fault(code, **place, value=value, facts=facts)
        for code, value, facts in (
            *_of_crossings(found.network),
            *_of_duplicates(found.network),
            *_of_pieces(found),
            *_of_cuts(found.cuts),
        )
    ]


def _of_crossings(seen: health.Health) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if len(seen.crossings):
        examples = [
            f"{one} × {other} ({place.x:.1f}, {place.y:.1f})"
            for one, other, place in zip(
                seen.crossings["road_id"][:NAMED],
                seen.crossings["other_road_id"][:NAMED],
                seen.crossings.geometry[:NAMED],
                strict=True,
            )
        ]
        code = "network_not_noded" if seen.implausible else "network_crossings"
        facts = {"count": len(seen.crossings), "meetings": seen.meetings, "percent": _percent(seen.unnoded_share)}
        yield code, _listed(examples, len(seen.crossings)), facts


def _of_duplicates(seen: health.Health) -> Iterator[tuple[str, str, dict[str, Any]]]:
    again = seen.duplicates
    if len(again):
        examples = [f"{one} = {other}" for one, other in again[["road_id", "other_road_id"]][:NAMED].to_numpy()]
        facts = {"count": len(again), "reversed": int(again["reversed"].sum()), "km": f"{_km(again['length_m'])}"}
        yield "network_duplicates", _listed(examples, len(again)), facts


def _of_pieces(found: RoadHealth) -> Iterator[tuple[str, str, dict[str, Any]]]:
    largest = found.pieces.iloc[0]
    facts: dict[str, Any] = {"pieces": len(found.pieces), "length": _percent(largest["length_share"])}
    if len(found.apart):
        people = largest["households_share"]
        facts |= {"count": len(found.apart), "households": "—" if np.isnan(people) else _percent(people)}
        names = [f"{name} (#{row})" for name, row in found.apart[["id", "source_row"]][:NAMED].to_numpy()]
        yield "areas_on_islands", _listed(names, len(found.apart)), facts
    elif largest["length_share"] < _WHOLE:
        yield "network_in_pieces", _percent(largest["length_share"]), facts


def _of_cuts(cuts: pd.DataFrame) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for side, ends, areas, facilities in cuts[["side", "ends", "areas", "facilities"]].itertuples(index=False):
        if areas or facilities:
            facts = {"ends": ends, "areas": areas, "facilities": facilities, "minutes": CLIP_MINUTES}
            yield f"roads_clipped_{side}", side, facts


def _listed(examples: Iterable[str], count: int) -> str:
    named = list(examples)
    return "; ".join(named) + (" …" if count > len(named) else "")


def _percent(share: float) -> str:
    """Return a share in per cent with one decimal, never rounded up to the whole."""
    return f"{math.floor(share * 1000) / 10:g}"


def _km(lengths_m: pd.Series[float]) -> str:
    return f"{math.fsum(lengths_m) / 1000:,.1f}"
