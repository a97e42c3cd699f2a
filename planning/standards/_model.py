"""Room `planning.standards`: what a clause and a document are; frozen records, no file is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

Cls = Literal["S", "S*", "N", "M"]
Comparator = Literal[">=", ">", "<=", "<", "="]
Basis = Literal["none", "100_households", "1000_residents", "1000_elderly", "unit", "person"]
Built = Literal["new", "existing"]
Setting = Literal["urban", "rural"]
AreaType = Literal["gross", "usable", "unspecified", "land", "none"]
Strength = Literal["mandatory", "recommended", "soft"]
OwedBy = Literal["residential", "unit", "plan"]

RATE: Final = "area_rate"
MINIMUM: Final = "unit_minimum"
POOLING: Final = "pooling"


@dataclass(frozen=True)
class Part:
    """One of several numbers a clause states side by side (for example two kinds of staff to be trained)."""

    id: str
    text_zh: str
    text_en: str
    comparator: Comparator
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One testable statement of a document.

    ``value`` is in ``unit``; shares are 0–1, acts are 1. ``value`` None with no ``parts`` means that the document
    states no number (本文件未规定): this is never zero and never a pass. ``entered`` marks a number that the plan
    brought because the document has none.

    Attributes
    ----------
    owed_by
        Who owes it: each ``residential`` area, each ``unit`` of ``unit_types``, or the ``plan`` as a whole.
    basis
        What the value is counted by: ``100_households`` makes ``m2`` read "m² per hundred households".
    applies_to, setting, households_from, households_below
        New or existing areas, urban or rural ones, areas of that many households or more, or of fewer; None means
        all. A document may state several rates that way, no two of them for the same area.
    levels, kinds, ownership, least_star, size_clause
        Which facilities count: levels and kinds (empty: any), public or private, least grade, and the clause of the
        same document whose value is their least floor area.
    strength
        ``mandatory``, ``recommended`` (宜, 逐步) or ``soft`` (争取, 力争, 基本形成, 鼓励, 可): soft clauses are shown
        and stay out of totals.
    deadline, deadline_within, other_deadlines
        The last day on which it is met in time; the later reading of "before year X"; further dates the document
        prints for the same duty.
    """

    id: str
    article: str
    text_zh: str
    text_en: str
    cls: Cls
    metric: str
    comparator: Comparator
    value: Decimal | None
    unit: str
    owed_by: OwedBy
    source: str
    basis: Basis = "none"
    applies_to: Built | None = None
    setting: Setting | None = None
    households_from: Decimal | None = None
    households_below: Decimal | None = None
    unit_types: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    ownership: Literal["public", "private"] | None = None
    least_star: int | None = None
    size_clause: str | None = None
    area_type: AreaType = "none"
    strength: Strength = "mandatory"
    deadline: date | None = None
    deadline_within: date | None = None
    other_deadlines: tuple[date, ...] = ()
    parts: tuple[Part, ...] = ()
    ambiguities: tuple[str, ...] = ()
    note_zh: str = ""
    note_en: str = ""
    entered: bool = False

    @property
    def stated(self) -> bool:
        """Say whether there is a number to hold anything against."""
        return self.value is not None or bool(self.parts)

    @property
    def by_size(self) -> bool:
        """Say whether it concerns areas of some number of households only."""
        return self.households_from is not None or self.households_below is not None

    def has_size(self, households: Fraction) -> bool:
        """Say whether an area of so many households is of the size it concerns."""
        low, high = self.households_from, self.households_below
        return (low is None or households >= Fraction(low)) and (high is None or households < Fraction(high))


@dataclass(frozen=True)
class Switch:
    """One reading of an ambiguity: what is taken unless the plan says otherwise, and why."""

    name: str
    ambiguity: str
    default: Any
    choices: tuple[Any, ...]
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, kw_only=True)
class Standard:
    """One policy document (or a preset taken from a secondary source), in force for a plan.

    ``switches`` holds the value of every switch: the document's default, or what the plan put in its place
    (`apply`); ``written`` the clauses before the plan's readings, where those changed any. ``pooling`` says whether
    several areas may provide together; ``gross`` whether the document counts gross floor area (建筑面积) by name.
    """

    id: str
    title_zh: str
    title_en: str
    jurisdiction_zh: str
    jurisdiction_en: str
    issuer: str
    status: Literal["draft", "issued"]
    clauses: tuple[Clause, ...]
    issued: date | None = None
    number: str = ""
    kind: Literal["document", "preset"] = "document"
    evidence: str = ""
    source: str = ""
    notes_zh: tuple[str, ...] = ()
    notes_en: tuple[str, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    readings: tuple[Switch, ...] = ()
    pooling: bool = False
    changed: tuple[str, ...] = ()
    written: tuple[Clause, ...] = ()

    @property
    def gross(self) -> bool:
        """Say whether the document's rate names gross floor area."""
        return any(clause.metric == RATE and clause.area_type == "gross" for clause in self.clauses)

    def rate(self, built: Built) -> Clause | None:
        """Return the floor-area rate owed by ``built`` areas; of several, by setting or size, the first.

        None where the document has no such clause; a clause whose ``value`` is None where it has one without a
        number. Mind ``basis``: presets may count by residents instead of households, and ``setting``.
        """
        return self._residential(RATE, built)

    def minimum(self, built: Built) -> Clause | None:
        """Return the least floor area of one facility that serves ``built`` areas, or None where there is none."""
        return self._residential(MINIMUM, built)

    def clause(self, clause_id: str) -> Clause:
        """Return the clause ``clause_id``; a `KeyError` where there is none."""
        for clause in self.clauses:
            if clause.id == clause_id:
                return clause
        raise KeyError(clause_id)

    def indicators(self) -> tuple[Clause, ...]:
        """Return the clauses not owed by a single residential area, in the order of the document."""
        return tuple(clause for clause in self.clauses if clause.owed_by != "residential")

    def owed(self, metric: str, built: Built) -> tuple[Clause, ...]:
        """Return every clause of ``metric`` (`RATE` or `MINIMUM`) that concerns ``built`` areas of any kind."""
        of_metric = (clause for clause in self.clauses if clause.metric == metric)
        return tuple(clause for clause in of_metric if clause.applies_to in (built, None))

    def _residential(self, metric: str, built: Built) -> Clause | None:
        return next(iter(self.owed(metric, built)), None)
