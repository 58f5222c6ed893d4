"""What every checker does."""

from __future__ import annotations

from scheduler.ports import Checker
from tests.support.plan_builders import PlanHistory, at


class CheckerContract:
    """Looks at obligations; `checker` is the checker, `history` a plan with several open ones."""

    def test_it_names_its_source(self, checker: Checker) -> None:
        assert checker.source
        assert checker.source == checker.source.strip().lower()

    def test_each_obligation_is_found_once_in_the_order_given(self, checker: Checker, history: PlanHistory) -> None:
        asked = history.agenda().obligations[::-1]
        found = checker.check(history.plan, asked, at(3, 1))
        assert [(f.milestone, f.party) for f in found] == [(o.milestone, o.party) for o in asked]
        assert {f.source for f in found} == {checker.source}

    def test_what_it_proves_has_a_key_that_the_next_look_repeats(self, checker: Checker, history: PlanHistory) -> None:
        looks = [checker.check(history.plan, history.agenda().obligations, at(3, day)) for day in (1, 2)]
        one, other = ([one.idempotency_key for finding in look for one in finding.commands] for look in looks)
        assert one == other

    def test_something_is_said_of_each(self, checker: Checker, history: PlanHistory) -> None:
        assert all(f.seen for f in checker.check(history.plan, history.agenda().obligations, at(3, 1)))

    def test_nothing_is_found_of_nothing(self, checker: Checker, history: PlanHistory) -> None:
        assert list(checker.check(history.plan, [], at(3, 1))) == []

    def test_looking_twice_sees_the_same(self, checker: Checker, history: PlanHistory) -> None:
        asked = history.agenda().obligations
        assert checker.check(history.plan, asked, at(3, 1)) == checker.check(history.plan, asked, at(3, 1))
