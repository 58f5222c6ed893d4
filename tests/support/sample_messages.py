"""A small plan made by hand, and one message of every kind and variant about it, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.plan.dates.date_forms import Before, By, DayCount, On, Relative, Undated, Window
from scheduler.plan.dates.due_dates import DueDate, derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import Actor, Fact, FactKind, Received
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.messages.digest import (
    Digest,
    DigestChange,
    DigestDone,
    DigestDue,
    DigestHealth,
    DigestIncomplete,
    DigestMails,
    DigestSource,
    DigestUndecided,
)
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.message import Message, Outage, OutageEntry, SubmissionEntry
from scheduler.plan.messages.response_summary import ResponseEntry, ResponseSummary
from scheduler.plan.model import BlankForm, Contact, Deliverable, Group, Ladder, Milestone, Office, Party, Plan
from scheduler.plan.obligations import EventDate, NoDate, WindowDate
from tests.support.facts import make_fact
from tests.support.shipped_messages import SHIPPED

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WORKDAYS = Workdays(off={date(2023, 5, 1): "Quốc tế Lao động", date(2023, 9, 4): "Quốc khánh"})
LADDER = Ladder()
ORGANISATION = "Cụm Thi đua khu vực Bắc Trung Bộ"
SENDER = "nhacviec@cum-thi-dua.example"

LEAD = Party(
    id="lead-school",
    name="Trường Chính trị tỉnh A",
    short="Tỉnh A",
    contacts=(Contact(name="Nguyễn Văn An", email="an@tinh-a.example", role="head"),),
)
NORTH = Party(
    id="north-school",
    name="Trường Chính trị tỉnh Bắc",
    short="Tỉnh Bắc",
    contacts=(
        Contact(name="Trần Thị Ánh Nguyệt", email="nguyet@tinh-bac.example"),
        Contact(name="Lê Đức Thọ", email="tho@tinh-bac.example", role="head"),
    ),
)
SOUTH = Party(id="south-school", name="Trường Chính trị tỉnh Nam", short="Tỉnh Nam")
WEST = Party(id="west-school", name="Trường Chính trị tỉnh Tây", short="Tỉnh Tây")
EAST = Party(id="east-school", name="Trường Chính trị tỉnh Đông", short="Tỉnh Đông")
ACADEMY = Party(id="academy", name="Học viện (qua Vụ Các trường chính trị)", short="Học viện", external=True)
OFFICER, HEAD = NORTH.contacts
LEAD_HEAD = LEAD.contacts[0]

REGISTER = Milestone(
    id="dang-ky",
    kind="deadline",
    title="Kế hoạch và đăng ký thi đua năm 2023",
    form=Before(date(2023, 3, 20)),
    ladder=LADDER,
    section="3.1.2",
    quote="Các trường gửi các văn bản nêu trên về Cụm trưởng ... trước ngày 20/3/2023",
    responsible=("members",),
    report_to=("lead",),
    deliverables=(
        Deliverable(id="ke-hoach", title="Kế hoạch triển khai phong trào thi đua"),
        Deliverable(id="dang-ky", title="Bản đăng ký thi đua"),
        Deliverable(id="danh-sach", title="Danh sách cán bộ phụ trách thi đua"),
    ),
    channels=("paper", "email"),
)
MIDYEAR_REPORT = Milestone(
    id="bao-cao-so-ket",
    kind="deadline",
    title="Báo cáo sơ kết của Cụm Thi đua",
    form=Before(date(2023, 8, 10)),
    ladder=LADDER,
    section="2.3.2",
    quote="Cụm trưởng gửi báo cáo sơ kết của Cụm Thi đua về Học viện (... trước ngày 10/8/2023).",
    responsible=("lead",),
    report_to=("academy",),
    needs=("dang-ky",),
)
INSPECTION = Milestone(
    id="kiem-tra",
    kind="deadline",
    title="Kiểm tra hoạt động thi đua",
    form=Before(date(2023, 10, 30)),
    ladder=LADDER,
    section="2.4",
    quote="Thời gian thực hiện: Hoàn thành trước 30/10/2023.",
    responsible=("lead",),
)
EARLY_JUNE = Window(date(2023, 6, 1), date(2023, 6, 10), "Dự kiến đầu tháng 6 năm 2023")
CONFERENCE = Milestone(
    id="so-ket",
    kind="event",
    title="Hội nghị sơ kết Cụm Thi đua",
    form=EARLY_JUNE,
    ladder=LADDER,
    section="2.3.1",
    quote="Thời gian: Dự kiến đầu tháng 6 năm 2023.",
    organiser=("lead",),
    attendees=("members",),
    guests=("academy",),
)
WRAP_UP = Milestone(
    id="tong-ket",
    kind="event",
    title="Hội nghị tổng kết Cụm Thi đua",
    form=Before(date(2023, 11, 15)),
    ladder=LADDER,
    section="2.5",
    quote="Thời gian hoàn thành: Trước ngày 15/11/2023",
    organiser=("lead",),
    attendees=("members",),
)
AWARDS = Milestone(
    id="khen-thuong",
    kind="deadline",
    title="Báo cáo thành tích",
    form=Before(date(2023, 11, 30)),
    ladder=LADDER,
    section="2.5",
    responsible=("nominees",),
    report_to=("lead", "academy"),
    condition="trường được đề nghị khen thưởng",
)
MONTHLY = Milestone(
    id="bao-cao-thang",
    kind="deadline",
    title="Báo cáo tháng",
    form=By(date(2024, 3, 15), time(17)),
    ladder=LADDER,
    responsible=("members",),
)
CROSS_CHECK = Milestone(
    id="kiem-tra-cheo",
    kind="deadline",
    title="Kiểm tra chéo",
    form=Undated("Định kỳ 6 tháng, 01 năm"),
    ladder=LADDER,
    responsible=("members",),
)
MINUTES = Milestone(
    id="bien-ban",
    kind="deadline",
    title="Biên bản hội nghị",
    form=Relative("so-ket", DayCount(5, "working days"), "within"),
    ladder=LADDER,
    responsible=("lead",),
)

PLAN = Plan(
    id="cum-2023",
    title="Hoạt động thi đua của Cụm Thi đua khu vực Bắc Trung Bộ năm 2023",
    number="01-KH/CTĐ",
    issued=date(2023, 3, 20),
    year=2023,
    zone=ZONE,
    remind_from=date(2023, 2, 20),
    office=Office(
        name="Bộ phận giúp việc Cụm trưởng",
        contact="Đồng chí Phạm Thị Hoa",
        phone="0239 000 0000",
        email="thidua@tinh-a.example",
        address="Số 14, đường Hoàng Xuân Hãn, TP. Hà Tĩnh",
    ),
    groups={
        "lead": Group(id="lead", parties=("lead-school",)),
        "members": Group(id="members", parties=("lead-school", "north-school", "south-school", "west-school")),
        "nominees": Group(id="nominees", chosen_by="lead", after="tong-ket"),
    },
    parties={party.id: party for party in (LEAD, NORTH, SOUTH, WEST, ACADEMY)},
    milestones=(REGISTER, MIDYEAR_REPORT, INSPECTION, CONFERENCE, WRAP_UP, AWARDS, MONTHLY, CROSS_CHECK, MINUTES),
    workdays=WORKDAYS,
)
BARE_PLAN = Plan(
    id="bare",
    title="Bảo trì toà nhà",
    issued=date(2023, 1, 9),
    year=2023,
    zone=ZONE,
    remind_from=date(2023, 1, 9),
    parties={"north-school": NORTH},
    milestones=(MONTHLY,),
)


def at(text: str) -> datetime:
    """Return a local time of the plan as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def due(milestone: Milestone, form: Before | By | None = None) -> DueDate:
    """Return the days of a milestone, or of another form in its stead."""
    wanted = form or milestone.form
    assert isinstance(wanted, Before | By)
    return derive_due_date(wanted, lateness="lenient", hour=time(8), zone=ZONE, workdays=WORKDAYS)


def fact(kind: FactKind, when: str, **fields: Any) -> Fact:
    """Return a fact about the registration that happened and was recorded at `when`."""
    fields = {"milestone": "dang-ky", "party": "north-school", "happened_at": at(when), **fields}
    return make_fact(kind, plan="cum-2023", recorded_at=at(when), **fields)


TYPES: Mapping[MessageKind, Any] = {cls.kind: cls for cls in get_args(Message)}


def message(kind: MessageKind, now: str, **fields: Any) -> Any:
    """Return a message to the northern school's officer about the registration, unless said otherwise."""
    fields = {"plan": PLAN, "party": NORTH, "to": OFFICER, "milestone": REGISTER, **fields}
    about = fields.get("occurrence") or fields["milestone"].id
    key = f"{fields['plan'].id}/{about}/{fields['party'].id}/{fields.get('rung') or kind}/{now}"
    return TYPES[kind](**{"key": key, "now": at(now), "occurrence": about, "when": NoDate(""), **fields})


def apart_from_milestones(kind: MessageKind, now: str, **fields: Any) -> Any:
    """Return a message to the lead's own head that is about no milestone."""
    key = f"{PLAN.id}//{LEAD.id}/{kind}/{now}"
    return TYPES[kind](**{"key": key, "now": at(now), "plan": PLAN, "party": LEAD, "to": LEAD_HEAD, **fields})


def about_registration(kind: MessageKind, now: str, rung: str, **fields: Any) -> Any:
    """Return a reminder or overdue notice of the registration, everything still missing."""
    fields = {"when": due(REGISTER), "missing": REGISTER.deliverables, **fields}
    return message(kind, now, rung=rung, **fields)


def from_lead(kind: MessageKind, now: str, **fields: Any) -> Any:
    """Return a message to the lead's own head."""
    return message(kind, now, **{"party": LEAD, "to": LEAD_HEAD, **fields})


def received(when: str, **fields: Any) -> Received:
    """Return a submission by the northern school, unless said otherwise."""
    made = fact("received", when, **fields)
    assert isinstance(made, Received)
    return made


EVENT = On(date(2023, 6, 8), date(2023, 6, 9), time(8))
MOVED = On(date(2023, 6, 15), date(2023, 6, 15), time(14))
PLACE = "Hội trường Trường Chính trị tỉnh A"
SUMMARY = ResponseSummary(
    entries=(
        ResponseEntry(party=NORTH, status="overdue", missing=REGISTER.deliverables, notices=5),
        ResponseEntry(party=SOUTH, status="partial", missing=REGISTER.deliverables[2:]),
    ),
    submitted=(WEST,),
    accepted=(LEAD,),
    apart=(ResponseEntry(party=EAST, status="extended"),),
    lacking=(ResponseEntry(party=WEST, status="submitted", channels=("paper",)),),
    total=5,
    affects=MIDYEAR_REPORT,
    affects_due=due(MIDYEAR_REPORT),
)
OUTAGE = Outage(
    since=at("2023-03-10T17:20"),
    until=at("2023-03-16T09:05"),
    entries=(
        OutageEntry(
            milestone=REGISTER,
            party=NORTH,
            rung="before:7d",
            at=at("2023-03-10T08:00"),
            outcome="missed",
        ),
        OutageEntry(milestone=REGISTER, party=SOUTH, rung="before:3wd", at=at("2023-03-14T08:00"), outcome="late"),
        OutageEntry(
            milestone=REGISTER,
            party=WEST,
            rung="overdue:1",
            at=at("2023-03-14T08:00"),
            outcome="skipped",
        ),
    ),
)
GRANTED = By(date(2023, 3, 31))


def digest(now: str, digest: Digest) -> Any:
    """Return the digest of a week, to the lead's own head."""
    return apart_from_milestones("digest", now, digest=digest)


FULL_WEEK = Digest(
    week=12,
    first=date(2023, 3, 20),
    last=date(2023, 3, 26),
    done=(
        DigestDone(milestone=REGISTER, parties=(LEAD, WEST)),
        DigestDone(milestone=INSPECTION, parties=(LEAD,)),
    ),
    due=(
        DigestDue(
            day=date(2023, 3, 20),
            milestone=REGISTER,
            parties=(NORTH, SOUTH),
            answered=2,
            total=4,
            due=due(REGISTER),
        ),
        DigestDue(
            day=date(2023, 3, 22),
            milestone=CONFERENCE,
            parties=(LEAD,),
            event=On(date(2023, 3, 22), date(2023, 3, 23), time(8)),
        ),
        DigestDue(
            day=date(2023, 3, 31),
            milestone=MONTHLY,
            parties=(NORTH,),
            total=1,
            due=due(MONTHLY, By(date(2023, 3, 31), time(17))),
        ),
        DigestDue(day=date(2023, 3, 31), milestone=AWARDS, due=due(AWARDS, By(date(2023, 3, 31))), is_unassigned=True),
        DigestDue(
            day=date(2023, 4, 1),
            milestone=WRAP_UP,
            event=On(date(2023, 4, 1), date(2023, 4, 1)),
        ),
    ),
    unchecked=(DigestDone(milestone=REGISTER, parties=(WEST,)),),
    incomplete=(
        DigestIncomplete(
            milestone=REGISTER,
            entries=(
                ResponseEntry(party=NORTH, status="pending", missing=REGISTER.deliverables),
                ResponseEntry(party=SOUTH, status="partial", missing=REGISTER.deliverables[2:]),
            ),
            due=due(REGISTER),
        ),
        DigestIncomplete(
            milestone=AWARDS,
            entries=(ResponseEntry(party=WEST, status="revision"),),
        ),
    ),
    lacking=(
        DigestIncomplete(
            milestone=AWARDS,
            entries=(ResponseEntry(party=NORTH, status="submitted", channels=("paper",)),),
        ),
    ),
    undecided=(
        DigestUndecided(
            milestone=CONFERENCE, window=Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6 năm 2023")
        ),
        DigestUndecided(milestone=WRAP_UP, due=due(WRAP_UP)),
    ),
    undated=(CROSS_CHECK, MINUTES),
    changed=(
        DigestChange(
            fact=fact(
                "extended", "2023-03-17T14:25", form=GRANTED, decision="Công văn số 12-CV/CTĐ", reason="sáp nhập"
            ),
            milestone=REGISTER,
            parties=(NORTH,),
        ),
        DigestChange(
            fact=fact("date_fixed", "2023-03-18T09:00", form=On(date(2023, 3, 22), date(2023, 3, 23), time(8))),
            milestone=CONFERENCE,
        ),
        DigestChange(fact=fact("rerouted", "2023-03-19T09:00", milestone=None), parties=(SOUTH,)),
    ),
    health=DigestHealth(last_tick=at("2023-03-20T07:59")),
)
EMPTY_WEEK = Digest(
    week=27,
    first=date(2023, 7, 3),
    last=date(2023, 7, 9),
    health=DigestHealth(last_tick=at("2023-07-03T07:59")),
    next_milestone=DigestDue(day=date(2023, 8, 9), milestone=MIDYEAR_REPORT, parties=(LEAD,), due=due(MIDYEAR_REPORT)),
)
MONTHLY_DUE = DigestDue(day=date(2023, 7, 21), milestone=MONTHLY, due=due(MONTHLY, By(date(2023, 7, 21))))
TROUBLED_WEEK = Digest(
    week=28,
    first=date(2023, 7, 10),
    last=date(2023, 7, 16),
    due=(MONTHLY_DUE,),
    next_milestone=MONTHLY_DUE,
    health=DigestHealth(
        outages=((at("2023-07-05T17:20"), at("2023-07-06T09:05")),),
        bounced=((NORTH, "nguyet@tinh-bac.example"), (SOUTH, "nam@tinh-nam.example")),
        failed=DigestMails(count=3, subjects=("[Cụm] Báo cáo tháng", "[Cụm] Kiểm tra")),
        ambiguous=DigestMails(count=1, subjects=("[Cụm] Báo cáo sơ kết",)),
    ),
)

SITE = "https://thidua.tinh-a.example/"
BOARD = f"{SITE}plans/cum-2023/milestones"
PAGE = "https://thidua.tinh-a.example/p/3q2-7wAAAAAAAAAAAAAAAA/cum-2023/dang-ky"

MESSAGES: dict[str, Message] = {
    "reminder-14d": about_registration("reminder", "2023-03-03T08:00", "before:14d"),
    "reminder-1wd": about_registration("reminder", "2023-03-16T08:00", "before:1wd"),
    "reminder-1wd-over-weekend": from_lead(
        "reminder",
        "2023-10-27T08:00",
        rung="before:1wd",
        milestone=INSPECTION,
        when=due(INSPECTION, Before(date(2023, 10, 31))),
    ),
    "reminder-target": about_registration("reminder", "2023-03-17T08:00", "target"),
    "reminder-named-day": about_registration("reminder", "2023-03-20T08:00", "named-day"),
    "reminder-past-target": about_registration("reminder", "2023-03-18T08:00", "target"),
    "reminder-partial": about_registration(
        "reminder",
        "2023-03-14T08:00",
        "before:3wd",
        missing=REGISTER.deliverables[1:],
        received=REGISTER.deliverables[:1],
    ),
    "reminder-returned": about_registration(
        "reminder",
        "2023-03-16T08:00",
        "before:1wd",
        missing=REGISTER.deliverables[1:2],
        received=(REGISTER.deliverables[0], *REGISTER.deliverables[2:]),
        returned=fact("returned", "2023-03-14T09:00", note="bản đăng ký thiếu chữ ký của Hiệu trưởng"),
    ),
    "reminder-lead-to-academy": from_lead(
        "reminder",
        "2023-08-09T08:00",
        rung="target",
        milestone=MIDYEAR_REPORT,
        when=due(MIDYEAR_REPORT),
        waits_for=((REGISTER, (NORTH, SOUTH)),),
    ),
    "reminder-condition": message(
        "reminder", "2023-11-22T08:00", rung="before:7d", milestone=AWARDS, when=due(AWARDS), party=WEST
    ),
    "reminder-bare": message(
        "reminder",
        "2024-03-14T08:00",
        plan=BARE_PLAN,
        rung="before:1wd",
        milestone=MONTHLY,
        occurrence="bao-cao-thang@2024-03-15",
        when=due(MONTHLY),
        to=Contact(name="", email="nguyet@tinh-bac.example"),
    ),
    "reminder-event": message(
        "reminder", "2023-06-01T08:00", rung="event:7d", milestone=CONFERENCE, when=EventDate(EVENT, PLACE)
    ),
    "reminder-event-organiser": from_lead(
        "reminder", "2023-06-07T08:00", rung="event:1wd", milestone=CONFERENCE, when=EventDate(EVENT)
    ),
    "reminder-after-extension": about_registration(
        "reminder", "2023-03-28T08:00", "before:3wd", when=due(REGISTER, GRANTED)
    ),
    "overdue-1": about_registration("overdue", "2023-03-21T08:00", "overdue:1"),
    "overdue-1-returned-whole": about_registration(
        "overdue",
        "2023-03-21T08:00",
        "overdue:1",
        milestone=replace(REGISTER, deliverables=()),
        missing=(),
        returned=fact("returned", "2023-03-14T09:00"),
    ),
    "overdue-2-partial": about_registration(
        "overdue",
        "2023-03-23T08:00",
        "overdue:2",
        to=HEAD,
        missing=REGISTER.deliverables[2:],
        received=REGISTER.deliverables[:2],
    ),
    "overdue-3": about_registration("overdue", "2023-03-27T08:00", "overdue:3", to=HEAD),
    "overdue-lead": from_lead(
        "overdue", "2023-10-31T08:00", rung="overdue:1", milestone=INSPECTION, when=due(INSPECTION)
    ),
    "escalation": from_lead("escalation", "2023-03-22T08:00", rung="escalate:2wd", when=due(REGISTER), roll=SUMMARY),
    "fix-date-window": from_lead(
        "fix-date", "2023-05-18T08:00", rung="fix-date:14d", milestone=CONFERENCE, when=WindowDate(EARLY_JUNE)
    ),
    "fix-date-window-passed": from_lead(
        "fix-date", "2023-06-12T08:00", rung="fix-date:passed", milestone=CONFERENCE, when=WindowDate(EARLY_JUNE)
    ),
    "fix-date-window-without-words": from_lead(
        "fix-date",
        "2023-05-18T08:00",
        rung="fix-date:14d",
        milestone=CONFERENCE,
        when=WindowDate(replace(EARLY_JUNE, words="")),
    ),
    "fix-date-last-day": from_lead(
        "fix-date", "2023-10-31T08:00", rung="fix-date:14d", milestone=WRAP_UP, when=due(WRAP_UP)
    ),
    "fix-date-last-day-passed": from_lead(
        "fix-date", "2023-11-15T08:00", rung="fix-date:passed", milestone=WRAP_UP, when=due(WRAP_UP)
    ),
    "choose-1": from_lead(
        "choose",
        "2023-11-15T08:00",
        rung="choose:1",
        milestone=WRAP_UP,
        group=PLAN.groups["nominees"],
        candidates=(NORTH, SOUTH, WEST),
    ),
    "choose-2": from_lead(
        "choose", "2023-11-17T08:00", rung="choose:2", milestone=WRAP_UP, group=Group(id="judges", chosen_by="lead")
    ),
    "invitation": message(
        "invitation", "2023-05-22T08:00", rung="invite", milestone=CONFERENCE, when=EventDate(EVENT, PLACE)
    ),
    "invitation-organiser": from_lead(
        "invitation",
        "2023-05-22T08:00",
        rung="invite",
        milestone=CONFERENCE,
        when=EventDate(On(date(2023, 6, 11), date(2023, 6, 11))),
    ),
    "invitation-organiser-with-guests": from_lead(
        "invitation",
        "2023-05-22T08:00",
        rung="invite",
        milestone=CONFERENCE,
        when=EventDate(EVENT, PLACE),
        to_invite=(EAST, WEST),
    ),
    "change-extended": message(
        "change",
        "2023-03-17T14:30",
        when=due(REGISTER, GRANTED),
        was=REGISTER.form,
        missing=REGISTER.deliverables,
        fact=fact(
            "extended",
            "2023-03-17T14:25",
            form=GRANTED,
            decision="Công văn số 12-CV/CTĐ, ngày 17/3/2023",
            reason="thay đổi nhân sự phụ trách",
        ),
    ),
    "change-amended": message(
        "change",
        "2023-03-17T14:30",
        when=due(REGISTER, Before(date(2023, 4, 2))),
        was=REGISTER.form,
        missing=REGISTER.deliverables,
        fact=fact("amended", "2023-03-17T14:25", form=Before(date(2023, 4, 2)), decision="Thông báo số 02-TB/CTĐ"),
    ),
    "change-event-moved": message(
        "change",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        when=EventDate(MOVED, PLACE),
        was=EVENT,
        place_was="Hội trường tỉnh A",
        fact=fact("date_fixed", "2023-05-30T08:58", milestone="so-ket", form=EVENT),
    ),
    "change-event-open-again": message(
        "change",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        was=EVENT,
        place_was=PLACE,
        fact=fact("amended", "2023-05-30T08:58", milestone="so-ket", form=EVENT, reason="thiên tai"),
    ),
    "change-event-called-off": message(
        "change",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        when=EventDate(EVENT, PLACE),
        was=EVENT,
        place_was=PLACE,
        fact=fact("waived", "2023-05-30T08:58", milestone="so-ket", reason="chuyển sang hình thức văn bản"),
    ),
    "change-to-window": from_lead(
        "change",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        when=WindowDate(Window(date(2023, 7, 1), date(2023, 7, 15), "nửa đầu tháng 7 năm 2023")),
        was=CONFERENCE.form,
        fact=fact("amended", "2023-05-30T08:58", milestone="so-ket", form=EVENT),
    ),
    "change-waived": message(
        "change", "2023-03-17T14:30", fact=fact("waived", "2023-03-17T14:25", reason="trường đang sáp nhập")
    ),
    "receipt-complete": message(
        "receipt",
        "2023-03-16T10:05",
        when=due(REGISTER),
        received=REGISTER.deliverables,
        fact=fact("received", "2023-03-16T10:00", id=41, channel="email"),
    ),
    "receipt-lacking-copy": message(
        "receipt",
        "2023-03-16T10:05",
        when=due(REGISTER),
        received=REGISTER.deliverables,
        missing_channels=("email",),
        fact=fact("received", "2023-03-16T10:00", id=45, channel="paper"),
    ),
    "copy": message(
        "copy",
        "2023-03-23T08:00",
        when=due(REGISTER),
        received=REGISTER.deliverables,
        missing_channels=("email",),
        page=PAGE,
        fact=fact("received", "2023-03-16T10:00", id=45, channel="paper", happened_at=at("2023-03-13T00:00")),
    ),
    "submission": apart_from_milestones(
        "submission",
        "2023-03-16T10:05",
        page=BOARD,
        entries=(
            SubmissionEntry(
                milestone=REGISTER,
                occurrence="dang-ky",
                party=NORTH,
                missing=REGISTER.deliverables[2:],
                fact=received("2023-03-16T10:00", id=46, channel="web", files=("Kế hoạch.pdf",)),
            ),
        ),
    ),
    "submission-several": apart_from_milestones(
        "submission",
        "2023-03-21T08:00",
        entries=(
            SubmissionEntry(
                milestone=REGISTER,
                occurrence="dang-ky",
                party=NORTH,
                fact=received("2023-03-20T10:00", id=47, channel="web", note="gửi lại bản có chữ ký"),
                is_late=True,
            ),
            SubmissionEntry(
                milestone=AWARDS,
                occurrence="khen-thuong",
                party=WEST,
                fact=received("2023-03-20T16:00", id=48, channel="web"),
            ),
        ),
    ),
    "receipt-partial-by-post": message(
        "receipt",
        "2023-03-16T10:05",
        when=due(REGISTER),
        received=REGISTER.deliverables[:1],
        missing=REGISTER.deliverables[1:],
        fact=fact("received", "2023-03-16T10:00", id=42, channel="paper", happened_at=at("2023-03-13T00:00")),
    ),
    "return-in-time": message(
        "return",
        "2023-03-15T15:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables[1:2],
        fact=fact("returned", "2023-03-15T14:58", missing=("dang-ky",), note="thiếu chữ ký của Hiệu trưởng"),
    ),
    "return-late": message(
        "return",
        "2023-03-28T15:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables,
        fact=fact("returned", "2023-03-28T14:58"),
    ),
    "correction-extended": message(
        "correction",
        "2023-03-22T09:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables,
        withdrawn=fact("extended", "2023-03-17T14:25", form=GRANTED, decision="Công văn số 12-CV/CTĐ"),
        fact=fact("withdrawn", "2023-03-22T08:58", target=1, reason="ghi nhầm đơn vị"),
    ),
    "correction-received": message(
        "correction",
        "2023-03-16T11:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables[1:],
        received=REGISTER.deliverables[:1],
        page=PAGE,
        withdrawn=fact("received", "2023-03-16T10:00"),
        fact=fact("withdrawn", "2023-03-16T10:55", target=1),
    ),
    "correction-event": message(
        "correction",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        when=WindowDate(EARLY_JUNE),
        withdrawn=fact("date_fixed", "2023-05-22T08:58", milestone="so-ket", party=None, form=EVENT),
        fact=fact("withdrawn", "2023-05-30T08:58", milestone="so-ket", party=None, target=1, reason="thiên tai"),
    ),
    "correction-waived": message(
        "correction",
        "2023-10-20T09:00",
        milestone=INSPECTION,
        when=due(INSPECTION),
        withdrawn=fact("waived", "2023-10-19T08:58", milestone="kiem-tra"),
        fact=fact("withdrawn", "2023-10-20T08:58", milestone="kiem-tra", target=1),
    ),
    "correction-returned": message(
        "correction",
        "2023-03-16T11:00",
        when=due(REGISTER),
        received=REGISTER.deliverables,
        withdrawn=fact("returned", "2023-03-16T10:00"),
        fact=fact("withdrawn", "2023-03-16T10:55", target=1),
    ),
    "correction-declared": message(
        "correction",
        "2023-03-16T11:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables,
        withdrawn=fact("declared", "2023-03-16T10:00"),
        fact=fact("withdrawn", "2023-03-16T10:55", target=1),
    ),
    "receipt-with-files": message(
        "receipt",
        "2023-03-16T10:05",
        when=due(REGISTER),
        received=REGISTER.deliverables,
        page=PAGE,
        fact=fact(
            "received",
            "2023-03-16T10:00",
            id=43,
            channel="web",
            by=Actor("party", "Trần Thị Ánh Nguyệt"),
            files=("Kế hoạch.pdf", "Danh sách cán bộ.xlsx"),
        ),
    ),
    "receipt-declared": message(
        "receipt",
        "2023-03-16T10:05",
        when=due(REGISTER),
        missing=REGISTER.deliverables,
        page=PAGE,
        fact=fact(
            "declared",
            "2023-03-16T10:00",
            id=44,
            channel="paper",
            happened_at=at("2023-03-14T12:00"),
            by=Actor("party", "Trần Thị Ánh Nguyệt"),
        ),
    ),
    "reminder-with-page": about_registration("reminder", "2023-03-03T08:00", "before:14d", page=PAGE),
    "reminder-with-forms": about_registration(
        "reminder",
        "2023-03-03T08:00",
        "before:14d",
        page=PAGE,
        milestone=replace(
            REGISTER,
            forms=(
                BlankForm(title="Mẫu số 01: Bản đăng ký thi đua", file="mau-01.docx"),
                BlankForm(title="Mẫu số 02: Danh sách cán bộ", file="mau-02.xlsx"),
            ),
        ),
    ),
    "reminder-asked-for": about_registration("reminder", "2023-03-03T08:00", "remind:12"),
    "overdue-after-a-pause": about_registration("overdue", "2023-03-22T08:00", "resume:12"),
    "overdue-with-page": about_registration("overdue", "2023-03-22T08:00", "overdue:1", page=PAGE),
    "invitation-with-page": message(
        "invitation",
        "2023-05-22T08:00",
        rung="invite",
        milestone=CONFERENCE,
        when=EventDate(EVENT, PLACE),
        invitation=Invitation(EVENT, PLACE),
        page=PAGE,
    ),
    "reminder-event-with-page": message(
        "reminder",
        "2023-06-01T08:00",
        rung="event:7d",
        milestone=CONFERENCE,
        when=EventDate(EVENT, PLACE),
        invitation=Invitation(EVENT, PLACE),
        page=PAGE,
    ),
    "change-event-moved-with-page": message(
        "change",
        "2023-05-30T09:00",
        milestone=CONFERENCE,
        when=EventDate(MOVED, PLACE),
        was=EVENT,
        fact=fact("date_fixed", "2023-05-30T08:58", milestone="so-ket", form=MOVED),
        invitation=Invitation(MOVED, PLACE),
        page=PAGE,
    ),
    "change-with-page": message(
        "change",
        "2023-03-17T14:30",
        when=due(REGISTER, GRANTED),
        was=REGISTER.form,
        missing=REGISTER.deliverables,
        page=PAGE,
        fact=fact("extended", "2023-03-17T14:25", form=GRANTED, decision="Công văn số 12-CV/CTĐ, ngày 17/3/2023"),
    ),
    "return-with-page": message(
        "return",
        "2023-03-15T15:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables[1:2],
        page=PAGE,
        fact=fact("returned", "2023-03-15T14:58", missing=("dang-ky",), note="thiếu chữ ký của Hiệu trưởng"),
    ),
    "notice-declared": from_lead(
        "notice",
        "2023-03-16T10:00",
        when=due(REGISTER),
        missing=REGISTER.deliverables,
        fact=fact(
            "declared",
            "2023-03-16T10:00",
            channel="paper",
            happened_at=at("2023-03-14T12:00"),
            by=Actor("party", "Trần Thị Ánh Nguyệt"),
            note="gửi qua bưu điện, xem http://evil.example/",
        ),
    ),
    "escalation-with-page": from_lead(
        "escalation", "2023-03-22T08:00", rung="escalate:2wd", when=due(REGISTER), roll=SUMMARY, page=f"{BOARD}/dang-ky"
    ),
    "fix-date-with-page": from_lead(
        "fix-date",
        "2023-05-18T08:00",
        rung="fix-date:14d",
        milestone=CONFERENCE,
        when=WindowDate(EARLY_JUNE),
        page=f"{BOARD}/so-ket",
    ),
    "choose-with-page": from_lead(
        "choose",
        "2023-11-17T08:00",
        rung="choose:2",
        milestone=WRAP_UP,
        group=Group(id="judges", chosen_by="lead"),
        candidates=(NORTH, SOUTH),
        page=f"{BOARD}/tong-ket",
    ),
    "notice-with-page": from_lead(
        "notice",
        "2023-03-16T10:00",
        when=due(REGISTER),
        fact=fact(
            "disowned",
            "2023-03-16T10:00",
            by=Actor("party"),
            note=f"xem {BOARD}/dang-ky/north-school http://evil.example/",
        ),
        page=f"{BOARD}/dang-ky/north-school",
    ),
    "outage-with-page": apart_from_milestones("outage", "2023-03-16T09:06", outage=OUTAGE, page=SITE),
    "digest-with-page": replace(digest("2023-03-20T08:00", FULL_WEEK), page=SITE),
    "notice-disowned": from_lead(
        "notice", "2023-03-16T10:00", when=due(REGISTER), fact=fact("disowned", "2023-03-16T10:00", by=Actor("party"))
    ),
    "outage": apart_from_milestones("outage", "2023-03-16T09:06", outage=OUTAGE),
    "outage-without-effect": apart_from_milestones(
        "outage",
        "2023-03-16T09:06",
        outage=Outage(since=OUTAGE.since, until=OUTAGE.until, entries=()),
    ),
    "digest": digest("2023-03-20T08:00", FULL_WEEK),
    "digest-nothing-due": digest("2023-07-03T08:00", EMPTY_WEEK),
    "digest-nothing-ahead": digest(
        "2023-12-04T08:00", Digest(week=49, first=date(2023, 12, 4), last=date(2023, 12, 10))
    ),
    "digest-trouble": digest("2023-07-10T08:00", TROUBLED_WEEK),
    "sign-in": apart_from_milestones(
        "sign-in",
        "2023-07-10T09:12",
        link="https://thidua.tinh-a.example/sign-in/p6hTnCqk0gYyUe0jZ4VbW8rQ2sXm1aLd",
        link_until=at("2023-07-10T09:42"),
    ),
}


# Messages that say something else while the mailbox or the shared folder cannot be read.
MAILBOX_UNREAD = ReadingGap(places=("mailbox",), since=at("2023-03-15T22:40"))
MESSAGES |= {
    f"{name}-{about}": replace(MESSAGES[name], gap=gap)
    for about, gap, names in (
        ("unread", MAILBOX_UNREAD, ("reminder-1wd", "overdue-1", "overdue-lead", "escalation", "copy")),
        ("never-read", replace(MAILBOX_UNREAD, since=None), ("overdue-2-partial", "escalation-with-page")),
        ("folder-unread", replace(MAILBOX_UNREAD, places=("folder",)), ("reminder-target", "reminder-past-target")),
        ("both-unread", replace(MAILBOX_UNREAD, places=("mailbox", "folder")), ("reminder-named-day",)),
    )
    for name in names
}
MESSAGES["digest-unread"] = replace(
    digest(
        "2023-03-20T08:00",
        replace(
            FULL_WEEK,
            health=replace(
                FULL_WEEK.health,
                gap=MAILBOX_UNREAD,
                sources=(DigestSource("folder", at("2023-03-17T07:30")),),
            ),
        ),
    ),
    gap=MAILBOX_UNREAD,
)


def in_english(message: Message) -> Message:
    """Return a message whose addressee reads English, of the same plan."""
    return replace(message, to=replace(message.to, language="en"))


IN_EVERY_LANGUAGE: dict[str, Message] = {f"vi/{name}": message for name, message in MESSAGES.items()} | {
    f"en/{name}": in_english(message) for name, message in MESSAGES.items()
}
ALL_MESSAGES = IN_EVERY_LANGUAGE | {f"shipped/{name}": message for name, message in SHIPPED.items()}
