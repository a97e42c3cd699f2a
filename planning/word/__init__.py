"""Word documents from blocks: headings, text, numbered tables and figures, contents; equal bytes for equal blocks.

Captions, references and page numbers are real fields with their results stored, so that Word and LibreOffice show
them at once and renumber when somebody adds a table.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_BREAK
from docx.shared import Mm

from planning import texts
from planning.word import _fields, _tables
from planning.word._parts import Blank as Blank
from planning.word._parts import Block as Block
from planning.word._parts import Contents as Contents
from planning.word._parts import Cover as Cover
from planning.word._parts import Frame as Frame
from planning.word._parts import Heading as Heading
from planning.word._parts import Page as Page
from planning.word._parts import Part as Part
from planning.word._parts import Parts as Parts
from planning.word._parts import Picture as Picture
from planning.word._parts import Reference as Reference
from planning.word._parts import Strong as Strong
from planning.word._parts import Table as Table
from planning.word._parts import Text as Text
from planning.word._parts import plain as plain
from planning.word._parts import said as said
from planning.word._parts import titled as titled
from planning.word._styles import dress, ident

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SHORT_MM, _LONG_MM, _MARGIN_MM = 210.0, 297.0, 25.0
_LYING_MARGIN_MM: Final = 18.0
_STYLES: Final = {"text": "BodyText", "item": "Item", "note": "Note", "warning": "Warning"}


def write(blocks: Sequence[Block], frame: Frame) -> bytes:
    """Return the document, equal bytes for equal blocks.

    Parameters
    ----------
    blocks
        In the order of reading. Tables and figures are numbered in that order; keys are used once.
    frame
        Language, header and footer, properties.
    """
    return _Writer(frame, labels(blocks, frame)).write(blocks)


def labels(blocks: Sequence[Block], frame: Frame) -> dict[str, str]:
    """Return what each table and figure is called, by key: table 1, table 2, figure 1."""
    found: dict[str, str] = {}
    for kind, name in ((Table, frame.tables), (Picture, "figure")):
        own = [block for block in blocks if isinstance(block, kind)]
        numbers = zip(own, _counted(own), strict=True)
        found |= {block.key: texts.t(f"word.{name}", frame.language, n=n) for block, n in numbers}
    return found


def _counted(blocks: Sequence[Table | Picture]) -> Iterator[int]:
    """Yield the number of each: its own where it states one, else the next."""
    number = 0
    for block in blocks:
        stated = block.number if isinstance(block, Table) else None
        number = number + 1 if stated is None else stated
        yield number


def timeless(packed: bytes) -> bytes:
    """Return a container with the same date on every part, in the order they came."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = zipfile.ZipInfo(entry.filename, _EPOCH)
            is_picture = entry.filename.endswith((".png", ".jpeg", ".jpg"))
            part.compress_type, part.create_system = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED, 3
            new.writestr(part, old.read(entry))
    return stream.getvalue()


def stamp_properties(paper: Any, title: str) -> None:
    """Set the properties of a file: its title, nobody's name, no clock."""
    properties = paper.core_properties
    properties.title, properties.subject = texts.storable(title)[:250], ""
    properties.author = properties.last_modified_by = properties.comments = properties.keywords = ""
    properties.created = properties.modified = _CREATED
    properties.revision = 1


class _Writer:
    """One document in the making."""

    def __init__(self, frame: Frame, named: Mapping[str, str]) -> None:
        self._frame, self._labels, self._marks = frame, dict(named), 0
        self._paper: Any = Document()
        dress(self._paper, frame.language, numbered=frame.numbered)
        self._lying = frame.lying
        _turn(self._paper.sections[0], lying=frame.lying)

    def write(self, blocks: Sequence[Block]) -> bytes:
        self._body = self._paper.element.body
        self._headings = list(_numbered(blocks, self._labels, self._frame))
        if blocks and isinstance(blocks[0], Cover):
            self._paper.sections[0].different_first_page_header_footer = True
        self._edges()
        for block in blocks:
            self._add(block)
        stamp_properties(self._paper, self._frame.title)
        stream = io.BytesIO()
        self._paper.save(stream)
        return timeless(stream.getvalue())

    def _add(self, block: Block) -> None:
        match block:
            case Heading():
                self._put(self._titled(block.level, _fields.run(block.text)))
            case Text():
                lead = "• " if block.style == "item" else ""
                inner = _fields.parts((lead, *block.parts) if lead else block.parts, self._labels)
                self._put(_fields.paragraph(_STYLES[block.style], inner))
            case Table():
                self._table(block)
            case Picture():
                self._picture(block)
            case Page():
                self._page(block)
            case Cover():
                self._cover(block)
            case Contents():
                self._contents(block)

    def _put(self, element: Any) -> None:
        self._body.insert(len(self._body) - 1, element)  # the last child holds the section's page

    def _mark(self) -> int:
        self._marks += 1
        return self._marks

    def _titled(self, level: int, inner: str) -> Any:
        """Return a heading, marked so that the contents find it."""
        marked = _fields.bookmarked(f"_Toc_{self._at}", self._mark(), inner)
        self._at += 1
        return _fields.paragraph(f"Heading{level}", marked)

    _at = 0

    def _caption(self, kind: str, key: str, text: str, *, stated: int | None = None) -> str:
        """Return the inside of a caption: its number, a field inside a bookmark, and its text."""
        name = "figure" if kind == "Figure" else self._frame.tables
        before, after = texts.entries()[f"word.{name}"][self._frame.language].split("{n}")
        shown = self._labels[key].removeprefix(before).removesuffix(after)
        restart = "" if stated is None else f" \\r {stated}"
        number = _fields.run(before) + _fields.field(f"SEQ {kind} \\* ARABIC{restart}", shown)
        number += _fields.run(after) if after else ""
        return _fields.bookmarked(_fields.bookmark(key), self._mark(), number) + _fields.run(f"  {text}")

    def _table(self, block: Table) -> None:
        caption = self._caption("Table", block.key, block.caption, stated=block.number)
        self._put(
            self._titled(1, caption) if self._frame.tables == "annex" else _fields.paragraph("TableCaption", caption)
        )
        self._put(_tables.element(block, self._width_mm))
        for note in block.notes or ("",):
            self._put(_fields.paragraph("Note", _fields.run(note) if note else ""))

    def _picture(self, block: Picture) -> None:
        line = self._paper.add_paragraph(style="Figure")
        shape = line.add_run().add_picture(io.BytesIO(block.data), width=Mm(self._width_mm))
        most = Mm((_SHORT_MM - 75) if self._lying else (_LONG_MM - 95))
        if shape.height > most:
            shape.width, shape.height = int(shape.width * most / shape.height), most
        shape._inline.docPr.set("descr", texts.storable(block.caption))  # noqa: SLF001  python-docx has no alternative text
        self._put(_fields.paragraph("FigureCaption", self._caption("Figure", block.key, block.caption)))

    def _page(self, block: Page) -> None:
        if block.lying == self._lying:
            self._paper.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
            return
        self._lying = block.lying
        _turn(self._paper.add_section(WD_SECTION.NEW_PAGE), lying=block.lying)
        self._paper.sections[-1].different_first_page_header_footer = False

    def _cover(self, block: Cover) -> None:
        self._put(_fields.paragraph("Title", _fields.run(titled(block.title))))
        self._put(_fields.paragraph("Subtitle", _fields.run(block.subtitle)))
        for line in block.lines:
            self._put(_fields.paragraph("CoverLine", _fields.parts(line, self._labels)))
        self._paper.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)

    def _contents(self, block: Contents) -> None:
        """Write the contents as a field whose stored result names every chapter; readers add the page numbers."""
        self._put(_fields.paragraph("ContentsHeading", _fields.run(block.title)))
        lines = [(at, number, one) for at, (number, one) in enumerate(self._headings) if one.level <= 2]
        for place, (at, number, one) in enumerate(lines):
            words = _fields.run(f"{number}{one.text}")
            entry = f'<w:hyperlink w:anchor="_Toc_{at}" w:history="1">{words}</w:hyperlink>'
            inner = (_BEGIN if place == 0 else "") + entry + (_END if place == len(lines) - 1 else "")
            self._put(_fields.paragraph(ident(f"toc {one.level}"), inner))
        self._paper.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    @property
    def _width_mm(self) -> float:
        return _LONG_MM - 2 * _LYING_MARGIN_MM if self._lying else _SHORT_MM - 2 * _MARGIN_MM

    def _edges(self) -> None:
        """Write header and footer; later sections take them over."""
        section, language = self._paper.sections[0], self._frame.language
        head = section.header.paragraphs[0]
        head.text = texts.storable(self._frame.header)
        foot = section.footer.paragraphs[0]
        page = texts.entries()["word.page"][language]
        before, middle = page.split("{page}")
        middle, after = middle.split("{pages}")
        inner = _fields.run(f"{self._frame.footer}    {before}") + _fields.field("PAGE", "1") + _fields.run(middle)
        inner += _fields.field("NUMPAGES", "1") + (_fields.run(after) if after else "")
        made = _fields.paragraph("Footer", inner, '<w:jc w:val="center"/>')
        foot._p.getparent().replace(foot._p, made)  # noqa: SLF001


_BEGIN: Final = (
    '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
    '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
)
_END: Final = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _turn(section: Any, *, lying: bool) -> None:
    """Set the paper of a section: A4, upright or lying."""
    section.orientation = WD_ORIENT.LANDSCAPE if lying else WD_ORIENT.PORTRAIT
    wide, high = (_LONG_MM, _SHORT_MM) if lying else (_SHORT_MM, _LONG_MM)
    section.page_width, section.page_height = Mm(wide), Mm(high)
    side = _LYING_MARGIN_MM if lying else _MARGIN_MM
    section.left_margin = section.right_margin = Mm(side)
    section.top_margin, section.bottom_margin = Mm(25), Mm(22)
    section.header_distance, section.footer_distance = Mm(13), Mm(12)


def _numbered(blocks: Sequence[Block], labels: Mapping[str, str], frame: Frame) -> Iterator[tuple[str, Heading]]:
    """Yield every heading with its number, as the styles will number it; the tables of an annex with their own."""
    counts = [0, 0, 0]
    for block in blocks:
        if isinstance(block, Heading):
            counts[block.level - 1] += 1
            counts[block.level :] = [0] * (3 - block.level)
            yield f"{'.'.join(map(str, counts[: block.level]))} " if frame.numbered else "", block
        elif isinstance(block, Table) and frame.tables == "annex":
            yield f"{labels[block.key]}  ", Heading(block.caption)
