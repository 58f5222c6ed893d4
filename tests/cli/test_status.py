"""Commands that show: status, why, outbox."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest

from scheduler.bootstrap import Container, find_settings
from scheduler.clock import SystemClock
from scheduler.errors import ExitCode
from scheduler.ports import FolderState
from scheduler.services.sign_in import find_operator, mail_link, sign_in
from scheduler.store import open_store
from tests.cli.conftest import Office
from tests.support.received_mails import PDF

TODAY = datetime.now(UTC).date()  # noqa: TID251 - the commands read the machine's clock too


def test_status_shows_who_owes_what(open_office: Office) -> None:
    """Words for people; columns that would be empty are left out."""
    open_office("tick")
    result = open_office("status")
    lines = result.out.splitlines()
    assert (result.code, "`hanchot start here` settles it" in result.err) == (ExitCode.DONE, True)
    assert [line.split() for line in lines if not line.startswith(" ")] == [
        ["report", "branch"],
        ["meeting", "lead-office"],
        ["old", "branch"],
        ["award"],
    ]
    words = " ".join(line.strip() for line in lines)
    assert re.findall(r"status: ([a-z]+); date: ([a-z]+)", words) == [
        ("pending", "before"),
        ("tentative", "between"),
        ("unknown", "before"),
        ("unassigned", "before"),
    ]
    assert "received:" not in words
    assert all(line == line.rstrip() for line in result.out.splitlines())


def test_status_shows_what_waits_for_its_parties_to_be_chosen(open_office: Office) -> None:
    """From the first day, with its date, as the other milestones; then it is that of the parties."""
    open_office("tick")
    [row] = open_office.rows("status", "--milestone", "award")
    assert (row["party"], row["status"], row["date"].split()[0]) == (None, "unassigned", "before")
    open_office("nominate", "here", "chosen", "branch")
    [row] = open_office.rows("status", "--milestone", "award")
    assert (row["party"], row["status"]) == ("branch", "pending")


def test_status_says_of_what_nobody_will_owe_that_it_is_called_off(open_office: Office) -> None:
    """Once it is decided that nobody is chosen."""
    open_office("tick")
    open_office("nominate", "here", "chosen", "--none")
    [row] = open_office.rows("status", "--milestone", "award")
    assert (row["party"], row["status"]) == (None, "exempt")


def test_status_shows_the_last_check_of_what_is_open(open_office: Office) -> None:
    """What the daemon saw is of interest until something has come."""
    open_office("tick")
    said = " ".join(open_office("status", "--milestone", "report").out.split())
    assert re.search(r"last check: [-\d]+ [:\d]+: nothing recorded", said)
    open_office("receive", "here", "report", "branch")
    assert "nothing recorded" not in open_office("status", "--milestone", "report").out


def test_status_shows_which_copy_is_still_missing(open_office: Office) -> None:
    """All of it came by e-mail, the paper has not (contract rule 8); who accepts it does without."""
    open_office("receive", "here", "report", "branch", "--channel", "email")
    assert "copy by paper" in open_office("status", "--milestone", "report").out
    open_office("accept", "here", "report", "branch")
    assert "copy by paper" not in open_office("status", "--milestone", "report").out


def test_status_as_json_has_dates_facts_and_the_next_step(open_office: Office) -> None:
    """Everything the board knows, for other programs."""
    open_office("receive", "here", "report", "branch", "--deliverable", "text")
    (row,) = open_office.rows("status", "--milestone", "report", "--party", "branch", "--plan", "here")
    assert (row["status"], row["role"], row["missing"]) == ("partial", "owes", ["list"])
    assert (row["last_day"], row["date"]) == (f"{TODAY.year + 1}-12-14", f"before {TODAY.year + 1}-12-15")
    assert row["next"]["rung"] == "before:14d"
    assert [fact["id"] for fact in row["facts"]] == ["f1"]


def test_status_as_of_an_earlier_day_leaves_out_what_was_recorded_later(open_office: Office) -> None:
    """A day means its end, a time means that instant."""
    open_office("receive", "here", "report", "branch")
    (then,) = open_office.rows("status", "--milestone", "report", "--as-of", TODAY - timedelta(days=2))
    (now,) = open_office.rows("status", "--milestone", "report", "--as-of", TODAY + timedelta(days=1))
    assert (then["facts"], now["status"]) == ([], "submitted")
    (hour,) = open_office.rows("status", "--milestone", "report", "--as-of", f"{TODAY - timedelta(days=2)}T08:00")
    assert hour["facts"] == []


def test_status_as_of_the_last_day_in_time_is_not_late_yet(open_office: Office) -> None:
    """The end of a day belongs to it."""
    day = datetime(TODAY.year + 1, 12, 15, tzinfo=UTC).date()
    (last,) = open_office.rows("status", "--milestone", "report", "--as-of", day)
    (late,) = open_office.rows("status", "--milestone", "report", "--as-of", day + timedelta(days=1))
    assert (last["status"], late["status"]) == ("due_today", "overdue")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--plan", "hers"), "did you mean here?"),
        (("--milestone", "repor"), "did you mean report?"),
        (("--party", "lead-ofice"), "did you mean lead-office?"),
        (("--milestone", "old", "--party", "lead-office"), "without options"),
    ],
)
def test_status_of_nothing_ends_with_its_own_code(open_office: Office, arguments: tuple[str, ...], hint: str) -> None:
    """A script can distinguish an empty answer from a wrong question."""
    result = open_office("status", *arguments)
    assert (result.code, result.out) == (ExitCode.NOTHING_MATCHED, "")
    assert hint in result.err


def test_why_explains_a_step_that_fell_away(open_office: Office) -> None:
    """Its dates, what closed it, and when."""
    open_office("receive", "here", "report", "branch", "--channel", "paper")
    (row,) = open_office.rows("why", "r1")
    assert (row["rung"], row["state"], row["status_then"]) == ("before:14d", "cancelled", "submitted")
    assert row["reason"].startswith("received ")
    assert row["dates"]["target"] == f"{TODAY.year + 1}-12-14"
    text = open_office("why", "r1").out
    assert "state: cancelled" in text
    assert "  id: f1" in text


def test_why_takes_a_mail_by_its_number_or_its_message_id(open_office: Office) -> None:
    """A Message-ID as a mail program shows it, with or without its brackets."""
    open_office("receive", "here", "report", "branch")
    open_office("tick")
    (mail,) = open_office.rows("outbox", "list")
    for name in ("m1", mail["message"], mail["message"].strip("<>")):
        (row,) = open_office.rows("why", name)
        assert (row["rung"], row["kind"], [mail["id"] for mail in row["mails"]]) == ("receipt:1", "receipt", ["m1"])


@pytest.mark.parametrize("id", ["r999", "m999", "<nobody@example.com>", "r", "", "zz"])
def test_why_of_something_unknown_says_where_ids_are_found(open_office: Office, id: str) -> None:
    """Nothing matched, with the command that lists them."""
    result = open_office("why", id)
    assert (result.code, result.out) == (ExitCode.NOTHING_MATCHED, "")
    assert "hanchot " in result.err


def test_why_of_what_is_no_id_at_all_does_not_speak_of_a_mail(open_office: Office) -> None:
    assert "zz is no step, no mail and no Message-ID" in open_office("why", "zz").err
    assert "there is no mail m99" in open_office("why", "m99").err


def test_outbox_lists_and_filters_mails(open_office: Office) -> None:
    """Oldest first; by plan and by state."""
    assert open_office("outbox", "list").out == "No mails.\n"
    open_office("receive", "here", "report", "branch", "--deliverable", "text")
    open_office("tick")
    assert [row["state"] for row in open_office.rows("outbox", "list", "--plan", "here")] == ["sent"]
    assert open_office.rows("outbox", "list", "--state", "failed", "--state", "held") == []
    assert "b@branch.vn" in open_office("outbox", "list").out


def test_outbox_list_tells_an_unknown_plan_from_one_without_mails(open_office: Office) -> None:
    """The one is an error, the other an answer."""
    assert open_office("outbox", "list", "--plan", "here").out == "No mails.\n"
    wrong = open_office("outbox", "list", "--plan", "her")
    assert (wrong.code, "did you mean here?" in wrong.err) == (ExitCode.NOTHING_MATCHED, True)
    assert open_office("outbox", "list", "--state", "lost").code == ExitCode.USAGE


def test_outbox_shows_a_mail_and_its_bytes(open_office: Office) -> None:
    """The words for people, the very bytes with --raw."""
    open_office("receive", "here", "report", "branch")
    open_office("tick")
    text = open_office("outbox", "show", "m1").out
    assert "state: sent" in text
    assert "Kính gửi: Chi nhánh" in text
    raw = message_from_string(open_office("outbox", "show", "m1", "--raw").out, policy=default)
    assert raw["Message-ID"] == open_office.rows("outbox", "list")[0]["message"]
    assert open_office("outbox", "show", "m2").code == ExitCode.NOTHING_MATCHED


def test_outbox_never_shows_a_link_to_sign_in(open_office: Office) -> None:
    """Its words without the token, and no bytes: whoever reads it in a terminal or a report could sign in with it."""
    app = Container(settings=find_settings(open_office.folder / "config.toml"), clock=SystemClock())
    operator = find_operator([app.find_plan("here").plan], [], "a@lead.vn")
    assert operator is not None
    now, hour = app.clock.now(), timedelta(hours=1)
    with app.store() as store:
        assert mail_link(store, app.composer(), operator, "https://thidua.vn", now=now, lifetime=hour)
        with store.reading() as view:
            (mail,) = view.outbox.list()
        words = app.read_text(mail.mail.data)
        token = words.partition("https://thidua.vn/sign-in/")[2].split()[0]
        shown, raw = open_office("outbox", "show", "m1"), open_office("outbox", "show", "m1", "--raw")
        assert sign_in(store, token, now=now, lifetime=hour) is not None  # it did work
    assert "https://thidua.vn/sign-in/(token)" in shown.out
    assert token not in shown.out + shown.err
    assert (raw.code, raw.out) == (ExitCode.FAILED, "")
    assert "hanchot sign-in ADDRESS" in raw.err


def add_to(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{text}\n")


def test_a_shared_folder_is_looked_into_below_the_folder_of_the_configuration(open_office: Office) -> None:
    """While it is not there, `tick` fails and `status` says since when."""
    plan = open_office.folder / "workflows" / "here" / "plan.toml"
    add_to(plan, '[checks]\nsources = ["folder"]\nfolder = "shared"')
    failed = open_office("tick")
    assert failed.code == ExitCode.FAILED
    assert f"{open_office.folder / 'shared'} cannot be read: No such file or directory" in failed.err
    assert "Not looked at so far: the source folder of here" in open_office("status").err
    assert "Not looked at" not in open_office("status", "--as-of", "2020-01-01").err
    verdicts = {row["check"]: row for row in open_office("doctor", "--format", "json").rows}
    assert verdicts["checks"]["state"] == "error"


def test_a_file_that_has_just_come_is_waited_for(open_office: Office) -> None:
    plan = open_office.folder / "workflows" / "here" / "plan.toml"
    add_to(plan, '[checks]\nsources = ["folder"]\nfolder = "shared"')
    folder = open_office.folder / "shared" / "branch" / "report"
    folder.mkdir(parents=True)
    (folder / "Bản báo cáo.pdf").write_bytes(PDF)
    assert open_office("tick").code == 0
    [row] = open_office.rows("status", "--milestone", "report")
    assert (row["status"], row["seen"]) == ("pending", "Bản báo cáo.pdf is still being written")


def test_a_pass_that_cannot_read_the_mailbox_knows_it_at_once(open_office: Office) -> None:
    """Although it was read a minute ago."""
    add_to(
        open_office.folder / "config.toml",
        '[inbox]\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\nusername = "a"\npassword = "b"\nfolders = ["INBOX"]',
    )
    add_to(open_office.folder / "workflows" / "here" / "plan.toml", '[checks]\nsources = ["mailbox"]')
    assert "The mailbox was not read so far" in open_office("status").err
    with closing(open_store(f"sqlite:///{open_office.folder}/var/hanchot.db")) as store, store.transaction() as unit:
        a_minute_ago = SystemClock().now() - timedelta(minutes=1)
        unit.inbox.record_folder(FolderState(folder="INBOX", uidvalidity=1, last_uid=1, read_at=a_minute_ago))
    failed = open_office("tick")
    assert failed.code == ExitCode.FAILED
    assert "the source mailbox could not be looked at: the mailbox was not read since" in failed.err
    assert "not read" not in open_office("status").err


def test_plans_whose_files_are_gone_are_named_and_nothing_is_begun_anew(open_office: Office) -> None:
    """Their record is there: `init` would be the wrong advice."""
    open_office("tick")
    (open_office.folder / "workflows" / "here" / "plan.toml").unlink()
    result = open_office("status")
    assert (result.code, "no definition was found of here" in result.err) == (ExitCode.NOTHING_MATCHED, True)
    assert "hanchot init" not in result.err


def test_that_the_daemon_last_worked_long_ago_is_said_with_the_way_to_see_that_day(open_office: Office) -> None:
    open_office("tick")
    assert "last worked" not in open_office("status").err
    with closing(sqlite3.connect(open_office.folder / "var" / "hanchot.db")) as record, record:
        record.execute("UPDATE tick SET completed_at = completed_at - 3 * 86400 * 1000000")
    assert "--as-of" in open_office("status").err
    assert open_office("status", "--as-of", "2023-03-10").err == ""


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[digest]\nto = "leed"', "here has no group or party leed: nobody gets its weekly digest"),
        ('[web]\nsession = "200 days"', "a session lasts no longer than 90 days"),
        ('[paths]\ntemplates = ["nowhere"]', "there is no folder nowhere"),
    ],
)
def test_a_setting_that_names_nothing_is_warned_of(open_office: Office, lines: str, words: str) -> None:
    assert words not in open_office("check").out
    (open_office.folder / "config.toml").write_text(lines, encoding="utf-8")
    checked, examined = open_office("check"), open_office("doctor").out
    assert (checked.code, words in checked.out) == (ExitCode.DONE, True)
    assert words in " ".join(examined.split())
