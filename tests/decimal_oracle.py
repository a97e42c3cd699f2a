"""The floor-area rule once more, slowly, in decimals and fractions: an oracle for `planning.compliance`.

Everything is looked up again for every question; nothing is shared with the tool. A world is made of plain dicts::

    areas       id, households, built, grant, done, rural, care, largest, cell (x0, y0, x1, y1)
    facilities  id, level, kind, status, opened, closed, area, usable, serves (list), quota, at (x, y),
                storey, door, access (whether it has an entrance of its own, is accessible)
    pools       {area id: pool id}
    law         rate {new, existing}, minimum {new, existing}, urban_only, gross

Numbers are strings as written in a table; None is missing.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

# what the words for storeys in a world mean, typed by hand; a word that is not here cannot be read
STOREYS = {
    "1": {"above"},
    "2": {"above"},
    "1-3": {"above"},
    "B1": {"basement"},
    "-1": {"basement"},
    "半地下": {"semi_basement"},
    "夹层": {"mezzanine"},
    "B1、1": {"basement", "above"},
    "B1、夹层": {"basement", "mezzanine"},
}


def number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(Decimal(text))


def days(text: str) -> tuple[date, date]:
    """First and last day a date may mean."""
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 1:
        return date(parts[0], 1, 1), date(parts[0], 12, 31)
    if len(parts) == 2:
        return date(*parts, 1), date(*parts, calendar.monthrange(*parts)[1])
    return date(*parts), date(*parts)


@dataclass
class World:
    areas: list[dict[str, Any]]
    facilities: list[dict[str, Any]]
    pools: dict[str, str]
    law: dict[str, Any]
    as_of: date
    switches: dict[str, Any] = field(default_factory=dict)

    # ---- who is who

    def area(self, name: str) -> dict[str, Any]:
        return next(area for area in self.areas if area["id"] == name)

    def members(self, pool: str) -> list[dict[str, Any]]:
        return [area for area in self.areas if self.pools.get(area["id"]) == pool]

    def holder(self, name: str) -> str:
        return self.pools.get(name, name)

    def is_pool(self, holder: str) -> bool:
        return holder in self.pools.values()

    # ---- new or existing

    def built(self, area: dict[str, Any]) -> str | None:
        if area["built"]:
            return str(area["built"])
        cutoff = self.switches.get("new_cutoff")
        for text in (area["grant"], area["done"]):
            if text and cutoff:
                first, last = days(text)
                if first >= cutoff:
                    return "new"
                if last < cutoff:
                    return "existing"
        return None

    # ---- duty: a number, "nothing" or "unsaid"

    def duty(self, area: dict[str, Any], reading: str) -> Fraction | str:
        if self.law["urban_only"] and area["rural"]:
            return "nothing"
        households = number(area["households"])
        if households == 0:
            return "nothing"
        rate = number(self.law["rate"].get(self.built(area) or reading))
        if rate is None or households is None:
            return "unsaid"
        if self.switches.get("households_rounding") == "started_hundred":
            whole = households / 100
            return rate * -(-whole.numerator // whole.denominator)
        return rate * households / 100

    def least_room(self, area: dict[str, Any], reading: str) -> Fraction | None:
        return number(self.law["minimum"].get(self.built(area) or reading))

    # ---- what counts

    def counts(self, facility: dict[str, Any]) -> bool:
        if facility["quota"] is not None:
            return bool(facility["quota"])
        return facility["level"] in ("community", "village") and facility["kind"] != "institution"

    def serving(self, facility: dict[str, Any], *, paper: bool) -> bool:
        if paper and facility["status"] in ("planned", "building", "accepted", "idle"):
            return True
        if facility["status"] not in ("handed_over", "operating"):
            return False
        opened, closed = facility["opened"], facility["closed"]
        if opened and date.fromisoformat(opened) > self.as_of:
            return False
        return not (closed and date.fromisoformat(closed) <= self.as_of)

    def barred(self, facility: dict[str, Any]) -> bool | None:
        """Say whether the plan shuts the room out; None: it may or may not."""
        grounds: list[bool | None] = []
        out = set(self.switches.get("exclude_storeys", ()))
        if out:
            kinds = STOREYS.get(facility["storey"] or "")
            grounds.append(None if kinds is None else False if not kinds & out else True if kinds <= out else None)
        for switch, fact in (("needs_own_entrance", "door"), ("needs_accessible", "access")):
            if self.switches.get(switch):
                grounds.append(None if facility[fact] is None else not facility[fact])
        return True if True in grounds else None if None in grounds else False

    @property
    def picky(self) -> bool:
        """Say whether the plan asks anything of a room at all."""
        return any(self.switches.get(key) for key in ("exclude_storeys", "needs_own_entrance", "needs_accessible"))

    def size(self, facility: dict[str, Any]) -> Fraction | None:
        """Return what the room measures in the terms of the law."""
        size = number(facility["area"])
        if size is None or not (facility["usable"] and self.law["gross"]):
            return size
        factor = self.switches.get("usable_to_gross")
        return None if factor is None else size * Fraction(str(factor))

    # ---- whose room

    def home(self, facility: dict[str, Any]) -> str | None:
        x, y = facility["at"]
        inside = [
            area["id"]
            for area in self.areas
            if area["cell"][0] <= x <= area["cell"][2] and area["cell"][1] <= y <= area["cell"][3]
        ]
        return min(inside, default=None)

    def served(self, facility: dict[str, Any]) -> list[str]:
        if facility["serves"]:
            return list(facility["serves"])
        home = self.home(facility)
        return [] if home is None else [home]

    def part(self, facility: dict[str, Any], holder: str, reading: str) -> Fraction | None:
        """Return the holder's share of the facility; 0 when it has none, None when it cannot be told."""
        weights: dict[str, Any] = {}
        for name in self.served(facility):
            key = self.holder(name)
            named = self.members(name) if self.is_pool(name) else [self.area(name)]
            weights.setdefault(key, {}).update({area["id"]: self.duty(area, reading) for area in named})
        if holder not in weights:
            return Fraction(0)
        if len(weights) == 1:
            return Fraction(1)
        flat = [duty for duties in weights.values() for duty in duties.values()]
        if "unsaid" in flat:
            return None
        total = sum(duty for duty in flat if duty != "nothing")
        mine = sum(duty for duty in weights[holder].values() if duty != "nothing")
        return Fraction(mine) / total if total else Fraction(0)

    def stated(self, area: dict[str, Any]) -> Fraction | None:
        """Return what the area states itself, None where it states nothing or a facility row speaks."""
        for facility in self.facilities:
            if self.counts(facility) and (self.home(facility) == area["id"] or area["id"] in facility["serves"]):
                return None
        return number(area["care"])

    # ---- what a holder, or a pooled area alone, has

    def holdings(self, name: str, reading: str, *, paper: bool, alone: bool) -> dict[str, Any]:
        total, unknown, sizes, open_sizes = Fraction(0), False, [], []
        spans: list[tuple[Fraction, Fraction | None]] = []  # of the smallest room in each
        for facility in self.facilities:
            if not (self.counts(facility) and self.serving(facility, paper=paper)) or self.barred(facility):
                continue
            here = Fraction(int(self.served(facility) == [name]))
            share = here if alone else self.part(facility, name, reading)
            if share == 0:
                continue
            size = None if self.barred(facility) is None else self.size(facility)
            if size is None:
                unknown = True
                open_sizes.append(None)
                spans.append((Fraction(0), None))
                continue
            sizes.append(size)
            spans.append((size, size))
            if share is None:
                unknown = True
            else:
                total += size * share
        for area in self.members(name) if self.is_pool(name) and not alone else [self.area(name)]:
            stated = self.stated(area)
            if stated is None:
                continue
            if self.picky and stated:
                unknown = True
                open_sizes.append(None)
                spans.append((Fraction(0), None))
                continue
            total += stated
            largest = number(area["largest"])
            if largest is not None and largest <= stated:
                sizes.append(largest)
                rest = stated - largest
                spans.append((stated, stated) if rest == 0 else (Fraction(0), min(largest, rest)))
            else:
                open_sizes.append(stated)
                spans.append((Fraction(0), stated))
        return {"total": total, "unknown": unknown, "sizes": sizes, "open": open_sizes, "spans": spans}

    # ---- verdicts

    def verdict(self, name: str, reading: str, *, paper: bool = False, alone: bool = False) -> dict[str, Any]:
        pool = self.is_pool(name) and not alone
        group = self.members(name) if pool else [self.area(name)]
        has = self.holdings(name, reading, paper=paper, alone=alone)
        out: dict[str, Any] = dict.fromkeys(("required", "shortfall", "rate_ok", "unit_ok", "need", "least", "room"))
        out["provided"] = None if has["unknown"] else has["total"]
        owing = [(area, self.duty(area, reading)) for area in group]
        owing = [(area, duty) for area, duty in owing if duty != "nothing"]
        if not owing:
            return {**out, "verdict": "not_applicable"}
        if any(duty == "unsaid" for _, duty in owing):
            return {**out, "verdict": "not_assessable"}
        need = self.needed(owing, reading, pool=pool)
        minima = [least for area, _ in owing if (least := self.least_room(area, reading)) is not None]
        least = max(minima, default=None)
        each = self.switches.get("single_minimum_applies") == "existing_rooms"
        if each and all(span == (0, 0) for span in has["spans"]):
            least = None  # no room, nothing that could be too small
        out["rate_ok"] = True if has["total"] >= need else None if has["unknown"] else False
        out["unit_ok"] = None if least is None else self.reach(has, least) if each else self.reaches(has, least)
        out["required"] = need if pool or alone or each or least is None else max(need, least)
        out |= {"need": need, "least": least, "room": None if least is None else self.room(has, each=each)}
        if out["rate_ok"] is False or out["unit_ok"] is False:
            out["verdict"] = "fails"
        elif out["rate_ok"] is None or (least is not None and out["unit_ok"] is None):
            out["verdict"] = "not_assessable"
        else:
            out["verdict"] = "meets"
            out["provided"] = has["total"]
        if out["provided"] is not None:
            out["shortfall"] = max(out["required"] - out["provided"], Fraction(0))
        return out

    def needed(self, owing: list[tuple[dict[str, Any], Any]], reading: str, *, pool: bool) -> Fraction:
        if not (pool and self.switches.get("pool_rate") == "strictest"):
            return sum((duty for _, duty in owing), Fraction(0))
        rates = [number(self.law["rate"][self.built(area) or reading]) for area, _ in owing]
        return sum((duty / rate * max(rates) for (_, duty), rate in zip(owing, rates, strict=True)), Fraction(0))

    @staticmethod
    def reach(has: dict[str, Any], least: Fraction) -> bool | None:
        """Say whether every room that there is reaches the minimum."""
        rooms = [span for span in has["spans"] if span != (0, 0)]
        if any(high is not None and high < least for _, high in rooms):
            return False
        return True if all(low >= least for low, _ in rooms) else None

    @staticmethod
    def room(has: dict[str, Any], *, each: bool) -> Fraction | None:
        """Return the size of the room that decides, where it is certain."""
        if each:
            rooms = [span for span in has["spans"] if span != (0, 0)]
            low, highs = min(low for low, _ in rooms), [high for _, high in rooms if high is not None]
            return low if highs and low == min(highs) else None
        certain = max(has["sizes"], default=Fraction(0))
        beaten = any(total is None or total > certain for total in has["open"])
        return None if beaten else certain

    @staticmethod
    def reaches(has: dict[str, Any], least: Fraction) -> bool | None:
        if max(has["sizes"], default=Fraction(0)) >= least:
            return True
        return None if any(total is None or total >= least for total in has["open"]) else False

    # ---- both readings

    def said(self, name: str, *, paper: bool = False, alone: bool = False) -> dict[str, Any]:
        """Return what both readings say alike."""
        new, existing = (self.verdict(name, reading, paper=paper, alone=alone) for reading in ("new", "existing"))
        alike = {key: new[key] if new[key] == existing[key] else None for key in new}
        return {**alike, "verdict": alike["verdict"] or "not_assessable"}

    def row(self, name: str) -> dict[str, Any]:
        """Return an area's figures as the results table names them."""
        pooled = name in self.pools
        own, paper = self.said(name, alone=pooled), self.said(name, paper=True, alone=pooled)
        row = {
            "required_m2": own["required"],
            "provided_m2": own["provided"],
            "shortfall_m2": own["shortfall"],
            "rate_ok": own["rate_ok"],
            "unit_ok": own["unit_ok"],
            "verdict": own["verdict"],
            "paper_provided_m2": paper["provided"],
            "paper_verdict": paper["verdict"],
            "pool_required_m2": None,
            "pool_provided_m2": None,
            "pool_shortfall_m2": None,
        }
        if pooled:
            pool, pool_paper = self.said(self.pools[name]), self.said(self.pools[name], paper=True)
            row |= {f"pool_{key}_m2": pool[key] for key in ("required", "provided", "shortfall")}
            if own["verdict"] != "not_applicable":
                row |= {"verdict": pool["verdict"], "paper_verdict": pool_paper["verdict"]}
        return row

    def summary(self) -> dict[str, Any]:
        rows = {area["id"]: self.row(area["id"]) for area in self.areas}
        subjects = [self.said(name) for name in rows if name not in self.pools]
        subjects += [self.said(pool) for pool in sorted(set(self.pools.values()))]
        judged = [one for one in subjects if one["verdict"] in ("meets", "fails")]
        sums = {
            f"{key}_m2": float(sum((one[key] for one in judged if one[key] is not None), Fraction(0)))
            for key in ("required", "provided", "shortfall")
        }
        verdicts = [row["verdict"] for row in rows.values()]
        counts = {name: verdicts.count(name) for name in ("meets", "fails", "not_assessable", "not_applicable")}
        decided = counts["meets"] + counts["fails"]
        share = counts["meets"] / decided if decided else None
        return {**sums, "areas_total": len(rows), **counts, "meets_share": share}
