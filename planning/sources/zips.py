"""Unpacking a zip without being harmed by it."""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, Final

from planning.errors import Fault, InputRefused

MAX_MEMBERS: Final = 1000
MAX_BYTES: Final = 2 << 30
MAX_RATIO: Final = 200
MAX_DIRECTORY_BYTES: Final = 1 << 20
_SMALL: Final = 16 << 20
_TAIL_BYTES: Final = (1 << 16) + 22 + 20 + 56
_CHUNK: Final = 1 << 20
_UTF8_NAME: Final = 0x800
_ENCRYPTED: Final = 0x1


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack ``path`` into a temporary folder that is gone afterwards.

    Raises
    ------
    InputRefused
        ``zip_broken``, ``zip_unsafe`` (a member that leaves the folder, a link, a name twice, encryption, members that
        share bytes, anything before the first member), ``zip_bomb`` (more than 1000 members, 2 GB unpacked, or a
        member above 16 MB packed by more than 200 to 1). Sizes stated are judged first.
    """
    _refuse_crowd(path, path)
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        root = Path(folder)
        try:
            with zipfile.ZipFile(path) as archive:
                members = _checked(archive, path)
                _unpack(archive, members, root, path)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise _refused("zip_broken", path, str(error)) from None
        yield root


def names(path: Path, given: Path) -> frozenset[str]:
    """Return the names inside a zip; a broken one is refused under the name of ``given``."""
    _refuse_crowd(path, given)
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise _refused("zip_broken", given, str(error)) from None


def refuse_bomb(path: Path) -> None:
    """Refuse a workbook of more than 1000 parts or 512 MB, or with one above 64 MB packed by more than 200 to 1.

    The sizes are those the workbook states; reading stops where a part does not keep to them.

    Raises
    ------
    InputRefused
        ``zip_bomb``; ``zip_unsafe`` (a part twice, parts that share bytes, anything before the first part).
    """
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if sum(info.file_size for info in infos) > MAX_BYTES // 4 or len(infos) > MAX_MEMBERS:
        raise _refused("zip_bomb", path, "")
    if any(info.file_size > max(4 * _SMALL, MAX_RATIO * info.compress_size) for info in infos):
        raise _refused("zip_bomb", path, "")
    names = [info.filename.casefold() for info in infos]
    if len(set(names)) < len(names):
        raise _refused("zip_unsafe", path, next(name for name in names if names.count(name) > 1))
    _refuse_shared(infos, path)


def member_name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member; names that Windows packed in GBK are read as such."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _refuse_crowd(path: Path, given: Path) -> None:
    """Refuse a table of contents longer than a thousand members need, before it is loaded: it alone can fill memory."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - _TAIL_BYTES))
        tail = stream.read()
    at, at_64 = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    stated = [int.from_bytes(tail[at + 12 : at + 16], "little")] if at >= 0 else []
    if at_64 >= 0:
        stated.append(int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little"))
    if any(MAX_DIRECTORY_BYTES < size != 0xFFFFFFFF for size in stated):
        raise _refused("zip_bomb", given, "")


def _checked(archive: zipfile.ZipFile, path: Path) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Return the members to unpack under their safe names."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _refuse_stated(infos, path)
    _refuse_shared(archive.infolist(), path)
    members = []
    seen: set[str] = set()
    for info in infos:
        name = member_name(info)
        if _is_unsafe(info, name) or name.casefold() in seen:
            raise _refused("zip_unsafe", path, name)
        seen.add(name.casefold())
        if not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith("."):
            members.append((info, PurePosixPath(name)))
    return members


def _refuse_stated(infos: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse what the archive itself says would be too much."""
    packed_well = [info for info in infos if info.file_size > max(_SMALL, MAX_RATIO * info.compress_size)]
    if len(infos) > MAX_MEMBERS or packed_well or sum(info.file_size for info in infos) > MAX_BYTES:
        raise _refused("zip_bomb", path, "")


def _refuse_shared(infos: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse members that lie on each other, and archives that begin before their first member: two files in one."""
    ends = sorted((info.header_offset, info.header_offset + 30 + info.compress_size) for info in infos)
    if ends and ends[0][0] != 0:
        raise _refused("zip_unsafe", path, f"0–{ends[0][0]}")
    for (start, end), (following, _) in pairwise(ends):
        if end > following:
            raise _refused("zip_unsafe", path, f"{start}–{end}")


def _is_unsafe(info: zipfile.ZipInfo, name: str) -> bool:
    """Say whether a member is a link, encrypted, or would land outside the folder."""
    parts = PurePosixPath(name).parts
    return (
        stat.S_ISLNK(info.external_attr >> 16)
        or bool(info.flag_bits & _ENCRYPTED)
        or name.startswith("/")
        or ".." in parts
        or "\\" in name
        or ":" in name
        or "\0" in name
    )


def _unpack(
    archive: zipfile.ZipFile, members: list[tuple[zipfile.ZipInfo, PurePosixPath]], root: Path, path: Path
) -> None:
    """Write the members, counting what really comes out."""
    left = MAX_BYTES
    for info, name in members:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, target.open("xb") as sink:
            left -= _copy(source, sink, min(left, max(_SMALL, MAX_RATIO * info.compress_size)), path)


def _copy(source: IO[bytes], sink: IO[bytes], limit: int, path: Path) -> int:
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise _refused("zip_bomb", path, "")
        sink.write(chunk)
    return size


def _refused(code: str, path: Path, value: str) -> InputRefused:
    return InputRefused(Fault(code, file=path.name, value=value))
