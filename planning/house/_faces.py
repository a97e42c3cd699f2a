"""Room `house`: font files of an institute, whatever they are, made into plain TrueType with the characters needed."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, TTLibError, newTable

SUFFIXES: Final = (".ttf", ".otf", ".ttc", ".otc")
NO_EMBEDDING: Final = 0x0002
# Of the em: outlines of cubic curves are followed this closely.
CURVE_ERROR: Final = 1 / 1000
_DROPPED: Final = ("GSUB", "GPOS", "GDEF", "BASE", "kern", "vhea", "vmtx", "VORG", "STAT", "DSIG", "gasp", "meta")


@dataclass(frozen=True)
class Face:
    """One face of a font file; ``number`` counts from 0 in a collection."""

    path: Path
    number: int = 0

    @classmethod
    def of(cls, entry: Any, folder: Path) -> Face:
        """Return the face that a style names: a file name, or ``{ file, face }``."""
        if isinstance(entry, str):
            return cls(folder / entry)
        return cls(folder / entry["file"], entry.get("face", 0))

    def open(self) -> TTFont:
        """Open the font.

        Raises
        ------
        OSError, TTLibError
            If it cannot be read, or the collection has no such face.
        """
        many = self.path.suffix.lower() in (".ttc", ".otc")
        content = io.BytesIO(self.path.read_bytes())
        return TTFont(content, fontNumber=self.number if many else -1, lazy=True, recalcTimestamp=False)


def problem(face: Face) -> tuple[str, str]:
    """Return the code of what is wrong with a face and what was found; two empty texts for a sound one."""
    if not face.path.is_file():
        return "house_font_not_found", str(face.path.name)
    try:
        font = face.open()
        outlines = "glyf" in font or "CFF " in font
        closed = "OS/2" in font and font["OS/2"].fsType & 0x000F == NO_EMBEDDING
        font.getBestCmap().__len__()
    except (OSError, TTLibError, AssertionError, AttributeError, KeyError, ValueError) as error:
        return "house_font_unreadable", str(error)[:120]
    if not outlines or "fvar" in font:
        return "house_font_unreadable", "fvar" if "fvar" in font else "glyf"
    return ("house_font_not_embeddable", face.path.name) if closed else ("", "")


def lacking(face: Face, characters: Iterable[str]) -> list[str]:
    """Return those of ``characters`` that the face has no glyph for, each once, in order."""
    known = face.open().getBestCmap()
    return [character for character in dict.fromkeys(characters) if ord(character) not in known]


def cut(face: Face, characters: Iterable[str], target: Path) -> Path:
    """Write the face with only ``characters`` as TrueType, curves of third order turned into second; return the file.

    Layout tables and hints are left out: the sheets measure and place each character by its own advance.
    """
    font = face.open()
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.glyph_names = True
    options.drop_tables += list(_DROPPED)
    options.recalc_timestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(character) for character in characters])
    cutter.subset(font)
    if "CFF " in font:
        _as_truetype(font)
    font.flavor = None
    font.save(target)
    return target


def _as_truetype(font: TTFont) -> None:
    """Turn the outlines of an OpenType font into TrueType ones, in place."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, CURVE_ERROR * font["head"].unitsPerEm, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, drawn
    for glyph in drawn.values():
        glyph.recalcBounds(font["glyf"])
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]
    for name in order:
        advance, _ = font["hmtx"][name]
        font["hmtx"][name] = (advance, getattr(drawn[name], "xMin", 0))
    most = font["maxp"]
    most.tableVersion = 0x00010000
    for key in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                "maxStackElements", "maxSizeOfInstructions", "maxComponentElements"):  # fmt: skip
        setattr(most, key, 0)
    most.maxZones = 1
    font["post"].formatType = 2.0
    font["post"].extraNames, font["post"].mapping, font["post"].glyphOrder = [], {}, order
    font.sfntVersion = "\x00\x01\x00\x00"
