"""The workbench in the browser: ``streamlit run app.py -- PLAN``, or ``planning app PLAN``.

Streamlit finds `app` in this file and serves it; for each session it runs the file itself as the script of the page.
"""

from __future__ import annotations

import sys

import streamlit as st

from planning import ui

if __name__ == "__main__":
    st.set_page_config(
        page_title="养老服务设施规划工作台",
        page_icon=str(ui.MARK),
        layout="wide",
        initial_sidebar_state=208,
    )
    ui.navigate(sys.argv[1:])
else:
    app = st.App(__file__, routes=ui.routes(), lifespan=ui.begun)
