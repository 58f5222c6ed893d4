"""Commands that record facts; each prints what changed and which steps were dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

import click

from scheduler.cli.context import Day, Moment, NeededText, Session, WholeNumber, format_option, in_zone
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import (
    Headings,
    example,
    localise,
    print_json,
    print_problem,
    print_table,
    say,
    short,
    usage_error,
    word_code,
)
from scheduler.errors import NothingMatched
from scheduler.plan.commands import (
    Accept,
    Command,
    Count,
    Extend,
    FixDate,
    Insist,
    MarkInvited,
    Nominate,
    RecordReceived,
    RecordReply,
    RemindNow,
    Restate,
    Retire,
    Return,
    SettleDoubt,
    Skip,
    Snooze,
    TakeNote,
    Undo,
    Waive,
)
from scheduler.plan.facts import Actor, Counted, Nominated, Replied, Reply, parties_of_fact
from scheduler.plan.model import Plan
from scheduler.ports import Document
from scheduler.queries.indicators import list_indicators
from scheduler.queries.rows import fact_row, iso, rung_row
from scheduler.services.record_facts import Recorded
from scheduler.texts import Text
from scheduler.wording.sentences import word_reason

UTC_ZONE = ZoneInfo("UTC")
F = TypeVar("F", bound=Callable[..., Any])


def _obligation(command: F) -> F:
    """Add the arguments PLAN MILESTONE PARTY."""
    for name in ("party", "milestone", "plan"):
        command = click.argument(name)(command)
    return command


_by = click.option("--by", default="", help="Who says so.")
_decision = click.option("--decision", default="", help="The document that decides it.")


@command(epilog=example("hanchot receive bac-trung-bo-2023 dang-ky nghe-an --channel paper --sent-on 2023-03-15"))
@_obligation
@click.option("--deliverable", "deliverables", multiple=True, help="What came; all of it if left out. May be repeated.")
@click.option("--channel", type=click.Choice(["paper", "email", "web"]), help="How it came.")
@click.option("--sent-on", type=Day(), help="The postmark of a paper submission; it decides lateness.")
@click.option("--received-at", type=Moment(), help="When it came, local to the plan; now if left out.")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="What came: copies are kept. Repeatable.",
)
@_by
@click.option("--no-receipt", is_flag=True, help="Do not write to the party that it came.")
@format_option
@click.pass_obj
def receive(
    session: Session,
    plan: str,
    milestone: str,
    party: str,
    deliverables: tuple[str, ...],
    channel: Any,
    sent_on: date | None,
    received_at: date | datetime | None,
    files: tuple[Path, ...],
    by: str,
    no_receipt: bool,
    output_format: str,
) -> None:
    """Record a submission: from now on nobody is reminded of it."""
    documents = session.keep_files(files)
    command = RecordReceived(
        **_about(session, milestone, party, by),
        deliverables=deliverables,
        channel=channel,
        sent_on=sent_on,
        received_at=in_zone(received_at, session.plan(plan)) if received_at else None,
        files=tuple(document.name for document in documents),
    )
    _execute(session, plan, command, output_format, notify=not no_receipt, documents=documents)


@command(epilog=example("hanchot accept bac-trung-bo-2023 dang-ky nghe-an"))
@_obligation
@click.option("--note", default="", help="A remark; the party reads it on its page.")
@_by
@format_option
@click.pass_obj
def accept(session: Session, plan: str, milestone: str, party: str, note: str, by: str, output_format: str) -> None:
    """Accept a complete submission."""
    _execute(session, plan, Accept(**_about(session, milestone, party, by), note=note), output_format)


@command(
    "return",
    epilog=example(
        "hanchot return bac-trung-bo-2023 dang-ky nghe-an --missing danh-sach-can-bo --note 'chưa có chữ ký'"
    ),
)
@_obligation
@click.option("--missing", multiple=True, help="What must be sent again; all of it if left out. May be repeated.")
@click.option("--note", default="", help="What is wrong with it; the party reads this.")
@_by
@format_option
@click.pass_obj
def return_command(
    session: Session,
    plan: str,
    milestone: str,
    party: str,
    missing: tuple[str, ...],
    note: str,
    by: str,
    output_format: str,
) -> None:
    """Return a submission: the steps still ahead live again."""
    command = Return(**_about(session, milestone, party, by), missing=missing, note=note)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot waive bac-trung-bo-2023 kiem-tra --all --reason 'không tổ chức'"))
@click.argument("plan")
@click.argument("milestone")
@click.argument("party", required=False)
@click.option("--all", "everybody", is_flag=True, help="For all parties in one act.")
@click.option("--reason", type=NeededText(), required=True, help="Why it need not be done.")
@_decision
@_by
@format_option
@click.pass_obj
def waive(
    session: Session,
    plan: str,
    milestone: str,
    party: str | None,
    everybody: bool,
    reason: str,
    decision: str,
    by: str,
    output_format: str,
) -> None:
    """Release a party, or all of them, from a milestone."""
    if (party is None) is not everybody:
        raise usage_error(Text("name a PARTY, or say --all"))
    command = Waive(**_about(session, milestone, party, by), reason=reason, decision=decision)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot extend bac-trung-bo-2023 dang-ky nghe-an --until 2023-03-27 --decision '12/CV-CTĐ'"))
@_obligation
@click.option("--until", type=Day(), required=True, help="The new last day (included).")
@click.option("--decision", type=NeededText(), required=True, help="The document that grants it.")
@_by
@format_option
@click.pass_obj
def extend(
    session: Session, plan: str, milestone: str, party: str, until: date, decision: str, by: str, output_format: str
) -> None:
    """Give one party more time.

    It gets a notice of the new date and a full ladder of reminders for it.
    """
    command = Extend(**_about(session, milestone, party, by), until=until, decision=decision)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot nominate bac-trung-bo-2023 nominees nghe-an thanh-hoa"))
@click.argument("plan")
@click.argument("group")
@click.argument("parties", nargs=-1)
@click.option("--none", "nobody", is_flag=True, help="Nobody is nominated.")
@_decision
@_by
@format_option
@click.pass_obj
def nominate(
    session: Session,
    plan: str,
    group: str,
    parties: tuple[str, ...],
    nobody: bool,
    decision: str,
    by: str,
    output_format: str,
) -> None:
    """Add parties to a group that is chosen during the year."""
    if bool(parties) is nobody:
        raise usage_error(Text("name at least one PARTY, or say --none"))
    command = Nominate(at=session.now, by=Actor(name=by), group=group, parties=parties, decision=decision)
    _execute(session, plan, command, output_format)


@command("fix-date", epilog=example("hanchot fix-date bac-trung-bo-2023 so-ket 2023-06-08T08:00 --place 'Hà Tĩnh'"))
@click.argument("plan")
@click.argument("milestone")
@click.argument("moment", metavar="DATE[THH:MM]", type=Moment())
@click.option("--to", "last", type=Day(), help="The last day of an event of several days.")
@click.option("--place", default="", help="Where it takes place.")
@_decision
@_by
@format_option
@click.pass_obj
def fix_date(
    session: Session,
    plan: str,
    milestone: str,
    moment: date | datetime,
    last: date | None,
    place: str,
    decision: str,
    by: str,
    output_format: str,
) -> None:
    """Fix the date of a tentative or undated milestone."""
    about: dict[str, Any] = {"at": session.now, "by": Actor(name=by), "milestone": milestone}
    command = FixDate(**about, first=moment, last=last, place=place, decision=decision)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot mark-invited bac-trung-bo-2023 so-ket --note 'giấy mời số 05-GM/CTĐ'"))
@click.argument("plan")
@click.argument("milestone")
@click.option("--note", default="", help="How they were invited.")
@_by
@format_option
@click.pass_obj
def mark_invited(session: Session, plan: str, milestone: str, note: str, by: str, output_format: str) -> None:
    """Record that the guests of an event were invited.

    Guests get no mail. It also says that they were told of another day or place, or that there is none any more.
    """
    command = MarkInvited(at=session.now, by=Actor(name=by), note=note, milestone=milestone)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot reply bac-trung-bo-2023 tong-ket nghe-an delegated --deputy 'Phó Hiệu trưởng'"))
@_obligation
@click.argument("answer", type=click.Choice(get_args(Reply)))
@click.option("--deputy", default="", help="Who comes instead, where the plan lets somebody.")
@click.option("--people", type=WholeNumber(1), help="How many come.")
@click.option("--note", default="", help="What the party says besides.")
@_by
@format_option
@click.pass_obj
def reply(
    session: Session,
    plan: str,
    milestone: str,
    party: str,
    answer: Reply,
    deputy: str,
    people: int | None,
    note: str,
    by: str,
    output_format: str,
) -> None:
    """Record a party's reply to an invitation.

    It is for the days in force and replaces what the party said before.
    """
    about = _about(session, milestone, party, by)
    _execute(session, plan, RecordReply(**about, reply=answer, deputy=deputy, people=people, note=note), output_format)


@command(epilog=example("hanchot undo f12 --reason 'ghi nhầm trường'"))
@click.argument("fact")
@click.option("--reason", type=NeededText(), required=True, help="Why it is taken back.")
@click.option("--no-correction", is_flag=True, help="Write no correction to those who hold a letter about it.")
@_by
@format_option
@click.pass_obj
def undo(session: Session, fact: str, reason: str, no_correction: bool, by: str, output_format: str) -> None:
    """Take a recorded fact back.

    Steps live again as if it had not been recorded. Who holds a letter about it gets a correction. FACT is the id
    that was printed when it was recorded.
    """
    target = session.find_fact(fact)
    command = Undo(at=session.now, by=Actor(name=by), target=target, reason=reason)
    _execute(session, target.plan, command, output_format, notify=not no_correction)


@command(epilog=example("hanchot retire bac-trung-bo-2023 --reason 'cụm thi đua giải thể'"))
@click.argument("plan")
@click.option("--reason", type=NeededText(), required=True, help="Why it ends.")
@_by
@format_option
@click.pass_obj
def retire(session: Session, plan: str, reason: str, by: str, output_format: str) -> None:
    """End a plan: nothing of it is owed any more.

    Its steps are cancelled, nobody is told, and the record and the pages stay. It works also when the file of
    the plan is gone. `undo` takes it back.
    """
    command = Retire(at=session.now, by=Actor(name=by), reason=reason)
    if any(definition.plan.id == plan for definition in session.loaded.definitions):
        _execute(session, plan, command, output_format)
        return
    fact, cancelled = session.retire_absent(plan, command)
    if output_format == "json":
        print_json([{"fact": fact_row(fact, UTC_ZONE), "cancelled": cancelled}])
    else:
        say(
            Text(
                "f{id}: {kind} {plan}; its definition is not loaded\n  fell away: {number} steps",
                id=fact.id,
                kind=word_code("fact", fact.label),
                plan=plan,
                number=cancelled,
            )
        )


@command(epilog=example("hanchot reassign f12 bao-cao-q2"))
@click.argument("fact")
@click.argument("milestone", metavar="MILESTONE[@DATE]")
@click.argument("party", required=False)
@_by
@format_option
@click.pass_obj
def reassign(session: Session, fact: str, milestone: str, party: str | None, by: str, output_format: str) -> None:
    """Give a recorded fact another home.

    It is undone, and recorded again as of the time it happened; its files go with it, and nothing is mailed.
    FACT is the id that was printed when it was recorded. PARTY is left out if it stays the same.
    """
    target = session.find_fact(fact)
    about: dict[str, Any] = {"at": session.now, "by": Actor(name=by), "target": target}
    home = " ".join(part for part in (milestone, party) if part)
    undo, restate = (
        Undo(**about, reason=f"belongs to {home}"),
        Restate(**about, milestone=milestone, party=party or target.party),
    )
    _execute(session, target.plan, (restate, undo), output_format, notify=False)


@command(
    epilog=example("hanchot indicator bac-trung-bo-2023 ky-luat-ky-cuong --value 6 --of 6 --note 'Biên bản họp 20/12'")
)
@click.argument("plan")
@click.argument("indicator", required=False)
@click.option("--value", type=WholeNumber(0), help="What was counted.")
@click.option("--of", type=WholeNumber(1), help="Out of how many; of a percentage all parties if left out.")
@click.option("--party", help="The result of this party alone.")
@click.option("--note", default="", help="How it is known.")
@click.option(
    "--file", "files", multiple=True, type=click.Path(path_type=Path), help="Evidence: a copy is kept. May be repeated."
)
@_by
@format_option
@click.pass_obj
def indicator(
    session: Session,
    plan: str,
    indicator: str | None,
    value: int | None,
    of: int | None,
    party: str | None,
    note: str,
    files: tuple[Path, ...],
    by: str,
    output_format: str,
) -> None:
    """Show the targets of a plan, or record the result of one.

    Without INDICATOR it lists them all with their results. What the plan counts from a milestone is
    counted by itself; of the others `--value` records what a person has counted, for all parties together or for
    one. A later result replaces an earlier one, and `undo` takes it back.
    """
    if indicator is None or value is None:
        if indicator is not None or any((value is not None, of, party, note, files)):
            raise usage_error(Text("to record a result, name the INDICATOR and give its --value"))
        _list_indicators(session, plan, output_format)
        return
    about: dict[str, Any] = {"at": session.now, "by": Actor(name=by), "note": note, "party": party}
    documents = session.keep_files(files)
    names = tuple(document.name for document in documents)
    command = Count(**about, indicator=indicator, value=value, of=of, files=names)
    _execute(session, plan, command, output_format, documents=documents)


_INDICATORS: Headings = {
    "indicator": "indicator",
    "target": "to reach",
    "result": "result",
    "reached": "reached",
    "evidence": "evidence",
}


def _list_indicators(session: Session, id: str, output_format: str) -> None:
    plan = session.plan(id)
    with session.container.store() as store, store.reading() as view:
        rows = list(list_indicators(view, plan, session.now))
    if output_format == "json":
        print_json(rows)
    else:
        print_table([_shorten_indicator(row) for row in rows], _INDICATORS, empty=Text("The plan has no targets."))


def _shorten_indicator(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as the table shows it."""
    whole = "" if row["total"] is None else f"/{row['total']}"
    evidence = [part for fact in row["counted"] for part in (fact.get("note", ""), *fact.get("files", ())) if part]
    return {
        **row,
        "result": Text("not counted yet") if row["done"] is None else f"{row['done']}{whole}",
        "reached": {None: "", True: Text("yes"), False: Text("no")}[row["reached"]],
        "evidence": evidence,
    }


@command(epilog=example("hanchot start bac-trung-bo-2023 --all-open"))
@click.argument("plan")
@click.option("--all-open", is_flag=True, help="Nothing was received; all of it is still open.")
@click.option("--all-received", is_flag=True, help="All of it was received in time.")
@_by
@click.pass_obj
def start(session: Session, plan: str, all_open: bool, all_received: bool, by: str) -> None:
    """Settle what was already past when plan or party came in.

    Nobody is accused of it until somebody says what is true: open, or received. Asks for each
    without an option.
    """
    if all_open and all_received:
        raise usage_error(Text("--all-open and --all-received exclude each other"))
    unknown = session.unknown(plan)
    if not unknown:
        raise NothingMatched(Text("nothing of this plan is in doubt"))
    for o in unknown:
        answer = "open" if all_open else "received" if all_received else _ask(o.milestone, o.party)
        if answer == "skip":
            continue
        command = SettleDoubt(at=session.now, by=Actor(name=by), obligation=o, is_open=answer == "open")
        _execute(session, plan, command, "text", notify=False)


@command(
    epilog=example("hanchot insist bac-trung-bo-2023 dang-ky nghe-an --reason 'các trường thành viên đều đăng ký'")
)
@_obligation
@click.option("--reason", type=NeededText(), required=True, help="Why it is theirs; the party reads this on its page.")
@_by
@format_option
@click.pass_obj
def insist(session: Session, plan: str, milestone: str, party: str, reason: str, by: str, output_format: str) -> None:
    """Tell a party that a task is its own.

    It answers one that has said that it is not; its steps go on as they did.
    """
    command = Insist(**_about(session, milestone, party, by), reason=reason)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot remind bac-trung-bo-2023 dang-ky nghe-an --reason 'trường đề nghị gửi lại thư'"))
@_obligation
@click.option("--reason", type=NeededText(), required=True, help="Why; the office alone reads it.")
@_by
@format_option
@click.pass_obj
def remind(session: Session, plan: str, milestone: str, party: str, reason: str, by: str, output_format: str) -> None:
    """Remind a party now, besides the steps of the plan.

    The mail leaves at once within the opening hours, else at the next opening.
    """
    _execute(session, plan, RemindNow(**_about(session, milestone, party, by), reason=reason), output_format)


@command(epilog=example("hanchot snooze bac-trung-bo-2023 dang-ky nghe-an --until 2023-03-24 --reason 'hẹn gửi 24/3'"))
@_obligation
@click.option("--until", type=Day(), required=True, help="The last day without a reminder.")
@click.option("--reason", type=NeededText(), required=True, help="Why; the office alone reads it.")
@_by
@format_option
@click.pass_obj
def snooze(
    session: Session, plan: str, milestone: str, party: str, until: date, reason: str, by: str, output_format: str
) -> None:
    """Pause the reminders of one milestone to a party.

    If it is still open on the working day after, the party is reminded once, and the steps of the plan go on. The
    days of the pause do not count on the way to a report to the lead. `undo` ends a pause before its time.
    """
    command = Snooze(**_about(session, milestone, party, by), until=until, reason=reason)
    _execute(session, plan, command, output_format)


@command(epilog=example("hanchot skip bac-trung-bo-2023 dang-ky nghe-an before:7d --reason 'đã gọi điện'"))
@_obligation
@click.argument("step", required=False)
@click.option("--reason", type=NeededText(), required=True, help="Why; the office alone reads it.")
@_by
@format_option
@click.pass_obj
def skip(
    session: Session, plan: str, milestone: str, party: str, step: str | None, reason: str, by: str, output_format: str
) -> None:
    """Leave out one step: the next one, or STEP.

    STEP is the id of a step, such as r20, or its name, such as before:7d. `agenda` lists them.
    """
    row = session.find_step(plan, milestone, party, step)
    about = _about(session, milestone, party, by)
    _execute(session, plan, Skip(**about, step=row.name, due=row.due, reason=reason), output_format)


@command(epilog=example("hanchot note bac-trung-bo-2023 dang-ky nghe-an 'đã gọi điện 22/3, hẹn gửi trong tuần'"))
@_obligation
@click.argument("text")
@_by
@format_option
@click.pass_obj
def note(session: Session, plan: str, milestone: str, party: str, text: str, by: str, output_format: str) -> None:
    """Write something down about what a party owes.

    The office alone reads it, on its pages and in the record; nothing is mailed.
    """
    _execute(session, plan, TakeNote(**_about(session, milestone, party, by), note=text), output_format)


FACT_COMMANDS = (
    receive,
    accept,
    return_command,
    start,
    insist,
    waive,
    extend,
    nominate,
    indicator,
    fix_date,
    mark_invited,
    reply,
    retire,
    reassign,
    undo,
    remind,
    snooze,
    skip,
    note,
)


def _ask(milestone: str, party: str) -> str:
    answer: str = click.prompt(
        localise(Text("{milestone} of {party} was past its last day already", milestone=milestone, party=party)),
        type=click.Choice(["open", "received", "skip"]),
        err=True,
    )
    return answer


def _about(session: Session, milestone: str, party: str | None, by: str) -> dict[str, Any]:
    return {"at": session.now, "by": Actor(name=by), "milestone": milestone, "party": party}


def _execute(
    session: Session,
    id: str,
    commands: Command | Sequence[Command],
    output_format: str,
    *,
    notify: bool = True,
    documents: Sequence[Document] = (),
) -> None:
    plan = session.plan(id)
    asked = commands if isinstance(commands, Sequence) else [commands]
    recorded = session.execute(plan, asked, notify=notify, documents=documents)
    if output_format == "json":
        print_json([_row(recorded, plan)])
    else:
        _print(recorded, plan)
    for problem in recorded.problems:
        print_problem(problem)


def _row(recorded: Recorded, plan: Plan) -> dict[str, Any]:
    return {
        "fact": fact_row(recorded.fact, plan.zone),
        "fell_away": [rung_row(row, plan) for row in recorded.changes.dropped],
        "armed": [
            {"at": iso(r.at, plan.zone), "milestone": r.milestone, "party": r.party, "rung": r.name}
            for r in recorded.changes.armed
        ],
        "notified": list(recorded.notified),
        "corrected": list(recorded.corrected),
        "remarks": [word_reason(remark) for remark in recorded.remarks],
    }


def _print(recorded: Recorded, plan: Plan) -> None:
    fact, changes = recorded.fact, recorded.changes
    named = fact.group if isinstance(fact, Nominated) else fact.indicator if isinstance(fact, Counted) else None
    about = " ".join(part for part in (fact.milestone, named, *parties_of_fact(fact)) if part) or plan.id
    said = ": " + word_code("reply", fact.reply) if isinstance(fact, Replied) else ""
    say(f"f{fact.id}: " + word_code("fact", fact.label) + f" {about}" + said)
    for remark in recorded.remarks:
        say("  " + word_reason(remark))
    for row in sorted(changes.dropped, key=lambda row: row.at):
        shown = rung_row(row, plan)
        say(
            Text(
                "  fell away: {milestone} {party} {rung} of {when}",
                milestone=row.milestone,
                party=row.party,
                rung=word_code("rung", row.name),
                when=short(shown["at"]),
            )
        )
    for rung in sorted(changes.armed, key=lambda rung: rung.at):
        say(
            Text(
                "  will fire: {milestone} {party} {rung} on {when}",
                milestone=rung.milestone,
                party=rung.party,
                rung=word_code("rung", rung.name),
                when=short(iso(rung.at, plan.zone)),
            )
        )
    if others := [to for to in dict.fromkeys(recorded.notified) if to not in recorded.corrected]:
        told = ", ".join(others)
        at = recorded.notified_at
        if at is not None and at > fact.recorded_at:
            say(Text("  notice, from {when}, to: {addresses}", when=short(iso(at, plan.zone)), addresses=told))
        else:
            say(Text("  notice to: {addresses}", addresses=told))
    if recorded.corrected:
        say(
            Text(
                "  correction to those who hold a letter about it: {addresses}",
                addresses=", ".join(dict.fromkeys(recorded.corrected)),
            )
        )
