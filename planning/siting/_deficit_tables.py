"""Room `siting`: the tables of the deficit model, checked and made exact."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.errors import Fault
from planning.siting._ask import named

ZERO: Final = Fraction(0)
HUNDREDTH: Final = Fraction(1, 100)
CREDITS: Final = ("facility_id", "subject_id", "share")
SIZES: Final = ("least_m2", "most_m2")


@dataclass(frozen=True)
class Quota:
    """What is missing and what sites could give, exact, in positions of subjects and candidates.

    ``share[site]`` holds what each subject is credited of a square metre; ``usable`` says which sites have a floor
    area that is allowed; ``most`` and ``least`` are None where they have none.
    """

    subjects: tuple[Any, ...]
    short: tuple[Fraction, ...]
    share: tuple[Mapping[int, Fraction], ...]
    least: tuple[Fraction | None, ...]
    most: tuple[Fraction | None, ...]
    cost: tuple[Fraction, ...]
    budget: Fraction | None

    @property
    def usable(self) -> tuple[bool, ...]:
        """Say which sites could be opened."""
        return tuple(
            least is not None and most is not None and most > ZERO and least <= most
            for least, most in zip(self.least, self.most, strict=True)
        )

    @property
    def helpful(self) -> tuple[bool, ...]:
        """Say which usable sites are credited to somebody who is short."""
        return tuple(
            usable and any(share > 0 and self.short[subject] > 0 for subject, share in shares.items())
            for usable, shares in zip(self.usable, self.share, strict=True)
        )

    def range(self, site: int) -> tuple[Fraction, Fraction]:
        """Return the least and the most floor area of a usable site; an opened one has at least a hundredth."""
        least, most = self.least[site], self.most[site]
        if least is None or most is None:
            raise RuntimeError("a site without floor area was opened")
        return max(least, min(HUNDREDTH, most)), most

    def left(self, area: Mapping[int, Fraction]) -> Fraction:
        """Return the shortfall that sites of those floor areas leave."""
        credited = [ZERO] * len(self.short)
        for site, m2 in area.items():
            for subject, share in self.share[site].items():
                credited[subject] += share * m2
        return sum((max(short - got, ZERO) for short, got in zip(self.short, credited, strict=True)), ZERO)

    def largest(self, sites: Iterable[int]) -> dict[int, Fraction]:
        """Return ``sites`` each at its largest floor area: no other leaves less."""
        return {int(site): self.range(int(site))[1] for site in sites}

    def cost_of(self, sites: Iterable[int]) -> Fraction:
        """Return what sites cost together."""
        return sum((self.cost[int(site)] for site in sites), ZERO)

    def affordable(self, sites: Iterable[int]) -> bool:
        """Say whether sites keep to the budget."""
        return self.budget is None or self.cost_of(sites) <= self.budget


def quota(
    needs: pd.Series[Any],
    sites: pd.DataFrame,
    credit: pd.DataFrame,
    candidates: Sequence[Any],
    *,
    budget: float | None,
) -> Quota:
    """Return checked tables as exact numbers in the order of ids; rows of sites that are no candidates are left out."""
    subjects = sorted(needs.index, key=lambda one: (isinstance(one, str), one))
    place = {subject: at for at, subject in enumerate(subjects)}
    share: dict[Any, dict[int, Fraction]] = {one: {} for one in candidates}
    for facility, subject, part in credit[list(CREDITS)].itertuples(index=False):
        value = exact(part)
        if facility in share and value:
            share[facility][place[subject]] = value
    sized = sites.reindex(list(candidates))
    known = "cost" in sites.columns
    cost = sites["cost"].reindex(list(candidates)) if known else [ZERO] * len(candidates)
    return Quota(
        subjects=tuple(subjects),
        short=tuple(exact(needs[subject]) or ZERO for subject in subjects),
        share=tuple(share[one] for one in candidates),
        least=tuple(map(exact, sized["least_m2"])),
        most=tuple(map(exact, sized["most_m2"])),
        cost=tuple(exact(one) or ZERO for one in cost),
        budget=exact(budget),
    )


def exact(value: Any) -> Fraction | None:
    """Return a number as the decimal it is written as; None where it is missing."""
    if isinstance(value, Fraction | Decimal | int) and not isinstance(value, bool):
        return Fraction(value)
    return None if value is None or pd.isna(value) else Fraction(str(value))


# ----------------------------------------------------------------------------------------------------------- faults


def faults(
    needs: pd.Series[Any], sites: pd.DataFrame, credit: pd.DataFrame, *, budget: Any, radius_m: Any
) -> list[Fault]:
    """Name everything about the tables of the deficit model that cannot be used."""
    found = [*_columns(sites, credit, budget=budget)]
    if found:
        return found
    found += _named("siting_deficit_subject_twice", list(needs.index[needs.index.duplicated()]))
    found += _named("siting_deficit_need", [one for one, value in needs.items() if not _amount(value)])
    found += _named("siting_deficit_site_twice", list(sites.index[sites.index.duplicated()]))
    found += [fault for column in SIZES for fault in _amounts(sites, column)]
    found += _credits(needs, credit)
    if budget is not None:
        found += [] if _amount(budget) else [Fault("siting_deficit_budget", value=str(budget))]
        found += _amounts(sites, "cost")
        found += _named("siting_deficit_cost", list(sites.index[sites["cost"].isna() & sites["most_m2"].notna()]))
    if not _amount(radius_m):
        found.append(Fault("siting_radius", value=str(radius_m)))
    return found


def _columns(sites: pd.DataFrame, credit: pd.DataFrame, *, budget: Any) -> list[Fault]:
    wanted = {"sites": (sites, (*SIZES, *(("cost",) if budget is not None else ()))), "credits": (credit, CREDITS)}
    return [
        Fault("siting_deficit_columns", value=", ".join(missing), facts={"table": name})
        for name, (table, columns) in wanted.items()
        if (missing := [column for column in columns if column not in table.columns])
    ]


def _amounts(table: pd.DataFrame, column: str) -> list[Fault]:
    cells = table[column].items()
    bad = [one for one, value in cells if not (value is None or pd.isna(value) or _amount(value))]
    return _named("siting_deficit_amount", bad, column=column)


def _credits(needs: pd.Series[Any], credit: pd.DataFrame) -> list[Fault]:
    pairs = [f"{facility} → {subject}" for facility, subject in zip(credit["facility_id"], credit["subject_id"],
             strict=True)]  # fmt: skip
    twice = sorted({pair for pair in pairs if pairs.count(pair) > 1}) if len(set(pairs)) < len(pairs) else []
    bad = [pair for pair, share in zip(pairs, credit["share"], strict=True) if not _amount(share)]
    unknown = sorted({str(one) for one in set(credit["subject_id"]) - set(needs.index)})
    return [
        *_named("siting_pair_twice", twice),
        *_named("siting_deficit_credit", bad),
        *_named("siting_deficit_subject_unknown", unknown),
    ]


def _named(code: str, culprits: Sequence[Any], *, column: str = "") -> list[Fault]:
    return [Fault(code, column=column, value=named(culprits))] if len(culprits) else []


def _amount(value: Any) -> bool:
    """Say whether ``value`` is a finite number of 0 or more."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | Fraction | Decimal | np.number):
        return False
    return bool(math.isfinite(value) and value >= 0)
