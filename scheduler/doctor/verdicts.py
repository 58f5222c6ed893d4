"""Verdicts of `doctor` on what was found, each with a hint. Pure functions; `checks` does the looking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from scheduler.errors import Problem, UserError
from scheduler.import_name import HINT, describe_others
from scheduler.mail.smtp_replies import NO_TOKEN
from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.ports import AccountState, FailedSource, MessageRow, MessageState, Outcome, PlanState
from scheduler.queries.crowded_steps import Crowd
from scheduler.queries.mail_limits import LimitUse
from scheduler.queries.plans import ABSENT_HINT
from scheduler.services.clock_guard import JUMP_HINT, describe_jump
from scheduler.texts import Text, Worded
from scheduler.wording import format_clock, format_moment, format_size, format_span, format_stamp

CLOCK_BEHIND = timedelta(minutes=2)  # behind the last tick in the record; another machine's clock may be slightly ahead
TICK_OLD = timedelta(minutes=20)  # with cron, ticks are a quarter of an hour apart
LATELY = timedelta(days=7)  # how long a lost mail is reported
STUCK = timedelta(days=1)
LOW_SPACE, CRITICAL_SPACE = 500_000_000, 50_000_000  # bytes
NO_SPACE = 1_000_000  # bytes; little more than one transaction of a large plan

State = Literal["ok", "warning", "error", "skipped"]  # skipped: not looked at, and therefore not judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one check."""

    check: str
    state: State
    message: str
    hint: str = ""


def from_problems(check: str, problems: Sequence[Problem], well: str, hint: str) -> Verdict:
    """Return the first of the most severe problems and how many there are, or that all is well."""
    for severity in ("error", "warning"):
        found = [problem for problem in problems if problem.severity == severity]
        if found:
            more = Text(" (and {number} more)", number=len(found) - 1) if len(found) > 1 else ""
            state: State = "error" if severity == "error" else "warning"
            return Verdict(check=check, state=state, message=found[0].head + more, hint=hint or found[0].hint or "")
    return Verdict(check=check, state="ok", message=well)


def from_error(check: str, error: UserError) -> Verdict:
    """Return an error as the verdict of a check."""
    first = error.problems[0]
    return Verdict(check=check, state="error", message=first.head, hint=first.hint or "")


def judge_plans(absent: Collection[PlanState], now: datetime) -> Verdict:
    """Return whether a definition of every plan that promises steps is loaded."""
    if not absent:
        return Verdict(check="plans", state="ok", message=Text("every promise in the record has its plan"))
    late = sum(state.next_rung is not None and state.next_rung <= now for state in absent)
    names = ", ".join(state.plan for state in absent)
    message = Text("steps are promised, and no definition was found of {names}", names=names)
    if late:
        message += Text("; {late} of them have steps that are due", late=late)
    return Verdict(check="plans", state="error", message=message, hint=ABSENT_HINT)


def judge_packages(owners: Sequence[str | None]) -> Iterator[Verdict]:
    """Yield a warning if other distributions of this Python own the import name `scheduler` as well.

    A distribution without metadata, as one that was removed in part, has the name None.
    """
    if others := describe_others(owners):
        yield Verdict(check="packages", state="warning", message=others, hint=HINT)


def judge_clock(now: datetime, last_tick: datetime | None, jump: timedelta | None = None) -> Verdict:
    """Return a verdict on whether the machine's clock is plausible: the last tick cannot be in the future.

    `jump` is by how much it is ahead of everything that is known, if it cannot be believed.
    """
    if jump is not None:
        return Verdict(check="clock", state="error", message=describe_jump(jump), hint=JUMP_HINT)
    if last_tick is None or last_tick - now <= CLOCK_BEHIND:
        return Verdict(check="clock", state="ok", message=Worded(partial(format_stamp, now.astimezone())))
    message = Text(
        "the record was last written {span} from now: the clock is wrong, or was", span=_spell(last_tick - now)
    )
    hint = Text("set the clock (`timedatectl` shows it); if it is right now, wait: nothing is done twice")
    return Verdict(check="clock", state="error", message=message, hint=hint)


def judge_tick(now: datetime, last_tick: datetime | None, *, fresh: timedelta = TICK_OLD) -> Verdict:
    """Return a verdict on whether the daemon runs: whether a tick was completed within `fresh`."""
    hint = Text("start `hanchot run`, or `hanchot tick` every quarter of an hour")
    if last_tick is None:
        return Verdict(check="daemon", state="warning", message=Text("has never run on this record"), hint=hint)
    if now - last_tick <= fresh:
        return Verdict(
            check="daemon",
            state="ok",
            message=Text("last at work {span} ago", span=_spell(max(now - last_tick, timedelta()))),
        )
    message = Text("last at work {span} ago; nobody is reminded meanwhile", span=_spell(now - last_tick))
    return Verdict(check="daemon", state="error", message=message, hint=hint)


def judge_writing(failure: UserError | None, free: int | None) -> Verdict:
    """Return a verdict on whether the record can be written.

    `failure` is why the last tick could not be recorded, if it could not; `free` are the bytes free beside the record,
    None for one elsewhere.
    """
    if failure is not None:
        return from_error("database", failure)
    if free is not None and free < NO_SPACE:
        message = Text("there is no room left for the record: {size} free", size=Worded(partial(format_size, free)))
        return Verdict(check="database", state="error", message=message, hint=Text("make room on its disk"))
    return Verdict(check="database", state="ok", message=Text("the record can be read and written"))


def judge_disk(path: Path, free: int, *, is_writable: bool) -> Verdict:
    """Return a verdict on whether a folder is writable and has room; `free` is in bytes."""
    if not is_writable:
        hint = Text("give the user that runs hanchot the right to write there")
        return Verdict(check="disk", state="error", message=Text("{path} cannot be written to", path=path), hint=hint)
    message = Text("{path}: {size} free", path=path, size=Worded(partial(format_size, free)))
    if free >= LOW_SPACE:
        return Verdict(check="disk", state="ok", message=message)
    state: State = "error" if free < CRITICAL_SPACE else "warning"
    return Verdict(
        check="disk",
        state=state,
        message=Text("{path}: only {size} free", path=path, size=Worded(partial(format_size, free))),
        hint=Text("make room"),
    )


def judge_links(public_url: str, *, is_public: bool) -> Verdict:
    """Return a verdict on whether mails can link to the pages (contract rule 20), and nobody on the way reads along."""
    if is_public and public_url.startswith("http:"):
        message = Text(
            "mails link to {public_url}: whoever is on the way can read the private addresses, and use them",
            public_url=public_url,
        )
        hint = Text("put a proxy that speaks https in front and set public_url in [server] to its address, https://...")
        return Verdict(check="links", state="warning", message=message, hint=hint)
    if is_public:
        return Verdict(
            check="links", state="ok", message=Text("pages are reached at {public_url}", public_url=public_url)
        )
    message = (
        Text("mails hold no links: {url} cannot be opened from other machines", url=public_url)
        if public_url
        else Text("mails hold no links: no address is known that could be opened from other machines")
    )
    hint = Text("set public_url in [server] once the pages can be reached from outside")
    return Verdict(check="links", state="warning", message=message, hint=hint)


def judge_proxies(public_url: str, trusted: Sequence[str]) -> Iterator[Verdict]:
    """Yield a warning if there is a proxy, since this server speaks no https itself, and its word is not believed."""
    if public_url.startswith("https:") and not trusted:
        message = Text(
            "public_url is https, so a proxy stands in front, and trusted_proxies is empty: all visitors look "
            "like one, and what one does too often is refused to everybody"
        )
        hint = Text(
            "set trusted_proxies in [server] to the address that the proxy connects from, such "
            'as ["127.0.0.1"], and let the proxy send X-Forwarded-For'
        )
        yield Verdict(check="proxies", state="warning", message=message, hint=hint)


def judge_login(server: str, outcome: Outcome | None) -> Verdict:
    """Return the verdict on a connection that was opened and logged in, up to where a mail could be sent."""
    if outcome is None:
        return Verdict(
            check="mail",
            state="ok",
            message=Text("{server} took the login; `hanchot mail test` sends a mail", server=server),
        )
    return Verdict(
        check="mail",
        state="error",
        message=Text("{server}: {reply}", server=server, reply=outcome.reply),
        hint=way_out(outcome),
    )


def way_out(outcome: Outcome) -> str:
    """Return what a person can do about a failed attempt."""
    if outcome.account == "stop":
        return Text("check host, security, username and password (or [mail.smtp.token]) in [mail.smtp], and mail.from")
    if outcome.reply.startswith(f"{NO_TOKEN}: "):
        return Text(
            "the daemon tries again by itself, and so does `hanchot mail test ADDRESS`"
        )  # the words say what to do
    if outcome.account == "pause" and outcome.pace == "soon":
        return Text(
            "check host, port and security in [mail.smtp], that the server can be reached from here, and what "
            "it says; the daemon tries again by itself"
        )
    if outcome.account == "pause":
        return Text("the server has had enough for now: the daemon waits; lower [mail.limits] if it happens again")
    if outcome.is_dead:
        return Text("check the address")
    if outcome.state == "ambiguous":
        return Text("nobody knows whether it arrived: look into the mailbox")
    if outcome.state == "deferred":
        return Text("check that the server can be reached from here; if so, try again later")
    return Text("what the server says is about this mail: check mail.from")


def judge_account(state: AccountState, now: datetime) -> Verdict:
    """Return a verdict on whether the account may send mails."""
    if state.stopped:
        hint = Text("put right what it complains of, then `hanchot mail test ADDRESS` starts it again")
        return Verdict(
            check="account", state="error", message=Text("stopped: {reason}", reason=state.reason), hint=hint
        )
    if state.paused_until is not None and state.paused_until > now:
        message = Text("rests for another {span}: {reason}", span=_spell(state.paused_until - now), reason=state.reason)
        hint = Text("it goes on by itself; `hanchot mail test ADDRESS` ends the rest if a mail goes through")
        return Verdict(check="account", state="warning", message=message, hint=hint)
    return Verdict(check="account", state="ok", message=Text("mails may leave"))


def judge_limits(uses: Sequence[LimitUse]) -> Iterator[Verdict]:
    """Yield a warning for each limit of the mail account that is reached; that of a minute is soon over."""
    for use in uses:
        if use.name == "day" and not use.left:
            message = Text(
                "{used} mails left in the last 24 hours, as many as per_day allows; the others wait", used=use.used
            )
            hint = Text("they leave by and by; raise per_day in [mail.limits] if the provider allows more")
            yield Verdict(check="limits", state="warning", message=message, hint=hint)
        elif use.name != "minute" and not use.left:
            period = Text("within this hour") if use.name == "urgent" else Text("in the last 24 hours")
            message = Text(
                "{used} sign-in links and outage summaries left {period}, as many as may; more wait",
                used=use.used,
                period=period,
            )
            hint = Text("somebody may be asking for links that are not his; `hanchot sign-in EMAIL` prints one here")
            yield Verdict(check="limits", state="warning", message=message, hint=hint)


def judge_crowds(crowds: Sequence[Crowd]) -> Iterator[Verdict]:
    """Yield a warning if there are steps of which not all mails can leave before the office closes."""
    if not crowds:
        return
    first = max(crowds, key=lambda crowd: crowd.mails - crowd.in_time)
    more = Text("; so on {number} other days", number=len(crowds) - 1) if len(crowds) > 1 else ""
    plans = ", ".join(first.plans)
    message = Text(
        "{mails:,} mails of {plans} fall due on {opens}, and the limits let {in_time:,} "
        "leave until {closes}; the others wait for the next working day{more}",
        mails=first.mails,
        plans=plans,
        opens=Worded(partial(format_moment, first.opens)),
        in_time=first.in_time,
        closes=Worded(partial(format_clock, first.closes)),
        more=more,
    )
    hint = Text(
        "raise per_minute or per_day in [mail.limits] as far as the provider allows, or spread the hours of the plans"
    )
    yield Verdict(check="limits", state="warning", message=message, hint=hint)


def judge_mailbox(
    gap: ReadingGap | None, failed: Iterable[tuple[str, FailedSource]], now: datetime
) -> Iterator[Verdict]:
    """Yield verdicts on what could not be read: the mailbox, and the sources of status checks with their plans."""
    if gap is not None:
        since = Text("for {span}", span=_spell(now - gap.since)) if gap.since else Text("so far")
        message = Text(
            "the mailbox was not read {since}; reminders say so instead of calling something missing", since=since
        )
        yield Verdict(
            check="inbox", state="warning", message=message, hint=Text("the log of `hanchot run` or `tick` says why")
        )
    for plan, one in failed:
        message = Text("the status check of {plan} could not look at the source {source}", plan=plan, source=one.source)
        if one.since:
            message += Text(" for {span}", span=_spell(now - one.since))
        yield Verdict(check="checks", state="error", message=message, hint=one.words)


def judge_outbox(mails: Sequence[MessageRow], now: datetime) -> Verdict:
    """Return a verdict on the mails that need a person: held ones, stuck ones, and ones lost in the last days."""

    def count(state: MessageState) -> int:
        return sum(1 for mail in mails if mail.state == state and not _is_old(mail, now))

    stuck = sum(1 for mail in mails if mail.state == "queued" and now - mail.not_before > STUCK)
    counts = {
        "failed": count("failed"),
        "ambiguous": count("ambiguous"),
        "held": count("held"),
        "waiting for more than a day": stuck,
    }
    message = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    if not message:
        return Verdict(check="outbox", state="ok", message=Text("nothing needs a person"))
    hint = Text("`hanchot outbox list` and `why` show them; `hanchot outbox retry` and `release` send them")
    return Verdict(check="outbox", state="warning", message=message, hint=hint)


def judge_contacts(bounced: Sequence[str]) -> Verdict:
    """Return a verdict on the addresses that are known to bounce."""
    if not bounced:
        return Verdict(check="contacts", state="ok", message=Text("no address is known to bounce"))
    shown = ", ".join(bounced[:3])
    if len(bounced) > 3:
        shown += Text(" and {number} more", number=len(bounced) - 3)
    hint = Text("`hanchot contacts list` says why; put them right in the roster, or `hanchot contacts restore ADDRESS`")
    return Verdict(check="contacts", state="warning", message=Text("no mail goes to {shown}", shown=shown), hint=hint)


def judge_secrecy(files: Sequence[tuple[Path, int]]) -> Iterator[Verdict]:
    """Yield a warning for each file with a secret whose mode lets others read it."""
    for path, mode in files:
        if mode & 0o077:
            message = Text("{path} holds a secret and others may read it", path=path)
            yield Verdict(check="secrets", state="warning", message=message, hint=Text("chmod 600 {path}", path=path))


def judge_record_file(path: Path, mode: int, folder_mode: int) -> Iterator[Verdict]:
    """Yield a warning if others may read the file of the record; in a folder that is closed to them they cannot."""
    if mode & 0o077 and folder_mode & 0o011:
        message = Text("{path} holds everybody's addresses and what they were told, and others may read it", path=path)
        # SQLite gives the files that it puts beside the mode of this one, but does not change those that are there.
        yield Verdict(check="secrets", state="warning", message=message, hint=Text("chmod 600 {path}*", path=path))


def _spell(span: timedelta) -> Worded:
    return Worded(partial(format_span, span))


def _is_old(mail: MessageRow, now: datetime) -> bool:
    return mail.settled_at is not None and now - mail.settled_at > LATELY
