"""The command that holds two finished runs side by side (part of ``cli``): ``compare``."""

from __future__ import annotations

from pathlib import Path

import click

from planning import texts
from planning.cli._say import Progress, list_faults, shown


@click.command()
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="结果文件夹 / folder [compare-A-B beside RUN_B]")
@click.option("--plan-a", type=click.Path(path_type=Path), help="A 的方案文件或其文件夹 / plan of RUN_A or its folder")
@click.option("--plan-b", type=click.Path(path_type=Path), help="B 的方案文件或其文件夹 / plan of RUN_B or its folder")
@click.option("--language", type=click.Choice(["zh", "en"]), help="语言 / language [of RUN_B]")
@shown
def compare(
    run_a: Path,
    run_b: Path,
    *,
    out: Path | None,
    plan_a: Path | None,
    plan_b: Path | None,
    language: texts.Language | None,
) -> None:
    """比较两次运行：哪些居住区变了，原因是什么。 / Say what changed from RUN_A to RUN_B, and why."""
    from planning import compare as room

    with Progress(()) as progress:
        held = room.compare(run_a, run_b, plan_a=plan_a, plan_b=plan_b, out=out, progress=progress)
        progress("compare_write")
        folder = room.write(held, out, language=language)
    list_faults(room.faults(held))
    for line in room.told(held):
        click.echo(line)
    click.echo(texts.both("compare.done_folder", folder=folder))
    for name in room.FILES:
        click.echo(f"  {folder / name}")
