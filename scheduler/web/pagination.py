"""Pagination of long lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from scheduler.web.context import RequestContext

T = TypeVar("T")


PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; page numbers start at 1."""

    items: Sequence[T]
    number: int
    last: int
    total: int


def paginate(items: Sequence[T], number: int, size: int = PAGE_SIZE) -> Page[T]:
    """Return one page of a list; a number past the end gives the last page."""
    return read_page(len(items), number, lambda offset: items[offset : offset + size], size)


def read_page(total: int, number: int, read: Callable[[int], Sequence[T]], size: int = PAGE_SIZE) -> Page[T]:
    """Return one page of a list of `total` elements, of which `read` returns a page from an offset on."""
    last = max(1, -(-total // size))
    number = min(number, last)
    return Page(items=read((number - 1) * size), number=number, last=last, total=total)


def page_number(context: RequestContext) -> int:
    """Return the requested page number; 1 if it is missing or malformed."""
    asked = context.request.query_params.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
