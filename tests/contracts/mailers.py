"""What every mailer does."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from scheduler.ports import Mail, Mailer, MessageState
from tests.contracts.store_samples import a_mail

Delivered = Callable[[], list[bytes]]


class MailerContract:
    """Hands mails over; `mailer` is the mailer."""

    def test_it_says_what_became_of_a_mail(self, mailer: Mailer) -> None:
        outcome = mailer.send(a_mail())
        assert outcome.state == "sent"
        assert outcome.state in get_args(MessageState)

    def test_the_same_mail_may_be_sent_again(self, mailer: Mailer) -> None:
        assert [mailer.send(a_mail()).state for _ in range(3)] == ["sent"] * 3

    def test_it_takes_whatever_bytes_a_mail_has(self, mailer: Mailer) -> None:
        for number, data in enumerate((b"", b"\r\n.\r\n", bytes(range(256)), b"x" * 100_000)):
            assert mailer.send(a_mail(number, data=data)).state == "sent"

    def test_a_mail_is_not_changed(self, mailer: Mailer) -> None:
        mail = a_mail()
        mailer.send(mail)
        assert mail == a_mail()


class DeliveringMailerContract(MailerContract):
    """A mailer whose mails arrive somewhere: `delivered` looks there."""

    def test_what_arrives_are_the_bytes_as_they_are(self, mailer: Mailer, delivered: Delivered) -> None:
        mail = a_mail(data="Nhắc việc\r\n.\r\n".encode() + bytes(range(256)))
        mailer.send(mail)
        assert delivered() == [mail.data]

    def test_the_same_mail_arrives_once_however_often_it_is_sent(self, mailer: Mailer, delivered: Delivered) -> None:
        for _ in range(3):
            mailer.send(a_mail())
        assert delivered() == [a_mail().data]

    def test_two_mails_arrive_as_two_even_if_they_say_the_same(self, mailer: Mailer, delivered: Delivered) -> None:
        mails: list[Mail] = [a_mail(1), a_mail(2)]
        for mail in mails:
            mailer.send(mail)
        assert delivered() == [mail.data for mail in mails]
