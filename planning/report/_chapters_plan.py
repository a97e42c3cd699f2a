"""Room `planning.report`: the chapters on siting, near-term projects, measures, indicators and data quality."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planning import tables, texts, word
from planning.errors import Fault
from planning.report import _annex, _origins, _proposals, _scorecard, _tables
from planning.report._chapters_found import tally
from planning.report._scene import Scene
from planning.report._sheet import Kind, Sheet, headings, plain_frame, sums_of, words_of

_INDICATORS: Final = (
    "clause_id",
    "article",
    "required",
    "actual",
    "unit",
    "verdict",
    "shortfall",
    "deadline",
    "overdue",
)
_MEASURES: Final[Mapping[str, Kind]] = {"measure": "text", "subjects": "whole"}
_REASONS: Final[Mapping[str, Kind]] = {"input": "text", "outcome": "text", "reasons": "text", "rows": "whole"}


def siting(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on where new facilities go, and how sure that is."""
    yield scene.heading("siting")
    found = scene.summary.get("siting")
    if found is None:
        yield scene.text("siting.none", blank=scene.blank("layout"))
        return
    yield scene.heading("aim", 2)
    for line in scene.told.said("aim")[:1]:
        key = "siting.aim_closing" if scene.result.inputs.plan.siting.may_close else "siting.aim"
        yield scene.text(key, aim=line)
    conditions = scene.told.said("condition")
    if conditions:
        yield scene.text("siting.conditions")
        yield from scene.items(conditions)
    yield scene.heading("proof", 2)
    yield from _proof(scene, found)
    if found["sites"]:
        yield from _layout(scene, found)
    left_out = scene.told.summed()
    if left_out:
        yield scene.heading("left_out", 2)
        yield scene.text("siting.left_out")
        yield from scene.items(left_out)


def _proof(scene: Scene, found: Mapping[str, Any]) -> Iterator[word.Block]:
    """Yield how good the plan is and how that is known; an unproven plan is told as such."""
    status, told = found["status"], scene.told
    facts = {"objective": told.objective(), "bound": told.amount(found["bound"]), "gap": scene.share(found["gap"])}
    if status == "feasible":
        gap = found["gap"]
        facts["gap"] = texts.t("document.small_gap", scene.language) if gap and gap < 5e-4 else facts["gap"]
        yield scene.warning("siting.feasible", **facts)
    elif status == "optimal":
        yield scene.text("siting.optimal", **facts)
    else:
        yield scene.warning(f"siting.{status}")
        yield from scene.items(told.said("reason"))
    yield from scene.items(told.said("money", "closed", "phase", "stage", "load"))
    yield from _before_after(scene, found)


def _before_after(scene: Scene, found: Mapping[str, Any]) -> Iterator[word.Block]:
    weight, before, after = found["demand"], found["before"], found["after"]
    if before[f"{weight}_total"] is None:
        return
    facts = {
        f"{when}_{name}": (scene.share if name == "share" else scene.count)(figures[f"{weight}_{name}"])
        for when, figures in (("before", before), ("after", after))
        for name in ("covered", "share")
    }
    said = texts.t(f"decided.weight.{weight}", scene.language)
    radius = f"{after['radius_m']:g}"
    yield scene.text("siting.before_after", weight=said, radius=radius, total=scene.count(before[f"{weight}_total"]),
                     level=scene.level(scene.result.inputs.plan.siting.level), **facts)  # fmt: skip
    unreachable = found.get("unreachable") or ()
    if len(unreachable):
        yield scene.text("siting.unreachable", count=len(unreachable))


def _layout(scene: Scene, found: Mapping[str, Any]) -> Iterator[word.Block]:
    """Yield the sites chosen, and the layout of the whole."""
    yield scene.heading("layout", 2)
    key = "siting.sites" if _gains_add_up(found) else "siting.sites_apart"
    yield scene.text(key, count=len(found["sites"]), table=scene.see("sites"), gain=scene.told.gain_head)
    yield scene.table(_tables.sites(scene.result, scene.language), "sites")
    small = [site for site in found["sites"] if site.get("size_ok") is False]
    if small:
        names = scene.listed([str(site.get("name") or site["facility_id"]) for site in small])
        yield scene.warning("siting.small", count=len(small), names=names)
    planned = _annex.planned(scene.result, scene.language)
    floor_area = scene.m2(planned.totals.get("floor_area_m2"))
    yield scene.text("siting.planned", count=len(planned.rows), floor_area=floor_area, annex=scene.annex("planned"))
    yield scene.figure("layout", scene.say("map.layout"))
    yield scene.figure("after", scene.say("map.after"))


def _gains_add_up(found: Mapping[str, Any]) -> bool:
    """Say whether the gains of the sites are people, and add up to what the plan adds."""
    before, after = (found[when][f"{found['demand']}_covered"] for when in ("before", "after"))
    gains = [site["gain"] for site in found["sites"]]
    known = before is not None and after is not None and all(gain is not None for gain in gains)
    return known and math.isclose(math.fsum(gains), after - before, rel_tol=1e-9, abs_tol=1e-6)


# ---------------------------------------------------------------------------------------------------------- near term


def near_term(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on what is done first."""
    yield scene.heading("near_term")
    if not (scene.summary.get("siting") or {}).get("sites"):
        yield scene.text("near_term.none", blank=scene.blank("projects"))
        return
    sheet = _annex.near_term(scene.result, scene.language)
    phases = scene.result.inputs.plan.siting.phases
    key = "near_term.first" if phases else "near_term.all"
    yield scene.text(key, phase=phases[0].name if phases else "", count=len(sheet.rows), table=scene.see("near_term"))
    shown = tuple(column.name for column in sheet.columns if column.name not in ("phase", "in_charge", "funding"))
    yield scene.table(sheet, "near_term", columns=shown)
    yield scene.text("near_term.blank", charge=scene.blank("charge"), funding=scene.blank("funding"))
    if phases:
        yield scene.figure("near_term", scene.say("map.near_term"))


# ----------------------------------------------------------------------------------------------------------- measures


def measures(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on how gaps could be closed; proposals, in no figure."""
    yield scene.heading("measures")
    if "compliance" in scene.summary:
        yield from _gap_measures(scene)
    if len(scene.result.pools):
        pools = scene.result.pools
        saved = scene.m2(sums_of(pools, "saved_m2").get("saved_m2"))
        yield scene.text("measures.pools", count=len(pools), saved=saved, table=scene.see("pools"))
        shown = ("pool_id", "members", "areas", "need_m2", "provided_m2", "saved_m2", "verdict")
        yield scene.table(_proposals.pools(scene.result, scene.language), "pools", columns=shown)
    yield scene.text("measures.blank", blank=scene.blank("measures"))


def _gap_measures(scene: Scene) -> Iterator[word.Block]:
    gaps = _annex.gaps(scene.result, scene.language)
    if not len(gaps.rows):
        figures = scene.summary["compliance"]
        judged = figures["meets_share"] is not None
        unknown = scene.count(figures["not_assessable"])
        yield scene.text("measures.none") if judged else scene.warning("floor_area.nobody", count=unknown)
        return
    fails = int((gaps.rows["verdict"] == texts.t("verdict.fails", scene.language)).sum())
    shortfall = scene.m2(gaps.totals.get("shortfall_m2"))
    count, met = str(len(gaps.rows)), len(gaps.rows) - fails
    if met:
        yield scene.text("measures.mixed", count=count, fails=str(fails), met=str(met), shortfall=shortfall)
    else:
        yield scene.text("measures.fails", count=count, shortfall=shortfall)
    radius = f"{scene.result.inputs.plan.radius_m:g}"
    more = scene.beside("measures.some_more", "gaps")
    yield scene.text("measures.some", radius=radius, table=scene.see("measures"), more=more)
    first = scene.result.remedies[scene.result.remedies["rank"] == 1]
    alone = first[first["step"] == 1].drop_duplicates(["residential_id", "pool_id"])
    own = {*scene.result.residential["residential_id"], *scene.result.residential["pool_id"].dropna()}
    whose = alone["residential_id"].where(alone["pool_id"].isna(), alone["pool_id"])
    counted = alone[whose.isin(own)]["measure"].value_counts()
    rows = [
        {"measure": texts.t(f"remedies.measure.{name}", scene.language), "subjects": int(number)}
        for name, number in sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    ]
    yield scene.table(tally(scene, "measures", _MEASURES, rows), "measures")
    yield scene.text("measures.overlap")


# --------------------------------------------------------------------------------------------- indicators, data, blanks


def indicators(scene: Scene) -> Iterator[word.Block]:
    """Yield the table of indicators: every clause, what it asks, what there is."""
    if not len(scene.result.scorecard):
        return
    sheet = _scorecard.scorecard(scene.result, scene.language)
    yield scene.heading("indicators")
    yield scene.text("indicators.intro", table=scene.see("indicators"))
    for note in sheet.notes[-2:]:
        yield word.Text((note,))
    yield scene.table(sheet, "indicators", columns=_INDICATORS, caption=scene.say("caption.indicators"), size=8)


def quality(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on rows, what was set aside, and what was met on the way in."""
    yield scene.heading("quality")
    sheet = _annex.accounts(scene.result, scene.language)
    counts = {name: scene.count(sheet.totals.get(name)) for name in ("read", "used", "flagged", "excluded")}
    yield scene.text("quality.rows", **counts, table=scene.see("accounts"), annex=scene.annex("ledger"))
    yield scene.table(sheet, "accounts")
    reasons = _reasons(scene)
    if len(reasons.rows):
        yield scene.text("quality.reasons", table=scene.see("reasons"))
        yield scene.table(reasons, "reasons")
    faults = scene.result.inputs.faults
    if faults:
        yield scene.text("quality.faults", count=len(faults))
        yield from scene.items(list(_alike(scene, faults)))


def _alike(scene: Scene, faults: Sequence[Fault]) -> Iterator[str]:
    """Yield the first of every kind of fault, with how many there are of it."""
    counts = Counter(fault.code for fault in faults)
    for fault in {one.code: one for one in reversed(faults)}.values():
        said = fault.message(scene.language)
        said = said if not fault.file or fault.file in said else f"{fault.file}{scene.say('colon')}{said}"
        count = counts[fault.code]
        yield said if count == 1 else scene.say("quality.alike", said=said, count=count)


def _reasons(scene: Scene) -> Sheet:
    """Return how many rows of each input are flagged or set aside for which reason."""
    ledger = scene.result.ledger
    shown = ledger.loc[ledger["outcome"] != "used", ["table", "outcome", "reasons"]]
    each = shown.assign(reasons=shown["reasons"].fillna("").str.split(";")).explode("reasons")
    counted = each.groupby(["table", "outcome", "reasons"]).size().reset_index(name="rows")
    ordered = counted.sort_values(["table", "rows", "reasons"], ascending=[True, False, True])
    outcome = words_of("report.outcome", scene.language)
    said = ordered.assign(
        input=[tables.input_name(name, scene.language) for name in ordered["table"]],
        outcome=ordered["outcome"].map(outcome),
        reasons=[_origins.said(code, scene.language) for code in ordered["reasons"]],
    )
    heads = headings(_REASONS, "document.head.", scene.language)
    return Sheet("reasons", scene.say("caption.reasons"), heads, plain_frame(said.to_dict("records"), heads))


def blanks(scene: Scene, blocks: list[word.Block]) -> Iterator[word.Block]:
    """Yield the list of what is left to be filled in, as it stands in the chapters before."""
    found = [part.text for block in blocks for part in _parts_of(block) if isinstance(part, word.Blank)]
    yield scene.heading("blanks")
    yield scene.text("blanks_intro", count=len(dict.fromkeys(found)))
    for text in dict.fromkeys(found):
        yield word.Text((word.Blank(text),), "item")


def _parts_of(block: word.Block) -> word.Parts:
    if isinstance(block, word.Text):
        return block.parts
    if isinstance(block, word.Cover):
        return tuple(part for line in block.lines for part in line)
    return ()
