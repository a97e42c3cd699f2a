"""GCJ-02 and BD-09 over the whole country, against the published formula written out once more in plain arithmetic.

The oracle works number by number with `math` and shares nothing with the tool; going back is checked by going forward
again with the oracle, on a lattice of half a degree and at its odd places.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from planning import crs as crss

CENTIMETRE = 0.01
BOX = (72.004, 0.8293, 137.8347, 55.8271)
X_PI = math.pi * 3000.0 / 180.0


def gcj02(lon, lat):
    if not (BOX[0] <= lon <= BOX[2] and BOX[1] <= lat <= BOX[3]):
        return lon, lat
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    ripple = (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lat += ripple + (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    d_lat += (160.0 * math.sin(y / 12.0 * pi) + 320.0 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    d_lon += ripple + (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    d_lon += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    a, ee, phi = 6378245.0, 0.00669342162296594323, math.radians(lat)
    w2 = 1.0 - ee * math.sin(phi) ** 2
    meridian = a * (1.0 - ee) / (w2 * math.sqrt(w2))  # radius of curvature north and south
    parallel = a / math.sqrt(w2) * math.cos(phi)
    return lon + math.degrees(d_lon / parallel), lat + math.degrees(d_lat / meridian)


def bd09(lon, lat):
    z = math.sqrt(lon * lon + lat * lat) + 0.00002 * math.sin(lat * X_PI)
    theta = math.atan2(lat, lon) + 0.000003 * math.cos(lon * X_PI)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def apart_m(lon, lat, other_lon, other_lat):
    east = (np.asarray(lon) - other_lon) * 111_320 * np.cos(np.radians(lat))
    return np.hypot(east, (np.asarray(lat) - other_lat) * 111_133)


def lattice():
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.arange(73.0, 136.0, 0.5), np.arange(3.5, 54.0, 0.5)))
    odd = [(105.0, 35.0), (105.0 + 1e-9, 35.0), (104.999999, 30.0), (72.01, 20.0), (137.8, 50.0), (100.0, 0.84)]
    return np.append(lon, [x for x, _ in odd]), np.append(lat, [y for _, y in odd])


def test_forward_is_the_formula():
    lon, lat = lattice()
    wanted = np.array([gcj02(*one) for one in zip(lon, lat, strict=True)]).T
    assert apart_m(*crss.wgs84_to_gcj02(lon, lat), *wanted).max() < 1e-6
    wanted = np.array([bd09(*one) for one in zip(lon, lat, strict=True)]).T
    assert apart_m(*crss.gcj02_to_bd09(lon, lat), *wanted).max() < 1e-6


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_back_is_exact_to_a_centimetre_everywhere(datum):
    """Take every lattice place as the answer, go forward by the oracle, come back by the tool."""
    lon, lat = lattice()
    there = np.array([gcj02(*one) for one in zip(lon, lat, strict=True)])
    if datum == "bd09":
        there = np.array([bd09(*one) for one in there])
    back = {"gcj02": crss.gcj02_to_wgs84, "bd09": crss.bd09_to_wgs84}[datum](*there.T)
    assert apart_m(*back, lon, lat).max() < CENTIMETRE


@pytest.mark.parametrize(
    "place",
    [
        (0.0, 0.0),
        (-73.98, 40.75),
        (139.76, 35.68),
        (2.35, 48.85),
        (105.0, 56.0),
        (105.0, 0.5),
        (71.9, 35.0),
        (138.0, 45.0),
    ],
)
def test_abroad_nothing_moves_either_way(place):
    lon, lat = (np.array([one]) for one in place)
    for move in (crss.wgs84_to_gcj02, crss.gcj02_to_wgs84, crss.bd09_to_wgs84):
        assert [float(axis[0]) for axis in move(lon, lat)] == list(place)


@pytest.mark.parametrize("stated", ["", "gcj02", "bd09"])
@pytest.mark.parametrize("other", ["", "gcj02", "bd09"])
def test_restating_a_datum_is_as_if_the_file_had_been_read_so(stated, other):
    """A raw place read as ``stated`` and restated as ``other`` is the raw place read as ``other``."""
    read = {"": lambda lon, lat: (lon, lat), "gcj02": crss.gcj02_to_wgs84, "bd09": crss.bd09_to_wgs84}
    raw = np.array([116.4, 87.6, 121.5, 113.3]), np.array([39.9, 43.8, 31.2, 23.1])
    found = crss.restated(np.column_stack(read[stated](*raw)), stated, other)
    assert apart_m(*found.T, *read[other](*raw)).max() < CENTIMETRE
