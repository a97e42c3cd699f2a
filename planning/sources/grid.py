"""Tables as offices lay them out in a sheet: titles above, one to three rows of heading, notes below, merged cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planning import units
from planning.errors import Fault, Severity
from planning.sources.raw import bare_heading, flat

HEADER_ROWS: Final = 10
_DEPTH: Final = 3
_SHOWN: Final = 20
_ERRORS: Final = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)
_NOTE: Final = re.compile(
    r"[(（【\[]?\s*(?:附?注|备注|说明|填表|填报|制表|审核|复核|负责人|数据来源|资料来源|来源|联系人|联系电话|打印|统计时间"
    r"|截止|日期|note|source|remark)[^:：]{0,8}[:：]|附?注\s*\d*\s*[.、）)]",
    re.IGNORECASE,
)
_QUALIFIES: Final = re.compile(
    r"规划|现状|实|拟|计划|目标|近期|远期|设计|原|改|前|后|地上|地下|其中|建|未|应|需|差|缺|\d"
)
"""A group so called changes what stands below it (规划 over 户数); 基本情况 over 户数 does not."""
_TITLE_UNIT: Final = re.compile(r"单位\s*[:：]\s*([^\s)）；;]+)")

Row = tuple[int, Sequence[Any]]
"""A row number as a spreadsheet shows it, and the cells."""


@dataclass(frozen=True)
class Area:
    """A merged range; rows and columns from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int
    text: str


@dataclass(frozen=True)
class Heading:
    """The names of the columns (empty where there is none), and between which positions of the rows they stand."""

    names: tuple[str, ...]
    first: int
    last: int


def heading(rows: Sequence[Row], known: frozenset[str]) -> Heading:
    """Find the heading among the first rows: where most known names stand, the first of equals.

    Parameters
    ----------
    rows : sequence of Row
        Rows with content, at least one.
    known : frozenset of str
        Normalised headings one would recognise.

    Returns
    -------
    Heading
        Over one to three rows: a row of units under the names, or a row that divides groups (规划 and 实有 under 户数)
        belongs to the heading, and the names are put together: 规划户数, 户数/规划, 用地面积（亩）.
    """
    found: list[tuple[int, Heading]] = []
    taken = -1
    for first in range(min(HEADER_ROWS, len(rows))):
        if first <= taken:
            continue
        block = _block(rows, first, known)
        if _score([title(cell) for cell in rows[first][1]], known):
            taken = block.last  # what divides a heading is no heading by itself
        found.append((_score(block.names, known), block))
    return max(found, key=lambda one: (one[0], -one[1].first))[1]


def _block(rows: Sequence[Row], first: int, known: frozenset[str]) -> Heading:
    """Return the heading that begins at a position."""
    names, last = [title(cell) for cell in rows[first][1]], first
    while last + 1 < len(rows) and last - first + 1 < _DEPTH and _belongs(names, rows[last + 1][1]):
        last += 1
        names = _together(names, [title(cell) for cell in rows[last][1]], known)
    return Heading(tuple(names), first, last)


def _score(names: Sequence[str], known: frozenset[str]) -> int:
    return len({bare_heading(name) for name in names if name} & known)


def title(cell: object) -> str:
    """Return a cell of a heading as text, line ends and runs of blanks made one blank."""
    return "" if cell is None else re.sub(r"\s+", " ", str(cell)).strip()


def _belongs(names: list[str], cells: Sequence[object]) -> bool:
    """Say whether the row below the names is part of the heading: all units, or what divides groups of columns."""
    below = {at: title(cell) for at, cell in enumerate(cells) if title(cell)}
    named = sum(bool(name) for name in names)
    if named < 2 or not below or any(_is_numeric(word) for word in below.values()):
        return False
    if all(_unit(word) for word in below.values()):
        return True
    groups = _groups(names, below)
    return bool(groups) and below.keys() == groups.keys() and len(below) < len(names)


def _groups(names: list[str], below: dict[int, str]) -> dict[int, str]:
    """Return for each column below a group of two or more the name of the group."""
    found: dict[int, str] = {}
    for at in sorted(below):
        name = names[at] if at < len(names) else ""
        if name:
            found[at] = name
        elif at - 1 in found:
            found[at] = found[at - 1]
    spans = list(found.values())
    return {at: name for at, name in found.items() if spans.count(name) > 1 and not _is_repeated(names, name)}


def _is_repeated(names: list[str], name: str) -> bool:
    return names.count(name) > 1


def _together(names: list[str], below: list[str], known: frozenset[str]) -> list[str]:
    """Return the names with what stands below them."""
    said = {at: word for at, word in enumerate(below) if word}
    groups = _groups(names, said)
    width = max(len(names), len(below))
    above = [groups.get(at, names[at] if at < len(names) else "") for at in range(width)]
    return [_joined(name, said.get(at, ""), known) for at, name in enumerate(above)]


def _joined(name: str, below: str, known: frozenset[str]) -> str:
    """Return a name and what stands below it as one heading."""
    if not name or not below or flat(name) == flat(below):
        return name or below
    unit = _unit(below)
    if unit:
        return f"{name}（{unit}）"
    plain = () if _QUALIFIES.search(name) else (below,)
    words = (below + name, name + below, *plain)
    return next((word for word in words if bare_heading(word) in known), f"{name}/{below}")


def _is_numeric(word: str) -> bool:
    return re.fullmatch(r"[+-]?[\d.,:/-]+", units.normalise(word)) is not None


def _unit(word: str) -> str:
    """Return the unit a cell says, with or without brackets; empty where it says none."""
    bare = flat(word).strip("()[]【】")
    return bare if bare in _unit_words() else ""


@cache
def _unit_words() -> frozenset[str]:
    return frozenset(word for unit in ("m2", "户", "人", "张", "万元", "share") for word in units.written_units(unit))


@cache
def _scaled_units() -> frozenset[str]:
    """Return the spellings of units that are not the plain one of a column (亩, 万㎡)."""
    return frozenset(
        word for unit in ("m2", "户", "人", "张") for word, factor in units.written_units(unit).items() if factor != 1
    )


# --------------------------------------------------------------------------------------------------------------- rows


def body_marks(head: Heading, body: Sequence[Row]) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """Mark rows that are none: ``note_row``, ``heading_repeated``; and rows with a spreadsheet's error: ``cell_error``.

    Returns
    -------
    dropped, flagged : dict
        By reason code, as `Raw` holds them; reasons without a row are left out.
    """
    marks = {
        "note_row": [_is_note(cells) for _, cells in body],
        "heading_repeated": [_repeats(head.names, cells) for _, cells in body],
        "cell_error": [not _ERRORS.isdisjoint(map(str, cells)) for _, cells in body],
    }
    masks = {code: np.array(mask, dtype=bool) for code, mask in marks.items() if any(mask)}
    return {code: mask for code, mask in masks.items() if code != "cell_error"}, {
        code: mask for code, mask in masks.items() if code == "cell_error"
    }


def _is_note(cells: Sequence[object]) -> bool:
    """Say whether a row is a note below a table, such as 注：… or 填表人：… with 审核：… beside it."""
    at = _first_filled(cells)
    if at is None or _NOTE.match(title(cells[at])) is None:
        return False
    return all(re.search("[:：]", word) for cell in cells[at + 1 :] if (word := title(cell)))


def _repeats(names: tuple[str, ...], cells: Sequence[object]) -> bool:
    """Say whether a row says the headings once more, as printed tables do on every page."""
    at = _first_filled(cells)
    if at is None or at >= len(names) or title(cells[at]) != names[at]:
        return False
    said = [(name, title(cell)) for name, cell in zip(names, cells, strict=False) if title(cell)]
    return len(said) > 1 and all(flat(name) == flat(word) for name, word in said)


def _first_filled(cells: Sequence[object]) -> int | None:
    return next((at for at, cell in enumerate(cells) if cell is not None and str(cell).strip()), None)


def above_faults(rows: Sequence[Row], head: Heading, file: str, sheet: str) -> tuple[Fault, ...]:
    """Return what is to say about the rows above the heading.

    A unit stated there (单位：万㎡) would scale the numbers without any heading saying so: ``unit_in_title``, an error.
    A row there half as full as the heading may be data: ``rows_above_heading``, a warning.
    """
    found = []
    width = sum(bool(name) for name in head.names)
    for number, cells in rows[: head.first]:
        words = [title(cell) for cell in cells if title(cell)]
        said = [match.group(1) for word in words for match in _TITLE_UNIT.finditer(word)]
        scaled = [unit for text in said for unit in re.split("[、，,/]", text) if flat(unit) in _scaled_units()]
        if scaled:
            found.append(Fault("unit_in_title", "error", file, sheet, row=number, value="、".join(scaled)))
        if width > 1 and 2 * len(words) > width and len(words) > 1:
            shown = " ".join(words)[:80]
            found.append(Fault("rows_above_heading", "warning", file, sheet, row=number, value=shown))
    return tuple(found)


# ------------------------------------------------------------------------------------------------------- merged cells


def filled(body: Sequence[Row], areas: Sequence[Area]) -> list[tuple[int, list[Any]]]:
    """Return the rows with text of cells merged downwards written into each row; numbers stay in the first one."""
    rows = {number: list(cells) for number, cells in body}
    for area in areas:
        if area.bottom == area.top or area.left != area.right or area.top not in rows:
            continue
        at = area.left - 1
        value = rows[area.top][at] if at < len(rows[area.top]) else None
        for number in range(area.top + 1, area.bottom + 1):
            if isinstance(value, str) and number in rows:
                rows[number].extend([None] * (at + 1 - len(rows[number])))
                rows[number][at] = value
    return list(rows.items())


def merged_faults(
    body: Sequence[Row], names: Sequence[str], areas: Sequence[Area], known: frozenset[str], place: tuple[str, str]
) -> tuple[Fault, ...]:
    """Return what is to say about merged cells among the data.

    Text merged downwards was filled in (``cells_filled``). A number merged over several rows cannot be shared out
    among them: ``cells_merged_number``, an error where the column is one that is known. The others: ``cells_merged``.
    """
    rows = dict(body)
    kinds = [(_merged_kind(area, rows), area) for area in areas]
    file, sheet = place
    found = []
    for code in ("cells_filled", "cells_merged"):
        said = [area.text for kind, area in kinds if kind == code]
        if said:
            more = f" … ({len(said)})" if len(said) > _SHOWN else ""
            found.append(Fault(code, "warning", file, sheet, value="、".join(said[:_SHOWN]) + more))
    for area in (area for kind, area in kinds if kind == "cells_merged_number"):
        name = names[area.left - 1] if area.left <= len(names) else ""
        severity: Severity = "error" if bare_heading(name) in known else "warning"
        found.append(Fault("cells_merged_number", severity, file, sheet, row=area.top, column=name, value=area.text))
    return tuple(found)


def _merged_kind(area: Area, rows: Mapping[int, Sequence[Any]]) -> str:
    """Return the reason code of a merged range; empty where it touches no data or only one row of it."""
    if area.top not in rows:
        return ""
    if area.left != area.right:
        return "cells_merged"
    if not any(number in rows for number in range(area.top + 1, area.bottom + 1)):
        return ""
    cells = rows[area.top]
    value = cells[area.left - 1] if area.left <= len(cells) else None
    return "" if value is None else "cells_filled" if isinstance(value, str) else "cells_merged_number"
