"""Bad input of the law: refused at once, all of it, with file, row and the words that are known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import papertown
import pytest
from batches import few
from test_compliance import area, document, row, unit
from test_compliance import assess as assess_areas
from test_standards import HEAD, RATE

from planning import runs, standards
from planning.errors import Fault, InputRefused

LEVELS = ("县", "街道", "社区", "村")
STATUSES = ("规划", "在建", "已验收", "已移交", "运营", "闲置", "挪用", "停用")
TYPES = ("县", "街道", "镇", "社区", "村")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fault, ...]:
    """Every kind of bad row in one plan: rows as the file counts them (features from 1, table rows from 2)."""
    folder = tmp_path_factory.mktemp("坏数据")
    places, units = papertown.facilities(), papertown.units()
    places.loc[0, "level"] = "stret"
    places.loc[1, "status"] = "open"
    places.loc[2, "serves"] = "A;Z"
    places.loc[3, "kind"] = "shop"
    units.loc[1, "type"] = "subdistrict"
    plan = papertown.write(folder, standard="nantong", facilities=places, units=units)
    pools = pd.DataFrame({"residential_id": ["A", "B", "A"], "pool_id": ["P", "P", "Q"]})
    pools.to_csv(folder / "pools.csv", index=False)
    entries = pd.DataFrame(
        [
            ("NT-24", "98%", "年报", "2025-06-30"),
            ("NT-19", "18", "年报", "2025-06-30"),  # a share of 18: the unit is wrong
            ("NT-23", "16000", "", "2025-06-30"),
            ("NT-21", "4000", "年报", ""),
            ("NT-02", "2", "年报", "2025-06-30"),  # an act is done or not
            ("NT-99", "1", "年报", "2025-06-30"),
            ("NT-08", "30", "年报", "2025-06-30"),  # owed by each area
            ("LC-19", "1", "年报", "2025-06-30"),  # another document's
            ("NT-24", "99%", "年报", "2025-06-30"),  # twice
        ],
        columns=["indicator_id", "value", "source", "date"],
    )
    entries.to_csv(folder / "entered.csv", index=False)
    text = plan.read_text("utf-8")
    both = '[inputs.pools]\npath = "pools.csv"\n[inputs.indicators]\npath = "entered.csv"\n[siting]'
    plan.write_text(text.replace("[siting]", both), encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        runs.load(plan)
    found = list(caught.value.faults)
    good = papertown.write(folder, standard="nantong")  # entries are held against the document once all can be read
    text = good.read_text("utf-8").replace("[siting]", '[inputs.indicators]\npath = "entered.csv"\n[siting]')
    good.write_text(text, encoding="utf-8")
    found += runs.check(good)[0]
    return tuple(found)


@pytest.mark.parametrize(
    ("code", "file", "place", "known"),
    [
        ("choice_unknown", "facilities.gpkg", (1, "stret"), LEVELS),
        ("choice_unknown", "facilities.gpkg", (2, "open"), STATUSES),
        ("choice_unknown", "units.gpkg", (2, "subdistrict"), TYPES),
        ("serves_unknown", "facilities.gpkg", (3, "Z"), ()),
        ("choice_unknown", "facilities.gpkg", (4, "shop"), ("养老服务站",)),
        ("pools_area_twice", "pools.csv", (2, "A"), ()),
        ("pools_area_twice", "pools.csv", (4, "A"), ()),
        ("indicator_value", "entered.csv", (3, "18"), ("比例",)),
        ("indicator_without_source", "entered.csv", (4, ""), ("NT-23", "来源")),
        ("indicator_without_source", "entered.csv", (5, ""), ("NT-21", "日期")),
        ("indicator_value", "entered.csv", (6, "2"), ("NT-02",)),
        ("indicator_unknown", "entered.csv", (7, "NT-99"), ("NT-23",)),
        ("indicator_residential", "entered.csv", (8, "NT-08"), ()),
        ("indicator_elsewhere", "entered.csv", (9, "LC-19"), ("NT",)),
        ("indicator_twice", "entered.csv", (10, "NT-24"), ("全区",)),
    ],
)
def test_each_is_told_with_its_row_and_what_is_known(
    refused: tuple[Fault, ...], code: str, file: str, place: tuple[int | None, str], known: tuple[str, ...]
) -> None:
    number, value = place
    (fault,) = [one for one in refused if one.code == code and one.row == number and one.value == value]
    assert fault.severity == "error"
    assert fault.file == file
    said, english = (fault.message(language) + fault.remedy(language) for language in ("zh", "en"))  # type: ignore[arg-type]
    assert "{" not in said + english
    assert said != english
    assert all(word in said for word in known)


@pytest.mark.parametrize(
    ("keys", "column", "near"),
    [
        ("pool_rates = 'own'", "standards.pool_rates", "pool_rate"),
        ("pool_rate = 'strict'", "standards.pool_rate", "strictest"),
        ("service_radius_m = -5", "standards.service_radius_m", "0"),
        ("area_per_100_households = { new = '30' }", "standards.area_per_100_households", "30"),
        ("new_cutoff = '2015'", "standards.new_cutoff", "2025-12-31"),
        ("usable_to_gross = 0", "standards.usable_to_gross", "0"),
    ],
)
def test_a_wrong_switch_is_refused_with_the_words_that_fit(tmp_path: Path, keys: str, column: str, near: str) -> None:
    path = papertown.write(tmp_path, standard="nantong", more=f"[standards]\n{keys}")
    with pytest.raises(InputRefused) as caught:
        runs.load(path)
    (fault,) = [one for one in caught.value.faults if one.severity == "error"]
    assert fault.column == column
    assert near in fault.remedy("zh")
    assert near in fault.remedy("en")


@pytest.mark.parametrize("households", [None, 0])
@pytest.mark.parametrize("built", few(["existing", "new", None], quick=1))
@pytest.mark.parametrize("m2", [1e6, None])
def test_zero_or_missing_households_never_pass(households: float | None, built: str | None, m2: float | None) -> None:
    """However much room there is, alone or with a neighbour in a pool."""
    law = document(rate={"new": "30", "existing": "20"}, minimum={"new": "350", "existing": "200"})
    areas = [area("A", households, built), area("B", 100)]
    for pools in (None, {"A": "P", "B": "P"}):
        for word in ("verdict", "paper_verdict"):
            said = row(assess_areas(areas, [unit(m2=m2), unit("g", 900, "B")], pools, law=law))[word]
            assert said == ("not_applicable" if households == 0 else "not_assessable")


# ----------------------------------------------------------------------------- mistakes in a document of one's own

FILE = HEAD + RATE
MISTAKES = {
    "a word for a number": ("value = 30", 'value = "30㎡"', "value"),
    "a number with a sign": ("value = 30", "value = -30", "value"),
    "a measure that is near": ('"area_rate"', '"area_rates"', "metric"),
    "a unit that is near": ('unit = "m2"', 'unit = "sqm"', "unit"),
    "a comparison in words": ('comparator = ">="', 'comparator = "不低于"', "comparator"),
    "an owner that is not": ('owed_by = "residential"', 'owed_by = "community"', "owed_by"),
    "a base that is not": ('basis = "100_households"', 'basis = "household"', "basis"),
    "new in Chinese": ('applies_to = "new"', 'applies_to = "新建"', "applies_to"),
    "a date in quotes": ('applies_to = "new"', 'applies_to = "new"\ndeadline = "2025-12-31"', "deadline"),
    "a level that is near": ('applies_to = "new"', 'applies_to = "new"\nlevels = ["comunity"]', "levels"),
    "a strength that is not": ('applies_to = "new"', 'applies_to = "new"\nstrength = "strict"', "strength"),
    "a grade of six": ('applies_to = "new"', 'applies_to = "new"\nleast_star = 6', "least_star"),
    "no paraphrase": ('text_zh = "新建居住区每百户至少30平方米。"\n', "", "text_zh"),
    "no article": ('article = "第5条"\n', "", "article"),
    "a status that is not": ('status = "issued"', 'status = "有效"', "status"),
    "a document without source": ('source = "某政发〔2024〕1号"\n', "", "source"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_ones_own_file_is_explained(tmp_path: Path, name: str) -> None:
    """The key at fault is named, with the clause; the remedy says what may stand there."""
    before, after, key = MISTAKES[name]
    assert FILE.count(before) >= 1
    path = tmp_path / "我市标准.toml"
    path.write_text(FILE.replace(before, after, 1), encoding="utf-8")
    faults = [fault for fault in standards.validate(path) if fault.column.endswith(f".{key}")]
    assert faults, [fault.column for fault in standards.validate(path)]
    for fault in faults:
        assert fault.file == "我市标准.toml"
        assert fault.column.startswith(("clause MY-01.", "standard."))
        assert len(fault.remedy("zh")) > 5
        assert fault.remedy("zh") != fault.remedy("en")
    with pytest.raises(InputRefused):
        standards.load(path)


def test_a_key_in_chinese_is_no_toml_and_the_remedy_says_so(tmp_path: Path) -> None:
    path = tmp_path / "我市标准.toml"
    path.write_text(FILE.replace("article =", "条款 ="), encoding="utf-8")
    (fault,) = standards.validate(path)
    assert fault.code == "standard_not_toml"
    assert "英文" in fault.remedy("zh")
    assert "line 15" in fault.message("en")
