"""Room `planning.report`: every square metre of the rooms looked at, from gross floor area to what the verdicts use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from planning import texts
from planning.report._sheet import Sheet, headings, plain_frame, stamp
from planning.study import StudyResult
from planning.texts import Language

_JUDGED: Final = ("meets", "fails")
_CREDITED: Final = ("in_sum", "sum_open", "not_assessable", "not_applicable")
GROUPS: Final = ("accepted", "rejected", "open")


def lines(rooms: pd.DataFrame, residential: pd.DataFrame) -> pd.DataFrame:
    """Account for every room: gross = accepted + rejected + open, and accepted by whose sum it enters.

    Parameters
    ----------
    rooms, residential
        Of `planning.compliance.Assessment`; ``residential`` by ``residential_id``.

    Returns
    -------
    DataFrame
        ``group, code, rows, unknown, area_m2``: the line of all rooms, then each group and under it its parts, whose
        figures add up to the group's. ``rows`` counts rows of ``rooms`` (a room for several areas has several),
        ``unknown`` those of them without a floor area. ``code`` is empty for a group; of accepted rooms it says
        whether the area or pool is in the sum of what is provided (``in_sum``), has no such sum because another of
        its rooms is unknown (``sum_open``), or cannot be judged; else it is the reason of the rooms. What of a room
        of known size cannot be shared out is ``open``.
    """
    parts = _parts(rooms, residential)
    return pd.DataFrame(list(_lines(parts)), columns=["group", "code", "rows", "unknown", "area_m2"])


def _parts(rooms: pd.DataFrame, residential: pd.DataFrame) -> pd.DataFrame:
    """Return one row a row of ``rooms``: its group, its code, and the square metres it stands for."""
    known = rooms["floor_area_m2"].notna()
    portion = rooms["credited_m2"].where(rooms["counted"], rooms["rejected_m2"])
    loose = known & portion.isna()
    standing = np.where(rooms["counted"], "accepted", "rejected")
    group = pd.Series(standing, index=rooms.index, dtype="str").mask(loose | (~known & rooms["counted"]), "open")
    credited = _credited(rooms, residential)
    return pd.DataFrame(
        {
            "group": group,
            "code": rooms["reason"].mask(group == "accepted", credited),
            "unknown": ~known,
            "area_m2": portion.mask(loose, _left(rooms, portion, loose)).where(known, 0.0),
        }
    )


def _left(rooms: pd.DataFrame, portion: pd.Series[float], loose: pd.Series[bool]) -> pd.Series[float]:
    """Return what is left of each room once its known parts are off, at the first row whose part is not known."""
    taken = portion.groupby(rooms["facility_id"]).transform("sum").fillna(0.0)
    first = ~rooms["facility_id"].where(loose).duplicated() | rooms["facility_id"].isna()
    return (rooms["floor_area_m2"] - taken).where(first, 0.0)


def _credited(rooms: pd.DataFrame, residential: pd.DataFrame) -> pd.Series[str]:
    """Return, by row of ``rooms``, what becomes of a square metre credited to its area or pool."""
    alone = pd.DataFrame({"verdict": residential["verdict"], "provided_m2": residential["provided_m2"]})
    pooled = residential.dropna(subset=["pool_id"])
    owing = pooled.assign(last=pooled["verdict"] == "not_applicable").sort_values("last", kind="stable")
    pools = owing.drop_duplicates("pool_id").set_index("pool_id")
    pool = pd.DataFrame({"verdict": pools["verdict"], "provided_m2": pools["pool_provided_m2"]})
    of_pool = rooms["pool_id"].notna()
    verdict = rooms["residential_id"].map(alone["verdict"]).mask(of_pool, rooms["pool_id"].map(pool["verdict"]))
    provided = rooms["residential_id"].map(alone["provided_m2"])
    summed = provided.mask(of_pool, rooms["pool_id"].map(pool["provided_m2"])).notna()
    judged = pd.Series(np.where(summed, "in_sum", "sum_open"), index=rooms.index, dtype="str")
    return verdict.mask(verdict.isin(_JUDGED), judged)


def _lines(parts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    yield {"group": "gross", "code": ""} | _sums(parts)
    for group in GROUPS:
        inside = parts[parts["group"] == group]
        if group == "open" and inside.empty:
            continue
        yield {"group": group, "code": ""} | _sums(inside)
        codes = sorted(set(inside["code"]), key=lambda code: (_CREDITED.index(code) if code in _CREDITED else 9, code))
        for code in codes:
            yield {"group": group, "code": code} | _sums(inside[inside["code"] == code])


def _sums(parts: pd.DataFrame) -> dict[str, Any]:
    return {"rows": len(parts), "unknown": int(parts["unknown"].sum()), "area_m2": float(parts["area_m2"].sum())}


def balance(result: StudyResult, language: Language) -> Sheet:
    """Return the account of every room, from gross floor area to the sum that the verdicts use."""
    found = lines(result.rooms, pd.DataFrame(result.residential).set_index("residential_id", drop=False))
    rows = found.assign(item=[_said(*pair, language) for pair in zip(found["group"], found["code"], strict=True)])
    kinds = {"item": "text", "rows": "whole", "unknown": "whole", "area_m2": "m2"}
    columns = headings(kinds, "balance.", language)  # type: ignore[arg-type]
    frame = plain_frame(rows.to_dict("records"), columns)
    notes = (*stamp(result, language), texts.t("balance.note", language))
    return Sheet(texts.t("balance.sheet", language), texts.t("balance.title", language), columns, frame, notes=notes)


def sentence(result: StudyResult, language: Language) -> str:
    """Return the account of the credited floor area in one sentence."""
    found = lines(result.rooms, pd.DataFrame(result.residential).set_index("residential_id", drop=False))
    accepted = found[found["group"] == "accepted"]
    joined = texts.t("balance.plus", language).join(
        f"{texts.t(f'balance.code.{code}', language)} {area:,.10g} m²"
        for code, area in accepted.loc[accepted["code"] != "", ["code", "area_m2"]].itertuples(index=False)
    )
    whole = f"{accepted.loc[accepted['code'] == '', 'area_m2'].sum():,.10g}"
    return texts.t("balance.sentence", language, whole=whole, parts=joined or "0 m²")


def _said(group: str, code: str, language: Language) -> str:
    if not code:
        return texts.t(f"balance.group.{group}", language)
    key = f"balance.code.{code}" if group == "accepted" else f"compliance.reason.{code}"
    said = texts.t(key, language) if texts.has(key) else code
    return texts.t("balance.part", language, said=said)
