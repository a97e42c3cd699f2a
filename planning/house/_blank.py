"""Room `house`: a style file to start from: every key, commented out, with what the program does without it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from planning import palette, texts
from planning.house._faults import FROZEN, ROWS, SETTLED


def blank(language: texts.Language = "zh") -> str:
    """Return the text of a style file that changes nothing: every key in a comment, colours as they are."""

    def say(key: str, **facts: object) -> str:
        return texts.t(f"house.{key}", language, **facts)

    lines = [f"# {line}" for line in say("blank.head").splitlines()]
    lines += ["", "[institute]", f'# name = "{say("blank.name")}"', f'# logo = "logo.png"   # {say("blank.logo")}']
    lines += ["", "[sheet]", f"# date = 2026-01-15   # {say('blank.date')}"]
    lines += [f'# draft_mark = "{say("blank.draft")}"', f'# public_mark = "{say("blank.public")}"']
    lines += [f'# cover = ["{say("blank.cover")}"]', "", f"[title_block]   # {say('blank.title_block')}"]
    lines += [f'# {row} = "{texts.t(f"atlas.block.{row}", language)}"' for row in ROWS]
    lines += ["", f"[fonts]   # {say('blank.fonts')}", '# regular = "x.ttf"', '# medium = "x.ttf"', '# bold = "x.ttf"']
    lines += ['# fallback = [{ file = "x.ttc", face = 0 }]', "", f"# {say('blank.palette')}"]
    known = {name: part for name, part in palette.words().items() if name not in FROZEN}
    for name, part in known.items():
        lines += list(_entries(f"palette.{name}", part))
    return "\n".join(lines) + "\n"


def _entries(where: str, part: Any) -> Iterator[str]:
    """Yield a part of the palette as TOML, every value in a comment."""
    if isinstance(part, list):
        for entry in part:
            yield from ("", f"# [[{where}]]", *_values(entry))
        return
    tables = {key: value for key, value in part.items() if isinstance(value, dict) and _is_table(value)}
    lists = {
        key: value for key, value in part.items() if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    plain = {key: value for key, value in part.items() if key not in tables and key not in lists}
    if plain:
        yield from ("", f"[{where}]", *_values(plain))
    for key, value in {**tables, **lists}.items():
        yield from _entries(f"{where}.{key}", value)


def _is_table(value: Mapping[str, Any]) -> bool:
    return "kind" not in value


def _values(entries: Mapping[str, Any]) -> Iterator[str]:
    for key, value in entries.items():
        if key in SETTLED:
            continue
        if isinstance(value, dict):
            inner = ", ".join(f"{word} = {_plain(entry)}" for word, entry in value.items())
            yield f"# {key} = {{ {inner} }}"
        else:
            yield f"# {key} = {_plain(value)}"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
