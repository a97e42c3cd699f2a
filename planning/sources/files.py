"""The outer door: is the file there, what is it really, and is it safe to open.

The first bytes decide what a file is, never its name alone. Formats that can name other files or addresses (VRT,
GDALG, service descriptions, XML with a DTD) are refused before any reader sees them.
"""

from __future__ import annotations

import glob
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pyproj import CRS
from pyproj.exceptions import CRSError

from planning.errors import Fault, InputRefused
from planning.sources import signs, zips
from planning.sources.raw import Dataset

KNOWN: Final = (
    "GeoPackage .gpkg, shapefile .shp/.zip, GeoJSON .geojson, FlatGeobuf .fgb, File Geodatabase .gdb, "
    "GeoParquet .parquet, "
    "KML .kml/.kmz, DXF .dxf, MapInfo .tab/.mif, GeoJSONSeq .geojsonl, .osm.pbf/.osm, GraphML .graphml, "
    ".csv/.tsv/.txt, Excel .xlsx"
)
TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt")
MAX_FILE_BYTES: Final = 4 << 30
_ADDRESS_SIGNS: Final = frozenset(";!?#")
_HEAD_BYTES: Final = 1 << 20
_MAGIC: Final = (
    (b"SQLite format 3\0", "gpkg"),
    (b"\x00\x00\x27\x0a", "shp"),
    (b"fgb", "fgb"),
    (b"PAR1", "parquet"),
)
_GEOJSON_TYPES: Final = frozenset(
    {"FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)
_XML_ROOTS: Final = {b"osm": "osm", b"graphml": "graphml", b"kml": "kml"}


@contextmanager
def dataset(path: Path, *, layer: str | None) -> Iterator[Dataset]:
    """Open the file a user gave as one dataset; what has to be unpacked lies in a temporary folder until the end.

    Parameters
    ----------
    path : Path
        A file, or a ``.gdb`` folder.
    layer : str or None
        Picks the dataset in a zip that holds several.

    Raises
    ------
    InputRefused
        The file is missing, empty, of no known format, not safe, or a zip without exactly one dataset.
    """
    admit(path)
    kind = _folder_kind(path) if path.is_dir() else sniff(path, path)
    if kind != "zip":
        with _named_plainly(path) as plain:
            yield Dataset(kind, plain, path)
        return
    with zips.unpacked(path) as folder:
        inner = _only_dataset(folder, path, layer)
        kind = "gdb" if inner.is_dir() else sniff(inner, path)
        with _named_plainly(inner) as plain:
            yield Dataset(kind, plain, path, label=inner.stem)


@contextmanager
def _named_plainly(path: Path) -> Iterator[Path]:
    """Give a way to the same files that no library takes for an address: pyogrio cuts ``a;b.gpkg`` down to ``a``."""
    if not _ADDRESS_SIGNS & set(str(path)) or os.name == "nt":  # a way with a drive letter is taken as it stands
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        plain = dict.fromkeys(map(ord, _ADDRESS_SIGNS), "_")
        for part in {path, *path.parent.glob(f"{glob.escape(path.stem)}.*")}:
            (Path(folder) / part.name.translate(plain)).symlink_to(part.absolute())
        yield Path(folder) / path.name.translate(plain)


def admit(path: Path) -> None:
    """Let files and folders in, before a byte is read: opening a pipe waits for ever, reading a device never ends.

    Raises
    ------
    InputRefused
        ``file_missing``, ``file_not_readable``, ``file_not_regular``, ``file_is_folder``, ``file_too_large``.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise _refused("file_missing", path) from None
    except (OSError, ValueError) as error:  # such as a name too long for the disk, or with a NUL in it
        raise _refused("file_not_readable", path, why=getattr(error, "strerror", None) or str(error)) from None
    if stat.S_ISDIR(mode):
        _folder_kind(path)
    elif not stat.S_ISREG(mode):
        raise _refused("file_not_regular", path)
    size = size_b(path)
    if size > MAX_FILE_BYTES:
        raise _refused("file_too_large", path, size=size >> 20, cap=MAX_FILE_BYTES >> 20)


def size_b(path: Path) -> int:
    """Return the size of a file with its sidecars (those of its stem), or of the files of a geodatabase."""
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return 0  # no dataset, and perhaps the whole disk
    near = path.glob("*") if path.is_dir() else path.parent.glob(f"{glob.escape(path.stem)}.*")
    return sum(part.stat().st_size for part in {path, *near} if part.is_file())


def sniff(path: Path, given: Path) -> str:
    """Return the format of ``path`` by its content; faults name ``given``.

    Raises
    ------
    InputRefused
        ``file_missing``, ``file_not_readable``, ``file_empty``, ``format_unknown``, ``format_dwg``, ``format_xls``,
        ``format_refused``, ``xml_dtd``, ``geojson_link_crs``, ``crs_unreadable``.
    """
    head = _head(path, given)
    if not head:
        raise _refused("file_empty", given)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, given)
    if b"OSMHeader" in head[:64]:
        return "osm"
    if re.match(rb"AC10\d\d", head):
        raise _refused("format_dwg", given)
    known = signs.recognise(head, given)
    if known is not None:
        return known
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused("format_xls", given)
    return _text_kind(path, head, given)


def _head(path: Path, given: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise _refused("file_missing", given) from None
    except OSError as error:
        raise _refused("file_not_readable", given, why=error.strerror or "") from None


def _zip_kind(path: Path, given: Path) -> str:
    """Tell a workbook from a zip of files; other office files are refused."""
    names = zips.names(path, given)
    if "xl/workbook.xml" in names:
        return "xlsx"
    signs.recognise_zip(names, given)
    if "mimetype" in names or "[Content_Types].xml" in names or path != given:
        code = "zip_nested" if path != given else "format_unknown"
        raise _refused(code, given)
    return "zip"


def _text_kind(path: Path, head: bytes, given: Path) -> str:
    """Tell XML, JSON and plain tables apart."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") or _is_utf16_xml(head):
        return _xml_kind(start, given)
    if start.startswith((b"{", b"[")):
        return _json_kind(path, given)
    if path.suffix.lower() in TEXT_ENDINGS:
        return "csv"
    raise _refused("format_unknown", given)


def _is_utf16_xml(head: bytes) -> bool:
    """Say whether this is XML in UTF-16, in which a byte scan would miss a DTD."""
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") and b"<" in head[2:6]


def _xml_kind(start: bytes, given: Path) -> str:
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise _refused("xml_dtd", given)
    bare = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", start, flags=re.DOTALL).lstrip()
    match = re.match(rb"<(?:\w+:)?(\w+)", bare)
    kind = _XML_ROOTS.get(match.group(1)) if match else None
    if kind is None:
        refused = match is not None and match.group(1).upper().startswith(
            (b"OGRVRT", b"VRT", b"OGRWFS", b"GDAL", b"WFS")
        )
        raise _refused("format_refused" if refused else "format_unknown", given)
    return kind


def _json_kind(path: Path, given: Path) -> str:
    document = load_json(path, given)
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "gdal_streamed_alg":
        raise _refused("format_refused", given)
    if kind not in _GEOJSON_TYPES:
        raise _refused("format_unknown", given)
    crs = document.get("crs")
    if isinstance(crs, dict) and crs.get("type") not in ("name", None):
        raise _refused("geojson_link_crs", given)
    if isinstance(crs, dict) and crs.get("type") == "name":
        _known_crs(crs.get("properties"), given)
    return "geojson"


def _known_crs(properties: object, given: Path) -> None:
    """Refuse a name of a coordinate system that nobody knows: the driver would take WGS 84 in silence."""
    name = properties.get("name") if isinstance(properties, dict) else None
    try:
        CRS.from_user_input("OGC:CRS84" if name == "CRS84" else str(name))
    except CRSError:
        raise InputRefused(Fault("crs_unreadable", file=given.name, value=str(name)[:200])) from None


def load_json(path: Path, given: Path) -> Any:
    """Return the JSON document of ``path``.

    Raises
    ------
    InputRefused
        ``json_broken``: not UTF-8, not JSON, a key twice in one object, or nested too deep.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as error:
        raise _refused("json_broken", given, why=str(error)) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; of a key that stands twice readers take one value or the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for at, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:at]))
        raise ValueError(f"{twice} × 2")
    return found


def _folder_kind(path: Path) -> str:
    if path.suffix.lower() == ".gdb" and any(path.glob("*.gdbtable")):
        return "gdb"
    raise _refused("file_is_folder", path)


def _only_dataset(folder: Path, given: Path, layer: str | None) -> Path:
    """Return the one dataset of an unpacked zip, or the one the plan picks by ``layer``."""
    found = [path for path in sorted(folder.rglob("*")) if _is_dataset(path)]
    picked = [path for path in found if path.stem == layer] if len(found) > 1 else found
    if len(picked) == 1:
        return picked[0]
    if not found and any(path.suffix.lower() in (".dbf", ".shx") for path in folder.rglob("*")):
        raise InputRefused(Fault("shapefile_part_missing", file=given.name, value=".shp"))
    names = "、".join(path.name for path in found)
    choices = tuple(path.stem for path in found)
    raise _refused("zip_several" if found else "zip_no_dataset", given, names=names, choices=choices)


def _is_dataset(path: Path) -> bool:
    suffix = path.suffix.lower()
    if path.is_dir():
        return suffix == ".gdb"
    inside_gdb = any(parent.suffix.lower() == ".gdb" for parent in path.parents)
    wanted = (".shp", ".gpkg", ".geojson", ".json", ".fgb", ".parquet", ".kml", ".csv", ".tsv", ".xlsx", ".pbf", ".osm")
    return not inside_gdb and (
        suffix in (*wanted, *signs.ENDINGS) or suffix in (".graphml", ".vrt", ".zip", ".kmz", ".dwg")
    )


def _refused(code: str, given: Path, **facts: object) -> InputRefused:
    return InputRefused(Fault(code, file=given.name, value=given.suffix, facts={"known": KNOWN, **facts}))
