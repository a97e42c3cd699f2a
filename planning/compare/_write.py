"""Room `planning.compare`: the folder of a comparison, whole or not at all, never inside a run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from planning import runs
from planning.compare import _book, _machine, _page, _text
from planning.compare._held import Comparison
from planning.errors import Fault, InputRefused
from planning.texts import Language

RECORD: Final = "compare.json"
FILES: Final = ("compare.html", "compare.xlsx", "compare.md", RECORD)


def target_of(run_a: Path, run_b: Path, out: Path | None) -> Path:
    """Return where a comparison goes: as asked, else ``compare-<run A>-<run B>`` beside run B."""
    if out is not None:
        return out
    ids = [json.loads((folder / "run.json").read_text("utf-8"))["run_id"] for folder in (run_a, run_b)]
    return run_b.resolve().parent / f"compare-{ids[0]}-{ids[1]}"


def refuse_target(target: Path) -> None:
    """Refuse to write into a run folder, or over anything but an earlier comparison.

    Raises
    ------
    InputRefused
        Before anything is computed or written.
    """
    whole = target.resolve()
    if any(runs.is_run_folder(folder) for folder in (whole, *whole.parents)):
        raise InputRefused(Fault("compare_out_is_run", file=target.name, column="--out", value=str(target)))
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not _is_comparison(target)):
        raise InputRefused(Fault("compare_out_taken", file=target.name, column="--out", value=str(target)))


def write(held: Comparison, target: Path, language: Language) -> None:
    """Write the comparison into ``target``, an earlier one replaced whole.

    ``compare.json`` is written last and names the others with their hashes.
    """
    refuse_target(target)
    contents = {
        "compare.html": _page.write(held, language).encode(),
        "compare.md": _text.write(held, language).encode(),
        "compare.xlsx": _book.write(held, language),
    }
    outputs = [{"path": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()]
    record = {**_machine.record(held), "language": language, "outputs": outputs}
    said = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    with runs.machine_faults(target), runs.folder_in_place(target) as folder:
        for name, content in {**contents, RECORD: said.encode()}.items():
            (folder / name).write_bytes(content)


def _is_comparison(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / RECORD).read_text("utf-8"))["tool"] == _machine.TOOL)
    except (OSError, ValueError, KeyError, TypeError):
        return False
