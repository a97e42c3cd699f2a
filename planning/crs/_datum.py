"""Room `planning.crs`: the way from an old datum or a local grid to CGCS2000, by parameters that the plan states.

There are no public parameters for Beijing 54, Xi'an 80 or a city's own grid: the surveying office has them. Seven
parameters act on geocentric coordinates, four on a plane grid. Units, the sense of rotation and the direction are
stated with them, for half the mistakes made with parameters are made there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from planning import texts
from planning.crs._kinds import (
    Place,
    central_meridian,
    crs_name,
    false_easting,
    geodetic,
    horizontal,
    is_equal_datum,
    old_datum,
)
from planning.errors import Fault

Floats = NDArray[np.float64]

MAX_SHIFT_M: Final = 500.0
"""Beijing 54 and Xi'an 80 lie tens of metres to 200 m off CGCS2000; parameters that move farther are not theirs."""
MIN_SHIFT_M: Final = 1.0
_CGCS2000: Final = 4490
_METRES_A_DEGREE: Final = 111_320.0
_ZONE: Final = 1_000_000.0


@dataclass(frozen=True)
class DatumShift:
    """Parameters of a transformation to CGCS2000.

    Attributes
    ----------
    method : {"position_vector", "coordinate_frame", "plane"}
        Seven parameters with rotations of the position vector (EPSG:1033) or of the coordinate frame (EPSG:1032, as
        the Bursa model is mostly written), or four parameters in the plane.
    direction : {"to_cgcs2000", "from_cgcs2000"}
        Which way the parameters lead; the other way is their exact inverse.
    values : mapping of str to float
        Seven: ``dx_m, dy_m, dz_m, rx_arcsec, ry_arcsec, rz_arcsec, scale_ppm``. Four: ``east_m, north_m,
        rotation_arcsec, scale_ppm``: turn about the origin of the grid, stretch by 1 + ppm · 10⁻⁶, then move.
    rotation : {"", "clockwise", "counterclockwise"}
        In the plane: which way a positive rotation turns points on the map, north up.
    target : str
        In the plane: the CGCS2000 grid the parameters lead to, without zone prefix (``EPSG:4548``).
    """

    method: str
    direction: str
    values: Mapping[str, float]
    rotation: str = ""
    target: str = ""

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> DatumShift:
        """Build it from the plan's ``datum_shift``, which `planning.plan` has checked."""
        words = {name: value for name, value in stated.items() if isinstance(value, str)}
        values = {name: float(value) for name, value in stated.items() if name not in words}
        return cls(**words, values=values)

    @property
    def in_plane(self) -> bool:
        """Say whether the parameters act on a plane grid."""
        return self.method == "plane"

    def destination(self) -> CRS:
        """Return the CRS that `apply` leads to."""
        return CRS.from_user_input(self.target) if self.in_plane else CRS.from_epsg(_CGCS2000)

    def apply(self, xy: Floats, source: CRS | None) -> Floats:
        """Return coordinates in `destination`, shape (n, 2), of ``xy`` (east, north) in ``source``.

        Seven parameters take every place to lie on the ellipsoid: heights of some hundred metres change the answer by
        millimetres. In the plane the number of the zone is taken off the easting first.
        """
        if self.in_plane:
            return self._in_plane(xy)
        if source is None:
            raise ValueError("seven parameters need the ellipsoid they start from")
        degrees = _degrees(xy, source)
        way = Transformer.from_pipeline(self._pipeline(source))
        lon, lat, _ = way.transform(degrees[:, 0], degrees[:, 1], np.zeros(len(degrees)))
        return np.column_stack((lon, lat))

    def _pipeline(self, source: CRS) -> str:
        """Return the PROJ pipeline from degrees on the source's ellipsoid to degrees on that of CGCS2000."""
        target = CRS.from_epsg(_CGCS2000)
        forward = self.direction == "to_cgcs2000"
        names = {"dx_m": "x", "dy_m": "y", "dz_m": "z", "rx_arcsec": "rx", "ry_arcsec": "ry", "rz_arcsec": "rz"}
        numbers = " ".join(f"+{names.get(name, 's')}={value!r}" for name, value in sorted(self.values.items()))
        steps = [
            "+proj=unitconvert +xy_in=deg +xy_out=rad",
            f"+proj=cart {_ellipsoid(source)}",
            f"{'' if forward else '+inv '}+proj=helmert {numbers} +convention={self.method}",
            f"+inv +proj=cart {_ellipsoid(target)}",
            "+proj=unitconvert +xy_in=rad +xy_out=deg",
        ]
        return "+proj=pipeline " + " ".join(f"+step {step}" for step in steps)

    def _in_plane(self, xy: Floats) -> Floats:
        """Turn, stretch and move; the other direction undoes it."""
        clockwise = -1.0 if self.rotation == "clockwise" else 1.0
        angle = clockwise * np.radians(self.values["rotation_arcsec"] / 3600)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        scale = 1 + self.values["scale_ppm"] * 1e-6
        move = np.array([self.values["east_m"], self.values["north_m"]])
        plain = without_zone(xy)
        if self.direction == "to_cgcs2000":
            return np.asarray(scale * plain @ turn.T + move)
        return np.asarray((plain - move) @ turn / scale)

    def text(self, source: CRS | None) -> str:
        """Return the step in words and numbers, for the record of the run."""
        method = texts.both(f"crs.method.{self.method}")
        numbers = ", ".join(f"{name} {value:.12g}" for name, value in self.values.items())
        words = " ".join(word for word in (self.direction, self.rotation) if word)
        steps = "" if self.in_plane or source is None else f"; {self._pipeline(source)}"
        return f"{method}: {numbers}; {words}{steps}"

    def faults(self, xy: Floats, source: CRS | None, *, file: str = "", layer: str = "") -> list[Fault]:
        """Return why the parameters cannot be right for these places.

        Parameters
        ----------
        xy : array of shape (n, 2)
            Places of the layer, in ``source``, finite.
        source : CRS or None
            What the file is in, or what the plan says of it; in the plane it may be unknown.

        Returns
        -------
        list of Fault
            ``datum_shift_not_needed`` (the file is in WGS 84 or CGCS2000), ``datum_shift_target`` (no CGCS2000 grid),
            ``datum_shift_large`` (an old datum moved by more than 500 m), ``datum_shift_nothing`` (by less than 1 m).
        """
        place = Place(file=file, layer=layer, column="datum_shift", value="" if source is None else crs_name(source))
        if source is not None and is_equal_datum(source):
            return [place.fault("datum_shift_not_needed")]
        if self.in_plane and not _is_grid(self.destination()):
            return [place.fault("datum_shift_target", target=self.target)]
        if source is None or not old_datum(source) or not len(xy):
            return []
        moved = self.apply(xy, source)
        shift = moved - (without_zone(xy) if self.in_plane else _degrees(xy, source))
        if not self.in_plane:
            shift = shift * _METRES_A_DEGREE * np.column_stack((np.cos(np.radians(moved[:, 1])), np.ones(len(moved))))
        metres = float(np.median(np.hypot(shift[:, 0], shift[:, 1])))
        facts: dict[str, Any] = {"metres": f"{metres:.2f}", "limit": f"{MAX_SHIFT_M:g}", "datum": old_datum(source)}
        if not metres <= MAX_SHIFT_M:
            return [place.fault("datum_shift_large", **facts)]
        return [place.fault("datum_shift_nothing", **facts)] if metres < MIN_SHIFT_M else []


def without_zone(xy: Floats) -> Floats:
    """Return grid coordinates with the number of the zone taken off eastings of eight digits."""
    x = xy[:, 0]
    zone = np.where(np.abs(x) >= 10 * _ZONE, np.floor(x / _ZONE), 0.0)
    return np.column_stack((x - zone * _ZONE, xy[:, 1]))


def stated(text: str) -> CRS | None:
    """Return the horizontal CRS that a text defines (EPSG code, PROJ string, WKT), None where it defines none."""
    try:
        return horizontal(CRS.from_user_input(text))
    except CRSError:
        return None


def _is_grid(crs: CRS) -> bool:
    return central_meridian(crs) is not None and is_equal_datum(crs) and false_easting(crs) < _ZONE


def _degrees(xy: Floats, source: CRS) -> Floats:
    return _through(xy, Transformer.from_crs(source, geodetic(source), always_xy=True))


def _ellipsoid(crs: CRS) -> str:
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise ValueError(f"{crs.name} has no ellipsoid")
    return f"+a={ellipsoid.semi_major_metre!r} +rf={ellipsoid.inverse_flattening!r}"


def _through(xy: Floats, transformer: Transformer) -> Floats:
    x, y = transformer.transform(xy[:, 0], xy[:, 1])
    return np.column_stack((np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)))
