"""Room `planning.export`: schema files: the layout of a bureau's own database, read and held to its contract.

A schema file names layers, their fields and where each field comes from; nothing in it is computed by expressions.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from pyproj import CRS

from planning import crs
from planning.errors import Fault, InputRefused, refuse
from planning.export._tables import LAYERS
from planning.keys import TEXT, TEXTS, Kind, choice
from planning.plan import Plan

Format = Literal["gdb", "gpkg", "shp", "geojson"]
Type = Literal["text", "integer", "double", "date"]
BUNDLED: Final = "example"
SOURCES: Final = (*LAYERS, "candidates")
MEASURES: Final = ("area_m2", "length_m", "x", "y", "longitude", "latitude")
_NAME_LETTERS: Final = "_-（）()"
_LONGEST: Final = 2**31 - 1
_MOST_DECIMALS: Final = 15  # as many as a double tells apart


def _whole(least: int, most: int = _LONGEST) -> Kind:
    def accepts(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    if most == _LONGEST:
        return Kind(accepts, f"不小于 {least} 的整数", f"a whole number, {least} or more")
    return Kind(accepts, f"{least} 至 {most} 的整数", f"a whole number from {least} to {most}")


def _is_scalar(value: Any) -> bool:
    plain = isinstance(value, str | int | date) and not isinstance(value, bool)
    return plain or (isinstance(value, float) and math.isfinite(value))


def _is_where(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_scalar(one) or (isinstance(one, list) and bool(one) and all(map(_is_scalar, one))) for one in value.values()
    )


def _is_codes(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(word, str) for word in value.values())


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and all(one.isalnum() or one in _NAME_LETTERS for one in value)


_FLAG: Final = Kind(lambda value: isinstance(value, bool), "true 或 false", "true or false")
_FILE: Final = Kind(
    _is_file, "由字母、数字、汉字、_、- 组成的文件名，不带扩展名", "a file name of letters, digits, _ and -"
)
_SCALAR: Final = Kind(_is_scalar, "文字、数或日期", "a text, a number or a date")
_WHERE: Final = Kind(
    _is_where, '形如 { status = ["operating"] } 的条件', 'conditions such as { status = ["operating"] }'
)
_MAP: Final = Kind(
    lambda value: isinstance(value, dict) and bool(value) and all(map(_is_scalar, value.values())),
    '形如 { street = "2" } 的对照',
    'a mapping such as { street = "2" }',
)
_LIST: Final = Kind(lambda value: isinstance(value, list) and bool(value), "不为空的列表", "a list that is not empty")
_CODES: Final = Kind(lambda value: isinstance(value, dict), "代码表", "tables of codes")
HEAD: Final[Mapping[str, Kind]] = {
    "title": TEXT,
    "file": _FILE,
    "format": choice("gdb", "gpkg", "shp", "geojson"),
    "crs": TEXT,
    "encoding": choice("gbk", "utf-8"),
    "notes": TEXTS,
}
LAYER: Final[Mapping[str, Kind]] = {
    "name": _FILE,
    "alias": TEXT,
    "source": choice(*SOURCES),
    "geometry": choice("point", "line", "polygon", "none"),
    "where": _WHERE,
    "fields": _LIST,
}
FIELD: Final[Mapping[str, Kind]] = {
    "name": _FILE,
    "alias": TEXT,
    "type": choice("text", "integer", "double", "date"),
    "length": _whole(1),
    "decimals": _whole(0, _MOST_DECIMALS),
    "required": _FLAG,
    "unique": _FLAG,
    "source": TEXT,
    "value": _SCALAR,
    "number_from": _whole(0),
    "measure": choice(*MEASURES),
    "map": _MAP,
    "codes": TEXT,
}
_NEEDED: Final = {"schema": ("title", "file", "format"), "layers": ("name", "source", "geometry", "fields"),
                  "fields": ("name", "type")}  # fmt: skip
WAYS: Final = ("source", "value", "number_from", "measure")


@dataclass(frozen=True)
class FieldSpec:
    """One field to fill: its type and constraints, and the one way it is filled; without a way it stays empty."""

    name: str
    type: Type
    alias: str = ""
    length: int | None = None
    decimals: int | None = None
    required: bool = False
    unique: bool = False
    source: str | None = None
    value: Any = None
    number_from: int | None = None
    measure: str | None = None
    map: Mapping[str, Any] = field(default_factory=dict)
    codes: str | None = None


@dataclass(frozen=True)
class LayerSpec:
    """One layer to fill from a layer of the result; ``where`` keeps the rows whose columns hold one of the values."""

    name: str
    source: str
    geometry: Literal["point", "line", "polygon", "none"]
    fields: tuple[FieldSpec, ...]
    alias: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """A schema file; ``codes`` hold the words of each code of a list, ``crs`` is None for that of the run."""

    title: str
    file: str
    format: Format
    layers: tuple[LayerSpec, ...]
    path: str
    crs: CRS | None = None
    encoding: Literal["gbk", "utf-8"] = "utf-8"
    notes: tuple[str, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def check_schemas(settings: Plan) -> tuple[Fault, ...]:
    """Return every fault of the schema files a plan names; what the result decides is looked at when it is there."""
    faults: list[Fault] = []
    named: dict[str, str] = {}
    for name in settings.output.schemas:
        try:
            schema = read(settings, name)
        except InputRefused as refused:
            faults += refused.faults
            continue
        if schema.file in named:
            faults.append(Fault("schema_same_file", file=schema.path, column="schema.file", value=schema.file,
                                facts={"other": named[schema.file]}))  # fmt: skip
        named[schema.file] = schema.path
    return tuple(faults)


def schema_files(settings: Plan) -> tuple[Path, ...]:
    """Return the schema files of the planner's own that a plan names."""
    return tuple(settings.folder / name for name in settings.output.schemas if name != BUNDLED)


def read(settings: Plan, name: str) -> Schema:
    """Read one schema file; ``example`` is the one that comes with the program.

    Raises
    ------
    InputRefused
        With every fault: not there, not UTF-8, not TOML, keys unknown or missing, values of the wrong kind, names given
        twice, fields that are filled in two ways, code lists nobody holds, a CRS that cannot be used.
    """
    text, file = _text(settings.folder, name)
    try:
        words = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputRefused(Fault("schema_not_toml", file=file, value=str(error))) from None
    refuse(list(_shape_faults(words, file)))
    faults = list(_sense_faults(words, file))
    target, more = _target(words["schema"].get("crs"), words["schema"]["format"], file)
    refuse([*faults, *more])
    head = {key: value for key, value in words["schema"].items() if key not in ("crs", "notes")}
    layers = tuple(_layer(entry) for entry in words["layers"])
    notes = tuple(words["schema"].get("notes", ()))
    return Schema(**head, layers=layers, path=file, crs=target, notes=notes, codes=words.get("codes", {}))


def _text(folder: Path, name: str) -> tuple[str, str]:
    if name == BUNDLED:
        return (resources.files("planning.export") / "schemas" / "example.toml").read_text("utf-8"), "example.toml"
    path = folder / name
    try:
        return path.read_text("utf-8-sig"), path.name
    except OSError as error:
        why = {"why": error.strerror or ""}
        raise InputRefused(Fault("schema_not_readable", file=path.name, value=name, facts=why)) from None
    except UnicodeDecodeError:
        raise InputRefused(Fault("schema_not_utf8", file=path.name)) from None


def _layer(entry: Mapping[str, Any]) -> LayerSpec:
    fields = tuple(FieldSpec(**spec) for spec in entry["fields"])
    return LayerSpec(**{**entry, "fields": fields})


# ------------------------------------------------------------------------------------------------------------- faults


def _shape_faults(words: Mapping[str, Any], file: str) -> Iterator[Fault]:
    """Yield what keeps the file from being read as a schema at all."""
    known = ("schema", "layers", "codes")
    for key in (key for key in words if key not in known):
        yield _unknown(key, known, file)
    head, layers = words.get("schema"), words.get("layers")
    if not isinstance(head, Mapping) or not isinstance(layers, list) or not layers:
        yield Fault("schema_incomplete", file=file)
        return
    yield from _table_faults(head, HEAD, "schema", "schema", file)
    for layer in layers:
        where = f"layers.{layer.get('name', '?')}" if isinstance(layer, Mapping) else "layers"
        yield from _table_faults(layer, LAYER, where, "layers", file)
        specs = layer.get("fields") if isinstance(layer, Mapping) else None
        for spec in specs if isinstance(specs, list) else ():
            name = f"{where}.{spec.get('name', '?')}" if isinstance(spec, Mapping) else where
            yield from _table_faults(spec, FIELD, name, "fields", file)
    lists = words.get("codes", {})
    if not _CODES.accepts(lists):
        yield _bad("codes", lists, _CODES, file)
        return
    for name, codes in lists.items():
        if not _is_codes(codes):
            yield _bad(
                f"codes.{name}",
                codes,
                Kind(_is_codes, '形如 1 = "街道级" 的代码表', 'codes such as 1 = "street"'),
                file,
            )


def _table_faults(table: Any, known: Mapping[str, Kind], where: str, kind: str, file: str) -> Iterator[Fault]:
    if not isinstance(table, Mapping):
        yield Fault("schema_incomplete", file=file, column=where)
        return
    for key in _NEEDED[kind]:
        if key not in table:
            yield Fault("schema_missing_key", file=file, column=f"{where}.{key}")
    for key, value in table.items():
        if key not in known:
            yield _unknown(f"{where}.{key}", tuple(known), file)
        elif not known[key].accepts(value):
            yield _bad(f"{where}.{key}", value, known[key], file)


def _unknown(column: str, known: Sequence[str], file: str) -> Fault:
    word = column.rpartition(".")[2]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.4) or list(known[:1])
    return Fault("schema_unknown_key", file=file, column=column, value=word, facts={"nearest": near[0]})


def _bad(column: str, value: Any, kind: Kind, file: str) -> Fault:
    facts = {"expected_zh": kind.zh, "expected_en": kind.en}
    return Fault("schema_bad_value", file=file, column=column, value=str(value)[:200], facts=facts)


def _sense_faults(words: Mapping[str, Any], file: str) -> Iterator[Fault]:
    """Yield what does not go together in a schema whose keys are sound."""
    layers, shp = words["layers"], words["schema"]["format"] == "shp"
    yield from _twice([layer["name"] for layer in layers], "layers", file)
    for layer in layers:
        where = f"layers.{layer['name']}"
        yield from _twice([spec["name"] for spec in layer["fields"]], where, file)
        for spec in layer["fields"]:
            yield from _field_faults(spec, f"{where}.{spec['name']}", words.get("codes", {}), file)
            if shp and not (spec["name"].isascii() and len(spec["name"]) <= 10):
                yield Fault("schema_shp_name", file=file, column=f"{where}.{spec['name']}", value=spec["name"])
            if shp and spec["type"] == "text" and spec.get("length", 0) > 254:
                yield Fault("schema_shp_length", file=file, column=f"{where}.{spec['name']}", value=str(spec["length"]))


def _twice(names: Sequence[str], where: str, file: str) -> Iterator[Fault]:
    """Yield names given twice; databases do not tell capitals apart."""
    folded = [name.casefold() for name in names]
    for at, name in enumerate(names):
        if folded[at] in folded[:at]:
            yield Fault("schema_twice", file=file, column=where, value=name)


def _field_faults(spec: Mapping[str, Any], where: str, codes: Mapping[str, Any], file: str) -> Iterator[Fault]:
    ways = [way for way in WAYS if way in spec]
    if len(ways) > 1:
        yield Fault("schema_two_ways", file=file, column=where, value=", ".join(ways))
    if not ways and spec.get("required"):
        yield Fault("schema_required_unfilled", file=file, column=where)
    if spec["type"] == "text" and "length" not in spec:
        yield Fault("schema_missing_key", file=file, column=f"{where}.length")
    if "codes" in spec and spec["codes"] not in codes:
        yield _unknown(f"{where}.{spec['codes']}", tuple(codes) or ("codes",), file)
    if "map" in spec and "source" not in spec:
        yield Fault("schema_map_alone", file=file, column=where)


def _target(declared: str | None, form: str, file: str) -> tuple[CRS | None, list[Fault]]:
    """Return the CRS that a schema asks for, None for the run's own, or why it cannot be used."""
    say = partial(Fault, file=file, column="schema.crs", value=declared or "")
    found = None if declared is None else crs.stated(declared)
    degrees = found is not None and found.is_geographic and crs.is_equal_datum(found)
    if form == "geojson" and not degrees:
        return None, [say("schema_geojson_crs")]
    if declared is None:
        return None, []
    if found is None:
        return None, [say("schema_crs")]
    if degrees:
        return found, []
    try:
        return crs.parse_metric(declared, file=file), []
    except InputRefused:
        return None, [say("schema_crs")]
