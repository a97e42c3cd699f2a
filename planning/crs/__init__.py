"""Coordinates: the metric CRS of a run, the way into it, and the refusal of what cannot be trusted.

Every distance is measured in one CGCS2000 3-degree zone (or the plan's own metric CRS). WGS 84 and CGCS2000 are taken
as equal (they differ by centimetres; PROJ knows no shift between them) and the pipeline text says so. Beijing 54 and
Xi'an 80 are refused: PROJ would move them by nothing at all and be tens of metres wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import ProjError

from planning import texts
from planning.crs._datum import DatumShift, stated
from planning.crs._kinds import (
    CHINA_BOX,
    Place,
    central_meridian,
    crs_name,
    false_easting,
    geodetic,
    horizontal,
    inside,
    is_equal_datum,
    is_web_mercator,
    layer_faults,
    old_datum,
    on_cgcs2000,
    plausible_box,
    same_projection,
)
from planning.crs._offsets import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    restated,
    wgs84_to_gcj02,
)
from planning.errors import Fault, InputRefused, refuse

__all__ = [
    "CHINA_BOX",
    "DatumShift",
    "Transformation",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "central_meridian",
    "crs_name",
    "false_easting",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "horizontal",
    "inside",
    "is_equal_datum",
    "is_web_mercator",
    "layer_faults",
    "metric_crs",
    "old_datum",
    "on_cgcs2000",
    "parse_metric",
    "plausible_box",
    "project",
    "restated",
    "said",
    "same_projection",
    "scale_error",
    "shift_of",
    "source_faults",
    "stated",
    "to_degrees",
    "transform_geometries",
    "transformation",
    "wgs84_to_gcj02",
    "zone_epsg",
]

Floats = NDArray[np.float64]
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]

ZONED_LONGITUDES: Final = (73.5, 136.5)
HALF_ZONE: Final = 1.5
"""Degrees: a city's own meridian this near to its data serves as well as that of the zone, or better."""
MAX_SCALE_ERROR: Final = 0.005


# ------------------------------------------------------------------------------------------- the metric CRS of a run


def zone_epsg(longitude: float) -> int:
    """Return the CGCS2000 3-degree zone (EPSG 4534 to 4554, no zone prefix) of a longitude in degrees.

    The central meridians are 75, 78 … 135 E; a longitude midway between two belongs to the eastern zone.

    Raises
    ------
    ValueError
        Outside 73.5 to 136.5 E, where no such zone is defined.
    """
    west, east = ZONED_LONGITUDES
    if not west <= longitude < east:
        raise ValueError(f"no CGCS2000 3-degree zone at longitude {longitude}")
    return 4534 + int(np.floor((longitude + 1.5) / 3)) - 25


def metric_crs(
    declared: str | None, longitude: float, latitude: float, *, file: str = ""
) -> tuple[CRS, tuple[Fault, ...]]:
    """Return the CRS a run measures in.

    Parameters
    ----------
    declared : str or None
        ``plan.crs``; without it the CGCS2000 3-degree zone of the data is taken.
    longitude, latitude : float
        The centre of the data, in degrees.
    file : str
        The plan file, for the faults.

    Returns
    -------
    crs : pyproj.CRS
        Projected, metres, no web Mercator.
    warnings : tuple of Fault
        ``crs_zone_neighbour`` where ``declared`` is the zone next to that of the data.

    Raises
    ------
    InputRefused
        ``crs_unknown``, ``crs_not_metric``, ``crs_web_mercator``, ``crs_old_datum``, ``crs_zone_far`` (more than one
        zone off), ``crs_distorts`` (lengths wrong by more than 0.5 % at the centre of the data), ``crs_no_zone``
        (data outside the zones and no ``declared``).
    """
    if declared is None:
        try:
            return CRS.from_epsg(zone_epsg(longitude)), ()
        except ValueError:
            facts = {"lon": round(longitude, 3), "lat": round(latitude, 3)}
            raise InputRefused(Fault("crs_no_zone", file=file, column="plan.crs", facts=facts)) from None
    crs = parse_metric(declared, file=file)
    faults = _zone_faults(crs, longitude, latitude, Place(file=file, column="plan.crs", value=declared))
    refuse(faults)
    return crs, tuple(faults)


def parse_metric(declared: str, *, file: str = "") -> CRS:
    """Return the CRS that ``plan.crs`` names, if lengths can be measured in it.

    Raises
    ------
    InputRefused
        See `metric_crs`; what depends on where the data lie is not looked at here.
    """
    place = Place(file=file, column="plan.crs", value=declared)
    found = stated(declared)
    if found is None:
        raise InputRefused(place.fault("crs_unknown"))
    crs = on_cgcs2000(found)
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        raise InputRefused(place.fault("crs_not_metric"))
    if is_web_mercator(crs):
        raise InputRefused(place.fault("crs_web_mercator"))
    if old_datum(crs):
        raise InputRefused(place.fault("crs_old_datum", datum=old_datum(crs)))
    return crs


def _zone_faults(crs: CRS, longitude: float, latitude: float, place: Place) -> list[Fault]:
    """Hold the zone of ``crs`` against the data's, and its scale against 1."""
    faults = []
    meridian = central_meridian(crs)
    best = round(longitude / 3) * 3
    if meridian is not None and abs(meridian - best) > 0.01 and abs(longitude - meridian) > HALF_ZONE:
        near = abs(meridian - best) <= 3.01
        facts = {"meridian": f"{meridian:g}", "best": f"{best:g}", "epsg": _zone_text(longitude)}
        code = "crs_zone_neighbour" if near else "crs_zone_far"
        faults.append(place.fault(code, "warning" if near else "error", **facts))
    error = scale_error(crs, longitude, latitude)
    if not error <= MAX_SCALE_ERROR and not any(fault.code == "crs_zone_far" for fault in faults):
        faults.append(place.fault("crs_distorts", percent=f"{100 * error:.2f}", epsg=_zone_text(longitude)))
    return faults


def _zone_text(longitude: float) -> str:
    west, east = ZONED_LONGITUDES
    return f"EPSG:{zone_epsg(longitude)}" if west <= longitude < east else "UTM"


def scale_error(crs: CRS, longitude: float, latitude: float) -> float:
    """Return how far lengths in ``crs`` are off at a place, as a share; infinite where the projection fails."""
    factors = Proj(crs).get_factors(longitude, latitude)
    return float(np.nan_to_num(max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1)), nan=np.inf))


# -------------------------------------------------------------------------------------------------- the way into it


@dataclass(frozen=True)
class Transformation:
    """The way from the coordinates of a file into the metric CRS: shift of the map provider, datum, projection."""

    source: CRS
    target: CRS
    shift: Literal["", "gcj02", "bd09"] = ""

    def __call__(self, xy: Floats) -> Floats:
        """Return metric coordinates, shape (n, 2), of ``xy`` in the file's CRS (east, north); not finite stays so."""
        if not self.shift and same_projection(self.source, self.target):
            return xy
        return project(to_degrees(xy, self.source, shift=self.shift), self.target)

    def text(self) -> str:
        """Return the pipeline in words, for the record of the run."""
        steps = [crs_name(self.source)]
        if self.shift:
            steps.append(texts.both(f"crs.shift.{self.shift}"))
        if crs_name(geodetic(self.source)) != crs_name(geodetic(self.target)):
            steps.append(texts.both("crs.taken_as_equal"))
        return " → ".join([*dict.fromkeys(steps), f"{crs_name(self.target)} ({self.target.name})"])


def said(crs: CRS, language: texts.Language) -> str:
    """Return a metric CRS as planners write it: a three-degree zone by its central meridian, another by its name."""
    meridian = central_meridian(crs)
    if meridian is None or not crs.name.startswith("CGCS2000 / 3-degree"):
        return str(crs.name)
    return texts.t("crs.zone", language, meridian=f"{meridian:g}")


def told(text: str, language: texts.Language) -> str:
    """Return a pipeline as `Transformation.text` records it, in one language: its words, and its CRS by `said`."""
    words = texts.in_one_language(text, "crs", language)
    return re.sub(r"(EPSG:\d+) \([^()]*(?:\([^()]*\)[^()]*)*\)", partial(_named, language=language), words)


def _named(found: re.Match[str], *, language: texts.Language) -> str:
    return texts.t("crs.named", language, code=found[1], name=said(CRS.from_user_input(found[1]), language))


def transformation(
    source: CRS, target: CRS, *, datum: Datum | None = None, file: str = "", layer: str = ""
) -> Transformation:
    """Return the way from ``source`` to the metric CRS ``target``.

    Parameters
    ----------
    source : CRS
        What the file says, horizontal.
    target : CRS
        See `metric_crs`.
    datum : {"wgs84", "cgcs2000", "gcj02", "bd09"}, optional
        What the plan says; ``gcj02`` and ``bd09`` are shifted to WGS 84 first.
    file, layer : str
        The place, for the faults.

    Raises
    ------
    InputRefused
        See `source_faults`.
    """
    refuse(source_faults(source, target, file=file, layer=layer))
    return Transformation(source, target, shift_of(datum))


def shift_of(datum: str | None) -> Literal["", "gcj02", "bd09"]:
    """Return the map provider's shift a stated datum calls for, an empty text for the plain ones."""
    if datum == "gcj02":
        return "gcj02"
    return "bd09" if datum == "bd09" else ""


def source_faults(source: CRS, target: CRS | None, *, file: str = "", layer: str = "") -> list[Fault]:
    """Return why coordinates in ``source`` are not accepted.

    ``crs_old_datum`` (Beijing 54, Xi'an 80), ``crs_input_web_mercator``, ``crs_unusable`` (neither degrees nor
    projected, as a local engineering CRS), ``crs_datum_shift`` (a datum with no dependable way to that of ``target``).
    """
    place = Place(file=file, layer=layer, value=crs_name(source))
    if not (source.is_geographic or source.is_projected) or source.geodetic_crs is None:
        return [place.fault("crs_unusable")]
    if old_datum(source):
        return [place.fault("crs_old_datum", datum=old_datum(source))]
    if is_web_mercator(source):
        return [place.fault("crs_input_web_mercator")]
    if target is not None and not _datum_way(source, target):
        return [place.fault("crs_datum_shift", target=crs_name(target))]
    return []


def _datum_way(source: CRS, target: CRS) -> bool:
    """Say whether the datums are equal or PROJ knows a real (not ballpark) way between them."""
    if is_equal_datum(source) and is_equal_datum(target):
        return True
    try:
        Transformer.from_crs(geodetic(source), geodetic(target), always_xy=True, allow_ballpark=False)
    except ProjError:
        return False
    return True


def to_degrees(xy: Floats, source: CRS, *, shift: str = "") -> Floats:
    """Return longitude and latitude, shape (n, 2), of coordinates in ``source``, on WGS 84 or CGCS2000 alike."""
    degrees = _through(xy, Transformer.from_crs(source, geodetic(source), always_xy=True))
    unshift: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
        "gcj02": gcj02_to_wgs84,
        "bd09": bd09_to_wgs84,
    }
    if shift not in unshift:
        return degrees
    return np.column_stack(unshift[shift](degrees[:, 0], degrees[:, 1]))


def project(degrees: Floats, target: CRS) -> Floats:
    """Return metric coordinates of longitudes and latitudes on the datum of ``target``."""
    return _through(degrees, Transformer.from_crs(geodetic(target), target, always_xy=True))


def transform_geometries(geometries: NDArray[np.object_], way: Callable[[Floats], Floats]) -> NDArray[np.object_]:
    """Return the geometries with ``way`` applied to their coordinates; 2D, None stays None."""
    return np.asarray(shapely.transform(shapely.force_2d(geometries), way), dtype=object)


def _through(xy: Floats, transformer: Transformer) -> Floats:
    x, y = transformer.transform(xy[:, 0], xy[:, 1])
    return np.column_stack((np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)))
