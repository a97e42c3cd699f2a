"""Room `planning.export`: the folder ``exports/`` of a run, as far as the plan asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from planning import crs as crss
from planning import texts
from planning.errors import Fault, InputRefused
from planning.export import (
    _dictionary,
    _geodatabase,
    _geojson,
    _geopackage,
    _kml,
    _roles,
    _schema,
    _schema_files,
    _shapefile,
    _styles,
    _topology,
)
from planning.export import _tables as tables
from planning.study import StudyResult


@dataclass(frozen=True, eq=False)
class Bundle:
    """A result as all formats see it: layers by id, their legends, the words that every file carries."""

    result: StudyResult
    run_id: str

    @cached_property
    def layers(self) -> Mapping[str, tables.Layer]:
        """Return the layers, each with its rows by id."""
        found = {name: tables.ordered(tables.layer(self.result, name)) for name in tables.layers_of(self.result)}
        return {**found, "topology": _topology.report(found, self.result.inputs.crs, self.language)}

    @cached_property
    def legends(self) -> Mapping[str, Sequence[_roles.Role]]:
        """Return the legend of each layer that has one."""
        drawn = {name: layer for name, layer in self.layers.items() if layer.is_spatial and name != "topology"}
        return {name: _roles.legend(self.result, layer) for name, layer in drawn.items()}

    @property
    def language(self) -> texts.Language:
        """Return the language of the plan's documents."""
        return self.result.inputs.plan.output.language

    @property
    def day(self) -> str:
        """Return the day of judgement, which stands in files in place of the clock."""
        return self.result.inputs.plan.as_of.isoformat()

    @property
    def stamp(self) -> str:
        """Return the line that says which run this is."""
        plan, standard = self.result.inputs.plan, self.result.inputs.standard
        title = standard.title_zh if self.language == "zh" else standard.title_en
        facts = {"plan": plan.name, "standard": title, "as_of": self.day, "run_id": self.run_id}
        return texts.t("export.stamp", self.language, **facts)


def write(bundle: Bundle, folder: Path) -> tuple[Fault, ...]:
    """Write what ``output.exports`` names into ``folder``, with styles, the table of fields and the topology report."""
    asked = bundle.result.inputs.plan.output.exports
    if not asked and not bundle.result.inputs.plan.output.schemas:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    shapefiles, faults = _formats(bundle, folder, asked)
    _write_styles(bundle, folder / "styles")
    _write_topology(bundle, folder)
    if asked:
        table = _dictionary.fields(bundle.layers, shapefiles, bundle.language)
        _dictionary.write(table, folder, _notes(bundle, shapefiles), bundle.language)
    return (*faults, *_schemas(bundle, folder))


def _formats(
    bundle: Bundle, folder: Path, asked: Iterable[str]
) -> tuple[tuple[_shapefile.Written, ...], tuple[Fault, ...]]:
    """Write each format asked for; return the shapefiles and what there is to say of them."""
    layers, crs, output = bundle.layers, bundle.result.inputs.crs, bundle.result.inputs.plan.output
    if "gdb" in asked:
        _geodatabase.write(layers, folder / "results.gdb", crs)
    if "geojson" in asked:
        _geojson.write(layers, folder / "geojson", crs, bundle.language)
    if "kml" in asked:
        _kml.write(layers, bundle.legends, folder / "results.kml", metric=crs, language=bundle.language,
                   title=bundle.result.inputs.plan.name)  # fmt: skip
    if "dxf" in asked:
        from planning.export import _dxf  # ezdxf takes half a second to load

        notes = (bundle.stamp, crss.said(crs, bundle.language))
        _dxf.write(layers, bundle.legends, folder / "results.dxf", language=bundle.language, notes=notes)
    if "shp" not in asked:
        return (), ()
    try:
        return _shapefile.write(layers, folder / "shp", crs, encoding=output.shp_encoding, day=bundle.day)
    except InputRefused as refused:
        shutil.rmtree(folder / "shp", ignore_errors=True)
        return (), refused.faults


def _schemas(bundle: Bundle, folder: Path) -> tuple[Fault, ...]:
    """Write the layouts that the plan names; one that does not fit is not written, and keeps nothing else back."""
    settings = bundle.result.inputs.plan
    faults: list[Fault] = []
    for name in settings.output.schemas:
        schema = _schema.read(settings, name)
        faults += _schema_files.write(schema, bundle.layers, folder, metric=bundle.result.inputs.crs, day=bundle.day,
                                      language=bundle.language)  # fmt: skip
    return tuple(faults)


def _write_styles(bundle: Bundle, folder: Path) -> None:
    """Write the styles of ``results.gpkg`` as files, and further ones for coverage."""
    folder.mkdir(parents=True, exist_ok=True)
    spatial = {name: layer for name, layer in bundle.layers.items() if name in bundle.legends}
    documents = _styles.documents(bundle.result, spatial)
    further = _styles.coverage_documents(bundle.result, bundle.layers["residential"])
    documents |= {f"residential_{level}": document for level, document in further.items()}
    for name, document in documents.items():
        (folder / f"{name}.qml").write_text(document, encoding="utf-8", newline="\n")


def _write_topology(bundle: Bundle, folder: Path) -> None:
    layer = bundle.layers["topology"]
    _dictionary.write_topology(layer, folder / "topology.xlsx", (bundle.stamp,), bundle.language)
    with _geopackage.dated(bundle.day):
        _geopackage.write(layer, folder / "topology.gpkg", bundle.result.inputs.crs)


def _notes(bundle: Bundle, shapefiles: Sequence[_shapefile.Written]) -> tuple[str, ...]:
    """Return the lines above the table of fields: which run, and what a format cannot say."""
    keys = ["note_date", "note_number"] + (["note_empty", "note_text"] if shapefiles else [])
    said = (texts.t(f"export.fields.{key}", bundle.language, field=_shapefile.EMPTY) for key in keys)
    return (bundle.stamp, *said)
