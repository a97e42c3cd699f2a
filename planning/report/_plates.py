"""Room `planning.report`: the maps that go into a document, small enough to be sent."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

_WIDEST_PX: Final = 2000
"""A page is 160 mm wide inside its margins: 2 000 pixels are 317 to the inch."""


@dataclass(frozen=True, eq=False)
class Plate:
    """A sheet of the atlas to be inserted: its number there, its title, and its PNG bytes."""

    number: str
    title: str
    data: bytes = field(repr=False)


def plate(number: str, title: str, png: bytes) -> Plate:
    """Return a sheet of the atlas ready to be inserted, with no more pixels than a page can show.

    Parameters
    ----------
    png
        The sheet as the atlas writes it.
    """
    with Image.open(io.BytesIO(png)) as drawn:
        factor = -(-drawn.width // _WIDEST_PX)
        small = drawn.convert("RGB").reduce(factor) if factor > 1 else drawn.convert("RGB")
    stream = io.BytesIO()
    small.save(stream, "PNG", compress_level=6)
    return Plate(number, title, stream.getvalue())
