"""Header fields arrive as they were written, whatever is in them, in two independent readers."""

from __future__ import annotations

import email
import random
import sys
import unicodedata
from email.header import decode_header, make_header
from email.policy import SMTP
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import fast_mail_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.mail import headers

ADDRESS = "a.b+c@tinh-a.example"
CONTROLS = [
    chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp", "Cs")
]
UNCUTTABLE = [  # no character of the first line ends on a multiple of three bytes
    "a" + "aă" * 60,
    "ă" + "ăa" * 60,
    "a" + "ề" * 60,
    "ă" + "ề" * 60,
    "a" + "ề" * 14 + "?_= " * 30,
    "a" + "ề" * 14 + " chữ thường sau đó, dài hơn một dòng, cắt được",
]
HOSTILE = [
    *UNCUTTABLE,
    'Nguyễn "A", B <x@y>',
    "=?UTF-8?Q?=0A?=Bcc: x@y",
    "Chào =?UTF-8?Q?=0A?=Bcc: x@y",
    "=?utf-8?b?QQ==?=",
    "=?utf-8?q?a?= =?utf-8?q?b?=",
    "=?",
    "?=",
    " khoảng trắng đầu và cuối ",
    "  ",
    " ",
    "hai  khoảng  trắng",
    "two  plain  spaces",
    " leading",
    "trailing ",
    "a",
    "a" * 500,
    "plain words " * 40 + "end",
    "Cụm Thi đua khu vực Bắc Trung Bộ " * 30,
    "aaăaăaă" * 20,
    "aăă" * 60,
    "aaă" * 60,
    "ềa" * 60,
    "aềă😀" * 40,
    "😀" * 60,
    "👩‍👩‍👧‍👦 gia đình",
    "a😀" * 60,
    "aa😀" * 60,
    "aaa😀" * 60,
    "tiếng Việt".replace("ế", "e\u0302\u0301"),
    "non\u00a0breaking\u00a0space",
    "\u200bzero\u200dwidth\ufeff",
    'back\\slash and "quotes"',
    "group: a@b, c@d;",
    "(comment) <angle> [bracket]",
    "dấu phẩy, chấm phẩy; hai chấm: a@b",
    "_underscores_ =3D =20",
    "tab is not here",
    "'single' `back` {{ braces }} %s",
]


def random_texts(count: int) -> list[str]:
    """Return texts of every mix of one to four bytes a character, always the same ones."""
    source = random.Random(20230320)
    words = [
        "Kế",
        "hoạch",
        "thứ",
        "Thị",
        "Ủy",
        "ở",
        "Nguyễn",
        "ă",
        "a",
        "aa",
        "ềề",
        "😀",
        "B,",
        "C.",
        "x=y",
        "?=",
        "=?",
        '"q"',
        "<z>",
        "_",
    ]
    messages = 'aăềđ😀 ơAz9=?_"<>@,:;.()\\'
    made = []
    for _ in range(count // 2):
        made.append(" ".join(source.choices(words, k=source.randint(1, 30))))
        made.append("".join(source.choices(messages, k=source.randint(1, 120))))
    return made


TEXTS = [*HOSTILE, *random_texts(3000)]


def message(*lines: str) -> bytes:
    return "".join((*lines, "X-After: still here\r\n\r\nbody\r\n")).encode("ascii")


def subjects(raw: bytes) -> list[str]:
    """Return the subject as both readers see it, after checking that nothing else became a header."""
    parsed = email.message_from_bytes(raw)
    assert parsed.keys() == ["Subject", "X-After"]
    other = fast_mail_parser.parse_email(raw)
    assert sorted(other.headers) == ["Subject", "X-After"]
    return [str(make_header(decode_header(parsed["Subject"]))), other.subject]


def names(raw: bytes) -> list[tuple[str, str]]:
    """Return name and address as both readers see them, after checking that nothing else became a header."""
    parsed = email.message_from_bytes(raw)
    assert parsed.keys() == ["To", "X-After"]
    name, address = parseaddr(parsed["To"].replace("\r\n", ""))
    other = fast_mail_parser.parse_email(raw)
    (mailbox,) = other.to
    (whole,) = other.headers["To"]  # this reader trims spaces from a mailbox's name, not from the field
    assert (mailbox.display_name or "").strip() == whole.removesuffix(f"<{mailbox.address}>").strip()
    return [
        (str(make_header(decode_header(name))), address),
        (whole.removesuffix(f" <{mailbox.address}>"), mailbox.address),
    ]


def check_lines(written: str) -> None:
    """Check what the standards ask of every line of a field."""
    assert written.isascii()
    assert written.endswith("\r\n")
    lines = written[:-2].split("\r\n")
    for line in lines:
        assert "\n" not in line
        assert "\r" not in line
        assert line.strip()
        assert len(line) <= 78
        assert max((len(word) for word in line.split() if word.startswith("=?")), default=0) <= 75
    assert all(line.startswith(" ") for line in lines[1:])


def test_subjects_come_back_unchanged() -> None:
    """3,000 random and all hostile subjects survive both readers."""
    for text in TEXTS:
        written = headers.write_text("Subject", text)
        check_lines(written)
        assert subjects(message(written)) == [text, text]


def test_names_come_back_unchanged() -> None:
    """3,000 random and all hostile names survive both readers, each with one address."""
    for text in TEXTS:
        written = headers.write_address("To", text, ADDRESS)
        check_lines(written)
        assert names(message(written)) == [(text, ADDRESS), (text, ADDRESS)]


ORDINARY = st.text(st.characters(exclude_categories=["Cc", "Zl", "Zp", "Cs"]), min_size=1, max_size=150)
AWKWARD = st.text('aăề😀?=_ "', min_size=1, max_size=150)  # many places where a word cannot be cut


@given(ORDINARY | AWKWARD)
def test_any_text_without_controls_comes_back_unchanged(text: str) -> None:
    """Whatever characters there are, subject and name are given back."""
    assert subjects(message(headers.write_text("Subject", text))) == [text, text]
    assert names(message(headers.write_address("To", text, ADDRESS))) == [(text, ADDRESS), (text, ADDRESS)]


@given(ORDINARY | AWKWARD)
def test_only_the_last_encoded_word_is_padded(text: str) -> None:
    """Readers that join words before decoding would stop at padding in the middle."""
    words = headers.write_text("Subject", text).split()[1:]
    encoded = [word for word in words if word.lower().startswith("=?utf-8?b?")]
    assert all("=" not in word[10:-2] for word in encoded if word != words[-1])


@pytest.mark.parametrize("text", UNCUTTABLE)
def test_a_word_without_a_cut_at_three_bytes_is_quoted(text: str) -> None:
    """Where no character ends on a group of three bytes, a Q word takes over."""
    written = headers.write_text("Subject", text)
    assert written.split()[1].startswith("=?utf-8?q?")
    check_lines(written)


def test_plain_text_stays_readable() -> None:
    """What needs no encoding gets none."""
    assert headers.write_text("Subject", "Plan 2023: report (1/2)") == "Subject: Plan 2023: report (1/2)\r\n"
    assert headers.write_address("To", "Ann Lee", "a@b.example") == "To: Ann Lee <a@b.example>\r\n"
    assert headers.write_address("To", "", "a@b.example") == "To: a@b.example\r\n"


@pytest.mark.parametrize("field", ["Subject", "To"])
def test_every_control_character_is_refused(field: str) -> None:
    """No control character, line separator or half a character gets into a header, wherever it stands."""
    for control in CONTROLS:
        for text in (control, f"a{control}", f"{control}a", f"Chào{control}Bcc: x@y"):
            with pytest.raises(UserError, match=field):
                headers.write_text(field, text) if field == "Subject" else headers.write_address(field, text, ADDRESS)


def test_the_refusal_names_character_and_place() -> None:
    """The person who typed it can find it."""
    with pytest.raises(UserError, match=r"Subject: the character U\+000A at position 2"):
        headers.write_text("Subject", "a\nb")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no-at-sign",
        "@tinh-a.example",
        "a@",
        "a b@tinh-a.example",
        "a@tinh-a .example",
        "a@b@tinh-a.example",
        "a,b@tinh-a.example",
        '"a"@tinh-a.example',
        "<a@tinh-a.example>",
        "Ann <a@tinh-a.example>",
        "a@tinh-a.example\r\nBcc: x@y",
        "a@tinh-a.example\n",
        "a\x00@tinh-a.example",
        "a\x7f@tinh-a.example",
        "nguyễn@tinh-a.example",
        "a@tỉnh-a.example",
        ".a@tinh-a.example",
        "a.@tinh-a.example",
        "a..b@tinh-a.example",
        "a@.example",
        "a@tinh-a..example",
        "a@-tinh.example",
        "a@[127.0.0.1]",
        "=?utf-8?Q?=0A?=@tinh-a.example",
        "a(comment)@tinh-a.example",
        "a;b@tinh-a.example",
        "a:b@tinh-a.example",
        "a" * 65 + "@tinh-a.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_an_address_that_is_not_plain_is_refused(address: str) -> None:
    """Only a bare ASCII address gets into a header."""
    with pytest.raises(UserError, match="Reply-To"):
        headers.write_address("Reply-To", "Ann", address)


@pytest.mark.parametrize("address", ["a@localhost", "o'neil+x=y@tinh-a.example", "A.B_C-D@XN--TNH-A-PSA.example"])
def test_an_ordinary_address_is_kept_as_it_is(address: str) -> None:
    """Letters, digits and the signs that addresses may hold are let through unchanged."""
    assert headers.check_address("To", address) == address


def test_a_long_address_moves_to_a_line_of_its_own() -> None:
    """Name and address are folded between them, never inside."""
    address = "a" * 40 + "@" + "b" * 25 + ".example"
    written = headers.write_address("To", "Nguyễn Thị Ánh", address)
    assert written.endswith(f"\r\n <{address}>\r\n")
    check_lines(written)


def test_ids_are_folded_between_each_other_only() -> None:
    """A reader finds every id whole; even one longer than a line is not taken apart."""
    ids = [f"<{'x' * size}@tinh-a.example>" for size in (5, 9, 40, 90)]
    written = headers.write_ids("References", ids)
    assert written == f"References: {ids[0]} {ids[1]}\r\n {ids[2]}\r\n {ids[3]}\r\n"


def test_ids_with_line_breaks_are_refused() -> None:
    """An id cannot carry another header either."""
    with pytest.raises(UserError, match="References"):
        headers.write_ids("References", ["<a@b>\r\nBcc: x@y"])


# ---------------------------------------------------------------- mailto

STOP = ("Dừng nhắc & báo", "Dung nhac")


def through_the_standard_library(written: str) -> str:
    """Return a field as a mailing list or a gateway passes it on that parses mails and writes them anew."""
    message = email.message_from_bytes(f"{written}\r\n".encode("ascii"), policy=SMTP)
    (name,) = message.keys()
    value = str(message[name])
    del message[name]
    message[name] = value
    return message.as_bytes().decode("ascii")


@given(
    st.text("ab.!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=20).filter(lambda local: headers.is_address(f"{local}@a.vn"))
)
def test_a_mailto_is_short_and_holds_the_address_and_the_subject(local: str) -> None:
    """Whatever an address may hold, and whoever passes the mail on."""
    address = f"{local}@a.vn"
    written = headers.write_mailto("List-Unsubscribe", address, STOP)
    assert written.isascii()
    assert written.endswith(">\r\n")
    assert all(len(line) <= 78 for line in written.split("\r\n"))
    for text in (written, through_the_standard_library(written)):
        name, _, uri = text.replace("\r\n", "").partition(":")
        assert name == "List-Unsubscribe"
        parts = urlsplit(uri.strip().removeprefix("<").removesuffix(">"))
        assert (parts.scheme, unquote(parts.path)) == ("mailto", address)
        assert parse_qs(parts.query).get("subject", [""]) in ([""], *([subject] for subject in STOP))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (12, "List-Unsubscribe: <mailto:{address}?subject=Dung%20nhac>"),
        (31, "List-Unsubscribe: <mailto:{address}?subject=Dung%20nhac>"),
        (32, "List-Unsubscribe:\r\n <mailto:{address}?subject=Dung%20nhac>"),
        (48, "List-Unsubscribe:\r\n <mailto:{address}?subject=Dung%20nhac>"),
        (49, "List-Unsubscribe: <mailto:{address}>"),
        (51, "List-Unsubscribe: <mailto:{address}>"),
        (52, "List-Unsubscribe:\r\n <mailto:{address}>"),
        (68, "List-Unsubscribe:\r\n <mailto:{address}>"),
        (69, ""),
    ],
)
def test_a_mailto_gives_up_its_subject_before_the_line_gets_long(length: int, expected: str) -> None:
    """An address that fits into no line is left out: encoded it would be none."""
    address = f"thidua@{'a' * (length - 10)}.vn"
    assert len(address) == length
    written = headers.write_mailto("List-Unsubscribe", address, ["Dung nhac"])
    assert written == (expected.format(address=address) + "\r\n" if expected else "")


def test_a_mailto_prefers_its_first_subject() -> None:
    """The words of the reader's language stand first."""
    written = headers.write_mailto("List-Unsubscribe", "a@b.vn", ["Dừng nhắc", "Dung nhac"])
    assert written == "List-Unsubscribe: <mailto:a@b.vn?subject=D%E1%BB%ABng%20nh%E1%BA%AFc>\r\n"


@pytest.mark.parametrize(("address", "subject"), [("a@b>\r\nBcc: x@y", "x"), ("a@b.vn", "x\r\nBcc: x@y")])
def test_a_mailto_with_line_breaks_is_refused(address: str, subject: str) -> None:
    """Neither for this field nor for the mail that the reader will send."""
    with pytest.raises(UserError, match="List-Unsubscribe"):
        headers.write_mailto("List-Unsubscribe", address, [subject])
