"""Room `planning.compare`: the workbook of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from planning import report
from planning.compare import _sums, _values
from planning.compare._held import CATEGORIES, Comparison
from planning.compare._values import each
from planning.compare._words import Words, heading
from planning.report import Kind, Sheet
from planning.tables import contract
from planning.texts import Language

_SHOWN_CATEGORIES: Final = ("changed", "figures", "added", "removed")


def write(held: Comparison, language: Language) -> bytes:
    """Return the workbook, equal bytes for equal comparisons."""
    words = Words(held, language)
    sheets = [_overview, _differences, _areas, _values_of_areas, _streets, _bridges, _aspects, _others]
    made = [sheet(held, words) for sheet in sheets]
    if len(held.cancelled):
        made.append(_cancelled(held, words))
    return report.book(made, title=words.say("title"), language=language)


def _sheet(
    name: str, words: Words, columns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], **more: Any
) -> Sheet:
    heads = [heading(column, kind, words) for column, kind in columns.items()]
    frame = pd.DataFrame(rows, columns=list(columns)).astype(object)
    notes = more.pop("notes", words.stamp())
    return Sheet(words.say(f"sheet.{name}"), words.say(f"sheet_title.{name}"), heads, frame, notes=notes, **more)


def _overview(held: Comparison, words: Words) -> Sheet:
    totals = _sums.totals(held)
    topic = words.say("kind.area")
    rows = [{"topic": topic, "item": words.say(f"category.{name}"), "number": totals[name], "cause": ""}
            for name in (*CATEGORIES, "union")]  # fmt: skip
    for row in _sums.by_category(held).to_dict("records"):
        if row["category"] in _SHOWN_CATEGORIES:
            said = words.say(f"category.{row['category']}")
            rows.append({"topic": said, "item": words.say("head.areas"), "number": row["areas"],
                         "cause": words.causes(row["cause"])})  # fmt: skip
    columns = {"topic": "text", "item": "text", "number": "whole", "cause": "text"}
    return _sheet("overview", words, columns, rows, notes=(*words.stamp(), *words.method()))


def _differences(_held: Comparison, words: Words) -> Sheet:
    return _sheet("differences", words, dict.fromkeys(("cause", "key", "a", "b"), "text"), words.differences())


def _areas(held: Comparison, words: Words) -> Sheet:
    said = changes_by_area(held, words)
    shown = held.areas[held.areas["category"].isin(_SHOWN_CATEGORIES)]
    rows = [
        {"id": row.Index, "name": row.name, "street": words.street(row.street),
         "category": words.say(f"category.{row.category}"), "households_a": row.households_a,
         "households_b": row.households_b, "what": said.get(row.Index, ""), "cause": words.causes(row.cause),
         "own": _own(row.own, words)}
        for row in each(shown)
    ]  # fmt: skip
    columns = {"id": "text", "name": "text", "street": "text", "category": "text", "households_a": "whole",
               "households_b": "whole", "what": "text", "cause": "text", "own": "text"}  # fmt: skip
    return _sheet("areas", words, columns, rows, frozen=2)


def _own(names: str, words: Words) -> str:
    if not names:
        return ""
    columns = contract("residential").columns
    said = [
        words.say("aspect.place") if name == "geometry" else columns[name].label(words.language)
        for name in names.split(";")
    ]
    return words.say("comma").join(said)


def changes_by_area(held: Comparison, words: Words, *, status_only: bool = False) -> dict[str, str]:
    """Return by area what changed, in one sentence: its statuses or, where none did, its figures."""
    rows = held.changes[(held.changes["kind"] == "area") & (held.changes["aspect"] != _values.PRESENCE)]
    status = rows["aspect"].map(_values.is_status).astype(bool)
    decided = rows[status | (~rows["id"].isin(rows.loc[status, "id"]) & (not status_only))]
    mixed = decided.drop_duplicates(["id", "sufficient"])["id"].value_counts() > 1
    said: dict[str, list[str]] = {}
    for row in sorted(each(decided), key=lambda row: _values.order(row.aspect)):
        what = words.change(row)
        if mixed[row.id]:
            what = words.say("with_cause", what=what, cause=words.cause(row.sufficient, row.possible))
        said.setdefault(str(row.id), []).append(what)
    return {name: words.say("semicolon").join(one) for name, one in said.items()} | _of_one_run(held, words)


def _of_one_run(held: Comparison, words: Words) -> dict[str, str]:
    """Return the statuses of the areas that only one run has."""
    found = {}
    for category, side in (("added", held.b), ("removed", held.a)):
        columns = sorted(filter(_values.is_status, side.areas.columns), key=_values.order)
        rows = side.areas.loc[held.areas.index[held.areas["category"] == category], columns]
        for name, row in zip(rows.index, rows.to_dict("records"), strict=True):
            said = [
                f"{words.aspect(str(one))} {words.value(str(one), _values.word(value))}" for one, value in row.items()
            ]
            found[str(name)] = words.say("semicolon").join([words.say(f"category.{category}"), *said])
    return found


def _values_of_areas(held: Comparison, words: Words) -> Sheet:
    rows = held.changes[held.changes["kind"] == "area"].join(held.areas[["name", "street"]], on="id")
    columns = {"id": "text", "name": "text", "street": "text", "aspect": "text", "a": "text", "b": "text",
               "change": "plain", "cause": "text", "undoing": "text"}  # fmt: skip
    rows = rows.iloc[
        sorted(range(len(rows)), key=lambda at: (rows["id"].iloc[at], _values.order(rows["aspect"].iloc[at])))
    ]
    shown = [{**_line(row, words), "name": row.name, "street": words.street(row.street)} for row in each(rows)]
    return _sheet("values", words, columns, shown, frozen=2, kinds=_kinds(rows, words))


def _kinds(rows: pd.DataFrame, words: Words) -> dict[str, list[Kind]]:
    """Return how each row's change is shown: that of a share in per cent as the share is."""
    return {"change": ["share" if words.is_share(aspect) else "plain" for aspect in rows["aspect"]]}


def _line(row: Any, words: Words) -> dict[str, Any]:
    """Return one changed value as a row of a sheet."""
    return {
        "kind": words.say(f"kind.{row.kind}"),
        "id": words.subject(row.kind, row.id),
        "aspect": words.aspect(row.aspect),
        "a": words.value(row.aspect, row.before),
        "b": words.value(row.aspect, row.after),
        "change": _difference(row.before, row.after),
        "cause": words.cause(row.sufficient, row.possible),
        "undoing": words.cause(row.undoing) if row.undoing else "",
    }


def _difference(before: str, after: str) -> float | None:
    """Return by how much a number changed; the difference of the decimals, not of their nearest binaries."""
    if not (before.startswith("n:") and after.startswith("n:")):
        return None
    return float(Decimal(after[2:]) - Decimal(before[2:]))


def _streets(held: Comparison, words: Words) -> Sheet:
    table = _sums.by_street(held)
    causes = [name for name in table.columns if name.startswith("cause:")]
    counts = [*CATEGORIES, "union", *causes]
    labels = {
        **{name: words.say(f"category.{name}") for name in (*CATEGORIES, "union")},
        **{
            name: words.say("means", name=words.say("category.changed"), what=words.causes(name.removeprefix("cause:")))
            for name in causes
        },
    }
    heads = [heading("street", "text", words), *(report.Heading(name, labels[name], "whole") for name in counts)]
    rows = table.assign(street=table["street"].map(words.street))[["street", *counts]].astype(object)
    sheet, title = words.say("sheet.streets"), words.say("sheet_title.streets")
    totals = {name: float(rows[name].sum()) for name in counts}
    return Sheet(sheet, title, heads, rows, notes=words.stamp(), total_label=words.say("total"), totals=totals)


def _bridges(held: Comparison, words: Words) -> Sheet:
    rows = [
        {"level": words.aspect(f"{row['level']}_status"), "weight": words.say(f"weight.{row['weight']}"),
         "step": words.say(f"step.{row['step']}"), "cause": words.causes(row["cause"]), "areas": row["areas"],
         "amount": row["amount"]}
        for row in _sums.bridges(held).to_dict("records")
    ]  # fmt: skip
    columns = {"level": "text", "weight": "text", "step": "text", "cause": "text", "areas": "whole", "amount": "plain"}
    return _sheet("bridges", words, columns, rows, frozen=3)


def _aspects(held: Comparison, words: Words) -> Sheet:
    rows = [
        {"kind": words.say(f"kind.{row['kind']}"), "aspect": words.aspect(row["aspect"]),
         "cause": words.cause(row["sufficient"]), "undoing": words.cause(row["undoing"]) if row["undoing"] else "",
         "values": row["values"]}
        for row in _sums.by_aspect(held).to_dict("records")
    ]  # fmt: skip
    columns = {"kind": "text", "aspect": "text", "cause": "text", "undoing": "text", "values": "whole"}
    totals = {"values": float(len(held.changes))}
    return _sheet("aspects", words, columns, rows, frozen=2, total_label=words.say("total"), totals=totals)


def _others(held: Comparison, words: Words) -> Sheet:
    changes = held.changes[held.changes["kind"] != "area"]
    rows = [_line(row, words) for row in each(changes)]
    names = facility_names(held)
    columns = {"kind": "text", "id": "text", "name": "text", "aspect": "text", "a": "text", "b": "text",
               "change": "plain", "cause": "text", "undoing": "text"}  # fmt: skip
    shown = [{**row, "name": names.get(row["id"], "")} for row in rows]
    return _sheet("others", words, columns, shown, frozen=3, kinds=_kinds(changes, words))


def facility_names(held: Comparison) -> dict[str, str]:
    """Return the names of facilities of either run by id."""
    frames = [side.layers["facilities"][["facility_id", "name"]].dropna() for side in (held.a, held.b)]
    named = pd.concat(frames, ignore_index=True).drop_duplicates("facility_id", keep="last").astype("str")
    return dict(zip(named["facility_id"], named["name"], strict=True))


def _cancelled(held: Comparison, words: Words) -> Sheet:
    areas = held.areas["name"].dropna()
    names = facility_names(held) | dict(zip(areas.index.astype("str"), areas.astype("str"), strict=True))
    rows = [
        {"kind": words.say(f"kind.{row.kind}"), "id": words.subject(row.kind, row.id), "name": names.get(row.id, ""),
         "aspect": words.aspect(row.aspect), "value": words.value(row.aspect, row.value),
         "would": words.cause(row.sufficient), "would_be": words.value(row.aspect, row.would_be)}
        for row in each(held.cancelled)
    ]  # fmt: skip
    columns = {"kind": "text", "id": "text", "name": "text", "aspect": "text", "value": "text", "would": "text",
               "would_be": "text"}  # fmt: skip
    return _sheet("cancelled", words, columns, rows, frozen=3)
