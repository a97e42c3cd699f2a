"""Room `planning.scenario`: places on a map as coordinates of a plan, and back."""

from __future__ import annotations

import math
from itertools import count

from pyproj import CRS, Transformer

from planning.errors import Fault, InputRefused
from planning.scenario._edits import Place
from planning.scenario._engine import Base

_DEGREES = "EPSG:4490"  # CGCS2000, in which the web map draws


def metres(crs: CRS, lon: float, lat: float) -> tuple[float, float]:
    """Return a place given in degrees in metres of ``crs``, to the millimetre.

    Raises
    ------
    InputRefused
        ``scenario_place`` for what is no place on the ground.
    """
    if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90:
        x, y = Transformer.from_crs(_DEGREES, crs, always_xy=True).transform(lon, lat)
        if math.isfinite(x) and math.isfinite(y):
            return round(x, 3), round(y, 3)
    raise InputRefused(Fault("scenario_place", value=f"{lon}, {lat}"))


def degrees(crs: CRS, x_m: float, y_m: float) -> tuple[float, float]:
    """Return a place in degrees: longitude, latitude."""
    lon, lat = Transformer.from_crs(crs, _DEGREES, always_xy=True).transform(x_m, y_m)
    return float(lon), float(lat)


def new_site(base: Base, placed: frozenset[str], name: str, x_m: float, y_m: float) -> Place:
    """Return the edit that places a site under the first free id ``N01``, ``N02`` …, named ``name`` with its number."""
    taken = set(placed)
    for table in ("candidates", "facilities"):
        if table in base.inputs.tables:
            taken |= set(base.inputs.tables[table]["facility_id"])
    number = next(number for number in count(1) if f"N{number:02d}" not in taken)
    return Place(f"N{number:02d}", f"{name}{number}", x_m, y_m)
