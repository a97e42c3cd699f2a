"""Drawings in DXF: the shapes of one drawing layer, with the texts that lie on them.

The file is first read as the pairs of code and value it consists of; the lines and fills of one layer in model space
are then given to GDAL in a copy of their own, for the curves. So every entity is accounted for, and the encoding is
told by the bytes and not by a header that CAD programs leave as they found it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planning.errors import Fault, InputRefused
from planning.sources import layers, textcode
from planning.sources.raw import Dataset, Raw, raw_table

_LINES: Final = frozenset({"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE"})
_FILLS: Final = frozenset({"HATCH", "SOLID", "TRACE", "3DFACE"})
_TEXTS: Final = frozenset({"TEXT", "MTEXT"})
_SPOTS: Final = frozenset({"POINT", "INSERT"})
_PARTS: Final = frozenset({"VERTEX", "ATTRIB", "SEQEND"})
"""Entities that belong to the one before them."""
_CLOSED_BY: Final = 1e-6
_UNSTATED, _MILLIMETRES, _METRES = 0, 4, 6
_NORTHINGS_M: Final = (300_000.0, 6_500_000.0)
"""Northings of China in metres, with room; in millimetres they are a thousand times that."""
_UNICODE: Final = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_FORMAT: Final = re.compile(r"\\[ACFHQTWacfhqtwpS][^;\\{}]*;|\\[LlOoKk]|[{}]|%%[uUoO]")

_Pair = tuple[str, str]


@dataclass(frozen=True)
class _Entity:
    """One entity: its kind, its own pairs, and the entities that belong to it (vertices, block attributes)."""

    kind: str
    pairs: list[_Pair]
    parts: list[_Entity] = field(default_factory=list)

    def first(self, code: str, default: str = "") -> str:
        """Return the first value under ``code``."""
        return next((value for found, value in self.pairs if found == code), default)

    @property
    def layer(self) -> str:
        """Return the drawing layer."""
        return self.first("8", "0")

    def all_pairs(self) -> Iterator[_Pair]:
        """Yield the pairs of the entity and of its parts, each begun by its kind."""
        yield "0", self.kind
        yield from self.pairs
        for part in self.parts:
            yield from part.all_pairs()


def read(dataset: Dataset, *, layer: str | None, encoding: str | None, areas: bool) -> Raw:
    """Read one drawing layer.

    Parameters
    ----------
    dataset : Dataset
    layer : str or None
        Needed where the drawing has entities on several layers.
    encoding : str or None
        The plan's; else what the drawing states, strict UTF-8, strict GB18030 (see `textcode.choose`).
    areas : bool
        Whether closed lines are outlines, and become polygons.

    Returns
    -------
    Raw
        Rows are the entities of the layer in model space, numbered in the order of the file. Columns: ``entity``,
        ``text``, the attributes of blocks by tag, and for every other layer of texts a column of its name with the text
        that lies inside the outline. Beside lines, texts, symbols and fills are no rows to count with (``dxf_label``,
        ``dxf_symbol``, ``dxf_fill``), nor are kinds without an outline (``dxf_not_a_shape``). No CRS: a drawing states
        none. ``read`` counts the entities by a search of its own.

    Raises
    ------
    InputRefused
        ``file_broken``, ``layer_needed``, ``layer_unknown``, ``layer_none``, ``dxf_units``, faults of the encoding.
    """
    text, choice = _text(dataset, encoding)
    sections = _sections(text, dataset)
    model = [one for one in _entities(sections.get("ENTITIES", [])) if one.first("67", "0").strip() != "1"]
    drawn = _LINES | _FILLS | _TEXTS | _SPOTS
    name = layers.pick(list(dict.fromkeys(one.layer for one in model if one.kind in drawn)), layer, dataset)
    mine = [one for one in model if one.layer == name]
    dropped = _dropped(mine)
    kept = ~np.logical_or.reduce([*dropped.values()])
    shapes = _shapes(mine, dataset, areas=areas)
    scale, faults = _scale(_insunits(sections.get("HEADER", [])), shapes[kept], dataset)
    shapes = np.asarray(shapely.transform(shapes, lambda xy: xy * scale), dtype=object)
    return raw_table(
        [*_columns(mine), *_labels([one for one in model if one.kind in _TEXTS], name, shapes, scale)],
        np.arange(1, len(mine) + 1),
        _count(text, name),
        layer=name,
        geometry=shapes,
        encoding=choice.encoding,
        dropped=dropped,
        faults=(*choice.faults, *faults),
    )


# ----------------------------------------------------------------------------------------------------- the file as text


def _text(dataset: Dataset, encoding: str | None) -> tuple[str, textcode.Choice]:
    """Return the drawing as text; from release 2007 on it is UTF-8, before in the code page it states."""
    data = dataset.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    pieces = [line for line in data.split(b"\n") if not line.isascii()]
    version = re.search(rb"\$ACADVER\s+1\s+(AC10\d\d)", data[: 1 << 16])
    page = re.search(rb"\$DWGCODEPAGE\s+3\s+(\S+)", data[: 1 << 16])
    marks = []
    if version is not None and version.group(1) >= b"AC1021":
        marks = [textcode.Mark("$ACADVER", "UTF-8", "utf-8")]
    elif page is not None:
        said = page.group(1).decode("ascii", errors="replace")
        marks = [textcode.Mark("$DWGCODEPAGE", said, textcode.known(said))]
    choice = textcode.choose(pieces, file=dataset.file, stated=encoding, marks=marks)
    return data.decode(choice.encoding), choice


def _sections(text: str, dataset: Dataset) -> dict[str, list[_Pair]]:
    """Return the pairs of code and value by section."""
    lines = text.replace("\r\n", "\n").rstrip().split("\n")
    pairs = list(zip(map(str.strip, lines[0::2]), lines[1::2], strict=False))
    if not all(code.lstrip("-").isdigit() for code, _ in pairs) or pairs[-1:] != [("0", "EOF")]:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": "DXF … EOF"}))
    found: dict[str, list[_Pair]] = {}
    inside: list[_Pair] | None = None
    for at, (code, value) in enumerate(pairs):
        word = value.strip() if code == "0" else ""
        if word == "SECTION":
            inside = found.setdefault(pairs[at + 1][1].strip(), []) if at + 1 < len(pairs) else None
        elif word == "ENDSEC":
            inside = None
        elif inside is not None:
            inside.append((code, value))
    return found


def _entities(pairs: list[_Pair]) -> list[_Entity]:
    """Return the entities of a section; vertices and block attributes go with the entity before them."""
    found: list[_Entity] = []
    last: _Entity | None = None
    for code, value in pairs:
        if code == "0":
            kind = value.strip()
            last = _Entity(kind, [])
            (found[-1].parts if kind in _PARTS and found else found).append(last)
        elif last is not None:
            last.pairs.append((code, value.strip()))
    return found


def _insunits(header: list[_Pair]) -> int:
    """Return the drawing's unit as a number (`$INSUNITS`); 0 where it states none."""
    for at, (_, value) in enumerate(header[:-1]):
        if value.strip() == "$INSUNITS" and header[at + 1][1].strip().isdigit():
            return int(header[at + 1][1])
    return _UNSTATED


def _count(text: str, layer: str) -> int:
    """Count the entities of a layer in model space, line by line, without taking entities apart."""
    lines = [line.strip() for line in text.split("\n")]
    inside, count = False, 0
    said: dict[str, str] = {}
    for code, value in zip(lines[0::2], lines[1::2], strict=False):
        if code == "0":
            count += _counts(said, layer)
            said = {"0": value} if inside else {}
        elif code == "2" and not inside:
            inside = value == "ENTITIES"
        else:
            said.setdefault(code, value)
        inside = inside and said.get("0") != "ENDSEC"
    return count


def _counts(said: Mapping[str, str], layer: str) -> bool:
    kind = said.get("0", "ENDSEC")
    return kind not in _PARTS | {"ENDSEC"} and said.get("8", "0") == layer and said.get("67", "0") != "1"


# ------------------------------------------------------------------------------------------------------------- shapes


def _dropped(mine: list[_Entity]) -> dict[str, NDArray[np.bool_]]:
    """Mark the entities of a layer that are no rows to count with: what they are depends on what lies beside them."""
    kinds = np.array([one.kind for one in mine], dtype=object)
    lines, fills, texts, spots = (np.isin(kinds, list(names)) for names in (_LINES, _FILLS, _TEXTS, _SPOTS))
    drawn = bool((lines | fills).any())
    return {
        "dxf_label": texts & bool(drawn or spots.any()),
        "dxf_symbol": spots & drawn,
        "dxf_fill": fills & bool(lines.any()),
        "dxf_not_a_shape": ~(lines | fills | texts | spots),
    }


def _shapes(mine: list[_Entity], dataset: Dataset, *, areas: bool) -> NDArray[np.object_]:
    """Return the shape of each entity: lines and fills by GDAL, texts, points and symbols where they are inserted."""
    shapes = np.full(len(mine), None, dtype=object)
    drawn = [at for at, one in enumerate(mine) if one.kind in _LINES | _FILLS]
    if drawn:
        shapes[drawn] = _drawn([mine[at] for at in drawn], dataset)
    for at, one in enumerate(mine):
        if one.kind in _TEXTS | _SPOTS:
            shapes[at] = _spot(one)
    return _closed(shapes) if areas else shapes


def _drawn(entities: list[_Entity], dataset: Dataset) -> NDArray[np.object_]:
    """Return the shapes GDAL makes of lines and fills; None where it makes none."""
    lines = ["0", "SECTION", "2", "ENTITIES"]
    for at, one in enumerate(entities):
        for code, value in one.all_pairs():
            if code not in ("1", "3", "5", "6", "7", "8"):
                lines += [code, value]
            if code == "0":
                lines += ["5", f"{at + 1:X}" if value == one.kind else "0", "8", "0"]
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        copy = Path(folder) / "layer.dxf"
        text = "\n".join([*lines, "0", "ENDSEC", "0", "EOF", ""])
        copy.write_bytes(text.encode("ascii", errors="replace"))
        handles, shapes = layers.read_handles(copy, dataset)
    made = np.full(len(entities), None, dtype=object)
    made[np.array([int(handle, 16) - 1 for handle in handles], dtype=np.intp)] = shapes
    return made


def _spot(entity: _Entity) -> Any:
    """Return the point where an entity is inserted; a mirrored plane (extrusion downwards) turns x round."""
    try:
        x, y = float(entity.first("10")), float(entity.first("20"))
        return shapely.Point(-x if float(entity.first("230", "1")) < 0 else x, y)
    except ValueError:
        return None


def _closed(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return lines that end where they start as polygons."""
    made = shapes.copy()
    for at in np.flatnonzero(shapely.get_type_id(shapes) == 1):
        xy = shapely.get_coordinates(shapes[at])
        if len(xy) > 3 and np.abs(xy[0] - xy[-1]).max() <= _CLOSED_BY:
            made[at] = shapely.Polygon([*xy[:-1], xy[0]])
    return made


def _scale(units: int, shapes: NDArray[np.object_], dataset: Dataset) -> tuple[float, tuple[Fault, ...]]:
    """Return what brings the drawing to metres, told by its unit and by where China lies.

    A drawing whose header and coordinates disagree is taken by its coordinates where they are northings in metres, as
    templates state millimetres whatever is drawn; where they tell nothing, it is refused.
    """
    places = shapely.bounds(shapes)[:, 1]
    middle = float(np.median(places[np.isfinite(places)])) if np.isfinite(places).any() else float("nan")
    low, high = _NORTHINGS_M
    in_metres, in_mm = low <= middle <= high, 1000 * low <= middle <= 1000 * high
    facts = {"units": units}
    if units == _MILLIMETRES and in_mm:
        return 0.001, (Fault("dxf_scaled", "warning", file=dataset.file, value=f"{middle:.0f}", facts=facts),)
    if units not in (_UNSTATED, _METRES) and in_metres:
        return 1.0, (Fault("dxf_units_ignored", "warning", file=dataset.file, value=f"{middle:.0f}", facts=facts),)
    if in_mm or units not in (_UNSTATED, _METRES):
        raise InputRefused(Fault("dxf_units", file=dataset.file, value=f"{middle:.0f}", facts=facts))
    return 1.0, ()


# ------------------------------------------------------------------------------------------------------------ columns


def _columns(mine: list[_Entity]) -> list[tuple[str, Any]]:
    """Return the kind, the own text and the block attributes of each entity."""
    tags = [{part.first("2"): _plain(part) for part in one.parts if part.kind == "ATTRIB"} for one in mine]
    names = dict.fromkeys(tag for found in tags for tag in found if tag)
    made: dict[str, list[str | None]] = {"entity": [one.kind for one in mine]}
    if any(one.kind in _TEXTS for one in mine):
        made["text"] = [_plain(one) if one.kind in _TEXTS else None for one in mine]
    if any(one.kind == "INSERT" for one in mine):
        made["block"] = [one.first("2") if one.kind == "INSERT" else None for one in mine]
    made |= {tag: [found.get(tag) for found in tags] for tag in names}
    return [(name, _cells(values)) for name, values in made.items()]


def _labels(texts: list[_Entity], name: str, shapes: NDArray[np.object_], scale: float) -> list[tuple[str, Any]]:
    """Return for every layer of texts what stands inside each outline, several texts joined by ``;`` in their order.

    The texts of the outlines' own layer are the column ``label``.
    """
    outlines = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)))
    spots = shapely.transform(np.array([_spot(one) for one in texts], dtype=object), lambda xy: xy * scale)
    if not len(outlines) or not len(texts):
        return []
    tree = shapely.STRtree(shapes[outlines])
    found: dict[str, dict[int, list[str]]] = {}
    for at, inside in sorted(zip(*tree.query(spots, predicate="within").tolist(), strict=True)):
        column = "label" if texts[at].layer == name else texts[at].layer
        found.setdefault(column, {}).setdefault(int(outlines[inside]), []).append(_plain(texts[at]))
    return [
        (column, _cells([";".join(dict.fromkeys(said[at])) if at in said else None for at in range(len(shapes))]))
        for column, said in found.items()
    ]


def _plain(entity: _Entity) -> str:
    """Return the text of an entity without its formatting."""
    text = "".join(value for code, value in entity.pairs if code == "3") + entity.first("1")
    text = _UNICODE.sub(lambda match: chr(int(match.group(1), 16)), text)
    text = _FORMAT.sub("", text.replace("\\P", " ").replace("\\~", " "))
    return re.sub(r"\s+", " ", text).strip()


def _cells(values: list[str | None]) -> NDArray[np.object_]:
    cells = np.empty(len(values), dtype=object)
    cells[:] = [value or None for value in values]
    return cells
