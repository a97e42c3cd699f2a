"""Policy documents as data: one dated TOML file each, every clause with its number, strength, deadline and citation.

A document's silence stays silence: ``value`` None is 本文件未规定, nothing is borrowed from another place. See
``docs/standards.md`` for the file format.
"""

from planning.standards._apply import apply
from planning.standards._load import catalogue, ids, load, validate
from planning.standards._model import MINIMUM, POOLING, RATE, Built, Clause, Part, Standard, Switch
from planning.standards._schema import METRICS, UNITS
from planning.standards._settled import settled
from planning.standards._tell import asked, diff, listing, required, rows

__all__ = [
    "METRICS",
    "MINIMUM",
    "POOLING",
    "RATE",
    "UNITS",
    "Built",
    "Clause",
    "Part",
    "Standard",
    "Switch",
    "apply",
    "asked",
    "catalogue",
    "diff",
    "ids",
    "listing",
    "load",
    "required",
    "rows",
    "settled",
    "validate",
]
