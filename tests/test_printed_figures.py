"""Every printed figure of the floor-area rule and of the clauses, worked out again from the exported tables alone.

The tool writes a run's ``results.gpkg`` and ``tables.xlsx``; the oracle reads them and the document's file, and must
come to the same figures to the last digit.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import papertown
import pytest
from clause_oracle import Clauses
from decimal_oracle import World
from printed_oracle import VERDICTS, Printed
from shapely import LineString, box
from test_compliance import table
from test_compliance_oracle import AS_OF, LAWS, district, plain
from test_compliance_oracle import tables as tables_of

from planning import export, plan, report, runs, standards, study
from planning.study import StudyInputs, StudyResult, sensitivity

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "plan.toml"
DOCUMENTS = Path(standards.__file__).parent
WORDS = {"达标": "meets", "不达标": "fails", "数据不足": "not_assessable", "不适用": "not_applicable"}
Sheets = Mapping[str, list[tuple[Any, ...]]]


def workbook(path: Path) -> Sheets:
    """Return the rows of every sheet below its headings, cells as they are stored."""
    book = openpyxl.load_workbook(path, data_only=True)
    found = {}
    for page in book:
        rows = list(page.iter_rows(values_only=True))
        head = next(place for place, row in enumerate(rows) if sum(cell is not None for cell in row) > 3)
        found[page.title] = [tuple(row) for row in rows[head + 1 :]]
    return found


def hold(folder: Path, document: Path, switches: Mapping[str, Any], as_of: date) -> None:
    """Hold every figure of a run folder against the oracle."""
    printed, sheets = Printed(folder, document, switches, as_of), workbook(folder / "tables.xlsx")
    _areas(printed)
    _findings(printed)
    _rooms(printed, sheets["养老用房认定表"])
    _sheet_of_areas(printed, sheets["居住区达标核查表"])
    _rollups(printed, sheets["分级汇总表"])
    clauses = _clauses(printed)
    _scorecard(printed, sheets["条款评分表"], clauses)


def stored(value: Any) -> Any:
    """Return a number as a workbook holds it: 16 digits are all that Excel keeps."""
    return value if value is None or isinstance(value, str) else float(f"{float(value):.16G}")


def same(ours: Any, expected: Any, *where: Any) -> None:
    if isinstance(expected, bool):
        ours = None if ours is None else bool(ours)
    elif expected is not None and not isinstance(expected, str):
        ours, expected = None if ours is None else float(ours), float(expected)
    assert ours == expected, where


def _areas(printed: Printed) -> None:
    layer = printed.layers["residential"].set_index("residential_id")
    for name, row in printed.rows.items():
        for key, value in row.items():
            same(plain(layer.at[name, key]), value, name, key)
        same(plain(layer.at[name, "built_used"]), printed.built(printed.area(name)), name)


def _findings(printed: Printed) -> None:
    layer = printed.layers["findings"]
    layer = layer[layer["subject_kind"].isin(["residential", "pool"])]
    metric = {clause["id"]: clause["metric"] for clause in printed.clauses}
    topics = {"area_rate": "rate", "unit_minimum": "minimum"}
    ours = {
        (topics[metric[row["clause_id"].split(";")[0]]], row["subject_kind"], row["subject_id"]): row
        for row in layer.to_dict("records")
    }
    expected = printed.findings()
    assert ours.keys() == expected.keys()
    assert len(ours) == len(layer)
    for key, row in expected.items():
        for name, value in row.items():
            same(plain(ours[key][name]), value, key, name)


def _rooms(printed: Printed, rows: list[tuple[Any, ...]]) -> None:
    """Columns: area, its name, pool, facility, name, m², counted, reason, share, credited, rejected, on paper."""
    expected = printed.rooms()
    ours = {(row[3], row[2] or row[0] or ""): row for row in rows if row[3] is not None}
    assert ours.keys() == expected.keys()
    for key, room in expected.items():
        row = ours[key]
        same(row[5], stored(room["size"]), key)
        assert row[6] == ("是" if room["counted"] else "否"), key
        same(row[9], stored(room["credited"]), key, "credited")
        same(row[10], stored(room["rejected"]), key, "rejected")
    for facility in {key[0] for key in expected}:
        shares = [room for key, room in expected.items() if key[0] == facility]
        if all(room[word] is not None for room in shares for word in ("credited", "rejected")):
            whole = shares[0]["size"]
            assert sum(room["credited"] + room["rejected"] for room in shares) == whole, facility  # accepted + rejected
    stated = [row for row in rows if row[3] is None and row[0] != "合计"]
    assert len(stated) == sum(area["care"] is not None for area in printed.areas)


def _sheet_of_areas(printed: Printed, rows: list[tuple[Any, ...]]) -> None:
    """The three columns that are summed: stand-alone areas and each pool once; the last row is their sum."""
    expected = {name: judged for (_, name), judged in printed.subjects.items()}
    counted = {row[0]: row[20:23] for row in rows if row[0] != "合计"}
    for name, cells in counted.items():
        judged = expected.get(name, {"verdict": ""})
        known = judged["verdict"] in ("meets", "fails")
        for cell, key in zip(cells, ("required", "provided", "shortfall"), strict=True):
            if known or cell is not None:
                same(cell, stored(judged[key]), name, key)
    sums = printed.summary()
    unknown = sums["meets"] + sums["fails"] == 0 < sums["not_assessable"]
    for place, key in enumerate(("required_m2", "provided_m2", "shortfall_m2"), start=20):
        same(rows[-1][place], None if unknown else sums[key], key)  # the value of a formula keeps all its digits


def _rollups(printed: Printed, rows: list[tuple[Any, ...]]) -> None:
    """Sums of the areas that can be judged; where data lack for all, what they owe and have is unknown and not 0."""
    expected = list(printed.levels())
    assert len(rows) == len(expected)
    for row, (level, unit, names) in zip(rows, expected, strict=True):
        sums = printed.sums(names)
        order = ("areas_total", *VERDICTS, "meets_share", "required_m2", "provided_m2", "shortfall_m2")
        unknown = sums["meets"] + sums["fails"] == 0 < sums["not_assessable"]
        for cell, key in zip(row[3:], order, strict=True):
            same(cell, None if unknown and key.endswith("_m2") else stored(sums[key]), level, unit, key)


def _clauses(printed: Printed) -> dict[str, dict[str, dict[str, Any]]]:
    """Hold the clauses nobody's area owes against the oracle; return what was printed, by clause and subject."""
    layer = printed.layers["findings"]
    layer = layer[~layer["subject_kind"].isin(["residential", "pool"])]
    ours: dict[str, dict[str, dict[str, Any]]] = {}
    for row in layer.to_dict("records"):
        ours.setdefault(row["clause_id"], {})[row["subject_id"]] = row
    judge = Clauses(printed)
    for clause in printed.clauses:
        if clause["owed_by"] == "residential":
            continue
        expected = judge.expected(clause)
        if expected is None:  # entered by hand, or measured from a table that is not exported
            continue
        assert ours[clause["id"]].keys() == expected.keys(), clause["id"]
        for subject, row in expected.items():
            for name, value in row.items():
                same(plain(ours[clause["id"]][subject][name]), value, clause["id"], subject, name)
    return ours


def _scorecard(printed: Printed, rows: list[tuple[Any, ...]], clauses: Mapping[str, Mapping[str, Any]]) -> None:
    """One row per clause: verdicts counted by subject, and the clause fails where one fails."""
    assert [row[0] for row in rows] == [clause["id"] for clause in printed.clauses]
    found = list(printed.findings().items())
    for row, clause in zip(rows, printed.clauses, strict=True):
        if clause["owed_by"] == "residential":
            verdicts = [one["verdict"] for _, one in found if clause["id"] in one["clause_id"].split(";")]
            verdicts += _left_open(printed, clause)
        else:
            verdicts = [one["verdict"] for one in clauses[clause["id"]].values()]
        assert list(row[10:14]) == [verdicts.count(word) for word in VERDICTS], clause["id"]
        worst = next((word for word in ("fails", "not_assessable", "meets") if word in verdicts), "not_applicable")
        assert WORDS[row[6]] == worst, clause["id"]


def _left_open(printed: Printed, clause: Mapping[str, Any]) -> list[str]:
    """Return the verdicts of areas and pools without figures that the clause may concern."""
    found = []
    for (kind, name), judged in printed.subjects.items():
        readings = {printed.built(area) for area in printed.of(kind, name)}
        if judged["verdict"] not in ("meets", "fails") and readings & {clause.get("applies_to"), None, *(
            ("new", "existing") if "applies_to" not in clause else ()
        )}:  # fmt: skip
            found.append(judged["verdict"])
    return found


# ------------------------------------------------------------------------------------------------------- the sample


@pytest.fixture(scope="module")
def sample() -> StudyResult:
    return study.run(runs.load(SAMPLE), parts=frozenset({"coverage", "compliance"}))


def write(result: StudyResult, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.gpkg").unlink(missing_ok=True)
    export.geopackage(result, folder / "results.gpkg")
    (folder / "tables.xlsx").write_bytes(report.workbook(result))


@pytest.mark.slow
def test_every_figure_of_the_sample(sample: StudyResult, tmp_path: Path) -> None:
    write(sample, tmp_path)
    settings = sample.inputs.plan
    hold(tmp_path, DOCUMENTS / f"{settings.standard}.toml", settings.standards, settings.as_of)


# --------------------------------------------------------------------------------------------------- random districts


LEFT_OUT = ("area_rate", "unit_minimum", "statement", "medical_distance")
HEAD = """[standard]
id = "{name}"
title_zh = "试验"
title_en = "test"
jurisdiction_zh = "试验"
jurisdiction_en = "test"
issuer = "试验"
status = "issued"
source = "test"
"""
FLOOR_AREA = """[[clause]]
id = "{kind}-{built}"
article = "1"
text_zh = "甲。"
text_en = "A."
cls = "S"
metric = "{metric}"
comparator = ">="
value = {value}
unit = "m2"
owed_by = "residential"
applies_to = "{built}"
{more}
"""


def document_file(folder: Path, number: int) -> Path:
    """Write a document with the law ``number`` and every clause of the five documents that no area owes."""
    law, path = LAWS[number], folder / f"law{number}.toml"
    if path.exists():
        return path
    text = HEAD.format(name=f"law{number}") + "".join(
        _floor_area(kind, metric, built, value, law)
        for kind, metric in (("rate", "area_rate"), ("minimum", "unit_minimum"))
        for built, value in law[kind].items()
    )
    for name in ("shenyang", "nantong", "shaanxi", "liaocheng", "tianjiaan"):
        blocks = (DOCUMENTS / f"{name}.toml").read_text(encoding="utf-8").split("[[clause]]")[1:]
        text += "".join(
            f"[[clause]]{one}" for one in blocks if not any(f'metric = "{word}"' in one for word in LEFT_OUT)
        )
    path.write_text(text, encoding="utf-8")
    return path


def _floor_area(kind: str, metric: str, built: str, value: str, law: Mapping[str, Any]) -> str:
    more = 'setting = "urban"\n' if law["urban_only"] else ""
    more += f'area_type = "{"gross" if law["gross"] else "unspecified"}"\n'
    more += 'basis = "100_households"\n' if kind == "rate" else ""
    more += "deadline = 2024-06-29\n" if built == "existing" else "deadline = 2024-06-30\n"
    return FLOOR_AREA.format(kind=kind[0].upper(), metric=metric, built=built, value=value, more=more)


APART_M = 300


def together(seeds: range) -> World:
    """Return random districts side by side as one, under the law and the switches of the first."""
    first = district(seeds[0])
    whole = World([], [], {}, first.law, first.as_of, first.switches)
    for place, seed in enumerate(seeds):
        world, left = district(seed), APART_M * place
        for area in world.areas:
            x0, y0, x1, y1 = area["cell"]
            whole.areas.append(area | {"id": f"{place}{area['id']}", "cell": (x0 + left, y0, x1 + left, y1)})
        for one in world.facilities:
            x, y = one["at"]
            serves = [f"{place}{name}" for name in one["serves"]]
            whole.facilities.append(one | {"id": f"{place}{one['id']}", "at": (x + left, y), "serves": serves})
        whole.pools.update({f"{place}{name}": f"{place}{pool}" for name, pool in world.pools.items()})
    return whole


def units(pick: random.Random, world: World) -> gpd.GeoDataFrame:
    """Return the units of every district: see `units_of`."""
    places = sorted({area["cell"][0] // APART_M for area in world.areas})
    cells = [sum(area["cell"][0] // APART_M == place for area in world.areas) for place in places]
    return table(
        "units", [row for place, count in zip(places, cells, strict=True) for row in units_of(pick, place, count)]
    )


def units_of(pick: random.Random, place: int, cells: int) -> list[dict[str, Any]]:
    """Return a county, two streets or towns and three communities or villages, cut along x; people may be missing."""
    rows, right = [("Z", "county", 0, 10 * cells)], 10 * cells
    cut, cuts = pick.randint(0, cells) * 10, sorted(pick.sample(range(cells * 10 + 1), 2))
    rows += [("S1", pick.choice(("street", "town")), 0, cut), ("S2", "street", cut, right)]
    rows += [
        (f"C{place}", pick.choice(("community", "community", "village")), *ends)
        for place, ends in enumerate(zip((0, *cuts), (*cuts, right), strict=True))
    ]
    kept = [row for row in rows if row[3] > row[2]]
    shift, sure = APART_M * place, pick.random() < 0.8
    return [
        {
            "unit_id": f"{name}-{place}",
            "name": name,
            "type": kind,
            "residents": pick.choice((100, 1000, 3000) if sure else (100, None)),
            "elderly": pick.choice((10, 300, 0) if sure else (10, None)),
            "geometry": box(shift + left, -20, shift + end, 20),
        }
        for name, kind, left, end in kept
    ]


def random_inputs(seeds: range, folder: Path, base: StudyInputs) -> tuple[StudyInputs, Path]:
    """Return random districts as inputs of a run, and the file of their document."""
    world, pick = together(seeds), random.Random(seeds[0] + 7)
    path = document_file(folder, LAWS.index(world.law))
    residential, facilities, pools = tables_of(world)
    homes = {
        "beds": (0.0, 10.0, 40.0, None),
        "nursing_beds": (0.0, 5.0, 10.0, None),
        "occupied_beds": (0.0, 5.0, 20.0, None),
        "star": (1.0, 3.0, 4.0, None),
        "land_area_m2": (0.0, 20.0, 600.0, 600.0, None),
        "ownership": ("public", "public", "private", None),
    }
    sure = pick.random() < 0.5  # half of the districts leave nothing open
    drawn = {
        name: [pick.choice([word for word in words if not (sure and word is None)]) for _ in range(len(facilities))]
        for name, words in homes.items()
    }
    facilities = facilities.assign(
        **{name: pd.Series(cells, facilities.index).astype(facilities[name].dtype) for name, cells in drawn.items()}
    )
    switches = dict(world.switches)
    switches["nursing_beds_of"] = pick.choice(("all", "public"))
    switches["stars"] = pick.choice(("at_least", "one_to_three"))
    switches["land_per_person_base"] = pick.choice(("residents", "elderly"))
    switches["apportion_mixed_land"] = pick.random() < 0.5
    standard = standards.apply(standards.load(path), switches)
    settings = replace(base.plan, standard=str(path), as_of=AS_OF, standards=switches, inputs=base.plan.inputs)
    tables: dict[str, Any] = {"roads": base.tables["roads"], "residential": residential, "facilities": facilities}
    if pick.random() < 0.9:
        tables["units"] = units(pick, world)
    if len(pools):
        tables["pools"] = pools
    stated = {name: table.assign(source_row=range(len(table))) for name, table in tables.items()}
    return replace(base, plan=settings, standard=standard, tables=stated, counts={}, ledger=base.ledger.iloc[:0]), path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> StudyInputs:
    """Return the inputs of a plan with one road along y = 0, read through the door once."""
    folder = tmp_path_factory.mktemp("base")
    crs = "EPSG:4548"
    road = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[LineString([(-500, 0), (8000, 0)])], crs=crs)
    area = gpd.GeoDataFrame({"residential_id": ["A"], "households": [1]}, geometry=[box(0, 0, 9, 9)], crs=crs)
    home = gpd.GeoDataFrame(
        {"facility_id": ["F"], "level": ["community"], "kind": ["station"], "status": ["operating"]},
        geometry=[box(0, 0, 1, 1)],
        crs=crs,
    )
    shift = {"roads": road, "residential": area, "facilities": home}
    text = f'[plan]\nname = "纸上"\nstandard = "liaocheng"\nas_of = {AS_OF}\ncrs = "{crs}"\n'
    for name, frame in shift.items():
        frame.geometry = frame.translate(500_000, 4_000_000)
        frame.to_file(folder / f"{name}.gpkg", layer=name)
        text += f'[inputs.{name}]\npath = "{name}.gpkg"\n'
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    assert plan.read(folder / "plan.toml").standard == "liaocheng"
    inputs = runs.load(folder / "plan.toml")
    roads = inputs.tables["roads"]
    tables = {**inputs.tables, "roads": roads.set_geometry(roads.translate(-500_000, -4_000_000))}
    return replace(inputs, tables=tables)


def hold_districts(seeds: range, folder: Path, base: StudyInputs) -> None:
    inputs, path = random_inputs(seeds, folder, base)
    result = study.run(inputs, parts=frozenset({"coverage", "compliance"}))
    write(result, folder / "run")
    try:
        hold(folder / "run", path, inputs.plan.standards, AS_OF)
    except AssertionError as wrong:
        raise AssertionError(f"districts {seeds}: {wrong}") from wrong


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_printed_figures_of_random_districts(seed: int, tmp_path: Path, base: StudyInputs) -> None:
    hold_districts(range(seed, seed + 1 + seed), tmp_path, base)


# Ten districts make one run; the first six runs are with the slow tests, all hundred by hand (about three minutes).
RUNS = [pytest.param(number, marks=pytest.mark.slow if number < 6 else pytest.mark.scale) for number in range(110)]


@pytest.mark.parametrize("number", RUNS)
def test_printed_figures_of_a_thousand_districts(
    number: int, tmp_path: Path, base: StudyInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other readings are no figure of this reading, and half of the time: they are left out."""
    monkeypatch.setattr(sensitivity, "compare", lambda *_args: sensitivity.nothing())
    hold_districts(range(1000 + 10 * number, 1010 + 10 * number), tmp_path, base)


@pytest.mark.slow
def test_thresholds_flip_exactly_where_they_should(tmp_path: Path) -> None:
    """1166 households at 30 m² a hundred owe 349.8 m²: that much is enough, a hundredth less is not. At 20 m² the same
    households owe 233.2. None of these decimals is a binary fraction."""
    areas, rooms = papertown.residential(), papertown.facilities()
    areas = areas.assign(households=1166, built=["new", "new", "new", "existing", "existing", "existing"])
    floor = dict(zip("ABCDEF", (349.8, 349.79, 349.81, 233.2, 233.19, 233.21), strict=True))
    rooms = pd.concat([rooms.iloc[[2]].assign(facility_id=f"K{name}", serves=name, floor_area_m2=m2)
                       for name, m2 in floor.items()], ignore_index=True)  # fmt: skip
    path = papertown.write(tmp_path / "plan", standard="yinchuan", residential=areas, facilities=rooms)
    result = study.run(runs.load(path), parts=frozenset({"coverage", "compliance"}))
    write(result, tmp_path / "run")
    hold(tmp_path / "run", DOCUMENTS / "yinchuan.toml", {}, result.inputs.plan.as_of)
    found = result.residential.set_index("residential_id")
    assert found["required_m2"].to_dict() == dict.fromkeys("ABC", 349.8) | dict.fromkeys("DEF", 233.2)
    assert found["verdict"].to_dict() == dict(zip("ABCDEF", ["meets", "fails", "meets"] * 2, strict=True))
    assert found["shortfall_m2"].to_dict() == dict.fromkeys("ACDF", 0.0) | dict.fromkeys("BE", 0.01)
    sheet = workbook(tmp_path / "run" / "tables.xlsx")["居住区达标核查表"]
    assert sheet[-1][20:23] == (1749.0, 1749.0, 0.02)  # 3 × 349.8 + 3 × 233.2; the rooms add up to as much
