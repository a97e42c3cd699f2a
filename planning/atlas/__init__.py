"""The print atlas (图集): cover, index and one sheet a theme, A3 or A4 at round scales, as PDF, PNG and SVG.

It shows what a run found and computes nothing. The same result gives the same bytes: no clock, no random ids.
"""

from __future__ import annotations

from planning.atlas._book import Drawn as Drawn
from planning.atlas._book import Listed as Listed
from planning.atlas._book import contents as contents
from planning.atlas._book import pages as pages
from planning.atlas._book import write as write
