"""How the command line speaks (part of ``cli``): faults, progress, tables, and the exit code of a failed command."""

from __future__ import annotations

import functools
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, ParamSpec, TypeVar
from unicodedata import east_asian_width

import click

from planning import texts
from planning.errors import Fault, MachineFailed, PlanningError

READER = "planning.sources.inside"
"""What reads the files of a plan, in a process of its own that takes a second to load."""

_MANY: Final = 5
_SHOWN: Final = 3

P = ParamSpec("P")
R = TypeVar("R")


def shown(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a `PlanningError` into its list of faults on standard error and its exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except PlanningError as error:
            list_faults(error.faults)
            sys.exit(error.exit_code)
        except MemoryError:
            list_faults([Fault("machine_memory")])
            sys.exit(MachineFailed.exit_code)
        except BrokenPipeError:
            raise
        except OSError as error:
            list_faults([Fault("machine_write", file=str(error.filename or ""), value=error.strerror or str(error))])
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


class Progress:
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


def list_faults(faults: Iterable[Fault]) -> None:
    """Print faults on standard error, errors last, where the eye is, and what to do once below lines that share it.

    Of more than five warnings that say the same of one column three are printed, and how many there are.
    """
    ordered = sorted(faults, key=lambda fault: fault.severity == "error")
    kinds = Counter(_kind(fault) for fault in ordered)
    told: Counter[tuple[str, ...]] = Counter()
    shown: list[tuple[str, str]] = []
    for fault in ordered:
        kind = _kind(fault)
        told[kind] += 1
        if fault.severity == "error" or kinds[kind] <= _MANY or told[kind] <= _SHOWN:
            shown.append((_line(fault), harmless(fault.remedy())))
        elif told[kind] == _SHOWN + 1:
            shown.append((f"    {texts.both('cli.more_alike', count=kinds[kind] - _SHOWN)}", fault.remedy()))
    for remedy, lines in groupby(shown, key=itemgetter(1)):
        click.echo("\n".join(line for line, _ in lines) + f"\n    → {remedy}", err=True)


def _kind(fault: Fault) -> tuple[str, ...]:
    return fault.severity, fault.code, fault.file, fault.layer, fault.column


def _line(fault: Fault) -> str:
    place = fault.where()
    return harmless(f"[{texts.both(f'cli.{fault.severity}')}] {place + ': ' if place else ''}{fault.message()}")


def harmless(text: str) -> str:
    """Return text that a terminal shows and does not obey: escapes and marks of direction in a name are spelt out."""
    return "\n".join(texts.printable(line) for line in text.split("\n"))


def table(rows: Iterable[dict[str, Any]]) -> None:
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
