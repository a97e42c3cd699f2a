"""Room of `planning.quality`: the report as one HTML file that needs nothing else and prints on A4."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from planning.quality._parts import KEPT_TOGETHER, Report, Section, Step, Table, Value, shown
from planning.texts import storable

_STYLE: Final = """
@page{size:A4;margin:18mm 16mm}
*{box-sizing:border-box}
body{font:10.5pt/1.65 "Noto Sans SC","Source Han Sans SC","Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;
color:#1F2328;background:#fff;max-width:190mm;margin:0 auto;padding:10mm 8mm}
h1{font-size:20pt;margin:0;color:#1F4E79}.sub{color:#59616B;margin:0 0 6mm}
h2{font-size:13.5pt;color:#1F4E79;border-bottom:1px solid #D5DBE1;padding-bottom:1mm;margin:9mm 0 3mm;break-after:avoid}
h3{font-size:11.5pt;margin:6mm 0 1mm;break-after:avoid}
p{margin:1.5mm 0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:28mm 1fr;gap:0 4mm;margin:0 0 5mm;font-size:9.5pt}
dt{color:#59616B}dd{margin:0;overflow-wrap:anywhere}
.verdict{border-left:2mm solid;padding:3mm 5mm;margin:4mm 0;background:#F6F8FA;break-inside:avoid}
.verdict b{display:block;font-size:15pt}
.good{border-color:#1F5F56}.good b{color:#1F5F56}.warn{border-color:#B07A12}.warn b{color:#7A4A08}
.bad{border-color:#7A1A10}.bad b{color:#7A1A10}
ol{padding-left:7mm;margin:2mm 0}li{margin:2.2mm 0;break-inside:avoid;overflow-wrap:anywhere}
li .tag{font-size:8.5pt;border:1px solid;border-radius:2px;padding:0 1.4mm;margin-right:1.5mm;white-space:nowrap}
.tag.bad{color:#7A1A10}.tag.warn{color:#7A4A08}.tag.good{color:#59616B}
li span.do{display:block}li span.at{display:block;color:#59616B;font-size:9pt}
table{border-collapse:collapse;width:100%;margin:2mm 0 5mm;font-size:9pt;line-height:1.45;table-layout:fixed}
caption{text-align:left;font-weight:700;padding:1mm 0;break-after:avoid}
table.k{break-inside:avoid}thead{display:table-header-group}tr{break-inside:avoid}
th{background:#EEF2F5;text-align:left;border-top:1px solid #1F2328;border-bottom:1px solid #1F2328;padding:1mm 1.5mm}
td{border-bottom:1px solid #D5DBE1;padding:1mm 1.5mm;vertical-align:top;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums}
@media print{body{padding:0;max-width:none}}
@media(max-width:600px){body{padding:4mm}dl{grid-template-columns:1fr}}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def write(report: Report) -> bytes:
    """Return the page; every text in it is escaped, it holds no script and asks for nothing from anywhere."""
    return "".join(_parts(report)).encode("utf-8")


def _parts(report: Report) -> Iterator[str]:
    name = "zh-CN" if report.language == "zh" else "en"
    yield f'<!doctype html>\n<html lang="{name}"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{_text(report.title)} · {_text(report.subtitle)}</title><style>{_STYLE}</style></head><body>\n"
    yield f'<h1>{_text(report.title)}</h1><p class="sub">{_text(report.subtitle)}</p>\n<dl>'
    yield from (f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>" for label, value in report.facts)
    yield f'</dl>\n<div class="verdict {report.tone}"><b>{_text(report.verdict)}</b>{_text(report.because)}</div>\n'
    for section in report.sections:
        yield from _section(section, report)
    yield "</body></html>\n"


def _section(section: Section, report: Report) -> Iterator[str]:
    tag = f"h{section.level + 1}"
    yield f"<{tag}>{_text(section.title)}</{tag}>\n"
    yield from (f"<p>{_text(paragraph)}</p>\n" for paragraph in section.paragraphs)
    if section.steps:
        yield "<ol>\n"
        yield from (_step(step, report) for step in section.steps)
        yield "</ol>\n"
    for table in section.tables:
        yield from _table(table)


def _step(step: Step, report: Report) -> str:
    return (
        f'<li><span class="tag {step.tone}">{_text(report.words[step.tone])}</span>{_text(step.what)}'
        f'<span class="do">{_text(report.words["do"])}{_text(step.remedy)}</span>'
        f'<span class="at">{_text(step.where)}</span></li>\n'
    )


def _table(table: Table) -> Iterator[str]:
    kept = ' class="k"' if len(table.rows) <= KEPT_TOGETHER else ""
    yield f"<table{kept}><caption>{_text(table.caption)}</caption>"
    if table.widths:
        yield (
            "<colgroup>" + "".join(f'<col style="width:{100 * width:.4g}%">' for width in table.widths) + "</colgroup>"
        )
    yield (
        "<thead><tr>"
        + "".join(_cell("th", at, label, table) for at, label in enumerate(table.head))
        + "</tr></thead>\n"
    )
    yield "<tbody>\n"
    for row in table.rows:
        yield "<tr>" + "".join(_cell("td", at, value, table) for at, value in enumerate(row)) + "</tr>\n"
    yield "</tbody></table>\n"


def _cell(tag: str, at: int, value: Value, table: Table) -> str:
    mark = ' class="n"' if at in table.numbers else ""
    return f"<{tag}{mark}>{escape(shown(value))}</{tag}>"


def _text(value: object) -> str:
    return escape(storable(value))
