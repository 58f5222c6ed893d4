"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from scheduler import __version__

project = "Hạn chót"
copyright = "the Hạn chót maintainers"
release = version = __version__

extensions = ["myst_parser", "sphinx_click", "config_keys", "click_help"]
exclude_patterns = ["_ext", "man"]
smartquotes = False  # options and quoted values are shown as they are typed

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = f"Hạn chót {release}"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#a61c1c", "color-brand-content": "#a61c1c"},
    "dark_css_variables": {"color-brand-primary": "#ff8a80", "color-brand-content": "#ff8a80"},
}
