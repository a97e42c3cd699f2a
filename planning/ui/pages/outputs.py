"""成果输出: every file of the run folder, checked and ready to be saved."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from planning import runs
from planning.ui import parts
from planning.ui.session import Desk

_ORDER: Final = (
    "tables.xlsx",
    "report.docx",
    "atlas.pdf",
    "map.html",
    "results.gpkg",
    "summary.json",
    "run.json",
    "timing.json",
)
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def show(desk: Desk) -> None:
    """List the files with size and hash, each with a button; all of them as one archive; the check of the folder."""
    folder = desk.run.folder
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=partial(_place, folder))
    if desk.standard.status == "draft":
        st.warning(desk.say("outputs.draft"), icon=":material/edit_note:")
    _all_at_once(desk, files)
    hashes = _hashes(folder)
    with st.container(border=True, key="files"):
        for path in files:
            _file(desk, path, hashes)


def _place(folder: Path, path: Path) -> tuple[int, str]:
    name = path.relative_to(folder).as_posix()
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER) - 2, name)


def _all_at_once(desk: Desk, files: list[Path]) -> None:
    differing = runs.verify(desk.run.folder)
    total = sum(path.stat().st_size for path in files)
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if differing:
            said = desk.say("outputs.differs", files=desk.say("comma").join(differing))
        else:
            said = desk.say("outputs.whole", count=len(files), size=size(total), run_id=desk.run.run_id)
        parts.html(f'<p class="p-sentence">{escape(said)}</p>')
        st.download_button(
            desk.say("outputs.zip"), data=partial(archive, desk.run.folder, files), file_name=f"{stem(desk)}.zip",
            mime="application/zip", key="zip", type="primary", icon=":material/folder_zip:", on_click="ignore",
        )  # fmt: skip


def archive(folder: Path, files: list[Path]) -> bytes:
    """Return the files as one zip archive, under their names in the run folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as box:
        for path in files:
            box.write(path, path.relative_to(folder).as_posix())
    return stream.getvalue()


def stem(desk: Desk) -> str:
    """Return the plan's name and the run id as a file name any system takes."""
    name = _FORBIDDEN.sub("_", desk.plan.name).strip(" ._")[:60] or "plan"
    return f"{name}_{desk.run.run_id}"


def _hashes(folder: Path) -> Mapping[str, str]:
    record = json.loads((folder / "run.json").read_text("utf-8"))
    return {entry["path"]: entry["sha256"] for entry in record["outputs"]}


def _file(desk: Desk, path: Path, hashes: Mapping[str, str]) -> None:
    name = path.relative_to(desk.run.folder).as_posix()
    about = desk.say(f"file.{path.name.replace('.', '_')}") if path.name in _ORDER else desk.say("file.other")
    said = f"SHA-256 {hashes[name][:12]}" if name in hashes else ""
    line = (
        f"<b>{escape(name)}</b><span>{escape(about)}</span>"
        f'<i class="num">{escape(size(path.stat().st_size))}</i><i>{escape(said)}</i>'
    )
    with st.container(horizontal=True, vertical_alignment="center", key=f"file-{name}"):
        st.html(f'<div class="p-file">{line}</div>', width="stretch")
        st.download_button(
            desk.say("outputs.save"), data=partial(path.read_bytes), file_name=f"{stem(desk)}_{path.name}",
            key=f"save-{name}", icon=":material/download:", on_click="ignore", width="content",
        )  # fmt: skip


def size(count: int) -> str:
    """Return a number of bytes as kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"
