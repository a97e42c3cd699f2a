"""Which reader reads which format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from planning import tables
from planning.errors import Fault, InputRefused
from planning.sources import columns as cols
from planning.sources import csvs, dxf, geojsonseq, graphml, kml, layers, mapinfo, osm, shapefile, workbooks
from planning.sources.raw import Dataset, Raw, bare_heading, flat

if TYPE_CHECKING:
    from planning.plan import InputSpec


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
    return readers.get(dataset.kind, lambda: layers.read(dataset, layer=layer))()


def headings(table: tables.Table, fields: Mapping[str, str]) -> dict[str, str]:
    """Return every heading one would recognise, normalised, with the column it means."""
    found = {
        bare_heading(word): name
        for name, column in table.columns.items()
        for word in (column.name, column.zh, column.en, *column.aliases)
    }
    return found | {flat(source): name for name, source in fields.items()}
