"""How the help of commands is shown, on the site and in the manual page."""

from __future__ import annotations

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from scheduler.cli import hanchot


def show_example(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Show the example that ends a command's help as a block of code."""
    example = (context.command.epilog or "").partition("Example:\n")[2].strip()
    if example:
        lines[:] = ["Example:", "", ".. code-block:: sh", "", f"    {example}", ""]


def name_in_full(app: Sphinx, document: nodes.document) -> None:
    """Head each command of a manual page with all its words: the page shows no levels."""
    if app.builder.format != "man":
        return
    names = {nodes.make_id(name): name for name in _names(hanchot, "hanchot")}
    for section in document.findall(nodes.section):
        if name := names.get(section["ids"][0]):
            section.replace(section[0], nodes.title("", name))


def _names(command: click.Command, name: str) -> list[str]:
    inner = command.commands if isinstance(command, click.Group) else {}
    return [name, *(each for word in inner for each in _names(inner[word], f"{name} {word}"))]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect to what sphinx-click and Sphinx offer."""
    app.connect("sphinx-click-process-epilog", show_example)
    app.connect("doctree-read", name_in_full)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
