"""What a reader hands over: a table as its file gives it, before any meaning is read into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from planning import units
from planning.errors import Fault

BRACKET: Final = re.compile(r"[(\[]([^()\[\]]*)[)\]]$")
"""A bracket at the end of a normalised heading, and what stands in it."""


@dataclass(frozen=True)
class Dataset:
    """One readable dataset: its format, where it lies now (perhaps unpacked), and the file the user gave."""

    kind: str
    path: Path
    given: Path
    label: str = ""

    @property
    def file(self) -> str:
        """Return the base name of what the user gave."""
        return self.given.name


@dataclass(frozen=True)
class Raw:
    """A table as its file gives it.

    ``frame`` has unique column names; ``headers`` are the headings as written, aligned with its columns. ``rows`` are
    the row numbers a person sees. ``read`` is the number of rows counted by another way than the reader's.
    ``dropped`` marks rows the reader itself sets aside and ``flagged`` rows it keeps with a word, by reason code;
    ``uncalculated`` are formulas without a stored value, as (row, heading).
    """

    frame: pd.DataFrame
    headers: tuple[str, ...]
    rows: NDArray[np.int64]
    read: int
    layer: str = ""
    geometry: NDArray[np.object_] | None = None
    crs: CRS | None = None
    encoding: str = ""
    node_ids: NDArray[np.object_] | None = None
    dropped: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    flagged: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    uncalculated: tuple[tuple[int, str], ...] = ()


def raw_table(columns: list[tuple[str, Any]], rows: NDArray[np.int64], read: int, **more: Any) -> Raw:
    """Return a `Raw` of named columns; a heading that stands twice gets a number behind it in ``frame``."""
    headers = tuple(name for name, _ in columns)
    frame = pd.DataFrame(dict(zip(unique_names(headers), (values for _, values in columns), strict=True)))
    if not columns:
        frame = pd.DataFrame(index=pd.RangeIndex(len(rows)))
    return Raw(frame=frame, headers=headers, rows=rows, read=read, **more)


def unique_names(headers: tuple[str, ...]) -> list[str]:
    """Return headings made unique: 名称, 名称_2, 名称_3."""
    seen: set[str] = set()
    names = []
    for header in headers:
        name, turn = header, 2
        while name in seen:
            name, turn = f"{header}_{turn}", turn + 1
        seen.add(name)
        names.append(name)
    return names


def flat(heading: str) -> str:
    """Return a heading normalised and without blanks, as headings are compared."""
    return re.sub(r"\s+", "", units.normalise(heading))


def bare_heading(heading: str) -> str:
    """Return a heading as `flat` does, without a bracket at its end."""
    return BRACKET.sub("", flat(heading))
