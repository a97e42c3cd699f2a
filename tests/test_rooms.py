"""The floors of docs/architecture.md, held against what each module really imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "planning"
FACES = {"__init__", "__main__"}  # the package's own doors: they may name any room, and nobody inside imports them
ONLY_UI = "streamlit"
ONLY_MAP = "folium"


def floors() -> dict[str, int]:
    """Return the floor of each room, as the document's table gives it."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", text, flags=re.MULTILINE)
    return {name: int(floor) for floor, names in rows for name in re.findall(r"`([a-z_.]+)`", names)}


def modules() -> Iterator[Path]:
    yield from sorted(path for path in PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the room a file belongs to: its folder, else its own name."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> Iterator[str]:
    """Yield the rooms a file imports, wherever in the file it does so; type-checking imports count too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "planning":
            parts = (node.module or "").split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "planning" and len(parts) > 1:
                    yield parts[1]


def outside(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)


def test_every_module_has_a_floor_and_every_floor_its_modules():
    known, there = floors().keys(), {room(path) for path in modules()}
    assert there - known <= FACES
    assert known - there == {"app.py"}


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_from_floors_below(path):
    known, here = floors(), room(path)
    if here in FACES:
        return
    for imported in imports(path):
        if imported in (here, "__version__", "RESULTS_CHANGED"):
            continue
        assert known[imported] < known[here], f"{here} ({known[here]}) imports {imported} ({known[imported]})"


def test_streamlit_stays_in_the_app():
    users = {room(path) for path in modules() if ONLY_UI in set(outside(path))}
    assert users <= {"ui"}


def test_folium_stays_in_the_web_map():
    users = {room(path) for path in modules() if set(outside(path)) & {ONLY_MAP, "branca"}}
    assert users <= {"webmap", "ui"}


def test_nothing_heavy_is_imported_with_the_package():
    """``import planning`` alone must cost next to nothing: no numpy, no GDAL."""
    import subprocess
    import sys

    code = (
        "import sys, planning; print(sorted({'numpy', 'pandas', 'pyogrio', 'numba', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
