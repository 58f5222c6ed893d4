"""Messages become the same bytes every time, safely, and a template's fault is named."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import fast_mail_parser
import pytest

from scheduler.errors import UserError
from scheduler.mail.composer import TemplateComposer
from scheduler.plan.model import Contact, Office
from tests.support.mail_reader import body, header, read
from tests.support.sample_messages import (
    IN_EVERY_LANGUAGE,
    MESSAGES,
    NORTH,
    ORGANISATION,
    PLAN,
    REGISTER,
    SENDER,
    about_registration,
    at,
)
from tests.support.shipped_messages import ladder

TEMPLATES = Path(__file__).parents[2] / "templates"
REMINDER = about_registration("reminder", "2023-03-03T08:00", "before:14d")


def composer(
    *folders: Path,
    sender: str = SENDER,
    organisation: str = ORGANISATION,
    reply_to: str | None = None,
    secret: bytes = b"s" * 32,
) -> TemplateComposer:
    return TemplateComposer(
        folders or [TEMPLATES], sender=sender, organisation=organisation, reply_to=reply_to, secret=secret
    )


COMPOSER = composer()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "mail" / "vi" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_composing_twice_gives_the_same_bytes(name: str) -> None:
    """Two composers that share nothing but their settings agree to the last byte."""
    message = IN_EVERY_LANGUAGE[name]
    assert composer().compose(message) == composer().compose(message)


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_every_line_ends_in_crlf_and_is_short(name: str) -> None:
    """A server gets the bytes as they are."""
    data = COMPOSER.compose(IN_EVERY_LANGUAGE[name]).data
    assert data.isascii()
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line and len(line) <= 78 for line in lines)


def test_the_headers_are_those_of_an_automatic_mail() -> None:
    """Who, to whom, when, what, and that no machine should answer."""
    mail = composer(reply_to="thidua@tinh-a.example").compose(REMINDER)
    message = read(mail.data)
    assert message.keys() == [
        "From",
        "To",
        "Reply-To",
        "List-Unsubscribe",
        "Subject",
        "Date",
        "Message-ID",
        "References",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ]
    assert header(message, "From") == f"{ORGANISATION} <{SENDER}>"
    assert header(message, "To") == "Trần Thị Ánh Nguyệt <nguyet@tinh-bac.example>"
    assert message["Reply-To"] == "thidua@tinh-a.example"
    assert header(message, "Subject") == mail.subject
    assert message["Date"] == "Fri, 03 Mar 2023 08:00:00 +0700"
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert (mail.address, mail.date) == ("nguyet@tinh-bac.example", REMINDER.now)
    assert parsedate_to_datetime(message["Date"]) == REMINDER.now


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_a_second_reader_sees_the_same_mail(name: str) -> None:
    """Subject and both bodies are the same for a reader that shares no code with the first."""
    mail = COMPOSER.compose(IN_EVERY_LANGUAGE[name])
    message, other = read(mail.data), fast_mail_parser.parse_email(mail.data)
    assert other.subject == header(message, "Subject") == mail.subject
    (text,), (html,) = other.text_plain, other.text_html
    assert text.replace("\r\n", "\n") == body(message, "plain")
    assert html.replace("\r\n", "\n") == body(message, "html")
    assert not other.warnings


# ---------------------------------------------------------------- identity


def test_the_message_id_follows_from_the_key_and_nothing_else() -> None:
    """The same promise has one id for ever, whatever the words are by then."""
    later = replace(REMINDER, now=MESSAGES["reminder-1wd"].now, to=NORTH.contacts[1])
    assert composer().compose(REMINDER).message_id == composer().compose(later).message_id
    assert composer().compose(REMINDER).message_id != composer().compose(replace(REMINDER, key="other")).message_id


def test_the_message_id_needs_the_secret() -> None:
    """Nobody without it can predict the ids of later mails."""
    assert composer().compose(REMINDER).message_id != composer(secret=b"t" * 32).compose(REMINDER).message_id


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("cum-thi-dua.example", "cum-thi-dua.example"),
        ("thi-dua.truong-chinh-tri-tran-phu.ha-tinh.example", "ha-tinh.example"),
        ("mot-ten-mien-rat-la-dai-khong-cat-duoc.example", "mot-ten-mien-rat-la-dai-khong-cat-duoc.example"),
    ],
)
def test_the_message_id_is_short_and_of_the_senders_domain(domain: str, expected: str) -> None:
    """Long ids are broken by some programs; a long domain gives up its leading labels."""
    message_id = composer(sender=f"a@{domain}").compose(REMINDER).message_id
    assert message_id.endswith(f"@{expected}>")
    assert len(message_id) < 60 or expected == domain
    assert len(message_id.partition("@")[0]) == 1 + 26


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_obligation_has_one_subject_up_to_its_date_and_one_after_it(language: str) -> None:
    """Mail programs put mails with the same subject into one conversation."""
    messages = ladder("dang-ky", "nghe-an")
    assert [message.kind for message in messages] == ["reminder"] * 6 + ["overdue"] * len(messages[6:])
    assert len(messages) > 9  # the heads get the overdue notices too
    mails = [COMPOSER.compose(replace(message, to=replace(message.to, language=language))) for message in messages]
    assert len({mail.subject for mail in mails[:6]}) == len({mail.subject for mail in mails[6:]}) == 1
    assert mails[0].subject != mails[-1].subject


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("vi/reminder-14d", "Nhắc thời hạn gửi Kế hoạch và đăng ký thi đua năm 2023 (trước ngày 20/3/2023)"),
        ("vi/overdue-2-partial", "Đã quá thời hạn gửi Kế hoạch và đăng ký thi đua năm 2023 (trước ngày 20/3/2023)"),
        ("vi/escalation", "Báo cáo đơn vị chưa gửi đủ Kế hoạch và đăng ký thi đua năm 2023 (trước ngày 20/3/2023)"),
        ("vi/reminder-bare", "Nhắc thời hạn hoàn thành Báo cáo tháng (chậm nhất 17 giờ 00 ngày 15/3/2024)"),
        ("vi/overdue-lead", "Đã quá thời hạn kiểm tra hoạt động thi đua (trước ngày 30/10/2023)"),
        ("vi/reminder-event", "Nhắc lịch Hội nghị sơ kết Cụm Thi đua (ngày 08/6/2023)"),
        ("en/reminder-14d", "Reminder: Kế hoạch và đăng ký thi đua năm 2023 (before 20 March 2023)"),
        ("en/overdue-2-partial", "Past the deadline: Kế hoạch và đăng ký thi đua năm 2023 (before 20 March 2023)"),
        ("en/escalation", "Who has not sent everything: Kế hoạch và đăng ký thi đua năm 2023 (before 20 March 2023)"),
        ("en/reminder-event", "Reminder: Hội nghị sơ kết Cụm Thi đua (8 June 2023)"),
    ],
)
def test_a_subject_says_what_it_is_about_and_its_day(name: str, subject: str) -> None:
    """What a party has to send, to finish or to attend, as an official letter puts it."""
    assert COMPOSER.compose(IN_EVERY_LANGUAGE[name]).subject == f"[{ORGANISATION}] {subject}"


@pytest.mark.parametrize(
    ("title", "task"),
    [
        ("Gửi báo cáo năm", "gửi báo cáo năm"),
        ("NỘP hồ sơ", "nộp hồ sơ"),
        ("Hoàn thành hồ sơ", "hoàn thành hồ sơ"),
        ("Gửi", "gửi Gửi"),
        ("Báo cáo năm", "gửi Báo cáo năm"),
    ],
)
def test_a_title_that_begins_with_a_verb_keeps_it(title: str, task: str) -> None:
    """No subject asks to "gửi Gửi báo cáo"."""
    mail = COMPOSER.compose(replace(REMINDER, milestone=replace(REGISTER, title=title)))
    assert mail.subject == f"[{ORGANISATION}] Nhắc thời hạn {task} (trước ngày 20/3/2023)"


# ---------------------------------------------------------------- hostile and awkward input


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "{{ plan.title }}",
        "{% include 'mail/vi/_closing.txt' %}",
        "{# gone #}",
        "A & B <b>",
        "\"'><img src=x>",
        "=?UTF-8?Q?=0A?=Bcc: x@y",
        "a@b, c: <d>",
    ],
)
def test_names_stay_text(text: str) -> None:
    """Whatever a name holds is shown as it is, in subject, text and HTML."""
    message = replace(
        about_registration("reminder", "2023-03-03T08:00", "before:14d"),
        party=replace(NORTH, name=text),
        to=Contact(name=text, email="a@tinh-bac.example"),
        milestone=replace(REGISTER, title=text, quote=text),
    )
    mail = read(composer(organisation=text).compose(message).data)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = escaped.replace('"', "&#34;").replace("'", "&#39;")
    assert f"Kính gửi: {text}\n" in body(mail, "plain")
    assert f"Kính gửi: {escaped}<br>" in body(mail, "html")
    assert header(mail, "To") == f"{text} <a@tinh-bac.example>"
    assert header(mail, "From") == f"{text} <{SENDER}>"
    assert header(mail, "Subject") == f"[{text}] Nhắc thời hạn gửi {text} (trước ngày 20/3/2023)"
    assert "Bcc" not in mail


def test_words_are_composed_unicode() -> None:
    """Decomposed characters in a definition arrive as the ones every font has."""
    apart = unicodedata.normalize("NFD", "Báo cáo thứ Năm")
    contact = Contact(name=unicodedata.normalize("NFD", "Ánh"), email="a@tinh-bac.example")
    mail = composer().compose(replace(REMINDER, milestone=replace(REGISTER, title=apart), to=contact))
    message = read(mail.data)
    assert "Báo cáo thứ Năm" in mail.subject
    assert header(message, "To") == "Ánh <a@tinh-bac.example>"
    assert "Báo cáo thứ Năm" in body(message, "plain")
    assert "Báo cáo thứ Năm" in body(message, "html")


def test_line_breaks_in_data_become_crlf_once() -> None:
    """A quotation from a file with foreign line ends is sent with the right ones."""
    milestone = replace(REGISTER, quote="một\r\nhai\rba\nbốn")
    text = body(read(composer().compose(replace(REMINDER, milestone=milestone)).data), "plain")
    assert '"một\nhai\nba\nbốn"' in text


def test_a_subject_is_one_line() -> None:
    """White space in a title, of whatever kind a file may hold, becomes one space."""
    mail = composer().compose(replace(REMINDER, milestone=replace(REGISTER, title=" Báo \n\t cáo  ")))
    assert mail.subject == f"[{ORGANISATION}] Nhắc thời hạn gửi Báo cáo (trước ngày 20/3/2023)"


@pytest.mark.parametrize(
    "message",
    [
        replace(REMINDER, to=Contact(name="Ánh\r\nBcc: x@y", email="a@tinh-bac.example")),
        replace(REMINDER, to=Contact(name="Ánh", email="a@tinh-bac.example>\r\nBcc: x@y")),
        replace(REMINDER, milestone=replace(REGISTER, title="a\u2028b")),
        replace(REMINDER, milestone=replace(REGISTER, quote="\ud800")),
    ],
)
def test_what_cannot_be_written_names_kind_and_party(message: object) -> None:
    """Only this mail fails, and the operator learns whose it is."""
    assert isinstance(message, type(REMINDER))
    with pytest.raises(UserError, match="the reminder mail to north-school cannot be written"):
        composer().compose(message)


def test_a_sender_that_is_no_address_is_refused_at_once() -> None:
    """A wrong setting is found at the start, not at the first deadline."""
    with pytest.raises(UserError, match="From"):
        composer(sender="Cụm <a@b>")
    with pytest.raises(UserError, match="Reply-To"):
        composer(reply_to="không phải địa chỉ")


# ---------------------------------------------------------------- templates


def test_an_organisations_own_template_wins(tmp_path: Path) -> None:
    """One file is replaced, the others still come from what ships."""
    write(tmp_path, "_greeting.txt", "Thân gửi {{ party.short }}")
    write(tmp_path, "reminder.subject", "{{ milestone.title }}")
    mail = composer(tmp_path, TEMPLATES).compose(REMINDER)
    assert mail.subject == REGISTER.title
    assert body(read(mail.data), "plain").startswith("Thân gửi Tỉnh Bắc\n")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("một\nhai {{ nothing.here }}", "UndefinedError: 'nothing' is undefined"),
        ("một\nhai {{ party.nothing }}", "UndefinedError: .* has no attribute 'nothing'"),
        ("một\nhai {{ due | clock }}", "AttributeError"),
        ("một\nhai {{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("một\nhai {% if %}", "TemplateSyntaxError"),
        ("một\nhai {{ due | no_such_filter }}", "No filter named 'no_such_filter'"),
    ],
)
def test_a_fault_in_a_template_is_named_with_file_and_line(tmp_path: Path, template: str, expected: str) -> None:
    """The person who edited it finds the place; kind and party say which mail is missing."""
    path = write(tmp_path, "reminder.txt", template)
    with pytest.raises(UserError, match=expected) as caught:
        composer(tmp_path, TEMPLATES).compose(REMINDER)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), 2)
    assert "the reminder mail to north-school" in problem.message


def test_a_fault_in_an_included_template_is_named_there(tmp_path: Path) -> None:
    """The innermost file is where to look."""
    path = write(tmp_path, "_greeting.txt", "{{ nothing }}")
    with pytest.raises(UserError) as caught:
        composer(tmp_path, TEMPLATES).compose(REMINDER)
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (str(path), 1)


@pytest.mark.parametrize("suffix", ["subject", "txt", "html"])
def test_a_missing_template_is_named_with_the_folders_searched(tmp_path: Path, suffix: str) -> None:
    """The message says which file to write and where."""
    for name in {"subject", "txt", "html"} - {suffix}:
        write(tmp_path, f"reminder.{name}", "x")
    with pytest.raises(UserError, match=rf"there is no template mail/vi/reminder\.{suffix}") as caught:
        composer(tmp_path).compose(REMINDER)
    assert str(tmp_path) in str(caught.value)


def test_a_language_without_words_is_named() -> None:
    """A plan in a language that nobody has written yet fails by name."""
    with pytest.raises(UserError, match="there are no words for the language 'xx'"):
        composer().compose(replace(REMINDER, plan=replace(PLAN, language="xx")))


def test_a_message_is_in_the_language_of_its_addressee_else_of_the_plan() -> None:
    """One plan may be read in two languages, and the lead's choice does not bind a contact."""
    english, vietnamese = "(before 20 March 2023)", "(trước ngày 20/3/2023)"
    for plan, contact, expected in (
        ("vi", None, vietnamese),
        ("vi", "en", english),
        ("en", None, english),
        ("en", "vi", vietnamese),
    ):
        message = replace(REMINDER, plan=replace(PLAN, language=plan), to=replace(REMINDER.to, language=contact))
        assert expected in COMPOSER.compose(message).subject


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_office_that_is_the_organisation_signs_once(language: str) -> None:
    """A plan without a short name is sent in its office's name."""
    plan = replace(PLAN, language=language, office=Office(name="Văn phòng"))
    _, text, _ = composer(organisation="Văn phòng").render(replace(REMINDER, plan=plan))
    assert "\n\nVĂN PHÒNG\n\n" in text


def test_the_first_overdue_notice_asks_for_the_next_working_day() -> None:
    """A day to hold on to; Monday after a Friday."""
    late = replace(MESSAGES["overdue-1"], now=at("2023-03-24T08:00"))
    _, text, _ = COMPOSER.render(late)
    assert "gửi hồ sơ chậm nhất hết thứ Hai, ngày 27/3/2023." in text


def test_the_message_id_does_not_depend_on_the_language() -> None:
    """A contact who changes it is not written to twice."""
    english = replace(REMINDER, to=replace(REMINDER.to, language="en"))
    assert COMPOSER.compose(english).message_id == COMPOSER.compose(REMINDER).message_id


def test_an_empty_subject_is_refused(tmp_path: Path) -> None:
    """A mail without a subject would look like spam."""
    write(tmp_path, "reminder.subject", " \n ")
    with pytest.raises(UserError, match="Subject: the template gave no words"):
        composer(tmp_path, TEMPLATES).compose(REMINDER)


def test_a_failed_message_does_not_stop_the_next(tmp_path: Path) -> None:
    """The composer holds nothing of the message that failed."""
    write(tmp_path, "overdue.txt", "{{ nothing }}")
    mixed = composer(tmp_path, TEMPLATES)
    with pytest.raises(UserError):
        mixed.compose(MESSAGES["overdue-1"])
    assert mixed.compose(REMINDER) == composer().compose(REMINDER)


def test_the_date_is_local_to_the_plan_on_any_day_of_the_year() -> None:
    """An instant late in the UTC evening is the next day in Viet Nam."""
    message = replace(REMINDER, now=datetime.fromisoformat("2023-12-31T17:00:00+00:00"))
    assert read(composer().compose(message).data)["Date"] == "Mon, 01 Jan 2024 00:00:00 +0700"
