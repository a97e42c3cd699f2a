"""GeoJSON line by line (GeoJSONSeq, ndjson), with or without record separators."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset, Raw, raw_table

_SEPARATOR: Final = "\x1e"


def read(dataset: Dataset) -> Raw:
    """Read one feature a line (RFC 8142, or newline-delimited); degrees on WGS 84, as GeoJSON is.

    Returns
    -------
    Raw
        Row numbers are those of the features. ``read`` counts lines with content. Nested values become JSON text.

    Raises
    ------
    InputRefused
        ``json_broken`` naming the lines that are no feature.
    """
    features = _features(dataset)
    names = list(dict.fromkeys(name for feature in features for name in feature.get("properties") or {}))
    columns = [(name, _cells([(feature.get("properties") or {}).get(name) for feature in features])) for name in names]
    shapes, unreadable = _shapes(features)
    return raw_table(
        columns,
        np.arange(1, len(features) + 1),
        sum(1 for line in dataset.path.read_bytes().replace(b"\x1e", b"").split(b"\n") if line.strip()),
        geometry=shapes,
        crs=CRS.from_epsg(4326),
        encoding="utf-8",
        dropped={"shape_unreadable": unreadable},
    )


def _features(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the features; a line that is none, and a feature that says another CRS, are refused."""
    try:
        text = dataset.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(Fault("json_broken", file=dataset.file, facts={"why": str(error)})) from None
    features, faults = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        record = line.strip().strip(_SEPARATOR).strip()
        if not record:
            continue
        feature = _feature(record)
        if isinstance(feature, dict) and feature.get("type") == "Feature" and "crs" not in feature:
            features.append(feature)
        else:
            why = f"line {number}: {record[:40]}"
            faults.append(Fault("json_broken", file=dataset.file, row=number, facts={"why": why}))
    if faults:
        raise InputRefused(faults)
    return features


def _feature(record: str) -> object:
    try:
        return json.loads(record)
    except (ValueError, RecursionError):
        return None


def _shapes(features: list[dict[str, Any]]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the shapes, None where a feature has none, and which ones cannot be read."""
    texts = np.array([json.dumps(shape) if (shape := one.get("geometry")) else None for one in features], dtype=object)
    shapes = np.asarray(shapely.from_geojson(texts, on_invalid="ignore"), dtype=object)
    return shapes, np.array([text is not None for text in texts], dtype=bool) & shapely.is_missing(shapes)


def _cells(values: list[Any]) -> Any:
    cells = np.empty(len(values), dtype=object)
    cells[:] = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one for one in values]
    return cells
