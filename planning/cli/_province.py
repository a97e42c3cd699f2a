"""The commands for a province (part of ``cli``): how a run of one is told, ``status``, ``workers``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from planning import texts
from planning.cli._say import list_faults, shown, table


def run_province(plan: Path, *, out: Path | None, workers: int | None, scheduler: str | None) -> None:
    """Run a province, say what came out, and exit with 4 where counties are missing."""
    from planning import province

    done = province.run(plan, out=out, workers=workers, scheduler=scheduler, progress=_tell)
    list_faults(done.warnings)
    for code in sorted(done.missing):
        name = texts.printable(done.names.get(code, ""))
        click.echo(texts.both("province.missing_county", code=texts.printable(code), name=name), err=True)
        list_faults(done.missing[code])
    _report(done)
    if done.missing:
        sys.exit(province.INCOMPLETE)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="机器可读 / for machines")
@shown
def status(folder: Path, *, as_json: bool) -> None:
    """查看省级运行的进度。 / Say how far a run of a province is."""
    from planning import province
    from planning.errors import Fault, InputRefused

    found = province.status(folder)
    if found is None:
        raise InputRefused(Fault("province_no_run", file=folder.name))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    state = [texts.t(f"province.run.{found['state']}", language) for language in texts.LANGUAGES]
    click.echo(f"{state[0]} / {state[1]}")
    counts = found.get("counties")
    if counts:
        click.echo(texts.both("province.counted", **counts))
    click.echo(texts.both("province.where", began=found["began"], at=found["at"], pid=found["pid"], host=found["host"]))
    table(_county_lines(found["of_counties"]))
    click.echo(f"  {found['log']}")


def _county_lines(counties: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a line for each county: state, seconds, memory, what is against it."""
    heads = {name: texts.both(f"province.status_head.{name}") for name in ("code", "state", "seconds", "peak", "why")}
    return [
        {
            heads["code"]: code,
            heads["state"]: texts.both(f"province.status_state.{one['state']}"),
            heads["seconds"]: f"{one['seconds']:.1f}",
            heads["peak"]: "—" if one["peak_mib"] is None else f"{one['peak_mib']:.0f}",
            heads["why"]: ", ".join(dict.fromkeys(one["faults"])),
        }
        for code, one in counties.items()
        if code != "_outside"
    ]


@click.command()
@shown
def workers() -> None:
    """说明怎样在多台机器上启动调度器和工作进程。 / Say how to start a scheduler and workers on several machines."""
    for language in texts.LANGUAGES:
        click.echo(texts.t("province.workers", language))


def _tell(step: str, done: int, total: int) -> None:
    if total:
        click.echo(f"{texts.both(f'province.step.{step}')} {done}/{total}", err=True)


def _report(done: Any) -> None:
    """Say what the province meets, in a few lines, and where the files are."""
    summary = done.summary
    for row in summary["indicators"]:
        if row["subject"] == "plan" and row["unit"] == "share" and row["required"] is not None:
            _clause(row)
    facts = {"done": summary["counties_done"], "total": summary["counties_total"]}
    click.echo(texts.both("province.done", folder=done.folder, run_id=done.run_id, **facts))
    if done.missing:
        click.echo(texts.both("province.missing", codes=", ".join(sorted(done.missing))))
    for name in ("province.xlsx", "atlas.pdf", "province.gpkg", "summary.json"):
        if (done.folder / name).exists():
            click.echo(f"  {done.folder / name}")


def _clause(row: Any) -> None:
    actual = "—" if row["actual"] is None else f"{row['actual']:.1%}"
    facts = {"clause": row["clause_id"], "actual": actual, "required": f"{row['required']:.0%}"}
    said = [
        texts.t("province.centre_line", one, **facts, verdict=texts.t(f"province.verdict.{row['verdict']}", one))
        for one in texts.LANGUAGES
    ]
    click.echo(" / ".join(said))
