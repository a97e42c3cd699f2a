"""What siting was asked and what it decided, in sentences: every page, sheet, map and terminal says the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import pandas as pd

from planning import texts
from planning.plan import Siting
from planning.study.records import StudyResult
from planning.texts import Language
from planning.units import exact

Topic = Literal["aim", "condition", "reason", "money", "closed", "phase", "stage", "load", "excluded"]
SAID_FIRST: Final = ("money", "closed", "phase", "stage")
"""The topics a map or a terminal has room for, beside the proof."""

_UNITS: Final = {"lscp": "sites", "p_center": "m", "deficit": "m2", "p_median": "walk"}
_STAGE_UNITS: Final = {"shortfall": "m2", "floor_area": "m2", "sites": "sites", "cost": "cost", "distance": "walk"}
_AMOUNTS: Final = ("min_per_street", "spacing_m", "budget", "min_floor_area_m2", "max_floor_area_m2")
_IDS_NAMED: Final = 8


@dataclass(frozen=True)
class Line:
    """One thing that was asked or found; ``subject`` is the facility it is about, empty where there is none."""

    topic: Topic
    text: str
    subject: str = ""


class Decided:
    """The sentences about one result's siting in one language; none where nothing was asked."""

    def __init__(self, result: StudyResult, language: Language) -> None:
        self._result, self._language = result, language

    @property
    def siting(self) -> Mapping[str, Any]:
        """Return ``summary.siting``, empty where nothing was asked."""
        return self._result.summary.get("siting") or {}

    @property
    def _sites(self) -> Sequence[Mapping[str, Any]]:
        return tuple(self.siting.get("sites", ()))

    @property
    def _ask(self) -> Siting:
        return self._result.inputs.plan.siting

    # ------------------------------------------------------------------------------------------------------ sentences

    def lines(self, *topics: str) -> list[Line]:
        """Return every sentence, or those of ``topics``, in the order in which a plan is told."""
        makers = {
            "aim": self._aim, "condition": self._conditions, "reason": self._reasons, "money": self._money,
            "closed": self._closed, "phase": self._phases, "stage": self._stages, "load": self._loads,
            "excluded": self._excluded,
        }  # fmt: skip
        if not self.siting:
            return []
        wanted = topics or tuple(makers)
        return [line for topic, make in makers.items() if topic in wanted for line in make()]

    def said(self, *topics: str) -> list[str]:
        """Return the sentences of ``topics`` without what they are about."""
        return [line.text for line in self.lines(*topics)]

    def summed(self) -> list[str]:
        """Return one sentence a reason for the candidates that cannot open, with their number."""
        by_why: dict[str, list[str]] = {}
        for site, why in self.excluded_why.items():
            by_why.setdefault(why, []).append(site)
        return [
            self._say("excluded.count", why=why, count=len(sites), ids=self._some(sorted(sites)))
            for why, sites in by_why.items()
        ]

    def closed(self, facility_id: str) -> str:
        """Return that the plan closes an existing facility; empty where it does not."""
        return self._say("closed.mark") if facility_id in self.siting.get("closed", ()) else ""

    def load(self, facility_id: str) -> str:
        """Return how many a facility can serve and serves; empty where capacities play no part."""
        found = self._served.get(facility_id)
        return "" if found is None else self._say("load.short", **self._load_facts(facility_id, found))

    def objective(self) -> str:
        """Return the objective found with its name and unit; empty where there is no plan."""
        found = self.siting.get("objective")
        if self.siting.get("status") not in ("optimal", "feasible") or _missing(found):
            return ""
        return f"{self.objective_name} {self.amount(found)}"

    @property
    def model(self) -> str:
        """Return what the model seeks."""
        return self._say(f"model.{self._ask.model}")

    @property
    def objective_name(self) -> str:
        """Return what the objective is."""
        return self._say(f"objective.{self._ask.model}")

    @property
    def unit(self) -> str:
        """Return what the objective is counted in, without a number."""
        return self.amount("").strip()

    @property
    def gain_head(self) -> str:
        """Return what the gain of a site is: people newly covered, people newly served, or square metres."""
        return self._say(f"gain.{self._ask.model if self._ask.model in ('deficit', 'capacitated') else 'people'}")

    def gain(self, value: Any) -> str:
        """Return the gain of a site with its unit."""
        return self._in_unit(value, "m2" if self._ask.model == "deficit" else "people")

    def amount(self, value: Any, model: str | None = None) -> str:
        """Return a number of the objective with its unit."""
        return self._in_unit(value, _UNITS.get(model or self._ask.model, "people"))

    @cached_property
    def excluded_why(self) -> dict[str, str]:
        """Return the short reason for every candidate that cannot open, by id: sizes and days, screening, the table."""
        found = {one["subject_id"]: self._say(f"excluded.{one['code']}") for one in self.siting.get("excluded", ())}
        for one in self.siting.get("left_out", ()):
            found.setdefault(one["facility_id"], texts.one_language(one["message"], self._language))
        offered = self._offered
        screened = offered["screen_reasons"] if "screen_reasons" in offered else pd.Series(None, offered.index, "str")
        for site, role, codes in zip(offered["facility_id"], offered["role"], screened, strict=True):
            if role == "forbidden":
                found.setdefault(str(site), self._screened(codes))
        return found

    # ---------------------------------------------------------------------------------------------------------- tables

    def phases(self) -> list[dict[str, Any]]:
        """Return one row a phase: what it was allowed, what it reaches, what the best plan for it alone would."""
        return [
            {**phase, "sites": self._names(phase["sites"]), "own_sites": self._names(phase["own_sites"])}
            for phase in self.siting.get("phases", ())
        ]

    def shares(self) -> list[dict[str, Any]]:
        """Return one row an area and facility: who is served where (``capacitated``)."""
        demand = self._demand
        return [
            {
                "facility_id": one["facility_id"],
                "facility": self._facilities.get(one["facility_id"]),
                "residential_id": one["residential_id"],
                "residential": self._areas.get(one["residential_id"]),
                "share": one["share"],
                "served": one["share"] * demand.get(one["residential_id"], 0.0),
            }
            for one in self.siting.get("assigned", ())
        ]

    def credits(self) -> list[dict[str, Any]]:
        """Return one row a site and area or pool: whom its floor area is credited to (``deficit``, ``then``)."""
        return [
            {
                **one,
                "facility": self._facilities.get(one["facility_id"]),
                "residential": self._areas.get(one["subject_id"]),
            }
            for one in self.siting.get("credited", ())
        ]

    # ---------------------------------------------------------------------------------------------------------- parts

    def _aim(self) -> Iterator[Line]:
        ask, found = self._ask, self.siting
        level, weight = texts.t(f"level.{ask.level}", self._language), self._say(f"weight.{ask.demand}")
        yield Line("aim", self._say("aim.model", model=self._say(f"model.{ask.model}"), level=level, weight=weight))
        status = texts.t(f"siting_status.{found['status']}", self._language)
        if not self.objective():
            yield Line("aim", self._say("aim.status", status=status))
            return
        facts = {"objective": self.amount(found["objective"]), "bound": self.amount(found["bound"])}
        said = self._say("aim.found", name=self.objective_name, gap=_share(found["gap"]), status=status, **facts)
        yield Line("aim", said)

    def _conditions(self) -> Iterator[Line]:
        for name, facts in self._asked():
            yield Line("condition", self._say(f"condition.{name}", **facts))
        for phase in self._ask.phases:
            parts = [self._say("condition.phase", name=phase.name, p=phase.p)]
            if phase.by is not None:
                parts.append(self._say("condition.phase_by", by=phase.by.isoformat()))
            if phase.budget is not None:
                parts.append(self._say("condition.phase_budget", budget=_number(phase.budget)))
            yield Line("condition", texts.t("report.comma", self._language).join(parts))

    def _asked(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the conditions in force with their facts."""
        ask, weight = self._ask, self._say(f"weight.{self._ask.demand}")
        if ask.p is not None and ask.model != "lscp":
            yield "p", {"value": ask.p}
        if not _missing(self.siting.get("radius_m")):
            yield "radius", {"value": _number(self.siting["radius_m"])}
        if ask.share is not None:
            yield "share", {"value": _share(ask.share)}
        if ask.one_per_street:
            yield "one_per_street", {}
        for name in _AMOUNTS:
            if getattr(ask, name):
                yield name, {"value": _number(getattr(ask, name))}
        if ask.min_share_per_street:
            yield "min_share_per_street", {"value": _share(ask.min_share_per_street), "weight": weight}
        for name, share in ask.min_share.items():
            yield "min_share", {"value": _share(share), "weight": self._say(f"weight.{name}")}
        yield from self._asked_further()

    def _asked_further(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield capacities, further objectives and the sites named one by one."""
        ask = self._ask
        for name in ("capacity_per_site", "capacity_per_m2"):
            if getattr(ask, name) is not None:
                yield name, {"value": self._in_unit(getattr(ask, name), "people")}
        if ask.single_source:
            yield "single_source", {}
        if ask.then:
            yield "then", {"value": self._listed([self._say(f"stage.{name}") for name in ask.then])}
        required = self._offered.loc[self._offered["role"] == "required", "facility_id"].tolist()
        for name, ids in (("may_close", list(ask.may_close)), ("required", required)):
            if ids:
                yield name, {"value": self._names(ids)}

    def _reasons(self) -> Iterator[Line]:
        for reason in self.siting.get("reasons", ()):
            yield Line("reason", texts.one_language(str(reason["message"]), self._language))

    def _money(self) -> Iterator[Line]:
        found, costs = self.siting, [site["cost"] for site in self._sites]
        spent, budget = found.get("spent"), found.get("budget")
        if _missing(spent) and costs and not any(map(_missing, costs)):
            spent = math.fsum(costs)
        if _missing(spent):
            told = not _missing(budget) and bool(costs)
            yield from [Line("money", self._say("money.unknown"))] if told else []
        elif budget is None or _missing(budget):
            yield from [Line("money", self._say("money.spent", spent=_number(spent)))] if costs else []
        else:
            left = float(exact(budget) or 0) - float(spent or 0)
            facts = {"spent": _number(spent), "budget": _number(budget), "left": _number(round(left, 6))}
            yield Line("money", self._say("money.spent_of", **facts))

    def _closed(self) -> Iterator[Line]:
        for one in self.siting.get("closed", ()):
            yield Line("closed", self._say("closed.said", name=self._names([one])), str(one))

    def _phases(self) -> Iterator[Line]:
        for phase in self.siting.get("phases", ()):
            count, worth = len(phase["sites"]), self.amount(phase["objective"])
            said = self._say("phase.said", name=phase["name"], sites=count, objective=f"{self.objective_name} {worth}")
            if not _missing(phase["spent"]):
                said += self._say("phase.spent", spent=_number(phase["spent"]))
            yield Line("phase", said + self._own(phase))

    def _own(self, phase: Mapping[str, Any]) -> str:
        """Return what the best plan for a phase alone would reach, and what the phase gives up for the whole."""
        own, given = phase["own_optimum"], phase["cost_of_commitment"]
        if _missing(own):
            return ""
        if _missing(given):
            return self._say("phase.own_apart", own=self.amount(own))
        return (
            self._say("phase.own", own=self.amount(own), cost=self.amount(given))
            if given
            else self._say("phase.own_best")
        )

    def _stages(self) -> Iterator[Line]:
        for number, stage in enumerate(self.siting.get("stages", ()), start=1):
            kind = _STAGE_UNITS.get(stage["name"], "people")
            facts = {name: self._in_unit(stage[name], kind) for name in ("objective", "bound")}
            status = texts.t(f"siting_status.{stage['status']}", self._language)
            name, gap = self._say(f"stage.{stage['name']}"), _share(stage["gap"])
            yield Line("stage", self._say("stage.said", number=number, name=name, gap=gap, status=status, **facts))

    def _loads(self) -> Iterator[Line]:
        for site, served in self._served.items():
            facts = self._load_facts(site, served)
            yield Line("load", self._say("load.said", name=self._names([site]), **facts), site)

    @cached_property
    def _served(self) -> dict[str, float]:
        """Return how many are assigned to each facility, new sites first; empty where nobody is assigned."""
        if "assigned" not in self.siting:
            return {}
        parts: dict[str, list[float]] = {str(site["facility_id"]): [] for site in self._sites}
        for one in self.shares():
            parts.setdefault(one["facility_id"], []).append(one["served"])
        return {site: math.fsum(served) for site, served in parts.items()}

    def _load_facts(self, site: str, served: float) -> dict[str, str]:
        capacity = self._capacity(site)
        return {
            "capacity": self._in_unit(capacity, "people"),
            "served": self._in_unit(served, "people"),
            "share": _share(served / capacity) if capacity else "—",
        }

    def _capacity(self, site: str) -> float | None:
        """Return how many a facility can serve under the plan; None where its floor area is unknown."""
        ask = self._ask
        if ask.capacity_per_m2 is None:
            return ask.capacity_per_site
        chosen = {one["facility_id"]: one["floor_area_m2"] for one in self._sites}
        area = exact(chosen.get(site, self._areas_m2.get(site)))
        per = exact(ask.capacity_per_m2)
        return None if area is None or per is None else float(area * per)

    def _excluded(self) -> Iterator[Line]:
        for one in self.siting.get("excluded", ()):
            yield Line("excluded", texts.one_language(one["message"], self._language), one["subject_id"])
        told = {one["subject_id"] for one in self.siting.get("excluded", ())}
        for site, why in self.excluded_why.items():
            if site not in told:
                yield Line("excluded", why, site)

    def _screened(self, codes: Any) -> str:
        """Return why a candidate is forbidden: what screening found, else that its table says so."""
        if _missing(codes) or not str(codes):
            return self._say("excluded.forbidden")
        said = [texts.t(f"candidates.reason.{code}", self._language) for code in str(codes).split(";")]
        return texts.t("report.semicolon", self._language).join(said)

    # ----------------------------------------------------------------------------------------------------------- words

    def _say(self, key: str, **facts: object) -> str:
        return texts.t(f"decided.{key}", self._language, **facts)

    def _in_unit(self, value: Any, kind: str) -> str:
        unit = f"{kind}_{self._ask.demand}" if kind in ("people", "walk") else kind
        return self._say(f"unit.{unit}", value=value if value == "" else _number(value))

    def _names(self, ids: Any) -> str:
        """Return facilities by name and id, as a list in a sentence."""
        said = [f"{name} {one}" if (name := self._facilities.get(one)) else str(one) for one in ids]
        return self._listed(said)

    def _some(self, ids: list[str]) -> str:
        """Return the first of many ids."""
        some = self._listed(ids[:_IDS_NAMED])
        return some if len(ids) <= _IDS_NAMED else self._say("excluded.more", ids=some)

    def _listed(self, words: list[str]) -> str:
        return texts.t("report.comma", self._language).join(words)

    @cached_property
    def _offered(self) -> pd.DataFrame:
        table = pd.DataFrame(self._result.facilities).reset_index(drop=True)
        return table[table["status"] == "candidate"].sort_values("facility_id")

    @cached_property
    def _facilities(self) -> dict[Any, str]:
        named = self._result.facilities.dropna(subset=["name"])
        return dict(zip(named["facility_id"], named["name"].astype(str), strict=True))

    @cached_property
    def _areas_m2(self) -> dict[Any, Any]:
        table = self._result.facilities
        return dict(zip(table["facility_id"], table["floor_area_m2"], strict=True))

    @cached_property
    def _areas(self) -> dict[Any, str]:
        table = self._result.inputs.tables["residential"].dropna(subset=["name"])
        return dict(zip(table["residential_id"], table["name"].astype(str), strict=True))

    @cached_property
    def _demand(self) -> dict[Any, float]:
        table = self._result.inputs.tables["residential"]
        return dict(zip(table["residential_id"], table[self._ask.demand].fillna(0.0).astype(float), strict=True))


def _missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def _number(value: Any) -> str:
    """Return a number of a sentence: whole, or with at most two decimals; a dash where there is none."""
    return "—" if _missing(value) else f"{float(value):,.2f}".rstrip("0").rstrip(".")


def _share(value: Any) -> str:
    """Return a share as per cent; one too small for two decimals does not read as none."""
    if _missing(value):
        return "—"
    return f"{value:.2%}".replace(".00%", "%") if not 0 < value < 5e-5 else "<0.01%"
