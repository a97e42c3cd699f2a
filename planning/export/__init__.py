"""GIS files from a result. Nothing is computed here."""

from __future__ import annotations

from pathlib import Path

from planning.errors import Fault
from planning.export import _exchange, _geopackage, _styles
from planning.export import _tables as tables
from planning.export._content import content_sha256 as content_sha256
from planning.export._content import is_by_content as is_by_content
from planning.export._schema import check_schemas as check_schemas
from planning.export._schema import schema_files as schema_files
from planning.export._tables import LAYERS as LAYERS
from planning.export._tables import layers_of as layers_of
from planning.study import StudyResult


def geopackage(result: StudyResult, path: Path) -> None:
    """Write ``results.gpkg`` with all layers, equal bytes for equal results; it opens styled in QGIS.

    Names and ids are kept byte for byte; layers without geometry are attribute tables; an empty layer is written
    with its columns, so that a reader always finds it. Columns carry what a person calls them. The style of each layer
    stands in the table ``layer_styles``, where QGIS looks for it.
    """
    day = result.inputs.plan.as_of.isoformat()
    layers = {name: tables.layer(result, name) for name in layers_of(result)}
    styles = _styles.documents(result, layers)
    # A GeoPackage stores the time of its last change: the day of judgement stands in for the clock.
    with _geopackage.dated(day):
        for layer in layers.values():
            _geopackage.write(layer, path, result.inputs.crs)
        _geopackage.add_styles(path, styles, day=day, title=result.inputs.plan.name)


def exchange(result: StudyResult, folder: Path, *, run_id: str) -> tuple[Fault, ...]:
    """Write what the plan asks for under ``output.exports`` into ``folder``; nothing where it asks for nothing.

    Parameters
    ----------
    folder
        Made where something is written; its files are equal for equal results, geodatabase and drawing in content
        (`content_sha256`).
    run_id
        Stands in the files.

    Returns
    -------
    tuple of Fault
        What there is to say of what was written: letters that an encoding has not, texts that go on in further
        fields. Errors among them name what was not written: a format that cannot hold a layer.
    """
    return _exchange.write(_exchange.Bundle(result, run_id), folder)
