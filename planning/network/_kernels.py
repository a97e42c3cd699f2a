"""Room of `planning.network`: which searches to use, those that numba compiles or scipy's.

Both give the same answers to the millimetre. Compiled code is kept on disk; where it has to be made first, that takes
half a minute, which a program with a screen spends in a process of its own (`warm_up`) and searches by scipy meanwhile.

numba looks only at the one file that a function stands in before it takes up kept code; what that function calls, and
the order of the arrays it is given, may have changed in another. So the names of kept files carry a hash of them all.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

SEARCHES: Final = ("network/_grid", "catchment/_search", "catchment/_flood", "catchment/_twofold", "catchment/_contour")
COMPILED_WITH: Final = ("network/_kernels", "catchment/_graph", "catchment/_worst")

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """Have numba compile a function when it is first called, and keep the code under a name that tells the sources."""
    from numba import njit  # takes a second to load

    compiled_later: Any = njit(nogil=True)(function)
    if hasattr(compiled_later, "enable_caching"):  # not where compiling is forbidden
        compiled_later._cache = _keeper()(function)  # noqa: SLF001  numba has no other way to name what it keeps
    return cast("Kernel", compiled_later)


@cache
def _keeper() -> type[Any]:
    from numba.core.caching import CompileResultCacheImpl, FunctionCache

    class Named(CompileResultCacheImpl):
        def get_filename_base(self, fullname: str, abiflags: str) -> str:
            return str(super().get_filename_base(f"{fullname}-{digest()}", abiflags))  # type: ignore[no-untyped-call]

    class Keeper(FunctionCache):
        _impl_class = Named

    return Keeper


@cache
def digest() -> str:
    """Return a hash of every file that compiled code is made from."""
    package = Path(__file__).parents[1]
    return source_hash([package / f"{name}.py" for name in (*SEARCHES, *COMPILED_WITH)])


def source_hash(files: list[Path]) -> str:
    """Return eight hexadecimal digits of the SHA-256 of files in a row."""
    one_by_one = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(one_by_one).hexdigest()[:8]


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
    for name in SEARCHES:
        source = package / f"{name}.py"
        if not any((source.parent / "__pycache__").glob(f"{source.stem}.*-{digest()}-*.nbi")):
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
