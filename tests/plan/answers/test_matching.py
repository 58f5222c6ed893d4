"""What a person's mail answers, and when a person has to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from scheduler.plan import reasons
from scheduler.plan.answers.matching import Answer, Duty, Link, Match, ObligationKey, Sender, match
from scheduler.plan.answers.received_mail import Attachment, Authentication, Oddity, ReceivedMail
from scheduler.plan.model import Deliverable
from scheduler.plan.reasons import Reason

NOW = datetime(2023, 6, 5, tzinfo=UTC)
PROVEN = Authentication(state="pass")
NGHE_AN = Sender("cum", "nghe-an")


def owed(milestone: str, name: str, *documents: tuple[str, str], party: str = "nghe-an", plan: str = "cum") -> Duty:
    """Return an open obligation of which everything is missing."""
    deliverables = tuple(Deliverable(id=code, title=words) for code, words in documents)
    key = ObligationKey(plan, milestone, party)
    return Duty(key=key, title=name, deliverables=deliverables, missing=deliverables)


REGISTRATION = owed(
    "dang-ky",
    "Gửi kế hoạch triển khai phong trào thi đua và các bản đăng ký năm 2023",
    ("ke-hoach", "Kế hoạch triển khai phong trào thi đua năm 2023"),
    ("thi-dua", "Đăng ký thi đua"),
    ("hoat-dong", "Đăng ký tham gia các hoạt động của Cụm"),
    ("can-bo", "Danh sách cán bộ phụ trách thi đua của trường năm 2023"),
)
HALF_YEAR = owed(
    "bao-cao-6-thang",
    "Báo cáo tình hình tổ chức thực hiện phong trào thi đua 6 tháng",
    ("bao-cao", "Báo cáo 6 tháng của trường"),
)
YEAR = owed(
    "bao-cao-nam",
    "Báo cáo tình hình tổ chức thực hiện phong trào thi đua năm 2023",
    ("bao-cao", "Báo cáo năm của trường"),
)
INSPECTION = owed("kiem-tra", "Kiểm tra hoạt động thi đua")
AWARD = owed(
    "khen-thuong",
    "Gửi báo cáo thành tích đề nghị khen thưởng",
    ("thanh-tich", "Báo cáo thành tích theo hướng dẫn của Học viện"),
    ("xac-nhan", "Xác nhận thành tích của thường trực tỉnh ủy, thành ủy"),
)
OF_HUE = owed("bao-cao-6-thang", HALF_YEAR.title, ("bao-cao", "Báo cáo 6 tháng của trường"), party="hue")
DUTIES = (REGISTRATION, HALF_YEAR, YEAR, INSPECTION, AWARD)


def missing(duty: Duty, *documents: str) -> Duty:
    """Return an obligation of which only some documents are missing."""
    return replace(duty, missing=tuple(each for each in duty.deliverables if each.id in documents))


def file(name: str, *, size: int = 9, kind: str = "application/pdf", content: str = "") -> Attachment:
    """Return a file; its content is its name if nothing else is said."""
    digest = sha256((content or name).encode()).hexdigest()
    return Attachment(part="2", name=name, kind=kind, size=size, digest=digest)


def mail(*names: str, subject: str = "", text: str = "", authentication: Authentication = PROVEN) -> ReceivedMail:
    """Return a mail with files."""
    return ReceivedMail(
        sender="can-bo@nghe-an.example",
        subject=subject,
        text=text,
        attachments=tuple(file(name) for name in names),
        authentication=authentication,
    )


def reply(*duties: Duty) -> tuple[Link, ...]:
    """Return the links of an answer to mails about obligations."""
    return tuple(Link(kind="reference", target=duty.key) for duty in duties)


def decide(
    received: ReceivedMail,
    links: Sequence[Link] = (),
    duties: Sequence[Duty] = DUTIES,
    senders: Sequence[Sender] = (NGHE_AN,),
    blank_forms: frozenset[str] = frozenset(),
    now: datetime = NOW,
) -> Match:
    """Match a mail."""
    return match(received, links=links, senders=senders, duties=duties, blank_forms=blank_forms, now=now)


def documents(found: Match) -> tuple[str, ...]:
    """Return the ids of the documents in an answer or proposal."""
    assert found.answer
    return found.answer.deliverables


# ---- certain


def test_an_answer_to_our_mail_with_the_document_is_certain() -> None:
    received = mail("scan001.pdf", subject="Re: [Cụm] Nhắc thời hạn gửi Báo cáo 6 tháng", text="Kính gửi báo cáo.")
    assert decide(received, reply(HALF_YEAR)) == Match(
        certain=True,
        answer=Answer(key=HALF_YEAR.key, deliverables=("bao-cao",), attachments=received.attachments),
        evidence=(reasons.answers_ours(HALF_YEAR.title),),
    )


def test_where_no_document_is_named_any_file_is_the_answer() -> None:
    found = decide(mail("Bien ban.pdf"), reply(INSPECTION))
    assert found.certain
    assert documents(found) == ()


REGISTERED = ("ke-hoach", "thi-dua", "hoat-dong", "can-bo")


@pytest.mark.parametrize(
    ("still", "names", "expected"),
    [
        (REGISTERED, ["scan001.pdf", "scan002.pdf", "IMG_1.jpg", "document(1).pdf"], REGISTERED),
        (REGISTERED, ["KH thi đua 2023.pdf"], ("ke-hoach",)),
        (REGISTERED, ["Danh sach can bo.xlsx", "DangKyHoatDong.pdf"], ("hoat-dong", "can-bo")),
        (REGISTERED, ["Danh sach can bo.xlsx", "1.pdf", "2.pdf", "3.pdf"], REGISTERED),
        (["ke-hoach", "can-bo"], ["ke hoach.docx", "ke hoach (ban ky).pdf", "ds can bo.pdf"], ("ke-hoach", "can-bo")),
        (["ke-hoach", "can-bo"], ["ke hoach.docx", "scan.pdf"], ("ke-hoach", "can-bo")),
        (["can-bo"], ["Nghe An.pdf"], ("can-bo",)),
        (["can-bo"], ["Nghe An.pdf", "phu luc.pdf"], ("can-bo",)),
        (["thi-dua"], ["dang ky.pdf"], ("thi-dua",)),  # it may mean another, but this is what was asked for
    ],
)
def test_an_answer_brings_what_its_files_are(still: list[str], names: list[str], expected: tuple[str, ...]) -> None:
    still_missing = missing(REGISTRATION, *still)
    found = decide(mail(*names), reply(still_missing), duties=(still_missing, HALF_YEAR, YEAR))
    assert (found.certain, found.evidence[:-1]) == (True, ())
    assert documents(found) == expected


def test_the_words_of_the_mail_name_a_single_file_without_a_name() -> None:
    text = "Kính gửi Bộ phận giúp việc,\nTrường gửi danh sách cán bộ phụ trách thi đua.\nTrân trọng."
    found = decide(mail("scan001.pdf", text=text), reply(REGISTRATION))
    assert found.certain
    assert documents(found) == ("can-bo",)


def test_a_report_of_another_month_is_no_rival() -> None:
    """It is called the same, and the link says which is meant."""
    may, june = (
        owed(f"thang@2023-0{month}-25", "Báo cáo tháng", ("a", "Báo cáo tháng"), ("b", "Biểu số liệu"))
        for month in (5, 6)
    )
    found = decide(mail("bao cao thang.pdf"), reply(june), duties=(may, june))
    assert found.certain
    assert documents(found) == ("a",)


def test_every_kind_of_link_suffices_and_they_may_agree() -> None:
    links = [Link(kind=kind, target=YEAR.key) for kind in ("subject", "reference", "address")]
    assert all(decide(mail("scan.pdf"), [link]).certain for link in links)
    found = decide(mail("scan.pdf"), links)
    assert found.evidence == (
        reasons.sent_for(YEAR.title),
        reasons.answers_ours(YEAR.title),
        reasons.subject_code(YEAR.title),
    )


def test_a_returned_obligation_is_open_again() -> None:
    returned = missing(AWARD, "xac-nhan")
    assert documents(decide(mail("scan.pdf"), reply(returned), duties=(returned,))) == ("xac-nhan",)


def test_unusual_letters_alone_need_nobody() -> None:
    assert decide(replace(mail("scan.pdf"), oddities=("charset",)), reply(YEAR)).certain


def test_the_link_of_a_contact_of_two_parties_says_which_is_meant() -> None:
    senders = (NGHE_AN, Sender("cum", "hue"))
    found = decide(mail("scan.pdf"), reply(OF_HUE), duties=(*DUTIES, OF_HUE), senders=senders)
    assert found.certain
    assert found.answer is not None
    assert found.answer.key == OF_HUE.key


# ---- fresh mail


@pytest.mark.parametrize(
    ("received", "duty", "expected"),
    [
        (mail("bao-cao-so-ket-6-thang.pdf"), HALF_YEAR, ("bao-cao",)),
        (mail("scan001.pdf", subject="V/v gửi báo cáo 6 tháng đầu năm 2023"), HALF_YEAR, ("bao-cao",)),
        (mail("scan001.pdf", text="Kính gửi Cụm trưởng\n\nTrường gửi Báo cáo năm 2023"), YEAR, ("bao-cao",)),
        (mail("BaoCaoNam2023.pdf", "phu luc.pdf"), YEAR, ("bao-cao",)),
        (mail("Bao cao thanh tich.pdf", "Xac nhan tinh uy.pdf"), AWARD, ("thanh-tich", "xac-nhan")),
        (mail("scan.pdf", subject="Đăng ký thi đua"), REGISTRATION, ("thi-dua",)),
        (mail("scan.pdf", subject="Kết quả kiểm tra hoạt động thi đua"), INSPECTION, ()),
    ],
)
def test_fresh_mail_is_certain_if_its_words_name_one_open_obligation(
    received: ReceivedMail, duty: Duty, expected: tuple[str, ...]
) -> None:
    """Contract rule 16b."""
    found = decide(received)
    assert (found.certain, found.evidence) == (True, (reasons.names_task(duty.title),))
    assert found.answer == Answer(key=duty.key, deliverables=expected, attachments=received.attachments)


def test_the_only_open_obligation_is_not_meant_by_silence() -> None:
    """Somebody may send anything."""
    found = decide(mail("scan.pdf", subject="Chúc mừng năm mới"), duties=(HALF_YEAR,))
    assert found == Match(certain=False, candidates=(HALF_YEAR.key,), evidence=(reasons.NONE_FITS,))


def test_the_plan_by_which_something_is_sent_is_not_what_is_sent() -> None:
    """Official letters begin so."""
    text = "Thực hiện Kế hoạch triển khai phong trào thi đua năm 2023, Trường gửi kèm hồ sơ."
    assert decide(mail("scan.pdf", text=text)).evidence == (reasons.NONE_FITS,)


def test_words_that_may_mean_something_else_speak_against_those_that_are_clear() -> None:
    text = "Theo Kế hoạch triển khai phong trào thi đua năm 2023,\nTrường gửi báo cáo."
    assert decide(mail("scan.pdf", text=text)).evidence == (reasons.SEVERAL_FIT,)
    found = decide(mail("scan.pdf", text=text), reply(REGISTRATION))
    assert found.evidence[0] == reasons.DOCUMENTS_UNCLEAR


def test_words_that_name_two_obligations_are_for_a_person() -> None:
    found = decide(mail("bao cao 6 thang.pdf", "bao cao nam.pdf"))
    assert found == Match(certain=False, candidates=(HALF_YEAR.key, YEAR.key), evidence=(reasons.SEVERAL_FIT,))
    assert decide(mail("bao cao.pdf"), duties=(HALF_YEAR, YEAR)).candidates == (HALF_YEAR.key, YEAR.key)


def test_every_file_of_fresh_mail_must_match_a_document() -> None:
    """As many files without a name as are missing prove nothing where nobody was asked for just these."""
    found = decide(mail("scan1.pdf", "scan2.pdf", subject="Đề nghị khen thưởng: gửi báo cáo thành tích"))
    assert (found.certain, found.evidence[0]) == (False, reasons.DOCUMENTS_UNCLEAR)
    assert documents(found) == ("thanh-tich", "xac-nhan")


def test_fresh_mail_of_a_contact_of_two_parties_is_for_a_person() -> None:
    senders = (NGHE_AN, Sender("cum", "hue"))
    found = decide(mail("bao cao nam.pdf"), duties=(*DUTIES, OF_HUE), senders=senders)
    assert (found.certain, found.candidates) == (False, (YEAR.key,))
    assert found.evidence == (reasons.SENDER_OF_SEVERAL, reasons.names_task(YEAR.title))


def test_a_party_in_two_plans_is_one_party() -> None:
    senders = (NGHE_AN, Sender("cum-2022", "nghe-an"))
    assert decide(mail("bao cao nam.pdf"), senders=senders).certain


def test_last_years_report_is_no_rival_but_something_else_that_is_closed_is() -> None:
    last_year = replace(YEAR, key=ObligationKey("cum-2022", "bao-cao-nam", "nghe-an"), is_open=False)
    senders = (NGHE_AN, Sender("cum-2022", "nghe-an"))
    assert decide(mail("bao cao nam.pdf"), duties=(YEAR, last_year), senders=senders).certain
    closed = replace(missing(HALF_YEAR), is_open=False)
    found = decide(mail("bao cao 6 thang.pdf"), duties=(YEAR, closed))
    assert (found.certain, found.candidates) == (False, (closed.key,))
    assert found.evidence[0] == reasons.nothing_owed(closed.title)


# ---- the sender


@pytest.mark.parametrize("state", ["fail", "none", "unchecked"])
def test_a_sender_whom_the_server_did_not_confirm_stops_nothing(state: str) -> None:
    received = mail("scan.pdf", authentication=Authentication(state=state))  # type: ignore[arg-type]
    found = decide(received, reply(YEAR))
    assert (found.certain, found.candidates) == (False, ())
    assert documents(found) == ("bao-cao",)
    assert found.evidence == (reasons.SENDER_UNPROVEN, reasons.answers_ours(YEAR.title))


def test_a_stranger_stops_nothing_but_may_be_right() -> None:
    """A colleague who answers from another address."""
    found = decide(mail("scan.pdf"), reply(YEAR), senders=())
    assert (found.certain, found.candidates) == (False, ())
    assert documents(found) == ("bao-cao",)
    assert found.evidence == (reasons.SENDER_UNKNOWN, reasons.answers_ours(YEAR.title))


def test_of_a_stranger_without_a_link_nothing_is_known() -> None:
    found = decide(mail("bao cao nam.pdf", authentication=Authentication()), duties=(), senders=())
    assert found == Match(certain=False, evidence=(reasons.SENDER_UNKNOWN, reasons.SENDER_UNPROVEN, reasons.NONE_FITS))


# ---- links that do not suffice


def test_two_links_that_disagree_are_for_a_person() -> None:
    links = (Link(kind="subject", target=YEAR.key), Link(kind="address", target=HALF_YEAR.key))
    found = decide(mail("scan.pdf"), links)
    assert found.answer is not None
    assert (found.certain, found.answer.key, found.candidates) == (False, HALF_YEAR.key, (HALF_YEAR.key, YEAR.key))
    assert found.evidence == (
        reasons.LINKS_DISAGREE,
        reasons.sent_for(HALF_YEAR.title),
        reasons.subject_code(YEAR.title),
    )


@pytest.mark.parametrize("target", [None, ObligationKey("cum", "gone", "nghe-an")])
def test_a_link_that_leads_nowhere_is_for_a_person(target: ObligationKey | None) -> None:
    """Beside another link too."""
    lost = Link(kind="address", target=target)
    found = decide(mail("scan.pdf"), (lost, *reply(YEAR)))
    assert (found.certain, found.candidates, found.evidence[0]) == (False, (YEAR.key,), reasons.LINK_UNKNOWN)
    found = decide(mail("bao cao nam.pdf"), (lost,))
    assert (found.certain, found.candidates, found.evidence[0]) == (False, (YEAR.key,), reasons.LINK_UNKNOWN)
    assert documents(found) == ("bao-cao",)


def test_a_link_holds_until_it_expires() -> None:
    expiring = replace(YEAR, expires_at=NOW)
    assert not decide(mail("scan.pdf"), reply(expiring), duties=(expiring,)).certain
    assert decide(mail("scan.pdf"), reply(expiring), duties=(expiring,), now=NOW.replace(day=4)).certain


def test_an_answer_to_a_mail_of_another_party_touches_only_the_senders_own() -> None:
    found = decide(mail("bao cao 6 thang.pdf"), reply(OF_HUE), duties=(*DUTIES, OF_HUE))
    assert (found.certain, found.candidates) == (False, (HALF_YEAR.key,))
    assert found.evidence[0] == reasons.link_of_other("hue")
    found = decide(mail("scan.pdf"), (*reply(OF_HUE), *reply(YEAR)), duties=(*DUTIES, OF_HUE))
    assert (found.certain, found.candidates) == (False, (YEAR.key,))
    assert found.evidence[:2] == (reasons.LINKS_DISAGREE, reasons.link_of_other("hue"))


# ---- documents that do not suffice


@pytest.mark.parametrize(
    "received",
    [
        mail(text="Trường đã nộp báo cáo."),
        replace(mail(), attachments=(file("bao cao.pdf", size=0),)),
        replace(mail(), attachments=(file("bao cao.exe", kind=""),)),
        replace(mail(), attachments=(file("mau.docx", content="our form"),)),
        replace(mail(text="Đã nhận được thư, cảm ơn."), attachments=(file("a.png", size=209, kind="image/png"),)),
    ],
)
def test_without_a_document_nothing_is_recorded(received: ReceivedMail) -> None:
    """Words do not record anything, nor does our own blank form."""
    found = decide(received, reply(YEAR), blank_forms=frozenset([sha256(b"our form").hexdigest()]))
    assert found == Match(
        certain=False, candidates=(YEAR.key,), evidence=(reasons.NO_DOCUMENT, reasons.answers_ours(YEAR.title))
    )


LOGO = file("image001.png", size=209, kind="image/png")
BLANK = file("mau.docx", content="our form")


def test_a_file_that_does_not_count_is_left_out() -> None:
    """A logo, and our own blank form."""
    received = replace(mail(), attachments=(LOGO, BLANK, file("scan.pdf")))
    found = decide(received, reply(YEAR), blank_forms=frozenset([BLANK.digest]))
    assert found.certain
    assert found.answer is not None
    assert found.answer.attachments == received.attachments[2:]


def test_a_photo_of_a_page_is_a_document() -> None:
    photo = file("IMG_1.jpg", size=64 * 1024, kind="image/jpeg")
    assert decide(replace(mail(), attachments=(photo,)), reply(YEAR)).certain


@pytest.mark.parametrize(
    "unkept",
    [file("bc.pdf", size=0), file("bc.rar", kind=""), file("a.png", size=0, kind="image/png"), file("", kind="")],
)
def test_a_file_that_is_not_kept_beside_others_is_for_a_person(unkept: Attachment) -> None:
    """It may be the very document."""
    found = decide(replace(mail(), attachments=(unkept, file("scan.pdf"))), reply(YEAR))
    assert (found.certain, found.evidence[0]) == (False, reasons.file_unkept(unkept.name or "2"))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: Báo cáo năm", ""),
        ("FW: Báo cáo năm", ""),
        ("Re: Fwd: Báo cáo năm", ""),
        ("[Fwd: Báo cáo năm]", ""),
        ("Chuyển tiếp: Báo cáo năm", ""),
        ("", "---------- Forwarded message ----------"),
        ("", "Begin forwarded message:"),
        ("", "-------- Thư chuyển tiếp --------"),
    ],
)
def test_what_is_forwarded_is_for_a_person(subject: str, text: str) -> None:
    found = decide(mail("scan.pdf", subject=subject, text=text), reply(YEAR))
    assert (found.certain, found.evidence[0]) == (False, reasons.FORWARDED)


@pytest.mark.parametrize(
    ("names", "proposed"),
    [
        (["scan1.pdf"], REGISTERED),
        (["scan1.pdf", "scan2.pdf"], REGISTERED),
        ([f"scan{number}.pdf" for number in range(1, 6)], REGISTERED),
        (["ke hoach.pdf", "scan1.pdf"], ("ke-hoach",)),
        (["ke hoach.pdf", "dang ky.pdf"], ("ke-hoach",)),
        (["Nghe An.pdf", "scan1.pdf", "scan2.pdf", "scan3.pdf"], REGISTERED),
    ],
)
def test_documents_that_cannot_be_told_apart_are_never_guessed(names: list[str], proposed: tuple[str, ...]) -> None:
    found = decide(mail(*names), reply(REGISTRATION))
    assert (found.certain, found.evidence[0]) == (False, reasons.DOCUMENTS_UNCLEAR)
    assert documents(found) == proposed


def test_the_same_file_twice_is_one_document() -> None:
    two = missing(REGISTRATION, "ke-hoach", "can-bo")
    twice = replace(mail(), attachments=(file("scan1.pdf", content="x"), file("scan2.pdf", content="x")))
    assert not decide(twice, reply(two), duties=(two,)).certain


@pytest.mark.parametrize(
    "name",
    [
        "BC 6 tháng Nghệ An.docx",
        "Bao cao.pdf",
        "BC.pdf",
        "bao cao so ket.pdf",
        "Nghe An.pdf",
        "Hồ sơ.pdf",
        "Công văn kèm văn bản.pdf",
        "BC so 12 ngay 5.6 (ban ky).pdf",
    ],
)
def test_a_vague_name_is_the_only_document_that_is_owed(name: str) -> None:
    assert decide(mail(name), reply(HALF_YEAR), duties=(HALF_YEAR,)).certain


@pytest.mark.parametrize(
    "name", ["Giấy xác minh.pdf", "Mẫu.pdf", "Hội thảo khoa học.pdf", "Đề nghị thời gian.pdf", "phu luc.pdf"]
)
@pytest.mark.parametrize("others", [(), ("scan.pdf",), ("bao cao 6 thang.pdf",)])
def test_a_name_that_says_something_else_is_no_single_document(name: str, others: tuple[str, ...]) -> None:
    """An annex is one, but only beside the document."""
    found = decide(mail(name, *others), reply(HALF_YEAR), duties=(HALF_YEAR,))
    assert found.certain == (name == "phu luc.pdf" and bool(others))
    assert found.certain or reasons.DOCUMENTS_UNCLEAR in found.evidence
    fresh = decide(mail(name, *others, subject="Báo cáo 6 tháng"), duties=(HALF_YEAR,))
    assert not fresh.certain or name == "phu luc.pdf"


def test_an_answer_to_what_asked_for_nothing_must_name_its_documents() -> None:
    """Somebody thanks for a receipt, with any scan."""
    [link] = reply(HALF_YEAR)
    receipt = replace(link, asks=False)
    assert decide(mail("scan.pdf"), (receipt,)).evidence[0] == reasons.DOCUMENTS_UNCLEAR
    assert decide(mail("scan.pdf"), (receipt, replace(link, kind="address"))).evidence[0] == reasons.DOCUMENTS_UNCLEAR
    assert decide(mail("bc 6 thang.pdf"), (receipt,)).certain
    assert decide(mail("scan.pdf"), (receipt, link)).certain


def test_of_a_text_without_end_only_the_beginning_is_compared() -> None:
    filler = "x " * 250
    assert decide(mail("scan.pdf", text=f"{filler}Báo cáo năm 2023")).evidence == (reasons.NONE_FITS,)
    assert decide(mail("scan.pdf", subject=f"{filler}Báo cáo năm 2023")).evidence == (reasons.NONE_FITS,)
    lines = "\n".join(["x"] * 100)
    assert decide(mail("scan.pdf", text=f"{lines}\nBáo cáo năm 2023")).evidence == (reasons.NONE_FITS,)


@pytest.mark.parametrize("name", ["BC 6 thang Ha Tinh.pdf", "BC 6 thang HaTinh.pdf", "bc-6-thang-hatinh.pdf"])
def test_a_file_that_names_another_party_is_for_a_person(name: str) -> None:
    others = ["Hà Tĩnh", "Huế", "6 tháng"]  # what the title says itself is no name
    found = match(
        mail(name),
        links=reply(HALF_YEAR),
        senders=[NGHE_AN],
        duties=DUTIES,
        blank_forms=(),
        now=NOW,
        other_names=others,
    )
    assert (found.certain, found.evidence[0]) == (False, reasons.names_other("Hà Tĩnh"))


@pytest.mark.parametrize(
    ("name", "years", "certain"),
    [
        ("bao cao nam 2022.pdf", [2023], False),
        ("bao cao nam 2022.pdf", [], True),
        ("bao cao nam 2023.pdf", [2024], True),  # the title says so
        ("IMG_2041.pdf", [2023], True),
        ("scan 20220605.pdf", [2023], True),
    ],
)
def test_another_year_is_for_a_person(name: str, years: list[int], certain: bool) -> None:
    found = match(mail(name), links=reply(YEAR), senders=[NGHE_AN], duties=[YEAR], blank_forms=(), now=NOW, years=years)
    assert (found.certain, reasons.OTHER_YEAR in found.evidence) == (certain, not certain)


@pytest.mark.parametrize(
    ("name", "certain"),
    [
        *((name, False) for name in ("Báo cáo tháng 5.pdf", "Báo cáo quý II.pdf", "BC T5.pdf", "BC 9 tháng.pdf")),
        *((name, True) for name in ("Báo cáo 6 tháng 2023.pdf", "BC 6 tháng ngày 5 tháng 6.pdf")),
    ],
)
def test_another_month_is_for_a_person(name: str, certain: bool) -> None:
    assert decide(mail(name), reply(HALF_YEAR), duties=(HALF_YEAR,)).certain == certain
    monthly = owed("thang@2023-05-25", "Báo cáo tháng, quý", ("a", "Báo cáo tháng, quý"))
    assert decide(mail("Báo cáo tháng 5.pdf"), reply(monthly), duties=(monthly,)).certain
    assert not decide(mail("scan.pdf", subject="Báo cáo tháng 5"), duties=(HALF_YEAR,)).certain


def test_a_fresh_mail_may_be_a_new_version_for_what_is_closed_and_called_the_same() -> None:
    may, june = (owed(f"thang@2023-0{month}-25", "Báo cáo tháng", ("a", "Báo cáo tháng")) for month in (5, 6))
    closed = replace(missing(may), is_open=False)
    found = decide(mail("bao cao thang.pdf"), duties=(closed, june))
    assert (found.certain, found.candidates) == (False, (june.key, closed.key))
    assert found.evidence[0] == reasons.SEVERAL_FIT


@pytest.mark.parametrize(
    ("still", "names", "says"),
    [
        (["can-bo"], ["Bao cao nam 2023.pdf"], "Báo cáo năm của trường"),  # of another obligation
        (["can-bo"], ["scan.pdf", "bao cao.pdf"], "Báo cáo 6 tháng của trường"),
        (["can-bo"], ["Ke hoach thi dua.pdf"], "Kế hoạch triển khai phong trào thi đua năm 2023"),  # has come already
    ],
)
def test_a_name_that_says_something_else_is_for_a_person(still: list[str], names: list[str], says: str) -> None:
    still_missing = missing(REGISTRATION, *still)
    found = decide(mail(*names), reply(still_missing), duties=(still_missing, HALF_YEAR, YEAR))
    assert (found.certain, found.evidence[0]) == (False, reasons.file_says(says))
    assert documents(found) == ("can-bo",)


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (mail("scan.pdf", text="Kính gửi bản chưa ký."), "chưa"),
        (mail("scan.pdf", text="Phần còn lại Trường sẽ gửi sau."), "sẽ gửi"),
        (mail("scan.pdf", text="Truong xin gia\nhan den 10/6"), "gia hạn"),
        (mail("scan.pdf", text="Trường xin lùi thời hạn"), "xin lùi"),
        (mail("Du thao bao cao nam.docx"), "dự thảo"),
        (mail("scan.pdf", subject="Re: Báo cáo (bản nháp)"), "bản nháp"),
        (mail("scan.pdf", text="This is not yet signed"), "not yet"),
        (mail("scan.pdf", text="A DRAFT"), "draft"),
        (mail("scan.pdf", text="Báo cáo làm theo mẫu nào?"), "?"),
        (mail("scan.pdf", subject="Re: Báo cáo năm: nộp ở đâu?"), "?"),
        (mail("Cong van lui thoi gian.pdf"), "lùi"),
        (mail("scan.pdf", text="Trường xin được miễn báo cáo."), "miễn"),
        (mail("Huỷ báo cáo.pdf"), "huỷ"),
        (mail("scan.pdf", text="Truong xin huy bao cao da gui"), "hủy"),
        (mail("scan.pdf", text="Trường xin rút lại báo cáo"), "rút lại"),
        (mail("scan.pdf", text="Xin thu hồi thư trước"), "thu hồi"),
        (mail("scan.pdf", text="Trường muốn hỏi về báo cáo"), "hỏi"),
        (mail("scan.pdf", text="Nhờ góp ý cho báo cáo"), "góp ý"),
        (mail("scan.pdf", text="Trường thấy mẫu này sai"), "mẫu này"),
        (mail("GiayMoi.pdf"), "giấy mời"),
        (mail("scan.pdf", text="Kính mời lãnh đạo Cụm dự"), "kính mời"),
        (mail("scan.pdf", text="We ask for an extension."), "extension"),
    ],
)
def test_a_promise_or_a_draft_is_no_submission(received: ReceivedMail, words: str) -> None:
    found = decide(received, reply(YEAR))
    assert not found.certain
    assert reasons.says(words) in found.evidence
    assert found.candidates == (YEAR.key,)


def test_a_draft_may_be_what_is_owed() -> None:
    opinion = owed("gop-y", "Góp ý dự thảo văn kiện", ("gop-y", "Bản góp ý dự thảo"))
    assert decide(mail("gop y du thao.pdf"), reply(opinion), duties=(opinion,)).certain


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scan.pdf", "Trường đã phát huy kết quả hội nghị miền Trung"),
        ("scan.pdf", "Xem https://truong.example/a?b=1"),
        ("Báo cáo hỏi đáp.pdf", ""),
        ("bao cao hoi dap.pdf", ""),
    ],
)
def test_words_like_these_say_nothing_of_the_kind(name: str, text: str) -> None:
    answers = owed("hoi-dap", "Báo cáo hỏi đáp", ("hoi-dap", "Báo cáo hỏi đáp"))
    assert decide(mail(name, text=text), reply(answers), duties=(answers,)).certain


def test_a_question_may_be_a_title() -> None:
    survey = owed("khao-sat", "Khảo sát: trường cần gì?", ("phieu", "Phiếu trả lời"))
    received = mail("scan.pdf", subject="Re: Khảo sát: trường cần gì?")
    assert decide(received, reply(survey), duties=(survey,)).certain


ODD: list[tuple[Oddity, Reason]] = [
    ("encrypted", reasons.FILE_ENCRYPTED),
    ("winmail", reasons.FILE_WINMAIL),
    ("nested", reasons.MAIL_NESTED),
    ("partial", reasons.MAIL_PARTIAL),
    ("cloud-link", reasons.FILE_ELSEWHERE),
    ("too-deep", reasons.MAIL_TOO_DEEP),
    ("broken", reasons.MAIL_BROKEN),
]


@pytest.mark.parametrize(("oddity", "reason"), ODD)
def test_what_could_not_be_read_is_for_a_person(oddity: Oddity, reason: Reason) -> None:
    found = decide(replace(mail("scan.pdf"), oddities=(oddity,)), reply(YEAR))
    assert (found.certain, found.evidence[0]) == (False, reason)
    assert documents(found) == ("bao-cao",)


@pytest.mark.parametrize(
    "closed", [replace(missing(YEAR), is_open=False), missing(YEAR), replace(INSPECTION, is_open=False)]
)
def test_a_new_version_for_a_closed_obligation_is_proposed(closed: Duty) -> None:
    found = decide(mail("scan.pdf"), reply(closed), duties=(closed,))
    assert (found.certain, found.candidates) == (False, (closed.key,))
    assert found.evidence[0] == reasons.nothing_owed(closed.title)
    assert documents(found) == tuple(each.id for each in closed.deliverables)


def test_quoted_lines_are_no_evidence() -> None:
    quoted = "\n> Báo cáo 6 tháng chưa gửi\n  > sẽ gửi sau"
    assert decide(mail("bao cao nam.pdf", text=quoted)).certain
    assert decide(mail("scan.pdf", text="> Báo cáo năm của trường")).evidence == (reasons.NONE_FITS,)


def test_fresh_mail_about_something_that_is_due_much_later_is_for_a_person() -> None:
    """It may be last year's report; an answer to our mail is about what that asked for."""
    later = replace(YEAR, opens_at=NOW + timedelta(days=1))
    found = decide(mail("bao cao nam.pdf"), duties=(later,))
    assert (found.certain, found.evidence[0]) == (False, reasons.too_early(YEAR.title))
    assert decide(mail("bao cao nam.pdf"), duties=(replace(YEAR, opens_at=NOW),)).certain
    assert decide(mail("bao cao nam.pdf"), reply(later), duties=(later,)).certain
