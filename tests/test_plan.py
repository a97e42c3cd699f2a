"""The plan file: what it may say, and that everything wrong with it is said at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from planning import plan
from planning.errors import InputRefused

LEAST = """
[plan]
name = "示例"
standard = "liaocheng"
as_of = 2025-12-31
[inputs.roads]
path = "roads.gpkg"
[inputs.residential]
path = "residential.gpkg"
[inputs.facilities]
path = "facilities.gpkg"
"""


def written(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(tmp_path, text):
    with pytest.raises(InputRefused) as caught:
        plan.read(written(tmp_path, text))
    return {fault.column: fault for fault in caught.value.faults}


def test_defaults_are_those_of_the_documentation(tmp_path):
    read = plan.read(written(tmp_path, LEAST))
    assert (read.walk.speed_m_per_s, read.walk.minutes, read.walk.max_snap_m, read.walk.rule) == (
        1.0,
        (5, 10, 15),
        200,
        "entrance",
    )
    assert (read.siting.level, read.siting.model, read.siting.demand, read.siting.time_limit_s) == (
        "street",
        "mclp",
        "elderly",
        60,
    )
    assert (read.output.language, read.output.maps) == ("zh", ("pdf", "png", "svg"))
    assert "walk.speed_m_per_s" in read.defaults
    assert "siting.level" not in read.defaults  # nothing is sited without candidates
    assert read.as_of == date(2025, 12, 31)
    assert not read.warnings


def test_what_decides_a_figure_is_named_where_it_is_left_out(tmp_path):
    assert "walk.frontage_m" not in plan.read(written(tmp_path, LEAST)).defaults
    assert "walk.frontage_m" in plan.read(written(tmp_path, LEAST + "[walk]\nrule = 'frontage'\n")).defaults


def test_every_key_stands_in_the_guide():
    guide = (Path(__file__).parent.parent / "docs" / "plan.md").read_text("utf-8")
    assert [key for keys in plan.SECTIONS.values() for key in keys if f"`{key}`" not in guide] == []


def test_paths_are_relative_to_the_plan(tmp_path):
    read = plan.read(written(tmp_path, LEAST.replace("roads.gpkg", "../数据/roads.gpkg")))
    assert read.inputs["roads"].file == tmp_path.resolve() / "../数据/roads.gpkg"


def test_a_path_written_the_windows_way_is_understood(tmp_path):
    read = plan.read(written(tmp_path, LEAST.replace('"roads.gpkg"', "'数据\\roads.gpkg'")))
    assert read.inputs["roads"].file == tmp_path.resolve() / "数据/roads.gpkg"


def test_a_day_left_out_is_today_with_a_warning(tmp_path):
    read = plan.read(written(tmp_path, LEAST.replace("as_of = 2025-12-31", "")))
    assert read.as_of == date.today()
    assert [fault.code for fault in read.warnings] == ["plan_as_of_today"]


def test_radius_is_the_longest_walk_unless_the_plan_states_one(tmp_path):
    """15 min × 60 s × 0.8 m/s = 720 m; a stated service radius goes before it."""
    slow = plan.read(written(tmp_path, LEAST + "[walk]\nspeed_m_per_s = 0.8\nminutes = [15, 5]\n"))
    assert slow.radius_m == slow.siting_radius_m == 720
    assert slow.bands_m == (240, 720, 900, 1000)
    stated = plan.read(written(tmp_path, LEAST + "[standards]\nservice_radius_m = 1000\n[siting]\nminutes = 10\n"))
    assert stated.radius_m == stated.siting_radius_m == 1000
    shorter = plan.read(written(tmp_path, LEAST + "[siting]\nminutes = 10\n"))
    assert (shorter.radius_m, shorter.siting_radius_m) == (900, 600)


def test_every_fault_at_once_with_the_nearest_key(tmp_path):
    found = faults(
        tmp_path,
        """
[plan]
name = "示例"
standrad = "liaocheng"
[inputs.roads]
path = "roads.gpkg"
[inputs.residental]
path = "r.gpkg"
[walk]
speed_m_per_s = 3
minutes = [5, 121]
[siting]
p = -1
""",
    )
    assert found["plan.standrad"].facts["nearest"] == "plan.standard"
    assert found["inputs.residental"].facts["nearest"] == "inputs.residential"
    assert {"plan.standard", "inputs.residential.path", "inputs.facilities.path"} <= found.keys()
    assert {"walk.speed_m_per_s", "walk.minutes", "siting.p"} <= found.keys()


def test_a_misplaced_key_names_its_true_section(tmp_path):
    assert faults(tmp_path, LEAST + "[walk]\np = 3\n")["walk.p"].facts["nearest"] == "siting.p"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("[walk]\nspeed_m_per_s = 0.29", "walk.speed_m_per_s"),
        ("[walk]\nspeed_m_per_s = 2.51", "walk.speed_m_per_s"),
        ("[walk]\nspeed_m_per_s = true", "walk.speed_m_per_s"),
        ("[walk]\nspeed_m_per_s = nan", "walk.speed_m_per_s"),
        ("[walk]\nminutes = []", "walk.minutes"),
        ("[walk]\nminutes = [0]", "walk.minutes"),
        ("[walk]\nminutes = [5, 5]", "walk.minutes"),
        ("[walk]\nrule = 'centroid'", "walk.rule"),
        ("[siting]\np = 2.0", "siting.p"),
        ("[siting]\np = true", "siting.p"),
        ("[siting]\nmodel = 'greedy'", "siting.model"),
        ("[siting]\nmin_share_per_street = 1.1", "siting.min_share_per_street"),
        ("[output]\nmaps = ['jpg']", "output.maps"),
        ("[standards]\nnew_cutoff = '2015'", "standards.new_cutoff"),
        ("[standards]\narea_per_100_households = { old = 3 }", "standards.area_per_100_households"),
        (
            "[standards]\narea_per_100_households = { single_minimum_m2 = { new = 3 } }",
            "standards.area_per_100_households",
        ),
    ],
)
def test_values_out_of_kind_are_refused(tmp_path, line, column):
    assert faults(tmp_path, f"{LEAST}\n{line}\n")[column].code == "plan_bad_value"


@pytest.mark.parametrize("value", [0.3, 2.5])
def test_the_ends_of_the_speed_range_are_in(tmp_path, value):
    assert plan.read(written(tmp_path, f"{LEAST}\n[walk]\nspeed_m_per_s = {value}\n")).walk.speed_m_per_s == value


@pytest.mark.parametrize(
    "path", ["http://x/y.gpkg", "/vsicurl/http://x/y.gpkg", "/vsizip/a.zip/b.shp", "PG:host=x", "<OGRVRTDataSource>"]
)
def test_anything_but_a_file_path_is_refused(tmp_path, path):
    assert faults(tmp_path, LEAST.replace("roads.gpkg", path))["inputs.roads.path"].code == "plan_path_refused"


@pytest.mark.parametrize("path", ["龘" * 5000, "a" * 256, "ab/" * 1400 + "x", "a" * 256 + "/roads.gpkg"])
@pytest.mark.parametrize(
    ("old", "column"),
    [
        ("roads.gpkg", "inputs.roads.path"),
        ("facilities.gpkg", "inputs.facilities.path"),
        ("liaocheng", "plan.standard"),
        ('"facilities.gpkg"', "output.template"),
        ('"facilities.gpkg"', "output.style"),
        ('"facilities.gpkg"', "output.schemas"),
    ],
)
def test_a_path_that_no_file_can_have_is_a_fault_of_the_plan(tmp_path, old, column, path):
    """255 letters of a name and 4 000 of a path: beyond, the system itself would refuse to look."""
    key = column.rpartition(".")[2]
    more = f"{old}\n[output]\n{key} = " + (f'["{path}"]' if key == "schemas" else f'"{path}"')
    text = LEAST.replace(old, more if column.startswith("output") else path)
    assert faults(tmp_path, text)[column].code == "plan_path_long"


def test_a_path_as_long_as_the_system_allows_is_looked_for(tmp_path):
    assert plan.read(written(tmp_path, LEAST.replace("roads.gpkg", "a" * 250 + ".gpkg"))).name == "示例"


def test_files_that_are_no_plan(tmp_path):
    with pytest.raises(InputRefused) as caught:
        plan.read(tmp_path / "none.toml")
    assert caught.value.faults[0].code == "plan_not_found"
    assert faults(tmp_path, LEAST + '[plan]\nname = "b"\n')[""].code == "plan_duplicate_key"
    assert faults(tmp_path, LEAST + "[walk]\nrule = 'area'\nrule = 'area'\n")[""].code == "plan_duplicate_key"
    assert faults(tmp_path, "plan = {")[""].code == "plan_not_toml"
    path = tmp_path / "gbk.toml"
    path.write_bytes('name = "养老"'.encode("gbk"))
    with pytest.raises(InputRefused) as caught:
        plan.read(path)
    assert caught.value.faults[0].code == "plan_not_utf8"


CANDIDATES = '\n[inputs.candidates]\npath = "c.gpkg"\n'


def test_candidates_need_a_number_of_sites(tmp_path):
    assert faults(tmp_path, LEAST + CANDIDATES)["siting.p"].code == "plan_p_missing"
    assert plan.read(written(tmp_path, LEAST + CANDIDATES + "[siting]\nmodel = 'lscp'\n")).siting.p is None
    assert plan.read(written(tmp_path, LEAST + CANDIDATES + "[siting]\np = 0\n")).siting.p == 0


@pytest.mark.parametrize("counts", [[2, 1], [1, 2], [3, 3, 2]])
def test_phases_are_cumulative_and_end_at_p(tmp_path, counts):
    phases = ", ".join(f'{{ name = "{n}", p = {count} }}' for n, count in enumerate(counts))
    text = f"{LEAST}{CANDIDATES}[siting]\np = 3\nphases = [{phases}]\n"
    assert faults(tmp_path, text)["siting.phases"].code == "plan_phases"


def test_phases_that_fit(tmp_path):
    text = LEAST + CANDIDATES + '[siting]\np = 3\nphases = [{ name = "近期", p = 2 }, { name = "远期", p = 3 }]\n'
    assert [phase.p for phase in plan.read(written(tmp_path, text)).siting.phases] == [2, 3]


def test_table_and_join_go_together(tmp_path):
    text = LEAST.replace('path = "residential.gpkg"', 'path = "residential.gpkg"\ntable = "户数.xlsx"')
    assert faults(tmp_path, text)["inputs.residential.table"].code == "plan_table_join"
