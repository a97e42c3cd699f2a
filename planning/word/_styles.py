"""Room `planning.word`: the styles of a document; Word takes Chinese letters from ``eastAsia`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from planning.texts import Language

LATIN: Final = "Times New Roman"
_BODY, _HEAD = "宋体", "黑体"
_INK, _MUTED = RGBColor(0x1F, 0x23, 0x28), RGBColor(0x59, 0x61, 0x6B)
_LIST: Final = 90


@dataclass(frozen=True)
class _Look:
    """How one style is set."""

    size: float
    bold: bool = False
    head: bool = False
    align: WD_ALIGN_PARAGRAPH | None = None
    before: float = 0
    after: float = 0
    spacing: float = 1.0
    muted: bool = False
    next: bool = False


_CENTER, _RIGHT, _LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.LEFT
_LOOKS: Final[Mapping[str, _Look]] = {
    "Normal": _Look(12, spacing=1.5),
    "Body Text": _Look(12, spacing=1.5),
    "Title": _Look(26, bold=True, head=True, align=_CENTER, before=150, after=12, spacing=1.3),
    "Subtitle": _Look(18, head=True, align=_CENTER, after=60),
    "Cover Line": _Look(12, align=_CENTER, after=4, spacing=1.4),
    "Heading 1": _Look(16, bold=True, head=True, before=18, after=12, spacing=1.3, next=True),
    "Heading 2": _Look(14, bold=True, head=True, before=12, after=6, spacing=1.3, next=True),
    "Heading 3": _Look(12, bold=True, head=True, before=8, after=4, spacing=1.3, next=True),
    "Contents Heading": _Look(16, bold=True, head=True, align=_CENTER, after=12),
    "toc 1": _Look(12, before=4, spacing=1.2),
    "toc 2": _Look(11, spacing=1.2),
    "Table Caption": _Look(10.5, head=True, align=_CENTER, before=10, after=4, next=True),
    "Figure Caption": _Look(10.5, head=True, align=_CENTER, before=2, after=12),
    "Figure": _Look(10.5, align=_CENTER, before=8, next=True),
    "Note": _Look(9, before=2, after=4, muted=True),
    "Warning": _Look(12, bold=True, before=4, after=6, spacing=1.5),
    "Item": _Look(12, spacing=1.4),
    "Cell": _Look(9, align=_LEFT),
    "Cell Number": _Look(9, align=_RIGHT),
    "Cell Head": _Look(9, bold=True, align=_CENTER, next=True),
    "header": _Look(9, muted=True),
    "footer": _Look(9, muted=True),
}


def dress(paper: Any, language: Language, *, numbered: bool) -> None:
    """Set every style used, the numbers of headings, and the language of the text."""
    for name, look in _LOOKS.items():
        _set(_style(paper, name), look)
    _indent(paper, language)
    if numbered:
        _number_headings(paper)
    tongue = OxmlElement("w:lang")
    tongue.set(qn("w:val"), "en-US" if language == "zh" else "en-GB")  # of Latin letters: Chinese would break numbers
    tongue.set(qn("w:eastAsia"), "zh-CN")
    paper.styles["Normal"].element.get_or_add_rPr().append(tongue)


def ident(name: str) -> str:
    """Return the id of a style of this room by its name."""
    return {"header": "Header", "footer": "Footer", "toc 1": "TOC1", "toc 2": "TOC2"}.get(name, name.replace(" ", ""))


def _style(paper: Any, name: str) -> Any:
    known = {style.style_id: style for style in paper.styles}
    if ident(name) in known:
        return known[ident(name)]
    made = paper.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    made.element.set(qn("w:styleId"), ident(name))
    made.base_style = paper.styles["Normal"]
    return made


def _set(style: Any, look: _Look) -> None:
    style.font.name, style.font.size = LATIN, Pt(look.size)
    style.font.bold, style.font.italic = look.bold, False
    style.font.color.rgb = _MUTED if look.muted else _INK
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), _HEAD if look.head else _BODY)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(look.before), Pt(look.after)
    layout.line_spacing, layout.keep_with_next = look.spacing, look.next
    if look.align is not None:
        layout.alignment = look.align
    for border in style.element.get_or_add_pPr().findall(qn("w:pBdr")):
        style.element.pPr.remove(border)


def _indent(paper: Any, language: Language) -> None:
    """Indent text by two letters in Chinese; hang the items of lists; set the contents in steps."""
    body = paper.styles["Body Text"].element.get_or_add_pPr()
    if language == "zh":
        body.append(parse_xml(f'<w:ind {nsdecls("w")} w:firstLineChars="200" w:firstLine="480"/>'))
    else:
        paper.styles["Body Text"].paragraph_format.space_after = Pt(6)
    item = paper.styles["Item"].paragraph_format
    item.left_indent, item.first_line_indent = Mm(12.7), Mm(-4.2)
    known = {style.style_id: style for style in paper.styles}
    known["TOC2"].paragraph_format.left_indent = Mm(8.5)


def _number_headings(paper: Any) -> None:
    """Give headings of three levels numbers (1, 1.1, 1.1.1) by their styles."""
    numbering = paper.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading{at + 1}"/>'
        f'<w:suff w:val="space"/><w:lvlText w:val="{".".join(f"%{n + 1}" for n in range(at + 1))}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr></w:lvl>'
        for at in range(3)
    )
    spaces = nsdecls("w")
    numbering.insert(0, parse_xml(f'<w:abstractNum {spaces} w:abstractNumId="{_LIST}"><w:multiLevelType '
                                  f'w:val="multilevel"/>{levels}</w:abstractNum>'))  # fmt: skip
    numbering.append(parse_xml(f'<w:num {spaces} w:numId="{_LIST}"><w:abstractNumId w:val="{_LIST}"/></w:num>'))
    for at in range(3):
        properties = paper.styles[f"Heading {at + 1}"].element.get_or_add_pPr()
        mark = parse_xml(f'<w:numPr {spaces}><w:ilvl w:val="{at}"/><w:numId w:val="{_LIST}"/></w:numPr>')
        properties.insert_element_before(mark, "w:suppressLineNumbers", "w:pBdr", "w:shd", "w:tabs", "w:spacing",
                                         "w:ind", "w:jc", "w:outlineLvl")  # fmt: skip
