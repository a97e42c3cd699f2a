"""Without a compiler: scipy's searches give the same answers, and a program that compiles does not wait for it."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import gridtown as town
import numpy as np
import pandas as pd
import pytest
import test_kernels
from geopandas.testing import assert_geodataframe_equal
from test_kernels import Oracle, check, stretches_of

from planning import catchment, network
from planning.catchment import _plain
from planning.network import _kernels


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(_kernels, "compiled", lambda: False)
    monkeypatch.setattr(catchment, "compiled", lambda: False)


@pytest.mark.usefixtures("plain")
@pytest.mark.slow
def test_equal_to_networkx_on_random_multigraphs():
    for seed in range(40):
        check(seed)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("seed", range(4))
def test_reached_metres(seed):
    test_kernels.test_reached_metres_asked_one_by_one(seed)


@pytest.mark.parametrize("seed", range(12))
def test_stretches_are_walked_alike(seed, monkeypatch):
    """Stretches as demand and as facilities, one label at a time as for a network of millions."""
    oracle = Oracle(seed)
    net = network.build(oracle.roads())
    demand = stretches_of(oracle, net, np.random.default_rng(seed))
    sites = demand.reset_index(drop=True).assign(facility_id=["x0", "x1", "x2", "x3"])

    def answers() -> list[pd.DataFrame]:
        return [
            catchment.nearest(net, oracle.facilities(), demand),
            catchment.reach(net, oracle.facilities(), demand, limit_m=oracle.limit_m),
            catchment.reach(net, sites, demand, limit_m=oracle.limit_m),
            catchment.reached_union(net, oracle.facilities(), limit_m=40),
        ]

    compiled = answers()
    monkeypatch.setattr(_kernels, "compiled", lambda: False)
    monkeypatch.setattr(_plain, "CELLS", 1)
    for one, other in zip(compiled, answers(), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_the_grid_town_with_its_river(plain):
    net = network.build(town.roads(), barriers=town.river())
    found = catchment.reach(net, town.facilities(), town.demand(), limit_m=900)
    assert found.to_numpy().tolist() == [
        [site, area, float(m)] for site in ("F1", "F2") for area, m in town.DISTANCE_M[site].items() if m <= 900
    ]
    one, other = (
        catchment.service_areas(net, town.facilities(), limits_m=[300, 900], drawing=how) for how in ("fast", "exact")
    )
    assert_geodataframe_equal(one, other)


def test_numbers_that_floats_do_not_hold_are_refused():
    far = 1 << 50
    graph = SimpleNamespace(indptr=np.array([0, 1, 2]))
    with pytest.raises(OverflowError, match="53 bits"):
        _plain.nearest_label(graph, SimpleNamespace(edge=np.zeros(8)), far)


def test_numba_may_be_missing():
    code = (
        "import sys; sys.modules['numba'] = None; sys.path.insert(0, 'tests')\n"
        "import gridtown as town\n"
        "from planning import catchment, network\n"
        "net = network.build(town.roads())\n"
        "assert not catchment.compiled()\n"
        "print(catchment.reach(net, town.facilities(), town.demand(), limit_m=900)['distance_m'].sum())\n"
        "print(len(catchment.service_areas(net, town.facilities(), limits_m=[300])))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    within = [m for site in ("F1", "F2") for m in town.DISTANCE_M[site].values() if m <= 900]
    assert told == [str(float(sum(within))), "2"]


@pytest.mark.parametrize(("setting", "says"), [("1", False), ("0", True), ("", True)])
def test_compiling_may_be_forbidden(monkeypatch, setting, says):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", setting)
    _kernels._has_numba.cache_clear()
    try:
        assert _kernels.compiled() is says
    finally:
        _kernels._has_numba.cache_clear()


def test_no_folder_to_keep_compiled_code_in(monkeypatch):
    """numba refuses to keep code where it can write nowhere: then it is done without."""

    def njit(**_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    assert _kernels.compiled()
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(njit=njit))
    monkeypatch.delitem(sys.modules, "planning.network._grid")
    monkeypatch.delattr(network, "_grid")
    _kernels._has_numba.cache_clear()
    try:
        assert not _kernels.compiled()
    finally:
        _kernels._has_numba.cache_clear()


def test_while_it_compiles_nobody_waits(monkeypatch):
    """Begun once, if nothing is kept; until the process has ended, compiled code is not there to be used."""
    begun: list[list[str]] = []
    ended: list[int | None] = [None]
    kept = True

    def begin(words: list[str], **_: object) -> SimpleNamespace:
        begun.append(words)
        return SimpleNamespace(poll=lambda: ended[0])

    monkeypatch.setattr(subprocess, "Popen", begin)
    monkeypatch.setattr(_kernels, "_is_kept", lambda: not begun and kept)
    _kernels._compiler.cache_clear()
    try:
        assert _kernels.compiled()
        assert not begun
        catchment.warm_up()
        assert not begun
        kept = False
        catchment.warm_up()
        catchment.warm_up()
        assert [words[1:] for words in begun] == [["-m", "planning.catchment._warm"]]
        assert not _kernels.compiled()
        ended[0] = 0
        assert _kernels.compiled()
    finally:
        _kernels._compiler.cache_clear()


def test_kept_code_tells_every_file_it_was_made_from(tmp_path):
    """Whatever a search calls or is given may stand in another file: those that they import are all looked at."""
    package = Path(_kernels.__file__).parents[1]
    made = re.compile(r"^@kernel\b|\bkernel\(|\bnjit\b", re.MULTILINE)
    uses = {file for file in package.rglob("*.py") if made.search(file.read_text("utf-8"))}
    assert uses == {package / f"{name}.py" for name in (*_kernels.SEARCHES, "network/_kernels")}
    for name in _kernels.SEARCHES:
        source = (package / f"{name}.py").read_text("utf-8")
        words = re.findall(r"^from planning\.(\S+) import (.*)$", source, re.MULTILINE)
        rooms = ("network", "catchment")
        needed = {f"{room}/{what}" if room in rooms else room.replace(".", "/") for room, what in words}
        assert needed <= {*_kernels.SEARCHES, *_kernels.COMPILED_WITH}, name

    one, two = tmp_path / "one.py", tmp_path / "two.py"
    seen = set()
    for texts in (("a", "b"), ("a", "c"), ("d", "b"), ("ab", ""), ("b", "a")):
        one.write_text(texts[0])
        two.write_text(texts[1])
        seen.add(_kernels.source_hash([one, two]))
    assert len(seen) == 5


def test_code_kept_by_an_older_version_is_not_taken_up(tmp_path, monkeypatch):
    """The same file with another version of what it calls: numba by itself goes on with the old, we do not.

    Nor is an index opened that an older version wrote, whose classes may be there no more: here it holds nonsense.
    """
    begin = "from planning.network._kernels import kernel\n"
    step = begin + "@kernel\ndef step(x):\n    return x + {}\n"
    walk = begin + "from called_once import step\n@kernel\ndef walk(x):\n    return step(x) * 2\n"
    (tmp_path / "called_once.py").write_text(step.format(1))
    (tmp_path / "calling_once.py").write_text(walk)
    monkeypatch.syspath_prepend(str(tmp_path))

    def answer(digest: str) -> int:
        monkeypatch.setattr(_kernels, "digest", lambda: digest)
        for name in ("called_once", "calling_once"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module("calling_once").walk(20)

    assert answer("old") == 42
    for kept in (tmp_path / "__pycache__").glob("calling_once.walk-old-*.nbi"):
        (kept.parent / kept.name.replace("-old", "")).write_bytes(b"nonsense")
    (tmp_path / "called_once.py").write_text(step.format(100))
    importlib.invalidate_caches()
    assert answer("new") == 240
