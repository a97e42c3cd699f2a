"""Room of `planning.network`: which road rows may be walked on."""

from __future__ import annotations

import re
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

CLASS_COLUMNS: Final = ("highway", "road_class")
# Words of the OpenStreetMap key `highway` where nobody walks or nothing is built yet, and their Chinese counterparts.
NOT_WALKABLE: Final = frozenset(
    {
        "abandoned",
        "bus_guideway",
        "construction",
        "demolished",
        "motorway",
        "motorway_link",
        "no",
        "planned",
        "platform",
        "proposed",
        "raceway",
        "razed",
        "高速",
        "高速公路",
        "高速路",
    }
)


def walkable_rows(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Say of each row whether it may be walked on.

    Parameters
    ----------
    roads : GeoDataFrame
        ``walkable`` decides where it is stated; else the class in ``highway``, or where that is missing in
        ``road_class``. A row without either may be walked on. A class that is a list (``"['service', 'steps']"``,
        ``service;steps``) may be walked on if one of its members may.

    Returns
    -------
    array of bool, shape (rows,)
    """
    by_class = _classes_walkable(road_class(roads))
    if "walkable" not in roads.columns:
        return np.asarray(by_class)
    stated = roads["walkable"].astype("boolean")
    return np.where(stated.isna(), by_class, stated.to_numpy(dtype=bool, na_value=False))


def road_class(roads: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Return the class of each road as the source wrote it, missing where no column states one."""
    found = pd.Series(None, index=range(len(roads)), dtype=object)
    for column in CLASS_COLUMNS:
        if column in roads.columns:
            found = found.where(found.notna(), pd.Series(roads[column].to_list(), dtype=object))
    return found


def _classes_walkable(classes: pd.Series[Any]) -> NDArray[np.bool_]:
    """Judge each different class once: a city has a million roads and thirty classes."""
    codes, words = pd.factorize(classes.where(classes.isna(), classes.astype(str)))
    verdicts = np.array([*(_class_is_walkable(word) for word in words), True])  # the last is for code -1, no class
    return np.asarray(verdicts[codes])


def has_class(roads: gpd.GeoDataFrame, words: frozenset[str]) -> NDArray[np.bool_]:
    """Say of each row whether its class, or a member of it where that is a list, is one of ``words``."""
    classes = road_class(roads)
    codes, texts = pd.factorize(classes.where(classes.isna(), classes.astype(str)))
    verdicts = np.array([*(not words.isdisjoint(_members(text)) for text in texts), False])  # the last: no class
    return np.asarray(verdicts[codes])


def _class_is_walkable(text: str) -> bool:
    """Judge a class; a list, or a text that prints like one, may be walked on if one of its members may."""
    words = _members(text)
    return not words or any(word not in NOT_WALKABLE for word in words)


def _members(text: str) -> list[str]:
    return [word for word in re.split(r"[\[\](){}'\",;；、|\s]+", text.lower()) if word]
