"""Special plans for elderly-care facilities (养老服务设施专项规划): service circles, floor-area law, siting with proof.

>>> import planning
>>> inputs = planning.load("plan.toml")            # doctest: +SKIP
>>> result = planning.run(inputs)                  # doctest: +SKIP
>>> result.summary["coverage"]["street"]           # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from planning.runs import load as load
    from planning.study import run as run

__version__: Final = "0.1.0"
RESULTS_CHANGED: Final = "2026-11-22"  # the last day on which equal inputs began to give other figures

_VERBS: Final = {"load": "planning.runs", "run": "planning.study"}
_ROOMS: Final = (
    "network", "catchment", "coverage", "compliance", "siting", "standards", "study", "sources", "runs", "compare",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Bring a verb or a room in when it is first asked for, so that ``import planning`` costs nothing."""
    if name in _VERBS:
        return getattr(import_module(_VERBS[name]), name)
    if name in _ROOMS:
        return import_module(f"planning.{name}")
    raise AttributeError(f"module 'planning' has no attribute {name!r}")
