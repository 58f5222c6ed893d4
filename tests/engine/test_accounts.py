"""What a mail server's answers do to a mail, to the account and to the party."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.engine.mails.mail_queue import LEASE
from scheduler.errors import RecordUnavailable
from scheduler.plan.facts import Bounced, Rerouted
from scheduler.plan.message_kinds import MessageKind
from scheduler.ports import AccountState, Mail, MessageRow, Outcome
from scheduler.queries.mail_limits import Limits
from scheduler.services.digests import DigestSchedule
from scheduler.store import SqlStore
from tests.contracts.store_samples import a_mail, outgoing
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan
from tests.support.fakes import Crash, LockedStore, crash, nothing, on_call
from tests.support.plan_builders import at

SENT = Outcome(state="sent", reply="250 ok")
LATER = Outcome(state="deferred", reply="451 4.3.0 try later")
LIMIT = Outcome(state="deferred", reply="550 5.4.5 daily limit", account="pause")
LOGIN = Outcome(state="deferred", reply="535 5.7.8 bad credentials", account="stop")
DEAD = Outcome(state="failed", reply="550 5.1.1 no such user", is_dead=True)
BLOCKED = Outcome(state="deferred", reply="554 5.7.1 Client host [203.0.113.5] blocked", account="pause")
LOST = Outcome(state="ambiguous", reply="the connection died after the mail was handed over")


@pytest.fixture
def ready(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon on the eve of before:7d."""
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    return daemon


def account(daemon: DaemonFixture) -> AccountState:
    with daemon.store.reading() as view:
        return view.accounts.state(daemon.mailer.account)


def beta(daemon: DaemonFixture) -> MessageRow:
    [mail] = daemon.mails(rung="before:7d", party="beta")
    return mail


def test_a_mail_put_off_leaves_at_a_later_attempt_with_the_same_bytes(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LATER
    tick = ready.tick(at(3, 10, 8))
    waiting = beta(ready)
    assert (waiting.state, waiting.attempts, waiting.reply) == ("queued", 1, LATER.reply)
    assert at(3, 10, 8) < tick.wake_at <= at(3, 10, 8) + timedelta(minutes=1.2)
    ready.mailer.outcome = SENT
    ready.live(at(3, 10, 8, 5))
    assert (beta(ready).state, beta(ready).attempts) == ("sent", 2)
    data = {mail.data for _, mail in ready.mailer.sent if mail.address == beta(ready).mail.address}
    assert data == {waiting.mail.data}


def test_a_mail_put_off_until_the_next_step_is_due_is_missed(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LATER
    ready.live(at(3, 13, 18))
    ready.mailer.outcome = SENT
    ready.live(at(3, 14, 9))
    assert beta(ready).state == "missed"
    assert ready.states()["before:7d"] == "missed"
    assert ready.states()["before:3wd"] == "sent"


def test_a_limit_reached_lets_the_account_rest_and_nothing_else_is_tried(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LIMIT
    tick = ready.tick(at(3, 10, 8))
    assert len(ready.mailer.sent) == 1
    assert (beta(ready).state, beta(ready).attempts) == ("queued", 0)
    assert account(ready).paused_until == tick.wake_at == at(3, 10, 8, 15)


def test_an_account_that_must_rest_again_rests_longer_and_is_forgiven_when_mail_leaves(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LIMIT
    ready.live(at(3, 10, 8, 15))
    assert account(ready).paused_until == at(3, 10, 8, 45)
    ready.mailer.outcome = SENT
    ready.live(at(3, 10, 8, 45))
    assert account(ready) == AccountState(name=ready.mailer.account)
    assert {mail.state for mail in ready.mails(rung="before:7d")} == {"sent"}


def test_a_recipient_whose_server_refuses_us_holds_up_nobody_else(ready: DaemonFixture) -> None:
    """The account rests, but after each pause the others go first."""
    refused: list[str] = []

    def answer(mail: Mail) -> None:
        refused[:] = refused or [mail.address]
        ready.mailer.outcome = BLOCKED if mail.address in refused else SENT

    ready.mailer.before = answer
    ready.live(at(3, 10, 10))
    states = {mail.mail.address: mail.state for mail in ready.mails(rung="before:7d")}
    assert [states.pop(address) for address in refused] == ["queued"]
    assert set(states.values()) == {"sent"}
    ready.mailer.before, ready.mailer.outcome = nothing, SENT
    ready.live(at(3, 10, 11))
    assert {mail.state for mail in ready.mails(rung="before:7d")} == {"sent"}
    assert account(ready) == AccountState(name=ready.mailer.account)


def test_a_refused_login_stops_the_account_until_a_person_has_looked(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LOGIN
    ready.live(at(3, 10, 16))
    assert len(ready.mailer.sent) == 1
    assert (account(ready).stopped, account(ready).reason) == (True, LOGIN.reply)
    assert [text for text in ready.logged("trouble") if "hanchot mail test" in text] != []
    with ready.store.transaction() as unit:
        unit.accounts.clear(ready.mailer.account)
    ready.mailer.outcome = SENT
    ready.tick(at(3, 10, 16, 1))
    assert {mail.state for mail in ready.mails(rung="before:7d")} == {"sent"}


def test_a_dead_address_hands_the_step_to_the_partys_next_contact(ready: DaemonFixture) -> None:
    """Contract rule 10: the fact is recorded with the server's words; contacts already served are left alone."""
    ready.mailer.outcome = DEAD
    ready.tick(at(3, 10, 8))
    ready.mailer.outcome = SENT
    ready.live(at(3, 10, 9))
    states = {mail.mail.address: mail.state for mail in ready.mails(rung="before:7d", party="beta")}
    assert states == {"officer@beta.example": "failed", "head@beta.example": "sent"}
    assert ready.states()["before:7d"] == "sent"
    [bounced] = [fact for fact in ready.facts() if isinstance(fact, Bounced) and fact.party == "beta"]
    assert (bounced.address, bounced.note) == ("officer@beta.example", DEAD.reply)


def test_a_mail_that_goes_through_after_all_revives_its_address(ready: DaemonFixture) -> None:
    """The best proof: from then on the party's officer gets its mail again, and not the next contact."""
    ready.mailer.outcome = DEAD
    ready.tick(at(3, 10, 8))
    ready.mailer.outcome = SENT
    ready.live(at(3, 10, 9))
    [failed] = ready.mails(state="failed", rung="before:7d", party="beta")
    with ready.store.transaction() as unit:
        unit.outbox.retry(failed.id, now=ready.clock.instant)
    ready.live(at(3, 10, 10))
    [revived] = [fact for fact in ready.facts() if isinstance(fact, Rerouted)]
    assert (revived.party, revived.address, revived.note) == ("beta", "officer@beta.example", SENT.reply)
    ready.live(at(3, 14, 9))
    assert ready.left()[-1] == "03-14 08:00 before:3wd"
    assert [fact for fact in ready.facts() if isinstance(fact, Rerouted)] == [revived]


def test_a_dead_address_is_recorded_later_if_the_record_is_away(ready: DaemonFixture) -> None:
    """Else its steps would go on to it for ever."""
    store = LockedStore(ready.store)
    ready.mailer.outcome, ready.mailer.before = DEAD, lambda mail: store.lock()
    ready.ticker = ready.new_ticker(store=store)
    with pytest.raises(RecordUnavailable):
        ready.tick(at(3, 10, 8))
    assert ready.facts() == []
    ready.mailer.outcome, ready.mailer.before = SENT, nothing
    ready.live(at(3, 10, 9))
    assert [fact.address for fact in ready.facts() if isinstance(fact, Bounced)] == [ready.mailer.sent[0][1].address]


def test_a_mail_whose_answer_was_lost_goes_out_once_more_and_then_stays_unclear(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LOST
    ready.live(at(3, 10, 12))
    tried = [mail.message_id for _, mail in ready.mailer.sent if mail.address == "officer@beta.example"]
    assert len(tried) == 2
    assert len(set(tried)) == 1
    assert (beta(ready).state, ready.states()["before:7d"]) == ("ambiguous", "ambiguous")


def test_who_answered_after_a_lost_answer_is_not_written_to_again(ready: DaemonFixture) -> None:
    ready.mailer.outcome = LOST
    ready.tick(at(3, 10, 8))
    ready.slip_in("received")
    ready.mailer.outcome = SENT
    ready.live(at(3, 10, 9))
    assert beta(ready).state == "skipped"


def test_no_more_leave_in_a_minute_than_the_account_may_send(store: SqlStore) -> None:
    daemon = DaemonFixture(store, limits=Limits(per_minute=2))
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    daemon.tick(at(3, 10, 8))
    assert len(daemon.mailer.sent) == 2
    daemon.live(at(3, 10, 8, 1))
    assert len(daemon.mailer.sent) == 3


def test_a_daemon_without_limits_changes_no_count_of_another(ready: DaemonFixture) -> None:
    def take(count: int) -> int:
        with ready.store.transaction() as unit:
            return unit.accounts.take(ready.mailer.account, count, now=at(3, 10, 8), per_minute=5, per_day=5)

    assert take(2) == 2
    ready.tick(at(3, 10, 8))
    assert len(ready.mailer.sent) == 3
    assert take(5) == 3


def test_two_daemons_share_the_limit_of_a_day(store: SqlStore) -> None:
    daemon = DaemonFixture(store, limits=Limits(per_day=4))
    daemon.live(at(3, 3, 12))
    second = daemon.new_ticker(name="second", limits=Limits(per_day=4))
    daemon.clock.instant = at(3, 3, 12)
    second.tick()
    assert len(daemon.mailer.sent) == 3
    daemon.clock.instant = at(3, 4)
    daemon.live(at(3, 10, 8))
    daemon.clock.instant = at(3, 10, 8)
    second.tick()
    assert len(daemon.mailer.sent) == 6


@pytest.mark.parametrize("at_mail", [1, 7, 50, 51])
@pytest.mark.parametrize("kills", [1, 2, 9])
def test_what_a_killed_daemon_claimed_and_did_not_try_is_not_counted(store: SqlStore, kills: int, at_mail: int) -> None:
    """Only the mail in hand stays counted: nobody knows whether it left. What is claimed is tried by somebody later."""
    limits = Limits(per_day=150 + kills * at_mail)
    daemon = DaemonFixture(store, large_plan(1_000, ladder=ONCE))
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    daemon.clock.instant = at(3, 10, 8)
    for number in range(kills):
        daemon.mailer.before = on_call(at_mail, crash)
        with pytest.raises(Crash):
            daemon.new_ticker(name=f"killed {number}", limits=limits).tick()
        daemon.clock.instant += LEASE
    daemon.mailer.before = nothing
    daemon.new_ticker(name="last", limits=limits).tick()
    assert len(daemon.mailer.sent) == limits.per_day - kills


def queue_urgent(daemon: DaemonFixture, count: int, kind: MessageKind = "sign-in") -> None:
    """Queue mails as they are queued for whoever asks to sign in."""
    now = daemon.clock.instant
    with daemon.store.transaction() as unit:
        for number in range(count):
            unit.outbox.add(
                outgoing(
                    number,
                    kind=kind,
                    plan=daemon.plan.id,
                    milestone=None,
                    mail=a_mail(number, message_id=f"<{now.timestamp()}.{number}@x.example>"),
                    created_at=now,
                    not_before=now,
                    expires_at=None,
                )
            )


@pytest.mark.parametrize("kind", ["sign-in", "outage"])
@pytest.mark.parametrize("limits", [Limits(per_minute=7, urgent_per_hour=5), Limits(per_day=7, urgent_per_day=5)])
def test_urgent_mails_leave_first_and_are_counted_with_the_others(
    store: SqlStore, kind: MessageKind, limits: Limits
) -> None:
    """Whoever asks for links does not wait behind the reminders."""
    daemon = DaemonFixture(store, limits=limits)
    daemon.live(at(3, 2, 18))
    daemon.mailer.sent.clear()
    daemon.clock.instant = at(3, 3, 8)
    queue_urgent(daemon, 9, kind)
    daemon.tick()
    kinds = {mail.mail.message_id: mail.kind for mail in daemon.mails()}
    assert [kinds[id] for id in daemon.mailer.ids] == [kind] * 5 + ["reminder"] * 2


def test_more_urgent_mails_than_may_leave_in_an_hour_leave_in_the_next(store: SqlStore) -> None:
    daemon = DaemonFixture(store, limits=Limits(urgent_per_hour=5))
    daemon.tick(at(3, 1, 18))
    queue_urgent(daemon, 8)
    daemon.live(at(3, 1, 18, 59))
    assert len(daemon.mailer.sent) == 5
    daemon.live(at(3, 1, 19))
    assert len(daemon.mailer.sent) == 8


@pytest.mark.parametrize("per_minute", [0, 60])
def test_links_asked_for_all_day_keep_no_reminder_from_leaving(store: SqlStore, per_minute: int) -> None:
    """Five in a quarter of an hour for one address: 480 a day, more than the account may send."""
    limits = Limits(per_minute=per_minute, per_day=450, urgent_per_hour=30, urgent_per_day=50)
    daemon = DaemonFixture(store, large_plan(100, ladder=ONCE), limits=limits)
    daemon.tick(at(3, 9, 8))
    for quarter in range(96):
        daemon.clock.instant = at(3, 9, 8) + quarter * timedelta(minutes=15)
        queue_urgent(daemon, 5)
        daemon.tick()
    daemon.live(at(3, 10, 8, 5))
    assert {mail.state for mail in daemon.mails() if mail.kind == "reminder"} == {"sent"}
    assert len(daemon.mailer.sent) == 150


@pytest.mark.parametrize("urgent_first", [True, False])
@pytest.mark.parametrize(("per_day", "urgent_per_day"), [(20, 5), (6, 3), (10, 10)])
def test_in_24_hours_an_account_sends_at_most_both_daily_limits_together(
    store: SqlStore, urgent_first: bool, per_day: int, urgent_per_day: int
) -> None:
    """Urgent mails leave also when the reminders have used up their limit, and take from it when they come before."""
    limits = Limits(per_day=per_day, urgent_per_hour=4, urgent_per_day=urgent_per_day)
    daemon = DaemonFixture(store, large_plan(100, ladder=ONCE), limits=limits)
    daemon.live(at(3, 9, 18))
    if urgent_first:
        queue_urgent(daemon, 100)
        daemon.live(at(3, 10, 7))
    daemon.live(at(3, 10, 9))
    queue_urgent(daemon, 100)
    daemon.live(at(3, 10, 17))
    assert len(daemon.mailer.sent) == per_day + (0 if urgent_first else urgent_per_day)
    kinds = [mail.kind for mail in daemon.mails() if mail.state == "sent"]
    assert kinds.count("sign-in") == urgent_per_day


def test_a_mail_that_could_not_even_be_tried_is_not_counted(store: SqlStore) -> None:
    daemon = DaemonFixture(store, limits=Limits(per_day=3))
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    daemon.mailer.is_down = True
    daemon.live(at(3, 10, 9))
    daemon.mailer.is_down = False
    daemon.live(at(3, 10, 10))
    assert len(daemon.mailer.sent) == 3


def test_a_daemon_ends_its_page_when_another_has_used_up_the_limit(store: SqlStore) -> None:
    """What it had claimed leaves when there is room again."""
    daemon = DaemonFixture(store, limits=Limits(per_minute=3))
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()

    def use_up(mail: Mail) -> None:
        with daemon.store.transaction() as unit:
            unit.accounts.take(daemon.mailer.account, 2, now=at(3, 10, 8), per_minute=3, per_day=0)

    daemon.mailer.before = use_up
    tick = daemon.tick(at(3, 10, 8))
    assert len(daemon.mailer.sent) == 1
    assert tick.wake_at == at(3, 10, 8, 1)
    daemon.mailer.before = nothing
    daemon.live(at(3, 10, 8, 1))
    assert len(daemon.mailer.sent) == 3


def test_a_mail_server_away_for_days_over_a_deadline_leaves_one_summary(ready: DaemonFixture) -> None:
    """Who answered meanwhile is not written to, what is stale is missed, and the operators read it once."""
    ready.live(at(3, 16, 7))
    ready.mailer.sent.clear()
    ready.mailer.is_down = True
    ready.live(at(3, 17, 10))
    ready.record("received", "gamma", notify=False)
    ready.live(at(3, 21, 7))
    ready.mailer.is_down = False
    ready.live(at(3, 21, 12))
    assert ready.left("officer@gamma.example") == []
    assert ready.left() == ["03-21 08:00 overdue:1"]
    assert {ready.states()[name] for name in ("before:1wd", "named-day")} == {"missed"}
    assert len(ready.left("ops@cum.example")) == 1


def test_a_digest_is_written_once_a_week_whatever_number_of_daemons_there_are(store: SqlStore) -> None:
    daemon = DaemonFixture(store, weekly=DigestSchedule())
    second = daemon.new_ticker(name="second", weekly=DigestSchedule())
    for day in (3, 6, 7, 13):
        daemon.tick(at(3, day, 8, 1))
        second.tick()
    assert [text for text in daemon.left("officer@lead.example") if "digest" in text] == [
        "03-06 08:01 digest",
        "03-13 08:01 digest",
    ]


def test_a_digest_whose_day_has_long_passed_is_not_written(store: SqlStore) -> None:
    daemon = DaemonFixture(store, weekly=DigestSchedule())
    daemon.tick(at(3, 3, 12))
    daemon.tick(at(3, 9, 12))
    assert daemon.mails(kind="digest") == []
