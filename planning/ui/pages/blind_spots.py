"""盲区识别: which areas are outside the service circle and why; faults of the data stand apart."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from planning.ui import parts, planmap, words
from planning.ui.session import Desk

_PICKED: Final = "picked-blind-spot"


def show(desk: Desk) -> None:
    """Show how many and why, the map, real blind spots and data faults in two tables."""
    if not desk.levels:
        parts.empty(desk.say("coverage.none"))
        return
    level = str(
        st.segmented_control(
            desk.say("coverage.level"), desk.levels, default=desk.levels[0], required=True,
            format_func=desk.level, key="blind-level", label_visibility="collapsed",
        )
    )  # fmt: skip
    rows = desk.result.uncovered
    here = rows[rows["level"] == level].drop(columns="geometry")
    of_data = here["cause"] == "unsnapped"
    _figures(desk, here[~of_data], here[of_data])
    st.fragment(partial(_panel, desk, level, here[~of_data], here[of_data]))()


def _figures(desk: Desk, real: pd.DataFrame, faults: pd.DataFrame) -> None:
    language, cut_off = desk.language, int(real["cause"].isin(["no_route", "gates_closed"]).sum())
    people = real["elderly"].sum(min_count=1)
    parts.figures(
        [
            (desk.say("blind.areas"), words.whole(len(real), language, "areas"), "", desk.say("blind.areas_means")),
            (desk.say("blind.elderly"), words.whole(people, language, "people"), "", desk.say("blind.elderly_means")),
            (desk.say("blind.too_far"), words.whole(len(real) - cut_off, language, "areas"), "", ""),
            (desk.say("blind.no_route"), words.whole(cut_off, language, "areas"), "",
             desk.say("blind.no_route_means")),
            (desk.say("blind.faults"), words.whole(len(faults), language, "areas"), "", desk.say("blind.faults_means")),
        ]
    )  # fmt: skip


def _panel(desk: Desk, level: str, real: pd.DataFrame, faults: pd.DataFrame) -> None:
    left, right = st.columns([0.56, 0.44], gap="small")
    with left:
        planmap.show(desk, theme=f"coverage_{level}", key="map-blind", height="max(470px, calc(100vh - 250px))",
                     picked=st.session_state.get(_PICKED, ""), on_pick=_pick)  # fmt: skip
    with right:
        _streets(desk, real)
        spots, of_data = st.tabs(
            [desk.say("blind.tab_real", count=len(real)), desk.say("blind.tab_faults", count=len(faults))]
        )
        with spots:
            if real.empty:
                parts.empty(desk.say("blind.nobody"))
            else:
                _table(desk, real, key=f"spots-{level}")
        with of_data:
            if faults.empty:
                parts.empty(desk.say("blind.no_faults"))
            else:
                parts.muted(desk.say("blind.faults_say"))
                _table(desk, faults, key=f"faults-{level}")


def _pick(kind: str, name: str) -> None:
    st.session_state[_PICKED] = name if kind == "area" else ""


def _streets(desk: Desk, real: pd.DataFrame) -> None:
    """Put the elderly in blind spots by street as bars."""
    if real.empty or real["elderly"].isna().all():
        return
    units = desk.result.units.set_index("unit_id")["name"]
    street = real["street_id"].map(units).fillna(real["street_id"]).fillna(desk.say("no_street"))
    people = real.groupby(street)["elderly"].sum().sort_values(ascending=False, kind="stable")
    parts.head(desk.say("blind.by_street"))
    largest = float(people.max()) or 1.0
    parts.bars(
        (str(name), float(value) / largest, words.whole(value, desk.language, "people"), "")
        for name, value in people.items()
    )


def _table(desk: Desk, rows: pd.DataFrame, *, key: str) -> None:
    """Put areas outside, most elderly first; choosing a row marks it on the map."""
    language = desk.language
    units = desk.result.units.set_index("unit_id")["name"]
    ordered = rows.sort_values(["elderly", "residential_id"], ascending=[False, True]).reset_index(drop=True)
    dressed = ordered.assign(
        street=ordered["street_id"].map(units).fillna(ordered["street_id"]),
        cause=ordered["cause"].map(lambda cause: words.word("ui.cause", cause, language)),
        beyond=ordered.get("equivalent_m", ordered["distance_m"]) - desk.plan.radius_m,
    )
    labels = {
        name: desk.say(f"area.{name}") for name in ("name", "residential_id", "elderly", "beyond", "street", "cause")
    }

    def pick(place: int) -> None:
        st.session_state[_PICKED] = str(ordered["residential_id"].iloc[place])

    parts.frame(dressed, labels, formats={"elderly": "localized", "beyond": "%.0f"}, height=400, key=key, on_pick=pick)
