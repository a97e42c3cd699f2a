"""Room `planning.report`: in which street each facility and candidate lies."""

from __future__ import annotations

from planning import demand
from planning.report._sheet import subject_names
from planning.study import StudyResult
from planning.study.layers import STREET_TYPES


def streets(result: StudyResult) -> dict[str, str]:
    """Return the name of the street or town by facility id, candidates included; one in none is not there."""
    units = result.inputs.tables.get("units")
    if units is None or not units["type"].isin(STREET_TYPES).any():
        return {}
    names = subject_names(result)
    unit = demand.unit_of(result.facilities, units, list(STREET_TYPES)).to_numpy()
    pairs = zip(result.facilities["facility_id"], unit, strict=True)
    return {place: names.get(one, str(one)) for place, one in pairs if isinstance(one, str)}
