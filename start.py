"""One file to start from: it needs Python 3.11 or newer and nothing else.

python start.py run     does the main job on the sample district and says where the results are
python start.py app     opens the workbench in the browser (a plan file may follow)
python start.py test    runs the tests; --slow the slow ones, --all both

The first call makes ``.venv`` and installs the pinned requirements, from ``wheelhouse/`` when there is one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LACKING = (
    "wheelhouse 文件夹里缺少本机 Python 能用的安装包。请在有互联网的电脑上按本机的 Python 版本重新收集："
    "python start.py shell wheelhouse --for cp311（或 cp312、cp313）。\n"
    "The folder wheelhouse lacks packages for this Python. Gather them for its version on a machine with internet."
)
UNREACHED = (
    "没有装成：多半是连不上互联网。内网电脑请先准备 wheelhouse 文件夹，见 docs/offline.zh-CN.md。\n"
    "The installation failed, most likely for want of internet. See docs/offline.md for machines without it."
)
SAMPLE = HERE / "data" / "sample" / "plan.toml"


def main(words: list[str]) -> int:
    """Do what was asked and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console may not know every letter
    if sys.version_info < (3, 11):
        print("需要 Python 3.11 或更新版本。 / Python 3.11 or newer is needed.")
        return 2
    if not words or words[0] not in ("run", "app", "test", "shell"):
        print(__doc__)
        return 2
    command, rest = words[0], words[1:]
    install(["requirements.txt", *(["tests/requirements.txt"] if command == "test" else [])])
    return {"run": run, "app": app, "test": test, "shell": shell}[command](rest)


def run(rest: list[str]) -> int:
    """Run the sample, or the plan that is named."""
    plan = rest or [str(SAMPLE), "--out", str(HERE / "out")]
    return call("-m", "planning", "run", *plan)


def app(rest: list[str]) -> int:
    """Open the workbench."""
    return call("-m", "planning", "app", *rest)


def test(rest: list[str]) -> int:
    """Run the quick suite; with ``--slow`` what it leaves out, with ``--all`` both, but never what is run by hand."""
    quick, slow = "not slow and not realdata", "(slow or realdata)"
    part = "" if "--all" in rest else f"{slow if '--slow' in rest else quick} and "
    chosen = f"{part}not scale and not mutation"
    words = [word for word in rest if word not in {"--all", "--slow"}]
    workers = ["-n", "2"] if (os.cpu_count() or 1) > 1 and "-n" not in words else []
    # Ratios of speed are taken by hand: they need a quiet machine and one process.
    return call("-m", "pytest", "-q", "-m", chosen, "--ignore=tests/benchmarks", *workers, *words)


def shell(rest: list[str]) -> int:
    """Run any command of the tool: ``python start.py shell check plan.toml``."""
    return call("-m", "planning", *rest)


def call(*words: str) -> int:
    """Run this project's Python from the project's folder, always in UTF-8."""
    settings = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(HERE)}
    return subprocess.call([str(PYTHON), *words], cwd=HERE, env=settings)


def install(files: list[str]) -> None:
    """Make ``.venv`` and install the pinned files, once for each content of them."""
    for name in files:
        stamp = VENV / f"installed-{name.replace('/', '-')}"
        wanted = hashlib.sha256((HERE / name).read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text("utf-8") == wanted and PYTHON.exists():
            continue
        if not PYTHON.exists():
            print("正在建立运行环境 .venv …… / Making .venv …", flush=True)
            shutil.rmtree(VENV, ignore_errors=True)
            venv.create(VENV, with_pip=True)
        print(f"正在安装 {name} …… / Installing {name} …", flush=True)
        if not fetched(name):
            print(LACKING if wheels() else UNREACHED, flush=True)
            sys.exit(3)
        stamp.write_text(wanted, "utf-8")
        if name == "requirements.txt":
            print("正在预编译步行检索，约半分钟 …… / Compiling the walking search, half a minute …", flush=True)
            call("-m", "planning.catchment._warm")


def fetched(name: str) -> bool:
    """Install one pinned file and say whether that went well."""
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wheels(), "-r", name]
    return subprocess.call(command, cwd=HERE, env={**os.environ, "PYTHONUTF8": "1"}) == 0


def wheels() -> list[str]:
    """Return where pip looks: only in ``wheelhouse/`` when it is there."""
    folder = HERE / "wheelhouse"
    return ["--no-index", "--find-links", str(folder)] if folder.is_dir() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
