"""Who is written to about a rung or a fact, and what the message says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.message_kinds import MessageKind, RungKind, is_notice
from scheduler.plan.messages.escalations import escalation_messages
from scheduler.plan.messages.message import Message, Outage, OutageEntry
from scheduler.plan.messages.outages import outage_messages
from scheduler.plan.messages.promises import messages_for
from scheduler.plan.model import Contact, Deliverable, Group, Role
from scheduler.plan.notices import fact_of
from scheduler.plan.obligations import EventDate, NoDate, WindowDate
from scheduler.ports import RungRow
from tests.support.daemon_fixture import FRIDAY, due_by, plan, report
from tests.support.plan_builders import PARTIES, PlanHistory, at, deadline, event, history_of, party

NOW = at(3, 21)
DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
OFFICER, HEAD = "officer@beta.example", "head@beta.example"


def written(agenda: Agenda, row: RungRow) -> Any:
    """Return the one message of a rung."""
    (message,) = messages_for(agenda, row, NOW, ())
    return message


def row(name: str = "before:7d", kind: RungKind = "reminder", **changes: Any) -> RungRow:
    values: dict[str, Any] = {
        "id": 1, "plan": "plan", "milestone": "report", "party": "beta", "name": name, "due": FRIDAY, "at": NOW,
        "kind": kind, "state": "planned", "reason": "", "note": "",
    }  # fmt: skip
    return RungRow(**(values | changes))


def escalation(party: str = "beta", **changes: Any) -> RungRow:
    return row("escalate:2wd", "escalation", party=party, **changes)


def addresses(messages: Sequence[Message]) -> list[str]:
    return [message.to.email for message in messages]


def roster(*contacts: Contact) -> Agenda:
    """Return the agenda of a plan in which beta has these contacts."""
    beta = replace(PARTIES[1], contacts=contacts)
    return history_of(report(), parties=(PARTIES[0], beta, PARTIES[2])).agenda()


def contact(name: str, role: Role) -> Contact:
    return Contact(name=name, email=f"{name}@beta.example", role=role)


# ---- rungs


def test_a_reminder_goes_to_each_officer_and_not_to_the_head() -> None:
    """One message for each (contract rule 10)."""
    agenda = roster(contact("one", "officer"), contact("two", "officer"), contact("head", "head"))
    messages = messages_for(agenda, row(), NOW, ())
    assert addresses(messages) == ["one@beta.example", "two@beta.example"]
    assert len({message.key for message in messages}) == 2


def test_an_overdue_notice_goes_to_the_head_too() -> None:
    """Once, even if the head is the only one."""
    assert addresses(messages_for(history_of(report()).agenda(), row("overdue:1", "overdue"), NOW, ())) == [
        OFFICER,
        HEAD,
    ]
    only = roster(contact("head", "head"))
    assert addresses(messages_for(only, row("overdue:1", "overdue"), NOW, ())) == [HEAD]


def test_without_an_officer_whose_address_works_the_head_is_written_to() -> None:
    """And without a head the assistant; with nobody left there is no message."""
    agenda = roster(contact("officer", "officer"), contact("head", "head"), contact("help", "assistant"))
    for bounced, expected in (
        ((OFFICER,), [HEAD]),
        ((OFFICER, HEAD), ["help@beta.example"]),
        ((OFFICER, HEAD, "help@beta.example"), []),
    ):
        assert addresses(messages_for(agenda, row(), NOW, bounced)) == expected


def test_an_address_that_two_contacts_share_gets_one_message() -> None:
    """The officer is the head."""
    same = (Contact(name="a", email=OFFICER), Contact(name="b", email=OFFICER, role="head"))
    assert addresses(messages_for(roster(*same), row("overdue:1", "overdue"), NOW, ())) == [OFFICER]


def test_the_identity_of_a_message_is_the_promise_and_the_address() -> None:
    """Not the moment at which it is written."""
    agenda = history_of(report()).agenda()
    (one,), (two,) = messages_for(agenda, row(), NOW, ()), messages_for(agenda, row(), at(3, 22), ())
    assert one.key == two.key == f"plan/report/beta/before:7d/2023-03-17/{OFFICER}"


def test_a_message_says_what_is_still_missing_and_what_came() -> None:
    """By document."""
    history = history_of(report(deliverables=DOCUMENTS))
    history.record("received", at(3, 1), "report", "beta", deliverables=("plan",))
    message = written(history.agenda(), row())
    assert (message.missing, message.received) == (DOCUMENTS[1:], DOCUMENTS[:1])
    assert (message.when.named, message.rung, message.occurrence) == (FRIDAY, "before:7d", "report")


def test_a_message_names_what_it_waits_for() -> None:
    """`needs` is shown (contract rule 16)."""
    history = history_of(report(needs=("first",)), due_by(date(2023, 3, 1), id="first", responsible=("gamma",)))
    message = written(history.agenda(), row())
    assert [(milestone.id, [p.id for p in owing]) for milestone, owing in message.waits_for] == [("first", ["gamma"])]


def test_who_only_attends_is_not_told_what_the_event_still_waits_for() -> None:
    """The organiser is; an invitation is no place to name debtors."""
    meeting = event(On(date(2023, 6, 8), date(2023, 6, 8)), needs=("report",))
    agenda = history_of(report(), meeting).agenda()
    waits = {}
    for who in ("lead", "beta"):
        message = written(agenda, row("invite", "invitation", milestone="meeting", party=who))
        waits[who] = [milestone.id for milestone, _ in message.waits_for]
    assert waits == {"lead": ["report"], "beta": []}


def test_a_message_about_an_event_carries_its_day_and_place() -> None:
    """And one about a window its words."""
    history = history_of(event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")))
    asked = row("fix-date:30d", "fix-date", milestone="meeting", party="lead")
    message = written(history.agenda(), asked)
    assert message.when == WindowDate(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))
    history.record("date_fixed", at(5, 1), "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)), place="Vinh")
    message = written(history.agenda(), row("invite", "invitation", milestone="meeting"))
    assert message.when == EventDate(On(date(2023, 6, 8), date(2023, 6, 8)), "Vinh")


def test_who_is_to_choose_sees_the_group_and_the_candidates() -> None:
    """All members."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    agenda = history_of(report(), groups=[nominees]).agenda()
    message = written(agenda, row("choose:1", "choose", party="lead"))
    assert message.group == nominees
    assert [p.id for p in message.candidates] == ["lead", "beta", "gamma"]


def test_nobody_is_asked_to_choose_a_group_that_has_been_chosen() -> None:
    history = history_of(report(), groups=[Group(id="nominees", chosen_by="lead", after="report")])
    history.record("nominated", at(3, 20), group="nominees", parties=("beta",))
    assert messages_for(history.agenda(), row("choose:1", "choose", party="lead"), NOW, ()) == []


def test_an_escalation_is_no_message_of_one_party() -> None:
    """It is one report to a superior about all of them."""
    agenda = history_of(report()).agenda()
    assert messages_for(agenda, escalation(), NOW, ()) == []
    assert len(escalation_messages(agenda, [escalation(), escalation("gamma")], NOW, (), {})) == 1


def test_who_is_to_choose_need_not_owe_what_the_choice_comes_after() -> None:
    winners = Group(id="winners", chosen_by="lead", after="report")
    agenda = history_of(deadline(By(FRIDAY), responsible=("beta",)), groups=(winners,)).agenda()
    message = written(agenda, row("choose:1", "choose", party="lead"))
    assert (message.group, message.when) == (winners, NoDate(""))


def test_without_a_group_of_members_everybody_with_a_part_may_be_chosen() -> None:
    """External parties only receive."""
    academy = party("academy", external=True)
    groups = {
        "lead": Group(id="lead", parties=("lead",)),
        "nominees": Group(id="nominees", chosen_by="lead", after="report"),
    }
    made = replace(
        plan(report(responsible=("lead", "beta"))), groups=groups, parties={p.id: p for p in (*PARTIES, academy)}
    )
    message = written(PlanHistory(made).agenda(), row("choose:1", "choose", party="lead"))
    assert [p.id for p in message.candidates] == ["lead", "beta", "gamma"]


# ---- escalations


def test_one_message_to_each_superior_carries_everybody_missing() -> None:
    """About the lead itself its own head is notified, for want of deputies (contract rule 7)."""
    agenda = history_of(report()).agenda()
    rows = [escalation("lead", id=1), escalation("beta", id=2), escalation("gamma", id=3)]
    found = {
        message.to.email: [r.party for r in about] for message, about in escalation_messages(agenda, rows, NOW, (), {})
    }
    assert found == {"officer@lead.example": ["beta", "gamma"], "head@lead.example": ["lead"]}


def test_about_the_lead_the_heads_of_the_deputies_are_told() -> None:
    """If there are any."""
    agenda = history_of(report(), groups=[Group(id="deputies", parties=("gamma",))]).agenda()
    ((message, _),) = escalation_messages(agenda, [escalation("lead")], NOW, (), {})
    assert (message.to.email, message.party.id) == ("head@gamma.example", "gamma")


def test_nobody_above_means_no_message() -> None:
    """The caller says why."""
    lead = replace(PARTIES[0], contacts=PARTIES[0].contacts[:1])
    agenda = history_of(report(), parties=(lead, *PARTIES[1:])).agenda()
    assert escalation_messages(agenda, [escalation("lead")], NOW, (), {}) == []


def test_a_superior_whose_address_bounces_is_replaced_by_the_next_contact() -> None:
    """The lead's head."""
    agenda = history_of(report()).agenda()
    ((message, _),) = escalation_messages(agenda, [escalation()], NOW, ("officer@lead.example",), {})
    assert message.to.email == "head@lead.example"


def test_an_escalation_that_is_no_longer_in_the_ladder_is_written_to_nobody() -> None:
    """Its rung is about to fall away."""
    assert escalation_messages(history_of(report()).agenda(), [row("escalate:9wd", "escalation")], NOW, (), {}) == []


def test_the_list_shows_who_is_missing_what_and_how_often_each_was_reminded() -> None:
    """In the order of the roster, with who has answered and who was accepted."""
    history = history_of(report(deliverables=DOCUMENTS))
    history.record("received", at(3, 1), "report", "gamma")
    history.record("received", at(3, 1), "report", "lead")
    history.record("accepted", at(3, 2), "report", "lead")
    history.record("received", at(3, 3), "report", "beta", deliverables=("plan",))
    ((message, _),) = escalation_messages(history.agenda(), [escalation()], NOW, (), {"beta": 6})
    roll = message.roll
    assert [(e.party.id, e.status, [d.id for d in e.missing], e.notices) for e in roll.entries] == [
        ("beta", "overdue_partial", ["list"], 6)
    ]
    assert ([p.id for p in roll.submitted], [p.id for p in roll.accepted], roll.total) == (["gamma"], ["lead"], 3)


def test_the_list_leaves_out_who_still_has_time() -> None:
    """An extension is no omission."""
    history = history_of(report())
    history.record("extended", at(3, 10), "report", "gamma", form=By(date(2023, 3, 31)))
    ((message, _),) = escalation_messages(history.agenda(), [escalation()], NOW, (), {})
    assert [entry.party.id for entry in message.roll.entries] == ["lead", "beta"]


def test_everybody_is_counted_once_in_the_list() -> None:
    """Who has more time, was released or is in doubt has a line of its own, and the figures add up."""
    parties = [party(id) for id in ("lead", "open", "longer", "free", "doubtful", "sent", "done")]
    members = [Group(id="members", parties=tuple(p.id for p in parties if p.id != "doubtful"))]
    history = history_of(report(channels=("paper", "email")), parties=parties, groups=members)
    history.record("extended", at(3, 10), "report", "longer", form=By(date(2023, 3, 31)))
    history.record("waived", at(3, 10), "report", "free", reason="merged")
    history.record("received", at(3, 10), "report", "sent", channel="email")
    history.record("received", at(3, 10), "report", "done", channel="email")
    history.record("accepted", at(3, 11), "report", "done")
    everybody = {**history.plan.groups, "members": Group(id="members", parties=tuple(p.id for p in parties))}
    history.revise(replace(history.plan, groups=everybody), at(3, 20))
    ((message, _),) = escalation_messages(history.agenda(), [escalation("open")], NOW, (), {})
    roll = message.roll
    assert [entry.party.id for entry in roll.entries] == ["lead", "open"]
    assert [(e.party.id, e.status) for e in roll.apart] == [
        ("longer", "extended"),
        ("free", "exempt"),
        ("doubtful", "unknown"),
    ]
    assert [(e.party.id, e.channels) for e in roll.lacking] == [("sent", ("paper",))]
    assert len(roll.entries) + len(roll.apart) + len(roll.submitted) + len(roll.accepted) == roll.total == 7


def test_the_list_names_the_milestone_that_waits() -> None:
    """And its date."""
    history = history_of(report(), due_by(date(2023, 4, 14), id="next", needs=("report",)))
    ((message, _),) = escalation_messages(history.agenda(), [escalation()], NOW, (), {})
    assert message.roll.affects is not None
    assert message.roll.affects_due is not None
    assert (message.roll.affects.id, message.roll.affects_due.named) == ("next", date(2023, 4, 14))


def test_the_identity_of_an_escalation_holds_all_it_carries() -> None:
    """Another list is another message."""
    agenda = history_of(report()).agenda()
    one, other = (
        {message.key for message, _ in escalation_messages(agenda, rows, NOW, (), {})}
        for rows in ([escalation()], [escalation(), escalation("gamma")])
    )
    assert one.isdisjoint(other)


# ---- facts


def told_of(agenda: Agenda, fact: Fact) -> Sequence[Any]:
    """Return the messages about a fact, as they leave if nothing else happens."""
    rungs = [rung for rung in agenda.rungs() if is_notice(rung.kind) and rung.state == "planned"]
    return [m for r in rungs if fact_of(r.name) == fact.id for m in messages_for(agenda, r, r.at, ())]


def notices(kind: FactKind, **details: Any) -> Sequence[Any]:
    history = history_of(report())
    history.record("received", at(3, 1), "report", "beta")
    fact = history.record(kind, at(3, 2), "report", "beta", **details)
    return told_of(history.agenda(), fact)


def test_a_receipt_a_return_and_an_extension_are_told_to_the_officers() -> None:
    """Each fact once for each address."""
    kinds: dict[FactKind, MessageKind] = {"received": "receipt", "returned": "return"}
    for kind, written in kinds.items():
        (message,) = notices(kind)
        assert (message.kind, message.to.email, message.key) == (written, OFFICER, f"plan/{written}/2/{OFFICER}")
    (message,) = notices("extended", form=By(date(2023, 3, 24)))
    assert (message.kind, message.when.named) == ("change", date(2023, 3, 24))


def test_other_facts_write_no_message() -> None:
    """Nobody is written to because of an acceptance."""
    for kind in ("accepted", "opened"):
        assert notices(kind) == []


# ---- changes

JUNE = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")
EIGHTH, FIFTEENTH = On(date(2023, 6, 8), date(2023, 6, 8)), On(date(2023, 6, 15), date(2023, 6, 15))
EVERYBODY = [f"officer@{id}.example" for id in ("lead", "beta", "gamma")]


def decide(
    history: PlanHistory, kind: FactKind, when: datetime, milestone: str = "meeting", **details: Any
) -> Sequence[Any]:
    """Record a decision and return the messages that it causes."""
    fact = history.record(kind, when, milestone, **details)
    return told_of(history.agenda(), fact)


def announced() -> PlanHistory:
    """Return the story of a meeting whose invitations have left."""
    history = history_of(event(JUNE))
    assert decide(history, "date_fixed", at(5, 15), form=EIGHTH, place="Vinh") == []
    return history


def test_the_first_day_of_an_event_is_an_invitation_and_not_a_change() -> None:
    """It was not otherwise before, also where it was moved before anybody was notified."""
    history = history_of(event(JUNE))
    assert decide(history, "date_fixed", at(5, 20), form=EIGHTH) == []  # a Saturday
    assert decide(history, "date_fixed", at(5, 21), form=FIFTEENTH) == []


@pytest.mark.parametrize(
    ("form", "place"),
    [(FIFTEENTH, "Vinh"), (replace(EIGHTH, clock=time(14)), "Vinh"), (EIGHTH, "Huế")],
    ids=["day", "hour", "place"],
)
def test_everybody_invited_is_told_of_another_day_hour_or_place(form: On, place: str) -> None:
    """With the day they knew before."""
    messages = decide(announced(), "date_fixed", at(5, 22), form=form, place=place)
    assert addresses(messages) == EVERYBODY
    assert {(x.kind, x.when, x.was, x.place_was) for x in messages} == {
        ("change", EventDate(form, place), EIGHTH, "Vinh")
    }


def test_a_return_to_an_earlier_day_is_told_too() -> None:
    """Its invitation left long ago."""
    history = announced()
    decide(history, "date_fixed", at(5, 22), form=FIFTEENTH, place="Vinh")
    messages = decide(history, "date_fixed", at(5, 29), form=EIGHTH, place="Vinh")
    assert addresses(messages) == EVERYBODY
    assert {x.was for x in messages} == {FIFTEENTH}


def test_the_same_day_again_is_no_change() -> None:
    """Also by way of another one that nobody was notified of."""
    history = announced()
    assert decide(history, "date_fixed", at(5, 16), form=EIGHTH, place="Vinh") == []
    decide(history, "date_fixed", at(5, 20), form=FIFTEENTH)
    assert decide(history, "date_fixed", at(5, 20, 9), form=EIGHTH, place="Vinh") == []


def test_an_event_that_is_over_is_not_moved_by_mail() -> None:
    """Neither a day put right afterwards nor one that begins before anybody could read of it."""
    assert decide(announced(), "date_fixed", at(6, 12), form=On(date(2023, 6, 9), date(2023, 6, 9))) == []
    assert decide(announced(), "waived", at(6, 12)) == []


def test_everybody_invited_is_told_that_the_day_is_open_again_or_the_event_called_off() -> None:
    """An edit of the file opens it, `waive` calls it off."""
    for messages in (
        decide(announced(), "amended", at(5, 22), form=JUNE),
        decide(announced(), "waived", at(5, 22), reason="storm"),
        decide(announced(), "waived", at(5, 22), party="lead", reason="storm"),
    ):
        assert addresses(messages) == EVERYBODY
        assert {x.was for x in messages} == {EIGHTH}
    assert decide(history_of(event(JUNE)), "waived", at(5, 22)) == []


def test_of_another_window_only_the_organiser_is_told() -> None:
    """Who is chased for the day; nobody else has heard of it."""
    history = history_of(event(JUNE))
    later = Window(date(2023, 7, 3), date(2023, 7, 7), "in July")
    (message,) = decide(history, "amended", at(3, 1), form=later)
    assert (message.to.email, message.was, message.when) == ("officer@lead.example", JUNE, WindowDate(later))


def test_an_organiser_that_is_not_among_the_guests_is_told_too() -> None:
    """It is invited to nothing, and still has to know."""
    history = history_of(event(EIGHTH, attendees=("beta",)))
    messages = decide(history, "amended", at(3, 1), form=FIFTEENTH)
    assert addresses(messages) == EVERYBODY[:2]


def test_of_a_deadline_moved_in_the_file_those_are_told_who_still_owe_it() -> None:
    """Neither who has answered nor whose first date it is."""
    history = history_of(report(), deadline(Undated("later"), "other"))
    history.record("received", at(3, 1), "report", "lead")
    messages = decide(history, "amended", at(3, 2), "report", form=By(date(2023, 3, 24)))
    assert addresses(messages) == EVERYBODY[1:]
    assert {x.was for x in messages} == {By(FRIDAY)}
    assert decide(history, "date_fixed", at(3, 3), "other", form=By(date(2023, 3, 31))) == []
    assert addresses(decide(history, "date_fixed", at(3, 6), "other", form=By(date(2023, 4, 7)))) == EVERYBODY
    assert decide(history, "date_fixed", at(3, 7), "other", form=By(date(2023, 4, 7))) == []


def test_a_release_is_told_to_the_party_or_to_all_who_owed_it() -> None:
    """Once; who had answered was owed nothing."""
    history = history_of(report())
    history.record("received", at(3, 1), "report", "gamma")
    assert addresses(decide(history, "waived", at(3, 2), "report", party="beta")) == ["officer@beta.example"]
    assert addresses(decide(history, "waived", at(3, 3), "report")) == ["officer@lead.example"]


def test_what_is_in_doubt_is_not_told_of_a_move() -> None:
    """It was past at the first load, and still is."""
    history = PlanHistory(plan(due_by(date(2023, 1, 20))))
    assert decide(history, "amended", at(3, 2), "report", form=By(date(2023, 1, 25))) == []


# ---- outages


OUTAGE = Outage(since=at(3, 1), until=at(3, 9), entries=())


def entry(agenda: Agenda, name: str) -> OutageEntry:
    beta = agenda.plan.parties["beta"]
    return OutageEntry(milestone=report(), party=beta, rung=name, at=at(3, 3), outcome="missed")


def test_each_operator_gets_one_message_about_all_plans() -> None:
    """At the configured addresses; a plan that was not touched is not in it."""
    one, two, three = (PlanHistory(plan(id=id)).agenda() for id in ("one", "two", "three"))
    entries = {"one": [entry(one, "a")], "two": [entry(two, "b")], "three": []}
    messages = outage_messages([one, two, three], entries, OUTAGE, ["x@ops.example", "officer@lead.example"])
    assert addresses(messages) == ["x@ops.example", "officer@lead.example"]
    assert [[e.rung for e in message.outage.entries] for message in messages] == [["a", "b"]] * 2
    assert messages[0].key == f"outage/{at(3, 1).isoformat()}/x@ops.example"
    assert [message.to.name for message in messages] == ["", "officer"]


def test_without_operators_the_lead_of_each_plan_is_told_of_its_own() -> None:
    """Two plans with two leads."""
    one = PlanHistory(plan(id="one")).agenda()
    two = PlanHistory(plan(id="two", groups=[Group(id="lead", parties=("gamma",))])).agenda()
    entries = {"one": [entry(one, "a")], "two": [entry(two, "b")]}
    messages = outage_messages([one, two], entries, OUTAGE, [])
    found = {message.to.email: [e.rung for e in message.outage.entries] for message in messages if message.outage}
    assert found == {"officer@lead.example": ["a"], "officer@gamma.example": ["b"]}
