"""Settling the ledger: what the run itself found out about a row is added to what the door said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from planning import network, texts
from planning.errors import Fault
from planning.network import Network
from planning.study import health
from planning.study.records import Ground, StudyInputs, own
from planning.tables import ledger_frame

Counts = Mapping[str, Mapping[str, int]]
GAP_M = 1.0  # dangling ends nearer than this to another road are worth a look
_LISTED = 200  # open ends named one by one
_NAMED = 10  # areas named in one sentence


def settle(inputs: StudyInputs, ground: Ground) -> tuple[pd.DataFrame, Counts]:
    """Return the ledger with the run's own flags, and the counts that go with it.

    Flags: areas without given entrances, with their setting assumed, not snapped to the network or
    snapped only to a lesser piece of it; facilities and
    candidates not snapped; roads with a loose end beside another road, or with one that the plan had closed.
    """
    ledger, counts = inputs.ledger, {name: dict(entry) for name, entry in inputs.counts.items()}
    for table, flags in _flags(inputs, ground).items():
        if table in counts and not flags.empty:
            ledger = _add(ledger, counts[table], table, flags, inputs)
    return ledger.reset_index(drop=True), counts


def _flags(inputs: StudyInputs, ground: Ground) -> dict[str, pd.Series]:
    """Return, by table, a Series of reason codes indexed by row id; an id may come several times."""
    max_snap_m = inputs.plan.walk.max_snap_m
    walkways, facilities, access = ground.walkways, own(ground.facilities), ground.access
    gates, assumed = access.gates, ground.places.assumed
    piece = health.piece_of_areas(inputs, ground)
    ids = inputs.tables["residential"]["residential_id"]
    snapped_somewhere = set(ids[piece >= 0])
    unsnapped = [str(name) for name, gate in gates.items() if gate != "closed" and name not in snapped_somewhere]
    lost = network.snap(walkways, facilities.representative_point(), max_snap_m=max_snap_m).edge < 0
    adrift = facilities[lost]
    gaps = network.gaps(walkways, within_m=GAP_M)
    ways = set(own(inputs.tables["roads"])["road_id"])
    residential = [
        _coded(gates.index[gates == "inferred"], "no_entrances"),
        _coded(gates.index[gates == "closed"], "gates_closed"),
        _coded(assumed.index[assumed.to_numpy(dtype=bool)], "setting_assumed"),
        _coded(unsnapped, "unsnapped"),
        _coded(ids[piece > 0], "on_island"),
    ]
    return {
        "residential": pd.concat(residential),
        "facilities": _coded(adrift.loc[adrift["status"] != "candidate", "facility_id"], "unsnapped"),
        "candidates": _coded(adrift.loc[adrift["status"] == "candidate", "facility_id"], "unsnapped"),
        "roads": pd.concat(
            [
                _coded(sorted(ways & set(walkways.healed["road_id"])), "gap_healed"),
                _coded(sorted(ways & set(gaps["road_id"])), "loose_end"),
            ]
        ),
    }


def road_doubts(inputs: StudyInputs, walkways: Network) -> list[Fault]:
    """Return a warning for each line end beside another road: left open, or closed because the plan asks for it.

    Of open ends the first `_LISTED` by road are named, and one warning counts the others.
    """
    open_ends = network.gaps(walkways, within_m=GAP_M)
    closed, loose = _gap_doubts(inputs, "gap_healed", walkways.healed), _gap_doubts(inputs, "loose_end", open_ends)
    if len(loose) > _LISTED:
        facts = {"count": len(loose) - _LISTED, "code": "loose_end"}
        more = replace(loose[0], code="and_more", row=None, value="", facts=facts)
        return [*closed, *loose[:_LISTED], more]
    return [*closed, *loose]


def _gap_doubts(inputs: StudyInputs, code: str, gaps: gpd.GeoDataFrame) -> list[Fault]:
    source, roads = inputs.plan.inputs["roads"], inputs.tables["roads"]
    rows = roads.drop_duplicates("road_id").set_index("road_id")["source_row"]
    named = sorted(
        zip(gaps["road_id"], gaps["other_road_id"], gaps["gap_m"], gaps.geometry.x, gaps.geometry.y, strict=True)
    )
    return [
        Fault(
            code,
            severity="warning",
            file=source.file.name,
            layer=source.layer or "",
            row=int(rows[road]),
            value=str(road),
            facts={"other": other, "gap_m": gap_m, "x": f"{x:.2f}", "y": f"{y:.2f}"},
        )
        for road, other, gap_m, x, y in named
    ]


def off_network(inputs: StudyInputs, ledger: pd.DataFrame) -> list[Fault]:
    """Return a warning for each facility and candidate off the network, and one for all areas off it."""
    lost = ledger[ledger["reasons"].fillna("").str.split(";").map(lambda codes: "unsnapped" in codes)]
    max_snap_m = f"{inputs.plan.walk.max_snap_m:g}"
    places = lost[lost["table"].isin(["facilities", "candidates"])]
    found = [
        Fault("place_off_network", "warning", file=file, layer=layer, row=int(row), value=str(name),
              facts={"max_snap_m": max_snap_m})
        for file, layer, row, name in places[["file", "layer", "row", "id"]].itertuples(index=False)
    ]  # fmt: skip
    areas = lost[lost["table"] == "residential"]
    if len(areas):
        named = [f"{name} (#{row})" for name, row in areas[["id", "row"]].head(_NAMED).itertuples(index=False)]
        more = " …" if len(areas) > len(named) else ""
        facts = {"count": len(areas), "max_snap_m": max_snap_m, "named": ", ".join(named) + more}
        found.append(Fault("areas_off_network", "warning", file=str(areas["file"].iloc[0]), facts=facts))
    return found


def _coded(ids: Iterable[str], code: str) -> pd.Series:
    return pd.Series(code, index=pd.Index(list(ids), dtype="str"), dtype="str")


def _add(
    ledger: pd.DataFrame, counts: dict[str, int], table: str, flags: pd.Series, inputs: StudyInputs
) -> pd.DataFrame:
    """Add ``flags`` to the rows of ``table``; rows that the ledger only counted get a line of their own."""
    language = inputs.plan.output.language
    codes = flags.groupby(level=0, sort=True).agg(";".join)
    here = (ledger["table"] == table) & ledger["id"].isin(codes.index) & (ledger["outcome"] != "excluded")
    listed = ledger[here]
    counts["used"] -= int((listed["outcome"] == "used").sum())
    counts["flagged"] += int((listed["outcome"] == "used").sum())
    added = listed["id"].map(codes)
    reasons = listed["reasons"].fillna("")
    merged = listed.assign(
        outcome="flagged",
        reasons=(reasons + ";" + added).str.strip(";"),
        remedy=(listed["remedy"].fillna("") + " " + added.map(lambda said: _remedies(said, language))).str.strip(),
    )
    ledger = ledger.copy()
    ledger.loc[here, merged.columns] = merged
    unlisted = codes[~codes.index.isin(ledger.loc[ledger["table"] == table, "id"])]
    if unlisted.empty:
        return ledger
    fresh = _new_lines(table, unlisted, inputs)
    counts["used"] -= len(fresh)
    counts["flagged"] += len(fresh)
    return pd.concat([ledger, fresh], ignore_index=True)


def _new_lines(table: str, codes: pd.Series, inputs: StudyInputs) -> pd.DataFrame:
    """Return ledger lines for rows the door only counted."""
    contract_key = {"roads": "road_id", "residential": "residential_id"}.get(table, "facility_id")
    rows = inputs.tables[table].drop_duplicates("source_row").set_index(contract_key).loc[codes.index, "source_row"]
    file = inputs.plan.inputs[table].file.name
    return ledger_frame(
        [
            {
                "table": table,
                "file": file,
                "layer": inputs.plan.inputs[table].layer or "",
                "row": row,
                "id": name,
                "outcome": "flagged",
                "reasons": codes[name],
                "column": "",
                "value": "",
                "remedy": _remedies(codes[name], inputs.plan.output.language),
            }
            for name, row in rows.groupby(level=0).first().items()
        ]
    )


def _remedies(codes: str, language: texts.Language) -> str:
    return " ".join(texts.t(f"reason.{code}", language) for code in codes.split(";"))
