"""Laying out the ground of a study: the walking network, the sites on offer, facilities, gates, where areas lie."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import demand, network
from planning.demand import Access
from planning.network import Network, kept
from planning.study import circles, layers, offers
from planning.study.offers import Offers
from planning.study.records import Ground, StudyInputs


def lay_out(inputs: StudyInputs) -> tuple[StudyInputs, Ground, Offers]:
    """Build the network, settle which sites are on offer, and lay out the ground with them."""
    cut = barriers(inputs)
    ways = walkways(inputs, cut)
    inputs, offered = offers.settle(inputs, ways)
    return inputs, ground(inputs, cut, ways), offered


def ground(inputs: StudyInputs, cut: gpd.GeoSeries | None, ways: Network) -> Ground:
    """Put facilities on the map, find the gates, and say where each area lies."""
    return Ground(
        walkways=ways,
        facilities=facilities(inputs),
        access=access(inputs, cut, ways),
        places=layers.places(inputs.tables["residential"], inputs.tables.get("units")),
    )


def access(inputs: StudyInputs, cut: gpd.GeoSeries | None, ways: Network) -> Access:
    """Find the gates of each area."""
    areas, gates = inputs.tables["residential"], inputs.tables.get("entrances")
    return demand.access_points(areas, gates, ways.lines, max_snap_m=inputs.plan.walk.max_snap_m, barriers=cut)


def walkways(inputs: StudyInputs, cut: gpd.GeoSeries | None) -> Network:
    """Build the walking network, or fetch it where it is kept, cut at the barriers and weighed as the plan asks."""
    roads, walk = inputs.plan.inputs["roads"], inputs.plan.walk
    built = kept.built(inputs.tables["roads"], barriers=cut, noding=roads.noding, heal_gaps_m=roads.heal_gaps_m)
    return circles.weighed(built, walk, walk.speed_m_per_s)


def uncut(inputs: StudyInputs) -> network.Uncut:
    """Return what `walkways` builds before it cuts it at barriers."""
    roads = inputs.plan.inputs["roads"]
    return network.draft(inputs.tables["roads"], noding=roads.noding, heal_gaps_m=roads.heal_gaps_m)


def barriers(inputs: StudyInputs) -> gpd.GeoSeries | None:
    """Return what cuts walking: the plan's barriers and, where it asks for them, the walls of gated areas."""
    tables, stated = inputs.tables, inputs.tables.get("barriers")
    if inputs.plan.walk.walls == "none":
        return None if stated is None else stated.geometry
    walls = demand.walls(tables["residential"], tables.get("entrances"))
    return walls if stated is None else pd.concat([stated.geometry, walls], ignore_index=True)


def facilities(inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Return existing facilities and candidates, those outside the plan area marked.

    Under ``walk.hard_border`` the marked ones serve nobody.
    """
    found, units = layers.all_facilities(inputs), inputs.tables.get("units")
    if units is None:
        return found.assign(outside_area=False)
    outside = ~layers.within_border(found, units) & ~found.get("neighbour", np.False_)
    serving = found["in_service"] & ~outside if inputs.plan.walk.hard_border else found["in_service"]
    return found.assign(outside_area=outside, in_service=serving)
