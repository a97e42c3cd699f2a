"""Every mention of a table or a figure finds its caption: in the draft text, the annex, and a template filled in."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from test_documents import finished, picture

from planning import report
from planning.report import _annexed
from planning.study import StudyResult
from planning.texts import Language

NAMES = {
    "zh": {"annex": r"附表 ?(\d+)", "table": r"(?<!附)表 ?(\d+)", "figure": r"图 ?(\d+)"},
    "en": {
        "annex": r"[Aa]nnex(?: table)? ?(\d+)",
        "table": r"(?<!nnex )[Tt]able ?(\d+)",
        "figure": r"[Ff]igure ?(\d+)",
    },
}
PLATES = ("people", "facilities", "compliance", "blind", "layout", "after", "near_term")


@pytest.fixture(scope="module", params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    return request.param


@pytest.fixture(scope="module")
def papers(language: Language, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the three documents of a run in one language, with maps in two of them."""
    town = speaking(finished(), language)
    path = tmp_path_factory.mktemp("t") / "t.docx"
    path.write_bytes(report.starter_template(language))
    plates = {name: report.plate(f"{name}-01", name, picture(300, 200)) for name in PLATES}
    made = {
        "text": report.document(town, run_id="run123", plates=plates),
        "annex": report.annex(town, run_id="run123"),
        "template": report.fill_template(path, town, run_id="run123", plates=plates),
    }
    return {name: docx.Document(io.BytesIO(content)) for name, content in made.items()}


def speaking(result: StudyResult, language: Language) -> StudyResult:
    output = replace(result.inputs.plan.output, language=language)
    return replace(result, inputs=replace(result.inputs, plan=replace(result.inputs.plan, output=output)))


def lines(paper: Any) -> list[tuple[str, bool]]:
    """Return the text of every paragraph, in tables too, and whether it is a caption: it counts itself by a field."""
    return [
        ("".join(node.text or "" for node in line.iter(qn("w:t"))),
         any("SEQ " in (code.text or "") for code in line.iter(qn("w:instrText"))))
        for line in paper.element.body.iter(qn("w:p"))
    ]  # fmt: skip


def captions(paper: Any, language: Language) -> dict[str, list[int]]:
    """Return the numbers of the captions of each kind; a table of the annex that is left out has a heading alone."""
    told = [text for text, counts in lines(paper) if counts]
    told += [line.text for line in paper.paragraphs if line.style.style_id == "Heading1"]
    found = {kind: [re.match(pattern, text) for text in told] for kind, pattern in NAMES[language].items()}
    return {kind: sorted({int(one[1]) for one in hits if one}) for kind, hits in found.items()}


def mentions(paper: Any, language: Language) -> list[tuple[str, int]]:
    return [
        (kind, int(number))
        for text, counts in lines(paper)
        if not counts
        for kind, pattern in NAMES[language].items()
        for number in re.findall(pattern, text)
    ]


def test_captions_are_numbered_without_a_gap(papers: dict[str, Any], language: Language) -> None:
    for name, paper in papers.items():
        for kind, numbers in captions(paper, language).items():
            assert numbers == list(range(1, len(numbers) + 1)), (name, kind)
    assert len(captions(papers["annex"], language)["annex"]) == len(_annexed.ORDER)
    assert len(captions(papers["text"], language)["figure"]) >= 6


@pytest.mark.parametrize(("name", "least"), [("text", 18), ("annex", 0), ("template", 14)])
def test_every_mention_finds_its_caption(papers: dict[str, Any], language: Language, name: str, least: int) -> None:
    """Tables of the annex stand in the annex, all others in the document that mentions them."""
    own, annexed = captions(papers[name], language), captions(papers["annex"], language)["annex"]
    found = mentions(papers[name], language)
    assert len(found) >= least
    assert not [(kind, n) for kind, n in found if n not in (annexed if kind == "annex" else own[kind])]


def test_a_template_is_sent_to_no_table_that_it_does_not_hold(papers: dict[str, Any], language: Language) -> None:
    """Its sentences name tables by numbers of the annex; a title in quotation marks would have to be looked for."""
    said = [text for text, _ in lines(papers["template"])]
    assert {kind for kind, _ in mentions(papers["template"], language)} == {"annex"}
    assert not [line for line in said if re.search("[见列]于?“|“[^”]*(tables?|areas|coverage)”", line)]


def test_a_table_of_the_annex_has_one_title(papers: dict[str, Any], language: Language) -> None:
    """Under each number one line, which the contents list under the same words."""
    told = [text for text, _ in lines(papers["annex"]) if re.match(NAMES[language]["annex"] + "  ", text)]
    listed, titled = told[: len(_annexed.ORDER)], told[len(_annexed.ORDER) :]
    assert listed == titled
    assert len(set(titled)) == len(_annexed.ORDER)


def test_a_number_of_the_annex_is_never_given_away() -> None:
    """Plans cite 附表 1 to 附表 9 by these numbers; further tables come after them."""
    assert _annexed.ORDER[:9] == (
        "facilities", "compliance", "gaps", "bands", "planned", "near_term", "scorecard", "accounts", "ledger",
    )  # fmt: skip
    assert set(_annexed.STANDS_IN.values()) <= set(_annexed.ORDER)
