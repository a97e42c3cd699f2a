"""The command that looks at a plan and its data without running it (part of ``cli``): ``check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from planning import isolation, texts
from planning.cli._say import READER, list_faults, shown
from planning.errors import Fault, WrongUsage

Counts = Mapping[str, Mapping[str, int]]


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="机器可读 / for machines")
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="把数据质量报告（html、docx、xlsx）写入文件夹 / write the data quality report (html, docx, xlsx) into DIR",
)
@shown
def check(plan: Path, *, as_json: bool, folder: Path | None) -> None:
    """只检查方案与数据。 / Check PLAN and its data, nothing else."""
    isolation.start(READER)  # while the libraries load here
    faults, ledger, written = _found(plan, folder)
    bad = any(fault.severity == "error" for fault in faults)
    if as_json:
        counts = {name: dict(rows) for name, rows in ledger.items()}
        found = {"ok": not bad, "faults": [fault.as_dict() for fault in faults], "ledger": counts}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        list_faults(faults)
        for name, rows in ledger.items():
            said = [texts.t("cli.ledger_line", one, name=_called(name, one), **rows) for one in texts.LANGUAGES]
            click.echo(" / ".join(said))
        for path in written:
            click.echo(texts.both("quality.written", path=path))
        errors = sum(fault.severity == "error" for fault in faults)
        key = "cli.check_refused" if bad else "cli.check_passed"
        click.echo(texts.both(key, errors=errors, warnings=len(faults) - errors))
    sys.exit(1 if bad else 0)


def _found(plan: Path, folder: Path | None) -> tuple[tuple[Fault, ...], Counts, tuple[Path, ...]]:
    """Return faults, rows by input, and the files of the report; of a list of counties each with its code."""
    from planning import province, runs

    if province.lists_counties(plan):
        if folder is not None:
            raise WrongUsage(Fault("province_no_report", value="--report"))
        return (*province.check(plan), ())
    if folder is None:
        checkup = runs.examine(plan)
        return checkup.faults, checkup.counts, ()
    checkup, written = runs.report_data(plan, folder)
    return checkup.faults, checkup.counts, written


def _called(name: str, language: texts.Language) -> str:
    """Return an input's name in words, a county's code before it."""
    from planning.tables import input_name

    code, _, own = name.rpartition(":")
    return f"{code} {input_name(own, language)}".strip()
