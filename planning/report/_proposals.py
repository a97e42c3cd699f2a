"""Room `planning.report`: the sheets of proposals: ways to close each gap, pools that could be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from planning import texts
from planning.remedies import POOL_WALK_M
from planning.report._sheet import (
    Kind,
    Sheet,
    headings,
    listed_names,
    plain_frame,
    sentences,
    stamp,
    subject_names,
    words_of,
)
from planning.study import StudyResult
from planning.texts import Language

_REMEDIES: Final[Mapping[str, Kind]] = {
    "residential_id": "text",
    "name": "text",
    "pool_id": "text",
    "missing_m2": "m2",
    "least_unit_m2": "m2",
    "rank": "whole",
    "step": "whole",
    "measure_name": "text",
    "facility_id": "text",
    "facility": "text",
    "floor_area_m2": "m2",
    "needed_m2": "m2",
    "distance_m": "m",
    "cost": "plain",
    "reason_head": "text",
}
_POOLS: Final[Mapping[str, Kind]] = {
    "members": "text",
    "unit_id": "text",
    "areas": "whole",
    "walk_m": "m",
    "need_m2": "m2",
    "minimum_m2": "m2",
    "provided_m2": "m2",
    "alone_m2": "m2",
    "together_m2": "m2",
    "saved_m2": "m2",
    "verdict": "text",
}


def remedies(result: StudyResult, language: Language) -> Sheet:
    """Return the ways to close each gap, or why there is none."""
    found = result.remedies
    areas = result.residential.set_index("residential_id")["name"]
    places = result.facilities.set_index("facility_id")["name"]
    rows = found.assign(
        name=found["residential_id"].map(areas),
        facility=found["facility_id"].map(places),
        measure_name=found["measure"].map(words_of("remedies.measure", language)),
        reason_head=found["reason"].map(lambda codes: sentences(codes, "remedies.reason", language)),
    )
    columns = headings(_REMEDIES, "remedies.", language)
    radius = texts.t("remedies.note_radius", language, radius=f"{result.inputs.plan.radius_m:g}")
    notes = (*stamp(result, language), texts.t("remedies.note", language), radius)
    title = texts.t("remedies.title", language)
    frame = plain_frame(rows.to_dict("records"), columns)
    return Sheet(texts.t("remedies.sheet", language), title, columns, frame, notes=notes, frozen=2)


def pools(result: StudyResult, language: Language) -> Sheet:
    """Return the pools that could be, and what each would save."""
    names = subject_names(result)
    rows = result.pools.assign(
        members=result.pools["members"].map(lambda ids: listed_names(ids, names, language)),
        unit_id=result.pools["unit_id"].map(lambda one: names.get(one, one)),
        verdict=result.pools["verdict"].map(words_of("verdict", language)),
    )
    columns = [*headings({"pool_id": "text"}, "remedies.", language), *headings(_POOLS, "remedies.pool_", language)]
    note = texts.t("remedies.pools_note", language, walk=f"{POOL_WALK_M:g}")
    title = texts.t("remedies.pools_title", language)
    frame: pd.DataFrame = plain_frame(rows.to_dict("records"), columns)
    name = texts.t("remedies.pools_sheet", language)
    return Sheet(name, title, columns, frame, notes=(*stamp(result, language), note))
