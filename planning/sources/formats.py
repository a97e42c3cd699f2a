"""Which reader reads which format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from planning import tables
from planning.errors import Fault, InputRefused
from planning.sources import columns as cols
from planning.sources import csvs, dxf, geojsonseq, graphml, kml, layers, mapinfo, osm, shapefile, textcode, workbooks
from planning.sources.raw import Dataset, Raw, bare_heading, flat

if TYPE_CHECKING:
    from planning.plan import InputSpec

_LOOKED_AT: Final = 2000
"""Different cells of a column that are looked at for text misread earlier."""


def read(dataset: Dataset, spec: InputSpec, table: tables.Table, layer: str | None) -> Raw:
    """Read a dataset with the reader of its format.

    Raises
    ------
    InputRefused
        See the readers.
    """
    if dataset.kind in ("osm", "graphml") and spec.name != "roads":
        raise InputRefused(Fault("osm_only_roads", file=dataset.file, value=spec.name))
    areas = "polygon" in table.geometry
    known = cols.known_headings(table, spec.fields)
    readers: Mapping[str, Callable[[], Raw]] = {
        "csv": lambda: csvs.read(dataset, encoding=spec.encoding, known=known),
        "xlsx": lambda: workbooks.read(dataset, layer=layer, known=known),
        "shp": lambda: shapefile.read(dataset, encoding=spec.encoding, headings=headings(table, spec.fields)),
        "dxf": lambda: dxf.read(dataset, layer=layer, encoding=spec.encoding, areas=areas),
        "tab": lambda: mapinfo.read(dataset, encoding=spec.encoding),
        "mif": lambda: mapinfo.read(dataset, encoding=spec.encoding),
        "kml": lambda: kml.read(dataset, layer=layer),
        "geojsonseq": lambda: geojsonseq.read(dataset),
        "osm": lambda: osm.read(dataset),
        "graphml": lambda: graphml.read(dataset),
    }
    raw = readers.get(dataset.kind, lambda: layers.read(dataset, layer=layer))()
    return replace(raw, faults=(*raw.faults, *_misread(raw, dataset.file)))


def read_pieces(dataset: Dataset, spec: InputSpec, table: tables.Table, layer: str | None, rows: int) -> Iterator[Raw]:
    """Yield what `read` returns in pieces of ``rows`` rows, where the format can be read so; else all at once."""
    if dataset.kind == "osm" and spec.name == "roads":
        pieces = osm.read_pieces(dataset, rows=rows)
    elif dataset.kind in ("gpkg", "fgb", "gdb"):
        pieces = layers.read_pieces(dataset, layer=layer, rows=rows)
    else:
        yield read(dataset, spec, table, layer)
        return
    for raw in pieces:
        yield replace(raw, faults=(*raw.faults, *_misread(raw, dataset.file)))


def _misread(raw: Raw, file: str) -> list[Fault]:
    """Return a warning for every column, and for the headings, whose text was misread before it came into this file."""
    texts = {"表头": "\n".join(raw.headers)}
    for header, (_, cells) in zip(raw.headers, raw.frame.items(), strict=True):
        words = (cell for cell in cells.drop_duplicates().head(_LOOKED_AT) if isinstance(cell, str))
        texts[header] = "\n".join(word for word in words if not word.isascii())
    found = []
    for column, text in texts.items():
        better = textcode.mojibake(text)
        if better is not None:
            facts = {"read": textcode.sample(better)}
            value = textcode.sample(text)
            found.append(Fault("text_mojibake", "warning", file, raw.layer, column=column, value=value, facts=facts))
    return found


def headings(table: tables.Table, fields: Mapping[str, str]) -> dict[str, str]:
    """Return every heading one would recognise, normalised, with the column it means."""
    found = {
        bare_heading(word): name
        for name, column in table.columns.items()
        for word in (column.name, column.zh, column.en, *column.aliases)
    }
    return found | {flat(source): name for name, source in fields.items()}
