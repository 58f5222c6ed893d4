"""What a template sees of a message follows from the plan and the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from scheduler.mail.template_context import Block, blocks, describe, filters
from scheduler.plan.dates.date_forms import Before, By
from scheduler.plan.model import Office
from tests.support.sample_messages import (
    ACADEMY,
    AWARDS,
    LEAD,
    MESSAGES,
    MIDYEAR_REPORT,
    NORTH,
    PLAN,
    REGISTER,
    about_registration,
    due,
    from_lead,
    message,
)


@pytest.mark.parametrize(
    ("form", "now", "expected"),
    [
        (Before(date(2023, 3, 20)), "2023-03-15T08:00", "ahead"),
        (Before(date(2023, 3, 20)), "2023-03-16T08:00", "tomorrow"),
        (Before(date(2023, 3, 21)), "2023-03-17T08:00", "next-workday"),
        (Before(date(2023, 3, 20)), "2023-03-17T08:00", "last"),
        (Before(date(2023, 3, 20)), "2023-03-18T08:00", "past-target"),
        (Before(date(2023, 3, 20)), "2023-03-20T08:00", "named"),
        (Before(date(2023, 3, 20)), "2023-03-21T00:00", "late"),
        (By(date(2023, 3, 20)), "2023-03-20T08:00", "last"),
        (By(date(2023, 3, 20)), "2023-03-21T00:00", "late"),
        (By(date(2023, 3, 20), time(17)), "2023-03-20T16:59", "last"),
        (By(date(2023, 3, 20), time(17)), "2023-03-20T17:01", "late"),
        (Before(date(2023, 5, 3)), "2023-04-28T08:00", "next-workday"),
    ],
)
def test_the_stage_follows_from_the_day_not_from_the_rung(form: Before | By, now: str, expected: str) -> None:
    """A reminder that was caught up a day later speaks of the right day."""
    view = describe(about_registration("reminder", now, "before:14d", when=due(REGISTER, form)), "Cụm")
    assert view["stage"] == expected


def test_what_a_member_owes_the_lead_goes_to_the_office() -> None:
    """The office that signs is the one that has not received it."""
    view = describe(MESSAGES["reminder-14d"], "Cụm")
    assert view["office_receives"]
    assert view["recipients"] == (LEAD,)
    assert view["destination"] == PLAN.office
    assert view["ways"] == (
        ("paper", "Bộ phận giúp việc Cụm trưởng, Số 14, đường Hoàng Xuân Hãn, TP. Hà Tĩnh"),
        ("email", "thidua@tinh-a.example"),
    )


def test_the_leads_own_address_is_not_given_for_what_goes_elsewhere() -> None:
    """What the lead owes the academy is not to be sent to the lead."""
    view = describe(MESSAGES["reminder-lead-to-academy"], "Cụm")
    assert not view["office_receives"]
    assert view["recipients"] == (ACADEMY,)
    assert view["send_to"] == (ACADEMY.name,)
    assert view["destination"] is None
    assert view["ways"] == ()


def test_a_milestone_may_name_its_own_address() -> None:
    """`submit_to` goes before the plan's office; whom to ask stays the office."""
    vault = Office(name="Vụ Các trường chính trị", address="135 Nguyễn Phong Sắc, Hà Nội")
    milestone = replace(MIDYEAR_REPORT, submit_to=vault)
    view = describe(
        from_lead("reminder", "2023-08-01T08:00", rung="target", milestone=milestone, when=due(milestone)), "Cụm"
    )
    assert view["send_to"] == ("Vụ Các trường chính trị",)
    assert view["ways"] == (("paper", "Vụ Các trường chính trị, 135 Nguyễn Phong Sắc, Hà Nội"),)
    assert view["ask"] == PLAN.office


def test_without_an_office_the_milestones_own_is_asked() -> None:
    """Somebody is always named if anybody is known."""
    vault = Office(name="Vụ Các trường chính trị", phone="024 000")
    plan = replace(PLAN, office=Office())
    view = describe(
        message("reminder", "2023-08-01T08:00", rung="target", plan=plan, milestone=replace(REGISTER, submit_to=vault)),
        "Cụm",
    )
    assert view["ask"] == vault


def test_the_lead_among_the_members_has_not_failed_to_send_to_itself() -> None:
    """Of the lead's own documents the system says what it has not seen."""
    view = describe(about_registration("reminder", "2023-03-15T08:00", "target", party=LEAD), "Cụm")
    assert not view["office_receives"]
    assert view["destination"] == PLAN.office


def test_the_duties_of_a_group_are_those_that_name_it() -> None:
    """Who chooses reads what the chosen will owe."""
    assert describe(MESSAGES["choose-1"], "Cụm")["duties"] == (AWARDS,)
    assert describe(MESSAGES["reminder-14d"], "Cụm")["duties"] == ()


def test_a_moved_date_shows_the_one_in_the_plan() -> None:
    """The quotation below still has the old day; the mail says why."""
    assert describe(MESSAGES["reminder-after-extension"], "Cụm")["moved"] == REGISTER.form
    assert describe(MESSAGES["reminder-14d"], "Cụm")["moved"] is None


def test_plain_text_is_taken_apart_into_blocks() -> None:
    """Lines of one kind in a row are one block; an empty line ends it."""
    text = "Một\nhai\n\n- ba\n- bốn\n1. năm\n| a | b |\n| c | |\n-không\nQ. V"
    assert blocks(text) == [
        Block("p", ["Một", "hai"]),
        Block("ul", ["ba", "bốn"]),
        Block("ol", ["năm"]),
        Block("table", [["a", "b"], ["c", ""]]),
        Block("p", ["-không", "Q. V"]),
    ]


@pytest.mark.parametrize("text", ["- ", "-", "1.", "1. ", "|", "| ", "||", " ", "\n\n", "|a", "- \n- x", "1.x"])
def test_half_a_list_or_row_is_still_text(text: str) -> None:
    """Whatever a note holds, taking it apart does not fail."""
    assert all(block.kind in ("p", "ul", "ol", "table") for block in blocks(text))


def test_a_cell_cannot_open_another() -> None:
    """A bar in a reason does not move the columns."""
    assert filters("vi")["cell"]("a | b") == "a / b"


def test_a_party_is_named_once_even_if_it_is_in_two_groups() -> None:
    """Attendees that are named twice are invited once."""
    milestone = replace(REGISTER, report_to=("members", "lead", "north-school", "no-such-group"))
    view = describe(message("reminder", "2023-03-15T08:00", rung="target", milestone=milestone), "Cụm")
    assert [party.id for party in view["recipients"]].count(NORTH.id) == 1
    assert len(view["recipients"]) == 4
