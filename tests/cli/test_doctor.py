"""Commands for operators: doctor, mail test, db upgrade."""

from __future__ import annotations

import email
import email.policy
import os
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.bootstrap import Container, find_settings, tick_once
from scheduler.cli.doctor import _CHECKS
from scheduler.clock import SteppingClock, SystemClock
from scheduler.errors import ExitCode
from tests.cli.conftest import Office, Run, environment
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.scripted_smtp import CLOSE, Answer, ScriptedServer

ROOT = Path(__file__).parents[2]
REFUSED = "535 5.7.8 Username and Password not accepted"


def use_smtp(office: Office, server: ScriptedServer, password: str = "s3cret") -> None:
    """Let an office send its mails to a server."""
    (office.folder / "password").write_text(password + "\n", encoding="utf-8")
    (office.folder / "password").chmod(0o600)
    (office.folder / "config.toml").write_text(
        f"""
        [mail]
        transport = "smtp"
        from = "thidua@coquan.vn"
        organisation = "Văn phòng"
        [mail.smtp]
        host = "127.0.0.1"
        port = {server.port}
        security = "none"
        username = "van-thu"
        password_file = "password"
        """,
        encoding="utf-8",
    )


def examined(office: Office) -> dict[str, dict[str, Any]]:
    """Return what the doctor found, by check."""
    return {row["check"]: row for row in office("doctor", "--format", "json").rows}


# ---- doctor


def test_before_the_first_start_nothing_is_made_by_looking(open_office: Office) -> None:
    """Neither record nor secret: they would belong to whoever looked."""
    result = open_office("doctor")
    assert result.code == ExitCode.DONE
    assert "is made at the first start" in result.out
    assert not (open_office.folder / "var").exists()


def test_a_foreign_package_with_our_import_name_is_seen(
    open_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that pip has removed only in part, without its metadata."""
    folder = tmp_path / "site" / "broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "RECORD").write_text("scheduler/__init__.py,,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder.parent)
    assert examined(open_office)["packages"]["state"] == "warning"


def test_one_line_for_each_check_with_the_way_out(open_office: Office) -> None:
    """After a tick everything is well."""
    open_office("tick")
    result = open_office("doctor")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    assert {line.split()[0] for line in result.out.splitlines()} == {"ok", "warning"}
    checks = {line.split()[1] for line in result.out.splitlines()}
    wanted = {
        "configuration",
        "definitions",
        "addresses",
        "templates",
        "mail",  # texts
        "zones",
        "disk",
        "database",
        "links",
        "plans",
        "contacts",
    }
    assert checks == wanted | {"account", "outbox", "clock", "daemon", "machines"}
    assert [check for check, row in examined(open_office).items() if row["state"] == "warning"] == [
        "addresses",
        "links",
    ]


def test_every_check_and_warning_is_named_in_the_language_of_the_reader(open_office: Office) -> None:
    """JSON has the codes."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "scheduler" / "doctor").glob("*.py")]
    codes = re.compile(r'(?:check=|from_problems\(|_guarded\(|from_error\(|_exposed\()"(\w+)"')
    assert {code for source in sources for code in codes.findall(source)} == set(_CHECKS)
    shown = open_office("--lang", "vi", "doctor").out.splitlines()
    assert shown[0].startswith("bình thường  cấu hình            mọi khóa")
    assert shown[2].startswith("cảnh báo     địa chỉ thư         mail.from")
    assert open_office("--lang", "vi", "check").out.startswith("cảnh báo: /")


def test_as_json_every_check_has_the_same_four_keys(open_office: Office) -> None:
    """For monitoring."""
    open_office("tick")
    rows = open_office.rows("doctor")
    assert {tuple(row) for row in rows} == {("check", "state", "message", "hint")}


def test_a_wrong_configuration_is_what_the_doctor_finds(run: Run, tmp_path: Path) -> None:
    """Every problem of it; nothing else can be looked at."""
    file = tmp_path / "config.toml"
    file.write_text('[mail]\ntransport = "smtp"\nform = "x"\n', encoding="utf-8")
    result = run("--config", file, "doctor", "--format", "json")
    assert result.code == ExitCode.WRONG_INPUT
    assert [(row["check"], row["state"]) for row in result.rows] == [("configuration", "error")]
    assert "mail.form: unknown key" in result.rows[0]["message"]


def test_wrong_definitions_and_templates_are_errors(open_office: Office) -> None:
    """With the command that lists everything, and the template's line."""
    (open_office.folder / "workflows" / "here" / "plan.toml").write_text("[plan]\nid = 3\n", encoding="utf-8")
    templates = open_office.folder / "own" / "mail" / "vi"
    templates.mkdir(parents=True)
    (templates / "reminder.txt").write_text("\n{% if %}", encoding="utf-8")
    (open_office.folder / "config.toml").write_text('[paths]\ntemplates = ["own"]', encoding="utf-8")
    found = examined(open_office)
    assert (found["definitions"]["state"], "hanchot check" in found["definitions"]["hint"]) == ("error", True)
    assert (found["templates"]["state"], "reminder.txt:2" in found["templates"]["message"]) == ("error", True)
    assert open_office("doctor").code == ExitCode.FAILED


def test_a_plan_of_which_no_mail_can_be_written_is_found(open_office: Office) -> None:
    """Its texts are sound; only the mails that would leave show it."""
    templates = open_office.folder / "own" / "mail" / "vi"
    templates.mkdir(parents=True)
    (templates / "reminder.subject").write_text("{{ milestone.title }}{{ '\\u0007' if plan }}\n", encoding="utf-8")
    (open_office.folder / "config.toml").write_text('[paths]\ntemplates = ["own"]', encoding="utf-8")
    found = examined(open_office)
    assert (found["letters"]["state"], "U+0007" in found["letters"]["message"]) == ("error", True)


def test_an_empty_folder_has_no_plan_and_is_told_how_to_get_one(run: Run, tmp_path: Path) -> None:
    """A warning: nothing is wrong yet."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    result = run("--config", tmp_path / "config.toml", "doctor", "--format", "json")
    (definitions,) = [row for row in result.rows if row["check"] == "definitions"]
    assert (definitions["state"], "hanchot init" in definitions["hint"]) == ("warning", True)


def test_a_record_that_cannot_be_opened_is_an_error(open_office: Office) -> None:
    """In the store's own words."""
    (open_office.folder / "var").mkdir()
    (open_office.folder / "var" / "hanchot.db").write_text("not a database" * 100, encoding="utf-8")
    found = examined(open_office)
    assert (found["database"]["state"], "is not a SQLite database" in found["database"]["message"]) == ("error", True)
    assert found["database"]["hint"]


def test_a_record_of_another_version_is_an_error(open_office: Office) -> None:
    """An older one with the command to run."""
    open_office("tick")
    with closing(sqlite3.connect(open_office.folder / "var" / "hanchot.db")) as record, record:
        record.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in examined(open_office)["database"]["message"]


def test_the_doctor_signs_in_and_sends_nothing(open_office: Office) -> None:
    """Every command of the server's is heard up to the login."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        mail = examined(open_office)["mail"]
        assert (mail["state"], f"127.0.0.1 port {server.port}" in mail["message"]) == ("ok", True)
    assert [line.split()[0].upper() for line in server.commands] == ["EHLO", "AUTH", "QUIT"]
    assert server.received == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"AUTH": REFUSED}, "535 5.7.8"),
        ({"greeting": "554 go away"}, "554 go away"),
        ({"greeting": CLOSE}, "closed the connection"),
    ],
)
def test_a_login_that_fails_is_told_in_the_servers_words(
    open_office: Office, answers: dict[str, Answer], words: str
) -> None:
    """And the password is in none of them."""
    with ScriptedServer(answers) as server:
        use_smtp(open_office, server)
        result = open_office("doctor", "--format", "json")
    (mail,) = [row for row in result.rows if row["check"] == "mail"]
    assert (result.code, mail["state"], words in mail["message"]) == (ExitCode.FAILED, "error", True)
    assert mail["hint"]
    assert "s3cret" not in result.out + result.err


def test_a_server_that_cannot_be_reached_is_an_error(open_office: Office) -> None:
    """With its name and port."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        port = server.port
    mail = examined(open_office)["mail"]
    assert (mail["state"], f"cannot reach 127.0.0.1 port {port}" in mail["message"]) == ("error", True)


def test_a_password_file_that_cannot_be_read_is_an_error(open_office: Office) -> None:
    """The rest is looked at all the same."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        (open_office.folder / "password").unlink()
        found = examined(open_office)
    assert "cannot read the password file" in found["mail"]["message"]
    assert found["daemon"]["state"] == "warning"


def test_the_rest_of_the_record_is_looked_at_without_the_password(open_office: Office) -> None:
    """Only the name of the account follows from it."""
    open_office("tick")
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        (open_office.folder / "password").unlink()
        found = examined(open_office)
    assert "cannot read the password file" in found["mail"]["message"]
    assert {name: found[name]["state"] for name in ("database", "outbox", "daemon")} == dict.fromkeys(
        ("database", "outbox", "daemon"), "ok"
    )
    assert "account" not in found


LOCKED = {
    "none, as a unit hands it to the daemon alone": ("", "mail.smtp.password: is missing; there is a username"),
    "a file that is not there": ("gone", "cannot read the password file"),
    "a folder in its place": ("workflows", "cannot read the password file"),
}


@pytest.mark.parametrize(("password_file", "words"), LOCKED.values(), ids=LOCKED)
def test_only_what_sends_mail_needs_the_password(open_office: Office, password_file: str, words: str) -> None:
    """A tick plans and composes, says that nothing can leave, and fails; with the password the mail leaves."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        with environment(HANCHOT_MAIL__SMTP__PASSWORD_FILE=password_file):
            assert open_office("receive", "here", "report", "branch").code == ExitCode.DONE
            for command in (("check",), ("plans",), ("status",), ("outbox", "list"), ("sign-in", "a@lead.vn")):
                assert open_office(*command).code == ExitCode.DONE
            result = open_office("tick")
            assert (result.code, f"no mail can leave: {words}" in result.err) == (ExitCode.FAILED, True)
            assert "failed: delivery" in result.err
            assert [mail["state"] for mail in open_office.rows("outbox", "list")] == ["queued"]
            for sender in (("mail", "test", "a@lead.vn"), ("run",)):
                assert words in open_office(*sender).err
        assert server.received == []
        assert open_office("tick").code == ExitCode.DONE
        assert [mail.recipient for mail in server.received] == ["b@branch.vn"]


def test_a_mailbox_without_its_password_keeps_no_mail_from_leaving(open_office: Office) -> None:
    """Only unclear mails are looked for in it; the tick says so and fails."""
    with (open_office.folder / "config.toml").open("w", encoding="utf-8") as file:
        file.write('[inbox]\nhost = "127.0.0.1"\nusername = "a"\nsent = "Sent"\n')
    open_office("receive", "here", "report", "branch")
    result = open_office("tick")
    assert result.code == ExitCode.FAILED
    assert "sent mail cannot be looked up: inbox.password: is missing" in result.err
    assert "failed: sent folder\n" in result.err
    assert [mail["state"] for mail in open_office.rows("outbox", "list")] == ["sent"]


def test_a_sender_that_is_an_example_is_an_error_once_mail_is_sent(open_office: Office) -> None:
    """Answers and bounces would go nowhere."""
    with ScriptedServer() as server, environment(HANCHOT_MAIL__FROM="a@b.example"):
        use_smtp(open_office, server)
        found = examined(open_office)
    assert (found["addresses"]["state"], "mail.from" in found["addresses"]["message"]) == ("error", True)


def test_a_secret_that_others_may_read_is_told(open_office: Office) -> None:
    """The file of the password."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        (open_office.folder / "password").chmod(0o644)
        assert examined(open_office)["secrets"]["state"] == "warning"


def test_a_record_that_others_may_read_is_told(open_office: Office) -> None:
    """One that an earlier build made; a new one is for its owner only, and so is its folder."""
    open_office("tick")
    assert "secrets" not in examined(open_office)
    var = open_office.folder / "var"
    var.chmod(0o755)
    (var / "hanchot.db").chmod(0o644)
    secrets = examined(open_office)["secrets"]
    assert (secrets["state"], str(var / "hanchot.db") in secrets["message"]) == ("warning", True)


def test_a_proxy_whose_word_is_not_believed_is_told(open_office: Office) -> None:
    """With what to set."""
    with environment(HANCHOT_SERVER__PUBLIC_URL="https://thidua.coquan.vn"):
        assert "trusted_proxies" in examined(open_office)["proxies"]["hint"]
        with environment(HANCHOT_SERVER__TRUSTED_PROXIES="127.0.0.1"):
            assert "proxies" not in examined(open_office)


def use_inbox(office: Office, server: Dovecot, account: str, **keys: str) -> None:
    """Let an office look into the sent folder of an account."""
    values = {"host": "127.0.0.1", "security": "none", "username": account, "password_file": "imap", "sent": "Sent"}
    (office.folder / "imap").write_text(PASSWORD + "\n", encoding="utf-8")
    (office.folder / "imap").chmod(0o600)
    file = office.folder / "config.toml"
    lines = ["[inbox]", f"port = {server.port}", *(f'{key} = "{value}"' for key, value in (values | keys).items())]
    file.write_text("\n".join([file.read_text(encoding="utf-8"), *lines]), encoding="utf-8")


def test_the_doctor_looks_into_the_sent_folder_if_one_is_named(
    open_office: Office, dovecot: Dovecot, tmp_path: Path
) -> None:
    """It signs in and finds the folder; nobody else is asked about an inbox."""
    assert "inbox" not in examined(open_office)
    dovecot.keep(tmp_path.name, ".Sent", "<1@hanchot.example>")
    use_inbox(open_office, dovecot, tmp_path.name)
    inbox = examined(open_office)["inbox"]
    assert inbox["state"] == "ok"
    assert inbox["message"] == f"127.0.0.1 port {dovecot.port} took the login; the folder Sent is there"


@pytest.mark.parametrize(
    ("keys", "words", "hint"),
    [
        ({"sent": "Sennt"}, "has no folder 'Sennt'", "did you mean Sent?"),
        ({"password_file": "wrong"}, "does not take the login", "username and password in [inbox]"),
        ({"password_file": "gone"}, "cannot read the password file", "inbox.password_file"),
        ({"security": "starttls"}, "certificate is not accepted", "inbox.host"),
    ],
)
def test_a_sent_folder_that_cannot_be_looked_into_is_an_error(
    open_office: Office, dovecot: Dovecot, tmp_path: Path, keys: dict[str, str], words: str, hint: str
) -> None:
    """With the way out, and the password in none of it."""
    dovecot.keep(tmp_path.name, ".Sent", "<1@hanchot.example>")
    (open_office.folder / "wrong").write_text("geheim-1", encoding="utf-8")
    use_inbox(open_office, dovecot, tmp_path.name, **keys)
    result = open_office("doctor", "--format", "json")
    (inbox,) = [row for row in result.rows if row["check"] == "inbox"]
    assert (result.code, inbox["state"]) == (ExitCode.FAILED, "error")
    assert words in inbox["message"]
    assert hint in inbox["hint"]
    assert not any(secret in result.out + result.err for secret in (PASSWORD, "geheim-1"))


def test_the_folders_that_answers_come_to_are_looked_for(open_office: Office, dovecot: Dovecot, tmp_path: Path) -> None:
    """Whose mail server says who a mail is from has to be named, or no answer is recorded without a person."""
    dovecot.keep(tmp_path.name, ".Sent", "<0@hanchot.example>")
    use_inbox(open_office, dovecot, tmp_path.name)
    with (open_office.folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write('\nfolders = ["INBOX"]\n')
    found = [row for row in open_office("doctor", "--format", "json").rows if row["check"] == "inbox"]
    assert [row["state"] for row in found] == ["ok", "warning"]
    assert found[0]["message"].endswith("took the login; the folders INBOX, Sent are there")
    assert "each answer waits for a person" in found[1]["message"]
    words = (open_office.folder / "config.toml").read_text(encoding="utf-8")
    (open_office.folder / "config.toml").write_text(words.replace('"INBOX"', '"Junk"'), encoding="utf-8")
    [missing] = [row for row in open_office("doctor", "--format", "json").rows if row["check"] == "inbox"]
    assert "has no folder 'Junk'" in missing["message"]
    assert missing["hint"].startswith("check inbox.folders")


def test_the_password_of_the_inbox_is_a_secret_too(open_office: Office, dovecot: Dovecot, tmp_path: Path) -> None:
    """In a file of its own."""
    use_inbox(open_office, dovecot, tmp_path.name)
    (open_office.folder / "imap").chmod(0o640)
    assert str(open_office.folder / "imap") in examined(open_office)["secrets"]["message"]


def test_a_mail_whose_answer_was_lost_is_found_in_the_sent_folder(
    open_office: Office, dovecot: Dovecot, tmp_path: Path
) -> None:
    """The daemon's own parts: a server that hangs up after the mail, a mailbox that has it, and ten minutes."""
    dovecot.keep(tmp_path.name, ".Sent", "<0@hanchot.example>")
    with ScriptedServer({"content": CLOSE}) as server:
        use_smtp(open_office, server)
        use_inbox(open_office, dovecot, tmp_path.name)
        open_office("receive", "here", "report", "branch", "--deliverable", "text")
        clock = SteppingClock(SystemClock().now())
        app = Container(settings=find_settings(open_office.folder / "config.toml"), clock=clock)
        tick_once(app)
        (received,) = server.received
        dovecot.keep(tmp_path.name, ".Sent", email.message_from_bytes(received.data)["Message-ID"])
        clock.instant += timedelta(minutes=10)
        tick_once(app)
        (mail,) = open_office.rows("outbox", "list")
    assert (mail["state"], "found in the sent folder" in mail["reason"]) == ("sent", True)
    assert len(server.received) == 1


# ---- mail test


def test_a_test_mail_is_sent_now_and_the_servers_words_are_shown(open_office: Office) -> None:
    """It arrives whole, in Vietnamese."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        result = open_office("mail", "test", "b@branch.vn")
    assert (result.code, result.out, result.err) == (ExitCode.DONE, "sent: 250 2.0.0 queued as 4X\n", "")
    (received,) = server.received
    assert (received.sender, received.recipient) == ("thidua@coquan.vn", "b@branch.vn")
    message = email.message_from_bytes(received.data, policy=email.policy.default)
    assert (message["From"], message["To"]) == ("Văn phòng <thidua@coquan.vn>", "b@branch.vn")
    assert message["Auto-Submitted"] == "auto-generated"
    assert "tiếng Việt cũng đến nơi nguyên vẹn" in message.get_content()
    assert not message.defects


def test_a_test_mail_to_a_domain_with_accents_goes_to_its_ascii_form(open_office: Office) -> None:
    """On the envelope and in the mail."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        assert open_office("mail", "test", "b@trường.vn").code == ExitCode.DONE
    (received,) = server.received
    assert received.recipient == email.message_from_bytes(received.data)["To"] == "b@xn--trng-rib8295b.vn"


def test_two_test_mails_are_two(open_office: Office) -> None:
    """Otherwise the second would not be shown."""
    open_office("mail", "test", "b@branch.vn")
    open_office("mail", "test", "b@branch.vn")
    assert len(list((open_office.folder / "var" / "mail" / "new").iterdir())) == 2


@pytest.mark.parametrize(
    ("answers", "words", "hint"),
    [
        ({"AUTH": REFUSED}, f"not sent: {REFUSED}", "username and password"),
        ({"RCPT": "550 5.1.1 no such user"}, "not sent: 550 5.1.1 no such user", "the address"),
        ({"content": CLOSE}, "handed over, but no answer came", "look into the mailbox"),
        ({"greeting": "421 4.7.0 try later"}, "not sent: 421 4.7.0 try later", ""),
    ],
)
def test_a_test_mail_that_fails_says_what_the_server_answered(
    open_office: Office, answers: dict[str, Answer], words: str, hint: str
) -> None:
    """With the way out, and the code for failure."""
    with ScriptedServer(answers) as server:
        use_smtp(open_office, server)
        result = open_office("mail", "test", "b@branch.vn")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert words in result.err
    assert hint in result.err


def test_what_is_no_address_is_refused(open_office: Office) -> None:
    """Before anything is sent."""
    result = open_office("mail", "test", "nobody\r\nBcc: a@b.vn")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "is not an address" in result.err
    assert not (open_office.folder / "var" / "mail").exists()


def test_an_account_that_was_stopped_goes_on_after_a_test_mail_and_not_before(open_office: Office) -> None:
    """Wrong credentials stop it; the doctor says so; a right password alone does not start it blindly."""
    with ScriptedServer({"AUTH": [REFUSED, REFUSED, *["235 2.7.0 welcome"] * 5]}) as server:
        use_smtp(open_office, server)
        open_office("receive", "here", "report", "branch", "--deliverable", "text")
        assert "is stopped" in open_office("tick").err
        stopped = examined(open_office)["account"]
        assert (stopped["state"], "535" in stopped["message"]) == ("error", True)
        assert "hanchot mail test" in stopped["hint"]
        open_office("tick")
        assert server.received == []
        result = open_office("mail", "test", "b@branch.vn")
        assert "from now on mails leave again" in result.out
        open_office("tick")
        assert [mail.recipient for mail in server.received] == ["b@branch.vn"] * 2
        assert examined(open_office)["account"]["state"] == "ok"


@pytest.mark.parametrize(("per_day", "is_told"), [(1, True), (2, False), (0, False)])
def test_a_daily_limit_that_is_reached_is_a_line(open_office: Office, per_day: int, is_told: bool) -> None:
    """The mails that wait for it leave later by themselves."""
    with ScriptedServer() as server:
        use_smtp(open_office, server)
        with (open_office.folder / "config.toml").open("a", encoding="utf-8") as config:
            config.write(f"\n[mail.limits]\nper_day = {per_day}\n")
        open_office("receive", "here", "report", "branch", "--deliverable", "text")
        open_office("tick")
        assert len(server.received) == 1
        assert ("limits" in examined(open_office)) == is_told


# ---- db upgrade


def test_an_upgrade_of_what_is_up_to_date_says_so(open_office: Office) -> None:
    """It may be run at every installation."""
    open_office("tick")
    assert open_office("db", "upgrade").out == "The record has this program's version.\n"


def test_an_older_record_is_refused_until_it_is_upgraded(open_office: Office) -> None:
    """With the command to run."""
    (open_office.folder / "var").mkdir()
    with closing(sqlite3.connect(open_office.folder / "var" / "hanchot.db")) as record, record:
        record.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    refused = open_office("status")
    assert (refused.code, "hanchot db upgrade" in refused.err) == (ExitCode.FAILED, True)
    assert "hanchot db upgrade" in examined(open_office)["database"]["hint"]
    assert open_office("db", "upgrade").out == "The record has this program's version now.\n"
    assert open_office("tick").code == ExitCode.DONE


def test_a_newer_record_is_left_alone(open_office: Office) -> None:
    """It belongs to a newer program."""
    open_office("tick")
    with closing(sqlite3.connect(open_office.folder / "var" / "hanchot.db")) as record, record:
        record.execute("UPDATE alembic_version SET version_num = '9999'")
    result = open_office("db", "upgrade")
    assert (result.code, "update hanchot" in result.err) == (ExitCode.FAILED, True)


# ---- what a replay may not do


def test_no_variable_points_a_replay_at_anything_real(open_office: Office) -> None:
    """Neither at the mail server nor at the record."""
    from scheduler.bootstrap.container import find_settings
    from scheduler.bootstrap.replay import prepare_replay

    with environment(
        HANCHOT_MAIL__TRANSPORT="smtp",
        HANCHOT_MAIL__SMTP__HOST="mail.coquan.vn",
        HANCHOT_DATABASE__URL="postgresql+psycopg://u@h/n",
    ):
        settings = prepare_replay(find_settings(open_office.folder / "config.toml"))
    assert settings.mail.transport == "maildir"
    assert settings.database_file == open_office.folder / "var" / "replay" / "hanchot.db"
    assert os.environ.get("HANCHOT_MAIL__TRANSPORT") is None


def test_a_link_to_sign_in_is_printed_for_an_operator(office: Office) -> None:
    """Nothing but the link on standard output; what is kept of it is no secret."""
    result = office("sign-in", "vanphong@example.com")
    assert (result.code, result.err[:19]) == (0, "It can be used once")
    address, token = result.out.strip().rsplit("/", 1)
    assert address == "http://127.0.0.1:8321/sign-in"
    assert token.encode() not in (office.folder / "var" / "hanchot.db").read_bytes()


def test_nobody_else_gets_a_link(office: Office) -> None:
    """The operators are offered."""
    result = office("sign-in", "vanphog@example.com")
    assert result.code == ExitCode.NOTHING_MATCHED
    assert "did you mean" in result.err
