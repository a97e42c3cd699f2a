"""Clauses not owed by a single residential area, on a square county whose answers are counted by hand.

::

    y
    4 +---------+---------+
      |  A      |  B      |     county Z: the square 0..4 km
      | (street)| (town)  |     A street, B town, C street (4 km² each quarter: A, B above; C, D below)
    2 +---------+---------+     D town
      |  C      |  D      |     communities: ca in A, cc in C;  villages: vb in B, vd in D (each fills its quarter)
      | (street)| (town)  |
    0 +---------+---------+ x
      0         2         4

Residents are powers of two: ca 1, vb 2, cc 4, vd 8 thousand, so Z has 15 000; older people a tenth of them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from planning import indicators, standards, tables, texts
from planning.errors import InputRefused
from planning.indicators import METRICS, assess
from planning.indicators._verdict import NOT_STATED, Measure, exempt, judge, known

CRS = "EPSG:4549"
DAY = date(2024, 1, 1)
QUARTERS = {"A": (0, 2), "B": (2, 2), "C": (0, 0), "D": (2, 0)}


def quarter(name, km=1000):
    x, y = QUARTERS[name]
    return box(x * km, y * km, (x + 2) * km, (y + 2) * km)


def middle(name, shift=0):
    x, y = QUARTERS[name]
    return Point((x + 1) * 1000 + shift, (y + 1) * 1000)


def frame(name, rows):
    """Return a canonical table: every column of the contract, missing where a row is silent."""
    columns = tables.contract(name).columns
    table = pd.DataFrame(rows, columns=[*columns, "geometry"] if rows and "geometry" in rows[0] else list(columns))
    for column in columns.values():
        if column.kind == "number":
            table[column.name] = table[column.name].astype(float)
        elif column.kind == "integer":
            table[column.name] = table[column.name].astype("Int64")
        elif column.kind == "flag":
            table[column.name] = table[column.name].astype("boolean")
        else:
            table[column.name] = table[column.name].astype("str")
    return gpd.GeoDataFrame(table, geometry="geometry", crs=CRS) if "geometry" in table else table


def facility(facility_id, where, level, kind="centre", **facts):
    place = where if isinstance(where, Point) or hasattr(where, "geom_type") else middle(where)
    words = {"facility_id": facility_id, "level": level, "kind": kind, "status": "operating", "geometry": place}
    return words | facts


def facilities(*rows):
    if not rows:
        rows = (facility("nowhere", Point(99_000, 99_000), "community", "station", status="planned"),)
    return frame("facilities", list(rows))


UNITS = [
    ("Z", "county", box(0, 0, 4000, 4000), 15000),
    ("A", "street", quarter("A"), 1000),
    ("B", "town", quarter("B"), 2000),
    ("C", "street", quarter("C"), 4000),
    ("D", "town", quarter("D"), 8000),
    ("ca", "community", quarter("A"), 1000),
    ("cc", "community", quarter("C"), 4000),
    ("vb", "village", quarter("B"), 2000),
    ("vd", "village", quarter("D"), 8000),
]


def units(types=("county", "street", "town", "community", "village"), **changes):
    rows = [
        {"unit_id": name, "type": kind, "geometry": area, "residents": people, "elderly": people / 10}
        | changes.get(name, {})
        for name, kind, area, people in UNITS
        if kind in types
    ]
    return frame("units", rows)


def entered(*rows):
    words = [
        {
            "indicator_id": row[0],
            "value": row[1],
            "subject": row[2] if len(row) > 2 else None,
            "source": "年报",
            "date": "2023",
        }
        for row in rows
    ]
    return frame("indicators", words)


def findings(
    standard, *rows, with_units=True, as_of=DAY, switches=None, compliance=None, coverage=None, table=None, **more
):
    """Assess, and return the rows by (clause, subject)."""
    words = {"facilities": facilities(*rows), **more}
    if with_units and "units" not in words:
        words["units"] = units()
    found = assess(
        words,
        standards.load(standard),
        switches=switches or {},
        as_of=as_of,
        compliance=compliance,
        coverage=coverage,
        findings=table,
    )
    assert list(found.columns) == list(indicators.COLUMNS)
    return found.set_index(["clause_id", "subject"], drop=False)


def row(table, clause, subject="plan"):
    return table.loc[(clause, subject)]


def verdicts(table, clause):
    return {subject: table.loc[(clause, subject), "verdict"] for subject in table.loc[[clause], "subject"]}


# ---------------------------------------------------------------------------------------------- the law of verdicts

THIRD = Fraction(1, 3)


@pytest.mark.parametrize(
    ("measure", "comparator", "value", "verdict"),
    [
        (known(600), ">=", "600", "meets"),  # on the line
        (Measure(Fraction("599.999"), Fraction("599.999")), ">=", "600", "fails"),  # one millimetre short
        (known(2), ">", "2", "fails"),  # 超过 alone is strict
        (Measure(Fraction("2.001"), Fraction("2.001")), ">", "2", "meets"),
        (known(3000), "<=", "3000", "meets"),
        (known(3001), "<=", "3000", "fails"),
        (known(500), "<", "500", "fails"),
        (known(499), "<", "500", "meets"),
        (known(1), "=", "1", "meets"),
        (known(0), "=", "1", "fails"),
        (Measure(Fraction(1), None, "gap"), ">=", "1", "meets"),  # what is known suffices
        (Measure(Fraction(0), None, "gap"), ">=", "1", "not_assessable"),
        (Measure(Fraction(0), Fraction(1, 2), "gap"), ">=", "0.6", "fails"),  # even complete data could not do it
        (Measure(Fraction(0), Fraction(2), "gap"), ">", "2", "fails"),  # at best on a line that is strict
        (Measure(Fraction(0), Fraction(2), "gap"), ">=", "2", "not_assessable"),
        (Measure(THIRD, Fraction(1), "gap"), "=", "1", "not_assessable"),
        (Measure(THIRD, Fraction(2, 3), "gap"), "=", "1", "fails"),
        (Measure(Fraction(2), None, "gap"), "=", "1", "fails"),
        (Measure(Fraction(2), None, "gap"), "<=", "1", "fails"),
        (Measure(Fraction(0), None, "gap"), "<=", "1", "not_assessable"),
        (exempt("none"), ">=", "1", "not_applicable"),
    ],
)
def test_a_verdict_needs_every_value_within_the_bounds(measure, comparator, value, verdict):
    assert judge(measure, comparator, Decimal(value))[0] == verdict


@given(
    low=st.fractions(0, 3),
    width=st.none() | st.fractions(0, 3),
    asked=st.decimals(0, 5, places=2),
    comparator=st.sampled_from([">=", ">", "<=", "<", "="]),
    inside=st.fractions(0, 1),
)
@settings(max_examples=300, deadline=None)
def test_no_value_within_the_bounds_contradicts_the_verdict(low, width, asked, comparator, inside):
    """Whatever the true figure turns out to be, a verdict once spoken stands."""
    high = None if width is None else low + width
    truth = low + inside * (Fraction(10) if width is None else width)
    verdict, _ = judge(Measure(low, high, "gap"), comparator, asked)
    holds = judge(known(truth), comparator, asked)[0]
    assert verdict in ("not_assessable", holds)


def test_a_missing_number_is_never_met():
    assert judge(known(10**9), ">=", None) == ("not_assessable", NOT_STATED)


def test_every_metric_of_the_documents_has_a_measure_and_every_measure_a_document():
    asked = {clause.metric for standard in standards.catalogue() for clause in standard.indicators()}
    assert asked == set(METRICS)
    assert set(METRICS) | {"area_rate", "unit_minimum"} == set(standards.METRICS)


# -------------------------------------------------------------------------------------------- rows of every document


@pytest.mark.parametrize(
    ("standard", "clauses"), [("shenyang", 17), ("nantong", 23), ("shaanxi", 20), ("liaocheng", 28), ("tianjiaan", 23)]
)
def test_every_clause_not_owed_by_an_area_is_a_row(standard, clauses):
    """Clauses less those owed by residential areas: SY-01/02, NT-08/09/10, SX-05/06, LC-01…04, TJ-01."""
    document = standards.load(standard)
    found = findings(standard, with_units=False)
    ids = list(dict.fromkeys(found["clause_id"]))
    assert ids == [clause.id for clause in document.indicators()]
    assert len(ids) == clauses
    assert not found["overdue"].any()
    for clause in document.indicators():
        of_clause = found.loc[[clause.id]]
        if clause.owed_by == "unit":
            assert list(of_clause["subject"]) == ["plan"]
            assert list(of_clause["verdict"]) == ["not_assessable"]
            assert list(of_clause["reason"]) == ["units_missing"]
        if not clause.stated:
            assert set(of_clause["verdict"]) == {"not_assessable"}
            assert set(of_clause["reason"]) == {"本文件未规定"}
            assert of_clause["required"].isna().all()


@pytest.mark.parametrize("standard", [one.id for one in standards.catalogue()])
def test_every_figure_can_be_entered_and_the_target_itself_meets(standard):
    """Entering exactly what a clause asks meets it, except where the document is strict or silent."""
    empty = findings(standard, with_units=False)
    open_rows = empty[empty["required"].notna()]
    words = [(cell.clause_id, str(cell.required), cell.subject) for cell in open_rows.itertuples()]
    found = findings(standard, with_units=False, indicators=entered(*words)) if words else empty
    for cell in found[found["required"].notna()].itertuples():
        strict = cell.clause_id in ("SY-07", "SY-17", "HF-03", "GZ-06")
        assert cell.verdict == ("fails" if strict else "meets"), cell.clause_id
        assert cell.origin in ("entered", "computed")
        assert cell.actual == cell.required


def test_reasons_have_sentences():
    reasons = {key for key in texts.entries() if key.startswith("indicators.reason.")}
    everything = pd.concat(
        [findings(one.id, with_units=flag) for one in standards.catalogue() for flag in (True, False)]
    )
    assert {f"indicators.reason.{word}" for word in everything["reason"].dropna()} <= reasons


def test_no_pass_stands_without_a_figure_and_no_failure_without_a_bound():
    """SX-02: one of four streets may have a centre: at most 25 %, short of 60 %; the figure itself is not known."""
    found = row(findings("shaanxi", facility("f", "A", "street", None)), "SX-02")
    assert (found["verdict"], found["beside"], found["beside_code"]) == ("fails", 0.25, "at_most")
    assert np.isnan(found["actual"])


# ------------------------------------------------------------------------------------------------- centres in units


def test_coverage_counts_urban_streets_only():
    """NT-06: of the streets A and C one has a centre; towns are not asked. 1/2 fails, and late after 2023-12-31."""
    found = row(findings("nantong", facility("f", "A", "street")), "NT-06")
    assert (found["actual"], found["required"], found["verdict"], found["overdue"]) == (0.5, 1.0, "fails", True)
    assert found["shortfall"] == 0.5
    assert found["subject_kind"] == "plan"
    both = [facility("f", "A", "street"), facility("g", "C", "street")]
    assert row(findings("nantong", *both), "NT-06")["verdict"] == "meets"


def test_the_deadline_day_itself_is_in_time():
    last, after = date(2023, 12, 31), date(2024, 1, 1)
    assert not row(findings("nantong", as_of=last), "NT-06")["overdue"]
    assert row(findings("nantong", as_of=after), "NT-06")["overdue"]
    both = [facility("f", "A", "street"), facility("g", "C", "street")]
    assert not row(findings("nantong", *both, as_of=after), "NT-06")["overdue"]


def test_centre_unit_types_change_the_denominator():
    """A21: with towns 1 of 4 instead of 1 of 2."""
    found = findings("nantong", facility("f", "A", "street"), switches={"centre_unit_types": ["street", "town"]})
    assert row(found, "NT-06")["actual"] == 0.25


@pytest.mark.parametrize(
    ("change", "actual"),
    [
        ({}, 0.25),
        ({"kind": "station"}, 0),
        ({"kind": "institution"}, 0),
        ({"level": "community"}, 0),
        ({"status": "accepted"}, 0),
        ({"status": "planned"}, 0),
        ({"status": "handed_over"}, 0.25),
        ({"opened": "2024-01-01"}, 0.25),
        ({"opened": "2024-01-02"}, 0),
        ({"closed": "2024-01-01"}, 0),
        ({"closed": "2024-01-02"}, 0.25),
        ({"geometry": Point(99_000, 0)}, 0),
    ],
)
def test_what_makes_a_centre(change, actual):
    """SX-02 counts streets and towns with a centre at street level in service on the day: 1 of 4 or none."""
    found = row(findings("shaanxi", facility("f", "A", "street") | change), "SX-02")
    assert (found["actual"], found["verdict"]) == (actual, "fails")


def test_sixty_per_cent_is_in():
    """Three of five: 0.6 meets >= 0.6 exactly."""
    strips = [
        {"unit_id": f"s{n}", "type": "street", "geometry": box(n * 1000, 0, n * 1000 + 1000, 1000)} for n in range(5)
    ]
    centres = [facility(f"f{n}", Point(n * 1000 + 500, 500), "street") for n in range(3)]
    found = row(findings("shaanxi", *centres, units=frame("units", strips)), "SX-02")
    assert (found["actual"], found["verdict"], found["shortfall"]) == (0.6, "meets", 0)
    found = row(findings("shaanxi", *centres[:2], units=frame("units", strips)), "SX-02")
    assert (found["actual"], found["verdict"]) == (0.4, "fails")


def test_a_missing_kind_leaves_it_open():
    found = row(findings("nantong", facility("f", "A", "street"), facility("g", "C", "street", None)), "NT-06")
    assert (found["verdict"], found["reason"]) == ("not_assessable", "kind_missing")
    assert np.isnan(found["actual"])


def test_a_missing_kind_does_not_hide_a_failure():
    """SX-02: one of four may have a centre; 25 % is short of 60 % whatever that facility is."""
    found = row(findings("shaanxi", facility("g", "C", "street", None)), "SX-02")
    assert (found["verdict"], found["reason"]) == ("fails", "falls_short_even_if_complete")


def test_a_centre_below_its_size_does_not_cover():
    """LC-07, LC-08, LC-09: 600 m² counts, 599.9 does not, unknown leaves it open; D has none."""
    rows = [
        facility("a", "A", "street", floor_area_m2=600),
        facility("b", "B", "street", floor_area_m2=599.9),
        facility("c", "C", "street"),
    ]
    found = findings("liaocheng", *rows)
    assert verdicts(found, "LC-07") == {"A": "meets", "B": "fails", "C": "not_assessable", "D": "fails"}
    assert verdicts(found, "LC-08") == {"A": "meets", "B": "fails", "C": "not_assessable", "D": "not_applicable"}
    assert row(found, "LC-08", "B")["shortfall"] == 0.1
    assert row(found, "LC-08", "B")["subject_kind"] == "unit"
    assert row(found, "LC-07", "B")["actual"] == 0
    assert row(found, "LC-09")["verdict"] == "fails"
    assert row(found, "LC-07", "C")["reason"] == "floor_area_missing"
    assert row(found, "LC-08", "D")["reason"] == "no_facility"


def test_a_second_centre_of_unknown_size_changes_nothing_where_one_suffices():
    rows = [facility("a", "A", "street", floor_area_m2=600), facility("b", "A", "street")]
    found = findings("liaocheng", *rows)
    assert (row(found, "LC-07", "A")["verdict"], row(found, "LC-08", "A")["verdict"]) == ("meets", "meets")
    assert row(found, "LC-07", "A")["reason"] == "known_part_suffices"


def test_a_missing_kind_matters_only_where_the_size_would_do():
    """A: 100 m² could never be the centre. B: 600 m² could be. C: neither kind nor size."""
    rows = [
        facility("a", "A", "street", None, floor_area_m2=100),
        facility("b", "B", "street", None, floor_area_m2=600),
        facility("c", "C", "street", None),
    ]
    found = findings("liaocheng", *rows)
    expected = {"A": "fails", "B": "not_assessable", "C": "not_assessable", "D": "fails"}
    assert verdicts(found, "LC-07") == expected
    sizes = {"A": "not_assessable", "B": "not_assessable", "C": "not_assessable", "D": "not_applicable"}
    assert verdicts(found, "LC-08") == sizes


def test_a_larger_room_of_unknown_kind_leaves_the_size_open():
    """The centre has 500 m²; a room of 700 m² that may be a centre too could reach 600, one of 400 could not."""
    centre = facility("a", "A", "street", floor_area_m2=500)
    for size, verdict in ((700, "not_assessable"), (400, "fails")):
        found = findings("liaocheng", centre, facility("b", "A", "street", None, floor_area_m2=size))
        assert row(found, "LC-08", "A")["verdict"] == verdict
    found = findings("liaocheng", facility("a", "A", "street", floor_area_m2=500), facility("b", "A", "street"))
    assert (row(found, "LC-08", "A")["verdict"], row(found, "LC-08", "A")["reason"]) == (
        "not_assessable",
        "floor_area_missing",
    )


def test_communities_owe_a_centre_of_three_hundred():
    """LC-10, LC-11 ask communities (ca, cc), not villages; a station is no centre."""
    rows = [
        facility("a", "A", "community", floor_area_m2=300),
        facility("c", "C", "community", "station", floor_area_m2=5000),
        facility("v", "B", "village", floor_area_m2=5000),
    ]
    found = findings("liaocheng", *rows)
    assert verdicts(found, "LC-10") == {"ca": "meets", "cc": "fails"}
    assert verdicts(found, "LC-11") == {"ca": "meets", "cc": "not_applicable"}


@pytest.mark.parametrize(
    ("kind", "level", "counts"),
    [
        ("centre", "community", True),
        ("station", "community", True),
        ("day_care", "village", True),
        ("station", "village", True),
        ("institution", "community", False),
        ("centre", "street", False),
    ],
)
def test_stations_of_urban_and_rural_communities(kind, level, counts):
    """NT-07: ca, cc, vb, vd; one in A makes a quarter."""
    assert row(findings("nantong", facility("f", "A", level, kind)), "NT-07")["actual"] == (0.25 if counts else 0)


def test_village_stations_forty_per_cent():
    """TJ-04: one of the villages vb, vd is 50 % >= 40 %; day care does not count."""
    assert row(findings("tianjiaan", facility("f", "B", "village", "station")), "TJ-04")["verdict"] == "meets"
    found = row(findings("tianjiaan", facility("f", "B", "village", "day_care")), "TJ-04")
    assert (found["verdict"], found["actual"]) == ("fails", 0)


def test_a_facility_on_the_border_belongs_to_one_unit_of_a_tier():
    """On the corner of all four quarters: street A (smallest id), community ca; never counted twice."""
    corner = facility("f", Point(2000, 2000), "street", floor_area_m2=600)
    assert row(findings("shaanxi", corner), "SX-02")["actual"] == 0.25
    assert verdicts(findings("liaocheng", corner), "LC-07") == {"A": "meets", "B": "fails", "C": "fails", "D": "fails"}


def test_a_polygon_facility_stands_where_its_inside_is():
    plot = box(100, 2100, 200, 2200)
    assert row(findings("shaanxi", facility("f", plot, "street")), "SX-02")["actual"] == 0.25


def test_without_the_unit_type_the_clause_cannot_be_judged():
    found = row(findings("tianjiaan", facility("f", "B", "village"), units=units(types=["county"])), "TJ-04")
    assert (found["verdict"], found["reason"], found["required"]) == ("not_assessable", "units_missing", 0.4)


# ------------------------------------------------------------------------------------------------ county institutions


@pytest.mark.parametrize(
    ("standard", "clause"), [("shenyang", "SY-05"), ("nantong", "NT-15"), ("shaanxi", "SX-10"), ("tianjiaan", "TJ-07")]
)
def test_each_county_has_an_institution(standard, clause):
    county = facility("f", "A", "county", "institution")
    assert verdicts(findings(standard, county), clause) == {"Z": "meets"}
    assert verdicts(findings(standard, county | {"kind": None}), clause) == {"Z": "meets"}
    assert verdicts(findings(standard, county | {"level": "street"}), clause) == {"Z": "fails"}
    found = row(findings(standard, county | {"status": "idle"}), clause, "Z")
    assert (found["verdict"], found["shortfall"], found["actual"]) == ("fails", 1, 0)


@pytest.mark.parametrize(("star", "verdict"), [(1, "fails"), (2, "meets"), (5, "meets"), (None, "fails")])
def test_the_county_institution_is_graded_two_stars(star, verdict):
    """LC-06; an ungraded home has not reached two stars."""
    assert verdicts(findings("liaocheng", facility("f", "A", "county", "institution", star=star)), "LC-06") == {
        "Z": verdict
    }


# ------------------------------------------------------------------------------------------------------ beds and stars


def home(facility_id, **facts):
    return facility(facility_id, "A", "street", "institution", **facts)


@pytest.mark.parametrize(
    ("rows", "actual", "verdict", "reason"),
    [
        ([{"beds": 60, "nursing_beds": 55}, {"beds": 40, "nursing_beds": 20}], 0.75, "meets", None),
        ([{"beds": 60, "nursing_beds": 54}, {"beds": 40, "nursing_beds": 20}], 0.74, "fails", None),
        ([{"beds": 60, "nursing_beds": 55}, {"beds": 40}], None, "not_assessable", "nursing_beds_missing"),
        ([{"beds": 96, "nursing_beds": 90}, {"beds": 4}], 0.9, "meets", "known_part_suffices"),
        ([{"beds": 60, "nursing_beds": 0}, {"beds": 40}], None, "fails", "falls_short_even_if_complete"),
        ([{"beds": 60, "nursing_beds": 60}, {}], None, "not_assessable", "beds_missing"),
        ([{"beds": 60, "nursing_beds": 60}, {"nursing_beds": 4}], None, "not_assessable", "beds_missing"),
        ([{"beds": 60, "nursing_beds": 61}], None, "not_assessable", "nursing_beds_exceed_beds"),
        ([{"beds": 0, "nursing_beds": 0}], None, "not_applicable", "no_beds"),
        ([{"beds": 60, "nursing_beds": 60}, {"beds": 100, "nursing_beds": 0, "status": "planned"}], 1.0, "meets", None),
    ],
)
def test_nursing_beds(rows, actual, verdict, reason):
    """NT-20: at least 75 % of the beds in service."""
    found = row(findings("nantong", *(home(f"h{n}") | facts for n, facts in enumerate(rows))), "NT-20")
    assert found["verdict"] == verdict
    assert found["reason"] == reason or (reason is None and pd.isna(found["reason"]))
    assert found["actual"] == actual or (actual is None and np.isnan(found["actual"]))


def test_a_station_without_beds_has_none():
    found = row(
        findings("liaocheng", home("h", beds=20, nursing_beds=13), facility("s", "B", "community", "station")), "LC-14"
    )
    assert (found["actual"], found["verdict"]) == (0.65, "meets")


def test_no_home_at_all_is_not_a_failure():
    assert row(findings("tianjiaan"), "TJ-06")["verdict"] == "not_assessable"


def test_nursing_beds_of_all_or_public_homes():
    """SX-09: all 110/200 = 0.55 meets, public 50/100 fails; the other figure stands beside."""
    rows = [
        home("p", beds=100, nursing_beds=50, ownership="public"),
        home("q", beds=100, nursing_beds=60, ownership="private"),
    ]
    everywhere = row(findings("shaanxi", *rows), "SX-09")
    assert (everywhere["actual"], everywhere["verdict"], everywhere["beside"]) == (0.55, "meets", 0.5)
    assert everywhere["beside_code"] == "public_institutions"
    public = row(findings("shaanxi", *rows, switches={"nursing_beds_of": "public"}), "SX-09")
    assert (public["actual"], public["verdict"], public["beside"]) == (0.5, "fails", 0.55)
    assert row(findings("nantong", *rows, switches={"nursing_beds_of": "public"}), "NT-20")["actual"] == 0.55
    unsaid = [rows[0], rows[1] | {"ownership": None}]
    found = row(findings("shaanxi", *unsaid, switches={"nursing_beds_of": "public"}), "SX-09")
    assert (found["verdict"], found["reason"]) == ("not_assessable", "ownership_missing")


def graded(*stars, ownership="public"):
    return [home(f"h{n}", star=star, ownership=ownership) for n, star in enumerate(stars)]


def test_stars_of_public_homes():
    """SX-11: graded 1, 3, 4, 5 and one ungraded: 4 of 5 = 80 % with one star or better, 2 of 5 within one to three."""
    found = row(findings("shaanxi", *graded(1, 3, 4, 5, None)), "SX-11")
    assert (found["actual"], found["verdict"], found["beside"]) == (0.8, "meets", 0.4)
    strict = row(findings("shaanxi", *graded(1, 3, 4, 5, None), switches={"stars": "one_to_three"}), "SX-11")
    assert (strict["actual"], strict["verdict"], strict["beside"]) == (0.4, "fails", 0.8)


def test_private_and_unowned_homes_in_the_star_clause():
    assert row(findings("shaanxi", *graded(1, ownership="private")), "SX-11")["verdict"] == "not_applicable"
    assert row(findings("shaanxi", *graded(1, ownership=None)), "SX-11")["reason"] == "ownership_missing"
    no_home = facility("s", "A", "street", None, ownership="public", star=1)
    assert row(findings("shaanxi", no_home), "SX-11")["verdict"] == "not_assessable"


@pytest.mark.parametrize(("occupied", "verdict"), [(50, "meets"), (49, "fails"), (None, "not_assessable")])
def test_occupancy_of_public_homes(occupied, verdict):
    """TJ-08 is a soft target of 50 %; the private home next door is full and does not help."""
    rows = [
        home("p", beds=100, occupied_beds=occupied, ownership="public"),
        home("q", beds=900, occupied_beds=900, ownership="private"),
    ]
    found = row(findings("tianjiaan", *rows), "TJ-08")
    assert (found["verdict"], found["strength"]) == (verdict, "soft")
    assert row(findings("tianjiaan", rows[1]), "TJ-08")["verdict"] == "not_applicable"


# ---------------------------------------------------------------------------------------------------------------- land


def test_land_by_residents_of_the_highest_level():
    """NT-01: 3000 m² / 15 000 residents = 0.2 meets; per older person 3000 / 1500 = 2 stands beside."""
    found = row(findings("nantong", home("h", land_area_m2=3000), home("g", land_area_m2=0)), "NT-01")
    assert (found["actual"], found["verdict"], found["beside"], found["beside_code"]) == (
        0.2,
        "meets",
        2.0,
        "per_elderly",
    )
    short = row(findings("nantong", home("h", land_area_m2=2999.9)), "NT-01")
    assert short["verdict"] == "fails"
    assert short["shortfall"] == pytest.approx(0.1 / 15000)


def test_land_by_older_people():
    rows = [home("h", land_area_m2=299.9)]
    found = row(findings("nantong", *rows, switches={"land_per_person_base": "elderly"}), "NT-01")
    assert found["verdict"] == "fails"
    rows = [home("h", land_area_m2=300)]
    found = row(findings("nantong", *rows, switches={"land_per_person_base": "elderly"}), "NT-01")
    assert (found["actual"], found["verdict"], found["beside"]) == (0.2, "meets", 0.02)


def test_unknown_land_counts_only_where_the_known_does_not_suffice():
    enough = row(findings("nantong", home("h", land_area_m2=3000), home("g")), "NT-01")
    assert (enough["verdict"], enough["reason"], enough["actual"]) == ("meets", "known_part_suffices", 0.2)
    open_ = row(findings("nantong", home("h", land_area_m2=2999), home("g")), "NT-01")
    assert (open_["verdict"], open_["reason"]) == ("not_assessable", "land_area_missing")
    assert np.isnan(open_["actual"])


def test_land_of_mixed_buildings():
    """A2: no parcel is nothing by default, and unknown where its share of the land is to be counted."""
    rows = [home("h", land_area_m2=2999), home("g", land_area_m2=0)]
    assert row(findings("nantong", *rows), "NT-01")["verdict"] == "fails"
    found = row(findings("nantong", *rows, switches={"apportion_mixed_land": True}), "NT-01")
    assert (found["verdict"], found["reason"]) == ("not_assessable", "apportioned_land_missing")


def test_land_needs_people():
    assert (
        row(findings("nantong", home("h", land_area_m2=1), units=units(Z={"residents": None})), "NT-01")["reason"]
        == "residents_missing"
    )
    assert row(findings("nantong", home("h", land_area_m2=1), with_units=False), "NT-01")["reason"] == "units_missing"
    lower = units(types=["street", "town", "community", "village"])
    assert row(findings("nantong", home("h", land_area_m2=3000), units=lower), "NT-01")["actual"] == 0.2
    nobody = units(types=["county"], Z={"residents": 0})
    assert row(findings("nantong", home("h", land_area_m2=1), units=nobody), "NT-01")["reason"] == "nobody"


def test_land_outside_the_plan_area_does_not_count():
    rows = [home("h", land_area_m2=3000), facility("x", Point(9000, 9000), "county", land_area_m2=15000)]
    assert row(findings("nantong", *rows), "NT-01")["actual"] == 0.2


# ------------------------------------------------------------------------------------------ results of other rooms


@pytest.mark.parametrize(
    ("meets", "fails", "silent", "actual", "verdict"),
    [
        (8, 0, 0, 1.0, "meets"),
        (3, 1, 0, 0.75, "fails"),
        (3, 1, 4, 0.75, "fails"),
        (8, 0, 1, 1.0, "not_assessable"),
        (0, 0, 2, None, "not_assessable"),
    ],
)
def test_share_of_areas_that_comply(meets, fails, silent, actual, verdict):
    """SY-03: an area of unknown verdict never makes a pass; deadline 2025-12-31."""
    summary = {"meets": meets, "fails": fails, "not_assessable": silent}
    found = row(findings("shenyang", compliance=summary, as_of=date(2026, 1, 1)), "SY-03")
    assert found["verdict"] == verdict
    assert found["actual"] == actual or (actual is None and np.isnan(found["actual"]))
    assert found["deadline"] == "2025-12-31"
    assert found["overdue"] == (verdict == "fails")


def test_gap_of_existing_areas():
    """NT-12: shortfalls under NT-10 only; an area of unknown verdict leaves a gap of 0 open."""
    table = pd.DataFrame({"clause_id": ["NT-10", "NT-08", "NT-10"], "shortfall": [4.0, 100.0, 0.5]})
    sure, silent = {"not_assessable": 0}, {"not_assessable": 1}
    found = row(findings("nantong", compliance=sure, table=table), "NT-12")
    assert (found["actual"], found["verdict"], found["shortfall"]) == (4.5, "fails", 4.5)
    none = table.assign(shortfall=[0.0, 100.0, 0.0])
    assert row(findings("nantong", compliance=sure, table=none), "NT-12")["verdict"] == "meets"
    assert row(findings("nantong", compliance=silent, table=none), "NT-12")["verdict"] == "not_assessable"
    assert row(findings("nantong", compliance=silent, table=table), "NT-12")["verdict"] == "fails"
    assert row(findings("nantong"), "NT-12")["reason"] == "compliance_missing"
    mixed = pd.DataFrame({"clause_id": ["NT-08;NT-10", "NT-10"], "shortfall": [3.0, 0.0]})
    found = row(findings("nantong", compliance=sure, table=mixed), "NT-12")
    assert (found["verdict"], found["reason"]) == ("not_assessable", "shared_with_new_areas")
    unmeasured = pd.DataFrame({"clause_id": ["NT-10"], "shortfall": [np.nan]})
    assert row(findings("nantong", compliance=sure, table=unmeasured), "NT-12")["verdict"] == "not_assessable"


def test_the_circle_has_a_figure_and_no_target():
    for standard, clause in (("nantong", "NT-05"), ("shaanxi", "SX-01")):
        found = row(
            findings(standard, coverage={"circle": {"households_share": 0.75, "households_missing": 0}}), clause
        )
        assert (found["actual"], found["verdict"], found["reason"]) == (0.75, "not_assessable", "本文件未规定")
        assert np.isnan(found["required"])


def test_the_circle_of_one_level_is_that_level():
    """Only street centres in service: their coverage is the circle's; with a community station a union is needed."""
    coverage = {"street": {"households_share": 0.5, "households_missing": 0}}
    street, station = facility("f", "A", "street"), facility("s", "A", "community", "station")
    assert row(findings("nantong", street, coverage=coverage), "NT-05")["actual"] == 0.5
    assert np.isnan(row(findings("nantong", street, station, coverage=coverage), "NT-05")["actual"])
    assert np.isnan(row(findings("nantong", street | {"kind": "institution"}, coverage=coverage), "NT-05")["actual"])


def test_full_coverage_within_the_radius_of_the_plan():
    """LC-07 gives no radius: only centres are counted; with one in the plan its households are asked."""
    rows = [facility(word, word, "street", floor_area_m2=600) for word in "ABCD"]
    full, part = ({"street": {"households_share": share, "households_missing": 0}} for share in (1.0, 0.875))
    assert set(verdicts(findings("liaocheng", *rows, coverage=full), "LC-07")) == set("ABCD")
    radius = {"service_radius_m": 1000}
    found = findings("liaocheng", *rows, coverage=full, switches=radius)
    assert set(verdicts(found, "LC-10")) == {"ca", "cc"}
    found = row(found, "LC-07")
    assert (found["verdict"], found["unit"], found["required"]) == ("meets", "share", 1)
    found = row(findings("liaocheng", *rows, coverage=part, switches=radius), "LC-07")
    assert (found["verdict"], found["actual"], found["shortfall"]) == ("fails", 0.875, 0.125)
    small = [*rows[:3], facility("D", "D", "street", floor_area_m2=599)]
    assert (
        row(findings("liaocheng", *small, coverage=full, switches=radius), "LC-07")["reason"]
        == "coverage_of_other_facilities"
    )
    unsure = {"street": {"households_share": 1.0, "households_missing": 2}}
    assert row(findings("liaocheng", *rows, coverage=unsure, switches=radius), "LC-07")["verdict"] == "not_assessable"


def test_distance_to_medical_places_is_shown_and_not_judged():
    """SX-13: 30 m and 400 m away; the largest is shown."""
    rows = [facility("v", Point(0, 0), "village"), facility("s", Point(1000, 0), "street")]
    medical = frame(
        "medical", [{"medical_id": "m", "geometry": Point(0, 30)}, {"medical_id": "n", "geometry": Point(1000, 400)}]
    )
    found = row(findings("shaanxi", *rows, medical=medical), "SX-13")
    assert (found["actual"], found["verdict"], found["reason"]) == (400, "not_assessable", "本文件未规定")
    assert np.isnan(row(findings("shaanxi", *rows), "SX-13")["actual"])


def test_network_shares_and_lists_are_shown_and_not_judged():
    """SY-04: of A, B, C, D, ca, cc, vb, vd four hold a facility of their own level. TJ-10 counts idle state assets."""
    rows = [
        facility("a", "A", "street"),
        facility("b", "A", "community"),
        facility("t", "B", "street"),
        facility("d", "D", "village"),
        facility("x", "B", "county"),
    ]
    assert row(findings("shenyang", *rows), "SY-04")["actual"] == 4 / 8
    sites = frame(
        "candidates",
        [
            {"facility_id": f"c{n}", "source": word, "geometry": Point(0, 0)}
            for n, word in enumerate(["lease", "idle_state_asset", "idle_state_asset"])
        ],
    )
    assert row(findings("tianjiaan", candidates=sites), "TJ-10")["actual"] == 2
    pools = frame("pools", [{"residential_id": str(n), "pool_id": word} for n, word in enumerate("xxy")])
    assert row(findings("nantong", pools=pools), "NT-11")["actual"] == 2


# ---------------------------------------------------------------------------------------------------- entered by hand


@pytest.mark.parametrize(
    ("clause", "text", "actual", "verdict"),
    [
        ("LC-20", "98%", 0.98, "fails"),
        ("LC-20", "100%", 1, "meets"),
        ("LC-20", "1", 1, "meets"),
        ("LC-20", "１００％", 1, "meets"),
        ("LC-19", "5900户", 5900, "meets"),
        ("LC-19", "5,899", 5899, "fails"),
        ("LC-19", "0.59万", 5900, "meets"),
        ("LC-05", "1", 1, "meets"),
        ("LC-05", "0", 0, "fails"),
        ("LC-23", "1.0", 1, "meets"),
        ("LC-23", "0.999", 0.999, "fails"),
        ("LC-27", "60%", 0.6, "meets"),
        ("LC-27", "59.9999%", 0.599999, "fails"),
    ],
)
def test_a_figure_entered_by_hand(clause, text, actual, verdict):
    found = row(findings("liaocheng", indicators=entered((clause, text))), clause)
    assert (found["actual"], found["verdict"], found["origin"], found["source"]) == (actual, verdict, "entered", "年报")


@pytest.mark.parametrize(
    ("clause", "text", "actual", "verdict"),
    [
        ("SX-17", "1:4", 0.25, "meets"),
        ("SX-17", "１∶４", 0.25, "meets"),
        ("SX-17", "100/401", 100 / 401, "fails"),
        ("SX-18", "36/30000", 1.2, "meets"),  # exactly: 1.2 is no binary fraction
        ("SX-18", "36 / 30,001", 36000 / 30001, "fails"),
        ("SX-20", "3/5", 0.6, "meets"),
    ],
)
def test_two_counts_make_a_figure(clause, text, actual, verdict):
    found = row(findings("shaanxi", indicators=entered((clause, text))), clause)
    assert (found["actual"], found["verdict"]) == (actual, verdict)


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        ("SX-17", "1/0"),
        ("SX-17", "1:x"),
        ("SX-17", "1/2/4"),
        ("SX-20", "6/5"),  # more than all
        ("SX-03", "36/2"),  # a count is no quotient
        ("SX-08", "1/1"),
        ("SX-18", "-1/4"),
    ],
)
def test_two_counts_that_make_none(clause, text):
    with pytest.raises(InputRefused) as refused:
        findings("shaanxi", indicators=entered((clause, text)))
    assert [fault.code for fault in refused.value.faults] == ["indicator_value"]


def test_more_than_is_strict():
    found = findings("shenyang", indicators=entered(("SY-07", "2"), ("SY-17", "4.0001万")))
    assert row(found, "SY-07")["verdict"] == "fails"
    assert row(found, "SY-17")["verdict"] == "meets"


def test_a_clause_with_two_numbers_has_two_rows():
    found = findings("tianjiaan", indicators=entered(("TJ-19", "500", "carers"), ("TJ-19", "119", "other_staff")))
    assert verdicts(found, "TJ-19") == {"carers": "meets", "other_staff": "fails"}
    assert row(found, "TJ-19", "carers")["subject_kind"] == "part"


def test_a_unit_clause_is_entered_for_each_unit():
    found = findings("liaocheng", indicators=entered(("LC-25", "1")))
    assert verdicts(found, "LC-25") == {"Z": "meets"}
    assert row(findings("liaocheng"), "LC-25", "Z")["reason"] == "not_entered"


def test_what_the_data_decide_stands_and_the_entry_is_shown_beside_it():
    table = entered(("NT-06", "100%"))
    found = row(findings("nantong", facility("f", "A", "street"), indicators=table), "NT-06")
    assert (found["actual"], found["verdict"], found["origin"], found["entered"]) == (0.5, "fails", "computed", 1.0)


def test_an_entry_fills_in_what_the_data_leave_open():
    rows = [home("h", beds=60, nursing_beds=55), home("g", beds=40)]
    found = row(findings("nantong", *rows, indicators=entered(("NT-20", "75%"))), "NT-20")
    assert (found["actual"], found["verdict"], found["origin"]) == (0.75, "meets", "entered")


def test_an_entry_that_the_data_exclude_is_not_taken():
    """55 of 100 nursing beds are known and at most 40 more: 50 % cannot be."""
    rows = [home("h", beds=60, nursing_beds=55), home("g", beds=40)]
    found = row(findings("nantong", *rows, indicators=entered(("NT-20", "50%"))), "NT-20")
    assert (found["verdict"], found["reason"]) == ("not_assessable", "entered_contradicts_data")
    assert np.isnan(found["actual"])


def test_an_entry_never_judges_what_the_document_leaves_open():
    found = row(findings("nantong", indicators=entered(("NT-05", "100%"))), "NT-05")
    assert (found["verdict"], found["reason"], found["actual"]) == ("not_assessable", "本文件未规定", 1)
    computed = row(findings("nantong", indicators=entered(("NT-13", "100%"))), "NT-13")
    assert (computed["actual"], computed["origin"], computed["entered"]) == (0, "computed", 1)


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([("LC-99", "1")], ["indicator_unknown"]),
        ([("NT-05", "1")], ["indicator_elsewhere"]),
        ([("NT05", "1")], ["indicator_elsewhere"]),
        ([("LC-01", "20")], ["indicator_residential"]),
        ([("LC-20", "98")], ["indicator_value"]),
        ([("LC-20", "100.1%")], ["indicator_value"]),
        ([("LC-20", "很高")], ["indicator_value"]),
        ([("LC-20", "-1%")], ["indicator_value"]),
        ([("LC-05", "0.5")], ["indicator_value"]),
        ([("LC-05", "是")], ["indicator_value"]),
        ([("LC-23", "约1")], ["indicator_value"]),
        ([("LC-25", "1", "A")], ["indicator_subject"]),
        ([("LC-10", "1")], ["indicator_subject"]),
        ([("LC-20", "1"), ("LC-20", "1")], ["indicator_twice"]),
        (
            [("LC-99", "1"), ("LC-20", "98"), ("LC-01", "1")],
            ["indicator_unknown", "indicator_value", "indicator_residential"],
        ),
    ],
)
def test_wrong_entries_are_refused_together(rows, codes):
    with pytest.raises(InputRefused) as refused:
        findings("liaocheng", indicators=entered(*rows))
    assert [fault.code for fault in refused.value.faults] == codes
    for fault in refused.value.faults:
        assert fault.message()
        assert fault.remedy()


def test_an_unknown_indicator_lists_what_can_be_entered():
    with pytest.raises(InputRefused, match="LC-05、LC-06"):
        findings("liaocheng", indicators=entered(("LC-5", "1")))


@pytest.mark.parametrize("column", ["source", "date"])
def test_an_entry_needs_source_and_date(column):
    table = entered(("LC-20", "1"))
    table[column] = pd.Series([None], dtype="str")
    with pytest.raises(InputRefused) as refused:
        findings("liaocheng", indicators=table)
    assert [(fault.code, fault.column) for fault in refused.value.faults] == [("indicator_without_source", column)]


def test_a_row_without_a_value_is_not_an_entry():
    table = entered(("LC-20", "—"), ("LC-20", "1"))
    table["value"] = pd.Series([None, "1"], dtype="str")
    assert row(findings("liaocheng", indicators=table), "LC-20")["verdict"] == "meets"
    warned = indicators.check(table, standards.load("liaocheng"), None, file="指标.xlsx")
    assert [(fault.code, fault.severity, fault.file, fault.row) for fault in warned] == [
        ("indicator_empty", "warning", "指标.xlsx", 2)
    ]


# ------------------------------------------------------------------------------------------------------------- order


def test_the_order_of_rows_says_nothing():
    rows = [
        facility("a", "A", "street", floor_area_m2=600),
        facility("b", "B", "street", floor_area_m2=100),
        facility("c", "C", "community", floor_area_m2=300),
        home("h", beds=10, nursing_beds=3, land_area_m2=5),
    ]
    first = findings("liaocheng", *rows)
    shuffled = units().sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(first, findings("liaocheng", *rows[::-1], units=shuffled))
    assert list(first.loc[["LC-07"], "subject"]) == ["A", "B", "C", "D"]


def test_the_tables_are_left_alone():
    words = {"facilities": facilities(home("h", beds=1)), "units": units(), "indicators": entered(("LC-20", "1"))}
    before = {name: table.copy(deep=True) for name, table in words.items()}
    assess(words, standards.load("liaocheng"), switches={}, as_of=DAY)
    for name, table in words.items():
        pd.testing.assert_frame_equal(pd.DataFrame(before[name]), pd.DataFrame(table))
