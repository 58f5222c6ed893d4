"""Mails about one obligation belong together, in every mail program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.mail.composer import TemplateComposer
from scheduler.plan.messages.message import Message
from tests.support.mail_reader import read
from tests.support.sample_messages import (
    IN_EVERY_LANGUAGE,
    MESSAGES,
    NORTH,
    ORGANISATION,
    SENDER,
    SOUTH,
    about_registration,
)
from tests.support.shipped_messages import ladder

TEMPLATES = Path(__file__).parents[2] / "templates"
REMINDER = about_registration("reminder", "2023-03-03T08:00", "before:14d")
OF_THE_LEAD = ("escalation", "notice-declared", "notice-disowned", "submission")  # about the registration
OF_NORTH = (
    "overdue-3",
    "reminder-after-extension",
    "receipt-complete",
    "return-late",
    "copy",
    "change-extended",
    "correction-received",
)  # about the registration too


def composer(*, sender: str = SENDER, secret: bytes = b"s" * 32) -> TemplateComposer:
    return TemplateComposer([TEMPLATES], sender=sender, organisation=ORGANISATION, reply_to=None, secret=secret)


COMPOSER = composer()


def root(message: Message) -> str | None:
    """Return the id to which a mail refers."""
    found = read(COMPOSER.compose(message).data)["References"]
    assert found is None or isinstance(found, str)
    return found


@pytest.mark.parametrize(("milestone", "party"), [("dang-ky", "nghe-an"), ("tong-ket", "quang-binh")])
def test_a_whole_ladder_is_one_conversation(milestone: str, party: str) -> None:
    """From the first reminder to the last overdue notice to its head."""
    messages = ladder(milestone, party)
    assert len(messages) > 2
    assert len({root(message) for message in messages}) == 1


@pytest.mark.parametrize("name", OF_NORTH)
def test_what_a_decision_or_submission_causes_joins_the_conversation(name: str) -> None:
    """A receipt stands below the reminder that it answers."""
    assert root(MESSAGES[name]) == root(REMINDER)


def test_another_party_milestone_occurrence_or_plan_is_another_conversation() -> None:
    """No one is shown what another obligation is about."""
    others = [
        replace(REMINDER, party=SOUTH),
        replace(REMINDER, occurrence="dang-ky@2023-03-20"),
        replace(REMINDER, plan=replace(REMINDER.plan, id="cum-2024")),
        MESSAGES["reminder-event"],
    ]
    assert len({root(message) for message in [REMINDER, *others]}) == 5


@pytest.mark.parametrize("name", OF_THE_LEAD)
def test_the_lead_has_one_conversation_for_the_parties_of_a_milestone(name: str) -> None:
    """It is apart from the one about what the lead owes itself."""
    assert root(MESSAGES[name]) == root(MESSAGES["escalation"])
    assert root(MESSAGES[name]) != root(replace(REMINDER, party=MESSAGES["escalation"].party))


@pytest.mark.parametrize("name", ["digest", "outage", "sign-in", "submission-several"])
def test_what_is_about_no_single_milestone_stands_for_itself(name: str) -> None:
    """A week's digest answers nothing."""
    assert root(MESSAGES[name]) is None


def test_the_root_needs_the_secret_and_is_no_id_of_a_mail() -> None:
    """Nobody without the secret can join a conversation."""
    other = read(composer(secret=b"t" * 32).compose(REMINDER).data)
    assert other["References"] != root(REMINDER)
    assert root(REMINDER) not in {COMPOSER.compose(message).message_id for message in MESSAGES.values()}


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_the_root_is_short_and_does_not_depend_on_words(name: str) -> None:
    """Longer ids are re-encoded by some programs, which ends the conversation."""
    found = root(IN_EVERY_LANGUAGE[name])
    assert found is None or len(found) < 60
    assert found == root(IN_EVERY_LANGUAGE[f"vi/{name.partition('/')[2]}"])


def test_a_long_domain_of_the_sender_gives_up_its_first_labels() -> None:
    """As in the Message-ID."""
    mail = composer(sender="a@thi-dua.truong-chinh-tri-tran-phu.ha-tinh.example").compose(REMINDER)
    found = read(mail.data)["References"]
    assert found.endswith("@ha-tinh.example>")
    assert len(found) < 60
    assert NORTH.id not in found
