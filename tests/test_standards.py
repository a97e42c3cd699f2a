"""The policy documents as data: every rule typed a second time by hand, the switches, and files that planners write."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planning import standards, tables, texts
from planning.errors import InputRefused
from planning.standards import _schema

# id, class, comparator, value, unit, deadline, who owes it: new / existing areas, unit types, or nothing for the plan.
# "-" is no number in the document; an act is 1; shares are 0-1.
RULES = """
SY-01 S  >= 35    m2               2023-12-31 new
SY-02 S  >= 25    m2               2023-12-31 existing
SY-03 S  =  1     share            2025-12-31
SY-04 S* >= -     share            -          street,town,community,village
SY-05 N  >= 1     count            2025-12-31 county
SY-06 N  =  1     share            2025-12-31
SY-07 N  >  2     per_1000_elderly 2025-12-31
SY-08 N  =  1     share            2023-12-31
SY-09 N  >= 0.6   share            2025-12-31
SY-10 M  >= 0.6   share            2025-12-31
SY-11 M  =  1     share            -
SY-12 M  =  1     share            2025-12-31
SY-13 M  =  1     share            2025-12-31
SY-14 M  =  1     share            2025-12-31
SY-15 M  =  1     share            2025-12-31
SY-16 M  =  1     share            2025-12-31
SY-17 M  >  40000 persons          2025-12-31
SY-18 M  =  1     share            -
SY-19 M  =  -     act              -
NT-01 S  >= 0.2   m2_per_person    -
NT-02 M  =  1     act              -
NT-03 M  =  1     act              2023-12-31
NT-04 S* =  1     act              -
NT-05 S* >= -     share            -
NT-06 N  =  1     share            2023-12-31 street
NT-07 N  =  1     share            2024-12-31 community,village
NT-08 S  >= 30    m2               -          new
NT-09 S  >= 600   m2               -          new
NT-10 S  >= 20    m2               2024-06-30 existing
NT-11 S  >= -     count            -
NT-12 S  =  0     m2               2024-06-30 existing
NT-13 S* >= -     share            -          village
NT-14 S* =  -     act              -
NT-15 N  >= 1     count            -          county
NT-16 N  =  1     share            -
NT-17 N  =  1     share            2025-12-31
NT-18 N  =  1     share            2025-12-31
NT-19 N  >= 0.18  share            2025-12-31
NT-20 N  >= 0.75  share            2025-12-31
NT-21 N  >= 4000  beds             2024-12-31
NT-22 N  >= 2     star             -
NT-23 M  >= 16000 households       2025-12-31
NT-24 M  =  1     share            2025-12-31
NT-25 M  >= 1     times_per_week   -
NT-26 M  =  1     act              -
SX-01 S* >= -     share            2025-12-31
SX-02 N  >= 0.6   share            2025-12-31 street,town
SX-03 N  =  18    count            2025-12-31
SX-04 S* >= -     share            -          county,street,community
SX-05 S  >= -     m2               -          new
SX-06 S  >= -     m2               -          existing
SX-07 M  =  1     act              -
SX-08 M  =  1     act              -
SX-09 N  >= 0.55  share            2025-12-31
SX-10 N  >= 1     count            2025-12-31 county
SX-11 N  >= 0.8   share            2025-12-31
SX-12 N  >= 500   count            2025-12-31
SX-13 S* <= -     m                -
SX-14 S* >= -     share            -          town,village
SX-15 S* =  -     act              -
SX-16 S* =  1     act              -
SX-17 N  >= 0.25  ratio            -
SX-18 N  >= 1.2   per_1000_elderly 2025-12-31
SX-19 M  =  1     share            2025-12-31
SX-20 M  >= 0.6   share            -
SX-21 M  >= 50000 households       2024-12-31
SX-22 M  =  1     share            -
LC-01 S  >= 20    m2               -          new
LC-02 S  >= 200   m2               -          new
LC-03 S  >= 15    m2               -          existing
LC-04 S  >= 200   m2               -          existing
LC-05 M  =  1     act              -          new
LC-06 N  >= 1     count            2023-12-31 county
LC-07 N  >= 1     count            2023-12-31 street,town
LC-08 N  >= 600   m2               2023-12-31 street,town
LC-09 N  =  1     share            2023-12-31 street,town
LC-10 N  >= 1     count            2023-12-31 community
LC-11 N  >= 300   m2               2023-12-31 community
LC-12 S* >= -     share            2023-12-31 county,street,town,community,village
LC-13 N  >= -     beds             -
LC-14 N  >= 0.65  share            2025-12-31
LC-15 N  >= 1     count            2023-12-31 county
LC-16 M  =  1     share            2023-12-31
LC-17 M  =  1     act              -
LC-18 N  =  1     share            2025-12-31 existing
LC-19 M  >= 5900  households       2025-12-31
LC-20 N  =  1     share            2025-12-31
LC-21 N  >= 0.5   share            2025-12-31
LC-22 N  =  1     share            -
LC-23 N  >= 1     per_1000_elderly -
LC-24 N  =  1     share            2025-12-31
LC-25 N  >= 1     count            2023-12-31 county
LC-26 N  =  1     share            -
LC-27 M  >= 0.6   share            -
LC-28 M  =  1     share            2025-12-31
LC-29 M  =  1     act              2023-12-31
LC-30 M  =  1     share            2025-12-31
LC-31 M  =  1     act              2023-12-31
LC-32 M  >= 0.55  share            -
TJ-01 S  >= -     m2               2023-12-31 existing
TJ-02 S* >= -     share            -          street,community
TJ-03 N  =  1     share            2023-12-31
TJ-04 N  >= 0.4   share            2023-12-31 village
TJ-05 S* >= -     share            -          county,town,village
TJ-06 N  >= 0.52  share            2023-12-31
TJ-07 N  >= 1     count            2022-12-31 county
TJ-08 N  >= 0.5   share            2023-12-31
TJ-09 S* <= -     m                -
TJ-10 S* >= -     count            -
TJ-11 M  =  1     act              2022-12-31
TJ-12 M  >= 100   households       2023-12-31
TJ-13 M  <= 3000  cny_per_bed      -
TJ-14 M  <= 28    days_per_year    -
TJ-15 M  >= 1     times_per_year   -
TJ-16 M  =  1     share            -
TJ-17 M  >= 0.6   share            2023-12-31
TJ-18 M  =  1     act              2022-12-31
TJ-19 M  >= 500;>=120 person_times 2023-12-31
TJ-20 M  >= 0.55  share            -
TJ-21 M  <= 20    years            -
TJ-22 M  <= 7.2;<=9;=1;=2 10k_cny_per_bed 2023-12-31
TJ-23 M  =  1     act              2023-12-31
TJ-24 M  =  1     act              -
"""
TABLE = [line.split() for line in RULES.strip().splitlines()]
PREFIX = {"SY": "shenyang", "NT": "nantong", "SX": "shaanxi", "LC": "liaocheng", "TJ": "tianjiaan"}
DOCUMENTS = tuple(PREFIX.values())


def clause(clause_id):
    return standards.load(PREFIX[clause_id[:2]]).clause(clause_id)


@pytest.mark.parametrize("rule", TABLE, ids=[rule[0] for rule in TABLE])
def test_every_rule_stands_in_its_document(rule):
    rule_id, cls, comparator, value, unit, deadline, *scope = rule
    found = clause(rule_id)
    assert (found.cls, found.comparator, found.unit) == (cls, comparator, unit)
    if ";" in value:
        parts = ";".join(f"{part.comparator}{part.value}" for part in found.parts)
        assert parts == comparator + value
        assert found.value is None
    else:
        assert found.value == (None if value == "-" else Decimal(value))
    assert str(found.deadline or "-") == deadline
    assert (found.applies_to or ",".join(found.unit_types)) == "".join(scope)


def test_the_documents_hold_nothing_else():
    ids = [found.id for name in DOCUMENTS for found in standards.load(name).clauses]
    assert sorted(ids) == sorted(rule[0] for rule in TABLE)
    assert [len(standards.load(name).clauses) for name in DOCUMENTS] == [19, 26, 22, 32, 24]


@pytest.mark.parametrize("standard", standards.catalogue(), ids=lambda one: one.id)
def test_every_clause_is_cited_and_told_in_two_languages(standard):
    for found in standard.clauses:
        assert found.article
        assert found.source
        assert found.text_zh.endswith("。")
        assert found.text_en.endswith(".")
        assert texts.has(f"standard.unit.{found.unit}")
        assert texts.has(f"standard.basis.{found.basis}")
        assert bool(found.note_zh) == bool(found.note_en)


@pytest.mark.parametrize(
    ("name", "new", "existing", "least_new", "least_existing", "pooling", "gross"),
    [
        ("shenyang", 35, 25, None, None, False, True),
        ("nantong", 30, 20, 600, None, True, False),
        ("shaanxi", None, None, None, None, False, False),
        ("liaocheng", 20, 15, 200, 200, False, False),
        ("tianjiaan", None, None, None, None, False, False),
        ("anhui", 30, 20, 350, None, True, False),
        ("hefei", 30, None, 150, None, False, False),
        ("guizhou", 20, 15, 350, 350, True, False),
        ("guangdong", 20, 15, None, None, False, False),
        ("hubei", 20, None, None, None, False, False),
        ("yinchuan", 30, 20, None, None, False, False),
        ("harbin", 30, 20, None, None, False, False),
        ("nanjing", None, None, None, None, False, False),
        ("national", None, None, None, None, False, False),
        ("shaanxi2019", None, None, None, None, False, False),
    ],
)
def test_rates_and_single_minimums(name, new, existing, least_new, least_existing, pooling, gross):
    standard = standards.load(name)
    found = [standard.rate("new"), standard.rate("existing"), standard.minimum("new"), standard.minimum("existing")]
    assert [one and one.value for one in found] == [new, existing, least_new, least_existing]
    assert all(one is None or one.basis == "100_households" for one in found[:2])
    assert (standard.pooling, standard.gross) == (pooling, gross)


# preset: what its source states and nothing else: clause, number (or parts), and the source; evidence is S throughout
PRESETS = {
    "anhui": ("AH-01 30, AH-02 350, AH-03 20, AH-04 -", "zixun.shangol.cn/zixun/2022/0701/17506.html"),
    "guangdong": ("GD-01 20, GD-02 15", "qzpintuan.com/index.php?id=1338"),
    "guizhou": (
        "GZ-01 20, GZ-02 15, GZ-03 350, GZ-04 1000, GZ-05 350, GZ-06 700, GZ-07 0.6, GZ-08 -",
        "lyfxds.cn/Home/News/show-640",
    ),
    "harbin": ("HRB-01 30, HRB-02 20", "pcyanglao.com/e/tags/?tagid=9598"),
    "hefei": ("HF-01 30, HF-02 150, HF-03 500", "hf.zhuangyi.com/zixun/201706/1138066.html"),
    "hubei": ("HB-01 20, HB-02 0.1, HB-03 1", "bjhyhl.com"),
    "nanjing": ("NJ-01 -, NJ-02 -", "xet.cn"),
    "national": ("GB-01 0.1, GB-02 40, GB-03 35, GB-04 18/44, GB-05 20, GB-06 0.55", "renrendoc.com/p-18958711.html"),
    "shaanxi2019": ("SX19-01 0.1", "szb.sxworker.com"),
    "shanghai": ("SH-01 50, SH-02 0.6, SH-03 0.025/0.031/0.035", "pcyanglao.com/zhengce/38262.html"),
    "yinchuan": ("YC-01 30, YC-02 20", "yinchuan.gov.cn t20231030_4331674.html"),
}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_hold_what_their_sources_state(name):
    numbers, source = PRESETS[name]
    preset = standards.load(name)
    said = [
        f"{one.id} {'/'.join(str(part.value) for part in one.parts) or ('-' if one.value is None else one.value)}"
        for one in preset.clauses
    ]
    assert ", ".join(said) == numbers
    assert source in preset.source
    assert (preset.kind, preset.evidence, preset.status) == ("preset", "S", "issued")


def test_every_preset_is_held():
    assert set(PRESETS) == {one.id for one in standards.catalogue() if one.kind == "preset"}


def test_area_types_and_strictness_of_presets():
    """Hefei's rate counts usable area and its minimum gross; radii are below, not up to; a range stays open."""
    hefei = standards.load("hefei")
    assert [hefei.clause(one).area_type for one in ("HF-01", "HF-02")] == ["usable", "gross"]
    assert [standards.load(one).clause(two).comparator for one, two in (("hefei", "HF-03"), ("guizhou", "GZ-06"))] == [
        "<"
    ] * 2
    picked = standards.apply(standards.load("nanjing"), {"numbers": {"NJ-01": 25}})
    assert standards.required(picked.clause("NJ-01")) == "本文件未规定；用户给定 ≥ 25 m²/百户"
    assert standards.load("shaanxi").rate("new").value is None  # nothing is borrowed from the preset of 2019


def test_shanghai_counts_by_residents():
    rate = standards.load("shanghai").rate("existing")
    assert (rate.value, rate.basis, rate.applies_to) == (50, "1000_residents", None)


def test_a_clause_without_a_number_is_not_a_missing_clause():
    """Shaanxi asks both to standards made elsewhere; Tianjia'an asks existing areas only."""
    shaanxi, district = standards.load("shaanxi"), standards.load("tianjiaan")
    assert [shaanxi.rate(built).id for built in ("new", "existing")] == ["SX-05", "SX-06"]
    assert (district.rate("new"), district.rate("existing").id) == (None, "TJ-01")


def test_two_rules_of_six_hundred_square_metres_are_not_one():
    """NT-09 is the least size of new provision in an area; LC-08 that of a street centre."""
    assert (clause("NT-09").metric, clause("NT-09").owed_by) == ("unit_minimum", "residential")
    assert (clause("LC-08").metric, clause("LC-08").owed_by) == ("facility_size", "unit")


def test_only_urban_areas_owe_under_liaocheng():
    assert {clause(f"LC-0{n}").setting for n in (1, 2, 3, 4)} == {"urban"}
    assert all(one.setting is None for name in DOCUMENTS for one in standards.load(name).clauses if one.id[:2] != "LC")


def test_what_counts_in_the_coverage_clauses():
    expected = {
        "NT-06": (("street",), ("centre",)),
        "SX-02": (("street",), ("centre",)),
        "LC-07": (("street",), ("centre",)),
        "LC-09": (("street",), ("centre",)),
        "LC-10": (("community",), ("centre",)),
        "NT-07": (("community", "village"), ("centre", "station", "day_care")),
        "TJ-04": (("village",), ("centre", "station")),
    }
    assert {name: (clause(name).levels, clause(name).kinds) for name in expected} == expected
    assert {name: clause(name).size_clause for name in ("LC-07", "LC-09", "LC-10")} == {
        "LC-07": "LC-08",
        "LC-09": "LC-08",
        "LC-10": "LC-11",
    }


def test_drafts_and_issued_documents():
    status = {name: (standards.load(name).status, standards.load(name).issued) for name in DOCUMENTS}
    assert status == {
        "shenyang": ("draft", None),
        "nantong": ("draft", None),
        "shaanxi": ("issued", date(2023, 10, 20)),
        "liaocheng": ("issued", date(2023, 8, 26)),
        "tianjiaan": ("draft", None),
    }
    assert standards.load("liaocheng").number == "聊政办字〔2023〕19号"


def test_soft_wording_is_soft():
    """A24: 基本形成, 争取, 鼓励; and what a document allows rather than asks."""
    soft = {one.id for name in DOCUMENTS for one in standards.load(name).clauses if one.strength == "soft"}
    assert soft == {"SX-01", "TJ-08", "LC-13", "NT-11", "LC-17", "TJ-21"}


def test_two_dates_for_one_duty():
    """A12: the text says the end of 2023, the table the end of 2025; the earlier governs."""
    assert clause("SY-01").other_deadlines == clause("SY-02").other_deadlines == (date(2025, 12, 31),)


def test_the_catalogue_puts_documents_first():
    names = [standard.id for standard in standards.catalogue()]
    assert names[:5] == sorted(DOCUMENTS)
    assert names[5:] == sorted(names[5:])
    assert all(standard.evidence and standard.kind == "preset" for standard in standards.catalogue()[5:])


# ------------------------------------------------------------------------------------------------------- switches


def test_switches_have_the_defaults_that_the_documents_are_read_by():
    expected = {
        "land_per_person_base": "residents",
        "apportion_mixed_land": False,
        "single_minimum_applies": "stand_alone",
        "pool_rate": "own",
        "nursing_beds_of": "all",
        "households_rounding": "proportional",
        "before_year": "before",
        "circle_levels": ["street", "community"],
        "stars": "at_least",
    }
    for name in DOCUMENTS:
        assert dict(standards.load(name).switches) == expected
    for reading in standards.load("nantong").readings:
        assert reading.ambiguity.startswith("A")
        assert reading.reason_zh
        assert reading.reason_en


def test_the_switches_are_those_of_the_plan_file():
    from planning.plan import SECTIONS

    # none of these is a reading of a document
    own = {"area_per_100_households", "numbers", "exclude_storeys", "needs_own_entrance", "needs_accessible"}
    known = set(SECTIONS["standards"]) - own
    assert {reading.name for reading in standards.load("nantong").readings} == known


def test_applying_nothing_changes_nothing():
    for standard in standards.catalogue():
        assert standards.apply(standard, {}) == standard


def test_before_a_year_or_within_it():
    """A14 touches NT-03 and SX-21 alone."""
    for name in DOCUMENTS:
        plain = standards.load(name)
        moved = standards.apply(plain, {"before_year": "within"})
        changed = {
            one.id: other.deadline for one, other in zip(plain.clauses, moved.clauses, strict=True) if one != other
        }
        assert changed == {"nantong": {"NT-03": date(2024, 12, 31)}, "shaanxi": {"SX-21": date(2025, 12, 31)}}.get(
            name, {}
        )
        assert standards.apply(plain, {"before_year": "before"}).clauses == plain.clauses


def test_which_units_owe_a_centre():
    """A21 touches the clauses on centres of streets and townships, not those on communities."""
    touched = {
        one.id
        for name in DOCUMENTS
        for one in standards.apply(standards.load(name), {"centre_unit_types": ["town"]}).clauses
        if one.unit_types == ("town",)
    }
    assert touched == {"NT-06", "SX-02", "LC-07", "LC-08", "LC-09"}


def test_pooling_is_the_documents_unless_the_plan_says():
    assert standards.apply(standards.load("liaocheng"), {"pooling": True}).pooling
    assert not standards.apply(standards.load("nantong"), {"pooling": False}).pooling
    assert standards.apply(standards.load("nantong"), {"pool_rate": "strictest"}).pooling


def test_numbers_of_the_plan_fill_in_what_the_document_leaves_open():
    given = {"area_per_100_households": {"new": 30, "single_minimum_m2": {"existing": 150.5}}}
    standard = standards.apply(standards.load("shaanxi"), given)
    rate, least = standard.rate("new"), standard.minimum("existing")
    assert (rate.id, rate.value, rate.entered, rate.source) == ("SX-05", 30, True, "用户给定")
    assert (least.value, least.entered, least.source) == (Decimal("150.5"), True, "用户给定")
    assert standard.rate("existing").value is None
    assert standard.minimum("new") is None
    assert standards.load("shaanxi").rate("new").value is None
    assert standards.apply(standard, given) == standard


def test_a_plan_may_add_a_rate_where_the_document_has_no_clause():
    standard = standards.apply(standards.load("tianjiaan"), {"area_per_100_households": {"new": 0.1}})
    rate = standard.rate("new")
    assert (rate.value, rate.basis, rate.unit, rate.entered) == (Decimal("0.1"), "100_households", "m2", True)
    assert len(standard.clauses) == 25


def test_a_number_against_the_document_is_refused_all_at_once():
    given = {"area_per_100_households": {"new": 30, "existing": 99, "single_minimum_m2": {"new": 1, "existing": 1}}}
    with pytest.raises(InputRefused) as refused:
        standards.apply(standards.load("nantong"), given)
    found = {(fault.code, fault.column, fault.facts["clause"]) for fault in refused.value.faults}
    head = "standards.area_per_100_households"
    assert found == {
        ("standard_number_stated", f"{head}.new", "NT-08"),
        ("standard_number_stated", f"{head}.existing", "NT-10"),
        ("standard_number_stated", f"{head}.single_minimum_m2.new", "NT-09"),
    }


# ------------------------------------------------------------------------------------------------- a planner's own file

HEAD = """
[standard]
id = "mytown"
title_zh = "某市养老服务设施配建标准"
title_en = "My town"
jurisdiction_zh = "某市"
jurisdiction_en = "My town"
issuer = "某市人民政府"
status = "issued"
issued = 2024-05-01
source = "某政发〔2024〕1号"
"""
RATE = """
[[clause]]
id = "MY-01"
article = "第5条"
text_zh = "新建居住区每百户至少30平方米。"
text_en = "New areas: 30 m² per hundred households."
cls = "S"
metric = "area_rate"
comparator = ">="
value = 30
unit = "m2"
owed_by = "residential"
basis = "100_households"
applies_to = "new"
"""


@pytest.fixture
def own(tmp_path):
    def write(text):
        path = tmp_path / "我市标准.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def codes(path):
    return [(fault.code, fault.column) for fault in standards.validate(path)]


def test_a_file_of_ones_own(own):
    path = own(HEAD + RATE)
    assert standards.validate(path) == ()
    standard = standards.load(path)
    assert (standard.id, standard.rate("new").value, standard.rate("new").source) == ("mytown", 30, "某政发〔2024〕1号")
    assert standard.switches["before_year"] == "before"


def test_a_decimal_is_read_as_written(own):
    assert standards.load(own(HEAD + RATE.replace("30\n", "0.1\n"))).rate("new").value == Decimal("0.1")


def test_only_some_of_the_fields_is_legal(own):
    """Rate, minimum, pooling, area type and deadline are independent of each other."""
    pool = RATE.replace("MY-01", "MY-02").replace('"area_rate"', '"pooling"').replace('"m2"', '"count"')
    pool = pool.replace("value = 30", 'value = "unstated"').replace('"residential"', '"plan"')
    standard = standards.load(own(HEAD + pool))
    assert standard.pooling
    assert standard.rate("new") is None


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("value = 30\n", "", ("standard_missing_key", "clause MY-01.value")),
        ("value = 30\n", 'value = "30"\n', ("standard_bad_value", "clause MY-01.value")),
        ("value = 30\n", "value = -1\n", ("standard_bad_value", "clause MY-01.value")),
        ("value = 30\n", "value = nan\n", ("standard_bad_value", "clause MY-01.value")),
        ("value = 30\n", "value = true\n", ("standard_bad_value", "clause MY-01.value")),
        ("metric =", "metrik =", ("standard_unknown_key", "clause MY-01.metrik")),
        ('"area_rate"', '"area_per_household"', ("standard_bad_value", "clause MY-01.metric")),
        ('"m2"', '"share"', ("standard_bad_value", "clause MY-01.unit")),
        ('"residential"', '"plan"', ("standard_bad_value", "clause MY-01.owed_by")),
        ('"100_households"', '"unit"', ("standard_bad_value", "clause MY-01.basis")),
        ('"new"', '"neu"', ("standard_bad_value", "clause MY-01.applies_to")),
        ("2024-05-01", '"2024-05-01"', ("standard_bad_value", "standard.issued")),
        ('source = "某政发〔2024〕1号"\n', "", ("standard_missing_key", "standard.source")),
        ('status = "issued"', 'status = "law"', ("standard_bad_value", "standard.status")),
        (
            'applies_to = "new"',
            'applies_to = "new"\nsize_clause = "MY-09"',
            ("standard_reference", "clause MY-01.size_clause"),
        ),
        ("[standard]", "[switches.pool_rate]\ndefault = 1\n[standard]", ("standard_bad_value", "switches.pool_rate")),
        ("[standard]", "[switches.pool_rat]\n[standard]", ("standard_unknown_key", "switches.pool_rat")),
        ("[[clause]]", "[[clauses]]", ("standard_unknown_key", "clauses")),
    ],
)
def test_one_fault_is_named_at_its_place(own, before, after, fault):
    text = HEAD + RATE
    assert before in text
    found = codes(own(text.replace(before, after)))
    assert fault in found
    for one in standards.validate(own(text.replace(before, after))):
        assert one.file == "我市标准.toml"
        assert one.message()
        assert one.remedy()


def test_the_nearest_key_is_named(own):
    (fault,) = [
        one
        for one in standards.validate(own(HEAD + RATE.replace("metric =", "metrik =")))
        if one.code == "standard_unknown_key"
    ]
    assert fault.facts["nearest"] == "clause MY-01.metric"


def test_all_faults_come_at_once(own):
    text = (
        HEAD.replace('status = "issued"', 'status = "law"')
        + RATE.replace('"m2"', '"m3"')
        + RATE.replace("value = 30\n", "")
    )
    found = codes(own(text))
    assert found == [
        ("standard_bad_value", "standard.status"),
        ("standard_bad_value", "clause MY-01.unit"),
        ("standard_missing_key", "clause MY-01.value"),
        ("standard_duplicate_id", "clause.id"),
        ("standard_rivals", "area_rate"),
    ]
    with pytest.raises(InputRefused) as refused:
        standards.load(own(text))
    assert len(refused.value.faults) == 5


def test_a_share_of_sixty_is_refused(own):
    text = (
        RATE.replace('"area_rate"', '"manual"').replace('"residential"', '"plan"').replace("value = 30", "value = 60")
    )
    assert ("standard_share", "clause MY-01.value") in codes(own(HEAD + text.replace('"m2"', '"share"')))
    assert ("standard_act", "clause MY-01.value") in codes(own(HEAD + text.replace('"m2"', '"act"')))


def test_a_unit_clause_names_its_unit_types(own):
    text = RATE.replace('"area_rate"', '"facility_count"').replace('"residential"', '"unit"').replace('"m2"', '"count"')
    missing = ["unit_types", "levels"]
    assert codes(own(HEAD + text)) == [("standard_missing_key", f"clause MY-01.{key}") for key in missing]


def test_parts_stand_in_place_of_the_value(own):
    part = '{ id = "a", text_zh = "甲。", text_en = "A.", comparator = ">=", value = 1 }'
    text = RATE.replace('"area_rate"', '"manual"').replace('"residential"', '"plan"').replace('"m2"', '"count"')
    assert codes(own(HEAD + text + f"parts = [{part}]\n")) == [("standard_parts_and_value", "clause MY-01.value")]
    silent = text.replace("value = 30", 'value = "unstated"')
    assert codes(own(HEAD + silent + f"parts = [{part}]\n")) == []
    wrong = part.replace(">=", "~").replace("value = 1", 'value = "1"')
    assert codes(own(HEAD + silent + f"parts = [{wrong}]\n")) == [
        ("standard_bad_value", "clause MY-01.parts.comparator"),
        ("standard_bad_value", "clause MY-01.parts.value"),
    ]
    short = '{ id = "a", value = 1 }'
    assert codes(own(HEAD + silent + f"parts = [{short}]\n")) == [("standard_bad_value", "clause MY-01.parts")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[standard", "standard_not_toml"),
        ("standard = 1\nclause = 2", "standard_no_clause"),
        ("", "standard_no_clause"),
    ],
)
def test_files_that_are_no_standard(own, text, code):
    assert code in [fault.code for fault in standards.validate(own(text))]


def test_files_that_cannot_be_read(own, tmp_path):
    gbk = tmp_path / "gbk.toml"
    gbk.write_bytes("标准".encode("gbk"))
    assert [fault.code for fault in standards.validate(gbk)] == ["standard_not_utf8"]
    for path in (tmp_path / "absent.toml", tmp_path):
        (fault,) = standards.validate(path)
        assert fault.code == "standard_not_readable"
        assert fault.message()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("liaochen", "liaocheng"),
        ("聊城", "liaocheng"),
        ("聊城市", "liaocheng"),
        ("安徽省", "anhui"),  # the province itself, not a city in it
        ("合肥", "hefei"),
        ("田家庵区", "tianjiaan"),
        ("Nantong", "nantong"),
    ],
)
def test_an_unknown_name_gets_the_nearest(name, nearest):
    with pytest.raises(InputRefused) as refused:
        standards.load(name)
    (fault,) = refused.value.faults
    assert (fault.code, fault.facts["nearest"]) == ("standard_unknown", nearest)


# ---------------------------------------------------------------------------------------------------------------- rows


def test_rows_for_the_command_line():
    assert [row["id"] for row in standards.listing()][:5] == sorted(DOCUMENTS)
    rows = {row["id"]: row for row in standards.rows(standards.load("nantong"))}
    assert len(rows) == 26
    assert rows["NT-08"]["required"] == "≥ 30 m²/百户"
    assert rows["NT-05"]["required"] == "本文件未规定"
    assert rows["NT-20"]["required"] == "≥ 75%"
    assert rows["NT-21"]["required"] == "≥ 4000 张"
    english = {row["id"]: row for row in standards.rows(standards.load("nantong"), "en")}
    assert english["NT-08"]["required"] == "≥ 30 m² per 100 households"


def test_a_document_does_not_differ_from_itself():
    for standard in standards.catalogue():
        assert standards.diff(standard, standard) == []


def test_differences_of_two_documents():
    """Nantong against Anhui: the same rates; 600 against 350 m²; no deadline there."""
    rows = standards.diff(standards.load("nantong"), standards.load("anhui"))
    by_pair = {(row["first_id"], row["property"]): (row["second_id"], row["first"], row["second"]) for row in rows}
    assert ("NT-08", "required") not in by_pair
    assert by_pair["NT-09", "required"] == ("AH-02", "≥ 600 m²", "≥ 350 m²")
    assert by_pair["NT-10", "deadline"] == ("AH-03", "2024-06-30", "")
    assert by_pair["NT-02", "required"][0] is None


def test_differences_of_two_editions(own):
    path = own(HEAD + RATE)
    old = standards.load(path)
    new = standards.load(own(HEAD + RATE.replace("value = 30", "value = 35")))
    (row,) = standards.diff(old, new)
    assert (row["first_id"], row["second_id"], row["property"], row["first"], row["second"]) == (
        "MY-01",
        "MY-01",
        "required",
        "≥ 30 m²/百户",
        "≥ 35 m²/百户",
    )


# ----------------------------------------------------------------------------------------- more of a planner's own file


def counted(metric="facility_count", unit="count", owed_by="unit", extra=""):
    text = (
        RATE.replace('"area_rate"', f'"{metric}"').replace('"residential"', f'"{owed_by}"').replace('"m2"', f'"{unit}"')
    )
    return HEAD + text.replace('basis = "100_households"\napplies_to = "new"\n', extra)


@pytest.mark.parametrize(
    ("metric", "unit", "owed_by", "needed"),
    [
        ("unit_coverage", "share", "plan", ["unit_types", "levels"]),
        ("facility_count", "count", "unit", ["unit_types", "levels"]),
        ("facility_size", "m2", "unit", ["unit_types", "levels"]),
        ("county_institutions", "count", "unit", ["unit_types", "levels"]),
        ("network_share", "share", "plan", ["unit_types"]),
        ("star_share", "share", "plan", ["kinds"]),
        ("occupancy_share", "share", "plan", ["kinds"]),
        ("medical_distance", "m", "plan", ["levels"]),
        ("manual", "count", "unit", ["unit_types"]),
    ],
)
def test_a_measure_that_would_look_at_nothing_is_refused(own, metric, unit, owed_by, needed):
    text = counted(metric, unit, owed_by).replace("value = 30", "value = 1")
    assert codes(own(text)) == [("standard_missing_key", f"clause MY-01.{key}") for key in needed]


def test_a_floor_area_is_never_a_ceiling(own):
    assert codes(own(HEAD + RATE.replace(">=", "<="))) == [("standard_bad_value", "clause MY-01.comparator")]


def test_parts_are_entered_by_hand_and_named_apart(own):
    part = '{ id = "a", text_zh = "甲。", text_en = "A.", comparator = ">=", value = 1 }'
    text = counted("manual", "count", "plan", f"parts = [{part}, {part}]\n").replace(
        "value = 30", 'value = "unstated"', 1
    )
    assert codes(own(text)) == [("standard_duplicate_id", "clause MY-01.parts.id")]
    text = counted("idle_assets", "count", "plan", f"parts = [{part}]\n").replace("value = 30", 'value = "unstated"', 1)
    assert codes(own(text)) == [("standard_bad_value", "clause MY-01.metric")]


@pytest.mark.parametrize(
    ("switch", "default", "fine"),
    [
        ("new_cutoff", "2015-01-01", True),
        ("new_cutoff", '"2015"', False),
        ("service_radius_m", "700", True),
        ("service_radius_m", "0", False),
        ("circle_levels", '["street"]', True),
        ("circle_levels", '["stret"]', False),
        ("pooling", "true", True),
        ("pooling", "1", False),
        ("pool_rate", '"strictest"', True),
        ("pool_rate", '"strict"', False),
    ],
)
def test_a_document_may_have_its_own_reading(own, switch, default, fine):
    words = f'\n[switches.{switch}]\ndefault = {default}\nreason_zh = "本市规定。"\nreason_en = "So it is."\n'
    path = own(HEAD + words + RATE)
    assert codes(path) == ([] if fine else [("standard_bad_value", f"switches.{switch}.default")])
    if fine:
        assert switch in standards.load(path).switches
        assert standards.load(path).pooling == (switch == "pooling")


def test_the_documents_own_reading_holds_unless_the_plan_says_otherwise(own):
    words = '\n[switches.before_year]\ndefault = "within"\nreason_zh = "本市规定。"\nreason_en = "So it is."\n'
    dated = RATE + "deadline = 2023-12-31\ndeadline_within = 2024-12-31\n"
    standard = standards.load(own(HEAD + words + dated))
    assert standards.apply(standard, {}).rate("new").deadline == date(2024, 12, 31)
    assert standards.apply(standard, {"before_year": "before"}).rate("new").deadline == date(2023, 12, 31)


def test_a_lost_decimal_point_is_reported(own):
    """The private-use character that makes 1.2 look like 12 is warned about; the file still loads."""
    path = own(HEAD + RATE.replace("每百户至少30", "每百户至少1\ue0102"))
    (fault,) = standards.validate(path)
    assert (fault.code, fault.severity, fault.column) == ("standard_private_use", "warning", "clause MY-01.text_zh")
    assert "ue010" in fault.message()
    assert standards.load(path).id == "mytown"


# ---------------------------------------------------------------------------------------------------------------- docs


@pytest.fixture(scope="module")
def page():
    return (Path(standards.__file__).parents[2] / "docs" / "standards.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("standard", standards.catalogue(), ids=lambda one: one.id)
def test_every_clause_is_in_the_documentation_with_its_number(page, standard):
    assert f"`{standard.id}`" in page
    for found in standard.clauses:
        said = f"| {found.id} | {found.article} | {standards.required(found)} | {found.deadline or '—'} |"
        assert said in page if standard.kind == "document" else found.id in page


def test_every_key_measure_unit_and_switch_is_in_the_documentation(page):
    words = [*_schema.CLAUSE_KEYS, *_schema.STANDARD_KEYS, *_schema.METRICS, *_schema.UNITS, *tables.UNIT_TYPES]
    words += [reading.name for reading in standards.load("nantong").readings]
    assert [word for word in words if word not in page] == []


def test_the_example_of_the_documentation_is_a_valid_file(page, own):
    example = page.split("```toml")[1].split("```")[0]
    assert standards.validate(own(example)) == ()


def test_the_documentation_says_how_each_clause_is_judged(page):
    """Computed, judged once a number is given, entered, or not at all: one way each, as the program does it."""
    for name in DOCUMENTS:
        counts = dict.fromkeys(("computed", "given", "entered", "never"), 0)
        for found in standards.load(name).clauses:
            row = next(line for line in page.splitlines() if line.startswith(f"| {found.id} |"))
            how = row.split("|")[5]
            by_hand = found.metric in ("manual", "statement")
            takes = any(f"{found.id}（" in line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
            way = (
                "given"
                if takes
                else "never"
                if found.value is None and not found.parts
                else "entered"
                if by_hand
                else "computed"
            )
            counts[way] += 1
            assert takes == ("给数后" in how), found.id
            assert by_hand == ("填报" in how or (way == "never" and found.metric == "statement")), found.id
        (said,) = [line for line in page.split(f"### `{name}` ")[1].splitlines() if line.startswith("* 共 ")][:1]
        assert [int(number) for number in re.findall(r"\d+", said)] == [sum(counts.values()), *counts.values()]


def test_the_numbers_of_the_documentation_can_be_given(page):
    block = page.split("```ini")[1].split("```")[0]
    numbers = tomllib.loads(block)["standards"]["numbers"]
    filled = standards.apply(standards.load("shaanxi"), {"numbers": numbers})
    assert {one.id for one in filled.clauses if one.entered} == set(numbers)
