"""What people type, and the names of what they send, as plain text that cannot play tricks on its reader."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # control characters, marks that turn the direction of writing, halves
_NAME = 120  # characters of a file's name


def clean_text(text: str, limit: int | None = None) -> str:
    """Return a text on one line, in composed letters, without characters that cannot be seen; cut at `limit`."""
    composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))
    seen = "".join(message for message in composed if unicodedata.category(message) not in _UNSEEN)
    return " ".join(seen.split())[:limit].strip()


def clean_lines(text: str) -> str:
    """Return a text in the same way, with its lines as they are."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(clean_text(line) for line in lines).strip()


def clean_name(name: str, suffixes: tuple[str, ...]) -> str:
    """Return the name of a file without folders; it ends in one of `suffixes`, which its content allows."""
    named = name.replace("%22", '"')  # as browsers write it in a form
    bare = clean_text(re.split(r"[/\\]", named)[-1], 1000).lstrip(".")
    stem, dot, suffix = bare.rpartition(".")
    if not dot or suffix.lower() not in suffixes:
        stem, suffix = bare, suffixes[0]
    stem = re.sub(r'[<>:"|?*]', "_", stem).strip(" .")[:_NAME]
    return f"{stem or 'file'}.{suffix.lower()}"
