"""Room `house`: colours that a reader could take for one another, with normal or colour-blind eyes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from planning.palette import Hatch, Palette

# Linear RGB as seen by each eye: Machado, Oliveira and Fernandes 2009, severity 1.0 (doi 10.1109/TVCG.2009.113).
VISIONS: Final[Mapping[str, tuple[tuple[float, ...], ...]]] = MappingProxyType(
    {
        "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
        "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
        "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    }
)
_XYZ: Final = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE: Final = (0.95047, 1.0, 1.08883)
# Of CIELAB (CIE 1976): nearer than this two fills without a hatch between them pass for one.
LEAST: Final = 9.0


def alike(book: Palette) -> Iterator[tuple[str, str, float]]:
    """Yield pairs of roles of a theme, hatched alike, whose fills some eye cannot tell apart; with their distance."""
    bands = {band.zh: (band.area, Hatch()) for band in book.minutes}
    groups = [{fill.zh: (fill.hex, fill.hatch) for fill in fills} for fills in (
        book.verdicts.values(), book.shortfalls, book.coverages.values())]  # fmt: skip
    for group in (*groups, bands):
        for (one, (first, hatch)), (other, (second, across)) in itertools.combinations(group.items(), 2):
            if (hatch.kind, hatch.angle_deg, hatch.pitch_mm) != (across.kind, across.angle_deg, across.pitch_mm):
                continue
            much = min(float(np.linalg.norm(lab(first, eye) - lab(second, eye))) for eye in VISIONS)
            if much < LEAST:
                yield one, other, much


def lab(colour: str, eye: str = "normal") -> np.ndarray:
    """Return a colour ``#RRGGBB`` in CIELAB, as ``eye`` sees it."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array(_XYZ) @ np.clip(np.array(VISIONS[eye]) @ linear, 0, 1) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
