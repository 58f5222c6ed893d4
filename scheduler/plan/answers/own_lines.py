"""The lines of a mail that its sender wrote, as far as they are compared with titles. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.plan.answers.document_names import fold

_LINES_READ = 100  # a longer text is no letter
_LENGTH_READ = 500  # of each line
_OPENINGS = [fold(words) for words in ("Kính gửi", "Căn cứ", "Thực hiện")]  # in every official letter


def own_lines(text: str) -> list[str]:
    """Return the lines that say something, without any that are quoted after all."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">")]


def shorten(line: str) -> str:
    """Return as much of a line, or of a subject, as is compared."""
    return line[:_LENGTH_READ]


def telling_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines that may name what is sent: not to whom, nor the plan by which it is sent."""
    read = [shorten(line) for line in lines[:_LINES_READ]]
    return [line for line in read if fold(line)[:2] not in _OPENINGS]
