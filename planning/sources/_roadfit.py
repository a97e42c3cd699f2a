"""Room `planning.sources`: whether places fit the roads, or would far better without a map provider's offset.

Amap, Tencent (GCJ-02) and Baidu (BD-09) shift their coordinates by half a kilometre and more, and no file says so. What
shows it is the fit: gates, boundaries and buildings lie along roads, and only where both are in one datum. A layer is
moved as if it, or the roads, had such an offset, and by many arbitrary shifts of like size; an offset is spoken of only
where it fits better than every arbitrary shift and the layer as given fits no better than those. Nothing is ever moved
by what is found here: the planner is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planning import crs as crss
from planning import texts
from planning.sources.draft import Draft

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

NEAR_M: Final = 25.0
"""A place this near to a road lies along it."""
SAMPLE: Final = 4000
MIN_PLACES: Final = 15
MIN_CONTROLS: Final = 24
RINGS_M: Final = (300.0, 650.0, 1000.0)
BEARINGS: Final = 16
MARGIN: Final = 0.25
"""By how much of the arbitrary shifts' own spread an offset must beat the best of them."""
WORST: Final = 0.1
"""A layer that fits worse than all but this share of the arbitrary shifts keeps off the roads on purpose."""
SIGNIFICANT: Final = 5.0
"""In standard errors of a share, between the layer as given and without the offset."""
OFF_AREA_M: Final = 50.0
"""Gates lie in the wall of their area; half of them farther off than this is no drawing."""
_LAYERS: Final = ("residential", "entrances", "facilities", "candidates", "medical")
_DATUMS: Final = ("", "gcj02", "bd09")


@dataclass(frozen=True)
class Guess:
    """A layer as it would lie if its own file (``layer``) or the other's (``reference``) were in ``datum``."""

    whose: str
    datum: str
    xy: Floats


@dataclass(frozen=True)
class Ground:
    """Roads to hold places against, in metres: their lines in a tree, and the ground they cover."""

    tree: shapely.STRtree
    hull: shapely.Geometry

    @classmethod
    def of(cls, lines: Shapes) -> Ground:
        """Build it from road lines."""
        hull = shapely.convex_hull(shapely.multipoints(shapely.get_coordinates(lines)))
        shapely.prepare(hull)
        return cls(shapely.STRtree(lines), hull)

    def share(self, xy: Floats) -> float:
        """Return which share of places lies along a road; NaN where most lie off the ground the roads cover."""
        here = xy[shapely.contains_xy(self.hull, xy)]
        if len(here) < max(MIN_PLACES, len(xy) / 2):
            return float("nan")
        met, _ = self.tree.query(shapely.points(here), predicate="dwithin", distance=NEAR_M)
        return len(np.unique(met)) / len(here)

    def median_m(self, xy: Floats) -> float:
        """Return the median distance of places to the nearest road."""
        _, distance = self.tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
        return float(np.median(distance))


@dataclass(frozen=True)
class Evidence:
    """What speaks for an offset: shares along roads as given, by guess, and of the best arbitrary shift."""

    given: float
    best: Guess
    shares: Mapping[tuple[str, str], float] = field(default_factory=dict)
    control: float = 0.0
    controls: int = 0


def say_offsets(drafts: Mapping[str, Draft], crs: CRS) -> None:
    """Warn of layers that look shifted against the roads (``datum_doubtful``), or gates against their areas.

    ``drafts`` are in ``crs``, metres. Layers of fewer than 15 places, or off the roads' ground, are not judged.
    """
    roads = drafts.get("roads")
    if roads is not None and (lines := _shapes(roads)).size:
        ground = Ground.of(lines)
        for name in _LAYERS:
            if name in drafts:
                _say_layer(drafts[name], roads, ground, crs)
    if "entrances" in drafts and "residential" in drafts:
        _say_gates(drafts["entrances"], drafts["residential"], crs)


def _say_layer(one: Draft, roads: Draft, ground: Ground, crs: CRS) -> None:
    xy = places(_shapes(one))
    found = weigh(xy, tuple(_guesses(xy, one, roads, crs)), ground)
    if found is None:
        return
    medians = {(guess.whose, guess.datum): ground.median_m(guess.xy) for guess in _guesses(xy, one, roads, crs)}
    tried = {"zh": "；".join(_tried(found, medians, "zh")), "en": "; ".join(_tried(found, medians, "en"))}
    subject = one if found.best.whose == "layer" else roads
    facts = {
        "count": len(xy),
        "given": f"{100 * found.given:.0f}",
        "given_m": f"{ground.median_m(xy):.0f}",
        "best": f"{100 * found.shares[found.best.whose, found.best.datum]:.0f}",
        "best_m": f"{medians[found.best.whose, found.best.datum]:.0f}",
        "control": f"{100 * found.control:.0f}",
        "controls": found.controls,
        "near_m": f"{NEAR_M:g}",
        "tried_zh": tried["zh"],
        "tried_en": tried["en"],
        **_named(subject, found.best.datum),
    }
    one.notes.table_fault("datum_doubtful", "warning", value=facts["whose"], facts=facts)


def _tried(found: Evidence, medians: Mapping[tuple[str, str], float], language: texts.Language) -> Iterator[str]:
    """Say what each guess gave."""
    for (whose, datum), share in found.shares.items():
        if np.isfinite(share):
            name = texts.t(f"datum.{whose}", language, datum=texts.t(f"datum.{datum or 'wgs84'}", language))
            yield f"{name} {100 * share:.0f} % ({medians[whose, datum]:.0f} m)"


def _named(subject: Draft, datum: str) -> dict[str, Any]:
    """Return the words for a file and the datum it may be in."""
    word = datum or "wgs84"
    return {
        "whose": subject.notes.origin.file,
        "input": subject.name,
        "word": word,
        "datum_zh": texts.t(f"datum.{word}", "zh"),
        "datum_en": texts.t(f"datum.{word}", "en"),
    }


def weigh(xy: Floats, guesses: tuple[Guess, ...], ground: Ground) -> Evidence | None:
    """Return the evidence for the guess that explains a misfit, None where there is no such misfit.

    Parameters
    ----------
    xy : array of shape (n, 2)
        Places as given, in metres.
    guesses : tuple of Guess
    ground : Ground

    Returns
    -------
    Evidence or None
        The best guess beats the layer as given by five standard errors, and the best of at least 24 arbitrary shifts
        by a quarter of their spread; the layer as given fits the roads as they do, neither better (then it is in
        place) nor worse (buildings in the middle of blocks keep off the roads, and are in place too).
    """
    given = ground.share(xy) if len(xy) >= MIN_PLACES else float("nan")
    shares = [ground.share(guess.xy) for guess in guesses]
    if not np.isfinite(given) or not np.isfinite(shares).any():
        return None
    at = int(np.nanargmax(shares))
    best = shares[at]
    error = np.sqrt(max(best * (1 - best), given * (1 - given), 1 / len(xy)) / len(xy))
    if best - given < SIGNIFICANT * error:
        return None
    tried = [np.median(guess.xy - xy, axis=0) for guess in guesses]
    controls = np.array([ground.share(xy + shift) for shift in _arbitrary(np.array(tried))])
    controls = controls[np.isfinite(controls)]
    if len(controls) < MIN_CONTROLS:
        return None
    spread = np.ptp(controls)
    if not np.quantile(controls, WORST) < given <= controls.max():
        return None  # as given it keeps to the roads, or keeps off them, as no arbitrary shift does
    if best < controls.max() + MARGIN * spread:
        return None
    named = {(guess.whose, guess.datum): share for guess, share in zip(guesses, shares, strict=True)}
    return Evidence(given, guesses[at], named, float(controls.max()), len(controls))


def _arbitrary(tried: Floats) -> Floats:
    """Return shifts of the size of the providers' in all directions, none near the guesses themselves."""
    bearings = 2 * np.pi * np.arange(BEARINGS) / BEARINGS
    rings = np.array([[radius * np.cos(bearings), radius * np.sin(bearings)] for radius in RINGS_M])
    shifts = rings.transpose(0, 2, 1).reshape(-1, 2)
    apart = np.hypot(*(shifts[:, None, :] - tried[None, :, :]).transpose(2, 0, 1)).min(axis=1) > 3 * NEAR_M
    return np.asarray(shifts[apart])


def _guesses(xy: Floats, one: Draft, reference: Draft, crs: CRS) -> Iterator[Guess]:
    """Yield the layer as it would lie if it, or its reference, were in another datum than was stated."""
    degrees = crss.to_degrees(xy, crs)
    ours, theirs = crss.shift_of(one.spec.datum), crss.shift_of(reference.spec.datum)
    for datum in _DATUMS:
        if datum != ours:
            yield Guess("layer", datum, crss.project(crss.restated(degrees, ours, datum), crs))
    for datum in _DATUMS:
        if datum != theirs:
            moved = crss.project(crss.restated(degrees, theirs, datum), crs)
            yield Guess("reference", datum, 2 * xy - moved)


def places(shapes: Shapes, *, size: int = SAMPLE) -> Floats:
    """Return places that ought to lie along roads, shape (n, 2): points, and points along the outlines of polygons.

    At most about ``size``, taken evenly from west to east, whatever the order of the rows.
    """
    parts = shapely.get_parts(shapes)
    spots = shapely.get_coordinates(parts[shapely.get_type_id(parts) == 0])
    rings = shapely.get_exterior_ring(parts[shapely.get_type_id(parts) == 3])
    per = int(np.clip(size // max(len(rings), 1), 4, 32))
    rings = rings[_evenly(shapely.bounds(rings)[:, :2] if len(rings) else np.empty((0, 2)), size // per)]
    along = shapely.line_interpolate_point(rings[:, None], ((np.arange(per) + 0.5) / per)[None, :], normalized=True)
    return np.vstack([spots[_evenly(spots, size)], shapely.get_coordinates(along.ravel())])


def _evenly(xy: Floats, size: int) -> NDArray[np.intp]:
    """Return at most ``size`` rows, evenly from west to east (ties from south to north)."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    return order if len(order) <= size else order[np.linspace(0, len(order) - 1, size).round().astype(np.intp)]


def _say_gates(gates: Draft, areas: Draft, crs: CRS) -> None:
    """Warn where gates lie off their own areas and would not without an offset."""
    shapes, ids = _shapes(gates, named="residential_id"), _ids(gates)
    ground = dict(zip(_ids(areas), _shapes(areas, named="residential_id"), strict=True))
    known = np.array([name in ground for name in ids], dtype=bool)
    if np.count_nonzero(known) < MIN_PLACES:
        return
    xy = shapely.get_coordinates(shapely.centroid(shapes[known]))
    own = np.array([ground[name] for name in ids[known]], dtype=object)
    given = float(np.median(shapely.distance(shapely.points(xy), own)))
    if given <= OFF_AREA_M:
        return
    guesses = tuple(_guesses(xy, gates, areas, crs))
    distances = [float(np.median(shapely.distance(shapely.points(guess.xy), own))) for guess in guesses]
    at = int(np.argmin(distances))
    if distances[at] > min(OFF_AREA_M, given / 4):
        return
    best = guesses[at]
    facts = {"count": len(xy), "given_m": f"{given:.0f}", "best_m": f"{distances[at]:.0f}"}
    facts |= {"areas": areas.notes.origin.file, **_named(gates if best.whose == "layer" else areas, best.datum)}
    gates.notes.table_fault("datum_doubtful_gates", "warning", value=facts["whose"], facts=facts)


def _shapes(one: Draft, *, named: str = "") -> Shapes:
    """Return the shapes of the rows that count; with ``named`` only where that column says something."""
    if one.shapes is None:
        return np.empty(0, dtype=object)
    kept = one.live() & ~shapely.is_missing(one.shapes)
    kept = kept & one.frame[named].notna().to_numpy() if named else kept
    return np.asarray(one.shapes[kept], dtype=object)


def _ids(one: Draft) -> NDArray[np.object_]:
    kept = one.live() & ~shapely.is_missing(one.shapes)
    ids = one.frame["residential_id"]
    return np.asarray(ids[kept & ids.notna().to_numpy()], dtype=object)
