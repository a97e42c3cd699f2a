"""The map's data as small as a page can carry it and any browser can open it: each text once, lines as steps.

Belongs to the room `webmap`; ``planmap.js`` opens what `pack` closes, value for value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

SIGNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PARTS: Final = 1_000_000
"""Steps a degree: coordinates have six decimals."""
LINE: Final = "@"
PLACE: Final = "!"
_BITS: Final = 5
_MORE: Final = 1 << _BITS


def pack(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` as ``{"texts", "shapes", "data"}``; nothing is lost.

    A text stands as its number in ``texts``, the most frequent first; a list as ``[0, …]``; an object as
    ``[n, …]``, its keys in ``shapes[n - 1]``; a number as a text of digits; a pair of coordinates as ``!…`` and a
    list of pairs as ``@…``, steps of a millionth degree in signs of five bits, the lowest first.

    Raises
    ------
    TypeError, ValueError
        If a value is none of what JSON knows, or is not finite.
    """
    counted = Counter(_texts(data))
    texts = sorted(counted, key=lambda text: (-counted[text], text))
    shapes = sorted(set(_shapes(data)))
    close = _Closer({text: at for at, text in enumerate(texts)}, {keys: at for at, keys in enumerate(shapes, start=1)})
    return {"texts": texts, "shapes": [list(keys) for keys in shapes], "data": close(data)}


class _Closer:
    """Writes values by the tables of texts and shapes."""

    def __init__(self, texts: Mapping[str, int], shapes: Mapping[tuple[str, ...], int]) -> None:
        self._texts, self._shapes = texts, shapes

    def __call__(self, value: Any) -> Any:
        """Return one value in its packed form."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._texts[value]
        if isinstance(value, int | float):
            return json.dumps(value, allow_nan=False)
        if isinstance(value, Mapping):
            return [self._shapes[tuple(value)], *map(self, value.values())]
        return self._list(value)

    def _list(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise TypeError(type(value).__name__)
        if _is_place(value):
            return PLACE + _steps([value])
        if value and all(map(_is_place, value)):
            return LINE + _steps(value)
        return [0, *map(self, value)]


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, keys of objects left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list | tuple) and not _is_pair(value):
        for entry in value:
            yield from _texts(entry)


def _shapes(value: Any) -> Iterator[tuple[str, ...]]:
    """Yield the keys of every object in a value."""
    if isinstance(value, Mapping):
        yield tuple(value)
        value = list(value.values())
    if isinstance(value, list | tuple) and not _is_pair(value):
        for entry in value:
            yield from _shapes(entry)


def _is_place(value: Any) -> bool:
    """Say whether a value is a pair of numbers that six decimals hold exactly."""
    return _is_pair(value) and all(round(part * PARTS) / PARTS == part for part in value)


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and isinstance(value[0], float)
        and isinstance(value[1], float)
    )


def _steps(places: Any) -> str:
    """Return places as steps from one to the next, the first from 0, 0."""
    before = (0, 0)
    signs: list[str] = []
    for place in places:
        here = (round(place[0] * PARTS), round(place[1] * PARTS))
        signs += (_signs(here[0] - before[0]), _signs(here[1] - before[1]))
        before = here
    return "".join(signs)


@lru_cache(maxsize=1 << 16)
def _signs(step: int) -> str:
    """Return a whole number as signs: its sign in the lowest bit, five bits a sign, more to come marked."""
    rest, found = (step << 1) ^ (-1 if step < 0 else 0), ""
    while rest >= _MORE:
        found += SIGNS[rest % _MORE + _MORE]
        rest //= _MORE
    return found + SIGNS[rest]
