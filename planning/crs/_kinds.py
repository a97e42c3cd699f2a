"""Room of `planning.crs`: what a coordinate system is, and whether coordinates can be in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.crs import ProjectedCRS

from planning.errors import Fault, Severity

Floats = NDArray[np.float64]

CHINA_BOX: Final = (72.0, 3.0, 136.0, 54.0)
"""West, south, east, north in degrees."""
_OLD_ELLIPSOIDS: Final = {(6_378_245, 298.3): "Beijing 1954", (6_378_140, 298.257): "Xi'an 1980"}


def horizontal(crs: CRS) -> CRS:
    """Return the horizontal part of ``crs``, without vertical axes and without a bound datum shift."""
    if crs.is_bound and crs.source_crs is not None:
        return horizontal(crs.source_crs)
    if crs.is_compound:
        return horizontal(crs.sub_crs_list[0])
    return crs


def is_web_mercator(crs: CRS) -> bool:
    """Say whether ``crs`` is a normal Mercator, whose metres are not metres on the ground."""
    method = "" if crs.coordinate_operation is None else crs.coordinate_operation.method_name.lower()
    return "mercator" in method and "transverse" not in method and "oblique" not in method


def central_meridian(crs: CRS) -> float | None:
    """Return the central meridian of a transverse Mercator zone in degrees, else None."""
    operation = crs.coordinate_operation
    if operation is None or "transverse mercator" not in operation.method_name.lower():
        return None
    found = [step.value for step in operation.params if step.name == "Longitude of natural origin"]
    return float(found[0]) if found else None


def false_easting(crs: CRS) -> float:
    """Return the false easting in metres, 0 where there is none."""
    operation = crs.coordinate_operation
    found = [] if operation is None else [step.value for step in operation.params if step.name == "False easting"]
    return float(found[0]) if found else 0.0


def old_datum(crs: CRS) -> str:
    """Return the name of the old Chinese datum ``crs`` stands on (told by its ellipsoid), else an empty text."""
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        return ""
    for (axis, flattening), name in _OLD_ELLIPSOIDS.items():
        if abs(ellipsoid.semi_major_metre - axis) < 0.5 and abs(ellipsoid.inverse_flattening - flattening) < 1e-3:
            return name
    return ""


def is_equal_datum(crs: CRS) -> bool:
    """Say whether ``crs`` stands on WGS 84 or CGCS2000, which are taken as equal."""
    datum = "" if crs.datum is None else "".join(filter(str.isalnum, crs.datum.name.lower()))
    known = (
        "worldgeodeticsystem1984",
        "wgs1984",
        "wgs84",
        "chinageodeticcoordinatesystem2000",
        "china2000",
        "cgcs2000",
    )
    return any(word in datum for word in known)


def on_cgcs2000(crs: CRS) -> CRS:
    """Return a projection that names an ellipsoid but no datum, as PROJ strings do, as a projection of CGCS2000.

    Only where the ellipsoid is that of CGCS2000, GRS 80 or WGS 84, which differ by a tenth of a millimetre, and lengths
    are metres; anything else comes back as it is.
    """
    ellipsoid, operation = crs.ellipsoid, crs.coordinate_operation
    datum = "" if crs.datum is None else crs.datum.name.lower()
    if ellipsoid is None or operation is None or not crs.is_projected or "unknown" not in datum:
        return crs
    modern = abs(ellipsoid.semi_major_metre - 6_378_137) < 0.5 and abs(ellipsoid.inverse_flattening - 298.2572) < 1e-3
    metres = all(axis.unit_conversion_factor == 1 for axis in crs.axis_info[:2])
    if not (modern and metres):
        return crs
    base = CRS.from_epsg(4490)
    return ProjectedCRS(conversion=operation.to_json_dict(), name=crs.name, geodetic_crs=base)


def same_projection(one: CRS, other: CRS) -> bool:
    """Say whether two projected CRS give the same numbers, whatever they are called and however axes are ordered."""
    if not (one.is_projected and other.is_projected and is_equal_datum(one) and is_equal_datum(other)):
        return False
    return _parameters(one) == _parameters(other)


def _parameters(crs: CRS) -> tuple[Any, ...]:
    operation = crs.coordinate_operation
    if operation is None or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        return (crs.to_wkt(),)
    method = "gauss kruger" if "transverse mercator" in operation.method_name.lower() else operation.method_name.lower()
    # WGS 84 and CGCS2000 ellipsoids differ by 0.1 mm in the semi-minor axis: the same numbers to 0.1 mm.
    return (method, *sorted((step.name, round(float(step.value), 9)) for step in operation.params))


def geodetic(crs: CRS) -> CRS:
    """Return the 2D geographic CRS under ``crs``."""
    base = crs.geodetic_crs
    if base is None:
        raise ValueError(f"{crs.name} has no geodetic base")
    return base.to_2d()


def crs_name(crs: CRS) -> str:
    """Return ``EPSG:4548`` where there is a code, else the name."""
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority else crs.name


@dataclass(frozen=True)
class Place:
    """Where a fault lies, and what stands there."""

    file: str = ""
    layer: str = ""
    column: str = ""
    value: str = ""

    def fault(self, code: str, severity: Severity = "error", **facts: object) -> Fault:
        """Return a fault with this code, here."""
        return Fault(code, severity, self.file, self.layer, None, self.column, self.value, facts)


def layer_faults(xy: Floats, source: CRS, *, file: str = "", layer: str = "") -> list[Fault]:
    """Hold the coordinates of a layer against what its CRS claims.

    Parameters
    ----------
    xy : array of shape (n, 2)
        One point a row of the layer (east, north), in the file's own CRS, finite.
    source : CRS
        Horizontal.

    Returns
    -------
    list of Fault
        At most one, and only where more than half the points say so: ``crs_axes_swapped``, ``crs_metres_as_degrees``,
        ``crs_degrees_as_metres``, ``crs_zone_prefix`` (eastings with the number of the zone in front under a CRS
        without, or the other way round). Single points out of place are the row's fault, not the layer's.
    """
    if not len(xy):
        return []
    x, y = xy[:, 0], xy[:, 1]
    sample = f"{np.median(x):.6g}, {np.median(y):.6g}"
    place = Place(file=file, layer=layer, value=sample)
    tests = _geographic_tests(x, y) if source.is_geographic else _projected_tests(x, y, false_easting(source))
    for code, hits in tests:
        if np.count_nonzero(hits) * 2 > len(x):
            zone = int(np.median(x) // 1e6)
            return [place.fault(code, crs=crs_name(source), zone=zone if zone else "?")]
    return []


def _geographic_tests(x: Floats, y: Floats) -> list[tuple[str, NDArray[np.bool_]]]:
    west, south, east, north = CHINA_BOX
    swapped = (x >= south) & (x <= north) & (y >= west) & (y <= east)
    return [("crs_axes_swapped", swapped), ("crs_metres_as_degrees", (np.abs(x) > 180) | (np.abs(y) > 90))]


def _projected_tests(x: Floats, y: Floats, easting: float) -> list[tuple[str, NDArray[np.bool_]]]:
    prefixed = x >= 1e7
    swapped = ((x > 1e6) & (x < 1e7) & (y < 1e6)) | ((y >= 1e7) & (x < 1e7))
    wrong = prefixed if easting < 1e6 else ~prefixed
    return [
        ("crs_degrees_as_metres", (np.abs(x) <= 180) & (np.abs(y) <= 180)),
        ("crs_axes_swapped", swapped),
        ("crs_zone_prefix", wrong),
    ]


def plausible_box(target: CRS | None) -> tuple[float, float, float, float]:
    """Return the box, in degrees, that data must lie in: China, or round the area of a plan's CRS elsewhere."""
    area = None if target is None else target.area_of_use
    west, south, east, north = CHINA_BOX
    if area is None or (area.west < east and area.east > west and area.south < north and area.north > south):
        return CHINA_BOX
    return (area.west - 3, area.south - 3, area.east + 3, area.north + 3)


def inside(degrees: Floats, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Say which longitudes and latitudes lie in ``box``, edges included; what is not finite does not."""
    west, south, east, north = box
    lon, lat = degrees[:, 0], degrees[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
