"""A sound definition becomes the plan it describes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.definitions import scalars
from scheduler.definitions.problems import InvalidValue
from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
)
from scheduler.plan.model import Contact, Escalation, Group, Ladder, Office, Overdue, Plan
from scheduler.ports import Loaded
from tests.definitions.conftest import PARTIES, PLAN

Load = Callable[..., Loaded]

DEADLINE = "before = 2024-03-15"


def only(loaded: Loaded) -> Plan:
    (definition,) = loaded.definitions
    return definition.plan


def test_the_smallest_plan_has_the_documented_defaults(load: Load) -> None:
    plan = only(
        load(
            """\
schema = 1
[plan]
id = "small"
title = "Nhỏ"
issued = 2024-01-05
year = 2024
timezone = "UTC"
[[milestones]]
id = "report"
kind = "deadline"
title = "Báo cáo"
responsible = "beta"
by = 2024-03-15
"""
        )
    )
    assert (date(2024, 1, 5), "vi", "lenient") == (plan.remind_from, plan.language, plan.lateness)
    assert plan.workdays.workweek == {0, 1, 2, 3, 4}
    assert not plan.workdays.off
    assert (("beta",), Office(), ("manual",)) == (plan.milestones[0].responsible, plan.office, plan.checks.sources)
    # without a group `lead` there is nobody to escalate to
    assert Ladder(escalate=()) == plan.ladder == plan.milestones[0].ladder


def test_parties_and_groups_are_read_from_the_roster_of_the_folder(load: Load) -> None:
    plan = only(load(PLAN.replace('lead = ["alpha"]', 'lead = "alpha"')))
    assert set(plan.parties) == {"alpha", "beta", "academy"}
    assert plan.parties["alpha"].contacts[1] == Contact(name="Hiệu trưởng", email="head@alpha.edu.vn", role="head")
    assert plan.parties["beta"].short == "Trường Beta"
    assert plan.groups["lead"] == Group(id="lead", parties=("alpha",))


def test_a_plan_and_each_of_its_contacts_may_choose_a_language(load: Load) -> None:
    parties = PARTIES.replace('role = "head"', 'role = "head", language = "vi"')
    plan = only(load(PLAN.replace("year = 2024", 'year = 2024\nlanguage = "en"'), parties))
    assert plan.language == "en"
    assert [contact.language for contact in plan.parties["alpha"].contacts] == [None, "vi"]


def test_a_group_can_be_filled_during_the_year(load: Load) -> None:
    plan = only(load(PLAN.replace("[groups]", '[groups]\nbest = { chosen_by = "lead", after = "meeting" }')))
    assert plan.groups["best"] == Group(id="best", chosen_by="lead", after="meeting")


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("before = 2024-03-15", Before(date(2024, 3, 15))),
        ("before = 2024-03-15T17:00:00", Before(date(2024, 3, 15), time(17))),
        ("by = 2024-03-15", By(date(2024, 3, 15))),
        ("by = 2024-03-15 17:00:00", By(date(2024, 3, 15), time(17))),
        ('undated = "Định kỳ"', Undated("Định kỳ")),
        (
            'window = { from = 2024-06-01, to = 2024-06-10, words = "đầu tháng 6" }',
            Window(date(2024, 6, 1), date(2024, 6, 10), "đầu tháng 6"),
        ),
        (
            'recurring = { rule = "FREQ=MONTHLY;BYMONTHDAY=25", boundary = "before" }',
            Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "before", date(2024, 1, 5), date(2024, 12, 31)),
        ),
        (
            'recurring = { rule = "FREQ=WEEKLY;COUNT=3", boundary = "by", from = 2024-02-01, until = 2025-02-01 }',
            Recurring("FREQ=WEEKLY;COUNT=3", "by", date(2024, 2, 1), date(2025, 2, 1)),
        ),
        (
            'relative = { to = "meeting", within = "5 working days" }',
            Relative("meeting", DayCount(5, "working days"), "within"),
        ),
        ('relative = { to = "meeting", before = "1 day" }', Relative("meeting", DayCount(1, "days"), "before")),
    ],
)
def test_a_milestone_has_the_date_form_it_is_written_with(load: Load, written: str, form: DateForm) -> None:
    assert form == only(load(PLAN.replace(DEADLINE, written))).milestones[0].form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("on = 2024-06-07", On(date(2024, 6, 7), date(2024, 6, 7))),
        ("on = 2024-06-07T08:30:00", On(date(2024, 6, 7), date(2024, 6, 7), time(8, 30))),
        ("on = { from = 2024-06-05, to = 2024-06-07 }", On(date(2024, 6, 5), date(2024, 6, 7))),
        ("before = 2024-06-07", Before(date(2024, 6, 7))),
    ],
)
def test_an_event_lasts_from_its_first_to_its_last_day(load: Load, written: str, form: DateForm) -> None:
    assert form == only(load(PLAN.replace("on = 2024-06-07", written))).milestones[1].form


def test_a_milestones_ladder_overrides_the_plans_key_by_key(load: Load) -> None:
    plan = PLAN.replace('at = "08:00"', 'at = "09:30"\nbefore = ["10 days", "target"]\noverdue = { times = 1 }')
    own = (
        f'{DEADLINE}\n[milestones.ladder]\nhours = ["07:00", "12:00"]\noverdue = {{ first = "3 days" }}\nfix_date = []'
    )
    loaded = only(load(plan + _extra(own)))
    assert loaded.ladder.before == (DayCount(10, "days"), None)
    ladder = loaded.milestones[-1].ladder
    assert (time(9, 30), time(7), time(12)) == (ladder.at, ladder.opens, ladder.closes)
    assert (loaded.ladder.before, ()) == (ladder.before, ladder.fix_date)
    assert Overdue(first=DayCount(3, "days"), every=DayCount(2, "working days"), times=1) == ladder.overdue


def test_no_overdue_notices_and_no_escalation_can_be_asked_for(load: Load) -> None:
    plan = only(load(PLAN.replace('at = "08:00"', "overdue = { times = 0 }\nescalate = []\nbefore = []")))
    assert (plan.ladder.overdue, plan.ladder.escalate, plan.ladder.before) == (None, (), ())


def test_with_a_lead_it_is_escalated_to_by_default(load: Load) -> None:
    assert only(load()).ladder.escalate == (Escalation(after=DayCount(2, "working days"), to="lead"),)


def test_a_milestone_may_name_its_own_office(load: Load) -> None:
    plan = only(load(PLAN.replace(DEADLINE, f'{DEADLINE}\nsubmit_to = {{ name = "Vụ", phone = "1" }}')))
    assert Office(name="Vụ", phone="1") == plan.milestones[0].submit_to


def test_texts_are_kept_in_nfc(load: Load) -> None:
    decomposed = "Ba\u0301o ca\u0301o"
    assert only(load(PLAN.replace('"Báo cáo"', f'"{decomposed}"'))).milestones[0].title == "Báo cáo"


@pytest.mark.parametrize("mark", ["\u2028", "\u2029"])
def test_a_line_separator_of_a_word_processor_becomes_a_space(load: Load, mark: str) -> None:
    """No header of a mail can hold it."""
    title = only(load(PLAN.replace('"Báo cáo"', f'"Báo{mark}cáo"'))).milestones[0].title
    assert title == "Báo cáo"


def test_a_line_separator_in_a_longer_text_breaks_the_line() -> None:
    assert scalars.words("one\u2028two") == "one\ntwo"


def test_the_address_of_a_domain_with_accents_becomes_ascii() -> None:
    assert scalars.address("Van.Thu@TRƯỜNG.edu.vn") == "Van.Thu@xn--trng-rib8295b.edu.vn"


def test_the_source_is_the_text_of_the_file(load: Load) -> None:
    assert load().definitions[0].source == PLAN


@pytest.mark.parametrize("change", ["plan", "roster", "calendar"])
def test_the_digest_changes_with_everything_the_plan_was_made_from(
    load: Load, write: Callable[..., object], change: str
) -> None:
    holidays = PLAN.replace("year = 2024", 'year = 2024\nholidays = "VN"')
    before = only(load(holidays)).digest
    assert before == only(load(holidays)).digest
    if change == "calendar":
        write("calendars/VN.toml", "[[off]]\nday = 2024-03-14\n")
    changed = only(
        load(
            holidays.replace("2024-03-15", "2024-03-18") if change == "plan" else holidays,
            PARTIES.replace("office@beta", "bureau@beta") if change == "roster" else PARTIES,
        )
    )
    assert before != changed.digest


@given(text=st.text() | st.from_regex(r"[^@]{0,20}@[^@]{0,20}", fullmatch=True))
def test_an_address_that_is_taken_is_one_plain_ascii_word(text: str) -> None:
    try:
        address = scalars.address(text)
    except InvalidValue:
        return
    local, host = address.split("@")
    assert address.isascii()
    assert address.isprintable()
    assert 0 < len(local) <= 64
    assert host
    assert not set(address) & set(' <>()[]:;,\\"')
    assert scalars.address(address) == address


@given(text=st.text())
def test_a_line_that_is_taken_cannot_break_a_heading(text: str) -> None:
    try:
        line = scalars.line(text)
    except InvalidValue:
        return
    assert not set(line) & set("\r\n\t\0\u202e\u2066")


def _extra(own: str) -> str:
    return f'[[milestones]]\nid = "extra"\nkind = "deadline"\ntitle = "Thêm"\nresponsible = "beta"\n{own}\n'
