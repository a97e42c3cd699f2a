"""What is asked for: a box in degrees, or the polygon of a place (part of ``fetch``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import shapely
from pyproj import Geod

from planning.errors import Fault, InputRefused

MAX_KM2: Final = 2500.0
"""Largest area asked for, margin included: OSMnx sends one query up to this, several beyond."""
_WGS84: Final = Geod(ellps="WGS84")
_COARSE_M: Final = 50.0


@dataclass(frozen=True)
class Area:
    """The area asked for, and the one around it from which roads and facilities come; both in WGS 84 degrees."""

    label: str
    inner: Any
    outer: Any

    @property
    def km2(self) -> float:
        """Return the geodesic area asked for, in km²."""
        return geodesic_km2(self.inner)


def parse_box(text: str) -> tuple[float, float, float, float] | None:
    """Return ``west, south, east, north`` where ``text`` is four numbers, None where it is a name.

    Raises
    ------
    InputRefused
        ``fetch_box``: not west < east and south < north in degrees (latitudes first, say).
    """
    parts = text.replace("，", ",").split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if len(numbers) != 4:
        raise InputRefused(Fault("fetch_box", value=text[:100]))
    west, south, east, north = numbers
    sound = all(map(math.isfinite, numbers)) and -180 <= west < east <= 180 and -85 <= south < north <= 85
    if not sound:
        raise InputRefused(Fault("fetch_box", value=text[:100]))
    return west, south, east, north


def around(label: str, inner: Any, *, margin_m: float) -> Area:
    """Return the area with the ground around it from which people walk in and out.

    Raises
    ------
    InputRefused
        ``fetch_area_too_large``: above `MAX_KM2` with its margin.
    """
    refuse_large(geodesic_km2(inner))
    frame = gpd.GeoSeries([inner], crs=4326)
    lon, lat = shapely.box(*inner.bounds).centroid.coords[0]
    metric = f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84"
    outer = frame.to_crs(metric).buffer(margin_m + _COARSE_M).simplify(_COARSE_M).to_crs(4326).iloc[0]
    refuse_large(geodesic_km2(outer))
    return Area(label, inner, outer)


def refuse_large(km2: float) -> None:
    """Refuse more than `MAX_KM2` before anything is asked of a server."""
    if not km2 <= MAX_KM2:
        raise InputRefused(Fault("fetch_area_too_large", value=f"{km2:.0f}", facts={"most": f"{MAX_KM2:g}"}))


def geodesic_km2(shape: Any) -> float:
    """Return the area of a polygon in degrees on the ellipsoid, in km²."""
    return abs(float(_WGS84.geometry_area_perimeter(shapely.orient_polygons(shape))[0])) / 1e6
