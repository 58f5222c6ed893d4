"""Messages are taken apart as the standard library does it, in little memory, and whatever their bytes are."""

from __future__ import annotations

import io
import time
import tracemalloc
from base64 import b64encode
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.inbox.mail_reader import MailReader
from scheduler.inbox.mime_parts import MOST_PARTS, MimeMessage, read_attachment, read_parts
from scheduler.inbox.transfer_encodings import decode
from tests.support import received_mails as mails
from tests.support.received_mails import Letter

READER = MailReader(authserv_id=mails.SERVER, find_kind=lambda head: "")
CORPUS = [
    *(write(Letter(results=(mails.authenticated(),))) for write in mails.PROGRAMS.values()),
    mails.winmail(Letter()),
    mails.delivery_report(),
    mails.qmail_failure(),
    mails.gmail_calendar_reply(Letter(), mails.calendar_text()),
]


def parts_of(raw: bytes) -> MimeMessage:
    """Return the structure of a mail."""
    return read_parts(io.BytesIO(raw))


def contents(raw: bytes) -> list[tuple[str, bytes]]:
    """Return the number and the content of each part."""
    stream = io.BytesIO(raw)
    return [(part.number, b"".join(read_attachment(stream, part))) for part in read_parts(stream).parts]


@given(st.binary(max_size=3000))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Nor with a header in front that lets more code run."""
    for start in (
        b"",
        b"Content-Type: multipart/mixed; boundary=\r\n",
        b"From: a@b\nSubject: =?",
        b"Content-Type: text/html\n\n",
    ):
        READER.read(io.BytesIO(start + raw))


@given(
    st.sampled_from(CORPUS),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=8),
)
def test_no_damage_to_a_real_mail_makes_it_fail(raw: bytes, damages: list[tuple[int, int, bytes]]) -> None:
    """Pieces are lost, and others come in."""
    for place, length, other in damages:
        raw = raw[:place] + other + raw[place + length :]
    mail = READER.read(io.BytesIO(raw))
    for file in mail.attachments:
        assert len(b"".join(READER.attachment(io.BytesIO(raw), file.part))) == file.size


@given(st.sampled_from(CORPUS), st.integers(0, 6000))
def test_a_mail_that_is_cut_off_is_read_as_far_as_it_goes(raw: bytes, end: int) -> None:
    """As a disk that fills up leaves it."""
    READER.read(io.BytesIO(raw[:end]))


@given(
    st.lists(
        st.tuples(st.sampled_from(["base64", "quoted-printable"]), st.binary(max_size=400)), min_size=1, max_size=4
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200),
)
def test_well_formed_mails_give_what_the_standard_library_gives(files: list[tuple[str, bytes]], text: str) -> None:
    """Every leaf, byte by byte."""
    message = EmailMessage()
    message.set_content(text, cte="quoted-printable")
    for encoding, content in files:
        message.add_attachment(content, "application", "pdf", cte=encoding)
    raw = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    leaves = [part for part in message_from_bytes(raw).walk() if not part.is_multipart()]
    assert contents(raw) == [
        (str(number), leaf.get_payload(decode=True)) for number, leaf in enumerate(leaves, start=1)
    ]


@given(st.binary(max_size=300), st.integers(1, 7), st.sampled_from(["base64", "quoted-printable"]))
def test_where_the_pieces_of_an_encoded_body_end_does_not_matter(body: bytes, step: int, encoding: str) -> None:
    """Even in the middle of a letter."""
    pieces = [body[start : start + step] for start in range(0, len(body), step)]
    assert b"".join(decode(pieces, encoding)) == b"".join(decode([body], encoding))


@pytest.mark.parametrize(
    ("body", "content"),
    [(b"TWE", b"Ma"), (b"TWFu T\0W!Fu", b"ManMan"), (b"TQ==TWFu", b"M"), (b"T", b""), (b"====", b"")],
)
def test_broken_base64_gives_what_can_be_saved(body: bytes, content: bytes) -> None:
    """Without padding, with foreign letters, with more behind the end."""
    assert b"".join(decode([body], "base64")) == content


def test_parts_are_numbered_as_in_imap() -> None:
    """The example of RFC 3501, 6.4.5, with a message in a message."""

    def mixed(boundary: str, *parts: str) -> str:
        return mails.multipart("mixed", boundary, list(parts))

    leaf = "Content-Type: text/plain\r\n\r\nx"
    single = "Content-Type: message/rfc822\r\n\r\nSubject: one\r\nContent-Type: text/plain\r\n\r\ny"
    double = "Content-Type: message/rfc822\r\n\r\nSubject: two\r\n" + mixed("in", leaf, mixed("deep", leaf, single))
    raw = ("Subject: three\r\n" + mixed("out", leaf, single, mixed("own", leaf), double)).encode()
    found = [(part.number, part.headers.content_type, part.is_nested) for part in parts_of(raw).parts]
    assert found == [
        ("1", "text/plain", False),
        ("2", "message/rfc822", False),
        ("2.1", "text/plain", True),
        ("3.1", "text/plain", False),
        ("4", "message/rfc822", False),
        ("4.1", "text/plain", True),
        ("4.2.1", "text/plain", True),
        ("4.2.2", "message/rfc822", True),
        ("4.2.2.1", "text/plain", True),
    ]
    assert dict(contents(raw))["2"] == single.partition("\r\n\r\n")[2].encode()
    assert parts_of(raw).oddities == set()


def test_lines_may_end_as_in_unix() -> None:
    """Some servers hand them on so."""
    raw = CORPUS[0]
    unix = raw.replace(b"\r\n", b"\n")
    assert [content for _, content in contents(unix)] == [
        content.replace(b"\r\n", b"\n") if number == "1" else content for number, content in contents(raw)
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        b"no header at all\r\n\r\nx",
        b"Subject: x\r\nno header\r\n\r\nx",
        b"Subject: " + b"x" * 300_000 + b"\r\n\r\nx",
        mails.multipart("mixed", "a", [mails.multipart("mixed", "b", ["\r\nx"]).replace("--b--", "")]).encode(),
    ],
)
def test_a_broken_structure_is_told(raw: bytes) -> None:
    """No end, no boundary, no header."""
    assert parts_of(raw).oddities == {"broken"}


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\n\nx", b"From an@a Tue\nSubject: x\n\ny"])
def test_a_mail_may_be_almost_empty(raw: bytes) -> None:
    """Without being broken."""
    assert parts_of(raw).oddities == set()


@pytest.mark.parametrize("count", [100, 5000])
@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed; boundary=b{}"])
def test_a_hundred_messages_in_each_other_are_not_followed(kind: str, count: int) -> None:
    """It is told."""
    ends = [f"--b{number}\n" if "{}" in kind else "" for number in range(count)]
    raw = "".join(f"Content-Type: {kind.format(number)}\n\n{end}" for number, end in enumerate(ends))
    message = parts_of(raw.encode())
    assert "too-deep" in message.oddities
    assert len(message.parts) < 30
    assert "too-deep" in READER.read(io.BytesIO(raw.encode())).oddities


def test_of_too_many_parts_the_first_are_read() -> None:
    """It is told."""
    raw = mails.multipart("mixed", "b", ["\r\nx"] * (MOST_PARTS + 5)).encode()
    assert (len(parts_of(raw).parts), parts_of(raw).oddities) == (MOST_PARTS, {"too-deep"})


def test_a_large_mail_takes_little_memory(tmp_path: Path) -> None:
    """Thirty megabytes, with and without line breaks in the base64."""
    for name, line in (("lines", b64encode(bytes(57)) + b"\r\n"), ("one-line", b64encode(bytes(57)))):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(mails.head(Letter()).encode() + b"Content-Type: application/pdf\r\n")
            file.write(b"Content-Transfer-Encoding: base64\r\n\r\n")
            for _ in range(550):
                file.write(line * 1000)
        tracemalloc.start()
        try:
            with path.open("rb") as stream:
                (attachment,) = READER.read(stream).attachments
                size = sum(map(len, READER.attachment(stream, attachment.part)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert size == attachment.size == 550_000 * 57
        assert peak < 12_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"To: " + b"a" * 60_000 + b"\r\n\r\n",
        b"From: " + b"(" * 60_000 + b"\r\n\r\n",
        b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\r\n\r\n",
        b"Content-Type: text/plain" + b';a="' * 15_000 + b"\r\n\r\n",
        b"Content-Type: text/html\r\n\r\n" + b"<a href=https://x.example>y</a>" * 8_000,
        b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 20_000,
        b"Return-Path: <>\r\n\r\n" + b"\n" * 250_000,
        b"From: a@b.example\r\n\r\n" + b"https://" + b"a." * 100_000,
        b"Authentication-Results: mx.google.com" + b"; a=b" * 1_500 + b"\r\nFrom: a@b.example\r\n\r\n",
    ],
)
def test_no_mail_takes_long(raw: bytes) -> None:
    """Hostile ones of a few hundred kilobytes; in quadratic time each would take more than a minute."""
    start = time.process_time()
    READER.read(io.BytesIO(raw))
    assert time.process_time() - start < 10
