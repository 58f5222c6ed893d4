"""What an operator asks for: a test mail, a newer record."""

from __future__ import annotations

from contextlib import closing

from scheduler.app.parts import App
from scheduler.mail.trial import write_trial
from scheduler.ports import Outcome
from scheduler.store import upgrade


def send_trial(app: App, address: str) -> tuple[Outcome, bool]:
    """Send a test mail now; return what became of it, and whether an account that rested or was stopped goes on."""
    mail = app.settings.mail
    trial = write_trial(address, sender=mail.sender, organisation=mail.organisation, now=app.clock.now())
    with closing(app.mailer()) as mailer:
        outcome = mailer.send(trial)
        name = mailer.account
    if outcome.state != "sent":
        return outcome, False
    with app.store() as store, store.transaction() as unit:
        state = unit.accounts.state(name)
        unit.accounts.clear(name)
    return outcome, state.stopped or state.paused_until is not None


def upgrade_record(app: App) -> bool:
    """Bring the record to this program's version; return whether there was anything to do."""
    return upgrade(app.settings.database_url)
