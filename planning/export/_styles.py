"""Room `planning.export`: the QGIS style each layer opens with, and further ones to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from planning import palette
from planning.export import _qml as qml
from planning.export import _roles as roles
from planning.export import _tables as tables
from planning.study import StudyResult
from planning.texts import Language

_NAMED: Final = {
    "facilities": "if(\"status\" = 'candidate', '', \"name\")",
    "units": "if(\"type\" IN ('street', 'town'), \"name\", '')",
}
"""Which rows are named where not all are: sites and candidates are by their own layers, counties would hide streets."""


def documents(result: StudyResult, layers: Mapping[str, tables.Layer]) -> dict[str, str]:
    """Return the QML document of each layer with geometry, by layer."""
    language = result.inputs.plan.output.language
    return {
        name: _document(layer, roles.legend(result, layer), language)
        for name, layer in layers.items()
        if layer.is_spatial
    }


def coverage_documents(result: StudyResult, layer: tables.Layer) -> dict[str, str]:
    """Return further styles of the residential layer: its coverage, by level."""
    language = result.inputs.plan.output.language
    return {level: _document(layer, entries, language) for level, entries in roles.coverage(result, layer).items()}


def _document(layer: tables.Layer, entries: Sequence[roles.Role], language: Language) -> str:
    aliases = {field.name: field.alias for field in layer.fields}
    last = "minutes" if layer.name == "service_areas" else ""
    drawn = list(_entries(layer, entries))
    return qml.document(drawn, aliases, roles.words(layer, language), labels=_labels(layer), last=last)


def _entries(layer: tables.Layer, entries: Sequence[roles.Role]) -> Iterator[qml.Entry]:
    """Yield the legend once for each kind of shape in the layer: areas may be known as points, and points as areas."""
    shapes = layer.shapes or ("",)
    for shape in shapes:
        for role in entries:
            asked = qml.SHAPES[shape] if len(shapes) > 1 else ""
            yield qml.Entry(role.where, role.label, _symbol(role.look, shape), asked)


def _symbol(look: roles.AreaLook | roles.LineLook | roles.PointLook, shape: str) -> qml.Symbol:
    if isinstance(look, roles.LineLook):
        return qml.line(look.hex, look.mm)
    if isinstance(look, roles.PointLook):
        symbol = qml.marker(look.shape, look.mm, look.hex, look.filling, rings=look.rings)
        return qml.centred(symbol) if shape == "polygon" else symbol
    if shape == "point":
        return qml.dot(look.hex or "#FFFFFF", look.edge)
    if not look.hex:
        return qml.outline(look.edge, look.edge_mm, look.dash_mm)
    return qml.area(look.hex, look.hatch, edge=look.edge, edge_mm=look.edge_mm)


def _labels(layer: tables.Layer) -> qml.Labels | None:
    """Return which names stand on the map: of facilities, sites and units."""
    style = {"facilities": "facility_small", "candidates": "facility_small", "sites": "facility_main",
             "units": "street_name"}.get(layer.name)  # fmt: skip
    if style is None or "name" not in layer.frame:
        return None
    book = palette.load()
    told = book.text[style]
    text = _NAMED.get(layer.name, '"name"')
    letters = told["pt"], told.get("hex", book.ink["text"]), told["halo_mm"]
    return qml.Labels(text, *letters, bold=told["weight"] >= 700, inside=layer.name == "units")
