"""The workbench: a planner's face on `planning.runs`. Pages show a finished run; they never compute.

The only rooms of ``planning`` that import streamlit. ``app.py`` sets the page up and calls `navigate`.
"""

from planning.ui.navigation import MARK as MARK
from planning.ui.navigation import navigate as navigate
from planning.ui.serving import begun as begun
from planning.ui.serving import routes as routes
