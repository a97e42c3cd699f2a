"""The palette: both languages everywhere, and roles that stay apart for every eye.

The colour-blindness rule is recomputed from the file by an oracle written here: Machado (2009) matrices at severity 1
on linear RGB, CIEDE2000 between fills. Fills that must be told apart keep a difference of 8 or more in normal, protan,
deutan and tritan vision, or differ in hatch kind or angle.
"""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from planning import palette, tables

VISIONS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
LEAST = 8.0


def lab(colour: str, vision: str = "normal") -> np.ndarray:
    """Return CIE Lab of an sRGB hex colour as seen in ``vision``."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def delta_e(one: np.ndarray, two: np.ndarray) -> float:
    """CIEDE2000 (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, two
    mean_c7 = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - math.sqrt(mean_c7 / (mean_c7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for b, a in ((b1, a1), (b2, a2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    d_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    mean_h = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * _cos(mean_h - 30)
        + 0.24 * _cos(2 * mean_h)
        + 0.32 * _cos(3 * mean_h + 6)
        - 0.2 * _cos(4 * mean_h - 63)
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / math.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    r_t = (
        -2
        * math.sqrt(mean_c**7 / (mean_c**7 + 25**7))
        * math.sin(math.radians(60 * math.exp(-(((mean_h - 275) / 25) ** 2))))
    )
    parts = (l2 - l1) / s_l, (c2 - c1) / s_c, d_h / s_h
    return math.sqrt(sum(part**2 for part in parts) + r_t * parts[1] * parts[2])


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def test_the_oracle_agrees_with_published_pairs() -> None:
    """Pairs 1, 7 and 17 of the test data published with the formula: 2.0425, 0 (equal), 27.1492."""
    assert delta_e(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485])) == pytest.approx(2.0425, abs=1e-4)
    assert delta_e(np.array([50.0, 2, 3]), np.array([50.0, 2, 3])) == 0
    assert delta_e(np.array([50, 2.5, 0]), np.array([73, 25, -18])) == pytest.approx(27.1492, abs=1e-4)


def themes() -> dict[str, list[palette.Fill]]:
    book = palette.load()
    covered = [fill for name, fill in book.coverages.items() if name != "newly_covered"]
    bands = [palette.Fill(b.zh, b.en, b.zh, b.area, b.edge, palette.Hatch()) for b in book.minutes]
    return {
        "verdicts": list(book.verdicts.values()),
        "shortfall": list(book.shortfalls),
        "verdicts with shortfall": [f for n, f in book.verdicts.items() if n != "fails"] + list(book.shortfalls),
        "coverage": covered,
        "plan": list(book.coverages.values()),
        "minutes": bands + [fill for fill in covered if fill.name != "covered"],
    }


@pytest.mark.parametrize("theme", themes())
@pytest.mark.parametrize("vision", VISIONS)
def test_fills_of_one_theme_stay_apart(theme: str, vision: str) -> None:
    for one, two in itertools.combinations(themes()[theme], 2):
        hatched = (one.hatch.kind, one.hatch.angle_deg) != (two.hatch.kind, two.hatch.angle_deg)
        apart = delta_e(lab(one.hex, vision), lab(two.hex, vision))
        assert hatched or apart >= LEAST, f"{one.en} and {two.en} are {apart:.1f} apart in {vision} vision"


def test_every_role_but_the_good_one_is_hatched() -> None:
    """In grey the finding must show: only meets and covered are plain."""
    book = palette.load()
    assert [n for n, f in book.verdicts.items() if f.hatch.kind == "none"] == ["meets"]
    assert [n for n, f in book.coverages.items() if f.hatch.kind == "none"] == ["covered"]
    assert {f.hatch.kind for f in (book.verdicts["not_assessable"], book.coverages["unsnapped"])} == {"dots"}


def test_levels_differ_in_shape_and_statuses_in_filling() -> None:
    book = palette.load()
    assert len({level.shape for level in book.levels.values()}) == len(book.levels) == len(tables.LEVELS)
    assert tuple(book.levels) == tables.LEVELS
    assert len({status.filling for status in book.statuses.values()}) == len(book.statuses)


def test_every_status_and_verdict_of_the_contracts_has_a_role() -> None:
    book = palette.load()
    statuses = tables.contract("facilities").columns["status"].choices
    for status in statuses:
        if status != "candidate":
            assert status in book.status(status).members
    with pytest.raises(KeyError):
        book.status("candidate")
    assert set(book.verdicts) == {"meets", "fails", "not_assessable", "not_applicable"}
    assert {"covered", "uncovered", "unreachable", "unsnapped"} <= set(book.coverages)


def labelled() -> list[palette.Label]:
    book = palette.load()
    groups = (book.verdicts, book.coverages, book.levels, book.statuses, book.changes)
    rows = [*book.shortfalls, *book.minutes, *book.phases, book.candidate, book.forbidden, book.limit_line]
    return [*itertools.chain.from_iterable(group.values() for group in groups), *rows]


def test_both_languages_stand_everywhere_and_english_is_not_chinese() -> None:
    for entry in labelled():
        assert entry.label("zh").strip()
        assert entry.label("en").strip()
        assert not re.search(r"[\u4e00-\u9fff]", entry.label("en"))


def test_shortfall_classes_hold_their_upper_end() -> None:
    """M = 600: 150 is still ≤ M/4, one square millimetre more is not."""
    book = palette.load()
    assert book.shortfall(0).name == "shortfall_0"
    assert book.shortfall(150 / 600).upto == 0.25
    assert book.shortfall(math.nextafter(0.25, 1)).upto == 0.5
    assert book.shortfall(1.0).upto == 1.0
    assert book.shortfall(7.0).upto == math.inf


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ([15], ["≤ 15 分钟"]),
        ([15, 10], ["≤ 10 分钟", "10–15 分钟"]),
        ([5, 10, 15], ["≤ 5 分钟", "5–10 分钟", "10–15 分钟"]),
        ([2.5, 5, 10, 20], ["≤ 2.5 分钟", "2.5–5 分钟", "5–10 分钟", "10–20 分钟"]),
    ],
)
def test_bands_follow_the_plan(minutes: list[float], words: list[str]) -> None:
    bands = palette.load().bands(minutes)
    assert [band.zh for band in bands] == words
    assert [band.upto for band in bands] == sorted(minutes)
    assert bands[-1].area == palette.load().minutes[-1].area
    assert len({band.area for band in bands}) == len(minutes)


def test_three_minutes_are_the_bands_of_the_file() -> None:
    assert palette.load().bands([5, 10, 15]) == palette.load().minutes


def test_phases_beyond_the_file_gain_a_ring() -> None:
    book = palette.load()
    assert [book.phase(number).rings for number in (1, 2, 3, 4)] == [0, 0, 1, 2]
    assert [book.phase(number).filling for number in (1, 2, 3)] == ["solid", "hollow", "hollow"]


def test_lines_are_never_thinner_than_a_pixel() -> None:
    book = palette.load()
    assert book.pixels(0.01) == 1.0
    assert book.pixels(0.5) == 2.0


def test_road_classes_find_their_line() -> None:
    book = palette.load()
    words = ("primary", "次干路", "residential", "footway", "no such class", "")
    assert [book.road_role(word) for word in words] == ["arterial", "secondary", "local", "footway", "local", "local"]
    assert set(book.road_roles.values()) <= set(book.line)


def test_the_palette_cannot_be_changed() -> None:
    book = palette.load()
    with pytest.raises(TypeError):
        book.verdicts["meets"] = book.verdicts["fails"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        book.verdicts["meets"].hex = "#000000"  # type: ignore[misc]
    with pytest.raises(TypeError):
        book.line["arterial"]["px"] = 1  # type: ignore[index]


def test_base_is_quieter_than_any_theme() -> None:
    """Base fills keep L* ≥ 86, so that the theme has the only strong colours."""
    base = palette.load().base
    for name in ("land", "other_block", "neutral_area", "green", "road_fill"):
        assert lab(base[name])[0] >= 86, name
