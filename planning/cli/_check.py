"""The command that looks at a plan and its data without running it (part of ``cli``): ``check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from planning import isolation, texts
from planning.cli._say import READER, list_faults, shown


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
    from planning import runs
    from planning.tables import input_name

    written: tuple[Path, ...] = ()
    if folder is None:
        checkup = runs.examine(plan)
    else:
        checkup, written = runs.report_data(plan, folder)
    faults, ledger = checkup.faults, checkup.counts
    bad = any(fault.severity == "error" for fault in faults)
    if as_json:
        counts = {name: dict(rows) for name, rows in ledger.items()}
        found = {"ok": not bad, "faults": [fault.as_dict() for fault in faults], "ledger": counts}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        list_faults(faults)
        for name, rows in ledger.items():
            said = [texts.t("cli.ledger_line", one, name=input_name(name, one), **rows) for one in texts.LANGUAGES]
            click.echo(" / ".join(said))
        for path in written:
            click.echo(texts.both("quality.written", path=path))
        errors = sum(fault.severity == "error" for fault in faults)
        key = "cli.check_refused" if bad else "cli.check_passed"
        click.echo(texts.both(key, errors=errors, warnings=len(faults) - errors))
    sys.exit(1 if bad else 0)
