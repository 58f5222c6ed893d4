"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from scheduler import __version__

project = "Hạn chót"
copyright = "the Hạn chót maintainers"
release = version = __version__

extensions = ["myst_parser", "sphinx_click", "config_keys"]
exclude_patterns = ["_ext"]
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


def show_example(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Show the example that ends a command's help as a block of code."""
    example = (context.command.epilog or "").partition("Example:\n")[2].strip()
    if example:
        lines[:] = ["Example:", "", ".. code-block:: sh", "", f"    {example}", ""]


def setup(app: Sphinx) -> None:
    """Connect to what sphinx-click offers."""
    app.connect("sphinx-click-process-epilog", show_example)
