"""Room `planning.scenario`: a scenario as JSON and back, every fault of a file at once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

from planning.errors import Fault, InputRefused, refuse
from planning.keys import TEXT, Kind, choice
from planning.scenario._edits import CHANGEABLE, KINDS, Edit, Settings, kind_of
from planning.scenario._value import Scenario
from planning.tables import LEVELS

SCHEMA: Final = 1
MOST_B: Final = 4_000_000
FASTEST: Final = (0.3, 2.5)  # walking, metres a second, as in the plan file
LONGEST: Final = 120.0  # minutes


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_minutes(value: Any) -> bool:
    return _is_number(value) and 0 < value <= LONGEST


def _is_circles(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_minutes, value)) and sorted(set(value)) == value


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_line(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(
        isinstance(place, list) and len(place) == 2 and all(map(_is_number, place)) for place in value
    )  # fmt: skip


_METRES: Final = Kind(_is_number, "坐标（米）", "a coordinate in metres")
_MINUTES: Final = Kind(_is_minutes, "大于 0、不超过 120 的分钟数", "minutes above 0 up to 120")
_DAY: Final = Kind(_is_day, "日期，写作 2025-12-31", "a date, written 2025-12-31")
_SPEED: Final = Kind(
    lambda value: _is_number(value) and FASTEST[0] <= value <= FASTEST[1],
    "每秒 0.3 至 2.5 米",
    "0.3 to 2.5 metres a second",
)
_FIELDS: Final[Mapping[str, Kind]] = {
    "facility_id": TEXT,
    "residential_id": TEXT,
    "name": TEXT,
    "plan": TEXT,
    "crs": TEXT,
    "x_m": _METRES,
    "y_m": _METRES,
    "line": Kind(_is_line, "至少两个坐标点", "two or more coordinate pairs"),
    "key": choice(*CHANGEABLE),
    "minutes": Kind(_is_circles, "由小到大的分钟数列表", "a list of minutes in ascending order"),
    "siting_minutes": _MINUTES,
    "speed_m_per_s": _SPEED,
    "level": choice(*LEVELS),
    "standard": TEXT,
    "as_of": _DAY,
}
_HEAD: Final = ("name", "plan", "crs")


def to_json(scenario: Scenario) -> str:
    """Return a scenario as the text of its file; equal scenarios give equal texts."""
    content = {
        "tool": "planning-scenario",
        "schema": SCHEMA,
        **{name: getattr(scenario, name) for name in _HEAD},
        "settings": _plain(scenario.settings),
        "edits": [_edit_words(edit) for edit in scenario.edits],
        "undone": [_edit_words(edit) for edit in scenario.undone],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_json(text: str, *, file: str = "") -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    text
        As `to_json` writes it.
    file
        The file's name, for its faults.

    Raises
    ------
    InputRefused
        With every fault: not JSON, not a scenario or one of another schema, keys missing or unknown, values of the
        wrong kind or out of range.
    """
    try:
        words = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputRefused(Fault("scenario_not_json", file=file, value=str(error)[:200])) from None
    if not isinstance(words, dict) or words.get("tool") != "planning-scenario" or words.get("schema") != SCHEMA:
        said = str(words.get("schema", "")) if isinstance(words, dict) else ""
        raise InputRefused(Fault("scenario_schema", file=file, value=said, facts={"known": SCHEMA}))
    refuse(_Check(file).document(words))
    return Scenario(
        name=words["name"],
        plan=words["plan"],
        crs=words["crs"],
        settings=_settings(words["settings"]),
        edits=tuple(map(_edit, words["edits"])),
        undone=tuple(map(_edit, words["undone"])),
    )


def check_value(key: str, value: Any) -> Fault | None:
    """Return what is wrong with a value of a parameter, as the file would have it."""
    kind = _MINUTES if key == "minutes" else _FIELDS[key]
    return None if kind.accepts(_word(value)) else _refused("", key, value, kind)


class _Check:
    """Looks at every part of a document and keeps what is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file

    def document(self, words: Mapping[str, Any]) -> list[Fault]:
        parts = ("settings", "edits", "undone")
        faults = self._keys(words, {"tool", "schema", *_HEAD, *parts}, "")
        faults += self._values({name: words[name] for name in _HEAD if name in words}, "")
        settings = words.get("settings")
        if isinstance(settings, dict):
            faults += self._keys(settings, {one.name for one in fields(Settings)}, "settings.")
            faults += self._values({key: settings[key] for key in settings if key in _FIELDS}, "settings.")
        elif "settings" in words:
            faults.append(Fault("scenario_part", file=self.file, column="settings"))
        for part in parts[1:]:
            faults += self._edits(words.get(part, []), part)
        return faults

    def _edits(self, edits: Any, part: str) -> list[Fault]:
        if not isinstance(edits, list):
            return [Fault("scenario_part", file=self.file, column=part)]
        return [fault for place, edit in enumerate(edits) for fault in self._edit(edit, f"{part}[{place + 1}]")]

    def _edit(self, edit: Any, where: str) -> list[Fault]:
        if not isinstance(edit, dict) or not isinstance(edit.get("kind"), str) or edit["kind"] not in KINDS:
            said = str(edit.get("kind", "")) if isinstance(edit, dict) else ""
            facts = {"known": ", ".join(KINDS)}
            return [Fault("scenario_kind", file=self.file, column=where, value=said, facts=facts)]
        wanted = {one.name for one in fields(KINDS[edit["kind"]])}
        faults = self._keys(edit, {"kind", *wanted}, f"{where}.")
        faults += self._values({key: edit[key] for key in wanted & edit.keys() - {"value"}}, f"{where}.")
        if edit["kind"] == "change" and edit.get("key") in CHANGEABLE and "value" in edit:
            kind = _MINUTES if edit["key"] == "minutes" else _FIELDS[edit["key"]]
            if not kind.accepts(edit["value"]):
                faults.append(_refused(self.file, f"{where}.value", edit["value"], kind))
        return faults

    def _keys(self, words: Mapping[str, Any], wanted: set[str], where: str) -> list[Fault]:
        absent = [
            Fault("scenario_key_missing", file=self.file, column=where + key) for key in sorted(wanted - words.keys())
        ]
        alien = [
            Fault("scenario_key_unknown", file=self.file, column=where + key) for key in sorted(words.keys() - wanted)
        ]
        return absent + alien

    def _values(self, words: Mapping[str, Any], where: str) -> list[Fault]:
        return [
            _refused(self.file, where + key, value, _FIELDS[key])
            for key, value in sorted(words.items())
            if not _FIELDS[key].accepts(value)
        ]


def _refused(file: str, column: str, value: Any, kind: Kind) -> Fault:
    facts = {"wanted_zh": kind.zh, "wanted_en": kind.en}
    return Fault("scenario_value", file=file, column=column, value=str(value)[:80], facts=facts)


def _settings(words: Mapping[str, Any]) -> Settings:
    minutes = tuple(words["minutes"])
    return Settings(**{**words, "minutes": minutes, "as_of": date.fromisoformat(words["as_of"])})


def _edit(words: Mapping[str, Any]) -> Edit:
    facts = {key: value for key, value in words.items() if key != "kind"}
    if "line" in facts:
        facts["line"] = tuple((float(x), float(y)) for x, y in facts["line"])
    facts |= {key: float(facts[key]) for key in ("x_m", "y_m") if key in facts}
    if facts.get("key") == "as_of":
        facts["value"] = date.fromisoformat(facts["value"])
    made: Callable[..., Edit] = KINDS[words["kind"]]
    return made(**facts)


def _edit_words(edit: Edit) -> dict[str, Any]:
    return {"kind": kind_of(edit), **_plain(edit)}


def _plain(record: Any) -> dict[str, Any]:
    return {one.name: _word(getattr(record, one.name)) for one in fields(record)}


def _word(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return [_word(part) for part in value] if isinstance(value, tuple) else value
