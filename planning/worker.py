"""Long work in a process of its own: a run, a check of data, a look through a folder; asked for and told in lines.

A process that calls `main` reads one request as a line of JSON, writes ``{"step": name}`` lines as it goes on, and
leaves its answer in a file of the caller's own folder. It ends when its standard input is closed: with the caller.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from planning.errors import Fault, PlanningError

ANSWER: Final = "answer"
MEMORY_SHARE: Final = 0.8
"""Never more than this share of the machine's memory: a run that is too large ends itself, not the server."""
Step = Callable[[str], None]


def main() -> None:
    """Do the one piece of work that standard input asks for."""
    told = _claim_output()
    asked = sys.stdin.readline()
    if not asked:  # nobody asked, and the caller is gone
        os._exit(0)
    request = json.loads(asked)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    _cap_memory()
    folder = Path(request["folder"])
    try:
        found: Any = TASKS[request["task"]](request, lambda step: _tell(told, step))
    except PlanningError as error:
        found = error.faults
    except MemoryError:
        found = (Fault("machine_memory"),)
    _leave(folder, found)
    os._exit(0)  # what libraries do on their way out is of no use to anybody


def answer(folder: Path) -> Any:
    """Return what a worker left in ``folder``: the result, or a tuple of faults; None if it left nothing.

    The file is written by this program alone, in a folder that only its own account may open: what hostile files do
    happens in the reader's process, which never hands over a pickle.
    """
    path = folder / ANSWER
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return pickle.load(stream)  # noqa: S301  our own, see above


# ------------------------------------------------------------------------------------------------------- what is done


def _run(request: Mapping[str, Any], step: Step) -> Any:
    from planning import runs

    return runs.run(_plan(request), out=Path(request["folder"]) / "out", only=request["only"], progress=step)


def _check(request: Mapping[str, Any], step: Step) -> Any:
    from planning import runs

    step("read")
    return runs.examine(_plan(request), reconciled=True)


def _survey(request: Mapping[str, Any], step: Step) -> Any:
    from planning import init

    return init.survey(request["plan"], progress=step)


def _plan(request: Mapping[str, Any]) -> Path:
    """Return the plan file; a request without one is for the sample, copied beside the results first."""
    from planning import runs

    if request["plan"] is not None:
        return Path(request["plan"])
    return runs.copy_sample(Path(request["folder"]) / "sample")


TASKS: Final[Mapping[str, Callable[[Mapping[str, Any], Step], Any]]] = MappingProxyType(
    {"run": _run, "check": _check, "survey": _survey}
)

# ------------------------------------------------------------------------------------------------------------- the pipe


def _claim_output() -> IO[str]:
    """Keep standard output for our lines; whatever a library prints goes the way of the errors."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")


def _tell(told: IO[str], step: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        told.write(json.dumps({"step": step}) + "\n")
        told.flush()


def _end_with_caller() -> None:
    """End at once when the caller's end of the pipe is gone."""
    sys.stdin.read()
    os._exit(1)


def _cap_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        most = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


class _Pickler(pickle.Pickler):
    """Frozen mappings travel too."""

    def reducer_override(self, found: Any) -> Any:
        return (_frozen, (dict(found),)) if isinstance(found, MappingProxyType) else NotImplemented


def _frozen(found: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(found)


def _leave(folder: Path, found: Any) -> None:
    """Write the answer whole or not at all."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(found)
    draft = folder / f"{ANSWER}.part"
    draft.write_bytes(stream.getvalue())
    draft.replace(folder / ANSWER)
