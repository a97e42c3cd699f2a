"""The command line. It reads what was asked, calls the rooms, and says what came out.

Exit codes: 0 done, 1 refused input (every fault listed, nothing half-written), 2 wrong usage, 3 the machine failed,
4 a province finished with counties missing.
"""

from __future__ import annotations

import signal
import sys

import click

from planning import __version__
from planning.cli._check import check
from planning.cli._compare import compare
from planning.cli._fetch import fetch, postgis, publish
from planning.cli._init import init
from planning.cli._machine import app, doctor, verify
from planning.cli._province import status, workers
from planning.cli._run import demo, run
from planning.cli._standards import standards
from planning.cli._style import style
from planning.cli._template import report_template
from planning.cli._wheelhouse import wheelhouse


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version=__version__, prog_name="planning")
def main() -> None:
    """养老服务设施专项规划：15 分钟服务圈、每百户面积、选址。 / Plans for elderly-care facilities."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a terminated run tidies up too
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console may not know every character of a name


for _command in (
    run, check, init, fetch, postgis, publish, demo, app, standards, compare, style, verify, status, workers, doctor,
    report_template, wheelhouse,
):  # fmt: skip
    main.add_command(_command)
