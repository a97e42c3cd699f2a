"""Room of `planning.network`: which searches to use, those that numba compiles or scipy's.

Both give the same answers to the millimetre. Compiled code is kept on disk; where it has to be made first, that takes
half a minute, which a program with a screen spends in a process of its own (`warm_up`) and searches by scipy meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path


def compiled() -> bool:
    """Say whether compiled searches are there to be used now."""
    return not _is_warming() and _has_numba()


def warm_up() -> None:
    """Begin to compile in a process of its own, unless that has been done; until it ends searches are scipy's."""
    if not _is_kept():
        _compiler()


def _is_kept() -> bool:
    """Say whether code compiled from the files as they are lies beside them."""
    package = Path(__file__).parents[1]
    for name in ("network/_grid", "catchment/_search", "catchment/_flood", "catchment/_contour"):
        source = package / f"{name}.py"
        kept = [file.stat().st_mtime for file in (source.parent / "__pycache__").glob(f"{source.stem}.*.nbi")]
        if max(kept, default=0.0) < source.stat().st_mtime:
            return False
    return True


def _is_warming() -> bool:
    return _compiler.cache_info().currsize > 0 and _compiler().poll() is None


@cache
def _compiler() -> subprocess.Popen[bytes]:
    """Return the process that compiles, begun when first asked for."""
    package = Path(__file__).parents[2]
    paths = os.pathsep.join([str(package), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]).strip(os.pathsep)
    return subprocess.Popen(
        [sys.executable, "-m", "planning.catchment._warm"],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@cache
def _has_numba() -> bool:
    """Say whether numba is there, may compile, and has a place to keep what it compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False
    try:
        from planning.network import _grid  # noqa: F401  RuntimeError: no folder to keep compiled code in
    except (ImportError, RuntimeError):
        return False
    return True
