"""Who holds a letter that says what a fact says. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scheduler.plan.dates.date_forms import Before, By, On, Window
from scheduler.plan.facts import Amended, DateFixed, Decision, Extended, Fact, Letter
from scheduler.plan.message_kinds import TO_SUPERIORS, is_notice
from scheduler.plan.notices import fact_of
from scheduler.ports import MessageRow, RungRow, UnitOfWork

_LEFT = ("sent", "inflight", "ambiguous")  # states of a mail that somebody may have


def find_letters(unit: UnitOfWork, fact: Fact, rows: Iterable[RungRow]) -> tuple[Letter, ...]:
    """Return the letters to parties that say what a fact says: its notices, and what names a date that it set.

    `rows` are those of the obligations that the fact can touch.
    """
    said = {row.id: row for row in rows if row.kind not in TO_SUPERIORS and _says(row, fact)}
    mails = unit.outbox.of_rungs(list(said))
    letters = [
        Letter(said[id].milestone, said[id].party, mail.mail.address)
        for id, carriers in mails.items()
        for mail in carriers
        if _has_left(mail, fact)
    ]
    return tuple(dict.fromkeys(letters))


def _says(row: RungRow, fact: Fact) -> bool:
    if is_notice(row.kind):
        return fact_of(row.name) == fact.id
    is_own = row.milestone == fact.milestone and fact.party in (None, row.party)
    return is_own and isinstance(fact, Decision) and row.due == _day_set_by(fact)


def _day_set_by(fact: Extended | DateFixed | Amended) -> date | None:
    """Return the day by which the ledger knows the steps towards a date."""
    match fact.form:
        case Before(day=day) | By(day=day):
            return day
        case On(first=day) | Window(first=day):
            return day
        case _:
            return None


def _has_left(mail: MessageRow, fact: Fact) -> bool:
    return (mail.state in _LEFT or mail.unclear) and mail.created_at >= fact.recorded_at
