"""The mails with which parties answer in a replay are read like any other."""

from __future__ import annotations

from io import BytesIO

from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.model import Contact, Deliverable
from scheduler.simulation.answer_mails import AUTHSERV_ID, write_answer
from tests.support.incoming_mail import kind_of
from tests.support.plan_builders import at

BINH = Contact(name='Trần Thị Bình, "phòng Đào tạo"', email="binh@beta.example")
DOCUMENTS = (
    Deliverable(id="plan", title='Kế hoạch triển khai "phong trào thi đua" năm 2023'),
    Deliverable(id="list", title="Danh sách cán bộ phụ trách thi đua"),
)
SUBJECT = "Re: Nhắc thời hạn gửi kế hoạch triển khai phong trào thi đua và các bản đăng ký năm 2023"


def written() -> bytes:
    return write_answer(BINH, "nhacviec@cum.example", SUBJECT, DOCUMENTS, cited="<asked@cum.example>", at=at(3, 9))


def test_an_answer_says_who_sends_what_to_which_mail() -> None:
    mail = MailReader(authserv_id=AUTHSERV_ID, find_kind=kind_of).read(BytesIO(written()))
    assert (mail.sender, mail.sender_name, mail.authentication.state) == (BINH.email, BINH.name, "pass")
    assert (mail.subject, mail.references, mail.sent_at) == (SUBJECT, ("<asked@cum.example>",), at(3, 9))
    assert [(file.name, file.kind) for file in mail.attachments] == [
        (f"{document.title}.pdf", "application/pdf") for document in DOCUMENTS
    ]
    assert len({file.digest for file in mail.attachments}) == 2


def test_it_is_the_same_from_replay_to_replay() -> None:
    assert written() == written()
