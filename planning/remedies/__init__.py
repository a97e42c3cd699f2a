"""Ways out of a shortfall: rooms to return or hand over, sites to use, rooms to enlarge, areas that could pool (统筹).

Everything here is a proposal for a planner to judge; nothing is applied. Each way was held against the same figures
that say who fails: alone, or together with the ways of the same rank, it makes the subject meet. Ways are proposed to
each subject by itself, so that two subjects may be shown the same site.
"""

from planning.remedies._find import COLUMNS, MOST_IN_COMBINATION, find
from planning.remedies._offers import available, hosts, offers
from planning.remedies._pools import POOL_COLUMNS, POOL_WALK_M, least_unit_m2, pool_groups, pool_suggestions

__all__ = [
    "COLUMNS",
    "MOST_IN_COMBINATION",
    "POOL_COLUMNS",
    "POOL_WALK_M",
    "available",
    "find",
    "hosts",
    "least_unit_m2",
    "offers",
    "pool_groups",
    "pool_suggestions",
]
