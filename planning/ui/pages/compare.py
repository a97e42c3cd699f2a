"""分期与比选: two scenarios side by side, in tables, on the map, on the curve; scenarios kept, renamed, exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning import palette, scenario, texts
from planning.errors import InputRefused
from planning.scenario import Difference, Figures, Scenario
from planning.ui import charts, parts, planmap, scenes, session, whatif, words
from planning.ui.pages import charted, compare_book, outputs, siting
from planning.ui.pages import whatif as hand
from planning.ui.parts import Cell, Column
from planning.ui.planmap import Scene
from planning.ui.session import Desk

_MAP: Final = "compare-map"
_COLOURS: Final = {"gained": "only_b", "lost": "only_a", "both": "both"}


def show(desk: Desk) -> None:
    """Show two scenarios, what differs, and the ones that are kept."""
    if "coverage" not in desk.summary or "compliance" not in desk.summary:
        parts.empty(desk.say("compare.nothing"))
        return
    with st.spinner(desk.say("whatif.waiting")):
        whatif.base(desk)
    own = whatif.saved(desk)
    choices = [whatif.as_it_is(desk), _solved(desk), *own]
    if not own:
        st.info(desk.say("compare.only"), icon=":material/info:")
    one, other = _choose(desk, choices)
    try:
        found = whatif.figures(desk, one), whatif.figures(desk, other)
    except InputRefused as refused:
        parts.faults(refused.faults, desk.language)
        _kept(desk, own)
        return
    weight = hand.main_weight(desk, hand.reached(found[1]))
    apart = scenario.difference(*found, weight=weight)
    _settings(desk, apart)
    beside = st.session_state.get(_MAP) == "beside"
    left, right = (st.container(), st.container()) if beside else st.columns([0.56, 0.44], gap="small")
    with left:
        _map(desk, apart, (one, other), found)
    with right:
        first, second = st.columns(2, gap="small") if beside else (right, right)
        with first:
            _levels(desk, apart, weight, (one, other))
        with second:
            _law(desk, apart, (one, other))
    _streets(desk, apart, weight, (one, other))
    siting.phases(desk)
    _curve(desk, weight, (one, other), found)
    _spread(desk, found[1])
    _save(desk, apart, (one, other), weight)
    _kept(desk, own)


def _solved(desk: Desk) -> Scenario:
    made = whatif.of_run(desk)
    return scenario.Scenario(desk.say("compare.solved"), made.plan, made.crs, made.settings, made.edits)


def _choose(desk: Desk, choices: list[Scenario]) -> tuple[Scenario, Scenario]:
    """Put the two choices; the saved scenario worked on last is the second."""
    names = {place: made.name for place, made in enumerate(choices)}
    last = len(choices) - 1
    here = whatif.current(desk)
    begun = next((place for place, made in names.items() if whatif.is_kept() and made == here.name and place > 1), last)
    columns = st.columns(2, gap="small")
    picked = [
        column.selectbox(desk.say(f"compare.{side}"), list(names), index=index, format_func=names.__getitem__,
                         key=f"compare-{side}-{len(choices)}")
        for column, side, index in zip(columns, ("one", "other"), (min(1, last - 1), begun), strict=True)
    ]  # fmt: skip
    return choices[picked[0]], choices[picked[1]]


def _settings(desk: Desk, apart: Difference) -> None:
    if not apart.settings:
        parts.muted(desk.say("compare.same"))
        return
    told = [
        desk.say(
            "compare.setting",
            name=compare_book.setting_name(desk, key),
            a=compare_book.plain(one),
            b=compare_book.plain(other),
        )
        for key, (one, other) in apart.settings.items()
    ]
    st.warning(words.quiet(desk.say("compare.differ", what=desk.say("joint").join(told))), icon=":material/warning:")


# --------------------------------------------------------------------------------------------------------------- map


def _map(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario], found: tuple[Figures, Figures]) -> None:
    """Put the difference of coverage on the map, or either scenario by itself: before and after in one place."""
    shown = str(
        st.segmented_control(
            desk.say("compare.map_theme"), ("change", "one", "other", "beside"), default="change", required=True,
            key=_MAP, label_visibility="collapsed",
            format_func=lambda name: desk.say(f"compare.{name if name in ('one', 'other') else f'map_{name}'}"),
        )
    )  # fmt: skip
    changed = apart.areas["change"].isin(["gained", "lost"])
    parts.head(desk.say("compare.map_head"), desk.say("compare.areas_differ", count=int(changed.sum())))
    theme = "siting" if desk.summary.get("siting") is not None else f"coverage_{found[0].settings.level}"
    sides = ("one", "other") if shown == "beside" else (shown,)
    for place, side in zip(st.columns(len(sides), gap="small"), sides, strict=True):
        with place:
            if shown == "beside":
                parts.head(pair[sides.index(side)].name)
            planmap.show(desk, theme=theme, key=f"map-compare-{side}", height="max(420px, calc(100vh - 360px))",
                         scene=replace(_scene(desk, apart, pair, found, side), group=shown))  # fmt: skip
    if shown == "change":
        parts.muted(desk.say("compare.marks"))


def _scene(
    desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario], found: tuple[Figures, Figures], shown: str
) -> Scene:
    if shown != "change":
        place = ("one", "other").index(shown)
        now = whatif.figures(desk, hand.present(pair[place]))
        return scenes.scene(desk, pair[place], now, found[place], placing=False)
    book = palette.load()
    fills = {name: (book.changes[colour].hex, "#3A444E") for name, colour in _COLOURS.items()}
    fills["neither"] = (book.base["neutral_area"], book.base["neutral_edge"])
    counts = apart.areas["change"].value_counts()
    legend = [
        {"fill": fills[name][0], "edge": fills[name][1], "text": desk.say(f"compare.change_{name}"), "shape": "",
         "count": desk.say("whatif.legend_areas", count=int(counts.get(name, 0)))}
        for name in fills
    ]  # fmt: skip
    marks = scenes.pair_marks(desk, *pair)
    return Scene(fills, {str(one): str(kind) for one, kind in apart.areas["change"].items()}, marks, legend=legend)


# ------------------------------------------------------------------------------------------------------------ tables


def _levels(desk: Desk, apart: Difference, weight: str, pair: tuple[Scenario, Scenario]) -> None:
    parts.head(desk.say("compare.level_head"), desk.say(f"weight.{weight}"))
    rows = apart.levels[apart.levels["weight"] == weight].to_dict("records")
    columns = [Column(desk.say("compare.level")), *_pair_columns(desk, pair), Column(desk.say("compare.points"), "num")]
    parts.table(
        columns,
        [
            [compare_book.level_name(desk, row["level"]), _covered(desk, row, "a"), _covered(desk, row, "b"),
             _delta(row["delta"]), hand.points(row["a_share"], row["b_share"])]
            for row in rows
        ],
        strong=next((place for place, row in enumerate(rows) if row["level"] == "planned"), None),
    )  # fmt: skip


def _pair_columns(desk: Desk, pair: tuple[Scenario, Scenario]) -> list[Column]:
    return [*(Column(made.name, "num") for made in pair), Column(desk.say("compare.delta"), "num")]


def _covered(desk: Desk, row: Mapping[Any, Any], side: str) -> Cell:
    return Cell(words.percent(row[f"{side}_share"], desk.language), "", words.whole(row[side], desk.language))


def _wholes(desk: Desk, row: Mapping[Any, Any]) -> list[str]:
    return [words.whole(row[name], desk.language) for name in ("total", "a", "b")]


def _delta(value: float, form: str = ",.0f") -> Cell:
    if words.missing(value):
        return Cell(words.NOTHING)
    return Cell(f"{value:+{form}}".replace("-", "−") if value else "0")


def _law(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario]) -> None:
    """Put the sums of the floor-area rule; shares in per cent, their difference in points."""
    parts.head(desk.say("compare.law_head"))
    rows: list[list[str | Cell]] = []
    for row in apart.compliance.to_dict("records"):
        if row["figure"] == "meets_share":
            shown = [words.percent(row[side], desk.language) for side in ("a", "b")]
            rows.append([desk.say("compare.meets_share"), *shown, hand.points(row["a"], row["b"])])
            continue
        metres = row["figure"].endswith("_m2")
        shown = [words.m2(row[side], desk.language) if metres else words.whole(row[side], desk.language)
                 for side in ("a", "b")]  # fmt: skip
        rows.append([_figure(desk, row["figure"]), *shown, _delta(row["delta"], ",.1f" if metres else ",.0f")])
    parts.table([Column(desk.say("compare.figure")), *_pair_columns(desk, pair)], rows)


def _figure(desk: Desk, name: str) -> str:
    return desk.say(f"compare.{name}") if texts.has(f"ui.compare.{name}") else name


def _streets(desk: Desk, apart: Difference, weight: str, pair: tuple[Scenario, Scenario]) -> None:
    parts.head(desk.say("compare.street_head", weight=desk.say(f"weight.{weight}")))
    table = apart.streets
    if table.empty:
        parts.empty(desk.say("compare.no_streets"))
        return
    named = table.assign(name=table["name"].fillna(table["unit_id"]))
    twice = named["name"].duplicated(keep=False)
    named["name"] = named["name"].where(~twice, named["name"] + " " + named["unit_id"])
    left, right = st.columns([0.45, 0.55], gap="small")
    with left:
        labels = {"name": desk.say("whatif.street"), "delta": desk.say("compare.delta")}
        charts.bars(named, name="name", value="delta", labels=labels, colour=charts.PLAN, key="compare-streets")
    with right:
        parts.table(
            [Column(desk.say("whatif.street")), Column(desk.say("whatif.total"), "num"), *_pair_columns(desk, pair)],
            [
                [
                    row["name"],
                    *(words.whole(row[name], desk.language) for name in ("total", "a", "b")),
                    _delta(row["delta"]),
                ]
                for row in named.to_dict("records")
            ],
        )


# ------------------------------------------------------------------------------------------------------------ charts


def _curve(desk: Desk, weight: str, pair: tuple[Scenario, Scenario], found: tuple[Figures, Figures]) -> None:
    """Put share served by number of sites, as far as the run has the best of each, with both scenarios as marks."""
    parts.head(desk.say("compare.curve_head"), desk.say("compare.curve_beside"))
    same = all(one.settings == scenario.Settings.of(desk.plan) for one in found) and weight == desk.plan.siting.demand
    best = charted.curve_of(desk).iloc[: None if same else 0]
    if best.empty:
        parts.muted(desk.say("compare.curve_none"))
    marks = pd.DataFrame(
        {"name": [made.name for made in pair], "p": [len(one.sites) for one in found],
         "share": [hand.reached(one).get(f"{weight}_share") for one in found]}
    )  # fmt: skip
    labels = {"p": desk.say("compare.p"), "share": desk.say("compare.share", weight=desk.say(f"weight.{weight}"))}
    left, right = st.columns([0.6, 0.4], gap="small")
    with left:
        charts.curve(best, marks, labels={**labels, "name": desk.say("compare.name")}, key="compare-curve")
    with right:
        rows = [*([desk.say("compare.best"), row] for row in best.to_dict("records")),
                *([row["name"], row] for row in marks.to_dict("records"))]  # fmt: skip
        parts.table(
            [Column(desk.say("compare.name")), Column(labels["p"], "num"), Column(labels["share"], "num")],
            [[name, f"{row['p']}", words.percent(row["share"], desk.language)] for name, row in rows],
        )


def _spread(desk: Desk, found: Figures) -> None:
    """Put how far areas have to walk, and where most floor area is short."""
    left, right = st.columns(2, gap="medium")
    with left:
        parts.head(desk.say("compare.distance_head"))
        bins, labels = charted.distances(found.areas["distance_m"]), charted.distance_labels(desk)
        charts.distances(bins, limit_m=float(hand.reached(found)["radius_m"]), labels=labels, key="compare-distances")
        with st.expander(labels["count"]):
            parts.table([Column(label, "num") for label in labels.values()],
                        [[f"{row['from_m']:,.0f}", f"{row['to_m']:,.0f}", f"{row['count']:,}"]
                         for row in bins.to_dict("records")])  # fmt: skip
    with right:
        parts.head(desk.say("compare.rank_head"))
        areas = found.areas.rename_axis("residential_id").reset_index()
        charted.shortfalls(desk, areas, key="compare-shortfall")


# -------------------------------------------------------------------------------------------------------------- kept


def _kept(desk: Desk, own: tuple[Scenario, ...]) -> None:
    """Put the scenarios beside the plan, each to be opened, renamed, exported, deleted."""
    if faults := whatif.take_faults():
        parts.faults(faults, desk.language)
    if told := st.session_state.pop("compare-told", ""):
        st.success(told, icon=":material/check_circle:")
    if own:
        parts.head(desk.say("compare.own"))
    for place, made in enumerate(own):
        with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"kept-{place}"):
            parts.head(made.name, desk.say("compare.edits", count=len(made.edits)))
            st.button(desk.say("compare.open"), key=f"kept-open-{place}", on_click=_open, args=(desk, made))
            with st.popover(desk.say("compare.rename")):
                name = st.text_input(desk.say("whatif.name"), made.name, key=f"kept-name-{made.name}", max_chars=60)
                st.button(desk.say("whatif.keep"), key=f"kept-rename-{place}", on_click=whatif.rename,
                          args=(desk, made, name), disabled=not name.strip() or name == made.name)  # fmt: skip
            st.button(desk.say("compare.export"), key=f"kept-export-{place}", on_click=_export, args=(desk, made))
            st.download_button(
                desk.say("compare.pack"), data=partial(whatif.packed, desk, made), mime="application/zip",
                file_name=f"{scenario.stem(made.name)}.zip", key=f"kept-pack-{place}", on_click="ignore",
                help=desk.say("compare.pack_means"),
            )  # fmt: skip
            st.button(desk.say("compare.delete"), key=f"kept-delete-{place}", on_click=whatif.delete, args=(desk, made))


def _save(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario], weight: str) -> None:
    """Offer the comparison as a workbook."""
    parts.head(desk.say("compare.save_head"), desk.say("compare.save_beside"))
    with st.container(horizontal=True):
        st.download_button(
            desk.say("compare.save"), data=partial(compare_book.book, desk, apart, pair, weight),
            file_name=f"{outputs.stem(desk, desk.run)}_{desk.say('compare.file')}.xlsx", key="compare-save",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        if session.is_brought():
            st.download_button(
                desk.say("intake.save_folder"), data=session.tray().archive, file_name="plan_folder.zip",
                mime="application/zip", key="compare-folder", icon=":material/folder_zip:", on_click="ignore",
                help=desk.say("compare.folder_means"),
            )  # fmt: skip


def _open(desk: Desk, made: Scenario) -> None:
    whatif.open_saved(desk, made)
    st.session_state["compare-told"] = words.quiet(desk.say("compare.opened", name=made.name))


def _export(desk: Desk, made: Scenario) -> None:
    path = whatif.export(desk, made)
    if path is not None:
        shown = path.relative_to(whatif.folder(desk)).as_posix()
        st.session_state["compare-told"] = words.quiet(desk.say("compare.exported", path=shown))
