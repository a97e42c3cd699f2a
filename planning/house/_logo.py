"""Room `house`: an institute's logo, a PNG picture or an SVG drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from planning.house._vector import drawing

MOST_PX: Final = 4000
LEAST_PX: Final = 40


def problem(path: Path) -> tuple[str, str]:
    """Return the code of what is wrong with a logo and what was found; two empty texts for a sound one."""
    if not path.is_file():
        return "house_logo_not_found", path.name
    if path.suffix.lower() == ".svg":
        return _drawing_problem(path)
    try:
        with Image.open(path, formats=("PNG",)) as image:
            sides = image.size
            if not (min(sides) >= LEAST_PX and max(sides) <= MOST_PX):
                return "house_logo_size", f"{sides[0]} × {sides[1]}"
            image.load()
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        return "house_logo_unreadable", str(error)[:120]
    return "", ""


def _drawing_problem(path: Path) -> tuple[str, str]:
    try:
        drawing(path)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        return "house_logo_unreadable", str(error)[:120]
    return "", ""


def pixels(path: Path) -> np.ndarray:
    """Return the picture as rows × columns × 4 of 0–255; nothing of the file but its pixels."""
    with Image.open(path, formats=("PNG",)) as image:
        return np.asarray(image.convert("RGBA"))
