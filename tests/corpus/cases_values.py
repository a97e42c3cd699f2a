"""Values that would enter a sum, ids that lose their zeros, unknown words, references that contradict each other."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from . import town
from .case import Kept, Refused, bad, either
from .parts import as_csv, as_xlsx, csv, in_facilities, set_cell, sheet, void, xlsx
from .town import Folder

C, X, F = "residential.csv", "residential.xlsx", "facilities.csv"
UNREADABLE = "number_*"

# --------------------------------------------------------------------------------------- N13: numbers of households

HOUSEHOLDS = {
    "range": ("500-600", "500"),
    "range-wide": ("５００～６００", "500"),
    "range-word": ("500至600户", "500"),
    "about": ("约1000户", "1 000 or missing"),
    "above": ("1000以上", "1 000"),
    "odd": ("1000余户", "1 000"),
    "persons": ("1024人", "1 024 persons taken for households"),
    "area": ("1024㎡", "1 024 m² taken for households"),
    "negative": ("-1024", "subtracted from the sum"),
    "minus-wide": ("－1024", "subtracted from the sum, or 1 024"),
    "brackets": ("(1024)", "1 024, or minus 1 024 as accountants write"),
    "word": ("一千零二十四", "missing, 0 in the sum"),
    "letters": ("1O24", "1"),
    "two": ("总户数1024户 当期500户", "1 024 500 or 1 024"),
    "sum": ("512+512", "512"),
    "european": ("1.024,5", "1.0245"),
    "thousands-wrong": ("10,24", "1 024 or 10"),
    "two-points": ("1.024.000", "missing"),
    "nan": ("NaN", "missing without a word"),
    "inf": ("Infinity", "infinitely many"),
    "huge": ("1e400", "infinitely many"),
    "true": ("TRUE", "1"),
    "hash": ("#N/A", "missing, 0 in the sum"),
    "div": ("#DIV/0!", "missing, 0 in the sum"),
    "ref": ("#REF!", "missing, 0 in the sum"),
    "date": ("2024-10-24", "2 024 or an Excel serial"),
    "time": ("10:24", "624"),
    "hex": ("0x400", "1 024, or 0"),
    "underscore": ("1_024", "1 024 to Python, to nobody else"),
    "percent": ("1024%", "10.24"),
    "question": ("1024?", "1 024"),
    "star": ("1024*", "1 024"),
    "private-use": ("1\ue0102", "12 where the original says 1.2"),
    "arabic": ("１０２４万", "ten million households"),
}
_FLAGGED = {"private-use"}
for _id, (_value, _wrong) in HOUSEHOLDS.items():
    _expected = Refused(UNREADABLE, C, row=3, column="户数|households")
    if _id == "nan":
        _expected = either(
            _expected,
            Kept(
                {
                    "households_total": 3008,
                    "households_covered": 512,
                    "elderly_covered": 384,
                    "not_assessable": 1,
                    "meets": 1,
                    "required_m2": 1107.2,
                    "provided_m2": 350.0,
                },
                says="*",
                file=C,
                row=3,
            ),
        )
    if _id == "arabic":
        _expected = either(
            _expected,
            Kept(
                {
                    "households_total": 10243008.0,
                    "households_covered": 10240512.0,
                    "required_m2": 2049107.2,
                    "shortfall_m2": 2048501.2,
                    "meets": 1,
                    "fails": 5,
                },
                says="households_implausible",
                file=C,
                row=3,
            ),
        )
    bad(f"n13-households-{_id}", "N13", "P0", _wrong, _expected, quick=_id == "range")(as_csv("户数", _value))

for _id, _value in {
    "error": "#REF!",
    "about": "约1000",
    "bool": True,
    "date": __import__("datetime").date(2024, 10, 24),
}.items():
    bad(
        f"n13-cell-{_id}",
        "N13",
        "P0",
        "missing, 1, or an Excel serial of 45 589 households",
        Refused(UNREADABLE, X, row=3, column="户数|households"),
    )(as_xlsx("户数", _value))


@bad(
    "n13-households-outlier",
    "N13",
    "P1",
    "10 240 households on two hectares, as if 0 had not slipped in",
    Kept(
        {
            "households_total": 13248,
            "households_covered": 10752,
            "required_m2": 3155.2,
            "shortfall_m2": 2549.2,
            "meets": 1,
            "fails": 5,
        },
        says="density_implausible|households_implausible|persons_implausible",
        file="residential.gpkg",
        row=2,
    ),
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    table.loc[1, "households"] = 10_240


@bad("n13-persons-few", "N13", "P1", "one person to ten households", Kept(says="persons_implausible", file=C, row=3))
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "常住人口", 300)))


@bad("n13-persons-many", "N13", "P1", "twelve persons a household", Kept(says="persons_implausible", file=C, row=3))
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "常住人口", 12_288)))


@bad(
    "n13-elderly-above-all",
    "N13",
    "P1",
    "more old people than people",
    Kept({"elderly_total": 3800, "elderly_covered": 3176}, says="part_exceeds_whole", file=C, row=3),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "60岁及以上人口", 3048)))


@bad(
    "n13-households-missing",
    "N13",
    "P0",
    "an empty cell is 0 households and meets the rule",
    Kept(
        {
            "households_total": 3008,
            "households_covered": 512,
            "required_m2": 1107.2,
            "provided_m2": 350.0,
            "meets": 1,
            "not_assessable": 1,
        },
        says="weight_missing",
        file=C,
        row=3,
    ),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "户数", "")))


@bad(
    "n13-households-zero",
    "N13",
    "P0",
    "0 households: infinitely many m² per hundred, and met",
    Kept(
        {
            "households_total": 3008,
            "households_covered": 512,
            "required_m2": 1107.2,
            "provided_m2": 350.0,
            "meets": 1,
            "not_applicable": 1,
        }
    ),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "户数", 0)))


@bad(
    "n13-column-absent",
    "N13",
    "P0",
    "nobody lives there, all clauses met",
    either(
        Kept(
            {
                "households_total": None,
                "households_covered": None,
                "required_m2": None,
                "provided_m2": None,
                "shortfall_m2": None,
                "meets": 0,
                "fails": 0,
                "not_assessable": 6,
            },
            says="households_absent",
            file=C,
        ),
        Refused("households_absent|column_missing", C),
    ),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    at = rows[0].index("户数")
    void(csv(folder, [[*row[:at], *row[at + 1 :]] for row in rows]))


@bad("n13-heading-unit", "N13", "P0", "万户 in the heading is passed over: 0.1 households", Kept(says="", file=C))
def _(folder: Folder) -> None:
    rows = sheet(folder)
    at = rows[0].index("户数")
    rows[0][at] = "户数（万户）"
    for row in rows[1:]:
        row[at] = row[at] / 10_000
    void(csv(folder, rows))


@bad("n13-heading-unit-wrong", "N13", "P0", "m² in the heading of households", Refused("header_unit|number_unit", C))
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows[0][rows[0].index("户数")] = "户数（㎡）"
    void(csv(folder, rows))


@bad(
    "n13-heading-wan-and-cell-wan",
    "N13",
    "P0",
    "万 in the heading and in the cell: ten thousand times too many",
    Refused("number_unit", C, column="户数|households"),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    at = rows[0].index("户数")
    rows[0][at] = "户数（万户）"
    for row in rows[1:]:
        row[at] = f"{row[at] / 10_000}万"
    void(csv(folder, rows))


# --------------------------------------------------------------------------------------------------- N13: floor area

AREAS = {
    "range": "150-200㎡",
    "about": "约200",
    "negative": "-200",
    "households": "200户",
    "unit-unknown": "200坪",
    "word": "二百平",
    "sum": "一层120㎡，二层80㎡",
    "beds": "20床",
}
for _id, _value in AREAS.items():
    bad(
        f"n13-area-{_id}",
        "N13",
        "P0",
        "K1 has another area, or none: A fails or meets wrongly",
        Refused(UNREADABLE, F, row=3, column="floor_area_m2"),
    )(in_facilities("floor_area_m2", _value, 2))

# ------------------------------------------------------------------------------------------------ words nobody knows

for _column, _value, _wrong in (
    ("status", "运营？", "an unknown status counts as operating"),
    ("status", "停业整顿中", "a closed one counts"),
    ("level", "街", "the centre is nobody's"),
    ("level", "", "a facility without level is passed over"),
    ("kind", "养老产业园", "an estate of the care industry counts as a care room"),
):
    bad(
        f"n13-{_column}-{_value or 'empty'}",
        "N13",
        "P0",
        _wrong,
        Refused("choice_unknown|required_empty", F, row=2, column=_column),
    )(in_facilities(_column, _value, 1))


@bad("n13-status-empty", "N13", "P1", "taken as operating without a word", Kept(says="status_missing", file=F, row=2))
def _(folder: Folder) -> None:
    in_facilities("status", "", 1)(folder)


@bad(
    "n13-built-unknown",
    "N13",
    "P0",
    "'2010年前' is taken for existing",
    Refused("choice_unknown", C, row=3, column="新建或已建|built"),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "新建或已建", "2010年前")))


@bad(
    "n13-opened-unreadable",
    "N13",
    "P1",
    "an unreadable day is today",
    either(Kept(says="date_unreadable", file=F, row=2), Refused("date_unreadable", F, row=2)),
)
def _(folder: Folder) -> None:
    rows = sheet(folder, "facilities")
    rows = [[*row, "opened" if at == 0 else ("去年" if at == 1 else "2015")] for at, row in enumerate(rows)]
    void(csv(folder, rows, "facilities"))


@bad(
    "n13-closed-before-opened",
    "N13",
    "P1",
    "open before it opened",
    Kept(says="closed_before_opened", file=F, row=5, figures={"provided_m2": 456.0, "shortfall_m2": 907.2}),
)
def _(folder: Folder) -> None:
    rows = sheet(folder, "facilities")
    days = {0: ("opened", "closed"), 4: ("2020-01-01", "2019-01-01")}
    void(csv(folder, [[*row, *days.get(at, ("2015", ""))] for at, row in enumerate(rows)], "facilities"))


# ------------------------------------------------------------------------------------------------------------- ids


@bad(
    "n13-id-twice",
    "N13",
    "P0",
    "of two areas of one id one is lost, or both get one gate",
    Refused("id_duplicate", C, row=3),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "小区编号", "A")))


@bad("n13-facility-id-twice", "N13", "P0", "a room is credited twice or not at all", Refused("id_duplicate", F, row=3))
def _(folder: Folder) -> None:
    in_facilities("facility_id", "S1", 2)(folder)


@bad(
    "n13-id-empty", "N13", "P1", "an area without id is dropped", Refused("reference_unknown", "entrances.gpkg", row=4)
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 4, "小区编号", "")))


@bad(
    "n13-id-18-digits",
    "N13",
    "P0",
    "the last digits of an 18-digit id are zeros in Excel: two areas, one id",
    either(Refused("id_digits_lost|id_duplicate", X, row=2), Kept(says="id_digits_lost", file=X, row=2)),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    folder.tables["entrances"] = None
    folder.tables["facilities"] = folder.tables["facilities"].assign(serves="")
    for at, row in enumerate(rows[1:]):
        row[0] = 370102198001010000 + at * 64
    folder.tables["roads"] = town.roads()
    void(xlsx(folder, rows))


@bad(
    "n13-id-zeros-lost",
    "N13",
    "P0",
    "001 in one file is 1 in the other: no gate fits",
    Refused("reference_unknown", "entrances.gpkg", row=1),
)
def _(folder: Folder) -> None:
    _renumber(folder, lambda at: at + 1, lambda at: f"{at + 1:03d}")


def _renumber(folder: Folder, area: object, gate: object) -> None:
    rows = sheet(folder)
    for at, row in enumerate(rows[1:]):
        row[0] = area(at)  # type: ignore[operator]
    gates = folder.tables["entrances"]
    folder.tables["entrances"] = gates.assign(residential_id=[gate(at) for at in range(len(gates))])  # type: ignore[operator]
    rooms = folder.tables["facilities"]
    folder.tables["facilities"] = rooms.assign(serves=["", *(str(gate(at)) for at in range(3))])  # type: ignore[operator]
    void(xlsx(folder, rows))


@bad(
    "n13-id-look-alike",
    "N13",
    "P1",
    "Ａ1 and A1 are one area to the eye and two to the tool",
    either(
        Kept(says="*look*|id_*|*similar*|*alike*", file=C, row=3),
        Kept(says="*look*|id_*|*similar*|*alike*", file=C, row=2),
        Refused("id_*", C),
    ),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows[1][0], rows[2][0] = "A1", "Ａ1"
    gates = folder.tables["entrances"]
    folder.tables["entrances"] = gates.assign(residential_id=gates["residential_id"].replace({"A": "A1", "B": "Ａ1"}))
    rooms = folder.tables["facilities"]
    folder.tables["facilities"] = rooms.assign(serves=rooms["serves"].replace({"A": "A1", "B": "Ａ1"}))
    void(csv(folder, rows))


@bad(
    "n13-name-twice",
    "N13",
    "P2",
    "two areas of one name are taken for one, or nobody says so",
    either(Kept(says="name_*|*duplicate*|*look*", file=C)),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "小区名称", "A小区")))


@bad(
    "n13-name-look-alike",
    "N13",
    "P2",
    "东方花园 and 东方花园（ 北区 ）… spelt with other blanks: nobody says so",
    either(Kept(says="name_*|*look*|*alike*|*similar*", file=C)),
)
def _(folder: Folder) -> None:
    rows = set_cell(set_cell(sheet(folder), 1, "小区名称", "东方花园(北区)"), 2, "小区名称", "东方花园 （北区）")
    void(csv(folder, rows))


# ------------------------------------------------------------------------------------------------------ references


@bad("n14-serves-unknown", "N14", "P0", "200 m² serve nobody", Refused("serves_unknown", F, row=3))
def _(folder: Folder) -> None:
    in_facilities("serves", "A;Q", 2)(folder)


@bad("n14-gate-unknown", "N14", "P0", "a gate of nobody", Refused("reference_unknown", "entrances.gpkg", row=1))
def _(folder: Folder) -> None:
    gates = folder.tables["entrances"]
    folder.tables["entrances"] = gates.assign(residential_id=gates["residential_id"].replace({"A": "a"}))


def _streets(folder: Folder, **cells: str) -> None:
    folder.tables["units"] = town.units()
    table = folder.tables["residential"]
    folder.tables["residential"] = table.assign(
        street_id=[cells.get(name, "W" if name in "AB" else "") for name in table["residential_id"]]
    )


@bad(
    "n14-street-contradicts",
    "N14",
    "P0",
    "A says street O and lies in W: counted in one of them, nobody says which",
    either(
        Refused("*", "residential.gpkg", row=1, column="street_id"),
        Kept(says="*", file="residential.gpkg", row=1, column="street_id"),
    ),
)
def _(folder: Folder) -> None:
    _streets(folder, A="O")


@bad(
    "n14-street-unknown",
    "N14",
    "P1",
    "a street that is no unit",
    either(
        Refused("*", "residential.gpkg", row=1, column="street_id"),
        Kept(says="*", file="residential.gpkg", row=1, column="street_id"),
    ),
)
def _(folder: Folder) -> None:
    _streets(folder, A="西街到")


@bad(
    "n14-unit-type-unknown",
    "N14",
    "P0",
    "a unit of no kind is no street",
    Refused("choice_unknown", "units.gpkg", row=2, column="type"),
)
def _(folder: Folder) -> None:
    table = town.units()
    table.loc[1, "type"] = "街区"
    folder.tables["units"] = table


@bad(
    "n14-unit-twice",
    "N14",
    "P0",
    "of two streets of one number one is lost",
    Refused("id_duplicate", "units.gpkg", row=3),
)
def _(folder: Folder) -> None:
    table = town.units()
    table.loc[2, "unit_id"] = "W"
    folder.tables["units"] = table


@bad(
    "n14-unit-parent-unknown",
    "N14",
    "P1",
    "a street of no county",
    either(
        Refused("*", "units.gpkg", row=2, column="parent"), Kept(says="*", file="units.gpkg", row=2, column="parent")
    ),
)
def _(folder: Folder) -> None:
    table = town.units()
    table.loc[1, "parent"] = "C9"
    folder.tables["units"] = table


@bad(
    "n14-unit-parent-circle",
    "N14",
    "P1",
    "walking up the tree never ends",
    either(Refused("*", "units.gpkg"), Kept(says="*", file="units.gpkg")),
)
def _(folder: Folder) -> None:
    table = town.units()
    table.loc[1, "parent"], table.loc[2, "parent"] = "O", "W"
    folder.tables["units"] = table


@bad(
    "n14-units-overlap",
    "N14",
    "P1",
    "A lies in two streets: counted in one of them without a word",
    either(Refused("*", "units.gpkg"), Kept(says="*", file="units.gpkg")),
)
def _(folder: Folder) -> None:
    table = town.units()
    table.loc[2, "geometry"] = table.geometry[1].union(table.geometry[2])
    folder.tables["units"] = table


def _pools(folder: Folder, *pairs: tuple[str, str]) -> None:
    path = folder.name("pools", "pools.csv")
    path.write_text("residential_id,pool_id\n" + "".join(f"{area},{pool}\n" for area, pool in pairs), encoding="utf-8")


@bad("n14-pool-area-unknown", "N14", "P0", "a pool that owes less", Refused("reference_unknown", "pools.csv", row=3))
def _(folder: Folder) -> None:
    _pools(folder, ("A", "P1"), ("Q", "P1"))


@bad(
    "n14-pool-area-twice",
    "N14",
    "P0",
    "an area whose need counts in two pools",
    Refused("pools_area_twice", "pools.csv", row=3),
)
def _(folder: Folder) -> None:
    _pools(folder, ("A", "P1"), ("A", "P2"))


def _candidates(folder: Folder, **columns: object) -> None:
    folder.tables["candidates"] = gpd.GeoDataFrame(town.candidates().assign(**columns))
    folder.keys.setdefault("siting", 'p = 1\ndemand = "households"')


@bad(
    "n16-candidate-is-facility",
    "N16",
    "P0",
    "S1 is opened a second time",
    Refused("id_in_both", "candidates.gpkg", row=1),
)
def _(folder: Folder) -> None:
    _candidates(folder, facility_id=["S1", "H2"])


@bad(
    "n16-p-above",
    "N16",
    "P0",
    "'infeasible', or all that there are",
    Refused("siting_p_above*|plan_*", "plan.toml"),
)
def _(folder: Folder) -> None:
    _candidates(folder)
    folder.keys["siting"] = 'p = 3\ndemand = "households"'


@bad("n16-no-candidate", "N16", "P1", "an empty plan called optimal", Refused("candidates_empty", "candidates.gpkg"))
def _(folder: Folder) -> None:
    _candidates(folder)
    folder.tables["candidates"] = folder.tables["candidates"].iloc[:0]


@bad(
    "n16-demand-absent",
    "N16",
    "P0",
    "sites for a demand of nothing",
    Refused("demand_column_absent", "residential.gpkg"),
)
def _(folder: Folder) -> None:
    _candidates(folder)
    folder.keys["siting"] = 'p = 1\ndemand = "elderly"'
    folder.tables["residential"] = folder.tables["residential"].drop(columns="elderly")


@bad(
    "n16-candidates-far",
    "N16",
    "P1",
    "a site that reaches nobody is opened",
    Kept(
        says="place_off_network",
        file="candidates.gpkg",
        also=lambda seen: "" if (seen.summary or {})["siting"]["sites"] == [] else "a site was opened",
    ),
    steps="siting",
)
def _(folder: Folder) -> None:
    _candidates(folder)
    table = folder.tables["candidates"]
    folder.tables["candidates"] = table.set_geometry(table.geometry.translate(0, 2500))


# ------------------------------------------------------------------------------------------------------------- joins


def _joined(folder: Folder, rows: list[list[object]]) -> None:
    folder.tables["residential"] = folder.tables["residential"][["residential_id", "geometry"]]
    folder.inputs["residential"] = {"table": "台账.csv", "join": "residential_id"}
    (folder.path / "台账.csv").write_text(pd.DataFrame(rows).to_csv(index=False, header=False), encoding="utf-8")


def _ledger_rows() -> list[list[object]]:
    table = pd.DataFrame(town.residential().drop(columns="geometry")).astype(object)
    return [list(table.columns), *table.to_numpy().tolist()]


@bad(
    "n14-join-key-twice",
    "N14",
    "P0",
    "A stands twice: 1 024 households, or the first row wins",
    Refused("join_key_duplicate", "台账.csv", row=8),
)
def _(folder: Folder) -> None:
    rows = _ledger_rows()
    _joined(folder, [*rows, ["A", "A小区", 500, 1000, 100, "new", "urban"]])


@bad(
    "n14-join-unmatched",
    "N14",
    "P0",
    "D has no households and nobody says so",
    Kept(
        {
            "households_total": 3776,
            "elderly_total": 944,
            "required_m2": 1112.0,
            "shortfall_m2": 557.2,
            "fails": 3,
            "not_assessable": 1,
        },
        excluded={"residential.table": 1},
        says="join_unmatched",
        file="residential.gpkg",
        row=4,
    ),
)
def _(folder: Folder) -> None:
    rows = _ledger_rows()
    rows[4][0] = "d"
    _joined(folder, rows)


@bad("n14-join-column-missing", "N14", "P1", "joined by row number", Refused("join_column_missing", "台账.csv"))
def _(folder: Folder) -> None:
    rows = _ledger_rows()
    rows[0][0] = "序号"
    _joined(folder, rows)


@bad("n14-join-differs", "N14", "P1", "two numbers of households, one of them wins in silence", Kept(says="join_both"))
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    _joined(folder, _ledger_rows())
    folder.tables["residential"] = table[["residential_id", "households", "geometry"]].assign(households=7)
