"""Cuts what a person wrote out of a reply: without the quoted mail, the signature and what the phone adds."""

from __future__ import annotations

import re

_ENDS = re.compile(
    r"""
      -{2,}[ ]?Trả[ ]lời[ ]phía[ ]trên[ ]dòng[ ]này         # the mark in our own mails
    | -+[ ]?(Thư[ ]gốc|Tin[ ]nhắn[ ]gốc|Original[ ]Message|Forwarded[ ]message
            |Thư[ ](đã[ ])?(được[ ])?chuyển[ ]tiếp|Tin[ ]nhắn[ ]được[ ]chuyển[ ]tiếp)[ ]?-+
    | _{20,}                                              # Outlook, Zimbra
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FROM = re.compile(r"\*?(Từ|From):\*? .*", re.IGNORECASE)
_AFTER_FROM = re.compile(r"\*?(Đã gửi|Gửi|Ngày|Sent|Date|Đến|Tới|To):", re.IGNORECASE)
_WROTE = re.compile(r"(Vào|Lúc|Ngày|On) .{5,300}?(đã viết|viết|wrote) ?:", re.IGNORECASE)
# What a program writes there, and a person who begins a line so does not: an address, or a date with a time.
_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
_DATE = re.compile(r"[0-9]{4}|[0-9]/[0-9]")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(?![0-9])")
_LINES_OF_WROTE = 3
_LONGEST_WROTE = 500
_SIGNATURE = "-- "  # RFC 3676, 4.3; without the space it is a line that a person draws
_FROM_PHONE = re.compile(
    r"(Sent from (my |Outlook|Mail|Yahoo)|(Đã gửi|Được gửi|Gửi) từ |Get Outlook for |Tải Outlook cho ).{1,80}",
    re.IGNORECASE,
)


def trim_quote(text: str) -> str:
    """Return the lines that a person wrote, without blank ones at both ends.

    A reply below or between the quoted lines stays; after a quote that is not marked by ">" nothing does.
    """
    whole = text.splitlines()
    lines = [line.strip() for line in whole]
    kept: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        wrote = _count_wrote(lines, index)
        if whole[index] == _SIGNATURE or _ENDS.match(line) or (_FROM.fullmatch(line) and _is_header_next(lines, index)):
            break
        if wrote and not _is_marked(lines, index + wrote):
            break
        if not (wrote or line.startswith(">") or _FROM_PHONE.fullmatch(line)):
            kept.append(line)
        index += wrote or 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _count_wrote(lines: list[str], index: int) -> int:
    """Return over how many lines "Vào ... đã viết:" goes from here; 0 if it does not stand here.

    One that names neither an address nor a time counts only in one line, and before a quote that is marked.
    """
    for count in range(1, _LINES_OF_WROTE + 1):
        line = " ".join(line[:_LONGEST_WROTE] for line in lines[index : index + count])[:_LONGEST_WROTE]
        if count > 1 and _WROTE.fullmatch(lines[min(index + count, len(lines)) - 1][:_LONGEST_WROTE]):
            return 0  # it begins only there
        if _WROTE.fullmatch(line):
            is_sure = _is_by_program(line) or (count == 1 and _is_marked(lines, index + 1))
            return count if is_sure else 0
    return 0


def _is_by_program(line: str) -> bool:
    return bool(_ADDRESS.search(line) or (_DATE.search(line) and _TIME.search(line)))


def _is_header_next(lines: list[str], index: int) -> bool:
    return any(_AFTER_FROM.match(line) for line in lines[index + 1 : index + 3])


def _is_marked(lines: list[str], index: int) -> bool:
    following = (lines[place] for place in range(index, len(lines)))
    return next((line for line in following if line), "").startswith(">")
