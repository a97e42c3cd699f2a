"""Room of `planning.crs`: the offsets of Chinese map providers, GCJ-02 (Amap, Tencent) and BD-09 (Baidu).

There is no official formula. The one used here is the widely published one; forward it is exact by definition, backward
it is solved by iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_A: Final = 6_378_245.0
_EE: Final = 0.00669342162296594323
_X_PI: Final = np.pi * 3000 / 180
_ITERATIONS: Final = 12


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees of WGS 84 degrees; outside 72.004–137.8347 E, 0.8293–55.8271 N nothing moves.

    The widely published formula; there is no official one. Shape of the input kept, NaN stays NaN.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = lon - 105, lat - 35
    wave = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    phi = np.radians(lat)
    magic = 1 - _EE * np.sin(phi) ** 2
    north_degrees = north * 180 / (_A * (1 - _EE) / (magic * np.sqrt(magic)) * np.pi)
    east_degrees = east * 180 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    shifted = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return np.where(shifted, lon + east_degrees, lon), np.where(shifted, lat + north_degrees, lat)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of GCJ-02 degrees, inverted by iteration: `wgs84_to_gcj02` leads back within 1 cm."""
    return _invert(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return BD-09 degrees (Baidu) of GCJ-02 degrees, by the published formula."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees of BD-09 degrees, inverted by iteration."""
    return _invert(gcj02_to_bd09, lon, lat)


def bd09_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of BD-09 degrees: BD-09 → GCJ-02 → WGS 84. Outside China nothing moves."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    here = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    gcj_lon, gcj_lat = bd09_to_gcj02(lon, lat)
    wgs_lon, wgs_lat = gcj02_to_wgs84(gcj_lon, gcj_lat)
    return np.where(here, wgs_lon, lon), np.where(here, wgs_lat, lat)


def _invert(
    forward: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: Floats, lat: Floats
) -> tuple[Floats, Floats]:
    """Solve ``forward(x) = (lon, lat)`` by fixed point; the shift changes by under 1 % a step, so it closes fast."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = lon.copy(), lat.copy()
    for _ in range(_ITERATIONS):
        there_x, there_y = forward(x, y)
        x, y = x - (there_x - lon), y - (there_y - lat)
    return x, y


def restated(degrees: Floats, stated: str, other: str) -> Floats:
    """Return where places would lie had their file been taken to be in ``other`` instead of ``stated``.

    Parameters
    ----------
    degrees : array of shape (n, 2)
        Longitude and latitude on WGS 84, as they came out of a file taken to be in ``stated``.
    stated, other : {"", "gcj02", "bd09"}
        An empty text is a file without offset.
    """
    lon, lat = degrees[:, 0], degrees[:, 1]
    if stated:
        lon, lat = wgs84_to_gcj02(lon, lat)
    if stated == "bd09":
        lon, lat = gcj02_to_bd09(lon, lat)
    if other:
        lon, lat = gcj02_to_wgs84(lon, lat) if other == "gcj02" else bd09_to_wgs84(lon, lat)
    return np.column_stack((lon, lat))
