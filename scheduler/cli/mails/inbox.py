"""Commands for the mails that came: inbox list, show, assign, dismiss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args
from zoneinfo import ZoneInfo

import click

from scheduler.cli.context import NeededText, Session, WholeNumber, format_option, read_number
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import (
    Headings,
    example,
    print_fields,
    print_json,
    print_table,
    say,
    short,
    usage_error,
)
from scheduler.engine.sources.answers import MailboxAdapters, keep_attachment, open_mail
from scheduler.errors import NothingMatched, UserError
from scheduler.plan.answers.matching import Answer, ObligationKey
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.plan.facts import Actor
from scheduler.ports import InboxRow, InboxState, Store
from scheduler.queries.inbox import inbox_details, inbox_row
from scheduler.services.inbox.answers import propose
from scheduler.services.inbox.context import AnswerContext
from scheduler.services.inbox.triage import assign_mail, can_be_decided, dismiss_mail, kept_files, pick_files
from scheduler.texts import Text, join
from scheduler.wording.sentences import word_reason

_STATES = get_args(InboxState)


@group()
def inbox() -> None:
    """Mails that came, and what became of them."""


@inbox.command("list", epilog=example("hanchot inbox list --state review"))
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these states. May be repeated."
)
@click.option(
    "--limit", default=100, show_default=True, type=WholeNumber(1, 10_000), help="The newest so many, at most 10000."
)
@format_option
@click.pass_obj
def inbox_list(session: Session, states: tuple[Any, ...], limit: int, output_format: str) -> None:
    """List the mails that came, newest first.

    Those in `review` and `quarantine` wait for a person: `show` says why, `assign` and `dismiss` decide.
    """
    with session.container.store() as store, store.reading() as view:
        rows = [inbox_row(row, _zone(session, row)) for row in view.inbox.page(states, limit=limit)]
    if output_format == "json":
        print_json(rows)
        return
    columns: Headings = {
        "id": "id",
        "at": "came",
        "from": "from",
        "subject": "subject",
        "state": "state",
        "party": "party",
    }
    print_table([{**row, "at": short(row["at"])} for row in rows], columns, empty=Text("No mails."))


@inbox.command("show", epilog=example("hanchot inbox show i12"))
@click.argument("id")
@format_option
@click.pass_obj
def inbox_show(session: Session, id: str, output_format: str) -> None:
    """Show one mail: what it says, what it may answer, and why."""
    with _opened(session, id) as opened:
        row = opened.row
        is_open = can_be_decided(opened.context.services.store, row)
        match = propose(opened.context, opened.mail, session.now) if is_open else None
        details = inbox_details(row, opened.mail, match, _zone(session, row))
    if output_format == "json":
        print_json([details])
        return
    text = details.pop("text")
    details["reason"] = join("\n", map(word_reason, row.reasons))
    details["attachments"] = "\n".join(
        f"{one['part']}: {one['name']} ({one['size']} B)" for one in details["attachments"]
    )
    details["calendar"] = " ".join(filter(None, (details["calendar"] or {}).values()))
    proposal = details.pop("proposal")
    details["proposal"] = " ".join((proposal["plan"], proposal["milestone"], proposal["party"])) if proposal else ""
    print_fields(details)
    say()
    say(text)


@inbox.command("assign", epilog=example("hanchot inbox assign i12 bac-trung-bo-2023 so-ket-6-thang tran-phu-ha-tinh"))
@click.argument("id")
@click.argument("obligation", metavar="[PLAN MILESTONE PARTY]", nargs=-1)
@click.option("--deliverable", "deliverables", multiple=True, help="The id of what came. May be repeated; none: all.")
@click.option("--attachment", "parts", multiple=True, help="The part of a file that belongs to it. Default: all.")
@click.option("--no-files", is_flag=True, help="Keep none of the files.")
@click.option("--by", default="", help="Who says so.")
@click.pass_obj
def inbox_assign(
    session: Session,
    id: str,
    obligation: tuple[str, ...],
    deliverables: tuple[str, ...],
    parts: tuple[str, ...],
    no_files: bool,
    by: str,
) -> None:
    """Record what a mail brings.

    Without PLAN MILESTONE PARTY it is what `show` proposes. It counts as received when the mail arrived.
    """
    if len(obligation) not in (0, 3):
        raise usage_error(Text("name all three of PLAN MILESTONE PARTY, or none of them"))
    with _opened(session, id) as opened:
        if obligation:
            files = () if no_files else _pick_files(opened.mail, parts)
            key, sent_at = ObligationKey(*obligation), opened.mail.sent_at
            answer = Answer(key=key, deliverables=deliverables, attachments=files, sent_at=sent_at)
        else:
            answer = _proposed(opened, session)
        facts = assign_mail(opened.context, opened.row.id, answer, opened.keep, session.now, by=Actor(name=by))
    names = ", ".join(f"f{fact}" for fact in facts)
    say(
        Text(
            "{names}: i{id} answers {milestone} of {party}",
            names=names,
            id=opened.row.id,
            milestone=answer.key.milestone,
            party=answer.key.party,
        )
    )


@inbox.command("dismiss", epilog=example('hanchot inbox dismiss i12 --reason "a question, answered by phone"'))
@click.argument("id")
@click.option("--reason", type=NeededText(), required=True, help="Why; the record keeps it.")
@click.option("--by", default="", help="Who says so.")
@click.pass_obj
def inbox_dismiss(session: Session, id: str, reason: str, by: str) -> None:
    """Put a mail aside that brings nothing.

    Reminders that waited because of it go on.
    """
    with _opened(session, id) as opened:
        dismiss_mail(opened.context, opened.row.id, reason, session.now, by=Actor(name=by))
    say(Text("i{id}: dismissed", id=opened.row.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenedMail:
    """A mail with what deciding about it needs; `keep` works for as long as it is open."""

    row: InboxRow
    mail: ReceivedMail
    context: AnswerContext
    keep: Any


@contextmanager
def _opened(session: Session, id: str) -> Iterator[_OpenedMail]:
    """Open a mail by its id (i12) for a block.

    Raises: NothingMatched if there is none, UserError if its file is gone.
    """
    from scheduler.bootstrap.mailbox import answer_context, mailbox_adapters  # loads what reads mails

    container = session.container
    mailbox = mailbox_adapters(container)
    with container.store() as store:
        row = _find(store, id)
        definitions = session.loaded.definitions
        context = answer_context(container, container.services(store), definitions)
        with _stream(store, mailbox, row) as stream:
            yield _OpenedMail(
                row=row,
                mail=mailbox.reader.read(stream),
                context=context,
                keep=lambda file: keep_attachment(mailbox, stream, file),
            )


@contextmanager
def _stream(store: Store, mailbox: MailboxAdapters, row: InboxRow) -> Iterator[Any]:
    try:
        with open_mail(store, mailbox.files, row) as stream:
            yield stream
    except FileNotFoundError as error:
        hint = Text("it lay in the folder for documents; is that complete?")
        raise UserError(
            Text("the bytes of i{id} are gone: {filename}", id=row.id, filename=error.filename), hint=hint
        ) from error


def _find(store: Store, id: str) -> InboxRow:
    number = read_number(id, "i")
    with store.reading() as view:
        found = view.inbox.get(number) if number is not None else None
    if found is None:
        raise NothingMatched(Text("there is no mail {id}", id=id), hint=Text("`hanchot inbox list` names them"))
    return found


def _pick_files(mail: ReceivedMail, parts: Sequence[str]) -> tuple[Attachment, ...]:
    """Return the files named by their parts, or all that can be kept. Raises NothingMatched for an unknown part."""
    return pick_files(mail.attachments, parts) if parts else kept_files(mail.attachments)


def _proposed(opened: _OpenedMail, session: Session) -> Answer:
    found = propose(opened.context, opened.mail, session.now)
    if found.answer is None:
        hint = Text("name PLAN MILESTONE PARTY after it")
        raise UserError(Text("it is not clear what i{id} answers", id=opened.row.id), hint=hint)
    return found.answer


def _zone(session: Session, row: InboxRow) -> ZoneInfo:
    """Return the zone in which times are shown: of the plan that is answered, else of the first one."""
    zones = {one.plan.id: one.plan.zone for one in session.loaded.definitions}
    return zones.get(row.plan) or next(iter(zones.values()), ZoneInfo("UTC"))
