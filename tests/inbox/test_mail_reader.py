"""A mail is read as the person meant it, whatever program wrote it."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.documents.file_kinds import find_kind
from scheduler.inbox.file_parts import read_content
from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.answers.received_mail import ReceivedMail
from tests.support import received_mails as mails
from tests.support.received_mails import OFFICE, PDF, PROGRAMS, REMINDER, SCHOOL, File, Letter


def kind_of(head: bytes) -> str:
    """Return the media type that the program accepts."""
    kind = find_kind(head)
    return kind.type if kind else ""


READER = MailReader(authserv_id=mails.SERVER, find_kind=kind_of)


def read(raw: bytes) -> ReceivedMail:
    """Return what the reader makes of a mail."""
    return READER.read(io.BytesIO(raw))


def simple(*lines: str) -> ReceivedMail:
    """Return what it makes of these lines."""
    return read("\r\n".join(lines).encode())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reply_with_a_report_is_read_alike_from_every_program(program: str) -> None:
    """Names, dates, ids, text and the one real file."""
    letter = Letter(results=(mails.authenticated(),))
    mail = read(PROGRAMS[program](letter))
    assert mail.sender == SCHOOL
    assert mail.sender_name == "Văn thư Trường Thanh Hà"
    assert mail.recipients == (OFFICE,)
    assert mail.subject == "Re: Nhắc nộp Báo cáo sơ kết học kỳ I"
    assert mail.message_id == letter.message_id
    assert mail.references == (REMINDER, "<first@cum-thi-dua.example>")
    assert mail.sent_at == datetime(2026, 11, 24, 1, 15, 30, tzinfo=UTC)
    assert mail.text == mails.REPLY_TEXT
    assert mail.authentication.state == "pass"
    (file,) = mail.attachments
    assert (file.name, file.kind, file.size) == ("Báo cáo sơ kết.pdf", "application/pdf", len(PDF))
    assert file.digest == sha256(PDF).hexdigest()
    assert b"".join(READER.attachment(io.BytesIO(PROGRAMS[program](letter)), file.part)) == PDF
    assert (mail.automatic, mail.is_null_sender, mail.oddities, mail.report, mail.calendar) == (
        "",
        False,
        (),
        None,
        None,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_name_with_decomposed_diacritics_comes_out_composed(program: str) -> None:
    """MacOS sends them so."""
    name = "Phụ lục số 2 – Thống kê.xlsx"
    letter = Letter(files=(File(name=unicodedata.normalize("NFD", name), content=b"PK\x03\x04rest"),))
    (file,) = read(PROGRAMS[program](letter)).attachments
    assert (file.name, file.kind) == (name, "application/zip")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reply_without_a_file_has_no_attachment(program: str) -> None:
    """The logo in the signature is none."""
    assert read(PROGRAMS[program](Letter(files=()))).attachments == ()


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_empty_file_is_kept_for_others_to_judge(program: str) -> None:
    """With size 0."""
    (file,) = read(PROGRAMS[program](Letter(files=(File(content=b""),)))).attachments
    assert (file.size, file.kind, file.digest) == (0, "", sha256().hexdigest())


def test_a_message_that_is_one_file_counts() -> None:
    """As scanners send."""
    mail = read(mails.bare_pdf(Letter()))
    (file,) = mail.attachments
    assert (file.part, file.name, file.size, mail.text) == ("1", "Báo cáo sơ kết.pdf", len(PDF), "")


def test_winmail_is_told_and_is_no_file() -> None:
    """Nobody but Outlook opens it."""
    mail = read(mails.winmail(Letter()))
    assert (mail.oddities, mail.attachments) == (("winmail",), ())


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/pkcs7-signature", "smime.p7s"),
        ("application/octet-stream", "smime.p7s"),
        ("application/pgp-signature", "signature.asc"),
        ("text/vcard", "vanthu.vcf"),
        ("text/x-vcard", ""),
        ("application/octet-stream", "vanthu.VCF"),
        ("text/calendar", "invite.ics"),
        ("application/ics", "invite.ics"),
    ],
)
def test_what_programs_add_is_no_file(kind: str, name: str) -> None:
    """Signatures, cards and calendars."""
    letter = Letter(files=(File(name=name, content=b"added", type=kind), File()))
    assert [file.name for file in read(mails.gmail(letter)).attachments] == ["Báo cáo sơ kết.pdf"]


def test_a_photo_that_is_sent_as_a_file_counts_and_one_shown_in_the_page_does_not() -> None:
    """A page refers to what it shows by its Content-ID; Gmail gives one to each file too."""
    photo = File(name="trang 1.jpg", content=b"\xff\xd8\xff photo", type="image/jpeg")
    assert [file.name for file in read(mails.gmail(Letter(files=(photo,)))).attachments] == ["trang 1.jpg"]
    shown = mails.gmail(Letter(files=(photo,), text="cid:f_lq3x0"))
    assert read(shown).attachments == ()


def test_a_logo_beside_a_page_does_not_count_and_a_scan_beside_it_does() -> None:
    """Even if the page does not refer to it: a logo is small."""

    def beside(size: int) -> bytes:
        image = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + mails.base64(
            mails.PNG.ljust(size)
        )
        return (
            mails.head(Letter()) + mails.multipart("related", "b", [mails.text_part("<p>", "html"), image])
        ).encode()

    assert read(beside(5_000)).attachments == ()
    assert [file.kind for file in read(beside(100_000)).attachments] == ["image/png"]


def test_a_text_with_a_name_is_a_file_and_one_without_is_read() -> None:
    """Wherever it stands."""
    text = File(name="ghi chú.txt", content=b"note", type="text/plain")
    mail = read(mails.ios(Letter(files=(text,))))
    assert [file.name for file in mail.attachments] == ["ghi chú.txt"]
    assert mail.text == mails.REPLY_TEXT


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04\x14\x00\x01\x00rest",
        b"%PDF-1.7\n" + b"x" * 200_000 + b"trailer << /Encrypt 5 0 R >>",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 65_525 + "EncryptedPackage".encode("utf-16-le"),
    ],
)
def test_a_file_that_needs_a_password_is_told(content: bytes) -> None:
    """As far as it shows without opening it."""
    mail = read(mails.gmail(Letter(files=(File(content=content),))))
    assert (mail.oddities, len(mail.attachments)) == (("encrypted",), 1)
    open_file = (
        content.replace(b"\x14\x00\x01", b"\x14\x00\x00").replace(b"/Encrypt", b"/Info").replace(b"E\0n", b"e\0n")
    )
    assert read(mails.gmail(Letter(files=(File(content=open_file),)))).oddities == ()


@pytest.mark.parametrize("first", [b"thu muc/", b"mimetype" + b"x" * 66_000])
def test_a_zip_whose_first_entry_is_open_may_still_need_a_password(first: bytes) -> None:
    """A folder is never encrypted, and programs may leave out more."""
    entry = b"PK\x03\x04\x14\x00%c\x00"
    for flags, oddities in ((1, ("encrypted",)), (9, ("encrypted",)), (8, ())):
        content = entry % 0 + bytes(22) + first + entry % flags + bytes(22) + b"a.pdf"
        assert read(mails.gmail(Letter(files=(File(content=content),)))).oddities == oddities


@given(st.integers(1, 40), st.integers(0, 80))
def test_where_the_pieces_of_a_file_end_does_not_hide_a_password(step: int, before: int) -> None:
    """Even in the middle of a mark."""
    office = "EncryptedPackage".encode("utf-16-le")
    for start, mark in (
        (b"%PDF-", b"/Encrypt"),
        (b"PK\x03\x04", b"PK\x03\x04\x14\x00\x01"),
        (b"\xd0\xcf\x11\xe0", office),
    ):
        content = start + bytes(before) + mark
        pieces = [content[place : place + step] for place in range(0, len(content), step)]
        assert read_content(pieces, lambda head: "").is_encrypted


def beside_page(name: str, size: int, *lines: str, kind: str = "image/png") -> ReceivedMail:
    """Return a mail of a page and, beside it, an image."""
    head = mails.join(f'Content-Type: {kind}; name="{name}"', *lines, "Content-Transfer-Encoding: base64", "")
    parts = [mails.text_part("<p>x", "html"), head + mails.base64(mails.PNG.ljust(size))]
    return read((mails.head(Letter()) + mails.multipart("mixed", "b", parts)).encode())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("image001.png", "Content-Disposition: attachment"),
        ("Logo truong.PNG", "Content-Disposition: attachment"),
        ("Outlook-abc.png", "Content-Disposition: attachment"),
        ("x.png", "Content-ID: <x>"),
    ],
)
def test_a_small_picture_of_the_page_is_no_file_wherever_it_stands(name: str, line: str) -> None:
    """By its name, or because the page could show it; a large one is a file."""
    assert beside_page(name, 5_000, line).attachments == ()
    assert len(beside_page(name, 100_000, line).attachments) == 1
    assert len(beside_page(name, 5_000, line, kind="image/tiff").attachments) == 1


@pytest.mark.parametrize("name", ["image0.png", "trang 1.png", ""])
def test_a_small_picture_without_a_sign_is_a_file(name: str) -> None:
    """Phones call their photos image0."""
    assert len(beside_page(name, 5_000, "Content-Disposition: inline").attachments) == 1
    assert len(beside_page(name, 5_000, "Content-Disposition: attachment", "Content-ID: <x>").attachments) == 1


def test_a_page_that_is_no_alternative_of_the_plain_text_is_read_too() -> None:
    """Some programs write one before and one after each file."""
    plain, page = mails.text_part("một"), mails.text_part("<p>hai", "html")
    related = mails.multipart("related", "r", [page])
    for parts in ([plain, page], [plain, related]):
        assert read(mails.multipart("mixed", "b", parts).encode()).text == "một\nhai"
        assert read(mails.multipart("alternative", "b", parts).encode()).text == "một"
    both = mails.multipart("alternative", "a", [plain, related])
    assert read(mails.multipart("mixed", "b", [both, page, plain]).encode()).text == "một\nhai\nmột"
    blank = mails.multipart("alternative", "a", [mails.text_part("\n"), page])
    assert read(blank.encode()).text == "hai"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_of_all_texts_together_a_budget_is_read(kind: str) -> None:
    """It is told if more is there."""
    part = mails.text_part("a" * 200 * 1024, kind)
    assert len(read(mails.multipart("mixed", "b", [part]).encode()).text.replace("\n", "")) == 200 * 1024
    mail = read(mails.multipart("mixed", "b", [part] * 20).encode())
    assert len(mail.text.replace("\n", "")) == 256 * 1024
    assert mail.oddities == ("broken",)


def test_lines_are_not_longer_than_two_thousand_letters() -> None:
    """Nothing of them is lost."""
    mail = simple("Subject: x", "", "a" * 5_000)
    assert mail.text.split("\n") == ["a" * 2_000, "a" * 2_000, "a" * 1_000]


@pytest.mark.parametrize(
    "mark", ["\u0315\u0300", "Vào 1/1/2026 7:30 a@b viết:\n>\n", "On x wrote:\n", "Từ: a\n", "-", "_ "]
)
def test_no_plain_text_takes_long(mark: str) -> None:
    """In quadratic time each would take minutes."""
    for text in (mark * 50_000, mark.replace("\n", " ") * 50_000):
        read(b"From: a@b.example\r\n\r\n" + text.encode())


def test_ids_and_lines_of_the_header_are_short() -> None:
    """Ids are indexed, and no index takes longer ones."""
    longest = f"<{'a' * 200}@{'b' * 47}>"
    assert len(longest) == 250
    ids = f"{longest} <a{longest[1:]} <á@b.example> <a@b@c.example> <a b@c.example> <x@b.example>"
    mail = simple(f"Message-ID: {longest}", f"In-Reply-To: {ids}", f"Subject: {'s' * 900}", "")
    assert (mail.message_id, mail.references) == (longest, (longest, "<x@b.example>"))
    assert mail.subject == "s" * 500
    assert simple(f"Message-ID: <{'a' * 300}@b.example>", "").message_id == ""
    for host, length in ((".".join(["b" * 47] * 4), 191), (".".join(["b" * 60] * 4), 243)):
        assert len(host) == length
        assert bool(simple(f"From: {'a' * 60}@{host}", "").sender) is (length + 61 <= 254)


@given(
    st.text(st.sampled_from("a\0&#x0;\ud800D8=?utf-78B>+2AA-"), max_size=80),
    st.sampled_from(["utf-7", "utf-16", "utf-8", ""]),
)
def test_no_text_holds_what_a_database_refuses(text: str, charset: str) -> None:
    """No NUL, and no half of a letter."""
    raw = text.encode("utf-8", "surrogatepass")
    for kind in ("plain", "html"):
        head = f"Content-Type: text/{kind}; charset={charset}\r\nAuthentication-Results: mx.google.com; x="
        mail = read(head.encode() + raw + b"\r\nSubject: " + raw + b"\r\nFrom: " + raw + b"<a@b.example>\r\n\r\n" + raw)
        assert "\0" not in mail.text + mail.subject + mail.sender_name + mail.authentication.words
        for value in (mail.text, mail.subject, mail.sender_name, mail.authentication.words, mail.sender):
            assert value.encode().decode() == value


def test_an_enciphered_mail_is_told() -> None:
    """S/MIME and OpenPGP."""
    smime = simple("From: a@b.example", "Content-Type: application/pkcs7-mime; name=smime.p7m", "", "MIAG")
    assert (smime.oddities, smime.attachments) == (("encrypted",), ())


@pytest.mark.parametrize("is_encoded", [False, True])
def test_the_files_of_a_mail_inside_the_mail_are_not_its_own(is_encoded: bool) -> None:
    """But somebody should look, also where the mail inside cannot be seen."""
    whole = mails.gmail(Letter()).decode()
    encoded = "Content-Transfer-Encoding: base64\r\n\r\n" + mails.base64(whole.encode())
    inner = "Content-Type: message/rfc822\r\n" + (encoded if is_encoded else f"\r\n{whole}")
    mail = read(
        (mails.head(Letter()) + mails.multipart("mixed", "outer", [mails.text_part("Xem thư kèm"), inner])).encode()
    )
    assert (mail.attachments, mail.oddities, mail.text) == ((), ("nested",), "Xem thư kèm")


@pytest.mark.parametrize(
    "link",
    [
        "https://drive.google.com/file/d/1AbC/view",
        "https://docs.google.com/document/d/1",
        "https://1drv.ms/b/s!Aq",
        "https://onedrive.live.com/?id=1",
        "https://truong-my.sharepoint.com/:b:/g/1",
        "https://www.dropbox.com/s/1/bc.pdf",
        "https://drive.usercontent.google.com/download?id=1",
        "https://photos.app.goo.gl/1",
        "https://forms.gle/1",
        "https://www.fshare.vn/file/1",
        "https://mega.nz/file/1",
        "https://wetransfer.com/downloads/1",
        "https://we.tl/t-1",
        "https://zalo.me/file/1",
        "https://app.box.com/s/1",
        "https://www.icloud.com/iclouddrive/1",
    ],
)
def test_a_link_to_a_file_elsewhere_is_told(link: str) -> None:
    """Unless it stands in what is quoted, or belongs to another site."""
    assert read(mails.gmail(Letter(text=f"Báo cáo: {link}"))).oddities == ("cloud-link",)
    assert read(mails.gmail(Letter(quoted=f"Biểu mẫu: {link}"))).oddities == ()
    other = link.replace("https://", "https://evil.example/").replace("/file", "/f")
    assert read(mails.gmail(Letter(text=f"Báo cáo: {other}"))).oddities == ()


def test_html_gives_its_text_only_where_there_is_no_other() -> None:
    """Never a tag, a script or a style."""
    html = "<head><title>t</title><style>p{}</style></head><p>Đã <b>nộp</b> &amp; ký<script>alert(1)</script></p>"
    html += '<a href="https://drive.google.com/x">tệp</a><div>Vào T2, An đã viết:</div><blockquote>cũ</blockquote>'
    mail = read((mails.head(Letter()) + mails.text_part(html, "html")).encode())
    assert mail.text == "Đã nộp & ký\ntệp <https://drive.google.com/x>"
    assert mail.oddities == ("cloud-link",)


@pytest.mark.parametrize("charset", ["x-viet-tcvn", "unicode_escape", "hex", "a\0b", "khong-co"])
def test_an_unknown_charset_is_told_and_the_text_still_readable(charset: str) -> None:
    """Most mails that say something odd are UTF-8."""
    mail = simple("From: a@b.example", f'Content-Type: text/plain; charset="{charset}"', "", "Đã nộp")
    assert (mail.text, mail.oddities) == ("Đã nộp", ("charset",))


def test_windows_1258_comes_out_composed() -> None:
    """It writes the tones as letters of their own."""
    raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=windows-1258\r\n\r\n"
    assert read(raw + unicodedata.normalize("NFD", "ký").encode("cp1258")).text == "ký"


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        (("From: An <an@Truong.Example>",), "an@truong.example"),
        (("From: an@truong.example (An)",), "an@truong.example"),
        (('From: "office@cum.example" <an@truong.example>',), "an@truong.example"),
        (('From: "Trường \\"Hà\\", <x@y.example>" <an@truong.example>',), "an@truong.example"),
        (("From: an@trường.example",), "an@xn--trng-rib8295b.example"),
        (("From: an@a.example, ba@b.example",), ""),
        (("From: office@cum.example <an@truong.example>",), ""),
        (("From: an@a.example", "From: ba@b.example"), ""),
        (('From: "An <an@a.example>',), ""),
        (("From: =?utf-8?q?an=40a.example?=",), ""),
        (("From: <>",), ""),
        (("Reply-To: an@truong.example",), ""),
    ],
)
def test_the_sender_is_the_one_address_of_from(lines: tuple[str, ...], sender: str) -> None:
    """Else nobody: what is ambiguous, programs read differently."""
    assert simple(*lines, "", "x").sender == sender


def test_recipients_come_from_all_fields_that_say_where_a_mail_went() -> None:
    """Once each, the tokens kept."""
    mail = simple(
        "Delivered-To: office+a1b2@Cum.example",
        "X-Original-To: office@cum.example",
        'To: "Cụm, Thi đua" <office@cum.example>, undisclosed: ba@b.example;',
        "Cc: An (the old office@old.example) <an@truong.example>",
        "Cc: broken@@x, ,",
        "",
    )
    expected = ("office+a1b2@cum.example", "office@cum.example", "ba@b.example", "an@truong.example")
    assert mail.recipients == expected


def test_line_breaks_hidden_in_encoded_words_do_not_survive() -> None:
    """Nor do other control characters, in any field."""
    mail = simple(
        "From: =?utf-8?q?An=0D=0ABcc=3A_x?= <an@a.example>",
        "Subject: Chào =?UTF-8?Q?=0A?=Bcc: x@y =?utf-8?b?4oCu?=\0!",
        'Content-Type: application/pdf; name="=?utf-8?q?..=2F..=2Fb=0Ac=2Epdf?="',
        "",
        "%PDF-",
    )
    assert mail.subject == "Chào Bcc: x@y !"
    assert mail.sender_name == "An Bcc: x"
    assert mail.attachments[0].name == "b c.pdf"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('filename="Báo cáo.pdf"', "Báo cáo.pdf"),
        ("filename=Bao cao.pdf", "Bao cao.pdf"),
        ('filename="C:\\\\Users\\\\An\\\\bc.pdf"', "bc.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename=".."', ""),
        ("filename*=utf-8'vi'B%C3%A1o%20c%C3%A1o.pdf", "Báo cáo.pdf"),
        ("filename*1=cáo.pdf; filename*0=Báo", "Báocáo.pdf"),
        ("filename*=khong-co''a%FF.pdf", "a\ufffd.pdf"),
        ('filename="=?utf-8?b?QsOhbyBjw6E=?= =?utf-8?b?by5wZGY=?="', "Báo cáo.pdf"),
        ('filename="=?utf-8?b?QsM=?= =?utf-8?b?oW8ucGRm?="', "Báo.pdf"),
        ('filename="a;b.pdf"; size=3', "a;b.pdf"),
    ],
)
def test_names_of_files_are_read_in_every_way_they_are_written(field: str, name: str) -> None:
    """RFC 2231, RFC 2047 and neither."""
    mail = simple(
        "From: a@b.example", "Content-Type: application/pdf", f"Content-Disposition: attachment; {field}", "", "%PDF-"
    )
    assert mail.attachments[0].name == name


def test_references_are_ids_only_the_nearest_first_and_at_most_twenty() -> None:
    """And each once."""
    ids = " ".join(f"<{number}@a.example>" for number in range(30))
    mail = simple("In-Reply-To: Your mail of Monday <29@a.example>", f"References: {ids} <no-at> junk", "", "")
    assert mail.references == tuple(f"<{number}@a.example>" for number in range(29, 9, -1))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Tue, 24 Nov 2026 08:15:30 +0700", datetime(2026, 11, 24, 1, 15, 30, tzinfo=UTC)),
        ("24 Nov 2026 08:15 -0000", datetime(2026, 11, 24, 8, 15, tzinfo=UTC)),
        ("Tue, 24 Nov 26 08:15:30 GMT (gio Ha Noi)", datetime(2026, 11, 24, 8, 15, 30, tzinfo=UTC)),
        ("hôm qua", None),
        ("Mon, 99 Nov 2026 99:00:00 +9999", None),
        ("Fri, 31 Dec 9999 23:00:00 -0700", None),
        ("", None),
    ],
)
def test_a_date_is_read_in_utc_or_not_at_all(value: str, moment: datetime | None) -> None:
    """Never guessed."""
    assert simple(f"Date: {value}", "", "").sent_at == moment


@pytest.mark.parametrize(
    "raw",
    [
        mails.exchange_out_of_office(Letter(results=())),
        mails.exchange_out_of_office(Letter(), "Automatic reply: Nhắc nộp"),
        mails.gmail_out_of_office(Letter()),
        mails.gmail_out_of_office(Letter(), "Vắng mặt Re: Nhắc nộp"),
    ],
)
def test_a_reply_of_somebody_who_is_away_is_automatic(raw: bytes) -> None:
    """It quotes the header that says so."""
    assert read(raw).automatic.startswith(("Auto-Submitted: auto-", "Subject: "))


@pytest.mark.parametrize(
    ("line", "automatic"),
    [
        ("Auto-Submitted: auto-replied (vacation)", "Auto-Submitted: auto-replied (vacation)"),
        ("Auto-Submitted: No", ""),
        ("X-Autoreply: yes", "X-Autoreply: yes"),
        ("X-Autorespond: ", "X-Autorespond:"),
        ("X-Autoresponder: 1", "X-Autoresponder: 1"),
        ("Precedence: bulk", "Precedence: bulk"),
        ("Precedence: first-class", ""),
        ("X-Auto-Response-Suppress: All", ""),
        (
            "Subject: =?utf-8?q?Tr=E1=BA=A3_l=E1=BB=9Di_t=E1=BB=B1_=C4=91=E1=BB=99ng=3A_a?=",
            "Subject: Trả lời tự động: a",
        ),
        ("Subject: Automatic reply: x", "Subject: Automatic reply: x"),
        ("Subject: Out of Office: x", "Subject: Out of Office: x"),
        ("Subject: Re: Automatic reply: x", ""),
        ("Subject: Re: Trả lời tự động", ""),
        ("Subject: Vắng mặt tại cuộc họp", ""),
        (
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
        ),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", ""),
    ],
)
def test_a_machine_is_known_by_what_it_says_of_itself(line: str, automatic: str) -> None:
    """And never by what Exchange writes into the mails of persons."""
    assert simple("From: a@b.example", line, "", "x").automatic == automatic


@pytest.mark.parametrize(
    ("lines", "is_null"),
    [
        (("Return-Path: <>", "From: a@b.example"), True),
        (("From: Mail <MAILER-DAEMON@b.example>",), True),
        (("From: postmaster@b.example",), True),
        (("Subject: x",), True),
        (("Return-Path: <a@b.example>", "From: a@b.example"), False),
    ],
)
def test_nobody_may_answer_a_mail_without_a_sender(lines: tuple[str, ...], is_null: bool) -> None:
    """As reports are."""
    assert simple(*lines, "", "x").is_null_sender is is_null


@pytest.mark.parametrize("program", mails.CALENDAR_PROGRAMS)
def test_an_answer_to_an_invitation_is_read_from_every_program(program: str) -> None:
    """It is no file."""
    write: Callable[[Letter, str], bytes] = mails.CALENDAR_PROGRAMS[program]
    mail = read(write(Letter(), mails.calendar_text()))
    assert mail.calendar is not None
    assert (mail.calendar.attendee, mail.calendar.status, mail.attachments) == (SCHOOL, "accepted", ())


def test_parts_that_cannot_be_asked_for_are_refused() -> None:
    """By a number that the mail does not have."""
    with pytest.raises(KeyError):
        READER.attachment(io.BytesIO(mails.gmail(Letter())), "9.9")


def test_a_mail_in_pieces_is_told() -> None:
    """message/partial."""
    letter = replace(Letter(), files=())
    raw = mails.head(letter) + 'Content-Type: message/partial; id="a@b"; number=1; total=2\r\n\r\nx'
    assert read(raw.encode()).oddities == ("partial",)
