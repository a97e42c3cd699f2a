"""Room `planning.candidates`: how far each candidate is from the nearest place of a layer, in whole millimetres."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planning import tables, units

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
NOWHERE: Final = np.inf


@dataclass(frozen=True, eq=False)
class Walk:
    """Walks from candidates to the nearest of some places.

    Attributes
    ----------
    metres
        One entry a candidate: infinite where there is no way, NaN where the candidate is off the network.
    nearest
        Which place it is, -1 where there is none.
    lost
        One entry a place: it is off the network, so that no walk to it is known.
    """

    metres: Floats
    nearest: NDArray[np.int64]
    lost: Flags


Walker = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], Walk]


@dataclass(frozen=True, eq=False)
class Around:
    """What candidates are held against: layers in their CRS, the least sizes the document states, how people walk."""

    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    least_m2: Sequence[Decimal] = ()
    walk: Walker | None = None


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest place of each candidate.

    ``mm`` is infinite where there is none; ``inside`` says that candidate and place share ground; ``lost`` that the
    candidate is off the network. ``maybe_…`` are the same of the places that may or may not count, and ``doubt`` why.
    """

    mm: Floats
    inside: Flags
    target: NDArray[np.object_]
    lost: Flags
    maybe_mm: Floats
    maybe_inside: Flags
    doubt: str

    def shown(self) -> list[str | None]:
        """Return the distances in metres as text, none where there is no place or no way."""
        return [f"{mm / 1000:.3f}".rstrip("0").rstrip(".") if np.isfinite(mm) else None for mm in self.mm]


def millimetres(metres: float) -> int:
    """Return metres in whole millimetres."""
    return int((Decimal(str(metres)) * 1000).to_integral_value())


def nearest(candidates: gpd.GeoDataFrame, around: Around, name: str, kinds: Sequence[str] | None, *, by: str) -> Near:
    """Find the nearest place of layer ``name``, of ``kinds`` where some are wanted.

    A place without a kind may be one of those wanted; so may, on foot, a place off the network that is near enough as
    the crow flies. Such places decide nothing, but leave open what hangs on them.
    """
    key = tables.contract(name).key
    layer = around.layers[name].sort_values(key, kind="stable")  # of places equally near the smallest id is named
    shapes = candidates.geometry.to_numpy()
    wanted, open_ = _of_kinds(layer, kinds)
    if by == "straight":
        mm, inside, at = _straight(shapes, layer[wanted])
        maybe_mm, maybe_inside, _ = _straight(shapes, layer[open_])
        found, snapped = _ids(layer[wanted], name, at), np.zeros(len(shapes), dtype=bool)
        return Near(mm, inside, found, snapped, maybe_mm, maybe_inside, "kind_missing")
    return _on_foot(candidates, around, (name, layer), wanted, open_)


def _on_foot(
    candidates: gpd.GeoDataFrame, around: Around, layer: tuple[str, gpd.GeoDataFrame], wanted: Flags, open_: Flags
) -> Near:
    """Walk to places wanted; to places that may count, and to those off the network, the crow's way is the least."""
    if around.walk is None:
        raise ValueError("no way to walk was given")
    name, table = layer
    places = table[wanted]
    walked = around.walk(candidates, places)
    off = places[walked.lost]
    maybe = gpd.GeoDataFrame(geometry=[*table[open_].geometry, *off.geometry], crs=table.crs)
    maybe_mm, _, _ = _straight(candidates.geometry.to_numpy(), maybe)
    lost = np.isnan(walked.metres)
    mm = np.rint(np.where(lost, NOWHERE, walked.metres) * 1000)
    none = np.zeros(len(candidates), dtype=bool)
    doubt = "kind_missing" if open_.any() else "target_off_network"
    return Near(mm, none, _ids(places, name, walked.nearest), lost, maybe_mm, none, doubt)


def _of_kinds(layer: gpd.GeoDataFrame, kinds: Sequence[str] | None) -> tuple[Flags, Flags]:
    """Say which places are of the kinds wanted, and which have no kind where one is asked for."""
    if kinds is None:
        return np.ones(len(layer), dtype=bool), np.zeros(len(layer), dtype=bool)
    words = {units.normalise(kind) for kind in kinds}
    missing = np.array([units.is_missing(cell) for cell in layer["kind"]], dtype=bool)
    named = [
        not none and units.normalise(str(cell)) in words for cell, none in zip(layer["kind"], missing, strict=True)
    ]
    return np.array(named, dtype=bool), missing


def _straight(shapes: NDArray[np.object_], places: gpd.GeoDataFrame) -> tuple[Floats, Flags, NDArray[np.int64]]:
    """Return the distance to the nearest place, whether ground is shared, and which place it is (ties: the first)."""
    mm, inside = np.full(len(shapes), NOWHERE), np.zeros(len(shapes), dtype=bool)
    at = np.full(len(shapes), -1, dtype=np.int64)
    if not len(places) or not len(shapes):
        return mm, inside, at
    others = places.geometry.to_numpy()
    tree = shapely.STRtree(others)
    row, near = tree.query_nearest(shapes)
    row, near = _first(row, near)
    mm[row] = np.rint(shapely.distance(shapes[row], others[near]) * 1000)
    at[row] = near
    row, near = tree.query(shapes, predicate="intersects")
    shared = ~shapely.touches(shapes[row], others[near])
    row, near = _first(row[shared], near[shared])
    inside[row], at[row] = True, near
    return mm, inside, at


def _first(row: Rows, place: Rows) -> tuple[Rows, Rows]:
    """Keep of each row the first of its places."""
    order = np.lexsort((place, row))
    order = order[np.diff(row[order], prepend=-1) != 0]
    return row[order], place[order]


def _ids(places: gpd.GeoDataFrame, name: str, at: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the ids of the places found, by their name where they have one."""
    key = tables.contract(name).key
    shown = places[key].astype(object)
    if "name" in places:
        shown = places["name"].astype(object).where(places["name"].notna(), shown)
    words: Any = shown.to_numpy(dtype=object)
    return np.array([words[one] if one >= 0 else None for one in at], dtype=object)
