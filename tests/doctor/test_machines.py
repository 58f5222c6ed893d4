"""Whether the processes at work fit together, and whether one of them plans."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scheduler.doctor.machines import judge_fleet
from scheduler.ports import Process
from scheduler.queries.fleet import Fleet, Member

NOW = datetime(2023, 8, 1, tzinfo=UTC)


def member(name: str, *, leads: bool = False, **details: Any) -> Member:
    values: dict[str, Any] = {"role": "daemon", "version": "1", "secret": "c0ffee"}
    return Member(process=Process(name=name, **(values | details)), leads=leads, in_flight=0)


def verdicts(*members: Member, secret: str = "c0ffee") -> list[tuple[str, str]]:
    fleet = Fleet(now=NOW, members=members, handed_over=0)
    return [(one.state, one.message) for one in judge_fleet(fleet, secret, "1")]


def test_processes_that_fit_together_are_counted() -> None:
    assert verdicts() == [("ok", "0 processes are at work")]
    assert verdicts(member("a:1:x", leads=True)) == [("ok", "1 process is at work")]
    assert verdicts(member("a:1:x", leads=True), member("b:2:y", role="worker")) == [("ok", "2 processes are at work")]


def test_another_secret_on_a_machine_is_an_error() -> None:
    """But not before there is one here, and not of a process that told none."""
    strange = member("b:2:y", secret="another")
    assert verdicts(member("a:1:x", leads=True), strange) == [("error", "another secret than here: b")]
    assert verdicts(member("a:1:x", leads=True), strange, secret="")[0][0] == "ok"
    assert verdicts(member("a:1:x", leads=True, secret=""))[0][0] == "ok"


def test_another_version_is_warned_of() -> None:
    old = member("b:2:y", version="0")
    assert verdicts(member("a:1:x", leads=True), old) == [("warning", "another version of hanchot than here: b")]


def test_that_nobody_plans_is_an_error() -> None:
    assert verdicts(member("b:2:y", role="worker")) == [("error", "no process plans: nobody is reminded")]
