"""Commands that record facts: what they print, what falls away, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.bootstrap import Container, find_settings
from scheduler.clock import SystemClock
from scheduler.errors import ExitCode
from scheduler.plan.commands import ReportBounce
from scheduler.services.record_facts import execute
from tests.cli.conftest import Office

TODAY = datetime.now(UTC).date()  # noqa: TID251 - the commands read the machine's clock too
NEXT_YEAR = TODAY.year + 1


def test_receive_prints_the_fact_and_every_step_that_falls_away(open_office: Office) -> None:
    """In the order in which they would have come."""
    result = open_office("receive", "here", "report", "branch", "--channel", "email", "--by", "Nga")
    lines = result.out.splitlines()
    assert (result.code, result.err) == (ExitCode.DONE, "")
    assert lines[0] == "f1: received report branch"
    assert lines[1] == f"  fell away: report branch before:14d of {NEXT_YEAR}-11-30 08:00"
    assert lines[-1] == "  notice to: b@branch.vn"
    assert [line[-16:] for line in lines[1:-1]] == sorted(line[-16:] for line in lines[1:-1])


def test_receive_tells_the_same_as_json(open_office: Office) -> None:
    """One object: the fact, what fell away, what was armed, who is written to."""
    (row,) = open_office.rows("receive", "here", "report", "branch", "--deliverable", "text", "--channel", "paper")
    assert set(row) == {"fact", "fell_away", "armed", "notified", "corrected", "remarks"}
    assert (row["fact"]["id"], row["fact"]["deliverables"], row["fell_away"]) == ("f1", ["text"], [])
    assert row["notified"] == ["b@branch.vn"]


def test_receive_without_receipt_writes_to_nobody(open_office: Office) -> None:
    """The record is the same."""
    (row,) = open_office.rows("receive", "here", "report", "branch", "--no-receipt")
    assert row["notified"] == []
    assert open_office.rows("outbox", "list") == []


def test_receive_notes_a_postmark_and_files(open_office: Office) -> None:
    """The postmark says when it happened; the file must exist, and a copy is kept."""
    file = open_office.folder / "scan.pdf"
    file.write_bytes(b"%PDF-1.7 scan")
    day = TODAY - timedelta(days=3)
    arguments = ("here", "report", "branch", "--channel", "paper", "--sent-on", day, "--file", file)
    (row,) = open_office.rows("receive", *arguments)
    assert row["fact"]["happened"].startswith(f"{day}T12:00:00")
    assert row["fact"]["files"] == ["scan.pdf"]
    assert any(kept.read_bytes() == file.read_bytes() for kept in open_office.folder.glob("var/documents/*/*"))
    missing = open_office("receive", "here", "report", "branch", "--file", open_office.folder / "gone.pdf")
    assert (missing.code, "gone.pdf" in missing.err) == (ExitCode.FAILED, True)


def test_the_result_of_a_target_is_recorded_with_its_evidence_and_listed(open_office: Office) -> None:
    """The file is kept, the list says how far each target is reached, and undo takes it back."""
    file = open_office.folder / "minutes.pdf"
    file.write_bytes(b"%PDF-1.7 minutes")
    assert "not counted yet" in open_office("indicator", "here").out
    result = open_office("indicator", "here", "good", "--value", 1, "--note", "Biên bản", "--file", file, "--by", "Nga")
    assert (result.code, result.out) == (ExitCode.DONE, "f1: counted good\n")
    row, computed = open_office.rows("indicator", "here")
    assert (computed["measured_by"], computed["done"], computed["total"]) == ("report", 0, 1)
    assert (row["done"], row["total"], row["reached"], row["target"]) == (1, 1, True, "100%")
    [fact] = row["counted"]
    assert (fact["value"], fact["note"], fact["files"], fact["by"]) == (1, "Biên bản", ["minutes.pdf"], "Nga")
    assert [path.read_bytes() for path in (open_office.folder / "var" / "documents").rglob("*") if path.is_file()] == [
        b"%PDF-1.7 minutes"
    ]
    assert "Biên bản, minutes.pdf" in open_office("indicator", "here").out
    assert open_office("undo", "f1", "--reason", "nhầm").code == ExitCode.DONE
    assert open_office.rows("indicator", "here")[0]["done"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("good",), ExitCode.USAGE, "--value"),
        (("--value", 1), ExitCode.USAGE, "INDICATOR"),
        (("god", "--value", 1), ExitCode.NOTHING_MATCHED, "good"),
        (("reports", "--value", 1), ExitCode.FAILED, "report"),
        (("good", "--value", 3, "--of", 2), ExitCode.FAILED, "--of"),
        (("good", "--value", 2), ExitCode.FAILED, "2 is more than 1"),
        (("good", "--value", 2, "--party", "branch"), ExitCode.FAILED, "0 or 1"),
        (("good", "--value", 1, "--party", "brunch"), ExitCode.NOTHING_MATCHED, "branch"),
        (("good", "--value", 1, "--file", "gone.pdf"), ExitCode.FAILED, "gone.pdf"),
        (("good", "--value", 1, "--file", __file__), ExitCode.FAILED, "pdf, zip"),
    ],
)
def test_a_result_that_makes_no_sense_is_refused(
    open_office: Office, arguments: tuple[object, ...], code: ExitCode, said: str
) -> None:
    """With the way out; nothing is recorded."""
    result = open_office("indicator", "here", *arguments)
    assert (result.code, said in result.err) == (code, True)
    assert open_office.rows("indicator", "here")[0]["done"] is None


def test_a_receipt_leaves_with_the_next_tick_and_only_once(open_office: Office) -> None:
    """The office is open: one file in the Maildir, however often the daemon looks."""
    open_office("receive", "here", "report", "branch")
    for _ in range(2):
        assert open_office("tick").code == ExitCode.DONE
    (mail,) = open_office.rows("outbox", "list")
    assert (mail["state"], mail["kind"], mail["to"]) == ("sent", "receipt", "b@branch.vn")
    assert len(list((open_office.folder / "var" / "mail" / "new").iterdir())) == 1


def test_accept_follows_a_complete_submission_only(open_office: Office) -> None:
    """Before that it is refused, with what is missing."""
    early = open_office("accept", "here", "report", "branch")
    assert (early.code, early.out) == (ExitCode.FAILED, "")
    assert "still missing: text, list" in early.err
    open_office("receive", "here", "report", "branch")
    assert open_office("accept", "here", "report", "branch").out.startswith("f2: accepted report branch")


def test_return_lets_the_steps_live_again(open_office: Office) -> None:
    """The party reads what is missing and why."""
    open_office("receive", "here", "report", "branch")
    result = open_office("return", "here", "report", "branch", "--missing", "list", "--note", "chưa có chữ ký")
    assert result.code == ExitCode.DONE
    assert f"  will fire: report branch before:14d on {NEXT_YEAR}-11-30 08:00" in result.out
    assert "  notice to: b@branch.vn" in result.out
    (cell,) = open_office.rows("status", "--milestone", "report")
    assert (cell["status"], cell["missing"]) == ("revision", ["list"])


def test_insist_is_for_what_a_party_disowns(open_office: Office) -> None:
    refused = open_office("insist", "here", "report", "branch", "--reason", "it is yours")
    assert (refused.code, refused.out) == (ExitCode.FAILED, "")
    assert "`insist` for what a party disowns" in refused.err


def test_waive_takes_one_party_or_all(open_office: Office) -> None:
    """Neither or both is a usage error."""
    assert open_office("waive", "here", "report", "--reason", "x").code == ExitCode.USAGE
    assert open_office("waive", "here", "report", "branch", "--all", "--reason", "x").code == ExitCode.USAGE
    assert open_office("waive", "here", "report", "branch").code == ExitCode.USAGE
    result = open_office("waive", "here", "report", "--all", "--reason", "không tổ chức")
    assert result.out.startswith("f1: waived report\n  fell away: report branch before:14d")
    assert open_office.rows("status", "--milestone", "report")[0]["status"] == "exempt"


def test_extend_moves_the_ladder_and_tells_the_party(open_office: Office) -> None:
    """The old steps fall away, those of the new date will fire."""
    day = f"{NEXT_YEAR}-12-28"
    result = open_office("extend", "here", "report", "branch", "--until", day, "--decision", "12/CV")
    assert "fell away: report branch before:14d" in result.out
    assert f"will fire: report branch named-day on {day} 08:00" in result.out
    assert "notice to: b@branch.vn" in result.out
    back = open_office("extend", "here", "report", "branch", "--until", f"{NEXT_YEAR}-12-01", "--decision", "13/CV")
    assert (back.code, back.out) == (ExitCode.FAILED, "")
    assert day in back.err


def test_fix_date_invites_and_makes_the_choosers_steps(open_office: Office) -> None:
    """A tentative event becomes dated; it cannot end before it begins."""
    wrong = open_office("fix-date", "here", "meeting", f"{NEXT_YEAR}-11-03", "--to", f"{NEXT_YEAR}-11-02")
    assert (wrong.code, wrong.out) == (ExitCode.FAILED, "")
    result = open_office("fix-date", "here", "meeting", f"{NEXT_YEAR}-11-03T08:00", "--place", "Hà Tĩnh")
    assert "will fire: meeting branch invite" in result.out
    assert f"will fire: meeting branch event:1wd on {NEXT_YEAR}-11-02 08:00" in result.out
    assert "fell away: meeting lead-office fix-date:30d" in result.out
    (cell,) = open_office.rows("status", "--milestone", "meeting", "--party", "lead-office")
    assert (cell["status"], cell["place"]) == ("fixed", "Hà Tĩnh")


def test_reply_records_who_comes_and_replaces_what_was_said_before(open_office: Office) -> None:
    assert open_office("reply", "here", "meeting", "branch", "accepted").code == ExitCode.FAILED  # no day yet
    open_office("fix-date", "here", "meeting", f"{NEXT_YEAR}-11-03")
    result = open_office("reply", "here", "meeting", "branch", "accepted", "--people", "3", "--by", "Lan")
    assert result.out == "f2: replied meeting branch: accepted\n"
    (row,) = open_office.rows("reply", "here", "meeting", "branch", "declined", "--note", "sick")
    assert (row["fact"]["reply"], row["fact"]["date"]) == ("declined", f"on {NEXT_YEAR}-11-03")
    refused = open_office("reply", "here", "meeting", "branch", "delegated", "--deputy", "Nam")
    assert (refused.code, "instead of the one invited" in refused.err) == (ExitCode.FAILED, True)


def test_nominate_makes_obligations_for_the_chosen(open_office: Office) -> None:
    """Names or --none: one of the two."""
    assert open_office("nominate", "here", "chosen").code == ExitCode.USAGE
    assert open_office("nominate", "here", "chosen", "branch", "--none").code == ExitCode.USAGE
    result = open_office("nominate", "here", "chosen", "branch")
    assert "will fire: award branch before:14d" in result.out
    assert open_office("nominate", "here", "chosen", "--none").out.startswith("f2: nominated chosen")
    assert open_office.rows("status", "--milestone", "meeting")


def test_undo_gives_everything_back_and_mails_nothing(open_office: Office) -> None:
    """The receipt that was promised falls away; the fact stays in the record."""
    open_office("receive", "here", "report", "branch")
    result = open_office("undo", "f1", "--reason", "ghi nhầm")
    assert result.out.startswith("f2: withdrawn report branch\n  will fire: report branch before:14d")
    open_office("tick")
    assert open_office.rows("outbox", "list") == []
    again = open_office("undo", "f1", "--reason", "x")
    assert (again.code, "was withdrawn already" in again.err) == (ExitCode.FAILED, True)
    assert open_office("undo", "f9", "--reason", "x").code == ExitCode.NOTHING_MATCHED


@pytest.mark.parametrize(("option", "status"), [("--all-open", "overdue"), ("--all-received", "submitted")])
def test_start_settles_what_was_in_doubt(open_office: Office, option: str, status: str) -> None:
    """Nobody was accused before; afterwards nothing is in doubt."""
    assert open_office.rows("status", "--milestone", "old")[0]["status"] == "unknown"
    assert open_office("start", "here", option).code == ExitCode.DONE
    assert open_office.rows("status", "--milestone", "old")[0]["status"] == status
    assert open_office("start", "here", option).code == ExitCode.NOTHING_MATCHED


def test_start_asks_nothing_about_an_event_that_is_past(open_office: Office) -> None:
    """Nobody submits anything for it."""
    file = open_office.folder / "workflows" / "here" / "plan.toml"
    event = f"""
        [[milestones]]
        id = "gone"
        kind = "event"
        title = "Hội nghị cũ"
        organiser = "lead-office"
        attendees = "members"
        on = {TODAY.year - 1}-06-01
        """
    file.write_text(file.read_text(encoding="utf-8") + event, encoding="utf-8")
    assert open_office("start", "here", "--all-open").code == ExitCode.DONE
    assert open_office("start", "here", "--all-open").code == ExitCode.NOTHING_MATCHED


def test_start_refuses_two_answers_at_once(open_office: Office) -> None:
    """All of it is either open or received."""
    assert open_office("start", "here", "--all-open", "--all-received").code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("hre", "report", "branch"), "did you mean here?"),
        (("here", "reprot", "branch"), "did you mean report?"),
        (("here", "report", "brunch"), "did you mean branch?"),
        (("here", "report", "lead-office"), "there are: branch"),
        (("here", "report", "branch", "--deliverable", "lists"), "did you mean list?"),
    ],
)
def test_an_unknown_name_is_refused_with_near_names(open_office: Office, arguments: tuple[str, ...], hint: str) -> None:
    """Nothing is recorded."""
    result = open_office("receive", *arguments)
    assert (result.code, result.out) == (ExitCode.NOTHING_MATCHED, "")
    assert hint in result.err
    assert [row["facts"] for row in open_office.rows("status", "--milestone", "report")] == [[]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--received-at", "yesterday"), ExitCode.USAGE, "2023-06-08T08:00"),
        (("--received-at", str(TODAY)), ExitCode.USAGE, "has no time of day"),
        (("--received-at", f"{NEXT_YEAR}-01-01T08:00"), ExitCode.FAILED, "future"),
        (
            ("--channel", "paper", "--sent-on", str(TODAY), "--received-at", f"{NEXT_YEAR}-01-01T08:00"),
            ExitCode.FAILED,
            "future",
        ),
        (("--sent-on", str(TODAY)), ExitCode.FAILED, "--channel paper"),
        (("--channel", "pigeon"), ExitCode.USAGE, "pigeon"),
    ],
)
def test_receive_refuses_what_makes_no_sense(
    open_office: Office, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    """Each refusal says what would be right."""
    result = open_office("receive", "here", "report", "branch", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_a_fact_whose_number_no_record_can_hold_is_unknown(office: Office) -> None:
    """Not a fault."""
    assert office("undo", "f99999999999999999999", "--reason", "x").code == ExitCode.NOTHING_MATCHED


def test_an_extension_until_a_day_off_is_taken_with_a_remark(office: Office) -> None:
    """New Year's day."""
    command = ("extend", office.plan, "dang-ky", "branch-one", "--until", f"{NEXT_YEAR + 1}-01-01", "--decision", "1")
    assert f"  {NEXT_YEAR + 1}-01-01 is a day off\n" in office(*command).out


@pytest.mark.parametrize(
    ("day", "remark"),
    [(f"{NEXT_YEAR - 2}-06-10", "in the past"), (f"{NEXT_YEAR}-12-25", "outside what the plan foresees")],
)
def test_an_odd_day_is_taken_with_a_remark(office: Office, day: str, remark: str) -> None:
    """It may be meant."""
    result = office("fix-date", office.plan, "so-ket", day)
    assert result.code == ExitCode.DONE
    assert remark in result.out


# ---- addresses


def test_contacts_shows_which_addresses_bounced_and_restores_them(open_office: Office) -> None:
    """By hand, for those who know better than the server."""
    assert {row["state"] for row in open_office.rows("contacts", "list")} == {"ok"}
    assert open_office("contacts", "list", "--bounced").out == "Every address works.\n"
    bounce(open_office, "b@branch.vn")
    (row,) = open_office.rows("contacts", "list", "--bounced")
    assert (row["party"], row["address"], row["reply"]) == ("branch", "b@branch.vn", "550 5.1.1 no such user")
    doctor = {row["check"]: row for row in open_office("doctor", "--format", "json").rows}
    assert (doctor["contacts"]["state"], "b@branch.vn" in doctor["contacts"]["message"]) == ("warning", True)
    restored = open_office("contacts", "restore", "b@branch.vn", "--by", "Lan")
    assert (restored.code, restored.out) == (ExitCode.DONE, "f2: b@branch.vn of branch gets mail again\n")
    assert {row["state"] for row in open_office.rows("contacts", "list")} == {"ok"}
    again = open_office("contacts", "restore", "b@branch.vn")
    assert (again.code, "address that bounced" in again.err) == (ExitCode.NOTHING_MATCHED, True)


def test_an_address_can_be_paused_while_its_party_has_another(open_office: Office) -> None:
    until = f"{NEXT_YEAR - 1}-12-31"
    paused = open_office("contacts", "pause", "b@branch.vn", "--until", until, "--reason", "nghỉ phép")
    assert (paused.code, paused.out) == (ExitCode.DONE, f"f1: b@branch.vn of branch gets no mail up to {until}\n")
    states = {row["address"]: (row["state"], row["until"]) for row in open_office.rows("contacts", "list")}
    assert states == {"a@lead.vn": ("ok", None), "b@branch.vn": ("paused", until), "c@branch.vn": ("ok", None)}
    only = open_office("contacts", "pause", "c@branch.vn", "--until", until)
    assert (only.code, "nobody else would get" in only.err) == (ExitCode.FAILED, True)
    past = open_office("contacts", "pause", "b@branch.vn", "--until", f"{NEXT_YEAR - 2}-01-31")
    assert (past.code, "has passed" in past.err) == (ExitCode.FAILED, True)
    unknown = open_office("contacts", "pause", "nobody@branch.vn", "--until", until)
    assert (unknown.code, "unknown address of a contact" in unknown.err) == (ExitCode.NOTHING_MATCHED, True)
    restored = open_office("contacts", "restore", "b@branch.vn")
    assert (restored.code, restored.out) == (ExitCode.DONE, "f2: b@branch.vn of branch gets mail again\n")
    open_office("retire", open_office.plan, "--reason", "xong")  # last year's plan stands in nobody's way
    assert open_office("contacts", "pause", "b@branch.vn", "--until", until).code == ExitCode.DONE


def bounce(office: Office, address: str) -> None:
    """Let the mail server say that an address accepts no mail."""
    app = Container(settings=find_settings(office.folder / "config.toml"), clock=SystemClock())
    now = SystemClock().now()
    with app.store() as store:
        command = ReportBounce(at=now, party="branch", address=address, note="550 5.1.1 no such user")
        execute(app.services(store), app.find_plan(office.plan), [command])


# ---- the end of a plan


def test_retire_ends_a_plan_and_undo_takes_that_back(open_office: Office) -> None:
    """Every step falls away, nobody is written to, and the board says so."""
    open_office("receive", "here", "report", "branch", "--deliverable", "text")
    retired = open_office("retire", "here", "--reason", "the office closes")
    assert (retired.code, retired.err) == (ExitCode.DONE, "")
    assert retired.out.startswith("f2: retired")
    assert open_office.rows("agenda") == []
    open_office("tick")
    assert open_office.rows("outbox", "list") == []
    assert {row["status"] for row in open_office.rows("status")} == {"exempt"}
    again = open_office("retire", "here", "--reason", "once more")
    assert (again.code, "was retired by f2" in again.err) == (ExitCode.FAILED, True)
    assert open_office("undo", "f2", "--reason", "it does not").code == ExitCode.DONE
    assert open_office.rows("agenda") != []


def test_what_the_record_owes_is_told_while_the_file_is_away(open_office: Office) -> None:
    """A share that is not mounted must not end a plan in silence; who ends it on purpose says so."""
    plan = open_office.folder / "workflows" / "here" / "plan.toml"
    assert open_office("tick").code == ExitCode.DONE
    text = plan.read_bytes()
    plan.unlink()
    for _ in range(2):
        tick = open_office("tick")
        assert (tick.code, "no definition was found of here" in tick.err) == (ExitCode.FAILED, True)
        assert "put its file back, or end the plan with `hanchot retire`" in tick.err
    verdicts = {row["check"]: row["state"] for row in open_office("doctor", "--format", "json").rows}
    assert verdicts["plans"] == "error"

    retired = open_office("retire", "here", "--reason", "the office closes")
    assert (retired.code, retired.out.splitlines()[0]) == (
        ExitCode.DONE,
        "f1: retired here; its definition is not loaded",
    )
    assert open_office("tick").code == ExitCode.DONE
    plan.write_bytes(text)
    assert open_office("tick").code == ExitCode.DONE
    assert open_office.rows("agenda") == []
    open_office("undo", "f1", "--reason", "it goes on")
    assert open_office.rows("agenda") != []


def test_only_a_plan_that_the_record_knows_can_be_retired(open_office: Office) -> None:
    """Another name is offered."""
    open_office("tick")
    result = open_office("retire", "hree", "--reason", "x")
    assert (result.code, "did you mean here?" in result.err) == (ExitCode.NOTHING_MATCHED, True)


def test_reassign_gives_a_fact_another_home(open_office: Office) -> None:
    """It happened when it happened; the wrong one is undone, and nobody is mailed."""
    open_office("receive", "here", "report", "branch", "--by", "Nga")
    (result,) = open_office.rows("reassign", "f1", "old", "--by", "Lan")
    assert (result["fact"]["milestone"], result["fact"]["restates"], result["notified"]) == ("old", "f1", [])
    states = {row["milestone"]: row["status"] for row in open_office.rows("status")}
    assert (states["old"], states["report"]) == ("submitted", "pending")
    wrong = open_office("reassign", "f2", "reprot")
    assert (wrong.code, "did you mean report?" in wrong.err) == (ExitCode.NOTHING_MATCHED, True)


def test_a_record_without_a_home_is_told_by_check(open_office: Office) -> None:
    """With the line of the plan that may be meant, and the ways out; the check still succeeds."""
    open_office("receive", "here", "report", "branch")
    plan = open_office.folder / "workflows" / "here" / "plan.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"report"', '"final"'), encoding="utf-8")
    open_office("tick")
    checked = open_office("check")
    assert checked.code == ExitCode.DONE
    assert "warning [unplaced]" in checked.out
    assert "1 record (f1) about report: the plan has no such milestone any more" in checked.out
    assert "is it final now?" in checked.out
    assert open_office("reassign", "f1", "final").code == ExitCode.DONE
    assert "unplaced" not in open_office("check").out


# ---- single reminders


def test_the_next_step_is_left_out_with_the_reason(open_office: Office) -> None:
    """Without a name it is the next one; another one is named as `agenda` names it."""
    result = open_office("skip", "here", "report", "branch", "--reason", "đã gọi điện")
    assert result.out.splitlines()[:2] == [
        "f1: skipped report branch",
        f"  fell away: report branch before:14d of {NEXT_YEAR}-11-30 08:00",
    ]
    (row,) = open_office.rows("skip", "here", "report", "branch", "target", "--reason", "x")
    assert (row["fact"]["rung"], row["fact"]["reason"]) == ("target", "x")
    steps = {step["rung"]: step["id"] for step in open_office.rows("agenda", "--to", f"{NEXT_YEAR}-12-31")}
    (row,) = open_office.rows("skip", "here", "report", "branch", steps["before:3wd"], "--reason", "x")
    assert row["fact"]["rung"] == "before:3wd"
    assert "befor" in open_office("why", row["fact"]["id"]).out
    again = open_office("skip", "here", "report", "branch", "target", "--reason", "x")
    assert (again.code, "does not lie ahead" in again.err) == (ExitCode.FAILED, True)
    unknown = open_office("skip", "here", "report", "branch", "befor:7d", "--reason", "x")
    assert (unknown.code, "before:7d" in unknown.err) == (ExitCode.NOTHING_MATCHED, True)


def test_a_name_that_is_not_known_is_refused_with_the_nearest(open_office: Office) -> None:
    for milestone, party, near in (("report", "branhc", "branch"), ("reprot", "branch", "report")):
        result = open_office("skip", "here", milestone, party, "--reason", "x")
        assert (result.code, near in result.err) == (ExitCode.NOTHING_MATCHED, True)


@pytest.mark.parametrize("command", ["remind", "snooze", "skip"])
def test_a_reason_of_blanks_is_none(open_office: Office, command: str) -> None:
    more = ("--until", f"{NEXT_YEAR}-01-20") if command == "snooze" else ()
    result = open_office(command, "here", "report", "branch", *more, "--reason", "  ")
    assert (result.code, "the text is empty" in result.err) == (ExitCode.USAGE, True)


def test_nothing_is_left_out_where_no_step_lies_ahead(open_office: Office) -> None:
    open_office("receive", "here", "report", "branch")
    result = open_office("skip", "here", "report", "branch", "--reason", "x")
    assert (result.code, "no step of report of branch lies ahead" in result.err) == (ExitCode.NOTHING_MATCHED, True)


def test_a_pause_needs_an_end_and_is_taken_back_by_undo(open_office: Office) -> None:
    assert open_office("snooze", "here", "report", "branch", "--reason", "x").code == ExitCode.USAGE
    past = open_office("snooze", "here", "report", "branch", "--until", TODAY - timedelta(days=9), "--reason", "x")
    assert (past.code, "has passed" in past.err) == (ExitCode.FAILED, True)
    (row,) = open_office.rows("snooze", "here", "report", "branch", "--until", f"{NEXT_YEAR}-12-20", "--reason", "x")
    assert row["fact"]["until"] == f"{NEXT_YEAR}-12-20"
    assert row["remarks"] == [f"{NEXT_YEAR}-12-15 lies within the pause: nobody is reminded before it"]
    (undone,) = open_office.rows("undo", "f1", "--reason", "y")
    assert {step["rung"] for step in undone["armed"]} == {step["rung"] for step in row["fell_away"]}


def test_a_reminder_leaves_at_once(open_office: Office) -> None:
    """The next pass of the daemon sends it."""
    (row,) = open_office.rows("remind", "here", "report", "branch", "--reason", "x")
    assert [step["rung"] for step in row["armed"]] == ["remind:1"]
    open_office("receive", "here", "report", "branch")
    settled = open_office("remind", "here", "report", "branch", "--reason", "x")
    assert (settled.code, "not open any more" in settled.err) == (ExitCode.FAILED, True)


def test_a_note_is_words_alone(open_office: Office) -> None:
    (row,) = open_office.rows("note", "here", "report", "branch", "đã gọi điện 22/3")
    assert (row["fact"]["note"], row["fell_away"], row["armed"]) == ("đã gọi điện 22/3", [], [])
    assert open_office("note", "here", "report", "branch", "").code == ExitCode.FAILED


# ---- who comes


def test_who_comes_is_listed_with_the_number_of_people(open_office: Office) -> None:
    """Before the day is fixed nobody is invited."""
    assert open_office("attendance", "here").out == "Nobody is invited to a day.\n"
    open_office("fix-date", "here", "meeting", f"{NEXT_YEAR}-06-08T08:00")
    assert [row["attendance"] for row in open_office.rows("attendance", "here", "meeting")] == ["unanswered"]
    open_office("reply", "here", "meeting", "branch", "accepted", "--people", 3, "--note", "đi xe riêng")
    rows = {row["party"]: row for row in open_office.rows("attendance", "here")}
    assert (rows["branch"]["attendance"], rows["branch"]["people"], rows["branch"]["note"]) == (
        "coming",
        3,
        "đi xe riêng",
    )
    out = open_office("attendance", "here").out
    assert "People who come, as far as it was said: 3" in out
    unknown = open_office("attendance", "here", "meting")
    assert (unknown.code, "meeting" in unknown.err) == (ExitCode.NOTHING_MATCHED, True)
