"""SVG of the palette's hatches and symbols; belongs to the room `webmap`.

Everything here is made of numbers and colours of the palette, never of a planner's data, so it needs no escaping.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from planning import palette

RIM_MM: Final = 0.38
OUTLINE_MM: Final = 0.34
OUTLINE_RING_MM: Final = 0.70
SWATCH_PX: Final = (28, 14)
INNER: Final = 0.42  # radius of a symbol's figure in parts of its size; the rest is outline and rim


def pattern_id(name: str) -> str:
    """Return the document id of the hatch of role ``name``."""
    return f"hatch-{name}"


def paint(fill: palette.Fill) -> str:
    """Return what an SVG ``fill`` attribute says for ``fill``: its pattern, or its colour where it has no hatch."""
    return fill.hex if fill.hatch.kind == "none" else f"url(#{pattern_id(fill.name)})"


def definitions(fills: list[palette.Fill], px_per_mm: float) -> str:
    """Return a hidden SVG that holds the pattern of every hatched fill."""
    patterns = "".join(_pattern(fill, px_per_mm) for fill in fills if fill.hatch.kind != "none")
    return f'<svg class="plan-defs" width="0" height="0" aria-hidden="true"><defs>{patterns}</defs></svg>'


def _pattern(fill: palette.Fill, px_per_mm: float) -> str:
    pitch = fill.hatch.pitch_mm * px_per_mm
    return (
        f'<pattern id="{pattern_id(fill.name)}" patternUnits="userSpaceOnUse" width="{pitch:g}" height="{pitch:g}" '
        f'patternTransform="rotate({-fill.hatch.angle_deg:g})">'
        f'<rect width="{pitch:g}" height="{pitch:g}" fill="{fill.hex}"/>{_strokes(fill.hatch, pitch, px_per_mm)}'
        "</pattern>"
    )


def _strokes(hatch: palette.Hatch, pitch: float, px_per_mm: float) -> str:
    """Return the figures of one tile; screens need slightly stronger lines than paper."""
    if hatch.kind == "dots":
        radius = max(hatch.width_mm * px_per_mm / 2, 0.8)
        return f'<circle cx="{pitch / 2:g}" cy="{pitch / 2:g}" r="{radius:g}" fill="{hatch.hex}"/>'
    width = max(hatch.width_mm * px_per_mm, 0.8)
    line = f'<path d="M0 {pitch / 2:g}H{pitch:g}" stroke="{hatch.hex}" stroke-width="{width:g}"/>'
    across = f'<path d="M{pitch / 2:g} 0V{pitch:g}" stroke="{hatch.hex}" stroke-width="{width:g}"/>'
    return line + across if hatch.kind == "cross" else line


def swatch(fill: palette.Fill) -> str:
    """Return the legend sample of an area role, with its true hatch and edge."""
    width, height = SWATCH_PX
    return (
        f'<svg class="swatch" width="{width}" height="{height}" aria-hidden="true">'
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" fill="{paint(fill)}" stroke="{fill.edge}"/>'
        "</svg>"
    )


def line_sample(hex_: str, width_px: float, dash_px: str) -> str:
    """Return the legend sample of a line."""
    width, height = SWATCH_PX
    return (
        f'<svg class="swatch" width="{width}" height="{height}" aria-hidden="true"><path d="M0 {height / 2:g}H{width}" '
        f'stroke="{hex_}" stroke-width="{width_px:g}" stroke-dasharray="{dash_px}"/></svg>'
    )


def facility(level: palette.Level, status: palette.Status, status_ink: str, px_per_mm: float) -> str:
    """Return the symbol of a facility: the level's shape, the status's filling."""
    grey = status.filling in ("bar", "slash", "x")
    return _symbol(level.shape, status.filling, status_ink if grey else level.hex, level.px, px_per_mm)


def candidate(site: palette.Site, px_per_mm: float) -> str:
    """Return the symbol of a candidate site."""
    return _symbol(site.shape, site.filling, site.hex, site.px, px_per_mm)


def chosen(site: palette.Site, rank: int, px_per_mm: float) -> str:
    """Return the disc of a chosen site with its rank as numeral, and one more ring for each later phase."""
    half = site.px / 2
    rings = "".join(
        f'<circle cx="{half:g}" cy="{half:g}" r="{INNER * site.px - 3 * (ring + 1):g}" fill="none" '
        f'stroke="{site.hex}" stroke-width="1"/>'
        for ring in range(site.rings)
    )
    numeral = (
        f'<text x="{half:g}" y="{half:g}" dy=".36em" text-anchor="middle" font-size="{site.px * 0.5:g}" '
        f'font-weight="700" fill="{site.text}">{rank:d}</text>'
    )
    outline = OUTLINE_RING_MM if site.filling == "hollow" else OUTLINE_MM
    body = _body(site.shape, site.filling, site.hex, site.px, px_per_mm, outline_mm=outline)
    return _svg(site.px, body + rings + numeral)


def _symbol(shape: palette.Shape, filling: palette.Filling, hex_: str, px: float, px_per_mm: float) -> str:
    return _svg(px, _body(shape, filling, hex_, px, px_per_mm))


def _svg(px: float, body: str) -> str:
    box = f'width="{px:g}" height="{px:g}" viewBox="0 0 {px:g} {px:g}"'
    return f'<svg {box} overflow="visible" aria-hidden="true">{body}</svg>'


def _body(
    shape: palette.Shape,
    filling: palette.Filling,
    hex_: str,
    px: float,
    px_per_mm: float,
    *,
    outline_mm: float = OUTLINE_MM,
) -> str:
    """Return white rim, figure and filling."""
    outline = outline_mm * px_per_mm
    rim = outline + 2 * RIM_MM * px_per_mm
    figure = _figure(shape, px)
    inside = hex_ if filling == "solid" else "#FFFFFF"
    parts = [
        f'<path d="{figure}" fill="#FFFFFF" stroke="#FFFFFF" stroke-width="{rim:g}" stroke-linejoin="round"/>',
        f'<path d="{figure}" fill="{inside}"/>',
        _inlay(shape, filling, hex_, px, outline),
        f'<path d="{figure}" fill="none" stroke="{hex_}" stroke-width="{outline:g}" stroke-linejoin="round"/>',
    ]
    return "".join(parts)


def _inlay(shape: palette.Shape, filling: palette.Filling, hex_: str, px: float, outline: float) -> str:
    """Return what tells the status inside the outline."""
    if filling == "left_half":
        return f'<path d="{_left_half(shape, px)}" fill="{hex_}"/>'
    half, arm = px / 2, px * (0.14 if shape in ("triangle", "diamond") else 0.24)
    low, high = half - arm, half + arm
    strokes: Mapping[str, str] = {
        "bar": f"M{low:g} {half:g}H{high:g}",
        "slash": f"M{low:g} {high:g}L{high:g} {low:g}",
        "x": f"M{low:g} {low:g}L{high:g} {high:g}M{low:g} {high:g}L{high:g} {low:g}",
    }
    if filling not in strokes:
        return ""
    return f'<path d="{strokes[filling]}" fill="none" stroke="{hex_}" stroke-width="{outline:g}"/>'


def _corners(shape: palette.Shape, px: float) -> list[tuple[float, float]]:
    """Return the corners of a shape, clockwise from the top, centred in its box; empty for a circle."""
    starts = {"hexagon": (6, -90), "triangle": (3, -90), "square": (4, -45), "diamond": (4, -90), "circle": (0, 0)}
    count, start = starts[shape]
    radius = px * (INNER * math.sqrt(2) if shape == "square" else INNER)
    centre = px * 0.54 if shape == "triangle" else px / 2
    turns = (math.radians(start + 360 * corner / count) for corner in range(count))
    return [(px / 2 + radius * math.cos(turn), centre + radius * math.sin(turn)) for turn in turns]


def _figure(shape: palette.Shape, px: float) -> str:
    if shape == "circle":
        half, radius = px / 2, px * INNER
        arc = f"A{radius:.3g} {radius:.3g} 0 0 1"
        return f"M{half:g} {half - radius:.4g}{arc} {half:g} {half + radius:.4g}{arc} {half:g} {half - radius:.4g}Z"
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in _corners(shape, px)) + "Z"


def _left_half(shape: palette.Shape, px: float) -> str:
    """Return the figure cut at its middle."""
    half, radius = px / 2, px * INNER
    if shape == "circle":
        return f"M{half:g} {half - radius:.4g}A{radius:.3g} {radius:.3g} 0 0 0 {half:g} {half + radius:.4g}Z"
    corners = _corners(shape, px)
    left = [(x, y) for x, y in corners if x < half - 1e-9]
    low = max(y for _, y in corners)
    high = min(y for _, y in corners)
    left.sort(key=lambda corner: -corner[1])
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in [(half, low), *left, (half, high)]) + "Z"
