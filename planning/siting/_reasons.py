"""Room `siting`: what shows without solving that a request has no plan."""

from __future__ import annotations

from collections.abc import Mapping

from planning import texts
from planning.siting._ask import Ask
from planning.siting._clauses import share_of as share_of

Reasons = list[Mapping[str, str]]


def required_above_p(ask: Ask) -> Reasons:
    """Name the required sites where they are more than p."""
    if len(ask.required) <= ask.p:
        return []
    sites = [ask.candidates[int(site)] for site in ask.required]
    message = texts.both("siting.reason.required_above_p", required=len(sites), p=ask.p)
    named = {"code": "required_above_p", "subject_kind": "facility", "message": message}
    return [{**named, "subject_id": str(site)} for site in sites]
