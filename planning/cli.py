"""The command line. It reads what was asked, calls the rooms, and says what came out.

Exit codes: 0 done, 1 refused input (every fault listed, nothing half-written), 2 wrong usage, 3 the machine failed.
"""

from __future__ import annotations

import functools
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unicodedata import east_asian_width

import click

from planning import __version__, texts
from planning.errors import Fault, MachineFailed, PlanningError

P = ParamSpec("P")
R = TypeVar("R")


def _shown(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a `PlanningError` into its list of faults on standard error and its exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except PlanningError as error:
            _list_faults(error.faults)
            sys.exit(error.exit_code)
        except MemoryError:
            _list_faults([Fault("machine_memory")])
            sys.exit(MachineFailed.exit_code)
        except BrokenPipeError:
            raise
        except OSError as error:
            _list_faults([Fault("machine_write", file=str(error.filename or ""), value=error.strerror or str(error))])
            sys.exit(MachineFailed.exit_code)
        except KeyboardInterrupt:
            click.echo(texts.both("cli.interrupted"), err=True)
            sys.exit(MachineFailed.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001  the last door: a fault of the program must not pass for refused input
            traceback.print_exc()
            click.echo(texts.both("cli.program_fault"), err=True)
            sys.exit(MachineFailed.exit_code)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version=__version__, prog_name="planning")
def main() -> None:
    """养老服务设施专项规划：15 分钟服务圈、每百户面积、选址。 / Plans for elderly-care facilities."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a terminated run tidies up too
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console may not know every character of a name


@main.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="成果文件夹 / run folder [out beside the plan]")
@click.option(
    "--only",
    metavar="STEP",
    help="只做一步及其所需 / check, coverage, compliance, siting, report, atlas, webmap, export",
)
@_shown
def run(plan: Path, out: Path | None, only: str | None) -> None:
    """运行方案，写出成果文件夹。 / Run PLAN and write its run folder."""
    from planning import runs

    with _Progress(runs.steps(only)) as progress:
        done = runs.run(plan, out=out, only=only, progress=progress)
    _list_faults(done.faults)
    _report(done.folder, done.run_id, done.result.summary, done.result.inputs.plan.defaults)


@main.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="机器可读 / for machines")
@_shown
def check(plan: Path, *, as_json: bool) -> None:
    """只检查方案与数据。 / Check PLAN and its data, nothing else."""
    from planning import runs

    faults, ledger = runs.check(plan)
    bad = any(fault.severity == "error" for fault in faults)
    if as_json:
        counts = {name: dict(rows) for name, rows in ledger.items()}
        found = {"ok": not bad, "faults": [fault.as_dict() for fault in faults], "ledger": counts}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _list_faults(faults)
        for name, rows in ledger.items():
            click.echo(texts.both("cli.ledger_line", name=name, **rows))
        click.echo(texts.both("cli.check_refused" if bad else "cli.check_passed"))
    sys.exit(1 if bad else 0)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("planning-demo"))
@_shown
def demo(folder: Path) -> None:
    """把示例数据复制到 FOLDER 并运行。 / Copy the sample to FOLDER and run it."""
    from planning import runs

    plan = runs.copy_sample(folder)
    with _Progress(runs.steps()) as progress:
        done = runs.run(plan, progress=progress)
    _list_faults(done.faults)
    _report(done.folder, done.run_id, done.result.summary, done.result.inputs.plan.defaults)


@main.command()
@click.argument("plan", type=click.Path(path_type=Path), required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@_shown
def app(plan: Path | None, port: int) -> None:
    """在浏览器中打开工作台。 / Open the workbench in the browser."""
    from planning import runs

    sys.exit(runs.open_app(plan, port=port))


@main.group()
def standards() -> None:
    """标准库。 / The policy documents as rules."""


@standards.command(name="list")
@_shown
def list_standards() -> None:
    """列出全部标准。 / List the standards."""
    from planning import standards as library

    _table(library.listing())


@standards.command()
@click.argument("standard")
@_shown
def show(standard: str) -> None:
    """列出一份标准的全部条款。 / Show every clause of STANDARD."""
    from planning import standards as library

    _table(library.rows(library.load(standard)))


@standards.command()
@click.argument("file", type=click.Path(path_type=Path))
@_shown
def validate(file: Path) -> None:
    """检查自编标准文件。 / Check a standard's TOML FILE."""
    from planning import standards as library

    faults = library.validate(file)
    _list_faults(faults)
    if any(fault.severity == "error" for fault in faults):
        sys.exit(1)
    click.echo(texts.both("cli.standard_valid", file=file.name))


@standards.command()
@click.argument("first")
@click.argument("second")
@_shown
def diff(first: str, second: str) -> None:
    """比较两份标准。 / Compare two standards, clause by clause."""
    from planning import standards as library

    _table(library.diff(library.load(first), library.load(second)))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_shown
def verify(folder: Path) -> None:
    """重新核对成果文件夹的每个文件。 / Hash the files of a run folder again."""
    from planning import runs

    differing = runs.verify(folder)
    for name in differing:
        click.echo(texts.both("cli.verify_differs", file=name), err=True)
    if differing:
        sys.exit(1)
    click.echo(texts.both("cli.verify_ok", folder=folder.name))


@main.command()
@_shown
def doctor() -> None:
    """本机自检：版本、字体、磁盘、浏览器。 / Look at this machine: versions, fonts, disk, browser."""
    from planning import runs

    for line in runs.machine():
        click.echo(line)


# ----------------------------------------------------------------------------------------------------- how it is said


class _Progress:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, steps: Sequence[str]) -> None:
        self._length = len(steps)
        self._bar: Any = None

    def __enter__(self) -> Callable[[str], None]:
        if sys.stderr.isatty():
            self._bar = click.progressbar(length=self._length, file=sys.stderr, width=24, show_eta=False)
            self._bar.__enter__()
        return self._step

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def _step(self, name: str) -> None:
        if self._bar is None:
            click.echo(texts.both(f"step.{name}"), err=True)
        else:
            self._bar.label = texts.both(f"step.{name}")
            self._bar.update(1)


def _list_faults(faults: Iterable[Fault]) -> None:
    for fault in faults:
        mark = texts.both(f"cli.{fault.severity}")
        place = fault.where()
        click.echo(f"[{mark}] {place + ': ' if place else ''}{fault.message()}\n    → {fault.remedy()}", err=True)


def _report(folder: Path, run_id: str, summary: Any, defaults: Iterable[str]) -> None:
    """Say what the run found, in a few lines, and where it is."""
    for level, figures in summary.get("coverage", {}).items():
        share = figures["households_share"]
        shown = "—" if share is None else f"{share:.1%}"
        facts = {"level": texts.t(f"level.{level}", "zh"), "level_en": texts.t(f"level.{level}", "en")}
        click.echo(
            texts.both(
                "cli.coverage_line",
                **facts,
                radius=f"{figures['radius_m']:g}",
                covered=f"{figures['residential_covered']:g}",
                total=figures["residential_total"],
                share=shown,
            )
        )
    if "compliance" in summary:
        found = summary["compliance"]
        judged = found["meets"] + found["fails"]
        click.echo(texts.both("cli.compliance_line" if judged else "cli.compliance_none", **found))
    siting = summary.get("siting")
    if siting is not None:
        sites = "、".join(f"{site['rank']} {site['name'] or site['facility_id']}" for site in siting["sites"]) or "—"
        gap = "—" if siting["gap"] is None else f"{siting['gap']:.2%}"
        status = texts.t(f"siting_status.{siting['status']}", "zh"), texts.t(f"siting_status.{siting['status']}", "en")
        click.echo(texts.both("cli.siting_line", sites=sites, gap=gap, status=status[0], status_en=status[1]))
        if siting["unreachable"]:
            click.echo(texts.both("cli.siting_unreachable", count=len(siting["unreachable"])))
        small = "、".join(str(site["rank"]) for site in siting["sites"] if site["size_ok"] is False)
        if small:
            click.echo(texts.both("cli.siting_small", ranks=small))
    unsaid = ", ".join(defaults)
    if unsaid:
        click.echo(texts.both("cli.defaults", keys=unsaid))
    click.echo(texts.both("cli.done", folder=folder, run_id=run_id))
    for name in ("map.html", "atlas.pdf", "tables.xlsx", "results.gpkg", "summary.json"):
        if (folder / name).exists():
            click.echo(f"  {folder / name}")


def _table(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows under their headings, columns aligned for Chinese, which is two cells wide."""
    rows = [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
    if not rows:
        return
    heads = list(rows[0])
    widths = {head: max(_cells(head), *(_cells(row[head]) for row in rows)) for head in heads}
    for row in [dict(zip(heads, heads, strict=True)), *rows]:
        click.echo("  ".join(row[head] + " " * (widths[head] - _cells(row[head])) for head in heads).rstrip())


def _cells(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
