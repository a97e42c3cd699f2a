"""The commands that run a plan (part of ``cli``): ``run``, ``demo``, and what they say of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from planning import isolation, texts
from planning.cli._province import run_province
from planning.cli._say import READER, Progress, list_faults, shown
from planning.errors import Fault, WrongUsage

_NAMED: Final = (
    "map.html", "atlas.pdf", "report.docx", "annex.docx", "report_template.docx", "tables.xlsx", "results.gpkg",
    "summary.json",
)  # fmt: skip


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="成果文件夹 / run folder [out beside the plan]")
@click.option(
    "--only",
    metavar="STEP",
    help="只做一步及其所需 / check, coverage, compliance, siting, report, atlas, webmap, export",
)
@click.option("--workers", type=int, help="省级方案：本机进程数 / a province: processes on this machine [1]")
@click.option("--scheduler", metavar="ADDRESS", help="省级方案：Dask 调度器 / a province: a Dask scheduler, tcp://…")
@shown
def run(plan: Path, out: Path | None, only: str | None, workers: int | None, scheduler: str | None) -> None:
    """运行方案，写出成果文件夹。 / Run PLAN and write its run folder."""
    isolation.start(READER)  # while the libraries load here
    from planning import runs

    if _is_province(plan, only=only, workers=workers, scheduler=scheduler):
        run_province(plan, out=out, workers=workers, scheduler=scheduler)
        return
    with Progress(runs.steps(only)) as progress:
        done = runs.run(plan, out=out, only=only, progress=progress)
    list_faults(done.faults)
    report(done)


def _is_province(plan: Path, *, only: str | None, workers: int | None, scheduler: str | None) -> bool:
    """Say whether a plan is a province's; refuse what does not go with it, and say who has nothing to do."""
    from planning import province

    found = province.is_province(plan)
    if found and only is not None:
        raise WrongUsage(Fault("province_only", value="--only"))
    province.refuse_odd(workers, scheduler)
    if not found and (scheduler is not None or (workers or 1) > 1):
        click.echo(texts.both("cli.one_district"), err=True)
    return found


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("planning-demo"))
@shown
def demo(folder: Path) -> None:
    """把示例数据复制到 FOLDER 并运行。 / Copy the sample to FOLDER and run it."""
    isolation.start(READER)  # while the libraries load here
    from planning import runs

    plan = runs.copy_sample(folder)
    with Progress(runs.steps()) as progress:
        done = runs.run(plan, progress=progress)
    list_faults(done.faults)
    report(done)


def _argue(siting: Any) -> None:
    """Say briefly what holds the choice of sites: the nearest substitute, plans nearly as good, robustness."""
    why = siting.get("explanation")
    if why is not None and why["substitutes"]:
        near = min(why["substitutes"], key=lambda one: (one["loss_share"] is None, one["loss_share"]))
        share = "—" if near["loss_share"] is None else f"{near['loss_share']:.2%}"
        sites = {"site": near["facility_id"], "other": near["alternative"], "share": share}
        click.echo(texts.both("cli.siting_substitute", **sites))
    tried = siting.get("robustness")
    if tried is not None:
        sites_always = "、".join(tried["no_regret"]) or "—"
        facts = {name: tried[name] for name in ("scenarios", "answered", "plan_is_best")}
        click.echo(texts.both("cli.siting_robustness", **facts, sites=sites_always))


def _sited(result: Any) -> None:
    """Say which sites were chosen, how sure that is, and what holds the choice."""
    siting = result.summary["siting"]
    called = [site["name"] if isinstance(site["name"], str) else site["facility_id"] for site in siting["sites"]]
    sites = "、".join(f"{rank} {texts.printable(name)}" for rank, name in enumerate(called, start=1)) or "—"
    gap = "—" if siting["gap"] is None else f"{siting['gap']:.2%}"
    status = texts.t(f"siting_status.{siting['status']}", "zh"), texts.t(f"siting_status.{siting['status']}", "en")
    click.echo(texts.both("cli.siting_line", sites=sites, gap=gap, status=status[0], status_en=status[1]))
    _decide(result)
    _argue(siting)
    if siting["unreachable"]:
        click.echo(texts.both("cli.siting_unreachable", count=len(siting["unreachable"])))
    small = "、".join(str(site["rank"]) for site in siting["sites"] if site["size_ok"] is False)
    if small:
        click.echo(texts.both("cli.siting_small", ranks=small))


def _decide(result: Any) -> None:
    """Say what was decided beside the sites: objective, reasons, money, closings, phases, what cannot open."""
    from planning.study.decided import SAID_FIRST, Decided

    told = {language: Decided(result, language) for language in texts.LANGUAGES}
    spoken = {
        language: [one.objective(), *one.said("reason", *SAID_FIRST), *one.summed()] for language, one in told.items()
    }
    for zh, en in zip(spoken["zh"], spoken["en"], strict=True):
        if zh:
            click.echo(f"  {zh} / {en}")


def report(done: Any) -> None:
    """Say what the run found, in a few lines, and where it is."""
    folder, summary = done.folder, done.result.summary
    for level, figures in summary.get("coverage", {}).items():
        _covered(level, figures)
    if "compliance" in summary:
        found = summary["compliance"]
        judged = found["meets"] + found["fails"]
        click.echo(texts.both("cli.compliance_line" if judged else "cli.compliance_none", **found))
    if summary.get("siting") is not None:
        _sited(done.result)
    unsaid = ", ".join(done.result.inputs.plan.defaults)
    if unsaid:
        click.echo(texts.both("cli.defaults", keys=unsaid))
    click.echo(texts.both("cli.done", folder=folder, run_id=done.run_id))
    for name in _NAMED:
        if (folder / name).exists():
            click.echo(f"  {folder / name}")


def _covered(level: str, figures: Any) -> None:
    """Say how many areas and households are within the radius of one level."""
    share = figures["households_share"]
    facts = {"level": texts.t(f"level.{level}", "zh"), "level_en": texts.t(f"level.{level}", "en")}
    click.echo(
        texts.both(
            "cli.coverage_line",
            **facts,
            radius=f"{figures['radius_m']:g}",
            covered=f"{figures['residential_covered']:g}",
            total=figures["residential_total"],
            share="—" if share is None else f"{share:.1%}",
        )
    )
