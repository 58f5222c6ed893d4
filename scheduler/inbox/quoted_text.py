"""Cuts what a person wrote out of a reply: without the quoted mail, the signature and what the phone adds."""

from __future__ import annotations

import re

_ENDS = re.compile(
    r"""
      -{2,}[ ]?Trả[ ]lời[ ]phía[ ]trên[ ]dòng[ ]này         # the mark in our own mails
    | -+[ ]?(Thư[ ]gốc|Tin[ ]nhắn[ ]gốc|Original[ ]Message|Forwarded[ ]message
            |Thư[ ](đã[ ])?(được[ ])?chuyển[ ]tiếp|Tin[ ]nhắn[ ]được[ ]chuyển[ ]tiếp)[ ]?-+
    | _{20,}                                              # Outlook, Zimbra
    | --[ ]?$                                             # the signature
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FROM = re.compile(r"\*?(Từ|From):\*? .*", re.IGNORECASE)
_AFTER_FROM = re.compile(r"\*?(Đã gửi|Gửi|Ngày|Sent|Date|Đến|Tới|To):", re.IGNORECASE)
_WROTE = re.compile(r"(Vào|Lúc|Ngày|On) .{5,300}?(đã viết|viết|wrote) ?:", re.IGNORECASE)
_LINES_OF_WROTE = 3
_FROM_PHONE = re.compile(
    r"(Sent from (my |Outlook|Mail|Yahoo)|(Đã gửi|Được gửi|Gửi) từ |Get Outlook for |Tải Outlook cho ).{1,80}",
    re.IGNORECASE,
)


def trim_quote(text: str) -> str:
    """Return the lines that a person wrote, without blank ones at both ends.

    A reply below or between the quoted lines stays; after a quote that is not marked by ">" nothing does.
    """
    lines = [line.strip() for line in text.splitlines()]
    kept: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        wrote = _count_wrote(lines, index)
        if _ENDS.match(line) or (_FROM.fullmatch(line) and _is_header_next(lines, index)):
            break
        if wrote and not _is_marked(lines, index + wrote):
            break
        if not (wrote or line.startswith(">") or _FROM_PHONE.fullmatch(line)):
            kept.append(line)
        index += wrote or 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _count_wrote(lines: list[str], index: int) -> int:
    """Return over how many lines "Vào ... đã viết:" goes from here; 0 if it does not stand here."""
    for count in range(1, _LINES_OF_WROTE + 1):
        if _WROTE.fullmatch(" ".join(lines[index : index + count])[:500]):
            return count
    return 0


def _is_header_next(lines: list[str], index: int) -> bool:
    return any(_AFTER_FROM.match(line) for line in lines[index + 1 : index + 3])


def _is_marked(lines: list[str], index: int) -> bool:
    return next((line for line in lines[index:] if line), "").startswith(">")
