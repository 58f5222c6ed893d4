"""The text of a page is what its reader sees, and no page takes longer than its length allows."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.inbox.html_text import read_html
from scheduler.inbox.mail_reader import MailReader

SIZE = 256 * 1024
READER = MailReader(authserv_id="", find_kind=lambda head: "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Đã <b>nộp</b> &amp; ký</p>", "Đã nộp & ký"),
        ("<DIV>a</DIV><Br/>b", "a\n\nb"),
        ("a<!-- <p>b --><!-->c", "ac"),
        ("a<!--[if gte mso 9]><xml><o:p>b</o:p></xml><![endif]-->c", "ac"),
        ("<!DOCTYPE html><?xml version='1.0'?><html>a", "a"),
        ("<script>if (a<b) '</p>' </script>c<style>p > a {}</style>", "c"),
        ("a<script>b", "a"),
        ("<head><title>a</title><meta x>b<body>c", "c"),
        ('<a href="https://x.example/?a=1&amp;b=2">tệp</a>', "tệp <https://x.example/?a=1&b=2>"),
        ("<a class=b href='https://x.example'>tệp</a>", "tệp <https://x.example>"),
        ("<a href=https://x.example>https://x.example</a>", "https://x.example"),
        ("<a href=javascript:x>tệp</a><a data-href=https://x>b</a>", "tệpb"),
        ('<img alt="a > b">c', "c"),
        ('<img alt="a>b', "b"),
        ("1 < 2, a <b", "1 < 2, a <b"),
        ("<blockquote>a<br>b</blockquote>c", "> a\n> b\nc"),
        ("<span>--&nbsp;</span><br>An", "-- \nAn"),
        ("&#0;&#xD800;&#8238;&#" + "9" * 5_000 + ";a&#x1f600", "\ufffd\ufffd\ufffda\U0001f600"),
    ],
)
def test_a_page_gives_what_its_reader_sees(html: str, text: str) -> None:
    assert read_html(html) == text


@pytest.mark.parametrize(
    ("unit", "is_seen"),
    [
        ("<a ", True),
        ("<a a=", True),
        ("<a b='", True),
        ('<a b="', True),
        ("<a href='", True),
        ("<!--", False),
        ("<!-- ", False),
        ("&#789;&#768;", True),
        ("\u0315\u0300", True),
        ("<![", True),
        ("<?", True),
        ("</", True),
        ("<script>", False),
        ("<title ", True),
        ("<blockquote>", False),
        ("&#", True),
        ("&", True),
        ("\"'", True),
        ("<a href=", True),
        (" href ", True),
        ("<head>", False),
        ("</a>", False),
        ("<br>", False),
    ],
)
def test_a_page_of_tags_without_an_end_is_read_as_fast_as_any(unit: str, is_seen: bool) -> None:
    """In quadratic time each of these would take minutes."""
    html = unit * (SIZE // len(unit))
    assert bool(read_html(html)) is is_seen
    assert read_html(f"{html}>").count("\n") <= len(html)
    assert isinstance(read_html(f"<a {html}>"), str)
    READER.read(io.BytesIO(b"Content-Type: text/html\r\n\r\n" + html.encode()))


@given(st.text(st.sampled_from("<>!-/?ab&#;='\" \nscript"), max_size=300))
def test_no_page_makes_it_fail(html: str) -> None:
    read_html(html)
