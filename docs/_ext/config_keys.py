"""A directive that lists the keys of one section of config.toml with their defaults and comments.

    ```{config-keys} mail.smtp
    ```

The shipped file is the source: tests compare its keys and defaults with the program's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

CONFIG = Path(__file__).parents[2] / "config.toml"
_KEY = re.compile(r"(\w+) = (.+?)\s+# (.+)")


def keys(text: str, section: str) -> Iterator[tuple[str, str, str]]:
    """Yield each key of a section: its name, its default as it is written, its comment."""
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line == f"[{section}]"
        elif inside and (match := _KEY.fullmatch(line)):
            yield match[1], match[2], match[3]


class ConfigKeys(SphinxDirective):
    """`config-keys SECTION`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        self.env.note_dependency(CONFIG)
        rows = list(keys(CONFIG.read_text(encoding="utf-8"), self.arguments[0]))
        if not rows:
            raise self.error(f"config.toml has no section [{self.arguments[0]}]")
        lines = ["| key | default | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | `{default}` | {comment} |" for name, default, comment in rows]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("config-keys", ConfigKeys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
