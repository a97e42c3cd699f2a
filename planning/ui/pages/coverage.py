"""现状评估: who is within the radius of which level, in figures, by street and area by area."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning.ui import parts, planmap, scenes, whatif, words
from planning.ui.pages import charted, home
from planning.ui.parts import Column
from planning.ui.session import Desk

_WEIGHTS: Final = ("residential", "households", "residents", "elderly")
_PICKED: Final = "picked-covered-area"


def show(desk: Desk) -> None:
    """Show one level at a time: key figures, map, bands, coverage by street, the areas."""
    if not desk.levels:
        parts.empty(desk.say("coverage.none"))
        return
    level = str(
        st.segmented_control(
            desk.say("coverage.level"), desk.levels, default=desk.levels[0], required=True,
            format_func=desk.level, key="coverage-level", label_visibility="collapsed",
        )
    )  # fmt: skip
    figures = desk.summary["coverage"][level]
    _figures(desk, figures)
    if not _in_service(desk, level):
        st.warning(desk.say("coverage.no_facility", level=desk.level(level)), icon=":material/warning:")
    st.fragment(partial(_panel, desk, level))()


def _panel(desk: Desk, level: str) -> None:
    """Show map, figures and table; an area picked in either is marked in both, its walk drawn."""
    left, right = st.columns([0.60, 0.40], gap="small")
    picked = st.session_state.get(_PICKED, "")
    with left:
        walk = scenes.traced(desk, whatif.as_it_is(desk), picked, level=level) if picked else None
        planmap.show(
            desk, theme=f"coverage_{level}", key="map-coverage", height="max(440px, calc(100vh - 345px))",
            picked=picked, on_pick=_pick, scene=None if walk is None else walk.scene,
        )  # fmt: skip
        parts.muted(desk.say("coverage.pick") if walk is None else walk.words)
    with right:
        _bands(desk, level)
        charted.streets(desk, level, home.main_weight(desk.summary["coverage"][level]))
        charted.walks(desk, level)
        _facilities(desk, level)
    _areas(desk, level, picked)


def _pick(kind: str, name: str) -> None:
    st.session_state[_PICKED] = name if kind == "area" else ""


def _in_service(desk: Desk, level: str) -> bool:
    rows = desk.result.facilities
    return bool(((rows["level"] == level) & rows["in_service"] & (rows["status"] != "candidate")).any())


def _figures(desk: Desk, figures: Mapping[str, Any]) -> None:
    language = desk.language
    entries = []
    for weight in ("elderly", "households"):
        if figures.get(f"{weight}_total") is None:
            continue
        bounds = desk.say(
            "coverage.bounds",
            lower=words.whole(figures[f"{weight}_lower"], language),
            upper=words.whole(figures[f"{weight}_upper"], language),
            unit=desk.say(f"counted.{weight}"),
        )
        meaning = desk.say(
            "coverage.share_means",
            covered=words.whole(figures[f"{weight}_covered"], language),
            total=words.whole(figures[f"{weight}_total"], language),
            missing=words.whole(figures[f"{weight}_missing"], language),
        )
        entries.append(
            (desk.say(f"coverage.{weight}"), words.percent(figures[f"{weight}_share"], language), bounds, meaning)
        )
    covered = " / ".join(words.whole(figures[f"residential_{part}"], language) for part in ("covered", "total"))
    entries += [
        (desk.say("coverage.areas"), covered, words.percent(figures["residential_share"], language), ""),
        (desk.say("coverage.unreachable"), words.whole(figures["unreachable"], language, "areas"),
         desk.say("coverage.counted"), desk.say("coverage.unreachable_means")),
        (desk.say("coverage.unsnapped"), words.whole(figures["unsnapped"], language, "areas"),
         desk.say("coverage.counted"), desk.say("coverage.unsnapped_means")),
    ]  # fmt: skip
    parts.figures(entries)


def _bands(desk: Desk, level: str) -> None:
    """Put coverage at every radius reported side by side; the plan's own stands out."""
    language, bands = desk.language, desk.summary["coverage_band"][level]
    rows = list(bands.values())
    weights = [weight for weight in _WEIGHTS if any(row.get(f"{weight}_total") is not None for row in rows)]
    parts.head(desk.say("coverage.bands"), desk.say("coverage.bands_beside"))
    columns = [
        Column(desk.say("coverage.radius"), "num"),
        *(Column(desk.say(f"coverage.share_{w}"), "num") for w in weights),
    ]
    parts.table(
        columns,
        [
            [words.metres(row["radius_m"], row["radius_m"], language)]
            + [words.percent(row.get(f"{weight}_share"), language) for weight in weights]
            for row in rows
        ],
        strong=next((at for at, row in enumerate(rows) if row["radius_m"] == desk.plan.radius_m), None),
    )


def _facilities(desk: Desk, level: str) -> None:
    """Put the facilities of the level and whether each is in service on the day."""
    rows = desk.result.facilities
    here = rows[(rows["level"] == level) & (rows["status"] != "candidate")].sort_values("facility_id")
    with st.expander(desk.say("coverage.facilities", level=desk.level(level), count=len(here))):
        parts.table(
            [Column(desk.say("coverage.facility")), Column(desk.say("coverage.status"), "tight"),
             Column(desk.say("coverage.in_service"), "tight")],
            [
                [words.text(row["name"] if not words.missing(row["name"]) else row["facility_id"]),
                 words.word("status", row["status"], desk.language),
                 desk.say("yes" if row["in_service"] else "no")]
                for row in here[["facility_id", "name", "status", "in_service"]].to_dict("records")
            ],
        )  # fmt: skip


def _areas(desk: Desk, level: str, picked: str) -> None:
    """Put every area with its nearest facility of the level, the picked one first, then the farthest."""
    language = desk.language
    layer = desk.result.residential
    names = desk.result.facilities.set_index("facility_id")["name"]
    units = desk.result.units.set_index("unit_id")["name"]
    rows = layer.drop(columns="geometry").sort_values(
        [f"{level}_distance_m", "residential_id"], ascending=[False, True], na_position="first"
    )
    rows = pd.concat([rows[rows["residential_id"] == picked], rows[rows["residential_id"] != picked]])
    rows = rows.reset_index(drop=True)
    dressed = rows.assign(
        street=rows["street_id"].map(units).fillna(rows["street_id"]),
        near=rows[f"{level}_facility_id"].map(names).fillna(rows[f"{level}_facility_id"]),
        distance=rows[f"{level}_distance_m"],
        status=rows[f"{level}_status"].map(lambda status: words.word("coverage.status", status, language)),
    )
    parts.head(desk.say("coverage.table"), desk.say("coverage.table_beside", level=desk.level(level)))
    labels = {name: desk.say(f"area.{name}") for name in ("residential_id", "name", "street", "households", "elderly",
                                                          "status", "near", "distance")}  # fmt: skip
    formats = {"households": "localized", "elderly": "localized", "distance": "%.0f"}

    def pick(place: int) -> None:
        st.session_state[_PICKED] = str(dressed["residential_id"].iloc[place])

    parts.frame(dressed, labels, formats=formats, height=360, key=f"areas-{picked}", on_pick=pick)
