"""Raw mails as they come: in the forms of the programs that schools write with, and of machines that answer.

Each program is a function from a `Letter`, what a person wants to say, to the bytes that it makes of it.
"""

from __future__ import annotations

import textwrap
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from email.quoprimime import body_encode, header_encode
from urllib.parse import quote

SCHOOL = "vanthu@c1-thanhha.example"
OFFICE = "nhacviec@cum-thi-dua.example"
REMINDER = "<r1.0123456789abcdef@cum-thi-dua.example>"
SERVER = "mx.google.com"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8 + b"\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
REMINDER_TEXT = "Kính gửi Trường Thanh Hà,\n\nĐề nghị nộp Báo cáo sơ kết trước ngày 25/11.\n\n-- \nCụm Thi đua"
REPLY_TEXT = "Kính gửi Văn phòng Cụm,\n\nTrường xin gửi Báo cáo sơ kết học kỳ I, mời xem tệp kèm theo."


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that a person attaches."""

    name: str = "Báo cáo sơ kết.pdf"
    content: bytes = PDF
    type: str = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a person sends; `results` are the lines of Authentication-Results on top, without their name."""

    sender: str = SCHOOL
    name: str = "Văn thư Trường Thanh Hà"
    to: str = OFFICE
    subject: str = "Re: Nhắc nộp Báo cáo sơ kết học kỳ I"
    text: str = REPLY_TEXT
    quoted: str = REMINDER_TEXT
    files: tuple[File, ...] = (File(),)
    in_reply_to: str = REMINDER
    message_id: str = "<CAF1-7a9c2e@mail.c1-thanhha.example>"
    date: str = "Tue, 24 Nov 2026 08:15:30 +0700"
    results: tuple[str, ...] = ()


def authenticated(letter_sender: str = SCHOOL, server: str = SERVER) -> str:
    """Return results of a mail server that found the sender genuine."""
    domain = letter_sender.rpartition("@")[2]
    return (
        f"{server};\r\n       dkim=pass header.i=@{domain} header.s=s1 header.b=Ab3xYz;\r\n"
        f"       spf=pass ({server}: domain of {letter_sender} designates 203.0.113.7 as permitted sender)"
        f" smtp.mailfrom={letter_sender};\r\n"
        f"       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from={domain}"
    )


def join(*lines: str) -> str:
    """Return lines with the line ends of mail."""
    return "".join(f"{line}\r\n" for line in lines)


def word_b(text: str) -> str:
    """Return text as encoded words in base64, each of whole characters, as Thunderbird and Gmail write them."""
    pieces = textwrap.wrap(text, 15, drop_whitespace=False, replace_whitespace=False)
    return "\r\n ".join(f"=?UTF-8?B?{b64encode(piece.encode()).decode()}?=" for piece in pieces)


def word_q(text: str) -> str:
    """Return text as one encoded word by letters, as iOS writes it."""
    return header_encode(text.encode(), "utf-8")


def base64(content: bytes) -> str:
    """Return content in lines of base64."""
    text = b64encode(content).decode()
    return join(*[text[start : start + 76] for start in range(0, len(text), 76)])


def quoted_printable(text: str) -> str:
    """Return text in lines of quoted-printable."""
    return body_encode(text.encode().decode("latin-1"), maxlinelen=75, eol="\r\n") + "\r\n"


def marked(text: str) -> str:
    """Return text with the mark of a quote before each line."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def multipart(kind: str, boundary: str, parts: list[str], parameters: str = "") -> str:
    """Return the header and the content of a multipart of these parts."""
    content = "".join(f"--{boundary}\r\n{part}" + ("" if part.endswith("\r\n") else "\r\n") for part in parts)
    return f'Content-Type: multipart/{kind};{parameters} boundary="{boundary}"\r\n\r\n{content}--{boundary}--\r\n'


def text_part(text: str, kind: str = "plain") -> str:
    """Return a part of text in base64, as Gmail writes Vietnamese."""
    head = join(f'Content-Type: text/{kind}; charset="UTF-8"', "Content-Transfer-Encoding: base64", "")
    return head + base64(text.replace("\n", "\r\n").encode())


def quoted_part(text: str, kind: str = "plain") -> str:
    """Return a part of text in quoted-printable, as Outlook and iOS write it."""
    head = join(f'Content-Type: text/{kind}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable", "")
    return head + quoted_printable(text)


def head(letter: Letter, *extra: str, word: Callable[[str], str] = word_b) -> str:
    """Return the header of a letter, as it stands in a mailbox; `extra` are the lines of the program."""
    lines = [f"Return-Path: <{letter.sender}>", f"Delivered-To: {letter.to}"]
    lines += [f"Authentication-Results: {result}" for result in letter.results]
    lines += [
        "Received: from mail.c1-thanhha.example (mail.c1-thanhha.example [203.0.113.7])",
        "        by mx.google.com with ESMTPS id d9-20020a1; Mon, 23 Nov 2026 17:15:33 -0800 (PST)",
        f"From: {word(letter.name)} <{letter.sender}>",
        f"To: {word('Cụm Thi đua')} <{letter.to}>",
        f"Subject: {word(letter.subject)}",
        f"Date: {letter.date}",
        f"Message-ID: {letter.message_id}",
    ]
    if letter.in_reply_to:
        lines += [f"In-Reply-To: {letter.in_reply_to}", f"References: <first@cum-thi-dua.example> {letter.in_reply_to}"]
    return join(*lines, *extra, "MIME-Version: 1.0")


def html_of(text: str) -> str:
    """Return text as lines of HTML."""
    return "<br>".join(text.replace("&", "&amp;").replace("<", "&lt;").splitlines())


def mix(letter: Letter, body: str, files: list[str], boundary: str) -> str:
    """Return the body alone, or together with files."""
    return multipart("mixed", boundary, [body, *files]) if files else body


def thunderbird(letter: Letter) -> bytes:
    """Write as Thunderbird: flowed plain text, names by RFC 2231 in sections, the quote below its own line."""
    files = []
    for file in letter.files:
        name = quote(file.name, safe="")
        sections = [name[start : start + 45] for start in range(0, len(name), 45)] or [""]
        names = [
            f" filename*{index}*={chr(39).join(('UTF-8', '', '')) if index == 0 else ''}{section};"
            for index, section in enumerate(sections)
        ]
        names[-1] = names[-1].removesuffix(";")
        files.append(
            join(
                f'Content-Type: {file.type}; name="{word_b(file.name)}"',
                "Content-Disposition: attachment;",
                *names,
                "Content-Transfer-Encoding: base64",
                "",
            )
            + base64(file.content)
        )
    text = f"{letter.text}\n\nVào 23/11/2026 7:30 SA, Cụm Thi đua đã viết:\n{marked(letter.quoted)}\n"
    body = join("Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 8bit", "")
    body += text.replace("\n", "\r\n")
    lines = ("User-Agent: Mozilla Thunderbird", "Content-Language: vi")
    return (head(letter, *lines) + mix(letter, body, files, "------------0Xk7cV2mP1sQ9")).encode()


def gmail(letter: Letter) -> bytes:
    """Write as Gmail with a Vietnamese page: both kinds of text, "Vào ... đã viết:" over two lines."""
    wrote = f"Vào Th 2, 23 thg 11, 2026 vào lúc 07:30 Cụm Thi đua khu vực Bắc Trung Bộ <\n{letter.to}> đã viết:"
    plain = f"{letter.text}\n\n{wrote}\n\n{marked(letter.quoted)}\n"
    html = (
        f'<div dir="ltr">{html_of(letter.text)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{html_of(wrote)}<br></div><blockquote>{html_of(letter.quoted)}</blockquote></div>"
    )
    files = []
    for index, file in enumerate(letter.files):
        name = word_b(file.name)
        files.append(
            join(
                f'Content-Type: {file.type}; name="{name}"',
                f'Content-Disposition: attachment; filename="{name}"',
                "Content-Transfer-Encoding: base64",
                f"Content-ID: <f_lq3x{index}>",
                f"X-Attachment-Id: f_lq3x{index}",
                "",
            )
            + base64(file.content)
        )
    body = multipart("alternative", "000000000000a1b2c3", [text_part(plain), text_part(html, "html")])
    return (head(letter) + mix(letter, body, files, "000000000000d4e5f6")).encode()


def outlook(letter: Letter) -> bytes:
    """Write as Outlook over Exchange Online: a logo shown in the page, a signature picture, "Từ: / Đã gửi:"."""
    old = f"Từ: Cụm Thi đua <{letter.to}>\nĐã gửi: Thứ Hai, 23 tháng 11, 2026 7:30 SA\nĐến: Văn thư\nChủ đề: Nhắc"
    plain = f"{letter.text}\n\n[cid:image001.png@01DC5D2A.7F0]\n\n{old}\n\n{letter.quoted}\n"
    plain = plain.replace("[cid:image001.png@01DC5D2A.7F0]\n\n", "")
    html = (
        "<html><head><style>p {margin:0}</style></head><body>"
        + "".join(f"<p>{html_of(line)}</p>" for line in letter.text.splitlines())
        + '<img src="cid:image001.png@01DC5D2A.7F0">'
        + f"<hr><div>{html_of(old)}</div><div>{html_of(letter.quoted)}</div></body></html>"
    )
    logo = join(
        'Content-Type: image/png; name="image001.png"',
        'Content-Disposition: inline; filename="image001.png"; size=208',
        "Content-ID: <image001.png@01DC5D2A.7F0>",
        "Content-Transfer-Encoding: base64",
        "",
    )
    page = multipart(
        "related",
        "_004_AM0PR07MB_",
        [
            multipart("alternative", "_000_AM0PR07MB_", [quoted_part(plain), quoted_part(html, "html")]),
            logo + base64(PNG),
        ],
    )
    files = []
    for file in letter.files:
        name = word_b(file.name).replace("\r\n ", " ")
        files.append(
            join(
                f'Content-Type: {file.type}; name="{name}"',
                f"Content-Description: {name}",
                f'Content-Disposition: attachment; filename="{name}"; size={len(file.content)};',
                '\tcreation-date="Tue, 24 Nov 2026 01:15:00 GMT"',
                "Content-Transfer-Encoding: base64",
                "",
            )
            + base64(file.content)
        )
    lines = (
        "Thread-Topic: Nhac nop",
        "Thread-Index: AQHbPfVZ1",
        "Accept-Language: vi-VN, en-US",
        "X-MS-Has-Attach: yes",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-MS-Exchange-Organization-SCL: -1",
    )
    return (head(letter, *lines) + mix(letter, page, files, "_005_AM0PR07MB_")).encode()


def ios(letter: Letter) -> bytes:
    """Write as Mail on an iPhone: text before and after each file, raw names with decomposed diacritics."""
    after = f"\nĐã gửi từ iPhone của tôi\n\nVào 23 thg 11, 2026, lúc 07:30, Cụm Thi đua <{letter.to}> đã viết:\n\n"
    after += marked(letter.quoted)
    files = []
    for file in letter.files:
        name = f"utf-8''{quote(file.name, safe='')}"
        files.append(
            join(
                f"Content-Type: {file.type};",
                f"\tname*={name};",
                "\tx-apple-part-url=0A1B2C3D",
                f"Content-Disposition: inline;\r\n\tfilename*={name}",
                "Content-Transfer-Encoding: base64",
                "",
            )
            + base64(file.content)
        )
    lines = ("X-Mailer: iPhone Mail (23B85)",)
    parts = [quoted_part(letter.text), *files, quoted_part(after)]
    return (head(letter, *lines, word=word_q) + multipart("mixed", "Apple-Mail-5F2A9C", parts)).encode()


PROGRAMS: dict[str, Callable[[Letter], bytes]] = {
    "thunderbird": thunderbird,
    "gmail": gmail,
    "outlook": outlook,
    "ios": ios,
}


def winmail(letter: Letter) -> bytes:
    """Write as an Outlook that packs its files into winmail.dat."""
    tnef = join(
        'Content-Type: application/ms-tnef; name="winmail.dat"',
        'Content-Disposition: attachment; filename="winmail.dat"',
        "Content-Transfer-Encoding: base64",
        "",
    ) + base64(b"\x78\x9f\x3e\x22" + bytes(300))
    return (head(letter) + multipart("mixed", "----=_NextPart_000_0011", [quoted_part(letter.text), tnef])).encode()


def bare_pdf(letter: Letter) -> bytes:
    """Write as a scanner: the whole message is the file."""
    (file,) = letter.files
    name = word_b(file.name)
    lines = (f'Content-Type: {file.type}; name="{name}"', "Content-Transfer-Encoding: base64")
    return (head(letter, *lines) + "\r\n" + base64(file.content)).encode()


def exchange_out_of_office(letter: Letter, subject: str = "Trả lời tự động: Nhắc nộp Báo cáo sơ kết") -> bytes:
    """Write as Exchange for somebody who is away."""
    lines = ("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "Precedence: bulk")
    raw = head(letter, *lines).replace(word_b(letter.subject), word_b(subject))
    raw = raw.replace(f"Return-Path: <{letter.sender}>", "Return-Path: <>")
    return (raw + quoted_part("Tôi đi công tác đến hết ngày 30/11.")).encode()


def gmail_out_of_office(letter: Letter, subject: str = "Out of office Re: Nhắc nộp Báo cáo sơ kết") -> bytes:
    """Write as Gmail for somebody who is away."""
    lines = ("Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes")
    raw = head(letter, *lines).replace(word_b(letter.subject), word_b(subject))
    return (raw + text_part("Tôi nghỉ phép, sẽ trả lời sau ngày 30/11.")).encode()


def delivery_report(
    *,
    to: str = OFFICE,
    recipient: str = SCHOOL,
    original: str = REMINDER,
    action: str = "failed",
    status: str = "5.1.1",
    words: str = "smtp; 550 5.1.1 <vanthu@c1-thanhha.example>: Recipient address rejected: User unknown",
    headers_only: bool = True,
) -> bytes:
    """Write as Postfix; a delay is announced with `action="delayed", status="4.2.2"`, and then fails with 4.2.2."""
    host = "mail.cum-thi-dua.example"
    text = join("Content-Description: Notification", "Content-Type: text/plain; charset=us-ascii", "")
    text += join(
        f"This is the mail system at host {host}.", "", "I'm sorry to have to inform you.", "", f"<{recipient}>"
    )
    report = join(
        "Content-Description: Delivery report",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {host}",
        "X-Postfix-Queue-ID: 4F2C11A0042",
        f"X-Postfix-Sender: rfc822; {to}",
        "Arrival-Date: Mon, 23 Nov 2026 07:30:02 +0700 (+07)",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Original-Recipient: rfc822;{recipient}",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mx.c1-thanhha.example",
        f"Diagnostic-Code: {words}",
    )
    copy = join(f"Message-ID: {original}", f"From: Cum Thi dua <{to}>", f"To: {recipient}", "Subject: Nhac nop")
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    returned = join("Content-Description: Undelivered Message", f"Content-Type: {kind}", "") + copy
    if not headers_only:
        returned += join("", "Kinh gui Truong Thanh Ha")
    lines = join(
        "Return-Path: <>",
        "Date: Mon, 23 Nov 2026 07:30:05 +0700 (+07)",
        f"From: MAILER-DAEMON@{host} (Mail Delivery System)",
        "Subject: Undelivered Mail Returned to Sender",
        f"To: {to}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f"Message-Id: <20261123003005.4F2C11A0042@{host}>",
    )
    parts = [text, report, returned]
    return (
        lines + multipart("report", f"4F2C11A0042.1763857805/{host}", parts, " report-type=delivery-status;")
    ).encode()


def exchange_failure(*, to: str = OFFICE, recipient: str = SCHOOL, original: str = REMINDER) -> bytes:
    """Write as Exchange Online: the text in HTML only, no Original-Recipient, the headers of the mail attached."""
    report = join(
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns;AM0PR07MB4321.eurprd07.prod.outlook.com",
        "Received-From-MTA: dns;mail.cum-thi-dua.example",
        "Arrival-Date: Mon, 23 Nov 2026 00:30:02 +0000",
        "",
        f"Final-Recipient: rfc822;{recipient}",
        "Action: failed",
        "Status: 5.1.10",
        "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "X-Display-Name: Van thu",
    )
    returned = join(
        "Content-Type: message/rfc822", "", f"From: <{to}>", f"To: <{recipient}>", f"Message-ID: {original}"
    )
    lines = join(
        "Return-Path: <>",
        "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@c1-thanhha.example>",
        f"To: {to}",
        "Date: Mon, 23 Nov 2026 00:30:04 +0000",
        "Message-ID: <7d1f@AM0PR07MB4321.eurprd07.prod.outlook.com>",
        "Subject: Undeliverable: Nhac nop",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
    )
    page = quoted_part("<html><body><p>Your message couldn't be delivered.</p></body></html>", "html")
    parts = [page, report, returned + join("", "Kinh gui")]
    return (lines + multipart("report", "a8d1-4b2c", parts, " report-type=delivery-status;")).encode()


def gmail_failure(*, to: str = OFFICE, recipient: str = SCHOOL, original: str = REMINDER) -> bytes:
    """Write as Gmail: two kinds of text with an icon, the report, and the whole mail."""
    icon = join("Content-Type: image/png; name=icon.png", "Content-Transfer-Encoding: base64", "Content-ID: <icon.png>")
    page = multipart(
        "related",
        "0000000000008a",
        [
            multipart(
                "alternative",
                "0000000000008b",
                [text_part("** Không tìm thấy địa chỉ **"), text_part('<img src="cid:icon.png">', "html")],
            ),
            icon + "\r\n" + base64(PNG),
        ],
    )
    report = join(
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; googlemail.com",
        f"Arrival-Date: Sun, 22 Nov 2026 16:30:02 -0800 (PST)\r\nX-Original-Message-ID: {original}",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: dns; mx.c1-thanhha.example. (203.0.113.7, the server for the domain c1-thanhha.example.)",
        "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.",
        "Last-Attempt-Date: Sun, 22 Nov 2026 16:30:04 -0800 (PST)",
    )
    copy = join(
        "Content-Type: message/rfc822", "", f"From: {to}", f"To: {recipient}", f"Message-ID: {original}", "", "x"
    )
    lines = join(
        "Return-Path: <>",
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        f"To: {to}",
        "Auto-Submitted: auto-replied",
        "Subject: Delivery Status Notification (Failure)",
        f"References: {original}",
        f"In-Reply-To: {original}",
        "X-Failed-Recipients: " + recipient,
        "Message-ID: <656f0000.a70a@mx.google.com>",
        "Date: Sun, 22 Nov 2026 16:30:05 -0800 (PST)",
    )
    return (
        lines + multipart("report", "0000000000008c", [page, report, copy], " report-type=delivery-status;")
    ).encode()


def qmail_failure(*, to: str = OFFICE, recipient: str = SCHOOL, original: str = REMINDER) -> bytes:
    """Write as qmail: all in plain text, the mail below a line of its own."""
    return join(
        "Return-Path: <>",
        "From: MAILER-DAEMON@mail.c1-thanhha.example",
        f"To: {to}",
        "Subject: failure notice",
        "Date: 23 Nov 2026 00:30:05 -0000",
        "",
        "Hi. This is the qmail-send program at mail.c1-thanhha.example.",
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "This is a permanent error; I've given up. Sorry it didn't work out.",
        "",
        f"<{recipient}>:",
        "Sorry, no mailbox here by that name. (#5.1.1)",
        "",
        "--- Below this line is a copy of the message.",
        "",
        f"Return-Path: <{to}>",
        f"From: <{to}>",
        f"Message-ID: {original}",
        "Subject: Nhac nop",
        "",
        "Kinh gui",
    ).encode()


def calendar_text(
    *,
    attendee: str = SCHOOL,
    uid: str = "x1@cum-thi-dua.example",
    partstat: str = "ACCEPTED",
    delegated_to: str = "",
    sequence: int = 2,
    stamp: str = "20261124T011530Z",
) -> str:
    """Return the answer to an invitation, as Outlook writes it."""
    delegated = f';DELEGATED-TO="mailto:{delegated_to}"' if delegated_to else ""
    return join(
        "BEGIN:VCALENDAR",
        "METHOD:REPLY",
        "PRODID:Microsoft Exchange Server 2010",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        f"ATTENDEE;PARTSTAT={partstat}{delegated};CN=Văn thư:mailto:{attendee}",
        "COMMENT;LANGUAGE=vi-VN:Trường sẽ cử Phó Hiệu trưởng\\, đến đúng giờ",
        f"UID:{uid}",
        "DTSTART:20261201T013000Z",
        "DTEND:20261201T033000Z",
        f"DTSTAMP:{stamp}",
        f"SEQUENCE:{sequence}",
        "SUMMARY:Họp sơ kết",
        "END:VEVENT",
        "END:VCALENDAR",
    )


def _calendar_part(text: str, kind: str = 'text/calendar; charset="utf-8"; method=REPLY') -> str:
    lines = (f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", "")
    return join(*lines) + base64(text.encode())


def outlook_calendar_reply(letter: Letter, calendar: str) -> bytes:
    """Write as Outlook: the calendar beside the text."""
    raw = head(letter, "Content-Class: urn:content-classes:calendarmessage")
    parts = [quoted_part("Đồng ý"), _calendar_part(calendar)]
    return (raw + multipart("alternative", "_000_PSAPR06MB_", parts)).encode()


def gmail_calendar_reply(letter: Letter, calendar: str) -> bytes:
    """Write as Google: the calendar inside the texts, and again as a file."""
    texts = [text_part("Đã chấp nhận"), text_part("<p>Đã chấp nhận</p>", "html"), _calendar_part(calendar)]
    file = _calendar_part(calendar, 'application/ics; name="invite.ics"')
    file = file.replace("\r\n", '\r\nContent-Disposition: attachment; filename="invite.ics"\r\n', 1)
    return (head(letter) + multipart("mixed", "00c1", [multipart("alternative", "00c2", texts), file])).encode()


def ios_calendar_reply(letter: Letter, calendar: str) -> bytes:
    """Write as the calendar of an iPhone: the whole message is the calendar."""
    return (head(letter, word=word_q) + _calendar_part(calendar)).encode()


CALENDAR_PROGRAMS: dict[str, Callable[[Letter, str], bytes]] = {
    "outlook": outlook_calendar_reply,
    "gmail": gmail_calendar_reply,
    "ios": ios_calendar_reply,
}
