"""成果输出: every file of the run folder, checked and ready to be saved."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from functools import partial
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

import streamlit as st

from planning import runs
from planning.runs import RunFolder
from planning.ui import frame, parts, session, words
from planning.ui.session import Desk

_ORDER: Final = (
    "tables.xlsx",
    "report.docx",
    "annex.docx",
    "report_template.docx",
    "atlas.pdf",
    "map.html",
    "results.gpkg",
    "summary.json",
    "run.json",
    "timing.json",
)
MAPS: Final = "maps"
PACKED: Final = (".png", ".pdf", ".xlsx", ".docx")
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def show(desk: Desk) -> None:
    """Offer to make everything; list the files there are, each with a button, and all of them as one archive."""
    if desk.standard.status == "draft":
        st.warning(desk.say("outputs.draft"), icon=":material/edit_note:")
    job = session.files_job()
    run = desk.run
    if job is None:
        _offer(desk)
    elif job.run is not None:
        run = job.run
    elif job.state == "running":
        parts.muted(desk.say("outputs.running"))
        frame.progress(job, desk.language)
    else:
        frame.failure(job, desk.language)
        _offer(desk)
    if run.run_id != desk.run.run_id:
        st.warning(desk.say("outputs.changed"), icon=":material/sync_problem:")
    _list(desk, run)


def _offer(desk: Desk) -> None:
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        parts.html(f'<p class="p-sentence">{escape(desk.say("outputs.offer"))}</p>')
        st.button(desk.say("outputs.make"), key="make", type="primary", icon=":material/print:",
                  on_click=session.start_files)  # fmt: skip


def _list(desk: Desk, run: RunFolder) -> None:
    """List the files of a run folder: the main ones one a row, single maps one sheet a row."""
    folder = run.folder
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=partial(_place, folder))
    _all_at_once(desk, run, files)
    hashes = _hashes(folder)
    with st.container(border=True, key="files"):
        for path in files:
            if path.parent.name != MAPS:
                _file(desk, run, path, hashes)
    sheets = sorted(path for path in files if path.parent.name == MAPS)
    if sheets:
        parts.head(desk.say("outputs.sheets"), desk.say("outputs.sheets_beside"))
        with st.container(border=True, key="sheets"):
            for name, forms in groupby(sheets, key=lambda path: path.stem):
                _sheet(desk, run, name, list(forms))


def _place(folder: Path, path: Path) -> tuple[int, str]:
    name = path.relative_to(folder).as_posix()
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER) - 2, name)


def _all_at_once(desk: Desk, run: RunFolder, files: list[Path]) -> None:
    differing = runs.verify(run.folder)
    total = sum(path.stat().st_size for path in files)
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if differing:
            said = desk.say("outputs.differs", files=desk.say("comma").join(differing))
        else:
            said = desk.say("outputs.whole", count=len(files), size=words.size(total), run_id=run.run_id)
        parts.html(f'<p class="p-sentence">{escape(said)}</p>')
        st.download_button(
            desk.say("outputs.zip"), data=partial(archive, run.folder, files), file_name=f"{stem(desk, run)}.zip",
            mime="application/zip", key="zip", icon=":material/folder_zip:", on_click="ignore",
        )  # fmt: skip


def archive(folder: Path, files: list[Path]) -> bytes:
    """Return the files as one zip archive, under their names in the run folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as box:
        for path in files:
            form = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
            box.write(path, path.relative_to(folder).as_posix(), compress_type=form)
    return stream.getvalue()


def stem(desk: Desk, run: RunFolder) -> str:
    """Return the plan's name and the run id as a file name any system takes."""
    name = _FORBIDDEN.sub("_", desk.plan.name).strip(" ._")[:60] or "plan"
    return f"{name}_{run.run_id}"


def _hashes(folder: Path) -> Mapping[str, str]:
    record = json.loads((folder / "run.json").read_text("utf-8"))
    return {entry["path"]: entry["sha256"] for entry in record["outputs"]}


def _file(desk: Desk, run: RunFolder, path: Path, hashes: Mapping[str, str]) -> None:
    name = path.relative_to(run.folder).as_posix()
    about = desk.say(f"file.{path.name.replace('.', '_')}") if path.name in _ORDER else desk.say("file.other")
    said = f"SHA-256 {hashes[name][:12]}" if name in hashes else ""
    line = (
        f"<b>{escape(name)}</b><span>{escape(about)}</span>"
        f'<i class="num">{escape(words.size(path.stat().st_size))}</i><i>{escape(said)}</i>'
    )
    with st.container(horizontal=True, vertical_alignment="center", key=f"file-{name}"):
        st.html(f'<div class="p-file">{line}</div>', width="stretch")
        _save(desk, run, path, desk.say("outputs.save"))


def _sheet(desk: Desk, run: RunFolder, name: str, forms: list[Path]) -> None:
    """Put one sheet of the atlas with a button for each form it was written in."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"file-sheet-{name}"):
        st.html(f'<div class="p-file"><b>{escape(name)}</b></div>', width="stretch")
        for path in forms:
            _save(desk, run, path, f"{path.suffix[1:].upper()} {words.size(path.stat().st_size)}")


def _save(desk: Desk, run: RunFolder, path: Path, label: str) -> None:
    st.download_button(
        label, data=path.read_bytes, file_name=f"{stem(desk, run)}_{path.name}", width="content", on_click="ignore",
        key=f"save-{path.relative_to(run.folder).as_posix()}", icon=":material/download:",
    )  # fmt: skip
