"""Plain text out of the HTML of a mail; no tag, script or attribute survives except the addresses of links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_LINES = frozenset({"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote", "hr"})


def read_html(html: str) -> str:
    """Return what a reader sees of HTML, quoted lines marked by ">" and links followed by their address."""
    reader = _TextReader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # on malformed declarations; what was read before stays
        pass
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines())).strip()


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._quotes = 0
        self._hidden = 0
        self._link = ""
        self._lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a quote, a link, or what is not seen."""
        if tag in _LINES:
            self._end_line()
        if tag == "blockquote":
            self._quotes += 1
        elif tag in _HIDDEN:
            self._hidden += 1
        elif tag == "body":  # ends a head that was never closed
            self._hidden = 0
        elif tag == "a":
            self._link = next((value or "" for name, value in attrs if name == "href"), "")

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag in _LINES:
            self._end_line()
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a":
            if re.match("https?://", self._link) and self._pieces[-1:] != [self._link]:
                self._pieces.append(f" <{self._link}>")
            self._link = ""

    def handle_data(self, data: str) -> None:
        """Take text that is seen."""
        if not self._hidden:
            self._pieces.append(data)

    def lines(self) -> list[str]:
        """Return the lines that were read."""
        self._end_line()
        return self._lines

    def _end_line(self) -> None:
        text = " ".join("".join(self._pieces).split())
        self._pieces.clear()
        if text or not self._quotes:
            self._lines.append("> " + text if self._quotes else text)
