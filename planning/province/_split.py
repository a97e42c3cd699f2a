"""Room `planning.province`: one layer set for the whole province, taken apart by county in a single reading.

Every row goes to one county: by the column that names it where the plan says so, else by the county whose polygon
holds a point of it; rows in no county go to a part of their own, which is walked on and to but belongs to nobody.
Parts are what the readers hand over, with the row numbers of the province's file, so that every ledger leads there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import sources
from planning.errors import Fault, InputRefused
from planning.plan import Plan
from planning.province import _tables as kept
from planning.sources import Whereabouts, draft, parcel
from planning.sources.raw import Raw

OUTSIDE: Final = "_outside"
"""The part of the rows in no county."""
SKIPPED: Final = ("candidates", "parcels", "land_use", "hazards", "places")
"""Inputs that only siting looks at, which a province does not run."""
_BY_AREA: Final = ("entrances", "pools", "population")
_IN_PIECES: Final = ("roads", "barriers")
"""Inputs that nothing is placed by: dealt out as they are read."""
_ORDER: Final = ("units", "residential", "facilities", "roads")
Codes = NDArray[np.object_]


@dataclass(frozen=True)
class Split:
    """Parts by county and input: how many rows, and the hash of them.

    ``names`` are the counties by code, ``boxes`` their west, south, east and north in degrees; ``missing`` those that
    cannot take part, with the reason, and ``unsound`` the names of those that a code cannot tell apart; ``faults`` warn
    of rows that belong to no county; ``files`` are the province's files with their hashes.
    """

    folder: Path
    names: Mapping[str, str]
    boxes: Mapping[str, list[float]]
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]]
    missing: Mapping[str, tuple[Fault, ...]]
    unsound: Mapping[str, str]
    faults: tuple[Fault, ...]
    files: tuple[Mapping[str, Any], ...]


def inputs_of(settings: Plan) -> tuple[str, ...]:
    """Return the inputs that a province takes apart, those that others are placed by first."""
    names = [name for name in settings.inputs if name not in SKIPPED]
    return (*(name for name in _ORDER if name in names), *sorted(set(names) - set(_ORDER)))


def split(settings: Plan, folder: Path, files: tuple[Mapping[str, Any], ...]) -> Split:
    """Take the layers of ``settings`` apart into ``folder``, or find them there.

    Raises
    ------
    InputRefused
        If a file cannot be read, a table is joined to a layer by the plan, or no county is in the units.
    """
    if not (folder / "split.json").is_file():
        kept.make_once(folder, lambda part: _take_apart(settings, part))
    said = kept.read_json(folder / "split.json") or {}
    return Split(
        folder=folder,
        names=said["names"],
        boxes=said["boxes"],
        parts=said["parts"],
        missing={code: parcel.faults_from_json(faults) for code, faults in said["missing"].items()},
        unsound=said["unsound"],
        faults=parcel.faults_from_json(said["faults"]),
        files=files,
    )


def _take_apart(settings: Plan, folder: Path) -> None:
    """Read every input once and write the rows of each county into a folder of its own."""
    if settings.inputs["residential"].table is not None:
        raise InputRefused(Fault("province_table_join", file=settings.file, column="inputs.residential.table"))
    units = _whole(sources.whereabouts(settings, "units", outlines=True))
    ground = _Ground(units, settings)
    parts: dict[str, dict[str, Any]] = {code: {} for code in (*ground.names, OUTSIDE)}
    faults: list[Fault] = []
    for name in inputs_of(settings):
        dealt = _Dealt(folder, name)
        for one in (units,) if name == "units" else _read(settings, name):
            owner = ground.owners(name, _whole(one))
            faults += (*_told(one.opened.raw, faults), *ground.left_over(name, owner, one))
            dealt.deal(one.opened.raw, owner)
        for code, told in dealt.told().items():
            parts[code][name] = told
        gc.collect()  # the next file may be as large
    kept.write_json(
        folder / "split.json",
        {
            "names": ground.names,
            "boxes": ground.boxes,
            "parts": parts,
            "unsound": ground.unsound,
            "missing": {code: parcel.faults_as_json(found) for code, found in ground.missing.items()},
            "faults": parcel.faults_as_json([*ground.faults, *faults]),
        },
    )


def _read(settings: Plan, name: str) -> Iterator[Whereabouts]:
    """Read an input in pieces, or whole where rows of other inputs are placed by what is in it."""
    if name in _IN_PIECES:
        yield from sources.pieces(settings, name)
    else:
        yield sources.whereabouts(settings, name)


def _told(raw: Raw, before: Sequence[Fault]) -> list[Fault]:
    """Return what the reader says of the file as a whole, once."""
    return [fault for fault in raw.faults if fault not in before]


class _Dealt:
    """The rows of one input on their way to the counties: as many pieces in each folder as brought rows of it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._rows: dict[str, int] = {}
        self._digests: dict[str, list[str]] = {}

    def deal(self, raw: Raw, owner: Codes) -> None:
        """Leave the rows of each county in a piece of its own."""
        for code in sorted(set(owner)):
            part = rows_of(raw, owner == code)
            digests = self._digests.setdefault(str(code), [])
            place = self._folder / code / self._name / f"{len(digests):05d}"
            kept.leave(part, place)
            digests.append(kept.digest_of(place))
            self._rows[str(code)] = self._rows.get(str(code), 0) + len(part.rows)

    def told(self) -> dict[str, dict[str, Any]]:
        """Return how many rows each county has, and the hash of them."""
        return {code: {"rows": self._rows[code], "sha256": kept.digest(found)} for code, found in self._digests.items()}


def digest_of(folder: Path) -> str:
    """Return the hash of a county's rows of an input, as `_Dealt.told` says it."""
    return kept.digest([kept.digest_of(place) for place in sorted(folder.iterdir())])


def part_of(folder: Path) -> Raw:
    """Return a county's rows of an input, piece after piece."""
    pieces = [parcel.unpack(parcel.answer(place), place) for place in sorted(folder.iterdir())]
    first = pieces[0]
    if len(pieces) == 1:
        return first
    return replace(
        first,
        frame=pd.concat([one.frame for one in pieces], ignore_index=True),
        rows=np.concatenate([one.rows for one in pieces]),
        read=sum(one.read for one in pieces),
        geometry=_stacked([one.geometry for one in pieces]),
        node_ids=_stacked([one.node_ids for one in pieces]),
        uncalculated=tuple(place for one in pieces for place in one.uncalculated),
        dropped=_marks(pieces, "dropped"),
        flagged=_marks(pieces, "flagged"),
    )


def _marks(pieces: Sequence[Raw], group: str) -> dict[str, NDArray[np.bool_]]:
    """Return what the reader marked, piece after piece; a piece without a mark has none of it."""
    return {
        code: np.concatenate([getattr(one, group).get(code, np.zeros(len(one.rows), dtype=bool)) for one in pieces])
        for code in sorted({code for one in pieces for code in getattr(one, group)})
    }


def _stacked(arrays: Sequence[Codes | None]) -> Codes | None:
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None


def _whole(one: Whereabouts) -> Whereabouts:
    """Refuse a file of which the reader lost rows, or said that it is broken."""
    raw = one.opened.raw
    found = [fault for fault in raw.faults if fault.severity == "error"]
    if raw.read != len(raw.rows):
        found.append(Fault("rows_lost", layer=raw.layer, value=f"{len(raw.rows)} / {raw.read}"))
    if found:
        raise InputRefused(found)
    return one


class _Ground:
    """The counties on the map, and which county each row of the tables read so far belongs to."""

    def __init__(self, units: Whereabouts, settings: Plan) -> None:
        frame = units.frame.assign(at=np.arange(len(units.frame)))
        counties = frame[(frame["type"] == "county") & np.isfinite(units.degrees[:, 0])].sort_values("unit_id")
        if counties.empty:
            raise InputRefused(Fault("province_no_county", file=settings.inputs["units"].file.name))
        self._settings = settings
        self._unit_ids = frame["unit_id"].to_numpy(dtype=object)
        twice = counties["unit_id"].duplicated(keep=False)
        odd = counties["unit_id"].map(lambda code: not (str(code).isascii() and str(code).isalnum()))
        file = settings.inputs["units"].file.name
        self.missing = {
            str(code): (Fault("province_code_twice", file=file, value=str(code)),)
            for code in sorted(set(counties.loc[twice, "unit_id"]))
        } | {
            str(code): (Fault("province_code_odd", file=file, value=str(code)),)
            for code in sorted(set(counties.loc[odd, "unit_id"]))
        }
        called = counties[twice | odd].fillna({"name": ""}).groupby("unit_id")["name"].unique()
        self.unsound = {str(code): " / ".join(sorted(map(str, names))) for code, names in called.items()}
        sound = counties[~twice & ~odd]
        self.names = {
            str(code): str(name) for code, name in zip(sound["unit_id"], sound["name"].fillna(""), strict=True)
        }
        outlines = units.outlines if units.outlines is not None else np.empty(0, dtype=object)
        self._shapes = [(str(code), outlines[at]) for code, at in zip(sound["unit_id"], sound["at"], strict=True)]
        self.boxes = {code: [float(one) for one in shape.bounds] for code, shape in self._shapes}
        self._county_of: dict[str, dict[Any, str]] = {}
        self.faults: list[Fault] = []

    def owners(self, name: str, one: Whereabouts) -> Codes:
        """Return the county of each row."""
        placed = self._by_place(one.degrees)
        if name == "units":
            owner = np.where(np.isin(self._unit_ids, list(self.names)), self._unit_ids, placed)
            self._county_of["unit"] = dict(zip(self._unit_ids, owner, strict=True))
            return owner
        if name == "indicators":
            return self._by_reference(one.frame["subject"], "unit", np.full(len(one.frame), OUTSIDE, dtype=object))
        if name in _BY_AREA and one.frame["residential_id"].notna().any():
            owner = self._by_reference(one.frame["residential_id"], "area", placed)
            if name == "pools":
                self._refuse_far_pools(one.frame, owner)
            return owner
        owner = self._by_key(one, placed)
        if name == "residential":
            self._refuse_shared_ids(name, one.frame["residential_id"], owner)
            self._county_of["area"] = dict(zip(one.frame["residential_id"], owner, strict=True))
        if name == "facilities":
            self._refuse_shared_ids(name, one.frame["facility_id"], owner)
            self._refuse_far_service(one.frame, owner)
        return owner

    def left_over(self, name: str, owner: Codes, one: Whereabouts) -> Iterator[Fault]:
        """Yield a warning where areas belong to no county: they are in no sum."""
        lost = np.flatnonzero(owner == OUTSIDE)
        if name == "residential" and len(lost):
            raw = one.opened.raw
            rows = ", ".join(f"#{row}" for row in raw.rows[lost[:5]])
            facts = {"count": len(lost), "rows": rows}
            yield Fault("province_areas_outside", "warning", file=self._settings.inputs[name].file.name, facts=facts)

    def _by_place(self, degrees: NDArray[np.float64]) -> Codes:
        """Return the county that holds each point, its border included; of several the smallest code."""
        owner = np.full(len(degrees), OUTSIDE, dtype=object)
        for code, shape in reversed(self._shapes):
            west, south, east, north = shape.bounds
            x, y = degrees[:, 0], degrees[:, 1]
            near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            shapely.prepare(shape)
            owner[near[shapely.intersects_xy(shape, degrees[near])]] = code
        return owner

    def _by_key(self, one: Whereabouts, placed: Codes) -> Codes:
        """Return the county that a row names, else the one it lies in."""
        key = None if self._settings.province is None else self._settings.province.key
        if key is None or key not in one.opened.raw.frame:
            return placed
        said = one.opened.raw.frame[key].map(_code).to_numpy(dtype=object)
        return np.where(pd.isna(said), placed, np.where(np.isin(said.astype(str), list(self.names)), said, OUTSIDE))

    def _by_reference(self, named: pd.Series[Any], kind: str, otherwise: Codes) -> Codes:
        """Return the county of the area or unit that a row names; an unknown one is left to where the row lies."""
        found = named.map(self._county_of.get(kind, {}))
        return np.where(found.isna(), otherwise, found.to_numpy(dtype=object))

    def _refuse_shared_ids(self, name: str, ids: pd.Series[Any], owner: Codes) -> None:
        """Set aside counties that use one id for two places: within a county the door says so."""
        pairs = pd.DataFrame({"id": ids.to_numpy(dtype=object), "code": owner}).dropna().drop_duplicates()
        for value, named in pairs[pairs["id"].duplicated(keep=False)].groupby("id")["code"]:
            self._set_aside(set(named), Fault("province_id_twice", file=self._file(name), value=str(value)))

    def _set_aside(self, codes: Iterable[str], fault: Fault) -> None:
        """Leave counties out with one fault that names them all."""
        told = replace(fault, facts={"codes": ", ".join(sorted(codes))})
        for code in sorted(self.names.keys() & set(codes)):
            self.missing[code] = (*self.missing.get(code, ()), told)

    def _file(self, name: str) -> str:
        return self._settings.inputs[name].file.name

    def _refuse_far_service(self, facilities: pd.DataFrame, owner: Codes) -> None:
        """Set aside counties that one facility serves together by name: neither could be judged alone."""
        areas = self._county_of.get("area", {})
        for at in np.flatnonzero(facilities["serves"].notna()):
            named = {areas[one] for one in str(facilities["serves"].iloc[at]).split(";") if one in areas}
            named |= {str(owner[at])}
            if len(named) > 1:
                value = str(facilities["facility_id"].iloc[at])
                self._set_aside(named, Fault("province_serves_across", file=self._file("facilities"), value=value))

    def _refuse_far_pools(self, pools: pd.DataFrame, owner: Codes) -> None:
        """Set aside counties that share a pool, likewise."""
        for pool, codes in pd.Series(owner).groupby(pools["pool_id"].to_numpy()):
            if len(set(codes)) > 1:
                self._set_aside(set(codes), Fault("province_pool_across", file=self._file("pools"), value=str(pool)))


def _code(value: Any) -> str | None:
    """Return a code as text: a spreadsheet makes 610102.0 of it."""
    if value is None or pd.isna(value) or not str(value).strip():
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def rows_of(raw: Raw, mask: NDArray[np.bool_]) -> Raw:
    """Return some rows of a table, counted anew."""
    rows = raw.rows[mask]
    there = set(rows.tolist())
    return replace(
        raw,
        frame=raw.frame[mask].reset_index(drop=True),
        rows=rows,
        read=len(rows),
        geometry=None if raw.geometry is None else raw.geometry[mask],
        node_ids=None if raw.node_ids is None else raw.node_ids[mask],
        dropped={code: marks[mask] for code, marks in raw.dropped.items()},
        flagged={code: marks[mask] for code, marks in raw.flagged.items()},
        faults=(),
        uncalculated=tuple(place for place in raw.uncalculated if place[0] in there),
    )


def fingerprints(settings: Plan, names: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
    """Return the files of the inputs, in their order, with their hashes."""
    found = []
    for name in names:
        spec = settings.inputs[name]
        for path in (spec.file, spec.table_file):
            if path is None:
                continue
            try:
                hashed = draft.fingerprints(path)
            except OSError:
                hashed = {path: ""}
            found += [
                {"input": name, "path": draft.relative(part, settings.folder), "sha256": digest}
                for part, digest in hashed.items()
            ]
    return tuple(found)
