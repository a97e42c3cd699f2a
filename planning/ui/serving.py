"""What the workbench's server answers besides its pages: the pictures of a base map that lies on this machine.

Pictures come from the origin of the page, so they need no second port and no other host, whoever uses the server. The
address of a picture carries the path of its file, sealed by a key that this process alone has: nobody can name a file
that the workbench has not offered.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
import struct
import webbrowser
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from planning.ui import tile_files

PREFIX: Final = "/tiles/"
_DAMAGED: Final = (ValueError, OSError, sqlite3.Error, zlib.error, struct.error, IndexError, TypeError)
_SEAL_B: Final = 16
# One dot that shows nothing: where a file has no picture the ground stays bare, and that is no failure.
_BARE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}


def routes() -> list[Route]:
    """Return what the server answers besides its pages."""
    return [Route(PREFIX + "{name}/{zoom:int}/{column:int}/{row:int}", _answer, methods=["GET"])]


def address(path: Path) -> str:
    """Return the template of a file's pictures, with places for zoom, column and row; it holds in this process only."""
    said = str(path.resolve()).encode("utf-8")
    name = base64.urlsafe_b64encode(_seal(said) + said).decode("ascii").rstrip("=")
    return f"{PREFIX}{name}/{{z}}/{{x}}/{{y}}"


def named(name: str) -> Path | None:
    """Return the file an address was made for; None if it was made elsewhere."""
    try:
        found = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    seal, said = found[:_SEAL_B], found[_SEAL_B:]
    return Path(said.decode("utf-8")) if hmac.compare_digest(seal, _seal(said)) else None


def _seal(said: bytes) -> bytes:
    return hmac.digest(_key(), said, hashlib.sha256)[:_SEAL_B]


@cache
def _key() -> bytes:
    return secrets.token_bytes(32)


def _answer(request: Request) -> Response:
    at = request.path_params
    path = named(at["name"])
    if path is None:
        return Response(status_code=404)
    try:
        found = tile_files.tile(path, at["zoom"], at["column"], at["row"])
    except _DAMAGED:
        return Response(status_code=404)
    picture, kind = found or (_BARE, "image/png")
    return Response(picture, media_type=kind, headers=_HEADERS)


@asynccontextmanager
async def begun(_: Any) -> AsyncIterator[None]:
    """Open the browser when the server has begun, as Streamlit does where it has no routes of ours."""
    if not st.get_option("server.headless"):
        port, base = st.get_option("server.port"), str(st.get_option("server.baseUrlPath") or "").strip("/")
        page = f"http://{st.get_option('server.address') or 'localhost'}:{port}/{base}"
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, lambda: loop.run_in_executor(None, webbrowser.open, page))
    yield
