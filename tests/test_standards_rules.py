"""Whom each rule concerns: clause, measure, facilities that count, whose duty, how firmly it is put.

Typed from the rule lists of the five documents, apart from their files: with `test_standards.RULES` (class, comparator,
number, unit, deadline, units or new and existing) all of every rule is held.
"""

from __future__ import annotations

import pytest
from test_standards import TABLE, clause

from planning.standards import Clause

# id, clause as printed, measure; then levels and kinds of facilities, owner, grade, size clause, setting, basis, area
# type, strength (nothing: mandatory); last who owes it. ROOMS are community and village rooms other than institutions.
SCOPES = """
SY-01 二（三）2 area_rate ROOMS per=100_households gross area
SY-02 二（三）2 area_rate ROOMS per=100_households gross area
SY-03 一（四）表第2行（第二个） compliance_share plan
SY-04 二（三）2 network_share plan
SY-05 二（三）1；一（四）表第8行 county_institutions levels=county unit
SY-06 一（四）表第3行 manual plan
SY-07 一（四）表第9行 manual plan
SY-08 二（四）1 manual plan
SY-09 二（三）3 manual plan
SY-10 二（三）3 manual plan
SY-11 二（三）3 manual plan
SY-12 一（四）表第2行（第一个） manual plan
SY-13 一（四）表第4行；二（三）1 manual plan
SY-14 一（四）表第5行 manual plan
SY-15 一（四）表第6行 manual plan
SY-16 一（四）表第7行 manual plan
SY-17 一（四）表第10行 manual plan
SY-18 二（二）2 manual plan
SY-19 二（三）2 statement plan
NT-01 二（二）4 land_per_person per=person land plan
NT-02 二（二）4 manual plan
NT-03 二（二）4 manual plan
NT-04 二（二）4 manual plan
NT-05 二（二）5 circle_share plan
NT-06 二（二）5 unit_coverage levels=street kinds=centre plan
NT-07 二（二）5 unit_coverage ROOMS plan
NT-08 二（二）5 area_rate ROOMS per=100_households unspecified area
NT-09 二（二）5 unit_minimum ROOMS unspecified area
NT-10 二（二）5 area_rate ROOMS per=100_households unspecified area
NT-11 二（二）5 pooling soft plan
NT-12 二（二）5 existing_gap plan
NT-13 二（二）5 network_share plan
NT-14 二（一）3 statement plan
NT-15 二（三）7 county_institutions levels=county unit
NT-16 二（三）7 manual plan
NT-17 二（三）9 manual plan
NT-18 二（三）9 manual plan
NT-19 二（三）9 manual plan
NT-20 二（四）12 nursing_bed_share plan
NT-21 二（四）12 manual plan
NT-22 二（五）14 manual private plan
NT-23 二（二）6 manual plan
NT-24 二（一）2 manual plan
NT-25 二（四）11 manual plan
NT-26 二（二）4 manual plan
SX-01 二（五）15 circle_share soft plan
SX-02 二（五）15 unit_coverage levels=street kinds=centre plan
SX-03 二（五）15 manual plan
SX-04 二（五）15 network_share plan
SX-05 二（四）11 area_rate ROOMS per=100_households unspecified area
SX-06 二（四）11 area_rate ROOMS per=100_households unspecified area
SX-07 二（四）11 manual plan
SX-08 二（四）10 manual plan
SX-09 二（四）12 nursing_bed_share plan
SX-10 二（四）12 county_institutions levels=county unit
SX-11 二（四）12 star_share kinds=institution public stars=1 plan
SX-12 二（五）17 manual plan
SX-13 二（五）17 medical_distance levels=street,village plan
SX-14 二（五）16 network_share plan
SX-15 二（二）4 statement plan
SX-16 二（二）6 manual plan
SX-17 二（六）19 manual public recommended plan
SX-18 二（六）21 manual plan
SX-19 二（二）5 manual plan
SX-20 二（三）8 manual plan
SX-21 二（五）18 manual plan
SX-22 二（四）12 manual plan
LC-01 二（二）13 area_rate ROOMS urban per=100_households unspecified area
LC-02 二（二）13 unit_minimum ROOMS urban unspecified area
LC-03 二（二）13 area_rate ROOMS urban per=100_households unspecified area
LC-04 二（二）13 unit_minimum ROOMS urban unspecified area
LC-05 二（二）13 manual plan
LC-06 二（二）15 county_institutions levels=county stars=2 unit
LC-07 二（二）15 facility_count levels=street kinds=centre size=LC-08 unit
LC-08 二（二）15 facility_size levels=street kinds=centre unspecified unit
LC-09 二（二）15 unit_coverage levels=street kinds=centre size=LC-08 plan
LC-10 二（二）15 facility_count levels=community kinds=centre size=LC-11 unit
LC-11 二（二）15 facility_size levels=community kinds=centre unspecified unit
LC-12 二（二）15 network_share plan
LC-13 二（二）15 statement soft plan
LC-14 二（二）16 nursing_bed_share plan
LC-15 二（二）16 manual unit
LC-16 二（二）11 manual plan
LC-17 二（二）12 manual soft plan
LC-18 二（二）14 manual plan
LC-19 二（二）14 manual plan
LC-20 二（三）18 manual plan
LC-21 二（三）18 manual plan
LC-22 二（三）19 manual plan
LC-23 二（三）20 manual plan
LC-24 二（三）20 manual plan
LC-25 二（三）21 manual unit
LC-26 二（三）23 manual plan
LC-27 二（一）4 manual plan
LC-28 二（一）6 manual plan
LC-29 二（一）8 manual plan
LC-30 二（一）9 manual plan
LC-31 二（一）1 manual plan
LC-32 三（二） manual plan
TJ-01 二（二）5 area_rate ROOMS per=100_households unspecified area
TJ-02 二（二）5 network_share plan
TJ-03 二（二）5 manual plan
TJ-04 二（二）7 unit_coverage levels=village kinds=centre,station plan
TJ-05 二（二）7 network_share plan
TJ-06 二（二）6 nursing_bed_share plan
TJ-07 二（二）6 county_institutions levels=county unit
TJ-08 二（二）6 occupancy_share kinds=institution public soft plan
TJ-09 二（二）8 medical_distance levels=county,street,community,village kinds=centre,station,day_care plan
TJ-10 二（五）15 idle_assets plan
TJ-11 二（五）15 manual plan
TJ-12 二（二）4 manual plan
TJ-13 二（二）4 manual plan
TJ-14 二（二）4 manual plan
TJ-15 二（二）4 manual plan
TJ-16 二（二）4 manual plan
TJ-17 二（二）6 manual plan
TJ-18 二（一）1；二（四）11 manual plan
TJ-19 二（五）16 manual plan
TJ-20 三（二） manual plan
TJ-21 三（二） manual soft plan
TJ-22 三（三） manual plan
TJ-23 二（二）5 manual plan
TJ-24 二（四）11 manual plan
"""
ROWS = [line.split() for line in SCOPES.strip().splitlines()]
ROOMS = ["levels=community,village", "kinds=centre,station,day_care"]
DUTY = {"residential": "area", "unit": "unit", "plan": "plan"}


def told(one: Clause) -> list[str]:
    """Return a clause's scope in the words of the table."""
    named = {
        "levels": ",".join(one.levels),
        "kinds": ",".join(one.kinds),
        "": one.ownership,
        "stars": one.least_star,
        "size": one.size_clause,
        " ": one.setting,
        "per": one.basis if one.basis != "none" else None,
        "  ": one.area_type if one.area_type != "none" else None,
        "   ": one.strength if one.strength != "mandatory" else None,
    }
    words = [f"{key}={value}" if key.strip() else str(value) for key, value in named.items() if value]
    return [one.article, one.metric, *words, DUTY[one.owed_by]]


def test_both_tables_hold_every_rule_once() -> None:
    """19 + 26 + 22 + 32 + 24 = 123 rules, numbered without a gap."""
    ids = [row[0] for row in ROWS]
    counts = {"SY": 19, "NT": 26, "SX": 22, "LC": 32, "TJ": 24}
    assert ids == [f"{prefix}-{number:02d}" for prefix, count in counts.items() for number in range(1, count + 1)]
    assert ids == [rule[0] for rule in TABLE]
    assert len(ids) == 123


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_whom_a_rule_concerns(row: list[str]) -> None:
    rule_id, *words = row
    expected = [word for given in words for word in (ROOMS if given == "ROOMS" else [given])]
    assert told(clause(rule_id)) == expected
