"""The note that lies beside the data (part of ``fetch``): source, licence, day, and how thin the data are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from planning import texts
from planning.fetch._area import Area
from planning.fetch._ask import Endpoints

FILE: Final = "SOURCE.md"
_COUNTED: Final = ("roads", "residential", "facilities", "medical", "units")


def attribution() -> tuple[str, ...]:
    """Return the sentence the licence asks for, printed on every output of the plan."""
    return (texts.both("fetch.attribution"),)


def text(area: Area, endpoints: Endpoints, figures: Mapping[str, Any], *, version: str) -> str:
    """Return the note."""
    west, south, east, north = area.inner.bounds
    facts = {
        "place": texts.printable(area.label),
        "day": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "host": urlsplit(endpoints.overpass).netloc,
        "bounds": f"{west:.6f}, {south:.6f}, {east:.6f}, {north:.6f}",
        "km2": f"{area.km2:.2f}",
        "margin_m": f"{figures['margin_m']:g}",
        "version": version,
    }
    lines = [f"# {texts.both('fetch.note_title')}", "", texts.both("fetch.attribution"), ""]
    lines += [f"* {texts.both(f'fetch.note_{key}', **facts)}" for key in ("place", "day", "host", "margin", "tool")]
    lines += ["", f"## {texts.both('fetch.note_there')}", ""]
    return "\n".join([*lines, *(f"* {line}" for line in tell(figures)), ""])


def tell(figures: Mapping[str, Any]) -> list[str]:
    """Return what there is and what there is not, line by line."""
    share = "—" if figures["foot_share"] is None else f"{figures['foot_share']:.0%}"
    lines = [
        texts.both("fetch.tell_roads", count=figures["roads"], km=f"{figures['roads_km']:.1f}", share=share),
        texts.both("fetch.tell_residential", count=figures["residential"], named=figures["residential_named"]),
        texts.both("fetch.tell_facilities", count=figures["facilities"], others=figures["social_others"]),
        texts.both("fetch.tell_medical", count=figures["medical"]),
        texts.both("fetch.tell_units", count=figures["units"], untyped=figures["units_untyped"]),
    ]
    if figures["facilities"]:
        lines.append(
            texts.both("fetch.level_given" if figures["level"] else "fetch.level_empty", level=figures["level"])
        )
    thin = [key for key in _COUNTED if not figures[key]]
    lines += [
        texts.both("fetch.none_of", what=texts.t(f"init.role.{key}", "zh"), what_en=texts.t(f"init.role.{key}", "en"))
        for key in thin
    ]
    return [*lines, texts.both("fetch.not_in_osm")]
