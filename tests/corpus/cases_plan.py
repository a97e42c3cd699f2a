"""Plan files that mean something else than they say: twice, misspelt, out of range, of another kind."""

from __future__ import annotations

from .case import Builder, Kept, Observed, Refused, bad
from .town import Folder

P = "plan.toml"


def _with(table: str, line: str) -> Builder:
    def build(folder: Folder) -> None:
        folder.keys[table] = "\n".join(part for part in (folder.keys.get(table, ""), line) if part)

    return build


def _key(
    case_id: str,
    table: str,
    line: str,
    wrong: str,
    *,
    severity: str = "P1",
    code: str = "plan_bad_value",
    column: str = "",
    quick: bool = False,
) -> None:
    where = column or f"{table}.{line.partition('=')[0].strip()}"
    bad(f"n17-{case_id}", "N17", severity, wrong, Refused(code, P, column=where), quick=quick)(_with(table, line))


_key(
    "typo",
    "walk",
    "speed_m_s = 0.8",
    "passed over: 1.0 m/s is used",
    severity="P0",
    code="plan_unknown_key",
    quick=True,
)
_key(
    "typo-minutes", "walk", "minute = [10]", "passed over: 15 minutes are used", severity="P0", code="plan_unknown_key"
)
_key("typo-table", "wallk", "minutes = [10]", "passed over", severity="P0", code="plan_unknown_key", column="wallk")
_key("typo-switch", "standards", "pool = true", "passed over: no pooling", severity="P0", code="plan_unknown_key")
_key("speed-zero", "walk", "speed_m_per_s = 0", "nobody gets anywhere, or division by zero", severity="P0")
_key("speed-kmh", "walk", "speed_m_per_s = 3.6", "km/h for m/s: circles of 3 240 m", severity="P0")
_key("speed-text", "walk", 'speed_m_per_s = "1.0"', "text is no speed")
_key("speed-nan", "walk", "speed_m_per_s = nan", "NaN passes every limit", severity="P0")
_key("speed-inf", "walk", "speed_m_per_s = inf", "everybody covered", severity="P0")
_key("speed-true", "walk", "speed_m_per_s = true", "true is 1 m/s")
_key("minutes-negative", "walk", "minutes = [-15]", "nobody covered", severity="P0")
_key("minutes-seconds", "walk", "minutes = [900]", "seconds for minutes: 54 km", severity="P0")
_key("minutes-empty", "walk", "minutes = []", "no circle at all")
_key("minutes-text", "walk", 'minutes = ["15"]', "text is no number")
_key("snap-negative", "walk", "max_snap_m = -1", "nobody snapped", severity="P0")
_key("snap-nan", "walk", "max_snap_m = nan", "nobody snapped, or everybody", severity="P0")
_key("rule", "walk", 'rule = "centroid"', "another rule stands in", severity="P0")
_key("radius-km", "standards", "service_radius_m = -1", "nobody covered", severity="P0")
_key("usable-zero", "standards", "usable_to_gross = 0", "no room counts", severity="P0")
_key("usable-percent", "standards", "usable_to_gross = nan", "NaN in every sum", severity="P0")
_key("pool-rate", "standards", 'pool_rate = "average"', "another rate stands in", severity="P0")
_key("cutoff-text", "standards", 'new_cutoff = "2015年"', "no cutoff")
_key("language", "output", 'language = "fr"', "another language")
_key("maps", "output", 'paper = "A0"', "another paper")


@bad(
    "n17-rate-stated",
    "N17",
    "P0",
    "the plan overrides the law in silence",
    Refused("", column="area_per_100_households"),
)
def _(folder: Folder) -> None:
    folder.keys["standards"] = "area_per_100_households = { new = 5 }"


def _plan(case_id: str, old: str, new: str, wrong: str, expected: object, *, severity: str = "P1") -> None:
    def build(folder: Folder) -> None:
        folder.keys["plan"] = folder.keys["plan"].replace(old, new)

    bad(f"n17-{case_id}", "N17", severity, wrong, expected)(build)  # type: ignore[arg-type]


_plan("standard-unknown", '"liaocheng"', '"liaochen"', "another city's law", Refused("standard_*"), severity="P0")
_plan("standard-file-missing", '"liaocheng"', '"own.toml"', "another city's law", Refused("standard_*"), severity="P0")
_plan(
    "standard-absent",
    'standard = "liaocheng"',
    "",
    "some law by default",
    Refused("plan_missing_key", P, column="plan.standard"),
    severity="P0",
)
_plan("as-of-no-day", "2025-12-31", '"2025-02-30"', "a day that does not exist", Refused("plan_*", P))
_plan(
    "as-of-text",
    "2025-12-31",
    '"去年底"',
    "today stands in",
    Refused("plan_bad_value", P, column="plan.as_of"),
    severity="P0",
)
_plan(
    "as-of-number",
    "2025-12-31",
    "20251231",
    "today stands in",
    Refused("plan_bad_value", P, column="plan.as_of"),
    severity="P0",
)
_plan("as-of-absent", "as_of = 2025-12-31", "", "today, without a word", Kept(says="plan_as_of_today", file=P))
_plan("name-absent", 'name = "一条街"', "", "a plan without name", Refused("plan_missing_key", P, column="plan.name"))
_plan(
    "key-twice",
    "as_of = 2025-12-31",
    "as_of = 2025-12-31\nas_of = 2020-01-01",
    "the last one wins",
    Refused("plan_duplicate_key|plan_not_toml", P),
    severity="P0",
)


@bad("n17-table-twice", "N17", "P0", "the last table wins", Refused("plan_duplicate_key|plan_not_toml", P))
def _(folder: Folder) -> None:
    folder.keys["output"] += "\n[walk]\nminutes = [10]\n[walk]\nminutes = [15]"


@bad("n17-input-absent", "N17", "P1", "an empty network", Refused("plan_missing_key", P, column="inputs.roads"))
def _(folder: Folder) -> None:
    folder.tables["roads"] = None


@bad(
    "n17-input-unknown",
    "N17",
    "P0",
    "a misspelt input is passed over: no gates",
    Refused("plan_unknown_key", P, column=""),
)
def _(folder: Folder) -> None:
    folder.tables["entrances"] = None
    folder.inputs["entrance"] = {"path": "entrances.gpkg"}


@bad("n17-path-absent", "N17", "P1", "an empty layer", Refused("plan_missing_key", P, column="inputs.roads"))
def _(folder: Folder) -> None:
    folder.tables["roads"] = None
    folder.inputs["roads"] = {"layer": "roads"}


@bad("n17-path-list", "N17", "P1", "the first of two files", Refused("plan_bad_value", P, column="inputs.roads.path"))
def _(folder: Folder) -> None:
    folder.keys["inputs.roads"] = 'path = ["roads.gpkg", "b.gpkg"]'
    folder.tables["roads"] = None


for _id, _keys, _column in (
    ("datum", {"datum": "bejing54"}, "inputs.residential.datum"),
    ("datum-number", {"datum": "gcj-2"}, "inputs.residential.datum"),
    ("table-no-join", {"table": "a.csv"}, "inputs.residential"),
):

    @bad(f"n17-{_id}", "N17", "P0", "passed over: WGS 84, or no table", Refused("plan_*", P, column=_column))
    def _(folder: Folder, keys: dict[str, str] = _keys) -> None:
        folder.inputs["residential"] = dict(keys)


for _id, _keys in (
    ("noding", {"noding": "full"}),
    ("heal", {"heal_gaps_m": 500}),
    ("heal-negative", {"heal_gaps_m": -1}),
):

    @bad(
        f"n17-{_id}",
        "N17",
        "P0",
        "all is joined with all, or nothing",
        Refused("plan_bad_value", P, column="inputs.roads"),
    )
    def _(folder: Folder, keys: dict[str, object] = _keys) -> None:
        folder.inputs["roads"] = dict(keys)


@bad(
    "n17-noding-elsewhere",
    "N17",
    "P1",
    "a key of roads at another table is passed over",
    Refused("plan_*", P, column="inputs.residential"),
)
def _(folder: Folder) -> None:
    folder.inputs["residential"] = {"noding": "planar"}


for _id, _text in (
    ("negative", "p = -1"),
    ("half", "p = 1.5"),
    ("text", 'p = "两处"'),
    ("true", "p = true"),
    ("model", 'p = 1\nmodel = "greedy"'),
    ("share", "p = 1\nmin_share_per_street = 50"),
):

    @bad(
        f"n17-siting-{_id}",
        "N17",
        "P1",
        "another number of sites, another model",
        Refused("plan_bad_value", P, column="siting."),
    )
    def _(folder: Folder, text: str = _text) -> None:
        folder.keys["siting"] = text


@bad(
    "n17-siting-phases",
    "N17",
    "P1",
    "phases that do not add up",
    Refused("plan_phases|plan_bad_value", P, column="siting"),
)
def _(folder: Folder) -> None:
    folder.keys["siting"] = 'p = 2\nphases = [{ name = "近期", p = 2 }, { name = "远期", p = 1 }]'


def _whole(case_id: str, text: object, wrong: str, code: str = "plan_*", **more: object) -> None:
    def build(folder: Folder) -> None:
        folder.text = text(folder) if callable(text) else text  # type: ignore[assignment]

    bad(f"n17-{case_id}", "N17", "P1", wrong, Refused(code, P), **more)(build)


_whole("empty", "", "an empty plan runs on defaults")
_whole("gbk", '[plan]\nname = "一条街"\n'.encode("gbk"), "a name of mojibake", "plan_not_utf8")
_whole("utf16", '[plan]\nname = "一条街"\n'.encode("utf-16"), "NULs in names", "plan_not_utf8|plan_not_toml")
_whole("yaml", "plan:\n  name: 一条街\n  p: 015\n  t: 1:30\n", "015 is 13, 1:30 is 90", "plan_not_toml")
_whole("json", '{"plan": {"name": "x"}}', "JSON is no TOML", "plan_not_toml")
_whole("quote-open", '[plan]\nname = "一条街\n', "a traceback of the parser", "plan_not_toml")
_whole(
    "backslash",
    '[plan]\nname = "一条街"\nstandard = "C:\\user\\x.toml"\n',
    "a path with an escape in it",
    "plan_not_toml|plan_*",
)
_whole("deep", "[plan]\nname = " + "[" * 5000 + "]" * 5000, "the parser falls into the depth")
_whole("nul", b'[plan]\nname = "a\0b"\n', "the text ends at the NUL")
_whole("plan-is-text", 'plan = "liaocheng"\n', "a table that is none", "plan_not_a_table|plan_*")
_whole(
    "inputs-is-list",
    '[plan]\nname = "x"\nstandard = "liaocheng"\n[[inputs]]\npath = "a"\n',
    "a list of inputs is passed over",
)
_whole(
    "big",
    lambda _folder: "[plan]\nname = 'x'\n" + "# " + "x" * (30 << 20) + "\n",
    "a plan of 30 MB is read for minutes",
)


class _AllAtOnce(Refused):
    """Refused, and every fault told."""

    def amiss(self, seen: Observed) -> list[str]:
        """Return what is not as expected."""
        told = {fault["column"] for fault in seen.faults("error")} | {fault["file"] for fault in seen.faults("error")}
        lacks = {"walk.speed_m_per_s", "siting.p", "plan.as_of"} - told
        return [*super().amiss(seen), *(f"{one} is not told" for one in sorted(lacks))]


@bad(
    "n17-all-at-once",
    "N17",
    "P1",
    "only the first of three faults is told, and two more evenings are lost",
    _AllAtOnce("plan_*", P),
)
def _(folder: Folder) -> None:
    folder.keys["walk"] = "speed_m_per_s = 9"
    folder.keys["siting"] = "p = -3"
    folder.keys["plan"] = folder.keys["plan"].replace("2025-12-31", '"bald"')


class _FilesAtOnce(Refused):
    """Refused, and every file's faults told."""

    def amiss(self, seen: Observed) -> list[str]:
        """Return what is not as expected."""
        told = {(fault["file"], fault["row"]) for fault in seen.faults("error")}
        lacks = {("residential.gpkg", 2), ("facilities.gpkg", 1), ("entrances.gpkg", 3)} - told
        return [*super().amiss(seen), *(f"{one} is not told" for one in sorted(lacks))]


@bad("n13-all-at-once", "N13", "P1", "only the first bad file is told", _FilesAtOnce())
def _(folder: Folder) -> None:
    folder.tables["residential"].loc[1, "households"] = -1
    folder.tables["facilities"].loc[0, "status"] = "？"
    folder.tables["entrances"].loc[2, "residential_id"] = "Q"
