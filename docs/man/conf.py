"""How the manual page is built, whose result is `contrib/hanchot.1`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

from scheduler import __version__

project = "Hạn chót"
release = version = __version__
today = " "  # no day: the page changes when the commands do, and only then

root_doc = "hanchot"
extensions = ["sphinx_click", "click_help"]
smartquotes = False

man_pages = [("hanchot", "hanchot", "carry a yearly plan through to its last deadline", "", 1)]
