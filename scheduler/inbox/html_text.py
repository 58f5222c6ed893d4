"""Plain text out of the HTML of a mail; no tag, script or attribute survives except the addresses of links.

The parser of the standard library takes quadratic time on tags and comments that never end. Here each character is
looked at a fixed number of times, whatever stands there.
"""

from __future__ import annotations

import re
from html import unescape
from unicodedata import combining

from scheduler.inbox.header_text import clean_lines

_MOST_MARKS = 30  # on one letter, as in the stream-safe format of Unicode
_HIDDEN = frozenset({"head", "template"})
_RAW = frozenset({"script", "style", "title"})  # what stands in them is no HTML
_LINES = frozenset({"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote", "hr"})

# Possessive, and no "<" inside: a tag that never ends is given up at the next one, never tried again.
_TAG = re.compile(r"""<!--|<[a-zA-Z/!?](?:(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>|[^<>]*+>)""")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})(?![a-zA-Z0-9])")
_LINK = re.compile(r"""(?<=[\s"'/])href\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE)
_RAW_ENDS = {name: re.compile(rf"</{name}(?![a-z0-9])", re.IGNORECASE) for name in _RAW}
_LONG_NUMBER = re.compile(r"&#[0-9]{9,}+;?|&#[xX][0-9a-fA-F]{9,}+;?")  # the library raises on very long ones


def read_html(html: str) -> str:
    """Return what a reader sees of HTML, quoted lines marked by ">" and links followed by their address."""
    reader = _TextReader()
    reader.feed(html)
    return clean_text(re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines())).strip())


def clean_text(text: str) -> str:
    """Return `clean_lines` of a text of any kind: to put many marks on one letter in order takes quadratic time."""
    if text.isascii():
        return clean_lines(text)
    kept: list[str] = []
    run = 0
    for letter in text:
        run = run + 1 if combining(letter) else 0
        if run <= _MOST_MARKS:
            kept.append(letter)
    return clean_lines("".join(kept))


class _TextReader:
    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._quotes = 0
        self._hidden = 0
        self._link = ""
        self._lines: list[str] = []

    def feed(self, html: str) -> None:
        """Take the tags and what stands between them."""
        place, last_comment = 0, html.rfind("-->")
        while match := _TAG.search(html, place):
            start, end = match.span()
            if match[0] == "<!--" and start + 2 <= last_comment:  # else it never ends, and what follows is seen
                end = html.index("-->", start + 2) + 3
            self._take_text(html[place:start])
            name = _NAME.match(match[0])
            tag = name[1].lower() if name else ""
            if tag in _RAW and match[0][1] != "/":
                closing = _RAW_ENDS[tag].search(html, end)
                end = closing.start() if closing else len(html)
            elif tag and match[0][1] == "/":
                self._end_tag(tag)
            elif tag:
                self._start_tag(tag, match[0])
            place = end
        self._take_text(html[place:])

    def lines(self) -> list[str]:
        """Return the lines that were read."""
        self._end_line()
        return self._lines

    def _start_tag(self, tag: str, text: str) -> None:
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
            found = _LINK.search(text)
            self._link = _unescape(found[1] or found[2] or found[3] or "").strip() if found else ""

    def _end_tag(self, tag: str) -> None:
        if tag in _LINES:
            self._end_line()
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a":
            is_seen = not self._hidden and self._pieces[-1:] != [self._link]
            if is_seen and re.match("https?://", self._link, re.IGNORECASE):
                self._pieces.append(f" <{self._link}>")
            self._link = ""

    def _take_text(self, text: str) -> None:
        if text and not self._hidden:
            self._pieces.append(_unescape(text))

    def _end_line(self) -> None:
        whole = "".join(self._pieces)
        self._pieces.clear()
        text = " ".join(whole.split())
        if text == "--" and whole.replace("\xa0", " ").strip("\r\n\t") == "-- ":  # the mark of a signature
            text = "-- "
        if text or not self._quotes:
            self._lines.append("> " + text if self._quotes else text)


def _unescape(text: str) -> str:
    return unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text
