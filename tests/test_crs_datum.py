"""Four and seven parameters to CGCS2000, against closed forms worked out here with plain geometry.

The oracle goes from degrees to geocentric metres by the textbook formula, turns with a 3 × 3 matrix written out for
each convention, and comes back by Bowring's iteration; it shares no line with PROJ.
"""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from test_sources import Town, _quick_geopackages, facilities_frame, residential_frame, roads_frame  # noqa: F401

from planning import crs as crss
from planning.errors import InputRefused

KRASSOVSKY = (6_378_245.0, 298.3)
IAG75 = (6_378_140.0, 298.257)
CGCS = (6_378_137.0, 298.257222101)
SEVEN = {
    "dx_m": 12.0,
    "dy_m": -150.0,
    "dz_m": -80.0,
    "rx_arcsec": 0.8,
    "ry_arcsec": -1.2,
    "rz_arcsec": 2.5,
    "scale_ppm": -4.0,
}
XIAN_3_DEGREE = {36: 2360, 38: 2362, 39: 2363}


def geocentric(lon, lat, ellipsoid):
    a, rf = ellipsoid
    e2 = (2 - 1 / rf) / rf
    lam, phi = math.radians(lon), math.radians(lat)
    n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    return np.array(
        [n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi)]
    )


def geographic(xyz, ellipsoid):
    a, rf = ellipsoid
    e2 = (2 - 1 / rf) / rf
    x, y, z = xyz
    p, phi = math.hypot(x, y), math.atan2(xyz[2], math.hypot(x, y) * (1 - e2))
    for _ in range(20):
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(z + e2 * n * math.sin(phi), p)
    return math.degrees(math.atan2(y, x)), math.degrees(phi)


def helmert(xyz, method, dx_m, dy_m, dz_m, rx_arcsec, ry_arcsec, rz_arcsec, scale_ppm):
    """Return T + (1 + m) R X; R as EPSG guidance note 7-2 prints it for each convention."""
    rx, ry, rz = (math.radians(r / 3600) for r in (rx_arcsec, ry_arcsec, rz_arcsec))
    matrix = np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]])
    if method == "coordinate_frame":
        matrix = np.array([[1, rz, -ry], [-rz, 1, rx], [ry, -rx, 1]])
    return np.array([dx_m, dy_m, dz_m]) + (1 + scale_ppm * 1e-6) * matrix @ xyz


def shift_of(method="position_vector", direction="to_cgcs2000", **values):
    return crss.DatumShift.of({"method": method, "direction": direction, **SEVEN, **values})


def apart_m(one, other):
    lat = math.radians(one[1])
    return math.hypot((one[0] - other[0]) * 111_320 * math.cos(lat), (one[1] - other[1]) * 110_950)


def old(ellipsoid):
    return CRS.from_proj4(f"+proj=longlat +a={ellipsoid[0]} +rf={ellipsoid[1]} +no_defs")


@pytest.mark.parametrize("method", ["position_vector", "coordinate_frame"])
@pytest.mark.parametrize("ellipsoid", [KRASSOVSKY, IAG75])
@given(lon=st.floats(73.5, 135.5), lat=st.floats(4, 53.5))
def test_seven_parameters_are_the_closed_form_within_a_millimetre(method, ellipsoid, lon, lat):
    wanted = geographic(helmert(geocentric(lon, lat, ellipsoid), method, **SEVEN), CGCS)
    found = shift_of(method).apply(np.array([[lon, lat]]), old(ellipsoid))[0]
    assert apart_m(found, wanted) < 0.001


def test_the_example_of_the_epsg_guidance_note():
    """Note 7-2, EPSG:1033, from WGS 72 to WGS 84, in geocentric metres."""
    found = helmert([3_657_660.66, 255_768.55, 5_201_382.11], "position_vector", 0, 0, 4.5, 0, 0, 0.554, 0.219)
    assert found == pytest.approx([3_657_660.78, 255_778.43, 5_201_387.75], abs=0.006)


def test_the_two_conventions_differ_in_the_sign_of_the_rotations_only():
    turned = {name: -value if name.startswith("r") else value for name, value in SEVEN.items()}
    xy = np.array([[117.0, 36.5], [87.6, 43.8]])
    one = shift_of("position_vector").apply(xy, old(KRASSOVSKY))
    other = crss.DatumShift.of({"method": "coordinate_frame", "direction": "to_cgcs2000", **turned})
    assert np.allclose(one, other.apply(xy, old(KRASSOVSKY)), rtol=0, atol=1e-12)
    assert not np.allclose(one, shift_of("coordinate_frame").apply(xy, old(KRASSOVSKY)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", ["position_vector", "coordinate_frame"])
def test_the_other_direction_is_the_inverse(method):
    """Parameters that lead from CGCS2000, used backwards, undo the oracle going forwards (linearised: to 2 cm)."""
    lon, lat = 121.5, 31.2
    there = geographic(helmert(geocentric(lon, lat, CGCS), method, **SEVEN), KRASSOVSKY)
    found = shift_of(method, "from_cgcs2000").apply(np.array([there]), old(KRASSOVSKY))[0]
    assert apart_m(found, (lon, lat)) < 0.02


def plane(direction="to_cgcs2000", rotation="clockwise", **values):
    base = {"east_m": 1000.0, "north_m": -2000.0, "rotation_arcsec": 0.0, "scale_ppm": 0.0, **values}
    return crss.DatumShift.of(
        {"method": "plane", "direction": direction, "rotation": rotation, "target": "EPSG:4548", **base}
    )


@pytest.mark.parametrize(
    ("rotation", "there"), [("clockwise", (1000, -2000 - 500)), ("counterclockwise", (1000, -2000 + 500))]
)
def test_a_quarter_turn_on_paper(rotation, there):
    """(500, 0) turned clockwise by 90° is (0, −500), the other way (0, 500); then moved by (1000, −2000)."""
    found = plane(rotation=rotation, rotation_arcsec=324_000.0).apply(np.array([[500.0, 0.0]]), None)
    assert found[0] == pytest.approx(there, abs=1e-9)


def test_scale_and_zone_on_paper():
    """10 ppm of 500 000 m are 5 m; the zone number 39 of the easting goes before anything else."""
    found = plane(scale_ppm=10.0).apply(np.array([[39_500_000.0, 4_000_000.0]]), None)
    assert found[0] == pytest.approx((500_000 + 5 + 1000, 4_000_000 + 40 - 2000), abs=1e-6)


@given(
    st.floats(-600_000, 600_000),
    st.sampled_from(["clockwise", "counterclockwise"]),
    st.floats(-900, 900),
    st.floats(1e5, 9e5),
    st.floats(1e6, 5e6),
)
def test_there_and_back_in_the_plane(arcsec, rotation, ppm, x, y):
    values = {"rotation": rotation, "rotation_arcsec": arcsec, "scale_ppm": ppm}
    there = plane(**values).apply(np.array([[x, y]]), None)
    away = there if abs(there[0, 0]) < 1e7 else None
    if away is not None:
        assert plane("from_cgcs2000", **values).apply(away, None)[0] == pytest.approx((x, y), abs=1e-5)


# -------------------------------------------------------------------------------------------------- what cannot be so


XY = np.array([[500_000.0, 4_050_000.0]])


@pytest.mark.parametrize(
    ("shift", "source", "code"),
    [
        (shift_of(), CRS.from_epsg(4548), "datum_shift_not_needed"),
        (shift_of(), CRS.from_epsg(4326), "datum_shift_not_needed"),
        (shift_of(rx_arcsec=50.0), CRS.from_epsg(2382), "datum_shift_large"),
        (shift_of(dy_m=-15_00.0), CRS.from_epsg(2382), "datum_shift_large"),
        (plane(east_m=400.0, north_m=400.0), CRS.from_epsg(2382), "datum_shift_large"),
        (plane(east_m=0.5, north_m=0.5), CRS.from_epsg(2382), "datum_shift_nothing"),
    ],
)
def test_parameters_that_cannot_be_right(shift, source, code):
    assert [fault.code for fault in shift.faults(XY, source)] == [code]


def test_the_limit_itself_is_allowed():
    """300 m east and 400 m north are 500 m."""
    assert plane(east_m=300.0, north_m=400.0).faults(XY, CRS.from_epsg(2382)) == []
    assert plane(east_m=300.01, north_m=400.0).faults(XY, CRS.from_epsg(2382)) != []


@pytest.mark.parametrize("target", ["EPSG:4527", "EPSG:4490", "EPSG:3857", "EPSG:2382"])
def test_a_target_that_is_no_grid_of_cgcs2000(target):
    stated = {"method": "plane", "direction": "to_cgcs2000", "rotation": "clockwise", "target": target,
              "east_m": 0.0, "north_m": 0.0, "rotation_arcsec": 0.0, "scale_ppm": 0.0}  # fmt: skip
    assert [fault.code for fault in crss.DatumShift.of(stated).faults(XY, None)] == ["datum_shift_target"]


# ------------------------------------------------------------------------------------------------------- by the doors


@pytest.fixture
def town(tmp_path):
    return Town(tmp_path)


def in_xian80(frame, method="coordinate_frame"):
    """Return a frame of EPSG:4548 in Xi'an 80 (EPSG:2384, 117° E), by the oracle turned round by iteration."""
    degrees = frame.to_crs(4490)

    def back(xy):
        made = []
        for lon, lat in xy:
            x, y = lon, lat
            for _ in range(8):
                there = geographic(helmert(geocentric(x, y, IAG75), method, **SEVEN), CGCS)
                x, y = x - (there[0] - lon), y - (there[1] - lat)
            made.append((x, y))
        return np.array(made)

    shapes = shapely.transform(degrees.geometry.to_numpy(), back)
    base = CRS.from_epsg(4610)
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=base).to_crs(2384)


def test_xian80_is_refused_without_parameters_and_right_with_them(town):
    town.put("residential", in_xian80(residential_frame()))
    (fault,) = town.errors()
    assert fault.code == "crs_old_datum"
    assert "datum_shift" in fault.remedy("zh")
    town.inputs["residential"]["datum_shift"] = {"method": "coordinate_frame", "direction": "to_cgcs2000", **SEVEN}
    intake = town.read()
    there = shapely.get_coordinates(intake.tables["residential"].geometry.to_numpy())
    assert np.abs(there - shapely.get_coordinates(residential_frame().geometry.to_numpy())).max() < 0.002
    (file,) = [file for file in intake.files if file.input == "residential"]
    assert "coordinate_frame" in file.crs_text
    assert "rz_arcsec 2.5" in file.crs_text
    assert file.crs_text.endswith("(CGCS2000 / 3-degree Gauss-Kruger CM 117E)")


def test_the_wrong_sense_of_rotation_is_seen_in_what_it_does(town):
    """With these parameters the conventions lie some 120 m apart: refused or not, never the same."""
    town.put("residential", in_xian80(residential_frame()),
             datum_shift={"method": "position_vector", "direction": "to_cgcs2000", **SEVEN})  # fmt: skip
    there = shapely.get_coordinates(town.read().tables["residential"].geometry.to_numpy())
    true = shapely.get_coordinates(residential_frame().geometry.to_numpy())
    assert 50 < np.hypot(*(there - true).T).min() < 500


def local(frame):
    """Return a frame in a city grid: x = (E − 450 000), y = (N − 4 000 000), no CRS."""
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy - [450_000, 4_000_000])
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=None)


def test_a_city_grid_by_four_parameters(town):
    frame = local(residential_frame())
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(town.folder / "local.gpkg", engine="pyogrio")
    town.put("residential", "local.gpkg")
    assert [fault.code for fault in town.errors()] == ["crs_missing"]
    four = {"method": "plane", "direction": "to_cgcs2000", "target": "EPSG:4548", "east_m": 450_000.0,
            "north_m": 4_000_000.0, "rotation_arcsec": 0.0, "rotation": "clockwise", "scale_ppm": 0.0}  # fmt: skip
    town.inputs["residential"]["datum_shift"] = four
    there = shapely.get_coordinates(town.read().tables["residential"].geometry.to_numpy())
    assert np.allclose(there, shapely.get_coordinates(residential_frame().geometry.to_numpy()), rtol=0, atol=1e-6)


GRID = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=50000 +y_0=-4000000 +ellps=GRS80 +units=m +no_defs"


def test_a_city_grid_by_its_definition(town):
    """The false easting is 450 000 m less than the zone's and 4 000 km are taken off the northing: x and y as above."""
    frame = local(residential_frame())
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(town.folder / "local.gpkg", engine="pyogrio")
    town.put("residential", "local.gpkg", crs=GRID)
    assert [fault.code for fault in town.errors()] == ["crs_datum_shift"]
    town.inputs["residential"]["datum"] = "cgcs2000"
    there = shapely.get_coordinates(town.read().tables["residential"].geometry.to_numpy())
    assert np.allclose(there, shapely.get_coordinates(residential_frame().geometry.to_numpy()), rtol=0, atol=1e-6)


def test_a_run_in_a_city_grid(town):
    town.head["crs"] = GRID
    intake = town.read()
    there = shapely.get_coordinates(intake.tables["roads"].geometry.to_numpy())
    true = shapely.get_coordinates(roads_frame().geometry.to_numpy()) - [450_000, 4_000_000]
    assert np.allclose(there, true, rtol=0, atol=1e-3)
    assert crss.is_equal_datum(intake.crs)


def test_a_citys_own_meridian_is_no_wrong_zone():
    own = "+proj=tmerc +lon_0=118.4 +x_0=50000 +ellps=GRS80 +units=m"
    assert crss.metric_crs(own, 118.45, 32.0)[1] == ()


@pytest.mark.parametrize(("word", "code"), [("EPSG:9999999", "crs_stated_unknown"), ("EPSG:4549", "crs_contradicts")])
def test_a_stated_crs_that_is_none_or_not_the_files(town, word, code):
    town.put("facilities", facilities_frame(), crs=word)
    assert [(fault.code, fault.value) for fault in town.errors()] == [(code, word)]


@pytest.mark.parametrize(
    "change",
    [{"dx_m": None}, {"direction": "there"}, {"method": "molodensky"}, {"rx_arcsec": 61.0}, {"extra": 1.0}],
)
def test_half_stated_parameters_are_refused_by_the_plan(town, change):
    stated = {"method": "position_vector", "direction": "to_cgcs2000", **SEVEN, **change}
    town.inputs["roads"]["datum_shift"] = {name: value for name, value in stated.items() if value is not None}
    with pytest.raises(InputRefused) as caught:
        town.plan()
    assert [(fault.code, fault.column) for fault in caught.value.faults] == [
        ("plan_bad_value", "inputs.roads.datum_shift")
    ]


def test_datum_and_parameters_exclude_each_other(town):
    stated = {"method": "position_vector", "direction": "to_cgcs2000", **SEVEN}
    town.inputs["roads"] |= {"datum": "wgs84", "datum_shift": stated}
    with pytest.raises(InputRefused) as caught:
        town.plan()
    assert [fault.code for fault in caught.value.faults] == ["plan_two_datums"]
