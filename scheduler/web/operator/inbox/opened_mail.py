"""A received mail, read as far as that is possible: its file may be gone, and anything may be in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from starlette.exceptions import HTTPException

from scheduler.documents.file_kinds import KINDS
from scheduler.engine.sources.answers import open_mail
from scheduler.errors import HanchotError
from scheduler.plan.answers.matching import Match
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.plan.reasons import SIGNS, Reason
from scheduler.ports import InboxRow
from scheduler.services.inbox.answers import propose
from scheduler.services.inbox.triage import can_be_decided, kept_files
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.web.context import RequestContext
from scheduler.web.forms.text_input import clean_name, clean_text
from scheduler.web.lookup import find_number

LONGEST_TEXT = 20_000  # characters shown of what a person wrote
_SUFFIXES = {kind.type: kind.suffixes for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMail:
    """A received mail with what it says and what it may answer as things stand.

    `mail` is None if its bytes are `gone`, or if they cannot be read because of a bug (`unreadable`). `match` is None
    unless `add_proposal` has added it.
    """

    row: InboxRow
    is_undecided: bool  # whether a person may decide about it
    mail: ReceivedMail | None = None
    match: Match | None = None
    trouble: Literal["", "gone", "unreadable"] = ""

    @property
    def files(self) -> tuple[Attachment, ...]:
        """Return its files."""
        return self.mail.attachments if self.mail else ()

    @property
    def kept_files(self) -> tuple[Attachment, ...]:
        """Return those of its files that can be kept as documents."""
        return kept_files(self.files)

    @property
    def text(self) -> str:
        """Return the beginning of what its sender wrote."""
        return self.mail.text[:LONGEST_TEXT] if self.mail else ""

    @property
    def is_cut(self) -> bool:
        """Return whether the text goes on."""
        return self.mail is not None and len(self.mail.text) > LONGEST_TEXT

    @property
    def doubts(self) -> tuple[Reason, ...]:
        """Return why it was decided so, and what else speaks against an answer now."""
        return tuple(each for each in self._evidence if each.code not in SIGNS)

    @property
    def signs(self) -> tuple[Reason, ...]:
        """Return what tells which obligation it answers."""
        return tuple(each for each in self._evidence if each.code in SIGNS)

    @property
    def _evidence(self) -> tuple[Reason, ...]:
        return tuple(dict.fromkeys((*self.row.reasons, *(self.match.evidence if self.match else ()))))


def find_row(context: RequestContext) -> InboxRow:
    """Return the mail that the address names.

    Raises: HTTPException 404 if there is none.
    """
    with context.running.store.reading() as view:
        row = view.inbox.get(find_number(context))
    if row is None:
        raise HTTPException(404)
    return row


def read_mail(context: RequestContext, row: InboxRow) -> OpenedMail:
    """Return a mail as far as it can be read; what goes wrong is logged, and the page can be shown all the same."""
    mailbox = context.site.mailbox
    opened = OpenedMail(row=row, is_undecided=can_be_decided(context.running.store, row))
    try:
        with open_mail(context.running.store, mailbox.files, row) as stream:
            return replace(opened, mail=mailbox.reader.read(stream))
    except HanchotError:  # the record is not available
        raise
    except OSError as error:
        context.running.log_problem(
            Text("the bytes of the mail i{id} cannot be read: {words}", id=row.id, words=word_system(error))
        )
        return replace(opened, trouble="gone")
    except Exception as error:  # a bug, for which the daemon puts a mail aside as well
        _log_bug(context, row, error)
        return replace(opened, trouble="unreadable")


def add_proposal(context: RequestContext, opened: OpenedMail) -> OpenedMail:
    """Return a mail together with what it may answer as things stand, if a person may decide about it."""
    if opened.mail is None or not opened.is_undecided:
        return opened
    try:
        return replace(opened, match=propose(context.answers, opened.mail, context.now))
    except HanchotError:
        raise
    except Exception as error:
        _log_bug(context, opened.row, error)
        return replace(opened, trouble="unreadable")


def _log_bug(context: RequestContext, row: InboxRow, error: Exception) -> None:
    context.running.log_problem(
        Text(
            "the mail i{id} cannot be shown whole: {kind}: {error}",
            id=row.id,
            kind=type(error).__name__,
            error=error,
        )
    )


def name_file(file: Attachment) -> str:
    """Return the name under which a file of a mail is shown and saved; its suffix is one that its content allows."""
    if file.kind in _SUFFIXES:
        return clean_name(file.name, _SUFFIXES[file.kind])
    bare = re.sub(r'[<>:"|?*/\\]', "_", clean_text(file.name, 120)).strip(" .")
    return bare or "file"
