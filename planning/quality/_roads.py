"""Room of `planning.quality`: the state of the road network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import geopandas as gpd

from planning import tables, texts
from planning.quality._parts import Section, Table, Value
from planning.study.health import RoadHealth
from planning.texts import Language

_SHOWN: Final = 15


def section(found: RoadHealth, language: Language) -> Section:
    """Return the figures, and of every list its beginning; the workbook has the whole."""
    largest = found.pieces.iloc[0]
    share = largest["households_share"]
    line = texts.t(
        "quality.roads_said",
        language,
        pieces=f"{len(found.pieces):,}",
        length=_percent(largest["length_share"]),
        households="—" if math.isnan(share) else _percent(share),
    )
    lists = [table for table in lists_of(found, language) if table.rows]
    return Section(
        texts.t("quality.roads", language),
        (line,),
        tables=(figures(found, language), *(_short(table, language) for table in lists)),
    )


def figures(found: RoadHealth, language: Language) -> Table:
    """Return the network in figures, one a row, with what each means."""
    seen = found.network
    near = int(seen.ends["near_border"].sum())
    values: dict[str, Value] = {
        "length": round(math.fsum(found.pieces["length_m"]) / 1000, 1),
        "pieces": len(found.pieces),
        "ends": len(seen.ends),
        "ends_border": near,
        "gaps": len(found.gaps),
        "healed": len(found.healed),
        "crossings": len(seen.crossings),
        "unnoded": _percent(seen.unnoded_share),
        "duplicates": len(seen.duplicates),
        "zero": seen.zero_edges,
        "apart": len(found.apart),
        "unsnapped": len(found.unsnapped),
        "cuts": len(found.cuts),
    }
    rows: list[list[Value]] = [
        [texts.t(f"quality.figure.{name}", language), value, texts.t(f"quality.means.{name}", language)]
        for name, value in values.items()
    ]
    head = [texts.t(f"quality.{name}", language) for name in ("item", "figure_head", "meaning")]
    return Table(texts.t("quality.roads_figures", language), head, rows, (0.3, 0.14, 0.56), (1,))


def lists_of(found: RoadHealth, language: Language) -> Iterator[Table]:
    """Yield every list about the network, whole."""
    yield _pieces(found, language)
    yield _places("apart", found, language)
    yield _places("unsnapped", found, language)
    yield _cuts(found, language)
    yield _gaps("gaps", found.gaps, language)
    yield _gaps("healed", found.healed, language)
    yield _crossings(found, language)
    yield _duplicates(found, language)


def _pieces(found: RoadHealth, language: Language) -> Table:
    weights = [f"piece_{weight}" for weight in tables.WEIGHTS]
    columns = ("piece", "length_km", "length_share", "areas", *weights, "x", "y")
    rows: list[list[Value]] = [
        [
            int(piece["component"]) + 1,
            round(piece["length_m"] / 1000, 3),
            _percent(piece["length_share"]),
            int(piece["areas"]),
            *(_people(piece[weight]) for weight in tables.WEIGHTS),
            f"{piece['x']:.1f}",
            f"{piece['y']:.1f}",
        ]
        for piece in found.pieces.to_dict("records")
    ]
    return _table("pieces", columns, rows, language, numbers=tuple(range(9)))


def _places(which: str, found: RoadHealth, language: Language) -> Table:
    listed = getattr(found, which)
    rows: list[list[Value]] = [
        [tables.input_name(table, language), int(row), str(key), "" if name != name else str(name)]  # noqa: PLR0124  NaN
        for table, key, name, row in listed[["table", "id", "name", "source_row"]].itertuples(index=False)
    ]
    return _table(which, ("input", "row", "id", "name"), rows, language, numbers=(1,))


def _cuts(found: RoadHealth, language: Language) -> Table:
    rows: list[list[Value]] = [
        [texts.t(f"quality.side.{side}", language), int(ends), int(areas), int(facilities)]
        for side, ends, areas, facilities in found.cuts.itertuples(index=False)
    ]
    return _table("cuts", ("side_head", "road_ends", "areas", "facilities"), rows, language, numbers=(1, 2, 3))


def _gaps(which: str, listed: gpd.GeoDataFrame, language: Language) -> Table:
    found = sorted(
        zip(listed["road_id"], listed["other_road_id"], listed["gap_m"], listed.geometry.x, listed.geometry.y,
            strict=True)
    )  # fmt: skip
    rows: list[list[Value]] = [[str(a), str(b), f"{gap:.3f}", f"{x:.2f}", f"{y:.2f}"] for a, b, gap, x, y in found]
    return _table(which, ("road", "other_road", "gap_m", "x", "y"), rows, language, numbers=(2, 3, 4))


def _crossings(found: RoadHealth, language: Language) -> Table:
    listed = found.network.crossings
    rows: list[list[Value]] = [
        [str(a), str(b), int(level), f"{place.x:.2f}", f"{place.y:.2f}"]
        for a, b, level, place in zip(
            listed["road_id"], listed["other_road_id"], listed["level"], listed.geometry, strict=True
        )
    ]
    return _table("crossings", ("road", "other_road", "road_level", "x", "y"), rows, language, numbers=(2, 3, 4))


def _duplicates(found: RoadHealth, language: Language) -> Table:
    listed = found.network.duplicates
    rows: list[list[Value]] = [
        [str(a), str(b), f"{length:.3f}", texts.t(f"quality.direction.{'other' if turned else 'same'}", language)]
        for a, b, length, turned in listed[["road_id", "other_road_id", "length_m", "reversed"]].itertuples(index=False)
    ]
    return _table("duplicates", ("road", "other_road", "length_m", "direction_head"), rows, language, numbers=(2,))


def _table(
    which: str, columns: tuple[str, ...], rows: list[list[Value]], language: Language, *, numbers: tuple[int, ...]
) -> Table:
    head = [texts.t(f"quality.{name}", language) for name in columns]
    return Table(texts.t(f"quality.list.{which}", language), head, rows, numbers=numbers)


def _short(table: Table, language: Language) -> Table:
    if len(table.rows) <= _SHOWN:
        return table
    caption = texts.t("quality.beginning", language, caption=table.caption, shown=_SHOWN, count=f"{len(table.rows):,}")
    return Table(caption, table.head, table.rows[:_SHOWN], table.widths, table.numbers)


def _people(count: float) -> Value:
    """Return a number of people or households, whole where it is whole."""
    if math.isnan(count):
        return None
    return int(count) if count == int(count) else float(count)


def _percent(share: float) -> str:
    """Return a share in per cent with one decimal, never rounded up to the whole."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"
