"""Every figure that the Word documents print is one the run found, or a sum that can be formed from it.

The figures of a run are the numbers of ``summary.json``, ``run.json`` and every row of its layers; a document may
round them, write a share per cent, or add up a column or the rows of a kind. A number of four or more digits that is
none of these was made on the way to the page. Shorter ones prove little here: too many of them are true. Of wrong
numbers, a digit off in the last place, the figures of the sample hold 30 % of four digits and 4 % of five.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn

from planning import report, runs, study, texts
from planning.study import StudyResult

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample" / "plan.toml"
KINDS = {
    "residential": ["verdict", "built_used", "street_id"],
    "facilities": ["level", "in_service", "status"],
    "uncovered": ["level", "cause"],
}
"""What rows of a layer are told together by, alone and in pairs."""
NUMBER = re.compile(r"(?<![\w.\-])\d[\d,]*(?:\.\d+)?(?![\w\-])")


@pytest.fixture(scope="module")
def sample() -> StudyResult:
    return study.run(runs.load(SAMPLE))


def numbers_in(content: Any) -> Iterator[float]:
    """Give every number of plain content, those inside of texts too."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from numbers_in(key)
            yield from numbers_in(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from numbers_in(value)
    elif isinstance(content, str):
        yield from (float(one) for one in re.findall(r"\d+(?:\.\d+)?", content))
    elif isinstance(content, int | float) and not isinstance(content, bool) and content == content:
        yield float(content)


def sums_of_kinds(name: str, layer: pd.DataFrame) -> Iterator[float]:
    """Give the sums of every numeric column, whole and by each kind and pair of kinds."""
    kinds = [column for column in KINDS.get(name, []) if column in layer]
    amounts = layer.select_dtypes("number")
    yield from amounts.sum().tolist()
    for by in [*((one,) for one in kinds), *itertools.combinations(kinds, 2)]:
        yield from amounts.groupby([layer[one] for one in by]).sum().to_numpy().ravel().tolist()


def figures(result: StudyResult) -> set[Decimal]:
    """Return the run's figures as any document may show them: rounded, per cent, in units of ten thousand."""
    found = set(numbers_in(json.loads(json.dumps(runs._record.plain(result.summary)))))
    found |= set(numbers_in(runs.parameters(result.inputs.plan)))
    found |= set(numbers_in(runs._record.plain([asdict(file) for file in result.inputs.files])))
    for name in (field for field in vars(result) if isinstance(getattr(result, field), pd.DataFrame)):
        layer = pd.DataFrame(getattr(result, name))
        found |= {one for column in layer.columns.drop("geometry", errors="ignore")
                  for one in numbers_in(layer[column].dropna().astype(object).tolist())}  # fmt: skip
        found |= set(sums_of_kinds(name, layer))
    return {
        (abs(Decimal(repr(one))) * unit).quantize(Decimal(1).scaleb(-places), rounding)
        for one in found
        if abs(one) < 1e12
        for unit in (1, 100, Decimal("0.0001"))
        for places in range(5)
        for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    }


def shown(text: str) -> Iterator[Decimal]:
    """Give the numbers of four or more digits that a text shows."""
    for found in NUMBER.finditer(text):
        plain = found.group().replace(",", "")
        if len(plain.replace(".", "").strip("0")) >= 4:
            yield Decimal(plain)


def column_sums(table: Any) -> set[Decimal]:
    """Return what the columns of a table add up to, above each of its rows; as they stand, and rounded once."""
    rows = [["".join(node.text or "" for node in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
            for row in table.iter(qn("w:tr"))]  # fmt: skip
    found: set[Decimal] = set()
    running: dict[int, Decimal] = {}
    for row in rows:
        for at, cell in enumerate(row):
            value = Decimal(cell.replace(",", "")) if re.fullmatch(r"[\d,]+(\.\d+)?", cell) else Decimal(0)
            found |= {running.get(at, Decimal(0)) + off for off in (Decimal(0), Decimal("0.01"), Decimal("-0.01"))}
            running[at] = running.get(at, Decimal(0)) + value
    return found


@pytest.mark.slow
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_number_in_word_is_a_figure_of_the_run(sample: StudyResult, language: texts.Language) -> None:
    plan = sample.inputs.plan
    told = replace(sample.inputs, plan=replace(plan, output=replace(plan.output, language=language)))
    result, known = replace(sample, inputs=told), figures(sample)
    bodies = [docx.Document(io.BytesIO(write(result, run_id="abcdef"))).element.body
              for write in (report.document, report.annex)]  # fmt: skip
    known |= set().union(*(column_sums(table) for body in bodies for table in body.iter(qn("w:tbl"))))
    for body in bodies:
        said = ["".join(node.text or "" for node in one.iter(qn("w:t"))) for one in body.iter(qn("w:p"))]
        numbers = [(value, text) for text in said for value in shown(text)]
        assert len(numbers) > 150, "the document was hardly read"
        assert [(value, text[:60]) for value, text in numbers if value not in known] == []
