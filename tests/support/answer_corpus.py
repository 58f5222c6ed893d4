"""Mails as offices get them, each with what should become of it: the corpus by which acceptance is measured.

`asked`: answers to a reminder, from a registered contact whom the mail server confirms, with a file for each document
that is still missing. `fresh`: mails of the same kind that answer nothing, in which the subject, the text or the name
of a file says what they bring. `other`: everything else; none of it may be accepted without a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from tests.support import received_mails as mails
from tests.support.received_mails import PDF, PNG, File, Letter, authenticated

OFFICER, HEAD = "thidua@nghean.example", "hieutruong@nghean.example"
NEIGHBOUR, STRANGER = "thidua@leduan.example", "nguyenvana@gmail.com"
MAILBOX = "nhacviec@cum.example"
DOCX = b"PK\x03\x04\x14\x00\x06\x00" + bytes(200)
FOUR = ("ke-hoach", "dang-ky-thi-dua", "dang-ky-hoat-dong", "danh-sach-can-bo")
Group = Literal["asked", "fresh", "other"]
Moment = Literal["march", "june"]


@dataclass(frozen=True, kw_only=True)
class Cited:
    """The Message-IDs of mails that were sent: the reminder to the officer, and the one to a neighbour."""

    own: str
    neighbours: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """One mail: what it looks like, and what should become of it.

    `write` makes its bytes of what it may cite. In `march` four documents of the registration are missing, in `june`
    the report of six months. `brings` are the documents of a mail that is accepted.
    """

    name: str
    group: Group
    moment: Moment
    write: Callable[[Cited], bytes]
    state: str = "review"
    brings: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()  # the names of what is attached


_numbers = count(1)


def pdf(name: str) -> File:
    """Return a scanned document of that name; no two have the same bytes."""
    return File(name=name, content=PDF + str(next(_numbers)).encode())


def word_file(name: str) -> File:
    """Return a document of a word processor."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return File(name=name, content=DOCX + str(next(_numbers)).encode(), type=kind)


def a_letter(**changes: object) -> Letter:
    """Return a confirmed letter of the officer, with a Message-ID of its own."""
    letter = Letter(
        sender=OFFICER,
        name="Cán bộ phụ trách thi đua",
        to=MAILBOX,
        text="Kính gửi Bộ phận giúp việc Cụm trưởng,\nTrường xin gửi kèm theo thư này. Trân trọng.",
        message_id=f"<{next(_numbers)}.corpus@nghean.example>",
        in_reply_to="",
        subject="",
        files=(),
        quoted="",
    )
    letter = replace(letter, **changes)  # type: ignore[arg-type]
    return letter if letter.results else replace(letter, results=(authenticated(letter.sender),))


PROGRAMS = list(mails.PROGRAMS.values())
REMINDED = {
    "march": "Re: [Cụm TĐ BTB] Nhắc thời hạn gửi hồ sơ đăng ký",
    "june": "Trả lời: [Cụm TĐ BTB] Nhắc thời hạn gửi báo cáo 6 tháng",
}
NAMED: Sequence[tuple[str, ...]] = (
    (
        "Kế hoạch triển khai phong trào thi đua năm 2023.pdf",
        "Đăng ký thi đua.pdf",
        "Đăng ký tham gia các hoạt động của Cụm.pdf",
        "Danh sách cán bộ phụ trách thi đua của trường.pdf",
    ),
    (
        "ke-hoach-trien-khai-phong-trao-thi-dua-2023.docx",
        "dang_ky_thi_dua.docx",
        "dang_ky_tham_gia_hoat_dong_cum.docx",
        "danh_sach_can_bo_phu_trach.docx",
    ),
)
SCANS = ("scan001.pdf", "scan002.pdf", "scan003.pdf", "scan004.pdf")
NUMBERS = ("0001.pdf", "0002.pdf", "0003.pdf", "0004.pdf")
PHOTOS = ("IMG_2041.pdf", "IMG_2042.pdf", "IMG_2043.pdf", "IMG_2044.pdf")


def files(names: Sequence[str]) -> tuple[File, ...]:
    """Return documents of these names."""
    return tuple((word_file if name.endswith("docx") else pdf)(name) for name in names)


def _asked() -> Iterator[Case]:
    for program in PROGRAMS:
        for names in (*NAMED, SCANS, PHOTOS, NUMBERS):
            letter = a_letter(subject=REMINDED["march"], files=files(names), quoted=mails.REMINDER_TEXT)
            yield _answer("march", program, letter, brings=FOUR)
        for name in (
            "bao-cao-6-thang.pdf",
            "Scan_20230605.pdf",
            "BC 6 tháng Nghệ An.docx",
            "CamScanner 05-06-2023.pdf",
        ):
            letter = a_letter(subject=REMINDED["june"], files=files([name]), quoted=mails.REMINDER_TEXT)
            yield _answer("june", program, letter, brings=("bao-cao",))
    letter = a_letter(sender=HEAD, subject=REMINDED["june"], files=files(["Báo cáo.pdf"]))
    yield _answer("june", PROGRAMS[0], letter, name="by the head", brings=("bao-cao",))
    letter = a_letter(subject=REMINDED["june"], files=files(["scan.pdf"]))
    yield _answer("june", mails.bare_pdf, letter, name="nothing but a PDF", brings=("bao-cao",))


def _answer(
    moment: Moment,
    program: Callable[[Letter], bytes],
    letter: Letter,
    *,
    name: str = "",
    brings: tuple[str, ...] | None = None,
    group: Group = "asked",
    state: str = "received",
) -> Case:
    """Return the case of a letter that answers our reminder."""

    def write(cited: Cited) -> bytes:
        return program(replace(letter, in_reply_to=cited.own))

    label = name or f"{getattr(program, '__name__', 'mail')} with {', '.join(file.name for file in letter.files)}"
    return Case(
        name=f"{moment}: {label}",
        group=group,
        moment=moment,
        write=write,
        state=state,
        brings=brings,
        files=tuple(file.name for file in letter.files),
    )


def _letter(
    moment: Moment,
    name: str,
    letter: Letter,
    *,
    group: Group = "other",
    state: str = "review",
    brings: tuple[str, ...] | None = None,
    program: Callable[[Letter], bytes] = mails.thunderbird,
) -> Case:
    """Return the case of a letter that answers nothing."""
    return Case(
        name=f"{moment}: {name}",
        group=group,
        moment=moment,
        write=lambda cited: program(letter),
        state=state,
        brings=brings,
        files=tuple(file.name for file in letter.files),
    )


FRESH = (
    ("june", "Báo cáo tình hình tổ chức thực hiện phong trào thi đua 6 tháng", ("scan001.pdf",), ("bao-cao",)),
    ("june", "Nghệ An gửi báo cáo 6 tháng", ("IMG_0001.pdf",), ("bao-cao",)),
    ("june", "Trường Chính trị Nghệ An gửi Báo cáo 6 tháng của trường", ("document(1).pdf",), ("bao-cao",)),
    ("june", "BÁO CÁO 6 THÁNG CỦA TRƯỜNG", ("Báo cáo 6 tháng của trường.docx",), ("bao-cao",)),
    ("june", "Gửi báo cáo phong trào thi đua 6 tháng đầu năm", ("bc_6_thang.pdf",), ("bao-cao",)),
    ("june", "Gửi báo cáo", ("bao-cao-6-thang-cua-truong.pdf",), ("bao-cao",)),
    ("march", "Hồ sơ đăng ký năm 2023", NAMED[0], FOUR),
    ("march", "Kế hoạch và các bản đăng ký", NAMED[1], FOUR),
    ("march", "Gửi Đăng ký thi đua", ("Đăng ký thi đua.pdf",), ("dang-ky-thi-dua",)),
    ("march", "Danh sách cán bộ phụ trách thi đua của trường năm 2023", ("scan001.pdf",), ("danh-sach-can-bo",)),
)


def _fresh() -> Iterator[Case]:
    for (moment, subject, names, brings), program in zip(FRESH, PROGRAMS * 3, strict=False):
        letter = a_letter(subject=subject, files=files(names))
        yield _letter(
            moment,  # type: ignore[arg-type]
            f"fresh, “{subject}” with {', '.join(names)}",
            letter,
            group="fresh",
            state="received",
            brings=brings,
            program=program,
        )


def _other() -> Iterator[Case]:
    report = files(["Báo cáo 6 tháng của trường.pdf"])
    asked = {"subject": REMINDED["june"]}
    logo = File(name="image001.png", content=PNG, type="image/png")

    def answer(
        name: str, state: str = "review", program: Callable[[Letter], bytes] = mails.gmail, **own: object
    ) -> Case:
        letter = a_letter(**({"files": report} | asked | own))
        return _answer("june", program, letter, name=name, group="other", state=state)

    forged = f"{mails.SERVER}; dmarc=fail header.from=nghean.example"
    yield answer("forged: the server says fail", results=(forged,))
    yield answer("forged: a second result beneath says pass", results=(forged, authenticated(OFFICER)))
    yield answer("another server's result", results=(authenticated(OFFICER, "mx.evil.example"),))
    yield answer("the result is for another domain", results=(authenticated(STRANGER),))
    yield answer("two verdicts in one result", results=(f"{authenticated(OFFICER)}; dmarc=fail header.from=x.example",))
    yield answer("a stranger answers", sender=STRANGER)
    yield answer("the neighbour answers our reminder to us", sender=NEIGHBOUR)
    yield answer("no file", files=(), text="Trường đã nộp báo cáo.")
    yield answer("an empty file", files=(File(name="Báo cáo.pdf", content=b""),))
    yield answer("a program", files=(File(name="Báo cáo.pdf", content=b"MZ" + bytes(300)),))
    yield answer("it will be sent later", text="Kính gửi, báo cáo chính thức trường sẽ gửi sau.")
    yield answer("a draft", files=files(["Dự thảo báo cáo 6 tháng.docx"]))
    yield answer("asks for more time", text="Kính đề nghị Cụm cho xin gia hạn đến 20/6.")
    yield answer("another document", files=files(["Kế hoạch kiểm tra gửi các đơn vị trong Cụm.pdf"]))
    yield answer("a protected archive", files=(File(name="bc.zip", content=b"PK\x03\x04\x14\x00\x09\x00" + bytes(99)),))
    yield answer("a link to a drive", files=(), text="Báo cáo: https://drive.google.com/file/d/1a2b3c/view")
    yield answer("winmail.dat", program=mails.winmail)
    yield answer("out of office with a file", state="machine", program=mails.exchange_out_of_office)
    yield answer("out of office of Gmail", state="machine", program=mails.gmail_out_of_office)
    yield answer("cut short", program=lambda one: mails.gmail(one)[: len(mails.gmail(one)) // 2])
    yield answer("a logo only", files=(File(name="logo.png", content=PNG, type="image/png"),), program=_with_logo)
    yield answer("thanks with a logo", text="Đã nhận được thư, cảm ơn.", files=(logo,))
    yield answer("another month", files=files(["Báo cáo tháng 5.pdf"]))
    yield answer("an invitation", files=files(["Giấy mời dự hội thảo.pdf"]))
    yield answer("a form", files=files(["Mẫu.pdf"]))
    yield answer("a letter that asks for time", files=files(["Công văn đề nghị lùi thời gian nộp.pdf"]))
    yield answer("a question", text="Báo cáo này làm theo mẫu nào?")
    yield answer("it is forwarded", subject="Fwd: Báo cáo 6 tháng")
    yield answer("an archive that is not kept", files=(*report, File(name="Báo cáo.rar", content=b"Rar!" + bytes(99))))
    unclear = {"subject": REMINDED["march"]}
    for name, names in (
        ("one scan for four documents", ("scan.pdf",)),
        ("three scans for four documents", SCANS[:3]),
        ("five scans for four documents", (*SCANS, "scan005.pdf")),
    ):
        letter = a_letter(**unclear, files=files(names))
        yield _answer("march", mails.outlook, letter, name=name, group="other", state="review")
    yield _letter("june", "fresh: says nothing", a_letter(subject="Gửi anh chị", files=files(["scan001.pdf"])))
    yield _letter("june", "fresh: no subject, no name", a_letter(files=files(["1.pdf"])))
    yield _letter(
        "march", "fresh: two tasks", a_letter(subject="Báo cáo 6 tháng và báo cáo năm", files=files(SCANS[:2]))
    )
    yield _letter("june", "fresh: a stranger", a_letter(sender=STRANGER, subject="Báo cáo 6 tháng", files=report))
    yield _letter(
        "june",
        "fresh: not confirmed",
        a_letter(subject="Báo cáo 6 tháng của trường", files=report, results=("mx.google.com; none",)),
    )
    yield _letter(
        "june", "our own mail", a_letter(sender=MAILBOX, subject="Báo cáo 6 tháng", files=report), state="own"
    )
    yield Case(
        name="june: the answer to the neighbour's reminder",
        group="other",
        moment="june",
        write=lambda cited: mails.ios(a_letter(**asked, files=report, in_reply_to=cited.neighbours)),
    )
    yield Case(
        name="june: a bounce of our reminder",
        group="other",
        moment="june",
        state="bounce",
        write=lambda cited: mails.delivery_report(recipient=OFFICER, original=cited.own),
    )
    yield Case(
        name="june: a delay of our reminder",
        group="other",
        moment="june",
        state="delayed",
        write=lambda cited: mails.delivery_report(
            recipient=OFFICER, original=cited.own, action="delayed", status="4.2.2"
        ),
    )
    yield Case(
        name="june: a forged bounce",
        group="other",
        moment="june",
        state="bounce",
        write=lambda cited: mails.exchange_failure(recipient=OFFICER, original="<made.up@cum.example>"),
    )
    yield Case(
        name="june: not a mail at all",
        group="other",
        moment="june",
        state="machine",
        write=lambda cited: b"\xfe\xff\x01",
    )


def _with_logo(letter: Letter) -> bytes:
    """Write as Outlook does a mail whose only file is the logo that its text shows."""
    html = mails.text_part('<p>Kính gửi</p><img src="cid:logo1">', "html")
    image = mails.join("Content-Type: image/png", "Content-ID: <logo1>", "Content-Transfer-Encoding: base64", "")
    related = mails.multipart("related", "r1", [html, image + mails.base64(PNG)])
    return (mails.head(letter) + related).encode()


CASES: tuple[Case, ...] = (*_asked(), *_fresh(), *_other())
