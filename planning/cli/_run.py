"""The commands that run a plan (part of ``cli``): ``run``, ``demo``, and what they say of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from planning import isolation, texts
from planning.cli._say import READER, Progress, list_faults, shown


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="成果文件夹 / run folder [out beside the plan]")
@click.option(
    "--only",
    metavar="STEP",
    help="只做一步及其所需 / check, coverage, compliance, siting, report, atlas, webmap, export",
)
@shown
def run(plan: Path, out: Path | None, only: str | None) -> None:
    """运行方案，写出成果文件夹。 / Run PLAN and write its run folder."""
    isolation.start(READER)  # while the libraries load here
    from planning import runs

    with Progress(runs.steps(only)) as progress:
        done = runs.run(plan, out=out, only=only, progress=progress)
    list_faults(done.faults)
    report(done.folder, done.run_id, done.result.summary, done.result.inputs.plan.defaults)


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
    report(done.folder, done.run_id, done.result.summary, done.result.inputs.plan.defaults)


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


def report(folder: Path, run_id: str, summary: Any, defaults: Iterable[str]) -> None:
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
        _argue(siting)
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
