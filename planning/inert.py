"""Text and data from planners' files put into pages so that they can never run as a program.

They reach a page in three ways only: as text of HTML (`escape`), as data of a script (`literal`), as the content of an
element that holds JSON (`element`).
"""

from __future__ import annotations

import html
import json
import re
from typing import Final

_ENTITIES: Final = {ord(sign): f"&#{ord(sign)};" for sign in "`${}\\"}
_UNSAFE: Final = re.compile("[<>&'`$\u2028\u2029]|\\{(?=[{%#])")


def escape(text: object) -> str:
    """Return ``text`` for HTML, inert also in a template literal, in a Jinja template and after a back-slash."""
    return html.escape(str(text)).translate(_ENTITIES)


def literal(data: object) -> str:
    r"""Return a JavaScript expression that gives ``data``; it cannot close its script, nor start a template.

    The JSON stands in a single-quoted string, where every sign may be written as ``\uXXXX``.

    Raises
    ------
    ValueError
        If the data holds what JSON has no word for, such as NaN.
    """
    return f"JSON.parse('{_UNSAFE.sub(_as_unicode, _json(data).replace(chr(92), chr(92) * 2))}')"


def element(data: object) -> str:
    """Return ``data`` as JSON that cannot close the element it stands in, for ``<script type="application/json">``.

    Raises
    ------
    ValueError
        If the data holds what JSON has no word for, such as NaN.
    """
    return _UNSAFE.sub(_as_unicode, _json(data))


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _as_unicode(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
