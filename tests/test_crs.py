"""Coordinate systems: zones, refusals, and offsets, against worked numbers and PROJ's own geodesics."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from planning import crs as crss
from planning.errors import InputRefused

WGS84, CGCS2000 = CRS.from_epsg(4326), CRS.from_epsg(4490)
ZONE_117 = CRS.from_epsg(4548)
TAIL = 'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'


def codes(faults):
    return [fault.code for fault in faults]


def refused(*args, **kwargs):
    with pytest.raises(InputRefused) as caught:
        crss.metric_crs(*args, **kwargs)
    return codes(caught.value.faults)


@pytest.mark.parametrize(
    ("longitude", "epsg"),
    [
        (75, 4534),
        (76.49, 4534),
        (76.5, 4535),
        (117, 4548),
        (118.49, 4548),
        (118.5, 4549),
        (123.4, 4550),
        (135, 4554),
        (73.5, 4534),
        (136.49, 4554),
    ],
)
def test_zone_of_a_longitude(longitude, epsg):
    """Zones are 3 degrees wide about 75, 78 … 135: EPSG 4534 + (central meridian − 75) / 3."""
    assert crss.zone_epsg(longitude) == epsg
    meridian = crss.central_meridian(CRS.from_epsg(epsg))
    assert abs(meridian - longitude) <= 1.5
    assert crss.false_easting(CRS.from_epsg(epsg)) == 500_000


@pytest.mark.parametrize("longitude", [73.49, 136.5, -117, np.nan])
def test_no_zone_elsewhere(longitude):
    with pytest.raises(ValueError):
        crss.zone_epsg(longitude)


def test_metric_crs_without_a_plan_crs():
    crs, warnings = crss.metric_crs(None, 117.02, 36.66)
    assert crs == ZONE_117
    assert warnings == ()
    assert refused(None, 24.9, 60.2) == ["crs_no_zone"]


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("EPSG:4490", "crs_not_metric"),
        ("EPSG:3857", "crs_web_mercator"),
        ("EPSG:3395", "crs_web_mercator"),
        ("EPSG:2437", "crs_old_datum"),
        ("EPSG:2349", "crs_old_datum"),
        ("EPSG:999999", "crs_unknown"),
        ("nonsense", "crs_unknown"),
        ("EPSG:4550", "crs_zone_far"),
        ("EPSG:4546", "crs_zone_far"),
        ("EPSG:2249", "crs_not_metric"),
    ],
)
def test_plan_crs_refused(declared, code):
    assert refused(declared, 117.0, 36.6) == [code]


def test_a_projection_that_is_metric_but_distorts_is_refused():
    """A national Albers cone stretches lengths by per cents where it is not standard."""
    albers = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +ellps=GRS80 +units=m"
    assert refused(albers, 117.0, 18.3) == ["crs_distorts"]


@pytest.mark.parametrize("declared", ["EPSG:4547", "EPSG:4549"])
def test_the_next_zone_is_warned_about(declared):
    crs, warnings = crss.metric_crs(declared, 117.0, 36.6)
    assert crs == CRS.from_user_input(declared)
    assert codes(warnings) == ["crs_zone_neighbour"]
    assert warnings[0].facts["epsg"] == "EPSG:4548"


@pytest.mark.parametrize("declared", ["EPSG:4548", "EPSG:4527", "EPSG:32650", "EPSG:4509"])
def test_zones_that_fit(declared):
    assert crss.metric_crs(declared, 117.0, 36.6)[1] == ()


def test_wgs84_and_cgcs2000_are_equal_and_the_text_says_so():
    xy = np.array([[117.02, 36.66]])
    one = crss.transformation(WGS84, ZONE_117)
    other = crss.transformation(CGCS2000, ZONE_117)
    assert np.array_equal(one(xy), other(xy))
    assert "taken as equal" in one.text()
    assert "taken as equal" not in other.text()


def test_distances_after_projection_are_those_on_the_ellipsoid():
    """On the central meridian the scale is 1: 1 km north is 1 km; PROJ's geodesic is the oracle."""
    geod = Geod(ellps="GRS80")
    lon, lat, _ = geod.fwd(117.0, 36.6, 0, 1000)
    start, end = crss.transformation(CGCS2000, ZONE_117)(np.array([[117.0, 36.6], [lon, lat]]))
    assert np.hypot(*(end - start)) == pytest.approx(1000, abs=1e-4)
    assert start[0] == pytest.approx(500_000, abs=1e-6)


def test_coordinates_already_in_the_zone_are_not_touched():
    """The zone under its EPSG number, with an ESRI ``.prj``, and without an axis order: the same numbers come back."""
    xy = np.array([[500_123.4567891, 4_051_234.9876543]])
    esri = CRS.from_wkt(ZONE_117.to_wkt("WKT1_ESRI"))
    for source in (ZONE_117, esri):
        assert crss.same_projection(source, ZONE_117)
        assert np.array_equal(crss.transformation(source, ZONE_117)(xy), xy)
    assert not crss.same_projection(CRS.from_epsg(4527), ZONE_117)


def test_a_zone_prefix_is_taken_off():
    """EPSG:4527 is zone 39 with its number in the easting: 39 500 000 becomes 500 000."""
    moved = crss.transformation(CRS.from_epsg(4527), ZONE_117)(np.array([[39_500_000.0, 4_000_000.0]]))
    assert moved[0] == pytest.approx([500_000, 4_000_000], abs=1e-6)


@pytest.mark.parametrize(
    ("epsg", "code"),
    [
        (4610, "crs_old_datum"),
        (4214, "crs_old_datum"),
        (2349, "crs_old_datum"),
        (3857, "crs_input_web_mercator"),
        (4326, None),
        (4527, None),
    ],
)
def test_source_faults(epsg, code):
    """Beijing 54 and Xi'an 80 would move by nothing at all; they are refused, degrees or metres."""
    found = codes(crss.source_faults(CRS.from_epsg(epsg), ZONE_117, file="a.shp", layer="a"))
    assert found == ([code] if code else [])


def test_an_old_datum_is_known_by_its_ellipsoid_whatever_it_is_called():
    named = CRS.from_wkt('GEOGCS["北京坐标系",DATUM["D_我的基准",SPHEROID["克氏",6378245.0,298.3]],' + TAIL)
    assert crss.old_datum(named) == "Beijing 1954"


def test_a_datum_without_a_dependable_way_is_refused():
    unnamed = CRS.from_wkt('GEOGCS["local",DATUM["D_local",SPHEROID["Clarke 1866",6378206.4,294.9786982]],' + TAIL)
    assert codes(crss.source_faults(unnamed, ZONE_117)) == ["crs_datum_shift"]


def test_three_dimensions_and_heights_are_left_out():
    compound = CRS.from_user_input("EPSG:4548+5737")
    assert crss.horizontal(compound) == ZONE_117
    line = np.array([shapely.LineString([(0, 0, 5), (3, 0, 9)]), None], dtype=object)
    moved = crss.transform_geometries(line, lambda xy: xy + 1)
    assert moved[0].equals(shapely.LineString([(1, 1), (4, 1)]))
    assert not moved[0].has_z
    assert moved[1] is None


# ----------------------------------------------------------------------------------------------------- plausibility


@pytest.mark.parametrize(
    ("epsg", "xy", "code"),
    [
        (4326, (117.0, 36.6), None),
        (4326, (36.6, 117.0), "crs_axes_swapped"),
        (4326, (23.0, 88.0), "crs_axes_swapped"),
        (4326, (500_000, 4_050_000), "crs_metres_as_degrees"),
        (4548, (500_000, 4_050_000), None),
        (4548, (117.0, 36.6), "crs_degrees_as_metres"),
        (4548, (36.6, 117.0), "crs_degrees_as_metres"),
        (4548, (39_500_000, 4_050_000), "crs_zone_prefix"),
        (4527, (500_000, 4_050_000), "crs_zone_prefix"),
        (4527, (39_500_000, 4_050_000), None),
        (4548, (4_050_000, 500_000), "crs_axes_swapped"),
        (4527, (4_050_000, 39_500_000), "crs_axes_swapped"),
    ],
)
def test_layer_faults(epsg, xy, code):
    found = crss.layer_faults(np.array([xy] * 3, dtype=float), CRS.from_epsg(epsg), file="a.gpkg", layer="roads")
    assert codes(found) == ([code] if code else [])
    for fault in found:
        assert (fault.file, fault.layer) == ("a.gpkg", "roads")
        assert fault.message()
        assert fault.remedy()


def test_half_of_the_points_do_not_condemn_a_layer():
    """One of two is the rows' fault, two of three the layer's."""
    good, bad = (117.0, 36.6), (36.6, 117.0)
    assert crss.layer_faults(np.array([good, bad]), WGS84) == []
    assert codes(crss.layer_faults(np.array([good, bad, bad]), WGS84)) == ["crs_axes_swapped"]
    assert crss.layer_faults(np.empty((0, 2)), WGS84) == []


def test_the_box_is_china_unless_the_plan_lies_elsewhere():
    assert crss.plausible_box(ZONE_117) == crss.CHINA_BOX
    assert crss.plausible_box(None) == crss.CHINA_BOX
    west, south, east, north = crss.plausible_box(CRS.from_epsg(3067))  # Finland
    assert west < 24.9 < east
    assert south < 60.2 < north


def test_the_edge_of_the_box_is_inside():
    box = (72.0, 3.0, 136.0, 54.0)
    points = np.array([[72.0, 3.0], [136.0, 54.0], [71.999, 3.0], [np.nan, 30], [100, np.inf]])
    assert crss.inside(points, box).tolist() == [True, True, False, False, False]


# ------------------------------------------------------------------------------------------------- GCJ-02 and BD-09

LON, LAT = st.floats(73.6, 134.7), st.floats(18.2, 53.5)
GEOD = Geod(ellps="WGS84")


@given(LON, LAT)
def test_gcj02_there_and_back_within_a_centimetre(lon, lat):
    there = crss.wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    back_lon, back_lat = crss.gcj02_to_wgs84(*there)
    assert GEOD.inv(lon, lat, back_lon[0], back_lat[0])[2] < 0.01
    assert 10 < GEOD.inv(lon, lat, there[0][0], there[1][0])[2] < 1500  # least 17.5 m, at 96.6 E 37.1 N


@given(LON, LAT)
def test_bd09_there_and_back_within_a_centimetre(lon, lat):
    there = crss.gcj02_to_bd09(*crss.wgs84_to_gcj02(np.array([lon]), np.array([lat])))
    back_lon, back_lat = crss.bd09_to_wgs84(*there)
    assert GEOD.inv(lon, lat, back_lon[0], back_lat[0])[2] < 0.01


@pytest.mark.parametrize(
    ("lon", "lat", "metres"),
    [
        (116.4074, 39.9042, 556),
        (121.4737, 31.2304, 482),
        (113.2644, 23.1291, 621),
        (104.0665, 30.5723, 360),
        (87.6168, 43.8256, 265),
    ],
)
def test_gcj02_offset_of_known_cities(lon, lat, metres):
    """Offsets published for Beijing, Shanghai, Guangzhou, Chengdu and Urumqi; they depend a little on the point."""
    there = crss.wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    assert GEOD.inv(lon, lat, there[0][0], there[1][0])[2] == pytest.approx(metres, abs=12)


@pytest.mark.parametrize("place", [(24.9, 60.2), (139.7, 35.7), (-74.0, 40.7), (100.0, 0.8)])
def test_outside_china_nothing_moves(place):
    lon, lat = np.array([place[0]]), np.array([place[1]])
    for shift in (crss.wgs84_to_gcj02, crss.gcj02_to_wgs84, crss.bd09_to_wgs84):
        assert [part[0] for part in shift(lon, lat)] == list(place)


def test_offsets_keep_nan_and_empty():
    lon, _ = crss.gcj02_to_wgs84(np.array([np.nan, 117.0]), np.array([36.0, 36.0]))
    assert np.isnan(lon).tolist() == [True, False]
    assert crss.bd09_to_wgs84(np.empty(0), np.empty(0))[0].shape == (0,)


def test_a_shift_is_part_of_the_way_and_of_its_text():
    truth = np.array([[117.02, 36.66]])
    plain = crss.transformation(WGS84, ZONE_117)
    gcj = np.column_stack(crss.wgs84_to_gcj02(truth[:, 0], truth[:, 1]))
    shifted = crss.transformation(WGS84, ZONE_117, datum="gcj02")
    assert shifted(gcj) == pytest.approx(plain(truth), abs=0.01)
    assert "GCJ-02" in shifted.text()
    assert "GCJ-02" not in plain.text()


def test_a_shift_reaches_layers_that_are_projected_already():
    """A layer in the run's own zone whose degrees were GCJ-02: unprojected, shifted, projected again."""
    truth = np.array([[117.02, 36.66]])
    gcj = np.column_stack(crss.wgs84_to_gcj02(truth[:, 0], truth[:, 1]))
    projected = crss.transformation(CGCS2000, ZONE_117)(gcj)
    back = crss.transformation(ZONE_117, ZONE_117, datum="gcj02")(projected)
    assert back == pytest.approx(crss.transformation(CGCS2000, ZONE_117)(truth), abs=0.01)
