"""House style: an institute's own colours, typefaces, logo and words for atlas and map, from one TOML file.

The plan names the file (``output.style``). Without one, everything is as `planning.palette` and the bundled typeface
have it. What a style may say stands in docs/style.md; `blank` gives a file to start from, with every key commented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planning import palette
from planning.errors import Fault, InputRefused, refuse
from planning.house import _faults
from planning.house._blank import blank as blank
from planning.house._faces import Face as Face
from planning.house._faces import cut as cut
from planning.house._faces import lacking as lacking
from planning.house._logo import pixels as pixels
from planning.house._vector import Drawing as Drawing
from planning.house._vector import drawing as drawing

if TYPE_CHECKING:
    from planning.plan import Plan


@dataclass(frozen=True)
class House:
    """A checked house style; all empty is the style of the program.

    ``colours`` overlays ``palette.toml``; ``labels`` renames rows of the title block; ``fallback`` are typefaces
    asked for characters that neither the house's nor the bundled typeface has.
    """

    institute: str = ""
    logo: Path | None = None
    date: date | None = None
    draft_mark: str = ""
    public_mark: str = ""
    cover: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    faces: Mapping[int, Face] = field(default_factory=dict)
    fallback: tuple[Face, ...] = ()
    colours: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that the style names."""
        faces = (face.path for face in (*self.faces.values(), *self.fallback))
        return tuple(sorted({*faces, *([] if self.logo is None else [self.logo])}))

    @property
    def book(self) -> palette.Palette:
        """Return the palette with the house's colours."""
        return palette.load() if not self.colours else palette.styled(self.colours)


def read(path: str | Path) -> House:
    """Read and check a style file; files it names stand beside it.

    Raises
    ------
    InputRefused
        With every fault: not there, not UTF-8 or TOML, unknown keys, wrong values, colours that cannot be told
        apart, fonts or logos that cannot be read, fonts that forbid embedding, a map review number.
    """
    path = Path(path)
    words = _faults.parse(path)
    refuse(_faults.find(words, path))
    institute, sheet, fonts = (words.get(name, {}) for name in ("institute", "sheet", "fonts"))
    folder = path.resolve().parent
    logo = institute.get("logo")
    return House(
        institute=institute.get("name", ""),
        logo=None if logo is None else folder / logo,
        date=sheet.get("date"),
        draft_mark=sheet.get("draft_mark", ""),
        public_mark=sheet.get("public_mark", ""),
        cover=tuple(sheet.get("cover", ())),
        labels=dict(words.get("title_block", {})),
        faces={_faults.WEIGHTS[name]: Face.of(fonts[name], folder) for name in _faults.WEIGHTS if name in fonts},
        fallback=tuple(Face.of(entry, folder) for entry in fonts.get("fallback", ())),
        colours=words.get("palette", {}),
        file=path.name,
    )


def of(plan: Plan) -> House:
    """Return the style a plan asks for, the program's own where it asks for none; raises as `read`."""
    return House() if plan.output.style is None else read(plan.folder / plan.output.style)


def check(plan: Plan) -> tuple[Fault, ...]:
    """Return what is wrong with the style of a plan; nothing where it names none."""
    try:
        of(plan)
    except InputRefused as refused:
        return refused.faults
    return ()
