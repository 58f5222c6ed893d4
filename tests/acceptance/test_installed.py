"""The installed wheel does what the README promises, in an empty folder, without the checkout."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import socket
import sqlite3
import subprocess
import urllib.request
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Daemon, Installed
from tests.support.mail_servers import find_program

SHIPPED = ROOT / "workflows" / "bac-trung-bo"
YEAR_2023 = (str(SHIPPED / "2023.toml"), "--from", "2023-02-20", "--to", "2023-12-31")
COMMANDS = (
    "accept", "agenda", "attendance", "check", "clock", "contacts", "db", "demo", "doctor", "export", "extend",
    "feeds", "fix-date", "inbox", "incident", "indicator", "init", "insist", "links", "mail", "mark-invited",
    "nominate", "note", "outbox", "plans", "reassign", "receive", "remind", "reply", "retire", "return", "run",
    "sign-in", "simulate", "skip", "snooze", "start", "status", "tick", "undo", "waive", "web", "why", "worker",
)  # fmt: skip


@pytest.fixture
def office(hanchot: Installed, tmp_path: Path) -> Path:
    """Return a starter folder as `hanchot init` writes it."""
    assert hanchot(tmp_path, "init", "office").returncode == 0
    return tmp_path / "office"


def test_the_wheel_holds_everything_that_runs_and_nothing_else(wheel: Path) -> None:
    """Definitions, templates, migrations and the configuration ship; tests do not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = [
        path.relative_to(ROOT).as_posix()
        for folder in ("workflows", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]
    assert {f"scheduler/_data/{name}" for name in ("config.toml", *shipped)} <= names
    assert any(name.startswith("scheduler/store/migrations/versions/") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"scheduler", "hanchot"}


def test_the_package_comes_from_the_wheel(hanchot: Installed, tmp_path: Path) -> None:
    """Otherwise these tests would test the checkout."""
    file = Path(hanchot.python(tmp_path, "import scheduler; print(scheduler.__file__)"))
    assert file.is_relative_to(hanchot.bin.parent)
    assert ROOT not in file.parents


def test_help_lists_every_command(hanchot: Installed, tmp_path: Path) -> None:
    """In an empty folder, without a configuration."""
    done = hanchot(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    listed = [line.split()[0] for line in done.stdout.decode().partition("Commands:")[2].splitlines() if line]
    assert sorted(listed) == sorted(COMMANDS)
    assert list(tmp_path.iterdir()) == []


def test_it_speaks_vietnamese(hanchot: Installed, tmp_path: Path) -> None:
    """Its catalogue is in the wheel."""
    assert hanchot(tmp_path, "--lang", "vi", "--help").stdout.decode().startswith("Cách dùng: hanchot ")


def test_a_shell_completes_its_commands_and_options(hanchot: Installed, tmp_path: Path) -> None:
    """Docs: install.md, "Completion and manual page"."""

    def complete(typed: str) -> str:
        place = str(len(typed.split(" ")) - 1)
        asked = {"_HANCHOT_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": place}
        return hanchot(tmp_path, **asked).stdout.decode()

    assert complete("hanchot rec") == "plain,receive\n"
    assert complete("hanchot db bac") == "plain,backup\n"
    assert complete("hanchot accept --no") == "plain,--note\n"
    assert b"complete" in hanchot(tmp_path, _HANCHOT_COMPLETE="bash_source").stdout


def test_man_finds_the_manual_page_of_what_is_in_the_path(hanchot: Installed) -> None:
    """Docs: install.md, "Completion and manual page"."""
    page = hanchot.bin.parent / "share" / "man" / "man1" / "hanchot.1"
    assert page.read_bytes() == (ROOT / "contrib" / "hanchot.1").read_bytes()
    path = {"PATH": f"{hanchot.bin}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    found = subprocess.run([find_program("man"), "--path", "hanchot"], env=path, capture_output=True, text=True)
    assert found.stdout.strip() == str(page)


@pytest.mark.parametrize("command", ["check", "plans", "run", "tick", "status", "doctor"])
def test_without_a_configuration_nothing_is_served(hanchot: Installed, tmp_path: Path, command: str) -> None:
    """A folder of definitions alone does not make one; nothing is made, and the way out is named."""
    (tmp_path / "workflows").mkdir()
    done = hanchot(tmp_path, command)
    said = (done.stdout + done.stderr).decode()
    assert (done.returncode, "there is no configuration" in said, "`hanchot init DIR`" in said) == (3, True, True)
    assert [path.name for path in tmp_path.iterdir()] == ["workflows"]


def test_a_file_that_is_named_is_checked_without_a_configuration(hanchot: Installed, tmp_path: Path) -> None:
    """Before anybody has decided where it will be served."""
    done = hanchot(tmp_path, "check", SHIPPED / "2023.toml")
    assert (done.returncode, done.stdout.decode().splitlines()[-1]) == (0, "no errors, 8 warnings")
    assert list(tmp_path.iterdir()) == []


def test_a_first_plan_goes_from_init_to_the_record(hanchot: Installed, office: Path) -> None:
    """The way of a new user: write, check, load, record, undo, look."""
    assert hanchot(office, "check").returncode == 0
    (plan,) = hanchot.rows(office, "plans")
    assert plan["first_loaded"] is None
    loaded = hanchot(office, "tick")
    assert (loaded.returncode, loaded.stdout) == (0, b"")
    assert b" loaded " in loaded.stderr

    received = hanchot(office, "receive", plan["plan"], "dang-ky", "branch-one", "--channel", "email")
    assert received.stdout.decode().startswith("f1: received dang-ky branch-one\n  fell away: ")
    board = {(row["milestone"], row["party"]): row["status"] for row in hanchot.rows(office, "status")}
    assert board[("dang-ky", "branch-one")] == "submitted"
    (step,) = hanchot.rows(office, "why", "r1")
    assert (step["state"], step["rung"]) == ("cancelled", "before:14d")

    undone = hanchot(office, "undo", "f1", "--reason", "ghi nhầm")
    assert "will fire: dang-ky branch-one before:14d" in undone.stdout.decode()
    (step,) = hanchot.rows(office, "why", "r1")
    assert step["state"] == "planned"
    assert hanchot.rows(office, "outbox", "list") == []
    assert hanchot.rows(office, "agenda")[0]["id"] == "r1"


def test_a_simulated_year_is_the_same_from_run_to_run(hanchot: Installed, tmp_path: Path) -> None:
    """The same bytes, whatever the folder and the order of sets in memory."""
    scenario = SHIPPED / "2023.scenario.toml"
    runs = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        arguments = ("simulate", *YEAR_2023, "--scenario", scenario, "--format", "json")
        done = hanchot(folder, *arguments, PYTHONHASHSEED=seed, TZ=f"UTC{seed}")
        assert (done.returncode, done.stderr) == (0, b"")
        assert list(folder.iterdir()) == []
        runs.append(done.stdout)
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) > 200


def test_a_replay_lives_through_the_year_and_stays_up(
    hanchot: Installed, tmp_path: Path, daemons: list[Daemon]
) -> None:
    """Every mail that the record calls sent is a file that a mail program can open; SIGTERM ends it well."""
    daemon = hanchot.start(tmp_path, "demo", "--speed", "1e9")
    daemons.append(daemon)
    daemon.wait_for("The replay is over")
    folder = tmp_path / "var" / "replay"
    mails = hanchot.rows(tmp_path, "--config", folder / "config.toml", "outbox", "list")
    assert daemon.process.stdout is not None
    said = (line.decode() for line in daemon.process.stdout)
    address = next(line.split()[-1] for line in said if "/calendar/" in line)
    page = next(line.split()[-1] for line in said if "/p/" in line)
    with urllib.request.urlopen(address, timeout=30) as answer:
        calendar = answer.read().decode()
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert "Trường Chính trị" in answer.read().decode()
    assert daemon.end(signal.SIGTERM) == 0

    assert "SUMMARY:✓" in calendar
    assert {mail["state"] for mail in mails} == {"sent"}
    answers = hanchot.rows(tmp_path, "--config", folder / "config.toml", "inbox", "list")
    assert [answer["state"] for answer in answers] == ["received"] * 3
    steps, notices = (
        {"reminder", "overdue", "escalation", "fix-date", "invitation"},
        {"change", "receipt", "copy", "return", "submission"},
    )
    assert {mail["kind"] for mail in mails} == {*steps, *notices, "digest"}
    files = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in (folder / "mail" / "new").iterdir()
    ]
    assert sorted(file["Message-ID"] for file in files) == sorted(mail["message"] for mail in mails)
    assert not any(file.defects for file in files)
    assert not any("trouble" in line or "Traceback" in line for line in daemon.lines)

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [line.removesuffix(" ...") for line in readme.splitlines() if re.match(r"2023-\d\d-\d\d \d\d:\d\d  ", line)]
    assert len(shown) == 3
    assert [line for line in shown if not any(real.startswith(line) for real in daemon.lines)] == []
    assert f"{len(mails)} messages are in" in readme
    board = hanchot(tmp_path, "--config", folder / "config.toml", "status", "--milestone", "dang-ky").stdout.decode()
    assert board in readme


def test_a_demo_whose_port_is_taken_says_what_to_do_without_a_configuration(hanchot: Installed, tmp_path: Path) -> None:
    """By a variable: there is no file to edit."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        done = hanchot(tmp_path, "demo", HANCHOT_SERVER__PORT=str(other.getsockname()[1]))
    assert (done.returncode, "HANCHOT_SERVER__PORT" in done.stderr.decode()) == (1, True)


def test_a_replay_and_a_simulation_agree(hanchot: Installed, tmp_path: Path, daemons: list[Daemon]) -> None:
    """The daemon in fast time does what the same ticks do without waiting."""
    folder = tmp_path / "var" / "replay"
    replay = ("run", "--replay-from", "2023-02-20", "--speed", "1e9")
    daemon = hanchot.start(tmp_path, *replay, HANCHOT_PATHS__WORKFLOWS=str(SHIPPED))
    daemons.append(daemon)
    daemon.wait_for("The replay is over")
    assert daemon.end(signal.SIGINT) == 0
    mails = hanchot.rows(tmp_path, "--config", folder / "config.toml", "outbox", "list")
    played = hanchot.rows(tmp_path, "simulate", *YEAR_2023)
    sent = {(row["sent_at"], row["to"], row["kind"], row["milestone"]) for row in played if row["state"] == "sent"}
    assert {(mail["settled"], mail["to"], mail["kind"], mail["milestone"]) for mail in mails} == sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_starts_and_ends_when_it_is_told_to(
    hanchot: Installed, office: Path, daemons: list[Daemon], number: int
) -> None:
    """Quietly, with the code for success, and with a record that others can open."""
    daemon = hanchot.start(office, "run", "--log", "text")
    daemons.append(daemon)
    daemon.wait_for(" loaded ")
    assert daemon.end(number) == 0
    daemon.wait_for(" stopped ")
    with closing(sqlite3.connect(office / "var" / "hanchot.db")) as record:
        assert record.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nope",), 2, "No such command"),
        (("receive", "our-office"), 2, "Missing argument"),
        (("--config", "nope.toml", "plans"), 3, "no configuration at nope.toml"),
        (("check", "nowhere.toml"), 3, "nowhere.toml"),
        (("status", "--milestone", "dangky"), 4, "did you mean dang-ky?"),
        (("status", "--party", "branch-on"), 4, "branch-one"),
        (("status", "--plan", "our-offic"), 4, "our-office"),
        (("undo", "f7", "--reason", "x"), 4, "there is no fact f7"),
        (("init", "."), 1, "is not empty"),
    ],
)
def test_bad_input_ends_with_the_code_of_the_contract(
    hanchot: Installed, office: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """And names the thing, without a traceback."""
    done = hanchot(office, *arguments)
    said = (done.stdout + done.stderr).decode()
    assert (done.returncode, words in said, "Traceback" in said) == (code, True, False)


def test_every_problem_of_a_wrong_folder_is_listed_at_once(hanchot: Installed, office: Path) -> None:
    """Two files, four problems, one run."""
    folder = office / "workflows" / "our-office"
    plan = folder / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    text = text.replace('kind = "deadline"', 'kind = "dedline"', 1).replace(
        'responsible = "members"', 'responsible = "mebers"'
    )
    plan.write_text(text, encoding="utf-8")
    (folder / "second.toml").write_text("[plan]\nid = 3\n[[milestones]\n", encoding="utf-8")
    done = hanchot(office, "check")
    said = done.stdout.decode()
    assert done.returncode == 3
    for words in ("dedline", "mebers", "second.toml:3", "is not valid TOML"):
        assert words in said


def test_a_variable_of_the_environment_overrides_the_configuration(hanchot: Installed, office: Path) -> None:
    """For containers and unit files."""
    assert hanchot(office, "tick", HANCHOT_DATABASE__URL="sqlite:///other.db").returncode == 0
    assert (office / "other.db").exists()
    assert not (office / "var" / "hanchot.db").exists()


def test_output_is_utf_8_whatever_the_locale(hanchot: Installed, office: Path) -> None:
    """A cron job has no locale at all."""
    done = hanchot(office, "plans", "--format", "json", PYTHONIOENCODING="ascii", LC_ALL="POSIX")
    assert (done.returncode, "Kế hoạch" in done.stdout.decode()) == (0, True)


def test_a_reader_that_goes_away_is_no_failure_to_talk_about(hanchot: Installed, tmp_path: Path) -> None:
    """`hanchot ... | head -1` prints one line and nothing else."""
    command = [str(hanchot.bin / "hanchot"), "simulate", *YEAR_2023, "--format", "json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_full_disk_behind_the_output_is_told(hanchot: Installed, tmp_path: Path) -> None:
    """In one line."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [hanchot.bin / "hanchot", "check", SHIPPED], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr.decode()) == (1, "error: No space left on device\n")
