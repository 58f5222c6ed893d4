"""Messages of the plan that ships, as its own file, roster and facts make them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.definitions import DefinitionFiles
from scheduler.plan.agenda import draw_agenda
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.messages.message import Message
from scheduler.plan.messages.promises import messages_for
from scheduler.ports import RungRow
from tests.support.facts import make_fact

FILE = Path(__file__).parents[2] / "workflows" / "bac-trung-bo" / "2023.toml"
(DEFINITION,) = DefinitionFiles([]).load_file(FILE).definitions
PLAN = DEFINITION.plan


def _at(month: int, day: int, hour: int = 8) -> datetime:
    return datetime(2023, month, day, hour, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).astimezone(UTC)


def _fact(number: int, at: datetime, kind: FactKind, **details: Any) -> Fact:
    return make_fact(kind, plan=PLAN.id, id=number, happened_at=at, recorded_at=at, **details)


FACTS = [
    _fact(
        1,
        _at(10, 20, 9),
        kind="date_fixed",
        milestone="tong-ket",
        form=On(date(2023, 11, 13), date(2023, 11, 13), time(8)),
        place="Hội trường Trường Chính trị Trần Phú tỉnh Hà Tĩnh",
    ),
    _fact(2, _at(11, 16, 9), kind="nominated", group="nominees", parties=("nghe-an",)),
]
AGENDA = draw_agenda(PLAN, FACTS, loaded_at=_at(2, 20, 0))


def _message(milestone: str, party: str, name: str) -> Message:
    """Return the first message of one rung of the plan, written at its instant."""
    (rung,) = (r for r in AGENDA.rungs() if (r.milestone, r.party, r.name) == (milestone, party, name))
    return messages_for(AGENDA, RungRow(id=1, plan=PLAN.id, **rung._asdict()), rung.at, ())[0]


def ladder(milestone: str, party: str) -> list[Message]:
    """Return the messages that a party gets itself by the steps of the plan, in their order, if it never answers."""
    rungs = [r for r in AGENDA.rungs() if (r.milestone, r.party) == (milestone, party) and r.kind != "escalation"]
    rows = [RungRow(id=1, plan=PLAN.id, **rung._asdict()) for rung in sorted(rungs, key=lambda rung: rung.at)]
    return [message for row in rows for message in messages_for(AGENDA, row, row.at, ())]


SHIPPED: dict[str, Message] = {
    "dang-ky-overdue": _message("dang-ky", "nghe-an", "overdue:1"),
    "bao-cao-so-ket": _message("bao-cao-so-ket", "tran-phu-ha-tinh", "before:14d"),
    "tong-ket-invitation": _message("tong-ket", "quang-binh", "invite"),
    "khen-thuong": _message("khen-thuong", "nghe-an", "before:7d"),
}
