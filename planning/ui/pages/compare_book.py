"""Two scenarios side by side as a workbook: everything the page of comparison shows, and every area."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from planning import report, texts
from planning.report import Heading, Kind, Sheet
from planning.scenario import Difference, Scenario
from planning.study.decided import Decided
from planning.ui import scenes, words
from planning.ui.session import Desk

_KINDS: Final[dict[str, Kind]] = {"a": "whole", "b": "whole", "delta": "whole", "total": "whole", "a_share": "share",
                                  "b_share": "share"}  # fmt: skip
_PHASES: Final[dict[str, Kind]] = {
    "name": "text",
    "by": "text",
    "p": "whole",
    "sites": "text",
    "objective": "plain",
    "own_optimum": "plain",
    "own_sites": "text",
    "cost_of_commitment": "plain",
}


def book(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario], weight: str) -> bytes:
    """Return the comparison as a workbook, equal bytes for equal scenarios.

    Parameters
    ----------
    weight
        What streets are compared by.
    """
    title = desk.say("compare.book", one=pair[0].name, other=pair[1].name)
    sheets = [_settings(desk, apart, pair), _levels(desk, apart, pair), _law(desk, apart, pair),
              _streets(desk, apart, pair, weight), _areas(desk, apart, pair), _sites(desk, pair)]  # fmt: skip
    phases = Decided(desk.result, desk.language).phases() if desk.summary.get("siting") is not None else []
    sheets += [_phases(desk, phases)] if phases else []
    return report.book(sheets, title=f"{desk.plan.name} · {title}", language=desk.language, run_id=desk.run.run_id)


def _sheet(desk: Desk, name: str, columns: list[Heading], rows: Any, *notes: str) -> Sheet:
    label = desk.say(f"compare.sheet_{name}")
    frame = pd.DataFrame(rows, columns=None if isinstance(rows, pd.DataFrame) else [one.name for one in columns])
    return Sheet(label, label, columns, frame, notes)


def _pair(desk: Desk, pair: tuple[Scenario, Scenario], *, kind: Kind = "whole") -> list[Heading]:
    sides = [Heading(side, f"{desk.say(f'compare.{key}')}：{made.name}" if desk.language == "zh"
                     else f"{desk.say(f'compare.{key}')}: {made.name}", kind)
             for side, key, made in zip("ab", ("one", "other"), pair, strict=True)]  # fmt: skip
    return [*sides, Heading("delta", desk.say("compare.delta"), kind)]


def _settings(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario]) -> Sheet:
    columns = [Heading("name", desk.say("compare.setting_name"), "text"), *(
        Heading(one.name, one.label, "text") for one in _pair(desk, pair)[:2])]  # fmt: skip
    held = [made.state.settings for made in pair]
    rows = [
        (setting_name(desk, key), *(plain(getattr(one, key)) for one in held))
        for key in ("minutes", "siting_minutes", "speed_m_per_s", "level", "standard", "as_of")
    ]
    differ = [desk.say("compare.not_comparable")] if apart.settings else []
    return _sheet(desk, "settings", columns, rows, *differ)


def setting_name(desk: Desk, key: str) -> str:
    """Return what planners call a parameter."""
    known = {"speed_m_per_s": "whatif.speed", "siting_minutes": "compare.siting_minutes"}
    return desk.say(known.get(key, f"whatif.{key}"))


def plain(value: Any) -> str:
    """Return a parameter as people write it."""
    return "/".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


def _levels(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario]) -> Sheet:
    shares = [Heading(f"{side}_share", f"{desk.say(f'compare.{key}')} %", "share")
              for side, key in (("a", "one"), ("b", "other"))]  # fmt: skip
    columns = [Heading("level", desk.say("compare.level"), "text"),
               Heading("weight", desk.say("compare.weight"), "text"), *_pair(desk, pair), *shares]  # fmt: skip
    rows = apart.levels.assign(
        level=[level_name(desk, level) for level in apart.levels["level"]],
        weight=[desk.say(f"weight.{weight}") for weight in apart.levels["weight"]],
    )
    return _sheet(desk, "levels", columns, rows)


def level_name(desk: Desk, level: str) -> str:
    """Return the wording of a level; ``planned`` is that of the new sites once they are open."""
    return (
        desk.say("compare.planned", level=desk.level(desk.plan.siting.level))
        if level == "planned"
        else desk.level(level)
    )


def _law(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario]) -> Sheet:
    columns = [Heading("figure", desk.say("compare.figure"), "text"), *_pair(desk, pair, kind="plain")]
    names = [desk.say(f"compare.{name}") if texts.has(f"ui.compare.{name}") else name
             for name in apart.compliance["figure"]]  # fmt: skip
    return _sheet(desk, "law", columns, apart.compliance.assign(figure=names))


def _streets(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario], weight: str) -> Sheet:
    columns = [
        Heading("unit_id", desk.say("whatif.head_id"), "text"),
        Heading("name", desk.say("whatif.street"), "text"),
        Heading("total", desk.say("whatif.total"), "whole"),
        *_pair(desk, pair),
    ]
    return _sheet(desk, "streets", columns, apart.streets, desk.say(f"weight.{weight}"))


def _areas(desk: Desk, apart: Difference, pair: tuple[Scenario, Scenario]) -> Sheet:
    """Put every area with its coverage in both, those that differ first."""
    columns = [Heading("residential_id", desk.say("whatif.head_id"), "text"),
               Heading("name", desk.say("compare.area"), "text"),
               *(Heading(one.name, one.label, "text") for one in _pair(desk, pair)[:2]),
               Heading("change", desk.say("compare.sheet_areas"), "text")]  # fmt: skip
    names = desk.result.residential.set_index("residential_id")["name"]
    rows = apart.areas.rename_axis("residential_id").reset_index()
    rows = rows.assign(
        name=[words.text(names.get(one)) for one in rows["residential_id"]],
        **{side: [words.word("coverage.status", status, desk.language) for status in rows[side]] for side in "ab"},
        rank=rows["change"].map({"gained": 0, "lost": 1, "both": 2, "neither": 3}),
        change=[desk.say(f"compare.change_{change}") for change in rows["change"]],
    ).sort_values(["rank", "residential_id"], ignore_index=True)
    return _sheet(desk, "areas", columns, rows)


def _sites(desk: Desk, pair: tuple[Scenario, Scenario]) -> Sheet:
    columns = [Heading("scenario", desk.say("compare.name"), "text"),
               *(Heading(name, desk.say(f"whatif.{name}"), "text")
                 for name in ("head_id", "head_name", "head_what"))]  # fmt: skip
    rows = []
    for made in pair:
        called, state = scenes.names(desk, made), made.state
        rows += [(made.name, one, called.get(one, one), desk.say(f"whatif.what_{what(one, made)}"))
                 for one in state.sites]  # fmt: skip
        rows += [(made.name, one, called.get(one, one), desk.say("whatif.what_off")) for one in sorted(state.off)]
    return _sheet(desk, "sites", columns, rows)


def what(one: str, made: Scenario) -> str:
    """Return what a site is in a scenario: ``placed``, ``moved`` or a plain ``candidate``."""
    if one in made.state.placed:
        return "placed"
    return "moved" if one in made.state.moved else "candidate"


def _phases(desk: Desk, phases: list[dict[str, Any]]) -> Sheet:
    columns = [Heading(name, texts.t(f"decided.head.{name}", desk.language), kind) for name, kind in _PHASES.items()]
    return _sheet(desk, "phases", columns, pd.DataFrame(phases), desk.say("siting.phases_beside"))
