"""The page's outside: vendored files as data URIs; belongs to `webmap`.

No page asks another host for anything. Names come from planners' files and may hold anything; they reach the page
through `inert.literal` (data of a script) and `inert.escape` (HTML) only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Final, Literal

from planning.errors import Fault, InputRefused

Assets = Literal["inline", "static"]

STATIC_URL: Final = "/app/static/vendor/"
_TYPES: Final[Mapping[str, str]] = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
_OUTSIDE: Final = re.compile(r"""(?:\b(?:src|href|action)\s*=\s*|@import\s+|url\(\s*)["']?\s*(?:[a-z]+:)?//""", re.I)


def read(path: str) -> str:
    """Return a text file of ``assets``."""
    return (resources.files("planning.webmap") / "assets" / path).read_text(encoding="utf-8")


def link(path: str, assets: Assets) -> str:
    """Return the address of a vendored file: a data URI, or its place under Streamlit's static files."""
    if assets == "static" and path.startswith("leaflet/"):
        return STATIC_URL + path
    return _data_uri(path)


@cache
def _data_uri(path: str) -> str:
    file = resources.files("planning.webmap") / "assets" / path
    content = file.read_bytes()
    suffix = PurePosixPath(path).suffix
    if suffix == ".css":
        content = _with_images(content.decode("utf-8"), str(PurePosixPath(path).parent)).encode("utf-8")
    return f"data:{_TYPES[suffix]};base64,{base64.b64encode(content).decode('ascii')}"


def _with_images(css: str, folder: str) -> str:
    """Return a style sheet with its images inside."""
    return re.sub(r"url\((images/[^)]+)\)", lambda match: f"url({_data_uri(f'{folder}/{match.group(1)}')})", css)


def refuse_outside(page: str) -> None:
    """Raise if a page would ask another host for anything.

    Raises
    ------
    InputRefused
        With the first address found (code ``webmap_outside_address``).
    """
    found = _OUTSIDE.search(page)
    if found is not None:
        start = found.start()
        raise InputRefused(Fault("webmap_outside_address", value=page[start : start + 120]))
