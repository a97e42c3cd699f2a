"""Room `siting`: a mixed-integer programme over named blocks of columns, built from sparse rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from planning.siting._highs import Clock, Found, Model, minimise
from planning.siting._units import Floats

Vector = Floats | float


class Program:
    """Minimise a cost under rows ``low ≤ A x ≤ high`` over named blocks of columns, each ``0 ≤ x ≤ upper``.

    Rows may be added between two runs: so one objective is held while the next is sought.
    """

    def __init__(self) -> None:
        self._start: dict[str, tuple[int, int]] = {}
        self._upper: list[Floats] = []
        self._whole: list[Any] = []
        self._rows: list[tuple[dict[str, Any], Floats, Floats]] = []

    def columns(self, name: str, count: int, *, upper: Vector = 1.0, whole: bool = False) -> None:
        """Append a block of columns."""
        self._start[name] = (self.width, count)
        self._upper.append(np.array(np.broadcast_to(np.asarray(upper, dtype=np.float64), count)))
        self._whole.append(np.full(count, whole))

    @property
    def width(self) -> int:
        """Return the number of columns so far."""
        return sum(count for _, count in self._start.values())

    def rows(self, blocks: Mapping[str, Any], low: Vector, high: Vector) -> None:
        """Append rows, given as one matrix for each block that takes part; a vector is a single row."""
        matrices = {
            name: sparse.csr_array(np.atleast_2d(part) if isinstance(part, np.ndarray) else part)
            for name, part in blocks.items()
        }
        count = next(iter(matrices.values())).shape[0]
        low, high = (np.array(np.broadcast_to(np.asarray(side, dtype=np.float64), count)) for side in (low, high))
        self._rows.append((matrices, low, high))

    def minimise(
        self,
        costs: Mapping[str, Floats],
        clock: Clock,
        *,
        start: Mapping[str, Floats] | None = None,
        presolve: bool = True,
    ) -> tuple[Found, dict[str, Floats]]:
        """Return what the solver found, and its point block by block (empty where it has none)."""
        point = None if start is None else self._vector(start)
        found = minimise(self.model(costs), clock, start=point, presolve=presolve)
        blocks = {} if found.x is None else {name: found.x[at : at + n] for name, (at, n) in self._start.items()}
        return found, blocks

    def model(self, costs: Mapping[str, Floats]) -> Model:
        """Return the programme as the solver takes it; blocks stand in the order they were appended in."""
        upper, whole = np.concatenate(self._upper), np.concatenate(self._whole)
        return Model(self._vector(costs), self._matrix(), *self._sides(), upper, whole)

    def _vector(self, blocks: Mapping[str, Floats]) -> Floats:
        vector = np.zeros(self.width)
        for name, part in blocks.items():
            at, count = self._start[name]
            vector[at : at + count] = part
        return vector

    def _matrix(self) -> Any:
        """Return all rows side by side as one sparse matrix."""
        wide = [
            sparse.hstack(
                [
                    matrices[name] if name in matrices else sparse.csr_array((len(low), count))
                    for name, (_, count) in self._start.items()
                ],
                format="csr",
            )
            for matrices, low, _ in self._rows
        ]
        return sparse.vstack(wide, format="csr") if wide else sparse.csr_array((0, self.width))

    def _sides(self) -> tuple[Floats, Floats]:
        empty = np.empty(0)
        low = np.concatenate([empty, *(side for _, side, _ in self._rows)])
        high = np.concatenate([empty, *(side for _, _, side in self._rows)])
        return low, high


def settled(best: float, bound: float, total: float) -> float:
    """Return a lower ``bound`` on ``best`` ≥ 0, equal to it where the solver's arithmetic cannot tell them apart.

    ``total`` is the size of the sums behind the figure.
    """
    near = best - bound <= 1e-6 + 1e-9 * total
    return best if near else max(0.0, bound if math.isfinite(bound) else 0.0)
