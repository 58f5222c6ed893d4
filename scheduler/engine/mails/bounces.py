"""Record addresses that accept no mail, and those that accept it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.engine.plans_in_force import PlansInForce
from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.commands import ReportBounce, RestoreAddress
from scheduler.plan.facts import MAIL_SERVER
from scheduler.ports import MessageRow
from scheduler.ports.events import Event, Reporter
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceRecorder:
    """Records that an address bounces, which sends its rungs to the party's next contact (contract rule 10).

    A mail that goes through is the best proof that an address lives.
    """

    services: ServiceContext
    plans: PlansInForce
    report: Reporter

    def record(self, row: MessageRow, reply: str, now: datetime) -> None:
        """Record that the address of a mail bounces; it commits. Raises `RecordUnavailable`."""
        command = ReportBounce(at=now, by=MAIL_SERVER, party=row.party, address=row.mail.address, note=reply)
        self._record(row, command, now)

    def revive(self, row: MessageRow, reply: str, now: datetime) -> None:
        """Record that the address of a mail, which had bounced, took it; it commits. Raises `RecordUnavailable`."""
        command = RestoreAddress(at=now, by=MAIL_SERVER, party=row.party, address=row.mail.address, note=reply)
        self._record(row, command, now)

    def _record(self, row: MessageRow, command: ReportBounce | RestoreAddress, now: datetime) -> None:
        definition = self.plans.find(row.plan)
        if definition is None:
            return
        try:
            execute(self.services, definition, [command])
        except RecordUnavailable:
            raise  # the next pass concludes the attempt anew
        except UserError as error:  # the roster no longer has this address; then only the mail has failed
            self.report(Event(name="trouble", at=now, plan=row.plan, party=row.party, text=error.text))
