"""Room `planning.export`: the tables beside the files: which field is what (字段对照表), and the topology report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from planning import texts, workbook
from planning.export import _geodatabase, _roles, _shapefile, _topology
from planning.export import _tables as tables
from planning.texts import Language

_MEASURED: Final = 2000  # rows whose cells decide how wide a column is
Rows = Sequence[Sequence[Any]]


def fields(
    layers: Mapping[str, tables.Layer], shapefiles: Iterable[_shapefile.Written], language: Language
) -> tuple[tuple[str, ...], Rows]:
    """Return the table of fields, headings and rows: layer, column, alias, kind, name in each format, codes."""
    heads = tuple(texts.t(f"export.fields.{name}", language) for name in ("layer", "file", "no", "column", "alias",
                  "kind", "gdb", "shp", "width", "part", "codes"))  # fmt: skip
    files = tuple(shapefiles)
    rows = [row for name, layer in layers.items() for row in _of_layer(layer, files, language)]
    return heads, rows


def _of_layer(
    layer: tables.Layer, files: Sequence[_shapefile.Written], language: Language
) -> Iterator[tuple[Any, ...]]:
    named, words = _geodatabase.field_names(layer), _roles.words(layer, language)
    own = [file for file in files if file.layer.name == layer.name]
    for file in own or (None,):
        stored = [] if file is None else list(_shapefile.listed(file))
        for number, field in enumerate(layer.fields, start=1):
            codes = "; ".join(f"{code}={said}" for code, said in words.get(field.name, {}).items())
            kind = texts.t(f"export.kind.{field.kind}", language)
            for part in [one for at, one in stored if at == number] or (None,):
                shp = ("", None, None) if part is None else (part.name, part.width or None, part.part)
                yield (layer.alias, "" if file is None else f"{file.file}", number, field.name, field.alias, kind,
                       named[field.name], *shp, codes)  # fmt: skip
        if file is not None:
            note = texts.t("export.fields.empty", language)
            number = len(layer.fields) + 1
            kind = texts.t("export.kind.text", language)
            yield layer.alias, file.file, number, "", note, kind, "", _shapefile.EMPTY, None, 1, ""


def write(table: tuple[Sequence[str], Rows], folder: Path, notes: Sequence[str], language: Language) -> None:
    """Write the table of fields as a workbook, and as text in UTF-8 and in GB 18030 for programs that know but one.

    The latter says ㎡ for m²: programs that stop at GBK have no raised two.
    """
    heads, rows = table
    title = texts.t("export.fields.title", language)
    (folder / "fields.xlsx").write_bytes(book(title, [(title, heads, rows, notes)], language))
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows([heads, *rows])
    (folder / "fields.csv").write_bytes(stream.getvalue().encode("utf-8-sig"))
    (folder / "fields_gbk.csv").write_bytes(stream.getvalue().replace("m²", "㎡").encode("gb18030"))


def write_topology(layer: tables.Layer, path: Path, notes: Sequence[str], language: Language) -> None:
    """Write the topology report as a workbook: how often each issue is met, and every case."""
    issues, names = _roles.table("export.issue", language), _roles.table("export.layer", language)
    summed = _topology.counts(layer)
    heads = tuple(texts.t(f"export.topology.{name}", language) for name in ("layer", "issue", "count", "area"))
    shown = summed.assign(layer=summed["layer"].map(names), issue=summed["issue"].map(issues))
    rows = list(shown.itertuples(index=False, name=None))
    cases = layer.frame.drop(columns="geometry").assign(
        layer=layer.frame["layer"].map(names), issue=layer.frame["issue"].map(issues)
    )
    limits = texts.t("export.topology.limits", language, least=_topology.LEAST_M2, width=_topology.SLIVER_M)
    sheets = [
        (texts.t("export.topology.summary", language), heads, rows, (*notes, limits)),
        (texts.t("export.topology.cases", language), [field.alias for field in layer.fields],
         list(cases.itertuples(index=False, name=None)), (limits,)),
    ]  # fmt: skip
    path.write_bytes(book(texts.t("export.layer.topology", language), sheets, language))


def book(title: str, sheets: Iterable[tuple[str, Sequence[str], Rows, Sequence[str]]], language: Language) -> bytes:
    """Return a workbook, equal bytes for equal content; what stands in the data is never a formula."""
    made = workbook.Book(title, language)
    for name, heads, rows, notes in sheets:
        _sheet(made, made.page(name), heads, rows, notes)
    return made.packed()


def _sheet(book: workbook.Book, page: Any, heads: Sequence[str], rows: Rows, notes: Sequence[str]) -> None:
    cell, head = book.style(), book.style(bold=True, bg_color="#EEF2F5", bottom=1)
    for at, note in enumerate(notes):
        workbook.put(page, at, 0, note, book.style(font_color="#59616B", font_size=9))
    top = len(notes)
    for column, label in enumerate(heads):
        workbook.put(page, top, column, label, head)
        shown = [row[column] for row in rows[:_MEASURED]]
        page.set_column(column, column, workbook.width(label, shown, least=6, most=48, part=1))
        for at, row in enumerate(rows, start=top + 1):
            workbook.put(page, at, column, row[column], cell)
    page.freeze_panes(top + 1, 0)
    page.autofilter(top, 0, top + len(rows), len(heads) - 1)
    workbook.lay(page, top=top)
