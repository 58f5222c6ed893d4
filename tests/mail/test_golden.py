"""Every mail as people get it, kept in `golden/LANGUAGE/` (and, of the plan that ships, `golden/shipped/`) for review.

After a change of words that is meant, write the files anew and read the difference:

    HANCHOT_GOLDEN=write .venv/bin/pytest tests/mail/test_golden.py
"""

from __future__ import annotations

import os
import re
import unicodedata
from html.parser import HTMLParser
from typing import get_args

import pytest

from scheduler import wording
from scheduler.plan.message_kinds import MessageKind
from tests.mail.golden_mails import GOLDEN, MAILS, golden_file, readable
from tests.support.mail_reader import body, read
from tests.support.sample_messages import ALL_MESSAGES, BARE_PLAN, ORGANISATION, PLAN

FRAME = {  # how a mail opens, closes and says where it comes from
    "vi": ("Kính gửi: ", "Trân trọng.", "Thư tự động của hệ thống"),
    "en": ("To: ", "Yours sincerely,", "This mail was sent automatically"),
}


@pytest.mark.parametrize("name", ALL_MESSAGES)
def test_a_mail_reads_as_it_was_reviewed(name: str) -> None:
    """Headers, text and HTML are those in the golden file."""
    file = golden_file(name)
    if os.environ.get("HANCHOT_GOLDEN") == "write":
        file.write_text(readable(MAILS[name].data), encoding="utf-8")
    assert readable(MAILS[name].data) == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    """Each file belongs to a message that is still composed."""
    files = (str(file.relative_to(GOLDEN)) for file in GOLDEN.rglob("*.eml.txt"))
    assert {file.removesuffix(".eml.txt") for file in files} == set(ALL_MESSAGES)


@pytest.mark.parametrize("language", wording.languages())
def test_every_kind_of_mail_has_a_golden_file_in_every_language(language: str) -> None:
    """A new kind, or a new language, needs templates and examples."""
    kinds = {message.kind for message in ALL_MESSAGES.values() if message.language == language}
    assert kinds == set(get_args(MessageKind))


@pytest.mark.parametrize("name", ALL_MESSAGES)
def test_a_mail_shows_no_traces_of_its_making(name: str) -> None:
    """No empty value, template syntax, code name or stray punctuation reaches a reader."""
    message = read(MAILS[name].data)
    for text in (MAILS[name].subject, body(message, "plain"), body(message, "html")):
        for trace in ("None", "{{", "}}", "{%", "Undefined", "DueDate", "()", " ,", " ;", ": ;", "  \n", "[]"):
            assert trace not in text
        assert text == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("name", ALL_MESSAGES)
def test_paragraphs_are_separated_by_one_empty_line(name: str) -> None:
    """The closing stands apart, and nothing leaves a hole where it vanished."""
    text = body(read(MAILS[name].data), "plain")
    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"
    opening, close, origin = FRAME[ALL_MESSAGES[name].language]
    if ALL_MESSAGES[name].kind != "outage":
        assert f"\n\n{close}\n\n" in text
    assert text.startswith(opening)
    assert origin in text


UNREAD = [name for name, message in ALL_MESSAGES.items() if message.gap is not None]
MISSED = re.compile("chưa nhận được|chưa ghi nhận|had not received|had no record|only a part|has not come")


@pytest.mark.parametrize("name", UNREAD)
def test_while_something_cannot_be_read_no_mail_says_that_nothing_has_come(name: str) -> None:
    """It says that what came since then may not have been seen."""
    text = body(read(MAILS[name].data), "plain")
    assert not MISSED.search(text)
    assert re.search("chưa được ghi nhận|not have been seen|has not been seen", text)


VIETNAMESE_CHARACTERS = re.compile("[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]", re.IGNORECASE)
QUOTED = {
    word
    for text in (repr(PLAN), repr(BARE_PLAN), repr(tuple(ALL_MESSAGES.values())), ORGANISATION)
    for word in re.findall(r"\w+", text.casefold())
}


@pytest.mark.parametrize("name", [name for name in ALL_MESSAGES if name.startswith("en/")])
def test_an_english_mail_has_no_vietnamese_but_what_the_plan_says(name: str) -> None:
    """Names, titles and quotations stay as they are; every word of ours is English."""
    text = body(read(MAILS[name].data), "plain")
    foreign = {word for word in re.findall(r"\w+", text.casefold()) if VIETNAMESE_CHARACTERS.search(word)}
    assert foreign <= QUOTED


class Outline(HTMLParser):
    """Checks that elements are closed in the order they were opened, and collects the words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.words: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag == "html":
            self.language = dict(attrs).get("lang") or ""
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


@pytest.mark.parametrize("name", ALL_MESSAGES)
def test_the_html_part_is_well_formed_and_says_what_the_text_says(name: str) -> None:
    """Nothing from outside, all elements closed, every line of the text there, and the link to a page a button."""
    message = read(MAILS[name].data)
    outline = Outline()
    outline.feed(body(message, "html"))
    outline.close()
    assert outline.open == []
    assert outline.language == ALL_MESSAGES[name].language
    assert not outline.seen & {"img", "script", "link", "iframe", "form", "style"}
    assert ("a" in outline.seen) == (ALL_MESSAGES[name].kind == "sign-in" or bool(ALL_MESSAGES[name].page))
    in_html = " ".join(outline.words)
    page = ALL_MESSAGES[name].page
    assert not page or f'<a href="{page}" style="display:inline-block' in body(message, "html")
    for line in body(message, "plain").splitlines():
        for cell in line.strip("| ").split(" | "):
            words = re.sub(r"^(-|\d+\.) ", "", cell).strip()
            assert (words.removesuffix(f": {page}") if page else words) in in_html
