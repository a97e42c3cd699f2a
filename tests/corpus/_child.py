"""Run ``check --json`` and ``run`` on a plan and print one line of JSON on what happened, time and memory included."""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from typing import Any

from click.testing import CliRunner

from planning import runs  # noqa: F401  (loaded first, so that the time is that of the files)
from planning.cli import main


def _trace(result: Any) -> str:
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        return "".join(traceback.format_exception(error))
    return result.output if "Traceback (most recent" in result.output else ""


def _peak_mib() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


if __name__ == "__main__":
    plan, out, steps = sys.argv[1:]
    started = time.perf_counter()
    checked = CliRunner().invoke(main, ["check", plan, "--json"])
    seconds, peak = time.perf_counter() - started, _peak_mib()
    ran = CliRunner().invoke(main, ["run", plan, "--out", out, "--only", steps])
    told = {
        "exit_code": checked.exit_code,
        "document": checked.stdout,
        "run_exit": ran.exit_code,
        "run_said": ran.output[-3000:],
        "seconds": seconds,
        "peak_mib": peak,
        "traceback": _trace(checked) + _trace(ran),
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")
