"""What every store does when an id is replaced by another one."""

from __future__ import annotations

from dataclasses import replace

from scheduler.plan.facts import Nominated
from scheduler.ports import Store
from tests.contracts.store_feeds import add, an_entry, entries, save
from tests.contracts.store_party_pages import a_document, revoke, submit
from tests.contracts.store_samples import (
    NOW,
    PLAN,
    a_fact,
    a_rung,
    add_rungs,
    outgoing,
    queue,
    rung_row,
    send_off,
    states_of,
)


class RenamesContract:
    def test_everything_about_a_milestone_and_its_occurrences_is_carried_over(self, store: Store) -> None:
        ids = add_rungs(store, *(a_rung(milestone=id) for id in ("a", "a@2023-05-25", "ab", "A", "b@a")))
        mails = queue(store, *(outgoing(n, milestone=id) for n, id in enumerate(("a", "ab"))))
        with store.transaction() as unit:
            facts = [unit.facts.append(a_fact(milestone=id)) for id in ("a", "a@2023-05-25", "ab")]
            other = unit.facts.append(a_fact(plan="another", milestone="a"))
            unit.renames.milestone(PLAN, "a", "new")
        with store.reading() as unit:
            assert [fact.milestone for fact in unit.facts.of(PLAN)] == ["new", "new@2023-05-25", "ab"]
            assert unit.facts.get(other.id) == other
            assert [mail.milestone for mail in unit.outbox.list() if mail.id in mails] == ["new", "ab"]
        assert [rung_row(store, id).milestone for id in ids] == ["new", "new@2023-05-25", "ab", "A", "b@a"]
        assert len(facts) == 3

    def test_a_step_of_the_new_id_gives_way_unless_something_was_sent_for_it(self, store: Store) -> None:
        old = add_rungs(store, a_rung(milestone="a", name="target"), a_rung(milestone="a", name="overdue:1"))
        new = add_rungs(store, a_rung(milestone="b", name="target"), a_rung(milestone="b", name="overdue:1"))
        with store.transaction() as unit:
            unit.rungs.claim([new[1]], now=NOW)
        (mail,) = queue(store, outgoing(1, milestone="b", rungs=(new[1],)))
        send_off(store, mail)
        with store.transaction() as unit:
            unit.renames.milestone(PLAN, "a", "b")
        with store.reading() as unit:
            assert unit.rungs.get(new[0]) is None
        assert [rung_row(store, id).milestone for id in (old[0], old[1], new[1])] == ["b", "a", "b"]
        assert states_of(store, [old[0], new[1]]) == ["planned", "sent"]

    def test_everything_about_a_party_is_carried_over_with_its_addresses_and_files(self, store: Store) -> None:
        (rung,) = add_rungs(store, a_rung(party="beta"))
        fact, [kept] = submit(store, a_document())
        feed = add(store)
        save(store, an_entry())
        revoke(store)
        with store.transaction() as unit:
            unit.renames.party(fact.plan, "beta", "school")
            unit.renames.party(fact.plan, "beta", "school")  # once more changes nothing
        with store.reading() as unit:
            assert [known.party for known in unit.facts.of(fact.plan)] == ["school"]
            assert unit.documents.get(kept.id) == replace(kept, party="school")
            assert [(known.id, known.audience) for known in unit.feeds.list()] == [(feed.id, "school")]
            assert unit.pages.generations() == {"school": 2}
        assert rung_row(store, rung).party == "school"
        assert (len(entries(store, "school")), entries(store)) == (1, [])

    def test_addresses_that_the_new_id_has_already_stay_with_each(self, store: Store) -> None:
        add(store, "beta")
        add(store, "school")
        for party in ("beta", "school"):
            revoke(store, party)
        with store.transaction() as unit:
            unit.renames.party(PLAN, "beta", "school")
        with store.reading() as unit:
            assert sorted(known.audience for known in unit.feeds.list()) == ["beta", "school"]
            assert unit.pages.generations() == {"beta": 2, "school": 2}

    def test_choices_are_carried_over_with_group_and_parties(self, store: Store) -> None:
        common = {"plan": PLAN, "happened_at": NOW, "recorded_at": NOW}
        with store.transaction() as unit:
            unit.facts.append(Nominated(**common, group="nominees", parties=("beta", "gamma")))  # type: ignore[arg-type]
            unit.facts.append(Nominated(**common, group="others"))  # type: ignore[arg-type]
            unit.renames.group(PLAN, "nominees", "chosen")
            unit.renames.party(PLAN, "beta", "school")
        with store.reading() as unit:
            found = [(f.group, f.parties) for f in unit.facts.of(PLAN) if isinstance(f, Nominated)]
        assert found == [("chosen", ("school", "gamma")), ("others", ())]
