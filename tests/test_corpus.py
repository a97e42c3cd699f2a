"""Bad files must not give plausible wrong figures, good ones must not be refused; see `corpus`.

The quick suite runs a few of each kind, the slow one all of them and holds the whole against the promised shares:
every serious case (P0) as expected, 98 % of all, no traceback, no connection, no good file refused, 95 % of the
messages complete.
"""

from __future__ import annotations

import pytest
from corpus.case import Case, Kept, Observed, Refused, either
from corpus.known import KNOWN
from corpus.runner import canary, rubric
from corpus.table import Outcome, by_severity, judge, load, messages
from corpus.town import FIGURES

CASES = load()
OUTCOMES: list[Outcome] = []
"""What the tests of single cases met, for the test of their messages."""


def _marked(cases: list[Case]) -> list[object]:
    """Return parameters: known failures are marked so that one which begins to pass is noticed."""
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[pytest.mark.xfail(strict=True, reason=KNOWN[case.id])] if case.id in KNOWN else [],
        )
        for case in cases
    ]


def _hold(case: Case, folder: object) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # building broken files makes the libraries warn
        outcome = judge(case, folder)  # type: ignore[arg-type]
    OUTCOMES.append(outcome)
    assert not outcome.failed, "\n".join((f"must not happen: {case.wrong}", *outcome.amiss))


@pytest.mark.parametrize("case", _marked([case for case in CASES if case.quick]))
def test_a_few_of_each_kind(case, tmp_path):
    _hold(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", _marked([case for case in CASES if not case.quick]))
def test_every_case(case, tmp_path):
    _hold(case, tmp_path)


@pytest.mark.slow
def test_messages_name_the_place_and_the_remedy_in_both_languages():
    """Of the messages met by the tests above, 95 % name file, row, column and value, in Chinese and English."""
    told, whole, reasons = messages(OUTCOMES)
    if told < 100:
        pytest.skip("needs the messages of the whole corpus")
    assert whole >= 0.95 * told, reasons


def test_the_corpus_is_as_large_as_promised():
    """At least 120 bad cases and 40 good ones; every bad one names the wrong outcome it must not have."""
    bad = [case for case in CASES if case.severity != "good"]
    assert len(bad) >= 120
    assert len(CASES) - len(bad) >= 40
    assert all(case.wrong for case in bad)
    threats = {case.threat for case in bad}
    assert {f"N{number}" for number in range(1, 18)} - threats == set()
    assert {"S1", "S2", "S3", "S4", "S5", "S6", "P1"} - threats == set()


def test_no_serious_case_is_known_to_fail():
    """Shares hold with what is known to fail: none of the serious, at most 2 % of all."""
    bad = [case for case in CASES if case.severity != "good"]
    assert {case.id for case in CASES} >= set(KNOWN)
    assert not [case.id for case in CASES if case.id in KNOWN and case.severity in ("P0", "good")]
    assert sum(case.id in KNOWN for case in bad) <= 0.02 * len(bad)


# ----------------------------------------------------------------------------------------- the judge can say no


def _seen(**changes: object) -> Observed:
    coverage = {name: value for name, value in FIGURES.items() if not name.endswith("m2")}
    rows = {"read": 6, "used": 6, "flagged": 0, "excluded": 0}
    summary = {"coverage": {"street": coverage}, "compliance": dict(FIGURES), "ledger": {"residential": rows}}
    return Observed(
        **{"exit_code": 0, "run_exit": 0, "document": {"ok": True, "faults": []}, "summary": summary, **changes}
    )


def _fault(**changes: object) -> dict[str, object]:
    plain = {
        "code": "number_range",
        "severity": "error",
        "file": "r.csv",
        "layer": "",
        "row": 3,
        "column": "户数",
        "value": "5-6",
    }
    text = {
        "message": "r.csv 第 3 行“户数”是一个区间：5-6。 / r.csv row 3, 户数 is a range: 5-6.",
        "remedy": "请填一个数。 / Write one number.",
    }
    return {**plain, **text, **changes}


def test_the_judge_sees_each_thing_amiss(tmp_path):
    """One figure off, one row lost, one row too many set aside, a wrong place or code: each is told."""
    assert Kept().amiss(_seen()) == []
    assert Kept({"households_total": 4031}).amiss(_seen())
    lost = _seen()
    lost.summary["ledger"]["residential"] = {"read": 6, "used": 5, "flagged": 0, "excluded": 0}  # type: ignore[index]
    assert Kept().amiss(lost)
    assert Kept(excluded={"residential": 1}).amiss(_seen())
    assert Kept(read={"residential": 7}).amiss(_seen())
    assert Kept(says="number_range").amiss(_seen())
    assert Kept(also=lambda _: "amiss").amiss(_seen()) == ["amiss"]
    refused = _seen(
        exit_code=1, run_exit=1, document={"ok": False, "faults": [_fault()]}, summary=None, out=tmp_path / "out"
    )
    assert Refused("number_*", "r.csv", 3, "户数").amiss(refused) == []
    assert Refused("csv_*", "r.csv", 3).amiss(refused)
    assert Refused("number_*", "r.csv", 2).amiss(refused)
    assert Refused("number_*", "s.csv", 3).amiss(refused)
    assert Refused().amiss(_seen())
    assert Kept().amiss(refused)
    (tmp_path / "out").mkdir()
    assert Refused("number_*").amiss(refused)
    assert either(Refused("csv_*"), Kept()).amiss(_seen()) == []


def test_the_rubric_sees_what_a_message_lacks():
    assert rubric(_fault()) == []
    assert rubric(_fault(row=4, column="人口")) == []  # the place stands before the message
    assert "value not shown" in rubric(_fault(value="7-8"))
    assert "message not in both languages" in rubric(_fault(message="读不出"))
    assert "remedy not in both languages" in rubric(_fault(remedy="请填一个数。"))
    assert "no place" in rubric(_fault(file="", column=""))


def test_the_canary_hears():
    import urllib.request

    with canary() as heard:
        urllib.request.urlopen(f"http://127.0.0.1:{heard.port}/x", timeout=5).read()
    assert any("/x" in call for call in heard.calls)
    assert by_severity([])
