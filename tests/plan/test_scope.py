"""A part of a plan is drawn as the whole plan draws it, and a fact changes nothing outside what it touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, DayCount, On, Recurring, Relative, Window
from scheduler.plan.facts import Fact, Withdrawn
from scheduler.plan.model import Group
from scheduler.plan.scope import Relations, Scope
from tests.support import strategies as our
from tests.support.plan_builders import PlanHistory, at, deadline, draw_part, event, history_of, is_general, party

FIVE_DAYS = DayCount(5, "days")


def outside(agenda: Agenda, scope: Scope) -> list[object]:
    """Return everything that an agenda holds outside a scope."""
    obligations = [o for o in agenda.obligations if not scope.covers(o.milestone, o.party)]
    return [*obligations, *(rung for rung in agenda.rungs() if not scope.covers(rung.milestone, rung.party))]


def touched(history: PlanHistory, fact: Fact) -> Scope:
    """Return what a recorded fact touches."""
    known = {other.id: other for other in history.facts}
    while isinstance(fact, Withdrawn):
        fact = known[fact.target]
    return Relations(history.plan, [f for f in history.facts if is_general(f)]).touched_by(fact)


@given(our.branching_histories(), st.data())
def test_a_part_is_drawn_as_the_whole_draws_it(history: PlanHistory, data: st.DataObject) -> None:
    whole = history.agenda()
    milestones = st.sampled_from([None, *(m.id for m in history.plan.milestones)])
    parties = st.sampled_from([None, *history.plan.parties])
    relations = Relations(history.plan, history.facts)
    scope = relations.of(data.draw(milestones), data.draw(parties)) | relations.of(data.draw(milestones), "beta")
    part = draw_part(history, scope)
    assert part.obligations == tuple(o for o in whole.obligations if scope.covers(o.milestone, o.party))
    assert part.nominations == tuple(n for n in whole.nominations if scope.covers(n[1].milestone, n[1].party))
    assert list(part.rungs()) == [r for r in whole.rungs() if scope.covers(r.milestone, r.party)]


@given(our.branching_histories(least=1))
def test_a_fact_changes_nothing_outside_what_it_touches(history: PlanHistory) -> None:
    fact = history.facts[-1]
    before = replace(history, facts=history.facts[:-1]).agenda()
    scope = touched(history, fact)
    assert outside(history.agenda(), scope) == outside(before, scope)


@pytest.mark.parametrize(
    ("milestone", "whose", "expected"),
    [
        ("report", "beta", {"report": {"beta"}, "own": {"beta"}}),
        ("meeting", "beta", {"meeting": {"beta"}, "minutes": None}),
        ("meeting", "lead", {"meeting": None, "minutes": None}),
        ("minutes", "beta", {"minutes": {"beta"}}),
        ("report", None, {"report": None, "own": None}),
        (None, "beta", {"report": {"beta"}, "own": {"beta"}, "meeting": {"beta"}, "minutes": {"beta"}}),
        ("unknown", "beta", {}),
    ],
)
def test_a_fact_touches_its_obligation_and_what_is_counted_from_it(
    milestone: str | None, whose: str | None, expected: dict[str, set[str] | None]
) -> None:
    """Who owes both counts from its own; what is counted from an event moves for everybody."""
    history = history_of(
        deadline(By(date(2023, 3, 17))),
        deadline(Relative("report", FIVE_DAYS, "within"), "own"),
        event(On(date(2023, 6, 8), date(2023, 6, 8))),
        deadline(Relative("meeting", FIVE_DAYS, "within"), "minutes"),
    )
    fact = history.record("waived", at(3, 1), milestone, whose)
    assert dict(touched(history, fact).parties) == {
        id: parties if parties is None else frozenset(parties) for id, parties in expected.items()
    }


def test_who_does_not_owe_the_other_milestone_counts_from_that_of_everybody() -> None:
    history = history_of(
        deadline(By(date(2023, 3, 17)), "summary", responsible=("lead",)),
        deadline(Relative("summary", FIVE_DAYS, "within"), "answer"),
        event(Relative("summary", FIVE_DAYS, "within"), organiser=("lead",)),
    )
    fact = history.record("received", at(3, 1), "summary", "lead")
    assert touched(history, fact) == Scope({"summary": frozenset({"lead"}), "answer": None, "meeting": None})


def test_while_a_date_is_tentative_everybody_counts_from_what_the_organiser_owes() -> None:
    tentative = Window(date(2023, 6, 1), date(2023, 6, 10), "early June")
    history = history_of(
        deadline(tentative, organiser=("lead",)), deadline(Relative("report", FIVE_DAYS, "within"), "own")
    )
    fact = history.record("received", at(3, 1), "report", "lead")
    assert touched(history, fact) == Scope({"report": frozenset({"lead"}), "own": None})


def test_a_party_that_has_ended_counts_from_what_the_others_owe() -> None:
    """What it left open of its own is no duty any more."""
    ended = party("beta", valid_to=date(2023, 3, 1))
    milestones = deadline(By(date(2023, 3, 17))), deadline(Relative("report", FIVE_DAYS, "within"), "own")
    history = history_of(*milestones, parties=(party("lead"), ended, party("gamma")))
    history.record("received", at(2, 20), "report", "lead")
    fact = history.record("received", at(2, 20), "report", "gamma")
    assert touched(history, fact).parties == {"report": frozenset({"gamma"}), "own": frozenset({"beta", "gamma"})}
    own = Scope({"own": frozenset({"beta"})})
    assert draw_part(history, own).obligations == tuple(o for o in history.agenda().by_milestone["own"][1:2])


def test_an_event_that_is_called_off_is_called_off_in_every_part() -> None:
    history = history_of(event(On(date(2023, 6, 8), date(2023, 6, 8))))
    history.record("waived", at(3, 1), "meeting", "lead")
    [part] = draw_part(history, Scope({"meeting": frozenset({"beta"})})).obligations
    assert part.standing.state == "waived"


def test_a_date_that_was_edited_to_count_from_another_milestone_depends_on_that() -> None:
    """An edit that was undone in the record may be in force although the file says something else."""
    history = history_of(deadline(By(date(2023, 3, 17))), deadline(By(date(2023, 9, 1)), "later"))
    history.record("amended", at(2, 20), "later", form=Relative("report", FIVE_DAYS, "within"))
    fact = history.record("received", at(3, 1), "report", "beta")
    assert touched(history, fact).parties == {"report": frozenset({"beta"}), "later": frozenset({"beta"})}
    [part] = draw_part(history, Scope({"later": frozenset({"beta"})})).obligations
    assert part == history.agenda().by_key["later", "beta"]
    assert part.due is not None


def test_what_depends_on_a_milestone_in_two_ways_is_touched_once() -> None:
    """The dossier is counted from the summary, and before an edit it was counted from the report."""
    day = DayCount(3, "days")
    history = history_of(
        deadline(By(date(2023, 3, 17))),
        deadline(Relative("report", day, "before"), "summary"),
        deadline(Relative("summary", day, "before"), "dossier"),
    )
    history.record(
        "amended",
        at(3, 1),
        "dossier",
        form=Relative("summary", day, "before"),
        was=Relative("report", day, "before"),
    )
    fact = history.record("amended", at(3, 2), "report", form=By(date(2023, 3, 20)))
    assert touched(history, fact) == Scope({"report": None, "summary": None, "dossier": None})


def test_a_choice_touches_what_the_chosen_owe_and_the_milestone_after_which_they_are_chosen() -> None:
    history = history_of(
        event(On(date(2023, 6, 8), date(2023, 6, 8))),
        deadline(By(date(2023, 9, 1)), "award", responsible=("winners",)),
        deadline(By(date(2023, 3, 17))),
        groups=(Group(id="winners", chosen_by="lead", after="meeting"),),
    )
    fact = history.record("nominated", at(3, 1), group="winners", parties=("beta",))
    assert touched(history, fact) == Scope({"award": None, "meeting": None})
    others = history.record("nominated", at(3, 2), group="others", parties=("beta",))
    assert touched(history, others) == Scope()


def test_a_choice_touches_whom_the_chosen_are_asked_to_choose() -> None:
    groups = (
        Group(id="winners", chosen_by="lead", after="report"),
        Group(id="speakers", chosen_by="winners", after="meeting"),
    )
    history = history_of(deadline(By(date(2023, 3, 17))), event(On(date(2023, 6, 8), date(2023, 6, 8))), groups=groups)
    before = history.agenda()
    fact = history.record("nominated", at(3, 1), group="winners", parties=("beta",))
    assert touched(history, fact) == Scope({"report": None, "meeting": None})
    assert before.updated(draw_part(history, touched(history, fact))) is None  # somebody is asked who was not


def test_an_agenda_takes_over_a_part_unless_obligations_came_or_went() -> None:
    """A successor owes only what its predecessor left open."""
    old, new = party("beta", valid_to=date(2023, 3, 1), successor="delta"), party("delta")
    history = history_of(deadline(By(date(2023, 3, 17))), parties=(party("lead"), old, new, party("gamma")))
    before = history.agenda()
    fact = history.record("received", at(2, 20), "report", "gamma")
    assert before.updated(draw_part(history, touched(history, fact))) == history.agenda()
    assert before.updated(history.agenda()) == history.agenda()
    fact = history.record("received", at(2, 20), "report", "beta")
    assert before.updated(draw_part(history, touched(history, fact))) is None


def test_a_party_is_touched_together_with_its_successors_and_predecessors() -> None:
    old, new = party("beta", valid_to=date(2023, 3, 1), successor="delta"), party("delta")
    history = history_of(deadline(By(date(2023, 3, 17))), parties=(party("lead"), old, new, party("gamma")))
    family = frozenset({"beta", "delta"})
    for whose in family:
        fact = history.record("received", at(2, 20), "report", whose)
        assert touched(history, fact) == Scope({"report": family})
    fact = history.record("received", at(2, 20), "report", "gamma")
    assert touched(history, fact) == Scope({"report": frozenset({"gamma"})})


def test_who_asks_a_part_for_the_whole_of_a_milestone_is_refused() -> None:
    """What it would answer could be wrong."""
    history = history_of(deadline(By(date(2023, 3, 17))), deadline(By(date(2023, 4, 28)), "later"))
    part = draw_part(history, Scope({"report": None, "later": frozenset({"beta"})}))
    assert part.of_milestone("report") == history.agenda().of_milestone("report")
    for id in ("later", "unknown"):
        with pytest.raises(LookupError, match=f"only a part of {id} was drawn"):
            part.of_milestone(id)


def test_around_a_milestone_is_all_of_it_and_around_an_unknown_one_what_recurs() -> None:
    """So near names of occurrences are found for a mistyped one."""
    monthly = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 3, 1), date(2023, 5, 31))
    history = history_of(deadline(By(date(2023, 3, 17))), deadline(monthly, "monthly"))
    relations = Relations(history.plan, [])
    assert relations.around("report") == Scope({"report": None})
    assert relations.around("monthyl@2023-03-25") == Scope({"monthly": None})


def test_scopes_unite() -> None:
    """All parties and some are all."""
    some, all_of_them = Scope({"a": frozenset({"x"})}), Scope({"a": None})
    assert some | Scope({"a": frozenset({"y"}), "b": None}) == Scope({"a": frozenset({"x", "y"}), "b": None})
    assert some | all_of_them == all_of_them | some == all_of_them
