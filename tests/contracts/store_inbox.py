"""What every store does with the mails that came and with how far the folders of the mailbox were read."""

from __future__ import annotations

from typing import Any

from scheduler.plan import reasons
from scheduler.ports import FetchedMail, FolderState, InboxDecision, InboxState, MailSummary, Store
from tests.contracts.store_samples import HOUR, NOW

SUMMARY = MailSummary(
    message_id="<1@tct.example>", sender="an@tct.example", sender_name="Nguyễn Văn An", subject="Báo cáo sơ kết"
)


def a_mail(uid: int = 1, **changes: Any) -> FetchedMail:
    values: dict[str, Any] = {
        "folder": "INBOX",
        "uid": uid,
        "arrived_at": NOW,
        "size": 12,
        "identity": f"identity of {uid}",
        "digest": "a" * 64,
        "body": "b" * 64,
        "data": b"From: \xff\x00\r\n",
    }
    return FetchedMail(**(values | changes))


def add(store: Store, *mails: FetchedMail, uidvalidity: int = 7, state: InboxState = "new") -> list[int | None]:
    with store.transaction() as unit:
        return [unit.inbox.add(mail, SUMMARY, uidvalidity=uidvalidity, state=state) for mail in mails]


def decide(store: Store, id: int, decision: InboxDecision, expected: InboxState = "new") -> bool:
    with store.transaction() as unit:
        return unit.inbox.decide(id, decision, expected=expected)


class InboxContract:
    def test_mails_are_counted_by_what_they_are_about(self, store: Store) -> None:
        ids = add(store, *(a_mail(uid) for uid in range(1, 6)))
        about: list[tuple[InboxState, str, str, str]] = [
            ("received", "p", "m", "a"),
            ("received", "p", "m", "a"),
            ("review", "p", "m", "b"),
            ("review", "q", "m", "a"),
        ]
        for id, (state, plan, milestone, party) in zip(ids, about, strict=False):
            assert id is not None
            decide(store, id, InboxDecision(state=state, at=NOW, plan=plan, milestone=milestone, party=party))
        with store.reading() as view:
            assert view.inbox.counts_of("p") == {("m", "a", "received"): 2, ("m", "b", "review"): 1}
            assert view.inbox.counts_of("r") == {}

    def test_a_folder_is_remembered_as_it_was_read_last(self, store: Store) -> None:
        first = FolderState(folder="INBOX", uidvalidity=7, last_uid=3, read_at=NOW)
        later = FolderState(folder="INBOX", uidvalidity=8, last_uid=1, read_at=NOW + HOUR)
        other = FolderState(folder="Junk", uidvalidity=2**32 - 1, last_uid=2**32 - 1, read_at=NOW)
        with store.transaction() as unit:
            for state in (first, other, later):
                unit.inbox.record_folder(state)
            assert unit.inbox.folders() == [later, other]

    def test_a_mail_is_kept_with_its_bytes(self, store: Store) -> None:
        [id] = add(store, a_mail())
        assert id is not None
        with store.reading() as view:
            row = view.inbox.get(id)
            assert row is not None
            assert (row.folder, row.uid, row.arrived_at, row.size, row.is_whole) == ("INBOX", 1, NOW, 12, True)
            assert (row.digest, row.body) == ("a" * 64, "b" * 64)
            assert (row.summary, row.state, row.facts, row.reasons) == (SUMMARY, "new", (), ())
            assert view.inbox.data(id) == b"From: \xff\x00\r\n"
            assert view.inbox.get(id + 1) is None

    def test_the_bytes_of_a_large_mail_lie_elsewhere(self, store: Store) -> None:
        [id] = add(store, a_mail(data=None, is_whole=False))
        assert id is not None
        with store.reading() as view:
            assert view.inbox.data(id) is None

    def test_a_mail_that_is_known_is_not_stored_again_but_its_new_place_is_noted(self, store: Store) -> None:
        """The mailbox was rebuilt, or the mail was moved into another folder that is read."""
        [id] = add(store, a_mail())
        assert add(store, a_mail(uid=9, identity="identity of 1", folder="Junk"), uidvalidity=8) == [None]
        with store.reading() as view:
            [row] = view.inbox.page()
            assert (row.id, row.folder, row.uid, row.state) == (id, "Junk", 9, "new")

    def test_a_decision_says_what_became_of_a_mail_and_why(self, store: Store) -> None:
        [id] = add(store, a_mail())
        assert id is not None
        told = MailSummary(subject="Trả lời")
        decision = InboxDecision(
            state="received",
            at=NOW + HOUR,
            summary=told,
            plan="p",
            milestone="m",
            party="beta",
            reasons=(reasons.ANSWERED,),
            facts=(4, 5),
            by="An",
        )
        assert decide(store, id, decision)
        with store.reading() as view:
            row = view.inbox.get(id)
            assert row is not None
            assert (row.state, row.plan, row.milestone, row.party) == ("received", "p", "m", "beta")
            assert (row.reasons, row.facts, row.decided_at, row.by) == ((reasons.ANSWERED,), (4, 5), NOW + HOUR, "An")
            assert row.summary == told

    def test_of_two_who_decide_one_comes_too_late(self, store: Store) -> None:
        [id] = add(store, a_mail())
        assert id is not None
        assert decide(store, id, InboxDecision(state="review", at=NOW))
        assert not decide(store, id, InboxDecision(state="received", at=NOW))
        assert decide(store, id, InboxDecision(state="dismissed", at=NOW), expected="review")
        with store.reading() as view:
            row = view.inbox.get(id)
            assert row is not None
            assert (row.state, row.summary) == ("dismissed", SUMMARY)

    def test_mails_are_listed_by_state_and_page(self, store: Store) -> None:
        ids = add(store, *(a_mail(uid) for uid in range(1, 6)))
        add(store, a_mail(6), state="unlinked")
        assert ids[1] is not None
        decide(store, ids[1], InboxDecision(state="review", at=NOW))
        with store.reading() as view:
            assert [row.uid for row in view.inbox.new(3)] == [1, 3, 4]
            assert [row.uid for row in view.inbox.page()] == [6, 5, 4, 3, 2, 1]
            assert [row.uid for row in view.inbox.page(limit=2)] == [6, 5]
            assert [row.uid for row in view.inbox.page(before=ids[4] or 0, limit=2)] == [4, 3]
            assert [row.uid for row in view.inbox.page(limit=2, offset=4)] == [2, 1]
            assert [row.uid for row in view.inbox.page(["review", "unlinked"])] == [6, 2]
            assert view.inbox.counts() == {"new": 4, "review": 1, "unlinked": 1}
            assert (view.inbox.count("new"), view.inbox.count("review"), view.inbox.count("bounce")) == (4, 1, 0)

    def test_mails_with_the_same_message_id_are_found(self, store: Store) -> None:
        ids = add(store, a_mail(1), a_mail(2))
        with store.reading() as view:
            assert [row.id for row in view.inbox.like("<1@tct.example>")] == ids
            assert view.inbox.like("<2@tct.example>") == []
