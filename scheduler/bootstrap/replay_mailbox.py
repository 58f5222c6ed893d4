"""The mailbox of a replay: what a scenario lets arrive by mail is read and decided about as from a real one."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import count

from scheduler.bootstrap.container import Container
from scheduler.bootstrap.mailbox import mailbox_adapters
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.plan.commands import RecordReceived
from scheduler.plan.model import Plan
from scheduler.plan.recipients import contacts_for
from scheduler.ports import FetchedMail, MailSummary, Store
from scheduler.simulation.answer_mails import AUTHSERV_ID, write_answer


class ReplayMailbox:
    """A mailbox into which the mails of a scenario are put; its server vouches for all senders."""

    def __init__(self, container: Container, store: Store) -> None:
        self._store = store
        self._uids = count(1)
        inbox = container.settings.inbox.model_copy(update={"authserv_id": AUTHSERV_ID})
        settings = container.settings.model_copy(update={"inbox": inbox})
        self.adapters: MailboxAdapters = mailbox_adapters(replace(container, settings=settings))

    def deliver(self, plan: Plan, command: RecordReceived) -> bool:
        """Put in a mail that brings what a command says, as an answer to the last mail about it. It commits.

        Returns whether the party has a contact that can write it.
        """
        milestone, party = plan.milestone(command.milestone), plan.parties[command.party]
        documents = [
            one for one in milestone.deliverables if one.id in command.deliverables or not command.deliverables
        ]
        writers = contacts_for(party, with_head=False, avoided=())
        if not writers:
            return False
        to = writers[0].contact
        with self._store.transaction() as unit:
            asked = unit.outbox.newest(plan=plan.id, milestone=command.milestone, party=party.id, limit=1)
            cited = asked[0].mail.message_id if asked else ""
            subject = f"Re: {asked[0].mail.subject}" if asked else milestone.title
            raw = write_answer(to, self.adapters.address, subject, documents, cited=cited, at=command.at)
            mail = FetchedMail(
                folder="INBOX",
                uid=next(self._uids),
                arrived_at=command.at,
                size=len(raw),
                identity=sha256(raw).hexdigest(),
                digest=sha256(raw).hexdigest(),
                body=sha256(raw.partition(b"\r\n\r\n")[2]).hexdigest(),
                data=raw,
            )
            unit.inbox.add(mail, MailSummary(), uidvalidity=1, state="new")
        return True
