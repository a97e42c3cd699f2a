"""What is done with a user's file in the process of its own: hash it, read it, hash it again, hand the table over."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from planning import tables
from planning.errors import Fault, InputRefused
from planning.plan import INPUTS, InputSpec
from planning.sources import columns as cols
from planning.sources import draft, files, formats, layers, parcel
from planning.sources.raw import Dataset

_POINT: Final = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"n": 1, "t": "a"}, '
    '"geometry": {"type": "Point", "coordinates": [117.0, 36.5]}}]}'
)


def prepare() -> None:
    """Load and open once, before any file comes, what every child would else load and open for itself."""
    import pyarrow.feather
    import pyarrow.parquet  # noqa: F401 - loaded for the children

    for name in INPUTS:
        tables.contract(name)
    cols.known_headings(tables.contract("residential"), {})
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        path = Path(folder) / "point.geojson"
        path.write_text(_POINT, "ascii")
        raw = layers.read(Dataset("geojson", path, path), layer=None)
        parcel.pack(raw, Path(folder))


def work(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Read files one after another; the answer about each is left in its folder as soon as it is known.

    Parameters
    ----------
    request : mapping
        ``files``: of each its ``spec`` (an `InputSpec` as JSON), ``path``, ``layer``, a name for its ``folder``, and
        ``rows`` where it is wanted in pieces of so many rows.
    folder : Path
        Takes a folder for each file: the table (`parcel.pack`) and the answer (`parcel.leave`). An answer holds
        ``refused``, the faults for which the file is not read; or ``failed``, what a library raised; or ``raw``
        (``pieces``, how many there are, each in a folder of its own), ``paths`` and ``sha256`` of each path.
    """
    for said in request["files"]:
        place = folder / said["folder"]
        place.mkdir()
        try:
            answer = _read(said, place)
        except InputRefused as refused:
            answer = {"refused": parcel.faults_as_json(refused.faults)}
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a hostile file makes a library raise is about the file
            answer = {"failed": f"{type(error).__name__}: {error}"[:300], "trace": traceback.format_exc()[-20_000:]}
        parcel.leave(answer, place)
    return {}


def _read(said: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Read one file, and make sure that nobody wrote to it meanwhile."""
    spec, path = _spec(said["spec"]), Path(said["path"])
    files.admit(path)
    before = draft.fingerprints(path)
    table = tables.contract(spec.name)
    if said.get("rows") is None:
        raw, _ = draft.open_raw(spec, path, table, layer=said["layer"])
        read: dict[str, Any] = {"raw": parcel.pack(raw, folder)}
    else:
        read = {"pieces": _in_pieces(spec, path, table, said, folder)}
    if draft.fingerprints(path) != before:
        raise InputRefused(Fault("file_changed", file=path.name))
    return {**read, "paths": [str(part) for part in before], "sha256": list(before.values())}


def _in_pieces(spec: InputSpec, path: Path, table: tables.Table, said: Mapping[str, Any], folder: Path) -> int:
    """Leave a file piece by piece, each in a folder of its own, and return how many there are."""
    count = 0
    with files.dataset(path, layer=said["layer"]) as found:
        for raw in formats.read_pieces(found, spec, table, said["layer"], said["rows"]):
            place = folder / f"{count}"
            place.mkdir()
            parcel.leave(parcel.pack(raw, place), place)
            count += 1
    return count


def _spec(said: Mapping[str, Any]) -> InputSpec:
    places = {name: Path(said[name]) for name in ("file", "table_file") if name in said}
    return InputSpec(**{**said, **places})
