"""Where new facilities should go, with a proof of how good the choice is.

Models of the same table ``reach (facility_id, demand_id, distance_m)``: `lscp` opens the fewest sites that cover
everyone who can be covered, `mclp` covers the most people with p sites, `p_median` makes the walking sum least,
`p_center` the longest walk, `deficit` the floor area that is missing; `capacitated` covers most with sites that can
serve only so many. ``p`` counts new sites; existing ones are ``fixed``. Every plan carries its bound and gap and has
been held against the tables before it is handed out.
"""

from planning.siting._capacity import capacitated
from planning.siting._coverage import lscp, mclp
from planning.siting._deficit import deficit
from planning.siting._distance import p_center, p_median
from planning.siting._explain import EVALUATED, EXPLAINED, Depth, Explanation, Worth, evaluate, explain
from planning.siting._phases import Phase
from planning.siting._plan import PhasePlan, SitingPlan, Stage
from planning.siting._then import Then

__all__ = [
    "EVALUATED",
    "EXPLAINED",
    "Depth",
    "Explanation",
    "Phase",
    "PhasePlan",
    "SitingPlan",
    "Stage",
    "Then",
    "Worth",
    "capacitated",
    "deficit",
    "evaluate",
    "explain",
    "lscp",
    "mclp",
    "p_center",
    "p_median",
]
