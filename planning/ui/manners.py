"""What the page does by itself in the browser: undo in a text field, downloads while it is built anew, its language."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import streamlit as st

from planning.texts import Language


def put(language: Language) -> None:
    """Put the script on the page, once for all pages; it shows nothing."""
    with st.container(key="manners"):
        _script()(key="manners-script", data={"language": "zh-CN" if language == "zh" else "en"})


@cache
def _script() -> Any:
    js = (resources.files("planning.ui") / "manners.js").read_text(encoding="utf-8")
    return st.components.v2.component("planning_manners", html="", js=js)
