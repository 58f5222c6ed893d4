"""The shipped plan's whole year, played through under three scenarios.

The golden files hold one line per delivery or step: when, when sent, what, about whom, to whom, what
became of it and why. `HANCHOT_GOLDEN=write pytest tests/simulation` writes them anew; read the diff.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scheduler.bootstrap import Container, find_settings, simulate
from scheduler.clock import SystemClock

HERE = Path(__file__).parent
PLAN = "bac-trung-bo-2023"
SCENARIOS = ("nobody", "early", "mixed")
SCHOOLS = {"tran-phu-ha-tinh", "thanh-hoa", "nghe-an", "quang-binh", "le-duan-quang-tri", "nguyen-chi-thanh-hue"}

Rows = list[dict[str, Any]]


def play(scenario: str) -> Rows:
    app = Container(settings=find_settings(HERE.parents[1] / "config.toml"), clock=SystemClock())
    file = None if scenario == "nobody" else HERE / "scenarios" / f"{scenario}.toml"
    return simulate(app, app.find_plan(PLAN), first=date(2023, 2, 20), last=date(2023, 12, 31), scenario=file)


def line(row: dict[str, Any]) -> str:
    moments = f"{row['at'][:16]} {(row['sent_at'] or '-')[:16]:<16}"
    who = f"{row['milestone'] or '-'} {row['party']} {row['rung'] or row['kind']} > {row['to'] or '-'}"
    return f"{moments} {who} {row['state']}{': ' if row['reason'] else ''}{row['reason']}"


@pytest.fixture(scope="module")
def years() -> dict[str, Rows]:
    """Return the rows of each scenario, played once."""
    return {scenario: play(scenario) for scenario in SCENARIOS}


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rows(scenario: str, years: dict[str, Rows]) -> Rows:
    return years[scenario]


def test_the_year_goes_as_it_went_before(scenario: str, rows: Rows) -> None:
    golden = HERE / "golden" / f"{scenario}.txt"
    played = "".join(f"{line(row)}\n" for row in rows)
    if os.environ.get("HANCHOT_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(played, encoding="utf-8")
    assert played == golden.read_text(encoding="utf-8")


def test_the_same_year_gives_the_same_rows_again(scenario: str, rows: Rows) -> None:
    assert play(scenario) == rows


def test_every_row_has_a_final_state_and_a_reason_where_nothing_was_sent(rows: Rows) -> None:
    assert {row["state"] for row in rows} <= {"sent", "skipped", "missed", "cancelled"}
    assert [row for row in rows if not row["reason"] and row["state"] != "sent"] == []


def test_mail_leaves_in_opening_hours_on_working_days_only(rows: Rows) -> None:
    for row in rows:
        if row["sent_at"] and row["kind"] != "outage":
            assert "08:00" <= row["sent_at"][11:16] < "17:00", line(row)
            assert date.fromisoformat(row["sent_at"][:10]).weekday() < 5, line(row)


def test_nobody_gets_one_step_twice(rows: Rows) -> None:
    sent = [(r["milestone"], r["party"], r["rung"], r["at"], r["to"]) for r in rows if r["rung"] and r["to"]]
    assert len(sent) == len(set(sent))


def sent(rows: Rows, **wanted: str) -> list[str]:
    """Return when the rows with these values were sent, each instant once."""
    found = [r for r in rows if r["sent_at"] and all(r[key] == value for key, value in wanted.items())]
    return list(dict.fromkeys(r["sent_at"][:16].replace("T", " ") for r in found))


class TestNobodyAnswers:
    """Gone through by hand against the plan: the days follow from its words and the calendar of 2023."""

    @pytest.fixture
    def rows(self, years: dict[str, Rows]) -> Rows:
        return years["nobody"]

    @pytest.mark.parametrize("school", sorted(SCHOOLS))
    def test_each_school_is_reminded_of_the_registration_before_20_march(self, rows: Rows, school: str) -> None:
        reminders = sent(rows, milestone="dang-ky", party=school, kind="reminder")
        assert reminders == [f"2023-03-{day} 08:00" for day in ("03", "10", "14", "16", "17", "20")]
        notices = sent(rows, milestone="dang-ky", party=school, kind="overdue")
        assert notices == [f"2023-03-{day} 08:00" for day in ("21", "23", "27")]

    def test_the_lead_is_told_once_of_the_five_others_and_its_head_of_the_lead_itself(self, rows: Rows) -> None:
        told = [r for r in rows if r["milestone"] == "dang-ky" and r["kind"] == "escalation"]
        assert {r["sent_at"][:16] for r in told} == {"2023-03-22T08:00"}
        about = {to: {r["party"] for r in told if r["to"] == to} for to in {r["to"] for r in told}}
        lead = {"tran-phu-ha-tinh"}
        assert about == {"thidua@tranphu.example": SCHOOLS - lead, "hieutruong@tranphu.example": lead}
        assert len({r["message"] for r in told}) == 2

    def test_the_tentative_conference_is_chased_and_nobody_is_invited(self, rows: Rows) -> None:
        chased = ["2023-04-28 08:00", "2023-05-18 08:00", "2023-05-25 08:00", "2023-06-12 08:00"]
        assert sent(rows, milestone="so-ket") == chased

    @pytest.mark.parametrize(
        ("milestone", "target"),
        [("bao-cao-so-ket", "2023-08-09"), ("kiem-tra", "2023-10-27"), ("ho-so-tong-ket", "2023-11-17")],
    )
    def test_the_leads_own_duties_aim_at_the_last_working_day_in_time(
        self, rows: Rows, milestone: str, target: str
    ) -> None:
        assert sent(rows, milestone=milestone, rung="target") == [f"{target} 08:00"]

    def test_undated_reports_fire_nothing(self, rows: Rows) -> None:
        assert [r for r in rows if r["milestone"] in ("bao-cao-6-thang", "bao-cao-nam")] == []

    def test_award_reports_have_nobody_to_remind_before_anybody_is_nominated(self, rows: Rows) -> None:
        assert [r for r in rows if r["milestone"] == "khen-thuong"] == []
        chosen = ["2023-11-15 08:00", "2023-11-17 08:00", "2023-11-21 08:00"]
        assert sent(rows, milestone="tong-ket", kind="choose") == chosen


class TestEverybodyAnswersEarly:
    @pytest.fixture
    def rows(self, years: dict[str, Rows]) -> Rows:
        return years["early"]

    def test_nobody_is_reminded_after_answering_and_nobody_is_overdue(self, rows: Rows) -> None:
        assert sent(rows, milestone="dang-ky", kind="reminder") == ["2023-03-03 08:00", "2023-03-10 08:00"]
        assert sent(rows, kind="overdue") == sent(rows, kind="escalation") == []

    def test_nobody_chases_a_date_that_is_fixed_already(self, rows: Rows) -> None:
        assert sent(rows, kind="fix-date") == sent(rows, kind="choose") == []

    def test_every_school_is_invited_at_once_and_reminded_twice(self, rows: Rows) -> None:
        invited = {r["party"] for r in rows if r["milestone"] == "so-ket" and r["rung"] == "invite" and r["sent_at"]}
        assert invited == SCHOOLS
        assert sent(rows, milestone="so-ket", kind="reminder") == ["2023-06-01 08:00", "2023-06-07 08:00"]


class TestAMixedYear:
    @pytest.fixture
    def rows(self, years: dict[str, Rows]) -> Rows:
        return years["mixed"]

    def test_what_was_answered_during_the_outage_is_left_alone(self, rows: Rows) -> None:
        assert sent(rows, milestone="dang-ky", party="nghe-an", kind="overdue") == []
        assert sent(rows, milestone="dang-ky", party="nghe-an", kind="reminder") == [
            "2023-03-03 08:00",
            "2023-03-10 08:00",
        ]

    def test_after_the_outage_each_gets_only_its_newest_step(self, rows: Rows) -> None:
        school = "le-duan-quang-tri"
        back = [
            r
            for r in rows
            if r["party"] == school and r["milestone"] == "dang-ky" and "03-14" <= r["at"][5:10] <= "03-22"
        ]
        found = {r["rung"]: r["state"] for r in back if r["kind"] != "escalation"}
        assert found == {
            "before:3wd": "missed",
            "before:1wd": "missed",
            "target": "missed",
            "named-day": "skipped",
            "overdue:1": "sent",
        }

    def test_the_days_away_do_not_bring_the_escalation_nearer(self, rows: Rows) -> None:
        assert "2023-03-22 08:00" not in sent(rows, milestone="dang-ky", kind="escalation")
        assert sent(rows, milestone="dang-ky", party="nguyen-chi-thanh-hue", kind="escalation") == ["2023-03-23 08:00"]

    def test_the_operator_gets_one_summary_as_soon_as_the_daemon_is_back(self, rows: Rows) -> None:
        assert sent(rows, kind="outage") == ["2023-03-22 06:00"]

    def test_an_extension_has_a_ladder_of_its_own_and_a_notice(self, rows: Rows) -> None:
        own = sent(rows, milestone="dang-ky", party="quang-binh", kind="reminder")
        assert own == [f"2023-03-{day} 08:00" for day in ("03", "10", "13", "22", "24")]
        assert sent(rows, party="quang-binh", milestone="dang-ky", kind="change") == ["2023-03-10 14:00"]

    def test_a_conference_that_moves_is_told_once_to_everybody_invited(self, rows: Rows) -> None:
        told = [row["party"] for row in rows if (row["milestone"], row["kind"]) == ("so-ket", "change")]
        assert (set(told), len(told)) == (SCHOOLS, len(SCHOOLS))
        assert sent(rows, milestone="so-ket", party="nghe-an", rung="invite") == ["2023-05-22 16:00"]
        assert sent(rows, milestone="so-ket", party="nghe-an", kind="reminder") == [
            "2023-06-08 08:00",
            "2023-06-14 08:00",
        ]

    def test_a_return_makes_the_steps_still_ahead_live_again(self, rows: Rows) -> None:
        assert sent(rows, milestone="dang-ky", party="thanh-hoa", kind="return") == ["2023-03-23 09:00"]
        assert sent(rows, milestone="dang-ky", party="thanh-hoa", kind="overdue") == ["2023-03-27 08:00"]

    def test_a_waived_inspection_is_told_and_not_chased_any_more(self, rows: Rows) -> None:
        assert sent(rows, milestone="kiem-tra", rung="before:14d") == ["2023-10-13 08:00"]
        assert sent(rows, milestone="kiem-tra", kind="change") == ["2023-10-16 09:00"]
        assert len(sent(rows, milestone="kiem-tra")) == 2

    def test_a_nominee_is_reminded_only_from_its_nomination_on(self, rows: Rows) -> None:
        assert sent(rows, milestone="khen-thuong", party="thanh-hoa", rung="before:7d") == ["2023-11-22 08:00"]
        assert sent(rows, milestone="khen-thuong", rung="before:14d") == []
        assert {r["party"] for r in rows if r["milestone"] == "khen-thuong"} == {"nghe-an", "thanh-hoa"}
