"""Put real estates of six cities through the doors and write what the check says of them, figures only.

``PLANNING_REALDATA=… python -m tests.corpus.estates docs/estates.md``. The data stay where they are: the report holds
counts and shares, no row, name or place.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from planning import runs
from planning.errors import Fault

CITIES = {
    "shenyang": "沈阳",
    "nantong": "南通",
    "liaocheng": "聊城",
    "huainan": "淮南",
    "jinan": "济南",
    "nanjing": "南京",
}
"""The cities of the five documents whose estates are at hand, and Jinan, whose roads are too."""
PLACE = {"lon": "lon_bd09", "lat": "lat_bd09"}
AS_WRITTEN = {**PLACE, "households": "households_raw", "completion_date": "built_raw"}
"""The websites' own cells: 2756 户, 暂无资料, 总户数4144户 当期户数1300户."""
ONE_NUMBER = {**PLACE, "completion_date": "built_raw"}
"""The column that holds one number a cell, known by its heading."""


@dataclass(frozen=True)
class Looked:
    """What the check said of a city under one reading."""

    rows: int
    """Rows counted with the csv module, not by the doors."""
    counts: Mapping[str, int]
    codes: Counter[str]
    errors: Counter[str]
    unused: int
    said: Mapping[str, str] = field(default_factory=dict)
    households: Fraction = Fraction(0)
    written: Fraction = Fraction(0)
    """Households of the rows that were kept: as the tables hold them, as the csv module reads them."""


def cells(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    """Return the rows of a table by heading."""
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def roads(folder: Path, rows: list[dict[str, str]]) -> str:
    """Write a small made network round the middle of a city; return how the plan names it."""
    places = np.array([(float(row["lon_wgs84"]), float(row["lat_wgs84"])) for row in rows if row["lon_wgs84"]])
    x, y = np.median(places, axis=0)
    steps = np.linspace(-0.02, 0.02, 9)
    lines = [shapely.LineString([(x + step, y + other) for other in steps]) for step in steps]
    lines += [shapely.LineString([(x + other, y + step) for other in steps]) for step in steps]
    gpd.GeoDataFrame({"road_id": range(len(lines)), "highway": "residential"}, geometry=lines, crs=4326).to_file(
        folder / "roads.gpkg"
    )
    centre = {"facility_id": ["S1"], "name": ["S1"], "level": "street", "kind": "centre", "status": "operating"}
    gpd.GeoDataFrame({**centre, "floor_area_m2": 700.0}, geometry=[shapely.Point(x, y)], crs=4326).to_file(
        folder / "facilities.gpkg"
    )
    return 'path = "roads.gpkg"'


def plan(folder: Path, table: Path, named: str, *, fields: Mapping[str, str], datum: str = "bd09") -> Path:
    """Write a plan for one table of estates; return its path."""
    pairs = ", ".join(f'{name} = "{column}"' for name, column in fields.items())
    text = (
        '[plan]\nname = "estates"\nstandard = "liaocheng"\nas_of = 2025-12-31\n'
        f"[inputs.roads]\n{named}\n"
        f'[inputs.residential]\npath = "{table.as_posix()}"\ndatum = "{datum}"\nfields = {{ {pairs} }}\n'
        '[inputs.facilities]\npath = "facilities.gpkg"\n'
    )
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def counted(faults: Iterable[Fault], file: str) -> tuple[Counter[str], Counter[str]]:
    """Count warnings and errors about a file by code, those only summed up included."""
    codes: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for fault in faults:
        if fault.file != file:
            continue
        if fault.code == "and_more":
            codes[str(fault.facts["code"])] += int(fault.facts["count"])
        elif fault.severity == "error":
            errors[fault.code] += 1
        else:
            codes[fault.code] += 1
    return codes, errors


def look(path: Path, table: Path, rows: list[dict[str, str]]) -> Looked:
    """Check a plan; where nothing stops it, read it too and add the households up twice."""
    faults, counts = runs.check(path)
    codes, errors = counted(faults, table.name)
    unused = next((fault for fault in faults if fault.code == "columns_unused" and fault.file == table.name), None)
    said = {fault.code: fault.message("en") for fault in faults if fault.code.startswith("datum")}
    number = 0 if unused is None else len(str(unused.facts["unused_en"]).split(", "))
    if errors:
        return Looked(len(rows), counts["residential"], codes, errors, number, said)
    kept = runs.load(path).tables["residential"]
    found = sum((Fraction(str(value)) for value in kept["households"].dropna()), Fraction(0))
    line = kept["source_row"].to_numpy(dtype=int) - 2  # the heading is line 1
    there = (rows[at]["households"] for at in line)
    written = sum((Fraction(Decimal(cell)) for cell in there if cell), Fraction(0))
    return Looked(len(rows), counts["residential"], codes, errors, number, said, found, written)


def recoded(folder: Path, table: Path, encoding: str) -> Path:
    """Write a table again in another encoding; characters it lacks would raise."""
    path = folder / table.name
    path.write_bytes(table.read_text(encoding="utf-8-sig").encode(encoding))
    return path


@dataclass(frozen=True)
class City:
    """What was found of a city."""

    raw: Looked
    plain: Looked
    encodings: Mapping[str, bool]
    """Whether the table gives the same counts in another encoding."""
    datums: Mapping[str, str]
    """What the check says where the plan states a datum that is not true; Jinan only, whose roads are real."""


def survey(name: str, realdata: Path) -> City:
    """Put one city through the doors, in each reading."""
    table = realdata / "communities" / f"{name}_communities.csv"
    rows = cells(table)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = roads(folder, rows)
        if name == "jinan":
            made = f'path = "{(realdata / "jinan_city_roads" / "jinan_roads.gpkg").as_posix()}"\nlayer = "edges"'
        raw = look(plan(folder, table, made, fields=AS_WRITTEN), table, rows)
        plain = look(plan(folder, table, made, fields=ONE_NUMBER), table, rows)
        encodings = {}
        for encoding in ("gb18030", "utf-16"):
            again = recoded(folder, table, encoding)
            _, counts = runs.check(plan(folder, again, made, fields=ONE_NUMBER))
            encodings[encoding] = counts["residential"] == plain.counts
        datums = {}
        for datum in ("wgs84", "gcj02") if name == "jinan" else ():
            found = look(plan(folder, table, made, fields=ONE_NUMBER, datum=datum), table, rows)
            datums[datum] = found.said.get("datum_doubtful", "nothing")
    return City(raw, plain, encodings, datums)


# ------------------------------------------------------------------------------------------------------- the report

FOUND = (
    ("coordinates_missing", "without coordinates, set aside"),
    ("coordinates_outside", "outside China, set aside"),
    ("total_row", "totals, set aside"),
    ("duplicate_row", "repeated rows, set aside"),
    ("weight_missing", "households missing"),
    ("households_implausible", "more households than one estate has"),
    ("same_shape", "on the same spot as another"),
    ("name_twice", "of the same name as another"),
    ("name_alike", "of a name like another's"),
    ("date_unreadable", "year of completion unreadable"),
    ("text_unprintable", "characters that cannot be printed"),
    ("id_column_absent", "numbered by their line, no id column"),
)
HEAD = """# What the check says of real estates

Housing estates of six cities as two websites list them: no id column, BD-09 coordinates, households as people typed
them. They show what a planner's table goes through; the figures are counts, nothing of the data stands here. Written by
`PLANNING_REALDATA=… python -m tests.corpus.estates docs/estates.md`; `tests/test_corpus_estates.py` holds the doors to
them.

每个城市的居住区表按网站原样读入：没有编号列，坐标为 BD-09，户数为网站上的文字。下表只有数量，不含任何原始数据。

"""
PLAIN = """## One number a cell

Of 19 headings `name` and `households` are known as they stand; the plan names `lon_bd09`, `lat_bd09` and `built_raw`.
The other {unused} are named as not used. Encoding found: UTF-8. The plan states `datum = "bd09"`.
"""
ADDS_UP = """
used + flagged + excluded = read = rows counted with the csv module, in every city; a row with two words is counted in
each line. Nothing is corrected: an estate of 60 000 households is flagged, and weighs until somebody mends it.
"""
RAW = """## The cells as written

With `households = "households_raw"` (cells such as `256 户`, `暂无资料`, `总户数400户 当期户数130户`). 户 is read,
暂无资料 is missing; a cell with two numbers, or one that says 约, would enter a sum and stops the run, every row named
at once.
"""
OFFSET = """
## The offset, where roads are at hand

Jinan against the roads of OpenStreetMap. With `datum = "bd09"`, which is true, nothing is said. Stated wrongly:
"""
OTHERS = """
The other five cities were read beside a small made network, against which no offset can show."""


def _row(title: str, cells_: Iterable[object]) -> str:
    return f"| {title} | " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells_) + " |"


def _first_table(found: Mapping[str, City]) -> list[str]:
    cities = list(found.values())
    lines = [_row("", (f"{name.title()} {CITIES[name]}" for name in found)), "|---" * (len(found) + 1) + "|"]
    lines.append(_row("rows in the file, counted apart", (city.plain.rows for city in cities)))
    parts = ("read", "used", "flagged", "excluded")
    lines += [_row(part, (int(city.plain.counts[part]) for city in cities)) for part in parts]
    for code, title in FOUND:
        numbers = [city.plain.codes[code] for city in cities]
        if any(numbers):
            lines.append(_row(title, numbers))
    rest: Counter[str] = sum((city.plain.codes for city in cities), Counter())
    known = {code for code, _ in FOUND} | {"columns_unused", "areas_off_network"}
    lines += [_row(f"`{code}`", (city.plain.codes[code] for city in cities)) for code in sorted(rest.keys() - known)]
    lines.append(_row("households of the rows kept", (int(city.plain.households) for city in cities)))
    lines.append(_row("the same, added up apart", (int(city.plain.written) for city in cities)))
    lines.append(_row("same counts in GB18030 / UTF-16", (_yes(city.encodings) for city in cities)))
    return lines


def _yes(encodings: Mapping[str, bool]) -> str:
    return " / ".join("yes" if same else "**no**" for same in encodings.values())


def _second_table(found: Mapping[str, City]) -> list[str]:
    cities = list(found.values())
    codes = sorted({code for city in cities for code in city.raw.errors})
    lines = [_row("", (f"{name.title()} {CITIES[name]}" for name in found)), "|---" * (len(found) + 1) + "|"]
    lines.append(_row("rows read", (int(city.raw.counts["read"]) for city in cities)))
    lines.append(_row("outcome", ("refused" if city.raw.errors else "accepted" for city in cities)))
    lines += [_row(f"`{code}`", (city.raw.errors[code] for city in cities)) for code in codes]
    return lines


def report(found: Mapping[str, City]) -> str:
    """Return the report as Markdown."""
    unused = "/".join(map(str, sorted({city.plain.unused for city in found.values()})))
    parts = [PLAIN.format(unused=unused), *_first_table(found), ADDS_UP, RAW, *_second_table(found), OFFSET]
    parts += [f'* `datum = "{datum}"`: {text}' for datum, text in found["jinan"].datums.items()]
    return HEAD + "\n".join([*parts, OTHERS]) + "\n"


def main() -> None:
    """Survey the six cities and write the report."""
    realdata = Path(os.environ["PLANNING_REALDATA"])
    found = {name: survey(name, realdata) for name in CITIES}
    Path(sys.argv[1]).write_text(report(found), encoding="utf-8")


if __name__ == "__main__":
    main()
