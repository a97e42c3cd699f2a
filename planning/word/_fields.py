"""Room `planning.word`: fields (page numbers, captions, references, contents) with their results stored."""

from __future__ import annotations

from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from planning.texts import storable
from planning.word._parts import Blank, Parts, Reference, Strong

_W: Final = nsdecls("w")


def run(text: str, properties: str = "") -> str:
    """Return a run of text as XML; a line feed breaks the line."""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in lines)
    return f"<w:r>{inner}{words}</w:r>"


def field(code: str, result: str, properties: str = "", *, dirty: bool = False) -> str:
    """Return a field as XML: its instruction, and the result that readers show until they work it out anew."""
    stale = ' w:dirty="true"' if dirty else ""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return (
        f'<w:r>{inner}<w:fldChar w:fldCharType="begin"{stale}/></w:r>'
        f'<w:r>{inner}<w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
        f'<w:r>{inner}<w:fldChar w:fldCharType="separate"/></w:r>{run(result, properties)}'
        f'<w:r>{inner}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def bookmarked(name: str, number: int, inner: str) -> str:
    """Return ``inner`` inside a bookmark."""
    return (
        f"<w:bookmarkStart w:id={quoteattr(str(number))} w:name={quoteattr(name)}/>{inner}"
        f"<w:bookmarkEnd w:id={quoteattr(str(number))}/>"
    )


def parts(content: Parts, labels: dict[str, str], properties: str = "") -> str:
    """Return the parts of a paragraph as XML; references are fields on the captions' bookmarks."""
    found = []
    for part in content:
        if isinstance(part, Reference):
            found.append(field(f"REF {bookmark(part.key)} \\h", labels.get(part.key, part.key), properties))
        elif isinstance(part, Blank):
            found.append(run(part.text, f'{properties}<w:highlight w:val="yellow"/>'))
        elif isinstance(part, Strong):
            found.append(run(part.text, f"<w:b/>{properties}"))
        else:
            found.append(run(part, properties))
    return "".join(found)


def bookmark(key: str) -> str:
    """Return the name of the bookmark on the number of a caption."""
    return f"_Ref_{key}"


def paragraph(style: str, inner: str, extra: str = "") -> Any:
    """Return a paragraph element of a style (by id)."""
    return parse_xml(f'<w:p {_W}><w:pPr><w:pStyle w:val="{style}"/>{extra}</w:pPr>{inner}</w:p>')
