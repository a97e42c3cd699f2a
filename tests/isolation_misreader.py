"""A reader for tests: files of certain names make it misbehave, as a hostile file might; the others are read."""

from __future__ import annotations

from pathlib import Path

import isolation_misdeeds

from planning.sources import draft, inside

prepare = inside.prepare
_open_raw = draft.open_raw


def work(request, folder):
    draft.open_raw = _open
    return inside.work(request, folder)


def _open(spec, path, table, *, layer):
    if path.stem == "change":
        found = _open_raw(spec, path, table, layer=layer)
        with path.open("a") as stream:
            stream.write("b,2,117.0,36.5\n")
        return found
    misdeed = getattr(isolation_misdeeds, path.stem, None)
    if misdeed is not None:
        misdeed({}, Path(path.parent))
    return _open_raw(spec, path, table, layer=layer)
