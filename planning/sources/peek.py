"""A look at one file of unknown role: its layers as they stand, before any plan says what they are.

Nothing is judged here but what the doors themselves refuse; `planning.init` reads meaning into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from planning import tables
from planning.errors import Fault, InputRefused
from planning.plan import InputSpec
from planning.sources import apart
from planning.sources import columns as cols
from planning.sources.ledger import Origin
from planning.sources.raw import Raw

_CHOOSE: Final = ("layer_needed", "zip_several")


@dataclass(frozen=True)
class Sight:
    """One layer or sheet as it stands; ``layer`` is what the plan would have to name, None where the file holds one.

    ``raw`` is None where the layer could not be read; ``faults`` then say why.
    """

    layer: str | None
    raw: Raw | None
    faults: tuple[Fault, ...] = ()


def sights(path: Path, *, words: Mapping[str, str] | None = None) -> Iterator[Sight]:
    """Yield every layer of a file, one after the other, so that only one is held at a time.

    Parameters
    ----------
    path : Path
        A file, or a ``.gdb`` folder.
    words : mapping, optional
        Further headings one would recognise, by any key: they help to find the heading row of a sheet.
    """
    first = _sight(path, None, words or {})
    choices = [name for fault in first.faults if fault.code in _CHOOSE for name in fault.facts.get("choices", ())]
    if not choices:
        yield first
        return
    for name in choices:
        yield _sight(path, name, words or {})


def known_columns(
    name: str, raw: Raw, fields: Mapping[str, str], *, file: str
) -> tuple[cols.ColumnMap, tuple[Fault, ...]]:
    """Return which columns of ``raw`` the contract of table ``name`` knows, and the faults of that alone."""
    known = cols.map_columns(tables.contract(name), raw, fields, Origin(file, raw.layer, raw.rows))
    return known, known.faults


def _sight(path: Path, layer: str | None, words: Mapping[str, str]) -> Sight:
    fields = {**_every_heading(), **words}
    spec = InputSpec(name="roads", path=path.name, file=path, layer=layer, fields=fields)
    try:
        raw = apart.open_one(spec, path, layer=layer).raw
    except InputRefused as error:
        return Sight(layer, None, error.faults)
    return Sight(layer, raw, raw.faults)


@cache
def _every_heading() -> Mapping[str, str]:
    """Return every heading any table is known by, each under a key of its own: they find a sheet's heading row."""
    columns = [column for table in tables.contracts().values() for column in table.columns.values()]
    words = [word for column in columns for word in (column.name, column.zh, column.en, *column.aliases)]
    return {f"#{at}": word for at, word in enumerate(dict.fromkeys(words))}
