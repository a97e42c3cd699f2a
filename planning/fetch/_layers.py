"""From OpenStreetMap's tags to the tables of a plan (part of ``fetch``). What OSM does not say stays empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.texts import printable

_BUILDINGS: Final = ["apartments", "residential", "dormitory"]
TAGS: Final[Mapping[str, bool | str | list[str]]] = {
    "landuse": ["residential"],
    "building": _BUILDINGS,
    "amenity": [
        *("social_facility", "nursing_home", "retirement_home"),
        *("hospital", "clinic", "doctors", "pharmacy"),
    ],
    "social_facility": True,
    "healthcare": True,
    "admin_level": ["6", "7", "8", "9", "10"],
}
"""What is asked for in one question; administrative levels above a county would bring the outline of a country."""

_OLD: Final = re.compile(r"养老|敬老|老年|颐养|托老|长者|日间照料|护理院|福利院|幸福院")
_NOT_OLD: Final = re.compile(r"儿童|孤儿|残疾|救助")
_KINDS: Final = (
    ("day_care", re.compile(r"日间照料|日照中心|托老所")),
    ("station", re.compile(r"服务站|驿站|幸福院")),
    ("institution", re.compile(r"养老院|敬老院|护理院|福利院|老年公寓|颐养院")),
    ("centre", re.compile(r"养老服务中心|综合服务中心|照护中心|养老中心")),
)
_MEDICAL: Final = ("hospital", "clinic", "doctors", "pharmacy")
_NO_MEDICAL: Final = ("no", "nursing_home")
_POLYGONS: Final = ("Polygon", "MultiPolygon")
_SETTLED: Final = ("Point", "Polygon", "MultiPolygon")

Frame: TypeAlias = gpd.GeoDataFrame
Mask = NDArray[np.bool_]


def residential(found: Frame, inner: Any) -> Frame:
    """Return residential land that meets the area, and apartment buildings outside any such land.

    Columns ``residential_id, name, osm, flats``; no households: OSM has none. ``flats`` is what ``building:flats``
    says, under a name that no plan takes for households.
    """
    shaped = found[_is(found, *_POLYGONS) & found.intersects(inner).to_numpy()]
    land = shaped[(_tag(shaped, "landuse") == "residential").to_numpy()]
    homes = shaped[(_tag(shaped, "building").isin(_BUILDINGS) & ~_tag(shaped, "landuse").notna()).to_numpy()]
    inside = homes.representative_point().within(land.union_all()) if len(land) else homes.is_empty
    both = pd.concat([land, homes[~inside.to_numpy()]])
    osm = _tag(both, "landuse").fillna(_tag(both, "building"))
    columns = {"residential_id": _ids(both), "name": _names(both), "osm": osm, "flats": _tag(both, "building:flats")}
    return _layer(both, columns)


def facilities(found: Frame, *, level: str | None = None) -> tuple[Frame, int]:
    """Return places of elderly care, and how many social facilities were left out because they say they serve others.

    Columns ``facility_id, name, level, kind, status, capacity, osm``: OSM does not know ``level``, it is as given;
    ``kind`` is read from the tag and the name where they say it; ``capacity`` is not taken for beds.
    """
    shaped = found[_is(found, *_SETTLED)]
    social = _tag(shaped, "social_facility")
    amenity = _tag(shaped, "amenity")
    group = _tag(shaped, "social_facility:for")
    named = _tag(shaped, "name").fillna("")
    any_care = social.notna() | amenity.isin(["social_facility", "nursing_home", "retirement_home"])
    any_care |= _tag(shaped, "healthcare") == "nursing_home"
    by_group = group.fillna("").str.contains("senior|elder|aged", case=False)
    says_old = by_group | amenity.isin(["nursing_home", "retirement_home"]) | named.str.contains(_OLD)
    says_old |= group.isna() & social.isin(["nursing_home", "assisted_living"])
    says_other = named.str.contains(_NOT_OLD) & ~by_group
    taken = (any_care & says_old & ~says_other).to_numpy(dtype=bool)
    left_out = int((any_care & ~pd.Series(taken, any_care.index)).sum())
    care = shaped[taken]
    columns = {
        "facility_id": _ids(care),
        "name": _names(care),
        "level": pd.Series(level, care.index, dtype="str"),
        "kind": _kinds(care),
        "status": pd.Series("operating", care.index, dtype="str"),
        "capacity": _tag(care, "capacity"),
        "osm": _tag(care, "social_facility").fillna(_tag(care, "amenity")),
    }
    return _layer(care, columns), left_out


def medical(found: Frame) -> Frame:
    """Return hospitals, clinics, doctors and pharmacies: columns ``medical_id, name, kind``."""
    shaped = found[_is(found, *_SETTLED)]
    amenity, care = _tag(shaped, "amenity"), _tag(shaped, "healthcare")
    taken = amenity.isin(_MEDICAL) | (care.notna() & ~care.isin(_NO_MEDICAL) & amenity.isna())
    places = shaped[taken.to_numpy(dtype=bool)]
    kind = _tag(places, "amenity").fillna(_tag(places, "healthcare"))
    return _layer(places, {"medical_id": _ids(places), "name": _names(places), "kind": kind})


def units(found: Frame, inner: Any) -> tuple[Frame, int]:
    """Return counties, streets, towns, communities and villages that meet the area, and how many are of no known type.

    The type is what the name ends with (街道, 镇, 乡, 社区, 村; 区, 县, 市, 旗 for level 6): OSM's levels alone do not
    tell a street from a town.
    """
    shaped = found[_is(found, *_POLYGONS) & found.intersects(inner).to_numpy()]
    admin = shaped[((_tag(shaped, "boundary") == "administrative") & _tag(shaped, "admin_level").notna()).to_numpy()]
    types = _unit_types(admin)
    known = admin[types.notna().to_numpy()]
    columns = {"unit_id": _ids(known), "name": _names(known), "type": types.dropna()}
    return _layer(known, columns), len(admin) - len(known)


def _unit_types(admin: Frame) -> pd.Series[Any]:
    """Return the type of each unit, missing where level and name do not say it."""
    names, level = _tag(admin, "name").fillna(""), _tag(admin, "admin_level")
    rules = [
        (level.eq("6") & names.str.fullmatch(r".*[区县市旗]"), "county"),
        (level.isin(["7", "8", "9"]) & names.str.contains(r"街道(?:办事处)?$"), "street"),
        (level.isin(["7", "8", "9"]) & names.str.contains(r"[镇乡]$"), "town"),
        (level.isin(["9", "10"]) & names.str.contains(r"(?:社区|居委会|居民委员会)$"), "community"),
        (level.isin(["9", "10"]) & names.str.contains(r"(?:村|村委会|村民委员会)$"), "village"),
    ]
    found = np.select([rule.to_numpy(dtype=bool) for rule, _ in rules], [word for _, word in rules], default="")
    return pd.Series(found, admin.index, dtype="str").where(lambda words: words != "")


def _kinds(care: Frame) -> pd.Series[Any]:
    """Return the kind of each place where its name, else its tag, says it; empty else."""
    names = _tag(care, "name").fillna("")
    by_name = np.select(
        [names.str.contains(pattern).to_numpy(dtype=bool) for _, pattern in _KINDS],
        [kind for kind, _ in _KINDS],
        default="",
    )
    tag = _tag(care, "social_facility").fillna(_tag(care, "amenity"))
    by_tag = tag.map({"nursing_home": "institution", "retirement_home": "institution", "day_care": "day_care"})
    return pd.Series(by_name, care.index, dtype="str").where(lambda words: words != "", by_tag)


# ------------------------------------------------------------------------------------------------------------ helpers


def nothing() -> Frame:
    """Return what a question without an answer gives."""
    index = pd.MultiIndex.from_arrays([[], []], names=["element", "id"])
    return gpd.GeoDataFrame({"geometry": gpd.GeoSeries([], index=index, crs=4326)}, index=index, crs=4326)


def _tag(found: Frame, key: str) -> pd.Series[Any]:
    """Return the values of a tag, missing where it is not there; controls in them become escapes."""
    if key not in found:
        return pd.Series(None, found.index, dtype="str")
    cells = found[key]
    plain: pd.Series[Any] = cells.where(cells.notna(), None).map(printable, na_action="ignore").astype("str")
    return plain


def _names(found: Frame) -> pd.Series[Any]:
    return _tag(found, "name").fillna(_tag(found, "name:zh"))


def _ids(found: Frame) -> pd.Series[Any]:
    """Return the ids as OSM writes them: way/123."""
    return pd.Series([f"{kind}/{number}" for kind, number in found.index], found.index, dtype="str")


def _is(found: Frame, *kinds: str) -> Mask:
    return np.asarray(found.geom_type.isin(kinds), dtype=np.bool_)


def _layer(found: Frame, columns: Mapping[str, pd.Series[Any]]) -> Frame:
    """Return a plain layer in order of its ids."""
    made = gpd.GeoDataFrame(dict(columns), geometry=found.geometry, crs=4326)
    return made.sort_values(made.columns[0]).reset_index(drop=True)
