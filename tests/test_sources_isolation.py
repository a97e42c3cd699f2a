"""A process that works with hostile files: its caps, its walls, its end; and what a reading says that was stopped."""

from __future__ import annotations

import errno
import http.server
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planning.isolation import Caps, Server, Stopped
from planning.isolation._usage import usage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LINUX = sys.platform == "linux"
MIB = 1 << 20
CAPS = Caps(memory_bytes=300 * MIB, disk_bytes=8 * MIB, cpu_s=20, wall_s=30)


def caps(**less):
    return Caps(**{**CAPS.__dict__, **less})


@pytest.fixture(scope="module", params=[pytest.param(True, marks=pytest.mark.skipif(not LINUX, reason="fork")), False])
def server(request):
    """A server of each kind: one that forks a child for a call, and one that works itself, as on Windows."""
    sys.path.insert(0, str(HERE))
    with _Kept(forks=request.param) as made:
        yield made


class _Kept:
    """A server that is made anew when a call has cost it its life, as `planning.isolation.call` does."""

    def __init__(self, *, forks):
        self.forks = forks
        self.now = Server("isolation_misdeeds", forks=forks)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.now.close()

    def call(self, do, folder, limits=CAPS, *, stop=None, **request):
        if self.now.is_gone():
            self.now.close()
            self.now = Server("isolation_misdeeds", forks=self.forks)
        return self.now.call({"do": do, **request}, folder, limits, stop or threading.Event())


# ------------------------------------------------------------------------------------------------------------- calls


def test_a_call_is_answered_by_another_process(server, tmp_path):
    answer = server.call("add", tmp_path, a=1, b=2)
    assert answer["sum"] == 3
    assert answer["pid"] != os.getpid()
    assert (answer["pid"] == server.now.pid) is not server.forks


def test_what_the_work_raises_is_an_answer(server, tmp_path):
    answer = server.call("fail", tmp_path)
    assert answer["failed"] == "KeyError: '人'"
    assert "isolation_misdeeds.py" in answer["trace"]


@pytest.mark.parametrize(
    ("do", "limits", "reason"),
    [
        pytest.param("eat", {}, "memory", marks=pytest.mark.slow),
        ("bite", {}, "memory"),
        pytest.param("burn", {"cpu_s": 1}, "cpu", marks=pytest.mark.slow),
        pytest.param("burn_in_c", {"cpu_s": 1}, "cpu", marks=pytest.mark.slow),
        ("sleep", {"wall_s": 1}, "time"),
        pytest.param("crash", {}, "died", marks=pytest.mark.slow),
        ("kill", {}, "died"),
        pytest.param("leave", {}, "died", marks=pytest.mark.slow),
        pytest.param("lie", {}, "died", marks=pytest.mark.slow),
    ],
)
def test_a_call_that_breaks_a_cap_or_dies_is_named_and_the_next_one_works(server, tmp_path, do, limits, reason):
    before = time.monotonic()
    (tmp_path / "a").mkdir()
    with pytest.raises(Stopped) as caught:
        server.call(do, tmp_path / "a", caps(**limits))
    assert caught.value.reason == reason
    assert time.monotonic() - before < 25
    (tmp_path / "b").mkdir()
    assert server.call("add", tmp_path / "b", a=1, b=1)["sum"] == 2


@pytest.mark.skipif(not LINUX, reason="the kernel's limit on files")
def test_a_child_that_fills_the_disk_is_stopped(kept, tmp_path):
    with pytest.raises(Stopped) as caught:
        kept.call("fill", tmp_path)
    assert caught.value.reason == "disk"
    assert (tmp_path / "big").stat().st_size <= CAPS.disk_bytes


def test_memory_stays_near_the_cap(server, tmp_path):
    """The watch looks every few hundredths of a second; what is taken in between is little beside the cap."""
    seen, ended = [0], threading.Event()

    def look():
        while not ended.is_set():
            for process in _children(server.now.pid) if server.forks else [server.now.pid]:
                now = usage(process)
                seen.append(0 if now is None else now.memory_bytes)
            time.sleep(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    with pytest.raises(Stopped):
        server.call("eat", tmp_path)
    ended.set()
    thread.join()
    assert max(seen) < 3 * CAPS.memory_bytes


def _children(process):
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def test_calls_from_many_threads_do_not_mix(server, tmp_path):
    def one(at):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        return server.now.call({"do": "add", "a": at, "b": 1000}, folder, CAPS, threading.Event())["sum"]

    assert server.call("add", tmp_path, a=0, b=0)["sum"] == 0
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == [at + 1000 for at in range(24)]


def test_a_call_nobody_waits_for_is_ended(server, tmp_path):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    before = time.monotonic()
    with pytest.raises(Stopped) as caught:
        server.call("sleep", tmp_path, stop=stop)
    assert caught.value.reason == "cancelled"
    assert time.monotonic() - before < 10
    _wait_until(lambda: not _alive(int((tmp_path / "asleep").read_text())))


# ------------------------------------------------------------------------------------------------------------- walls


@pytest.fixture
def kept():
    """A server that forks, of this test alone."""
    sys.path.insert(0, str(HERE))
    with _Kept(forks=True) as made:
        yield made


@pytest.fixture
def listener():
    """A web server on loopback that counts who comes."""
    came = []

    class Count(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            came.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Count) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield made.server_address[1], came
        made.shutdown()


def test_there_is_no_way_out(server, tmp_path, listener):
    port, came = listener
    found = server.call("reach_out", tmp_path, port=port)
    assert found["out"] == []
    assert set(found["refused"]) == {"connect", "udp", "lookup", "url", "program", "system", "exec"}
    assert came == []


@pytest.mark.skipif(not LINUX, reason="namespaces and system-call filters")
def test_a_library_in_c_has_no_way_out_either(kept, tmp_path, listener):
    port, came = listener
    (tmp_path / "a").mkdir()
    assert kept.call("reach_out", tmp_path / "a", port=port)["native"] == errno.EPERM
    (tmp_path / "b").mkdir()
    stand = kept.call("walls", tmp_path / "b")
    assert stand["seccomp"] == "2"
    assert stand["net"] != str(Path("/proc/self/ns/net").readlink())
    assert came == []


@pytest.mark.skipif(not LINUX, reason="children of a server")
def test_a_child_has_no_hold_on_the_channel(kept, tmp_path):
    assert kept.call("chatter", tmp_path) == {"read": 0}


def test_the_users_settings_do_not_open_gdal_again(monkeypatch, tmp_path):
    monkeypatch.setenv("GDAL_SKIP", "")
    monkeypatch.setenv("GDAL_HTTP_PROXY", "http://example.com")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("GDAL_DATA", "/there")
    names = ["GDAL_SKIP", "GDAL_HTTP_PROXY", "AWS_SECRET_ACCESS_KEY", "GDAL_DATA"]
    with _Kept(forks=LINUX) as kept:
        found = kept.call("environment", tmp_path, names=names)
    assert found == dict.fromkeys(names[:3]) | {"GDAL_DATA": "/there"}


# --------------------------------------------------------------------------------------------------------- endings


SCRIPT = """
    import sys, threading, tempfile, pathlib, os, time
    sys.path.insert(0, {here!r})
    from planning import isolation
    from planning.isolation import Caps
    folder = pathlib.Path(tempfile.mkdtemp(prefix="planning-", dir={scratch!r}))
    caps = Caps(2**29, 2**20, 60, 60)
    if {mode!r} == "sleep":
        isolation.call("isolation_misdeeds", {{"do": "sleep"}}, folder, caps)
    print(isolation.call("isolation_misdeeds", {{"do": "add", "a": 1, "b": 2}}, folder, caps)["sum"])
    print(isolation._kept("isolation_misdeeds", os.getpid())._server.pid, flush=True)
"""


def script(tmp_path, mode):
    """A user's script, without ``if __name__ == '__main__'``, in a folder with modules of names that get in the way."""
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT.format(here=str(HERE), scratch=str(tmp_path), mode=mode)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    )


def test_a_plain_script_may_call_and_leaves_no_process(tmp_path):
    with script(tmp_path, "add") as running:
        out = running.communicate(timeout=60)[0].split()
    assert (out[0], running.returncode) == ("3", 0)
    _wait_until(lambda: not _alive(int(out[1])))


@pytest.mark.skipif(not LINUX, reason="signals")
def test_a_killed_caller_leaves_neither_process_nor_file(tmp_path):
    with script(tmp_path, "sleep") as running:
        _wait_until(lambda: list(tmp_path.glob("planning-*/asleep")))
        _wait_until(lambda: next(tmp_path.glob("planning-*/asleep")).read_text())
        child = int(next(tmp_path.glob("planning-*/asleep")).read_text())
        above = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        running.send_signal(signal.SIGKILL)
    _wait_until(lambda: not _alive(child) and not _alive(above))
    _wait_until(lambda: list(tmp_path.glob("planning-*")) == [])


@pytest.mark.skipif(not LINUX, reason="signals")
def test_a_killed_server_is_named_and_replaced(kept, tmp_path):
    threading.Timer(0.7, os.kill, (kept.now.pid, signal.SIGKILL)).start()
    (tmp_path / "a").mkdir()
    with pytest.raises(Stopped) as caught:
        kept.call("sleep", tmp_path / "a")
    assert caught.value.reason == "died"
    child = tmp_path / "a" / "asleep"
    assert not child.exists() or _wait_until(lambda: not _alive(int(child.read_text())))
    (tmp_path / "b").mkdir()
    assert kept.call("add", tmp_path / "b", a=1, b=1)["sum"] == 2


@pytest.mark.skipif(not LINUX, reason="fork")
def test_a_forked_caller_has_a_server_of_its_own(tmp_path):
    code = f"""if True:
        import os, sys, pathlib
        from planning import isolation
        def call():
            caps = isolation.Caps(2**29, 2**20, 60, 60)
            isolation.call("isolation_misdeeds", {{"do": "add", "a": 1, "b": 2}}, pathlib.Path({str(tmp_path)!r}), caps)
            return isolation._kept("isolation_misdeeds", os.getpid())._server.pid
        here = call()
        pid = os.fork()
        if pid == 0:
            os._exit(0 if call() != here else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=False)
    assert done.returncode == 0


def _alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if LINUX else False
    except OSError:
        return False


def _wait_until(holds, *, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    raise AssertionError("it never came")
