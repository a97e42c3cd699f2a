"""The font files of a run: the house's, cut to the characters that its sheets can hold, before the bundled ones."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from planning import house
from planning.atlas import _fonts as fonts
from planning.atlas._fonts import Typeface
from planning.house import Face, House

# What sheets print beside words and names.
ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "\u00a0²℃°′″·—–−…“”‘’（）《》〈〉【】、。，；：！？％～∶×≤≥＝±●○⊘"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A typeface; files made for it are there as long as this is held."""

    face: Typeface


def prepare(style: House, characters: Iterable[str]) -> Prepared:
    """Return the typeface of a house: its own files first, then the bundled ones, then its files for rare characters.

    Own files are cut to ``characters``, so that a font of any kind and size is embedded as plain TrueType.
    """
    plain = fonts.bundled()
    if not style.faces and not style.fallback:
        return Prepared(plain)
    wanted = sorted({*ALWAYS, *characters} - {"\n"})
    folder = Path(tempfile.mkdtemp(prefix="atlas-fonts-"))
    made = {face: _cut(face, wanted, folder) for face in dict.fromkeys([*style.faces.values(), *style.fallback])}
    chains = [_chain(style, weight, plain, made) for weight in fonts.WEIGHTS]
    prepared = Prepared(Typeface(*chains))
    weakref.finalize(prepared, shutil.rmtree, folder, ignore_errors=True)
    return prepared


def _chain(style: House, weight: int, plain: Typeface, made: Mapping[Face, str]) -> tuple[str, ...]:
    """Return the files of a weight: the house's nearest weight, the bundled files, the house's for rare characters."""
    near = sorted(style.faces, key=lambda own: (abs(own - weight), own))
    own = [made[style.faces[near[0]]]] if near else []
    return tuple(path for path in (*own, *plain.chain(weight), *(made[face] for face in style.fallback)) if path)


def _cut(face: Face, characters: list[str], folder: Path) -> str:
    """Return the file of a face with those of ``characters`` that it has, empty where it has none."""
    absent = set(house.lacking(face, characters))
    there = [character for character in characters if character not in absent]
    if not there:
        return ""
    name = f"{len(list(folder.iterdir())):02d}.ttf"
    return str(house.cut(face, there, folder / name))
