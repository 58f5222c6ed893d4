"""Cleaning of typed texts and file names, so that no hidden character can mislead a reader."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # control, format (e.g. bidirectional), surrogate, private, unassigned
_NAME = 120  # characters of a file name without its suffix


def clean_text(text: str, limit: int | None = None) -> str:
    """Return a text on one line, normalised to NFC, without invisible characters, cut at `limit` characters."""
    composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))
    seen = "".join(character for character in composed if unicodedata.category(character) not in _UNSEEN)
    return " ".join(seen.split())[:limit].strip()


def clean_lines(text: str) -> str:
    """Return a text cleaned in the same way line by line, with its line breaks."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(clean_text(line) for line in lines).strip()


def clean_name(name: str, suffixes: tuple[str, ...]) -> str:
    """Return a file name without folders that ends in one of `suffixes`, those its content allows."""
    named = name.replace("%22", '"')  # browsers encode quotation marks in a form
    bare = clean_text(re.split(r"[/\\]", named)[-1], 1000).lstrip(".")
    stem, dot, suffix = bare.rpartition(".")
    if not dot or suffix.lower() not in suffixes:
        stem, suffix = bare, suffixes[0]
    stem = re.sub(r'[<>:"|?*]', "_", stem).strip(" .")[:_NAME]
    return f"{stem or 'file'}.{suffix.lower()}"


def read_count(text: str) -> int | None:
    """Return a whole number of at most eleven plain digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
