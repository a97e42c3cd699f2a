"""What all workbooks share: cells that stay what they are, equal bytes, one way to write them."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from planning import texts, workbook

PACKAGE = Path(__file__).resolve().parent.parent / "planning"


def written(*cells: object) -> bytes:
    book = workbook.Book("题", "zh")
    page = book.page("表")
    for row, one in enumerate(cells):
        workbook.put(page, row, 0, one, book.style(), book.style(num_format="0.00"))
    workbook.lay(page, top=0)
    return book.packed()


def read(packed: bytes) -> list[tuple[object, str]]:
    page = openpyxl.load_workbook(io.BytesIO(packed)).active
    return [(row[0].value, row[0].data_type) for row in page.iter_rows()]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "http://a.b", "mailto:x@y", "007", "{=1}", "1/4"])
def test_text_stays_text_whatever_it_begins_with(text: str) -> None:
    assert read(written(text)) == [(text, "s")]
    assert b"<f>" not in written(text)


def test_numbers_are_numbers_and_what_is_missing_is_blank() -> None:
    assert read(written("a", 2, 0.1, None, float("nan"), pd.NA, "b")) == [
        ("a", "s"), (2, "n"), (0.1, "n"), (None, "n"), (None, "n"), (None, "n"), ("b", "s"),
    ]  # fmt: skip


def test_a_cell_holds_what_it_can_and_controls_are_shown() -> None:
    (longest, _), (told, _) = read(written("龘" * 40_000, "铃\x07响"))
    assert len(str(longest)) == workbook.LONGEST
    assert told == "铃�响"


def test_equal_cells_give_equal_bytes_that_name_no_clock() -> None:
    assert written("a", 1) == written("a", 1)
    assert openpyxl.load_workbook(io.BytesIO(written("a"))).properties.created.year == 2000


def test_a_style_wished_twice_is_made_once() -> None:
    book = workbook.Book("题", "en")
    assert book.style(bold=True, indent=1) is book.style(indent=1, bold=True)
    assert book.style(bold=True) is not book.style()


def test_only_one_module_writes_workbooks() -> None:
    named = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "xlsxwriter" in " ".join([getattr(node, "module", "") or "", *(alias.name for alias in node.names)])
    ]
    assert set(named) == {"workbook.py"}


def test_square_metres_are_written_one_way() -> None:
    """m² in all that is told; ㎡ only where it shows how people may write it themselves."""
    shown = {key for key, entry in texts.entries().items() if any("㎡" in said for said in entry.values())}
    assert shown == {key for key in shown if key.startswith("fault.") and key.endswith(".remedy")}
    assert len(shown) == 3
