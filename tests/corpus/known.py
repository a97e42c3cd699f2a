"""Cases that are known to fail for now, each with the reason; a case that begins to pass must be taken out."""

from __future__ import annotations

from typing import Final

KNOWN: Final[dict[str, str]] = dict.fromkeys(
    (
        "p1-json-households-bool",
        "p1-json-places-coarse",
        "p1-name-mojibake",
    ),
    "not yet seen by the door",
)
