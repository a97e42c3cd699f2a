"""Tables as offices keep them: encodings, ragged rows, merged cells, totals, formulas, two header rows."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from .case import Kept, Observed, Refused, bad, either
from .parts import csv, csv_text, geojson, set_cell, shapefile, sheet, write_json, xlsx
from .town import Folder

C, X, S = "residential.csv", "residential.xlsx", "小区.shp"


def _raw(folder: Folder, data: bytes, file: str = C) -> Path:
    path = folder.name("residential", file, datum="wgs84")
    path.write_bytes(data)
    return path


def _names(**wanted: str) -> Any:
    def look(seen: Observed) -> str:
        import geopandas as gpd

        found = gpd.read_file(seen.out / "results.gpkg", layer="residential", use_arrow=True).set_index(
            "residential_id"
        )["name"]
        wrong = {area: found.get(area) for area, name in wanted.items() if found.get(area) != name}
        return f"names came out as {wrong}" if wrong else ""

    return look


TRUE_NAMES = _names(A="A小区", B="B小区", F="F小区")

# ------------------------------------------------------------------------------------------------------- encodings


@bad("p1-csv-two-encodings", "P1", "P0", "half of the names are mojibake", Refused("encoding_*|csv_*", C), quick=True)
def _(folder: Folder) -> None:
    lines = csv_text(sheet(folder)).split("\r\n")
    _raw(folder, b"\r\n".join(line.encode("utf-8" if at < 4 else "gbk") for at, line in enumerate(lines)))


@bad("p1-csv-cut-character", "P1", "P1", "a broken character is dropped", Refused("encoding_*|csv_*", C))
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).encode().replace("B小区".encode(), "B小区".encode()[:-1]))


@bad(
    "p1-csv-latin",
    "P1",
    "P1",
    "é is read as half of a Chinese character, or an accent as any",
    either(Refused("encoding_*", C), Kept(says="encoding_*|text_*", file=C)),
)
def _(folder: Folder) -> None:
    rows = sheet(folder, headings={})
    rows[2][1] = "Café Société"
    _raw(folder, csv_text([[str(cell).replace("小区", "") for cell in row] for row in rows]).encode("latin-1"))


@bad(
    "p1-csv-nul", "P1", "P1", "the table ends at the NUL", either(Refused("", C), Kept(says="text_unprintable", file=C))
)
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).encode().replace("B小区".encode(), b"B\0"))


@bad(
    "p1-csv-said-gbk-is-utf8",
    "P1",
    "P0",
    "灏忓尯: UTF-8 read as GBK, no error",
    either(Refused("encoding_*", C), Kept(says="encoding_*", file=C, also=TRUE_NAMES)),
)
def _(folder: Folder) -> None:
    csv(folder, sheet(folder), encoding="utf-8")
    folder.inputs["residential"]["encoding"] = "gbk"


@bad("p1-csv-utf32", "P1", "P2", "an empty table", either(Refused("", C), Kept(also=TRUE_NAMES)))
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).encode("utf-32"))


@bad("p1-csv-utf16-odd", "P1", "P1", "the last character is dropped", Refused("encoding_*|csv_*", C))
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).encode("utf-16")[:-1])


@bad(
    "p1-csv-big5",
    "P1",
    "P1",
    "traditional text in Big5 is read as other characters of GBK, no word",
    either(
        Refused("encoding_*|column_missing|coordinates_absent|columns_*", C), Kept(says="encoding_*|text_*", file=C)
    ),
)
def _(folder: Folder) -> None:
    rows = sheet(folder, headings={})
    _raw(folder, csv_text([[str(cell).replace("小区", "區花園") for cell in row] for row in rows]).encode("big5"))


@bad(
    "p1-dbf-cpg-wrong",
    "P1",
    "P0",
    "a .cpg that says UTF-8 over GBK: an error, or names lost",
    either(Kept(says="encoding_*", file=S, also=TRUE_NAMES), Refused("encoding_*", S)),
)
def _(folder: Folder) -> None:
    shapefile(folder, encoding="GBK", cpg="UTF-8")


@bad(
    "p1-dbf-cpg-latin",
    "P1",
    "P0",
    "Ð¡Çø: GBK read as Latin-1",
    either(Kept(says="encoding_*", file=S, also=TRUE_NAMES), Kept(also=TRUE_NAMES), Refused("encoding_*", S)),
)
def _(folder: Folder) -> None:
    shapefile(folder, encoding="GBK", cpg="ISO-8859-1")


@bad(
    "p1-dbf-cpg-gbk-over-utf8",
    "P1",
    "P0",
    "灏忓尯: UTF-8 read as GBK, no error",
    either(Kept(says="encoding_*", file=S, also=TRUE_NAMES), Refused("encoding_*", S)),
)
def _(folder: Folder) -> None:
    short = {"residential_id": "id", "built": "built"}
    table = folder.tables["residential"]
    shapefile(folder, table=table, renamed=short, encoding="UTF-8", cpg="GBK")


@bad(
    "p1-dbf-field-cut",
    "P1",
    "P1",
    "a heading cut in mid-character makes the file unreadable, or its column is lost without a word",
    either(
        Kept({"elderly_total": None, "elderly_covered": None}, says="columns_unused", file=S, also=TRUE_NAMES),
        Refused("encoding_*|columns_*|column_*", S),
    ),
)
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    dbf = shp.with_suffix(".dbf")
    raw = bytearray(dbf.read_bytes())
    at = raw.find("老年人口".encode("gbk"))
    raw[at : at + 11] = "养老人口数X".encode("gbk")[:9] + b"\xc4\0"
    dbf.write_bytes(bytes(raw))


@bad(
    "p1-name-private-use",
    "P1",
    "P1",
    "a character nobody can print stands in the plan",
    Kept(says="text_unprintable", file=C, row=3),
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "B\ue010小区"))


@bad(
    "p1-name-replacement",
    "P1",
    "P1",
    "a lost character (�) goes to print",
    Kept(says="text_unprintable", file=C, row=3),
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "B�区"))


@bad(
    "p1-name-control",
    "P1",
    "P1",
    "a control character breaks the report at the end of the run",
    Kept(says="text_unprintable", file=C, row=3),
    steps="report",
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "B\x0b\x07小区"))


@bad(
    "p1-name-bidi",
    "P1",
    "P1",
    "a character that turns the line around hides what a name says",
    Kept(says="text_unprintable", file=C, row=3),
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "B\u202e区小"))


@bad(
    "p1-name-300",
    "P1",
    "P2",
    "a name of 300 characters is cut, or breaks a sheet",
    Kept(also=_names(B="长" * 300)),
    steps="export",
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "长" * 300))


@bad(
    "p1-name-mojibake",
    "P1",
    "P2",
    "mojibake of an earlier program stands in the plan",
    either(Kept(says="text_*|encoding_*", file=C, row=3), Kept(says="text_*|encoding_*", file=C)),
)
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "涓滄柟鑺卞洯灏忓尯"))


@bad(
    "p1-json-surrogate",
    "P1",
    "P1",
    "half a surrogate pair stops the run at its end",
    either(Refused("", "residential.geojson"), Kept(says="text_unprintable", file="residential.geojson", row=2)),
)
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", geojson(folder, "residential"))
    path.write_text(path.read_text(encoding="utf-8").replace("B小区", "B\\ud800"), encoding="utf-8")


# ----------------------------------------------------------------------------------------------------- the shape of CSV


@bad(
    "p1-csv-ragged-comma",
    "P1",
    "P0",
    "1,024 without quotes shifts the row: one person",
    Refused("csv_ragged|csv_broken", C, row=2),
)
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).replace(",1024,", ",1,024,", 1).encode())


@bad(
    "p1-csv-short-row",
    "P1",
    "P1",
    "the place of B is missing, and so is B, without a word",
    either(
        Refused("csv_ragged|csv_broken|coordinates_*|serves_*", C),
        Refused("serves_excluded|reference_excluded"),
        Kept(free=True, excluded={"residential": 1, "entrances": 1}, says="coordinates_missing", file=C, row=3),
    ),
)
def _(folder: Folder) -> None:
    lines = csv_text(sheet(folder)).split("\r\n")
    lines[2] = ",".join(lines[2].split(",")[:4])
    _raw(folder, "\r\n".join(lines).encode())


@bad(
    "p1-csv-quote-open",
    "P1",
    "P0",
    "a quote left open swallows the rows to the end",
    Refused("csv_*|rows_lost|table_*|number_*", C),
)
def _(folder: Folder) -> None:
    _raw(folder, csv_text(sheet(folder)).replace("B小区", '"B小区', 1).encode())


@bad(
    "p1-csv-heading-twice", "P1", "P0", "of two columns 户数 the first is taken", Refused("columns_ambiguous|csv_*", C)
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    csv(folder, [[*row, "户数" if at == 0 else at] for at, row in enumerate(rows)])


@bad("p1-csv-two-households", "P1", "P0", "of 户数 and 总户数 one is taken in silence", Refused("columns_ambiguous", C))
def _(folder: Folder) -> None:
    rows = sheet(folder)
    csv(folder, [[*row, "总户数" if at == 0 else at] for at, row in enumerate(rows)])


@bad("p1-csv-no-heading", "P1", "P0", "the first area is the heading: 3 520 households", Refused("", C))
def _(folder: Folder) -> None:
    csv(folder, sheet(folder)[1:])


@bad("p1-csv-heading-only", "P1", "P1", "a plan with nobody in it", Refused("table_without_rows|table_empty", C))
def _(folder: Folder) -> None:
    csv(folder, sheet(folder)[:1])
    folder.tables["entrances"] = None
    folder.tables["facilities"] = folder.tables["facilities"].assign(serves="")


@bad("p1-csv-blank-file", "P1", "P2", "an empty table", Refused("table_empty|file_empty|csv_*|format_*", C))
def _(folder: Folder) -> None:
    _raw(folder, b"\r\n \r\n\r\n")


@bad("p1-csv-lon-only", "P1", "P1", "areas at latitude 0", Refused("coordinates_absent|column_missing", C))
def _(folder: Folder) -> None:
    csv(folder, [row[:-1] for row in sheet(folder)])


@bad("p1-csv-is-html", "P1", "P1", "a page saved as a table", Refused("format_*|csv_*|coordinates_absent|column*", C))
def _(folder: Folder) -> None:
    html = pd.DataFrame(sheet(folder)).to_html(index=False, header=False)
    _raw(folder, f"<html><body>{html}</body></html>".encode())


@bad("p1-html-as-xls", "P1", "P1", "a page that a web system calls Excel", Refused("format_*", "台账.xls"))
def _(folder: Folder) -> None:
    html = pd.DataFrame(sheet(folder)).to_html(index=False, header=False)
    _raw(folder, f"<html><body>{html}</body></html>".encode("gbk"), "台账.xls")


@bad(
    "p1-xls-old",
    "P1",
    "P1",
    "an old workbook or one with a password is an empty table",
    Refused("format_xls", "台账.xls"),
)
def _(folder: Folder) -> None:
    _raw(folder, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "台账.xls")


@bad("p1-dwg", "P1", "P1", "a drawing is an empty layer", Refused("format_dwg", "小区.dwg"))
def _(folder: Folder) -> None:
    _raw(folder, b"AC1027" + bytes(500), "小区.dwg")


@bad("p1-picture", "P1", "P2", "an empty layer", Refused("format_*", "小区.geojson"))
def _(folder: Folder) -> None:
    _raw(folder, b"\x89PNG\r\n\x1a\n" + bytes(100), "小区.geojson")


@bad("p1-missing-file", "P1", "P1", "the run goes on without it", Refused("file_missing", "没有.csv"))
def _(folder: Folder) -> None:
    folder.name("residential", "没有.csv")


# ---------------------------------------------------------------------------------------------------------- totals


TOTALS = {
    "heji": ["合计", "", 4032, 8064, 1008, "", "", "", ""],
    "zongji": ["总　计", "", 4032, 8064, 1008, "", "", "", ""],
    "in-name": ["", "合计", 4032, 8064, 1008, "", "", "", ""],
    "total": ["Total", "", 4032, 8064, 1008, "", "", "", ""],
    "xiaoji": ["", "小计", 1536, 3072, 384, "", "", "", ""],
    "quanqu": ["全区合计（6个小区）", "", 4032, 8064, 1008, "", "", "", ""],
}
for _id, _row in TOTALS.items():

    @bad(
        f"n13-total-{_id}",
        "N13",
        "P0",
        "everybody counts twice: 8 064 households",
        Kept(read={"residential": 7}, excluded={"residential": 1}, says="total_row|*", file=C, row=8),
        quick=_id == "heji",
    )
    def _(folder: Folder, row: list[object] = _row) -> None:
        csv(folder, [*sheet(folder), row])


@bad(
    "n13-total-mid",
    "N13",
    "P0",
    "a subtotal in the middle counts as an area",
    Kept(read={"residential": 7}, excluded={"residential": 1}, says="total_row|*", file=C, row=5),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    csv(folder, [*rows[:4], TOTALS["xiaoji"], *rows[4:]])


@bad(
    "n13-total-with-place",
    "N13",
    "P0",
    "a total with a formula's place counts as an area",
    either(
        Kept(read={"residential": 7}, excluded={"residential": 1}, says="total_row", file=C, row=8),
        Refused("", C, row=8),
    ),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    csv(folder, [*rows, ["合计", "", 4032, 8064, 1008, "", "", 117.01, 36.13]])


@bad(
    "n13-total-facilities",
    "N13",
    "P0",
    "1 406 m² are there twice",
    Kept(read={"facilities": 5}, excluded={"facilities": 1}, says="total_row|*", file="facilities.csv", row=6),
)
def _(folder: Folder) -> None:
    csv(folder, [*sheet(folder, "facilities"), ["合计", "", "", "", "", 1406, "", "", ""]], "facilities")


@bad(
    "n13-note-row",
    "N13",
    "P1",
    "a note at the foot is an area without households, or stops the run",
    Kept(read={"residential": 7}, excluded={"residential": 1}, says="*", file=C, row=8),
)
def _(folder: Folder) -> None:
    csv(folder, [*sheet(folder), ["注：数据截至2025年12月", "", "", "", "", "", "", "", ""]])


# ------------------------------------------------------------------------------------------------------------- Excel


def _merge(where: str) -> Any:
    return lambda _book, page: page.merge_cells(where)


@bad("n13-xlsx-merged-households", "N13", "P0", "a merged cell gives C no households", Refused("cells_merged*", X))
def _(folder: Folder) -> None:
    xlsx(folder, sheet(folder), change=_merge("C3:C4"))


@bad(
    "n13-xlsx-formula-unsaved",
    "N13",
    "P0",
    "a formula without a stored result is missing, 0 in the sum",
    Refused("formula_not_calculated", X, row=3, column="户数|households"),
)
def _(folder: Folder) -> None:
    xlsx(folder, set_cell(sheet(folder), 2, "户数", "=512*2"))


@bad(
    "n13-xlsx-formula-name",
    "N13",
    "P1",
    "a name that is a formula without result is empty",
    either(Refused("formula_not_calculated", X, row=3), Kept(says="formula_not_calculated", file=X, row=3)),
)
def _(folder: Folder) -> None:
    xlsx(folder, set_cell(sheet(folder), 2, "小区名称", '="B"&"小区"'))


@bad(
    "n13-xlsx-error-cell",
    "N13",
    "P0",
    "#REF! is missing, 0 in the sum",
    Refused("number_*", X, row=3, column="户数|households"),
)
def _(folder: Folder) -> None:
    def change(_book: object, page: Any) -> None:
        page["C3"].value = "#REF!"
        page["C3"].data_type = "e"

    xlsx(folder, sheet(folder), change=change)


@bad("p1-xlsx-two-sheets", "P1", "P0", "the sheet of 2019 is read because it comes first", Refused("layer_needed", X))
def _(folder: Folder) -> None:
    def change(book: Any, page: Any) -> None:
        other = book.create_sheet("2019年", 0)
        for row in page.iter_rows(values_only=True):
            other.append(row)

    xlsx(folder, sheet(folder), change=change)


@bad("p1-xlsx-sheet-unknown", "P1", "P1", "another sheet stands in", Refused("layer_unknown", X, value="2025年"))
def _(folder: Folder) -> None:
    xlsx(folder, sheet(folder), layer="2025年")


@bad("p1-xlsx-empty", "P1", "P1", "an empty table", Refused("table_empty|table_without_rows|coordinates_absent", X))
def _(folder: Folder) -> None:
    xlsx(folder, [])


@bad("p1-xlsx-cut", "P1", "P1", "the sheets that are left are read", Refused("zip_*|file_broken", X))
def _(folder: Folder) -> None:
    path = xlsx(folder, sheet(folder))
    path.write_bytes(path.read_bytes()[:-100])


@bad("p1-ods", "P1", "P2", "an empty table", Refused("format_*|zip_*", "台账.ods"))
def _(folder: Folder) -> None:
    with zipfile.ZipFile(folder.name("residential", "台账.ods"), "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<office/>")


@bad("p1-docx", "P1", "P2", "an empty table", Refused("format_*|zip_*", "台账.xlsx"))
def _(folder: Folder) -> None:
    with zipfile.ZipFile(folder.name("residential", "台账.xlsx"), "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")


@bad("n13-xlsx-hidden-row", "N13", "P1", "a row hidden by a filter is left out, or counts without a word", Kept())
def _(folder: Folder) -> None:
    def change(_book: object, page: Any) -> None:
        page.row_dimensions[3].hidden = True

    xlsx(folder, sheet(folder), change=change)


@bad("n13-xlsx-number-format", "N13", "P0", "a cell shown as 1 (thousands) is read as it is shown", Kept())
def _(folder: Folder) -> None:
    def change(_book: object, page: Any) -> None:
        for row in range(2, 8):
            page.cell(row, 3).number_format = '0,"千户"'

    xlsx(folder, sheet(folder), change=change)


@bad(
    "n13-xlsx-two-tables",
    "N13",
    "P0",
    "a second table below the first is read with the first one's headings",
    either(Refused("", X), Kept(says="*", file=X, read={"residential": 9}, excluded={"residential": 3})),
)
def _(folder: Folder) -> None:
    below = [[], ["街道", "人数", "机构数"], ["西街道", 100, 2], ["东街道", 200, 3]]
    xlsx(folder, [*sheet(folder), *below])


@bad(
    "p1-xlsx-headings-below-title",
    "P1",
    "P1",
    "the title is the heading: no column is known",
    Kept(read={"residential": 6}),
)
def _(folder: Folder) -> None:
    def change(_book: object, page: Any) -> None:
        page.merge_cells("A1:I1")

    xlsx(folder, [["某区小区台账（2025年）"], *sheet(folder)], change=change)


@bad("p1-xlsx-no-heading-known", "P1", "P1", "columns are guessed by their place", Refused("", X))
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows[0] = [f"第{at}列" for at in range(len(rows[0]))]
    xlsx(folder, rows)


@bad(
    "n13-fields-no-column",
    "N17",
    "P1",
    "a misspelt column in the plan is passed over",
    Refused("fields_no_column", C, value="户数2"),
)
def _(folder: Folder) -> None:
    csv(folder, sheet(folder), fields={"households": "户数2"})


@bad(
    "n13-fields-unknown",
    "N17",
    "P1",
    "a misspelt canonical name is passed over",
    Refused("fields_unknown_key", C, value="housholds"),
)
def _(folder: Folder) -> None:
    csv(folder, sheet(folder), fields={"housholds": "户数"})


@bad(
    "n13-fields-wrong-way",
    "N17",
    "P1",
    "the pair is written the other way round",
    Refused("fields_*|plan_*", value="户数"),
)
def _(folder: Folder) -> None:
    csv(folder, sheet(folder), fields={"户数": "households"})
