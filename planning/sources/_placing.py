"""Room `planning.sources`: what a layer's coordinates are in, by the file, the plan's word or the plan's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from pyproj import CRS

from planning import crs as crss
from planning.errors import Fault
from planning.sources import geometry
from planning.sources.draft import Draft

_DATUM_CRS: Final = {"wgs84": 4326, "cgcs2000": 4490, "gcj02": 4326, "bd09": 4326}


def settle(one: Draft) -> list[Fault]:
    """Settle the CRS of a draft; shapes in an old datum or local grid are brought to CGCS2000 if the plan says how.

    Returns
    -------
    list of Fault
        ``crs_missing``, ``crs_stated_unknown`` and ``crs_contradicts`` (the plan's ``crs`` is none, or not the file's),
        the faults of the parameters (`planning.crs.DatumShift.faults`) and what the coordinates say against their CRS
        (`planning.crs.layer_faults`). After a fault the draft cannot be placed on the earth.
    """
    place: Mapping[str, Any] = {"file": one.notes.origin.file, "layer": one.notes.origin.layer}
    faults = _settle_stated(one, place)
    if faults or one.spec.datum_shift is None:
        return faults
    return _shifted(one, crss.DatumShift.of(one.spec.datum_shift), place)


def _settle_stated(one: Draft, place: Mapping[str, Any]) -> list[Fault]:
    """Take the CRS the plan states for a file without one; else degrees, where the plan states a datum alone."""
    spec, shift = one.spec, one.spec.datum_shift
    if spec.crs is not None:
        stated = crss.stated(spec.crs)
        if stated is None:
            return [Fault("crs_stated_unknown", **place, column="crs", value=spec.crs)]
        if spec.datum in ("wgs84", "cgcs2000"):
            stated = crss.on_cgcs2000(stated)
        if one.crs is not None and not (one.crs == stated or crss.same_projection(one.crs, stated)):
            facts = {"found": crss.crs_name(one.crs)}
            return [Fault("crs_contradicts", **place, column="crs", value=spec.crs, facts=facts)]
        one.crs = stated
    if one.crs is None and spec.datum is not None:
        one.crs = CRS.from_epsg(_DATUM_CRS[spec.datum])
    if one.crs is None and (shift is None or shift["method"] != "plane"):
        return [Fault("crs_missing", **place)]
    return []


def _shifted(one: Draft, shift: crss.DatumShift, place: Mapping[str, Any]) -> list[Fault]:
    """Bring the shapes to CGCS2000 by the plan's parameters, if these and the coordinates can be right."""
    shapes = one.shapes
    if shapes is None:
        return []
    live = one.live() & geometry.finite(shapes)
    xy = geometry.representative(shapes[live])
    xy = xy[np.isfinite(xy).all(axis=1)]
    faults = shift.faults(xy, one.crs, **place)
    if not faults and one.crs is not None:
        faults = crss.layer_faults(xy, one.crs, **place)
    if faults:
        return faults
    geometry.say_heights(shapes[live], one.notes)
    one.crs_text = f"{'?' if one.crs is None else crss.crs_name(one.crs)} → {shift.text(one.crs)}"
    source = one.crs
    one.shapes = crss.transform_geometries(shapes, lambda xy: shift.apply(xy, source))
    one.crs = shift.destination()
    return []
