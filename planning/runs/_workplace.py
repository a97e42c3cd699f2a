"""What the command line asks of the machine: the sample, the app, a look around. Belongs to `planning.runs`."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from planning import texts
from planning.errors import Fault, InputRefused

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = ROOT / "data" / "sample"
_SHOWN: Final = ("geopandas", "shapely", "pyogrio", "pyproj", "scipy", "numba", "highspy", "streamlit", "folium")


def copy_sample(folder: Path) -> Path:
    """Copy the sample's input files into ``folder`` and return its plan file.

    Raises
    ------
    InputRefused
        If the sample does not come with this installation, or ``folder`` already holds something.
    """
    if not SAMPLE.is_dir():
        raise InputRefused(Fault("sample_missing", value=str(SAMPLE)))
    if folder.exists() and any(folder.iterdir()):
        raise InputRefused(Fault("demo_not_empty", file=folder.name, value=str(folder)))
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out", ".*"))
    return folder / "plan.toml"


def open_app(plan: Path | None, *, port: int) -> int:
    """Start the app on this machine alone and return its exit code when it is closed."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    if plan is not None:
        command += ["--", str(plan.resolve())]
    return subprocess.call(command, cwd=ROOT)


def machine() -> Iterator[str]:
    """Yield lines about this machine that help when something does not work."""
    yield texts.both("doctor.python", version=platform.python_version(), system=platform.platform())
    for name in _SHOWN:
        try:
            yield f"  {name} {version(name)}"
        except PackageNotFoundError:
            yield texts.both("doctor.package_missing", name=name)
    import pyogrio

    yield f"  GDAL {'.'.join(map(str, pyogrio.__gdal_version__))}"
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    yield texts.both("doctor.disk", free=f"{free_gib:.1f}")
    yield texts.both("doctor.writable" if os.access(Path.cwd(), os.W_OK) else "doctor.not_writable", folder=Path.cwd())
    yield texts.both("doctor.sample" if SAMPLE.is_dir() else "doctor.no_sample")
    browser = find_chromium()
    yield texts.both("doctor.browser", path=browser) if browser else texts.both("doctor.no_browser")
    playwright = importlib.util.find_spec("playwright") is not None
    yield texts.both("doctor.browser_tests" if playwright and browser else "doctor.no_browser_tests")


def find_chromium() -> str | None:
    """Return a Chromium-like browser on this machine, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "msedge", "chrome")
    return next(filter(None, map(shutil.which, names)), None)
