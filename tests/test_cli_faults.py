"""How the command line lists faults: what stops the run stands last, what to do stands once, floods are folded."""

from __future__ import annotations

from planning.cli._say import list_faults
from planning.errors import Fault
from planning.tables import input_name


def lines(capsys, faults):
    list_faults(faults)
    return capsys.readouterr().err.splitlines()


def lost(row, column="所属街道"):
    return Fault("join_unmatched_table", "warning", "台账.xlsx", row=row, column=column, value=f"JZ{row}")


def wrong(row):
    return Fault("join_key_duplicate", "error", "台账.xlsx", row=row, column="编号", value="JZ001")


def test_errors_stand_last_and_what_to_do_once(capsys):
    """Two errors before one warning: the warning and its remedy, then both errors and their one remedy."""
    said = lines(capsys, [wrong(2), wrong(3), lost(7)])
    assert [line.split("]")[0] for line in said if line.startswith("[")] == [
        "[提示 / warning", "[错误 / error", "[错误 / error",
    ]  # fmt: skip
    assert [line.startswith("    → ") for line in said] == [False, True, False, False, True]


def test_five_alike_are_all_listed_and_six_are_folded(capsys):
    """5 lines and a remedy; of 6 three lines, one that counts the other 3, and a remedy."""
    assert len(lines(capsys, [lost(row) for row in range(5)])) == 6
    folded = lines(capsys, [lost(row) for row in range(6)])
    assert len(folded) == 5
    assert "另有 3 处" in folded[3]
    assert "3 more" in folded[3]


def test_errors_and_other_columns_are_never_folded(capsys):
    """Nine errors are nine lines; three warnings each of two columns are six."""
    assert sum("第" in line for line in lines(capsys, [wrong(row) for row in range(9)])) == 9
    mixed = [lost(row, column) for row in range(3) for column in ("所属街道", "所属社区")]
    assert sum(line.startswith("[") for line in lines(capsys, mixed)) == 6


def test_inputs_have_a_planners_name():
    assert input_name("residential", "zh") == "居住区"
    assert input_name("residential.table", "zh") == "居住区属性表"
    assert input_name("population", "zh") == "楼栋人口"
    assert input_name("elsewhere", "en") == "elsewhere"


def test_a_terminal_shows_what_a_name_holds_and_does_not_obey_it(capsys):
    """An escape that clears the screen, a bell, and a mark that turns the line round come out spelt, in one line."""
    name = "甲\x1b[2J\x07\u202e乙"
    list_faults([Fault("text_unprintable", "warning", name, row=1, column="name", value=name)])
    said = capsys.readouterr().err
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "甲\\x1b[2J\\x07\\u202e乙" in said
