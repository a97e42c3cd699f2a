"""Room `planning.province`: where the counties run: here, in processes of this machine, or on a Dask cluster.

The task is the same everywhere, and so are its bytes. A worker that dies is replaced and its county tried again; a
county that ends its worker every time is set aside with a word, and the others are done.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path
from typing import Any, Final, Protocol

from planning.errors import Fault, MachineFailed, WrongUsage
from planning.province._county import perform, ready
from planning.sources import parcel

TRIES: Final = 3
"""So many workers a county may end before it is set aside."""
NO_WORKER_S: Final = 30.0
"""So long a run waits for the first worker of a scheduler."""
_READY: Final = "from planning.province._county import ready; ready()"
"""As text: a function would be loaded, and this program with it, where a worker of Dask listens to its scheduler."""
Spec = Mapping[str, Any]
Outcome = dict[str, Any]
Work = Callable[[str, Spec], Outcome]


class Executor(Protocol):
    """Does tasks and yields what came of each, in the order they end."""

    name: str

    def each(self, task: str, specs: Sequence[Spec]) -> Iterator[Outcome]:
        """Do ``task`` for every spec."""

    def close(self) -> None:
        """End the workers."""


def executor(workers: int | None, scheduler: str | None) -> Executor:
    """Return the executor asked for: one process by default.

    Raises
    ------
    WrongUsage
        Both are asked for, or fewer than one worker.
    MachineFailed
        The scheduler does not answer, or the packages for it are not installed.
    """
    refuse_odd(workers, scheduler)
    if scheduler is not None:
        return Cluster(scheduler)
    return Serial() if workers in (None, 1) else Processes(int(workers or 1))


def refuse_odd(workers: int | None, scheduler: str | None) -> None:
    """Refuse two executors at once, or none."""
    if scheduler is not None and workers is not None:
        raise WrongUsage(Fault("province_two_executors"))
    if workers is not None and workers < 1:
        raise WrongUsage(Fault("province_workers", value=str(workers)))


class Serial:
    """One after another in this process."""

    name = "serial"

    def each(self, task: str, specs: Sequence[Spec]) -> Iterator[Outcome]:
        """Do the tasks in order."""
        for spec in specs:
            yield perform(task, spec)

    def close(self) -> None:
        """Nothing is left open."""


class Processes:
    """Processes on this machine: each worker has one county at a time, so that it is known who ended it.

    They start at once and load their libraries while the run reads its files.
    """

    def __init__(self, workers: int, work: Work = perform) -> None:
        self.name = f"{workers} processes"
        self._workers = workers
        self._slots = [_Slot(work) for _ in range(workers)]
        self._stop = threading.Event()
        for slot in self._slots:
            slot.begin()

    def each(self, task: str, specs: Sequence[Spec]) -> Iterator[Outcome]:
        """Do the tasks, the next as soon as a worker is free."""
        left = list(reversed(specs))
        with ThreadPoolExecutor(self._workers, thread_name_prefix="planning-province") as threads:
            free = list(self._slots)
            busy: dict[Future[Outcome], _Slot] = {}
            try:
                while left or busy:
                    while left and free:
                        slot = free.pop()
                        busy[threads.submit(slot.do, task, left.pop(), self._stop)] = slot
                    done, _ = wait(busy, return_when=FIRST_COMPLETED)
                    for future in done:
                        free.append(busy.pop(future))
                        yield future.result()
            except BaseException:
                self._stop.set()
                self._end()
                raise

    def close(self) -> None:
        """End the workers."""
        self._end()

    def _end(self) -> None:
        for slot in self._slots:
            slot.end()


class _Slot:
    """One worker process, made again when it dies."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._pool: ProcessPoolExecutor | None = None

    def begin(self) -> ProcessPoolExecutor:
        """Start the worker, unless there is one."""
        if self._pool is None:
            spawned = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=spawned, initializer=_attend)
            self._pool.submit(ready)
        return self._pool

    def do(self, task: str, spec: Spec, stop: threading.Event) -> Outcome:
        """Do a task, again with a new worker if one died of it."""
        for _ in range(TRIES):
            try:
                return self.begin().submit(self._work, task, spec).result()
            except BrokenProcessPool:
                self.end()
                if stop.is_set():
                    break
        return dead(spec)

    def end(self) -> None:
        """End the worker, whatever it is at."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001  there is no other way to end one
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)


def _attend() -> None:
    """Let this worker end with the run that started it, however that ends, and before it where memory runs out.

    The system takes this worker, whose county is tried again, rather than the run. Nothing else tells a worker that
    waits for work that the run was killed: the others hold its pipe open.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    threading.Thread(target=_end_with_run, daemon=True, name="planning-province-attend").start()


def _end_with_run() -> None:
    run = multiprocessing.parent_process()
    if run is not None:
        connection.wait([run.sentinel])
        os._exit(1)


class Cluster:
    """Workers of a Dask scheduler, on this machine or others that see the same folders."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise MachineFailed(Fault("province_no_dask")) from None
        try:
            self._client: Any = distributed.Client(address, timeout="15s", set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise MachineFailed(
                Fault("province_no_scheduler", value=address, facts={"why": str(error)[:200]})
            ) from None
        self._address = address
        there = self._workers()
        self.name = f"dask {len(there)} workers"
        self._loading = [
            self._client.submit(exec, _READY, workers=[one], pure=False, key=f"ready-{one}-{time.time_ns()}")
            for one in there
        ]

    def _workers(self) -> list[str]:
        """Return the addresses of the workers; without one a run would wait for ever."""
        try:
            self._client.wait_for_workers(1, timeout=NO_WORKER_S)
        except TimeoutError:
            self._client.close()
            raise MachineFailed(Fault("province_no_workers", value=self._address)) from None
        return sorted(self._client.scheduler_info(n_workers=-1)["workers"])

    def each(self, task: str, specs: Sequence[Spec]) -> Iterator[Outcome]:
        """Hand the tasks out; a worker that dies costs its task one try."""
        import distributed

        futures = {
            self._client.submit(
                perform, task, dict(spec), pure=False, key=f"{task}-{spec['code']}-{spec['turn']}"
            ): spec
            for spec in specs
        }
        done: Any = distributed.as_completed(list(futures), loop=self._client.loop)  # type: ignore[no-untyped-call]
        try:
            for future in done:
                try:
                    yield future.result()
                except distributed.KilledWorker:
                    yield dead(futures[future])
                except (CancelledError, asyncio.CancelledError) as error:  # what is left is lost with the scheduler
                    raise self._failed("province_no_scheduler", error) from None
                except (ImportError, AttributeError, RuntimeError) as error:  # a task's own errors are its answers
                    raise self._failed("province_worker_without", error) from None
                future.release()
        finally:
            self._client.cancel(list(futures), force=True)

    def _failed(self, code: str, error: BaseException) -> MachineFailed:
        facts = {"why": f"{type(error).__name__} {error}".replace("\n", " ")[:200]}
        return MachineFailed(Fault(code, value=self._address, facts=facts))

    def close(self) -> None:
        """Leave the cluster; its workers go on."""
        self._client.close()


def dead(spec: Spec) -> Outcome:
    """Return the outcome of a county that ended its worker every time."""
    fault = Fault("province_worker_died", value=str(spec["code"]), facts={"tries": TRIES})
    return {"code": spec["code"], "faults": parcel.faults_as_json([fault]), "refused": True, "died": True}
