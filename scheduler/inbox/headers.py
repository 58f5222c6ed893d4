"""Header fields of a message or a part: split, unfolded, with their parameters (RFC 2045, RFC 2231)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from scheduler.inbox.header_text import decode_text, decode_words

_LONGEST_VALUE = 64 * 1024  # characters; what is longer is no header that a person needs
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:\\.|[^"\\])*"?|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order; names are lower-case, values unfolded but not decoded."""

    fields: tuple[tuple[str, str], ...] = ()

    def find_all(self, *names: str) -> tuple[str, ...]:
        """Return the values of all fields with one of these names, in their order."""
        return tuple(value for name, value in self.fields if name in names)

    def first(self, name: str) -> str:
        """Return the value of the first field of that name; "" if there is none."""
        return next(iter(self.find_all(name)), "")

    def has(self, name: str) -> bool:
        """Return whether there is a field of that name, even an empty one."""
        return bool(self.find_all(name))

    @property
    def content_type(self) -> str:
        """Return the media type in lower case; that of plain text if it is missing or is none (RFC 2045, 5.2)."""
        kind = re.split(r"[\s;(]", self.first("content-type").strip().lower(), maxsplit=1)[0]
        return kind if re.fullmatch(r"[!-.0-~]+/[!-.0-~]+", kind) else "text/plain"

    @property
    def disposition(self) -> str:
        """Return "attachment", "inline" or another disposition; "" if none is given."""
        return self.first("content-disposition").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """Return the charset that Content-Type names; "" if it names none."""
        words = re.split(r"[\s(]", self.parameters("content-type").get("charset", "").strip(), maxsplit=1)
        return words[0].strip("'").lower()

    @property
    def file_name(self) -> str:
        """Return the name of a file as it is written, decoded; it may hold folders and control characters."""
        return self.parameters("content-disposition").get("filename") or self.parameters("content-type").get("name", "")

    def parameters(self, name: str) -> Mapping[str, str]:
        """Return the parameters of a field, decoded by RFC 2231 or, against the rule but usual, by RFC 2047."""
        return read_parameters(self.first(name))


def read_headers(data: bytes) -> tuple[Headers, bool]:
    """Return the header fields of a block, and whether every line of it could be read."""
    fields: list[tuple[str, list[bytes]]] = []
    is_whole = True
    for line in data.splitlines(keepends=True) if b"\n" in data else [data]:
        content = line.rstrip(b"\r\n")
        match = _FIELD.fullmatch(content)
        if content[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(content)
        elif match and content[:1] not in (b" ", b"\t"):
            fields.append((match[1].decode("ascii").lower(), [match[2]]))
        elif content.strip():
            is_whole = False
    return Headers(tuple((name, _decode_value(b"".join(lines))) for name, lines in fields)), is_whole


def _decode_value(data: bytes) -> str:
    """Return a value; letters that are not encoded are mostly UTF-8 and else of one byte each."""
    try:
        return data[:_LONGEST_VALUE].decode().strip()
    except UnicodeDecodeError:
        return data[:_LONGEST_VALUE].decode("latin-1").strip()


def read_parameters(value: str) -> Mapping[str, str]:
    """Return the parameters that follow a value, by their lower-case names; of two with the same name the first."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value):
        name, content = match[1].lower(), _unquote(match[2].strip())
        section = _SECTION.fullmatch(name)
        if section is None or name == section[1]:
            plain.setdefault(name, decode_words(content))
        else:
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (content, bool(section[3])))
    return {**plain, **{name: _join_sections(parts) for name, parts in sections.items()}}


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return re.sub(r'\\(["\\])', r"\1", inner)


def _join_sections(sections: Mapping[int, tuple[str, bool]]) -> str:
    """Return a value that is written in sections (RFC 2231, 3 and 4), up to the first that is missing."""
    charset, data = "", b""
    for number in range(len(sections)):
        if number not in sections:
            break
        content, is_encoded = sections[number]
        if number == 0 and is_encoded and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if is_encoded else content.encode("utf-8", "replace")
    return decode_text(data, charset).text
