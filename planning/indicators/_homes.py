"""Room `planning.indicators`: measures over beds, grades, land and places next to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

import pandas as pd
import shapely

from planning.indicators._scene import Scene, of_levels_and_kinds, tiers
from planning.indicators._units import PLAN
from planning.indicators._verdict import Measure, exempt, known, total, unknown
from planning.standards import Clause

_OTHER_BASE: Final = {"residents": "elderly", "elderly": "residents"}


def nursing_bed_share(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Nursing beds in beds, summed over facilities in service; the other reading of A9 stands beside it."""
    with_beds = _with_beds(scene.serving, "nursing_beds")
    everywhere = _bed_share(with_beds, "nursing_beds")
    if "A9" not in clause.ambiguities:
        return {PLAN: everywhere}
    public = _of_owner("public", with_beds, lambda homes: _bed_share(homes, "nursing_beds"))
    if scene.switch("nursing_beds_of") == "public":
        return {PLAN: _beside(public, everywhere, "all_institutions")}
    return {PLAN: _beside(everywhere, public, "public_institutions")}


def occupancy_share(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Occupied beds in beds of the institutions in service, public ones where the clause says so."""
    homes = _institutions(scene, clause)
    return {PLAN: _of_owner(clause.ownership, homes, lambda theirs: _bed_share(theirs, "occupied_beds"))}


def star_share(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Share of the institutions in service that are graded; ungraded ones stay in the denominator (A23)."""

    def graded(homes: pd.DataFrame, highest: int) -> Measure:
        stars = homes["star"].fillna(0)
        return known(Fraction(int(((stars >= (clause.least_star or 1)) & (stars <= highest)).sum()), len(homes)))

    homes = _institutions(scene, clause)
    at_least = _of_owner(clause.ownership, homes, lambda theirs: graded(theirs, 5))
    up_to_three = _of_owner(clause.ownership, homes, lambda theirs: graded(theirs, 3))
    if scene.switch("stars") == "one_to_three":
        return {PLAN: _beside(up_to_three, at_least, "one_star_or_better")}
    return {PLAN: _beside(at_least, up_to_three, "one_to_three_stars")}


def land_per_person(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Land of the facilities in service in the plan area by the people of its highest unit level (A1, A2)."""
    base = str(scene.switch("land_per_person_base"))
    units = _highest(scene)
    if units is None:
        return {PLAN: unknown("units_missing")}
    land = _land(scene, units)
    taken, other = (_per_person(land, units[word], word) for word in (base, _OTHER_BASE[base]))
    return {PLAN: _beside(taken, other, f"per_{_OTHER_BASE[base]}")}


def medical_distance(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Largest straight distance, in metres, from a facility in service to the medical institution nearest to it."""
    medical = scene.tables.get("medical")
    of_kind, _ = of_levels_and_kinds(clause, scene.serving)
    facilities = scene.serving[of_kind]
    if medical is None or medical.empty:
        return {PLAN: unknown("medical_missing")}
    if facilities.empty:
        return {PLAN: unknown("no_facility")}
    tree = shapely.STRtree(medical.geometry.to_numpy())
    _, metres = tree.query_nearest(facilities.geometry.to_numpy(), return_distance=True, all_matches=False)
    return {PLAN: known(Fraction(round(float(metres.max()) * 1000), 1000))}


def idle_assets(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Count the candidate sites that are idle state assets."""
    candidates = scene.tables.get("candidates")
    if candidates is None:
        return {PLAN: unknown("candidates_missing")}
    return {PLAN: known(int((candidates["source"] == "idle_state_asset").sum()))}


def _institutions(scene: Scene, clause: Clause) -> pd.DataFrame:
    """Return the institutions in service; every county facility is one, an empty kind is not."""
    serving = pd.DataFrame(scene.serving)
    return serving[serving["kind"].isin(clause.kinds) | (serving["level"] == "county")]


def _of_owner(owner: str | None, homes: pd.DataFrame, measure: Callable[[pd.DataFrame], Measure]) -> Measure:
    """Return the measure of the homes of ``owner``; unknown while one does not say whose it is, or none is known."""
    if homes.empty:
        return unknown("no_facility")
    if owner is None:
        return measure(homes)
    if homes["ownership"].isna().any():
        return unknown("ownership_missing")
    theirs = homes[homes["ownership"] == owner]
    return exempt(f"no_{owner}_institution") if theirs.empty else measure(theirs)


def _with_beds(facilities: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the facilities that have beds, or may: a centre or station that states none has none."""
    institution = (facilities["kind"] == "institution").fillna(value=False) | (facilities["level"] == "county")
    return facilities[institution | facilities["beds"].notna() | facilities[column].notna()]


def _bed_share(facilities: pd.DataFrame, column: str) -> Measure:
    """Return the beds of ``column`` in all beds; where they are not stated anything from none to all is possible."""
    if facilities.empty:
        return unknown("no_facility")
    if facilities["beds"].isna().any():
        return unknown("beds_missing")
    if (facilities[column] > facilities["beds"]).any() and column == "nursing_beds":
        return unknown("nursing_beds_exceed_beds")
    beds = total(facilities["beds"])
    if beds == 0:
        return exempt("no_beds")
    silent = facilities[column].isna()
    low = total(facilities[column])
    high = low + total(facilities.loc[silent, "beds"])
    return Measure(low / beds, high / beds, f"{column}_missing" if silent.any() else "")


def _highest(scene: Scene) -> pd.DataFrame | None:
    """Return the units of the highest level given."""
    units = scene.units
    if units is None:
        return None
    tier = tiers(units["type"])
    return pd.DataFrame(units[tier == tier.min()])


def _land(scene: Scene, units: pd.DataFrame) -> Measure:
    """Return the land of the facilities in service inside ``units``, in m².

    0 is no parcel of its own: nothing, or unknown where the plan wants shares of mixed buildings counted; empty is
    unknown.
    """
    rows = scene.membership.loc[scene.membership["unit_id"].isin(units["unit_id"]), "facility"].unique()
    land = scene.serving["land_area_m2"].iloc[rows]
    low = total(land)
    if land.isna().any():
        return Measure(low, None, "land_area_missing")
    if scene.switch("apportion_mixed_land") and (land == 0).any():
        return Measure(low, None, "apportioned_land_missing")
    return known(low)


def _per_person(land: Measure, people: pd.Series[float], word: str) -> Measure:
    if people.isna().any():
        return unknown(f"{word}_missing")
    count = total(people)
    if count == 0:
        return unknown("nobody")
    return Measure(land.low / count, None if land.high is None else land.high / count, land.reason)


def _beside(measure: Measure, other: Measure, code: str) -> Measure:
    """Return a measure with the figure under the other reading next to it."""
    return measure if other.actual is None else replace(measure, beside=other.actual, beside_code=code)
