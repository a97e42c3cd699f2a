"""Charts: drawn in the browser from data alone, without a request to any other host, each with its table beside it.

Vega draws texts of data as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

FONT: Final = "Microsoft YaHei UI, Microsoft YaHei, PingFang SC, Noto Sans SC, Noto Sans CJK SC, sans-serif"
BLUE: Final = "#2B6CB0"
PLAN: Final = "#A82F98"
PALE: Final = "#C4CDD6"
TRACK: Final = "#E9EDF1"
BAD: Final = "#C7402B"
ROW_PX: Final = 24
AXIS_PX: Final = 50


def bars(
    table: pd.DataFrame, *, name: str, value: str, labels: dict[str, str], colour: str = BLUE, form: str = ",.0f",
    key: str | None = None,
) -> None:  # fmt: skip
    """Put horizontal bars, one a row, in the order of the table.

    Parameters
    ----------
    name, value
        The columns of names and of lengths.
    labels
        The words of every column shown when one points at a bar.
    form
        Number format of the lengths, as d3 has it.
    """
    order = table[name].tolist()
    chart = (
        alt.Chart(_shown(table, labels))
        .mark_bar(color=colour, height=13)
        .encode(
            y=alt.Y("_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False)),
            x=alt.X("_value:Q", title=labels[value], axis=alt.Axis(format=form, tickCount=5)),
            tooltip=_tips(labels, {value: form}),
        )
        .transform_calculate(_name=f"datum[{name!r}]", _value=f"datum[{value!r}]")
        .properties(height=ROW_PX * max(len(table), 1) + AXIS_PX)
    )
    _put(chart, key)


def before_after(table: pd.DataFrame, *, name: str, labels: dict[str, str], key: str | None = None) -> None:
    """Put a pale bar (``before``) and a mark (``after``) for each row: shares 0–1."""
    order = table[name].tolist()
    shown = alt.Chart(_shown(table, labels)).transform_calculate(_name=f"datum[{name!r}]")
    y = alt.Y("_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", tickCount=5)
    tips = _tips(labels, {"before": ".1%", "after": ".1%"})
    after = shown.mark_bar(color=PLAN, height=13).encode(
        y=y, x=alt.X("after:Q", scale=scale, axis=axis, title=None), tooltip=tips
    )
    before = shown.mark_bar(color=BLUE, height=13).encode(
        y=y, x=alt.X("before:Q", scale=scale, axis=axis, title=None), tooltip=tips
    )
    _put((after + before).properties(height=ROW_PX * max(len(table), 1) + AXIS_PX), key)


def shares(table: pd.DataFrame, *, name: str, labels: dict[str, str], key: str | None = None) -> None:
    """Put ``share`` (0–1, missing draws none) of each row as a bar on a track of 100 %, its figure behind it."""
    order = table[name].tolist()
    shown = alt.Chart(_shown(table, labels)).transform_calculate(_name=f"datum[{name!r}]", _all="1")
    y = alt.Y("_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False))
    scale = alt.Scale(domain=[0, 1.12], nice=False)
    whole: dict[str, str] = {one: ",.0f" for one in ("covered", "total") if one in labels}
    tips = _tips(labels, {"share": ".1%", **whole})
    track = shown.mark_bar(color=TRACK, height=13).encode(
        y=y, x=alt.X("_all:Q", scale=scale, axis=None, title=None), tooltip=tips
    )
    fill = shown.mark_bar(color=BLUE, height=13).encode(y=y, x=alt.X("share:Q", scale=scale), tooltip=tips)
    said = shown.mark_text(align="left", dx=5, fontSize=12, color="#1F2328").encode(
        y=y, x=alt.X("_all:Q", scale=scale), text=alt.Text("share:Q", format=".1%")
    )
    _put((track + fill + said).properties(height=ROW_PX * max(len(table), 1)), key)


def stacked(
    table: pd.DataFrame, *, kinds: Mapping[str, tuple[str, str]], labels: dict[str, str], key: str | None = None
) -> None:
    """Put a bar of 100 % for each ``clause``, made of the shares of its verdicts, with the legend above.

    Parameters
    ----------
    table
        ``clause, verdict, count, share`` with whatever else ``labels`` name; in the order to be shown.
    kinds
        Fill and edge of each verdict, in the order they stand in a bar and in the legend.
    """
    order = list(dict.fromkeys(table["clause"]))
    scale = alt.Scale(domain=list(kinds), range=[fill for fill, _ in kinds.values()])
    shown = table[list(labels)].assign(_at=table["verdict"].map({name: at for at, name in enumerate(kinds)}))
    chart = (
        alt.Chart(shown)
        .mark_bar(height=15, stroke="#FFFFFF", strokeWidth=0.6)
        .encode(
            y=alt.Y("clause:N", sort=order, title=None, axis=alt.Axis(labelLimit=330, ticks=False, domain=False)),
            x=alt.X("share:Q", stack="zero", title=labels["share"], scale=alt.Scale(domain=[0, 1]),
                    axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color("verdict:N", scale=scale, legend=alt.Legend(orient="top", title=None, labelLimit=240)),
            order=alt.Order("_at:Q"),
            tooltip=_tips(labels, {"count": ",.0f", "share": ".1%"}),
        )
        .properties(height=20 * max(len(order), 1) + AXIS_PX)
    )  # fmt: skip
    _put(chart, key)


def distances(table: pd.DataFrame, *, limit_m: float, labels: dict[str, str], key: str | None = None) -> None:
    """Put a histogram (``from_m, to_m, count``) with a line at the limit."""
    shown = alt.Chart(_shown(table, labels))
    bins = (
        shown.transform_calculate(_none="0")
        .mark_rect(color=BLUE, stroke="#FFFFFF")
        .encode(
            x=alt.X("from_m:Q", title=labels["from_m"], axis=alt.Axis(format=",.0f")),
            x2="to_m:Q",
            y=alt.Y(
                "count:Q", title=labels["count"], axis=alt.Axis(tickCount=4, tickMinStep=1), scale=alt.Scale(zero=True)
            ),
            y2="_none:Q",
            tooltip=_tips(labels, {"from_m": ",.0f", "to_m": ",.0f", "count": ",.0f"}),
        )
    )
    line = alt.Chart(pd.DataFrame({"limit": [limit_m]})).mark_rule(color=BAD, strokeWidth=2).encode(x="limit:Q")
    _put((bins + line).properties(height=210), key)


def curve(
    table: pd.DataFrame, marks: pd.DataFrame, *, labels: dict[str, str], key: str | None = None, height: int = 240
) -> None:
    """Put share served by number of sites (``p, share``), with scenarios (``p, share, name``) as marks."""
    scale = alt.Scale(domain=[0, 1])
    shown = alt.Chart(_shown(table, labels))
    x = alt.X("p:Q", title=labels["p"], axis=alt.Axis(tickMinStep=1, format="d"))
    y = alt.Y("share:Q", title=labels["share"], scale=scale, axis=alt.Axis(format="%"))
    tips = _tips(labels, {"p": "d", "share": ".1%"})
    line = shown.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=45)).encode(x=x, y=y, tooltip=tips)
    named = _tips({"name": labels.get("name", ""), "p": labels["p"], "share": labels["share"]},
                  {"p": "d", "share": ".1%"})  # fmt: skip
    points = (
        alt.Chart(marks).mark_point(filled=True, size=130, shape="diamond", color=PLAN).encode(x=x, y=y, tooltip=named)
    )
    words = alt.Chart(marks).mark_text(align="left", dx=9, dy=-8, color=PLAN).encode(x=x, y=y, text="name:N")
    _put((line + points + words).properties(height=height), key)


def _shown(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    return table[[name for name in labels if name in table]]


def _tips(labels: dict[str, str], forms: dict[str, str]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(field=name, type="quantitative", title=label, format=forms[name])
        if name in forms
        else alt.Tooltip(field=name, type="nominal", title=label)
        for name, label in labels.items()
    ]


def _put(chart: Any, key: str | None) -> None:
    dressed = chart.configure(font=FONT).configure_view(stroke=None).configure_axis(
        labelFontSize=12, titleFontSize=12, titleFontWeight="normal", labelColor="#1F2328", titleColor="#4A5560",
        gridColor="#E9EDF1",
    )  # fmt: skip
    st.altair_chart(dressed, theme=None, key=key)
