"""Packages for machines without internet: which pins, which wheels, what is missing; and the start files."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from planning import texts, wheelhouse
from planning.cli import main
from planning.errors import InputRefused, MachineFailed
from planning.wheelhouse import Target

ROOT = Path(__file__).resolve().parent.parent
PINS = """\
# a comment
numpy==2.4.6 ; python_full_version < '3.12'
numpy==2.5.5 ; python_full_version >= '3.12'
click==8.5.1
colorama==0.4.6 ; sys_platform == 'win32'
watchdog==7.1.0 ; sys_platform != 'darwin'
python-docx==1.2.0
"""


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(PINS, "utf-8")
    return path


def wheel(folder: Path, name: str) -> None:
    with zipfile.ZipFile(folder / name, "w") as box:
        box.writestr("x", "")


def test_markers_are_those_of_the_machine_meant_not_of_this_one(pins):
    assert wheelhouse.wanted(pins, Target("cp311")) == (
        "numpy==2.4.6", "click==8.5.1", "colorama==0.4.6", "watchdog==7.1.0", "python-docx==1.2.0",
    )  # fmt: skip
    assert wheelhouse.wanted(pins, Target("cp313"))[0] == "numpy==2.5.5"


def test_every_pin_needs_a_wheel_the_machine_can_install(pins, tmp_path):
    """Of six wheels one is for Linux, one of another version, one no zip: those pins are gaps; an abi3 wheel serves."""
    folder = tmp_path / "规划 工具 wheelhouse"
    folder.mkdir()
    for name in ("click-8.5.1-py3-none-any.whl", "python_docx-1.2.0-py3-none-any.whl",
                 "numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl", "colorama-0.4.5-py2.py3-none-any.whl",
                 "watchdog-7.1.0-cp39-abi3-win_amd64.whl"):  # fmt: skip
        wheel(folder, name)
    found = list(wheelhouse.gaps(folder, pins, [Target("cp311")]))
    assert [fault.value for fault in found] == ["numpy==2.4.6", "colorama==0.4.6"]
    wheel(folder, "colorama-0.4.6-py2.py3-none-any.whl")
    (folder / "numpy-2.4.6-cp311-cp311-win_amd64.whl").write_bytes(b"cut off")
    assert [fault.value for fault in wheelhouse.gaps(folder, pins, [Target("cp311")])] == ["numpy==2.4.6"]
    wheel(folder, "numpy-2.4.6-cp311-cp311-win_amd64.whl")
    assert list(wheelhouse.gaps(folder, pins, [Target("cp311")])) == []
    assert [fault.value for fault in wheelhouse.gaps(folder, pins, [Target("cp312")])] == ["numpy==2.5.5"]
    assert all(fault.message("zh") and fault.remedy("en") for fault in found)


def test_the_projects_pins_can_all_be_read():
    for name in (wheelhouse.HERE, *wheelhouse.WINDOWS):
        found = wheelhouse.wanted(ROOT / "requirements.txt", Target(name))
        assert len(found) > 40
        assert all("==" in pin and ";" not in pin for pin in found)


def test_an_unknown_machine_is_refused():
    with pytest.raises(InputRefused) as refused:
        wheelhouse.targets(["cp310", "cp311", "mac"])
    assert [fault.value for fault in refused.value.faults] == ["cp310", "mac"]
    assert [one.name for one in wheelhouse.targets([])] == ["here"]


def test_no_internet_is_said_at_once(tmp_path, monkeypatch):
    calls = []

    def refused(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        said = "WARNING: Retrying … NewConnectionError('<…>: Failed to establish a new connection')"
        return subprocess.CompletedProcess(command, 1, "", said)

    monkeypatch.setattr(wheelhouse.subprocess, "run", refused)
    monkeypatch.setattr(wheelhouse, "_pip_command", lambda: ["pip"])
    with pytest.raises(MachineFailed) as failed:
        wheelhouse.gather(tmp_path / "w", [Target("cp312")])
    assert [fault.code for fault in failed.value.faults] == ["wheelhouse_offline"]
    assert len(calls) == 1
    assert calls[0][calls[0].index("--python-version") + 1] == "3.12"
    assert calls[0][calls[0].index("--platform") + 1] == "win_amd64"


def test_what_cannot_be_had_is_listed_and_the_rest_is_kept(tmp_path, monkeypatch, pins):
    """All at once fails for one pin; one by one only that one is missing, and the command ends with 1."""
    monkeypatch.setattr(wheelhouse, "ROOT", pins.parent)
    monkeypatch.setattr(wheelhouse, "_pip_command", lambda: ["pip"])

    def some(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked = Path(command[command.index("--requirement") + 1]).read_text("utf-8").split()
        if any(pin.startswith("colorama") for pin in asked):
            return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found for colorama")
        for pin in asked:
            stem = pin.replace("==", "-").replace("python-d", "python_d")
            wheel(Path(command[command.index("--dest") + 1]), f"{stem}-py3-none-any.whl")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheelhouse.subprocess, "run", some)
    done = CliRunner().invoke(main, ["wheelhouse", str(tmp_path / "w"), "--for", "cp311"])
    assert done.exit_code == 1
    assert "colorama==0.4.6" in done.output
    assert len(list((tmp_path / "w").glob("*.whl"))) == 4


@pytest.mark.slow
def test_the_source_goes_along_whole_and_alike(tmp_path):
    first, second = wheelhouse.pack_source(tmp_path), (tmp_path / "b")
    second.mkdir()
    assert first.read_bytes() == wheelhouse.pack_source(second).read_bytes()
    with zipfile.ZipFile(first) as box:
        names = set(box.namelist())
    for name in ("start.py", "start.bat", "requirements.txt", "app.py", ".streamlit/config.toml", "planning/worker.py",
                 "data/sample/plan.toml", "planning/locales/workbench.toml"):  # fmt: skip
        assert f"yanglao-planning/{name}" in names
    assert not [name for name in names if "__pycache__" in name or "/out/" in name]


# -------------------------------------------------------------------------------------------------------- start files


def start_file() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_start_file_installs_from_the_wheelhouse_alone(tmp_path, monkeypatch, capsys):
    start, here = start_file(), tmp_path / "规划 工具（试用）"
    here.mkdir()
    (here / "requirements.txt").write_text("click==8.5.1\n", "utf-8")
    monkeypatch.setattr(start, "HERE", here)
    monkeypatch.setattr(start, "VENV", here / ".venv")
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    (here / ".venv").mkdir()
    assert start.wheels() == []
    (here / "wheelhouse").mkdir()
    assert start.wheels() == ["--no-index", "--find-links", str(here / "wheelhouse")]
    calls: list[list[str]] = []
    monkeypatch.setattr(start.subprocess, "call", lambda command, **_: calls.append(command) or 0)
    start.install(["requirements.txt"])
    start.install(["requirements.txt"])  # nothing to do any more
    assert [call for call in calls if "pip" in call] == [
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--find-links",
         str(here / "wheelhouse"), "-r", "requirements.txt"]
    ]  # fmt: skip
    (here / "requirements.txt").write_text("click==8.5.2\n", "utf-8")
    monkeypatch.setattr(start.subprocess, "call", lambda command, **_: 1)
    with pytest.raises(SystemExit):
        start.install(["requirements.txt"])
    assert "wheelhouse" in capsys.readouterr().out


def test_the_windows_start_file_is_utf8_and_quotes_its_folder():
    raw = (ROOT / "start.bat").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert not raw.startswith(b"\xef\xbb\xbf")
    lines = raw.decode("utf-8").splitlines()
    switch = next(at for at, line in enumerate(lines) if "chcp 65001" in line)
    assert all(line.isascii() for line in lines[: switch + 1])
    assert 'pushd "%~dp0"' in lines
    assert "set PYTHONUTF8=1" in lines


def test_texts_name_the_page_that_helps():
    assert (ROOT / "docs" / "offline.md").is_file()
    assert "offline.zh-CN.md" in start_file().UNREACHED
    assert texts.t("wheelhouse.next", "zh", source="x")
