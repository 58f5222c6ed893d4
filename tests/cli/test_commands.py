"""The command line as a whole: help, exit codes, configuration, tick."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from scheduler import __version__
from scheduler.cli import hanchot
from scheduler.errors import ExitCode
from scheduler.store import open_store
from tests.cli.conftest import Office, Run, environment


def walk(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command below a group, with its words."""
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            yield from walk(sub, *path, name)
    else:
        yield path, command


COMMANDS = {" ".join(path): command for path, command in walk(hanchot)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(run: Run, name: str) -> None:
    """The example is one line that can be copied; it uses the command it explains."""
    result = run(*name.split(), "--help")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    line = result.out.rstrip().splitlines()[-1]
    assert "  Example:" in result.out.splitlines()
    assert "hanchot " in line
    assert f" {name}" in line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str) -> None:
    """No option is left to be guessed."""
    options = [parameter for parameter in COMMANDS[name].params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


GROUPS = sorted({path[:length] for name in COMMANDS if (path := tuple(name.split())) for length in range(len(path))})


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_the_list_of_commands_is_not_cut_off(run: Run, group: tuple[str, ...]) -> None:
    """Each command says in one line what it does."""
    listed = run(*group, "--help").out.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_the_version_is_the_packages(run: Run) -> None:
    """One place says it."""
    assert run("--version").out == f"hanchot {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("nope",), ("outbox",), ("plans", "--nope"), ("plans", "--format", "xml")])
def test_a_wrong_command_line_ends_with_the_code_for_usage(run: Run, arguments: tuple[str, ...]) -> None:
    """What is wrong goes to standard error."""
    result = run(*arguments)
    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert "Usage: " in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--scenario", "x.toml"),
        ("run", "--replay-from", "2023-02-20", "--speed", "0"),
        ("run", "--replay-from", "2023-02-20", "--speed", "nan"),
        ("run", "--replay-from", "20 Feb"),
    ],
)
def test_a_daemon_does_not_start_on_a_wrong_command_line(run: Run, arguments: tuple[str, ...]) -> None:
    """Nothing is written before it is understood."""
    assert run(*arguments).code == ExitCode.USAGE


def test_a_missing_configuration_is_refused_with_the_way_out(run: Run, tmp_path: Path) -> None:
    """A file that was named must be there."""
    result = run("--config", tmp_path / "nope.toml", "plans")
    assert result.code == ExitCode.WRONG_INPUT
    assert "`hanchot init DIR` writes one" in result.err


def test_every_problem_of_a_configuration_is_listed(run: Run, tmp_path: Path) -> None:
    """Unknown keys by their path, with the near ones."""
    file = tmp_path / "config.toml"
    file.write_text('[mial]\nx = 1\n[mail]\nform = "a"\ntransport = "pigeon"\n', encoding="utf-8")
    result = run("--config", file, "plans")
    assert (result.code, result.out) == (ExitCode.WRONG_INPUT, "")
    for words in ("mial: unknown key", "did you mean mail?", "mail.form: unknown key", "mail.transport: "):
        assert words in result.err


def test_an_environment_variable_overrides_the_configuration(office: Office) -> None:
    """HANCHOT_SECTION__KEY; a list is words between commas."""
    elsewhere = office.folder / "elsewhere"
    with environment(HANCHOT_DATABASE__URL=f"sqlite:///{elsewhere}/record.db"):
        assert office("plans").code == ExitCode.DONE
    assert (elsewhere / "record.db").exists()
    with environment(HANCHOT_PATHS__WORKFLOWS=str(elsewhere)):
        assert office.rows("plans") == []


def test_an_environment_variable_that_names_no_key_is_refused(office: Office) -> None:
    """A slip would otherwise go unnoticed."""
    with environment(HANCHOT_MAIL__FORM="a@b.vn"):
        result = office("plans")
    assert result.code == ExitCode.WRONG_INPUT
    assert "HANCHOT_MAIL__FORM" in result.err
    assert "HANCHOT_MAIL__FROM" in result.err


def test_a_missing_folder_of_definitions_is_named(office: Office) -> None:
    """No plan is not the same as no folder."""
    (office.folder / "config.toml").write_text('[paths]\nworkflows = ["nowhere"]\n', encoding="utf-8")
    result = office("check")
    assert result.code == ExitCode.WRONG_INPUT
    assert "nowhere" in result.out


def test_a_locked_database_is_explained(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading goes on meanwhile."""
    monkeypatch.setattr(open_store, "__kwdefaults__", {"busy_timeout": 0.2})
    assert office("tick").code == ExitCode.DONE
    with closing(sqlite3.connect(office.folder / "var" / "hanchot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert office("status").code == ExitCode.DONE
        result = office("receive", office.plan, "dang-ky", "branch-one")
        other.execute("ROLLBACK")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "is locked by another writer" in result.err
    assert office.rows("status", "--milestone", "dang-ky")[0]["facts"] == []


@pytest.mark.parametrize("command", ["tick", "doctor"])
def test_a_secret_that_cannot_be_read_is_explained(office: Office, command: str) -> None:
    """No other is made in its place: every message id would be another."""
    assert office("tick").code == ExitCode.DONE
    secret = office.folder / "var" / "secret"
    secret.unlink()
    secret.mkdir()
    result = office(command)
    assert result.code == ExitCode.FAILED
    assert f"cannot read the secret {secret}: Is a directory" in result.out + result.err
    assert "web.secret_file" in result.out + result.err
    assert secret.is_dir()


def test_a_file_that_is_no_database_is_explained(office: Office) -> None:
    """It is left as it is."""
    file = office.folder / "var" / "hanchot.db"
    file.parent.mkdir()
    file.write_text("not a database, but long enough to be looked at" * 20, encoding="utf-8")
    result = office("status")
    assert (result.code, "is not a SQLite database" in result.err) == (ExitCode.FAILED, True)


def test_a_database_whose_folder_cannot_be_made_is_explained(office: Office) -> None:
    """A file stands where the folder should be."""
    (office.folder / "var").touch()
    result = office("status")
    assert (result.code, "cannot be made" in result.err) == (ExitCode.FAILED, True)


def test_tick_serves_the_sound_plans_and_fails_for_the_others(office: Office) -> None:
    """One broken plan does not stop the rest, and a cron user hears of it."""
    folder = office.folder / "workflows" / "our-office"
    (folder / "broken.toml").write_text('[plan]\nid = "broken"\n', encoding="utf-8")
    result = office("tick")
    assert result.code == ExitCode.WRONG_INPUT
    assert "what is sound was served" in result.err
    assert result.err.count("broken.toml") == result.err.count("refused")  # each problem is named once
    (folder / "broken.toml").unlink()
    assert office.rows("plans")[0]["first_loaded"] is not None


@pytest.mark.parametrize(
    ("table", "step"), [("checkup", "status check of here"), ("feed", "calendars of here"), ("quota", None)]
)
def test_a_step_that_fails_makes_tick_fail(open_office: Office, table: str, step: str | None) -> None:
    """It is named; the receipt leaves all the same. What no step needs makes none fail."""
    open_office("receive", "here", "report", "branch", "--deliverable", "text")
    with closing(sqlite3.connect(open_office.folder / "var" / "hanchot.db")) as record, record:
        record.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    result = open_office("tick")
    assert result.code == (ExitCode.FAILED if step else ExitCode.DONE)
    assert (f"failed: {step}\n" in result.err) == (step is not None)
    assert [mail["state"] for mail in open_office.rows("outbox", "list")] == ["sent"]


def test_mails_that_cannot_leave_make_tick_fail(open_office: Office) -> None:
    """A file lies where the folder of mails should be. Once it is away the same mail leaves."""
    open_office("receive", "here", "report", "branch")
    folder = open_office.folder / "var" / "mail"
    folder.touch()
    result = open_office("tick")
    assert (result.code, "failed: delivery of here\n" in result.err) == (ExitCode.FAILED, True)
    folder.unlink()
    assert open_office("tick").code == ExitCode.DONE


BREAKS = {
    "a module that is gone": "sys.modules['scheduler.cli.why'] = None",
    "a package that is gone": "sys.modules['scheduler.cli'] = None",
    "a file of another package in place of ours": "import scheduler; del scheduler.__version__",
}


@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_the_first_error_names_the_other_package_with_our_import_name(
    tmp_path: Path, broken: str, is_shared: bool
) -> None:
    """Where it may be the cause; else the error stands for itself."""
    if is_shared:
        (tmp_path / "other-1.0.dist-info").mkdir()
        (tmp_path / "other-1.0.dist-info" / "METADATA").write_text("Name: other\nVersion: 1.0\n", encoding="utf-8")
        (tmp_path / "other-1.0.dist-info" / "RECORD").write_text("scheduler/__init__.py,,\n", encoding="utf-8")
    code = f"import sys; sys.path.append({str(tmp_path)!r}); {broken}; import scheduler.__main__ as m; m.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == ExitCode.FAILED
    assert ("belongs to other too" in done.stderr) == is_shared
    assert ("Traceback" in done.stderr) != is_shared


def test_a_missing_driver_is_named_with_a_way_that_needs_no_index(office: Office) -> None:
    """Hanchot itself may have come from a checkout or a wheel."""
    code = "import sys; sys.modules['psycopg'] = None; import scheduler.cli as c; c.main(sys.argv[1:])"
    arguments = [sys.executable, "-c", code, "--config", str(office.folder / "config.toml"), "status"]
    with environment(HANCHOT_DATABASE__URL="postgresql+psycopg://u@127.0.0.1/n"):
        done = subprocess.run(arguments, capture_output=True, check=False, text=True)
    assert done.returncode == ExitCode.FAILED
    assert "needs a driver that is not installed: psycopg" in done.stderr
    assert f"{sys.executable} -m pip install '/path/to/hanchot[postgresql]'" in done.stderr


def test_a_quiet_tick_says_nothing(office: Office) -> None:
    """So that cron writes no mail about it."""
    assert "loaded" in office("tick").err
    quiet = office("tick")
    assert (quiet.code, quiet.out, quiet.err) == (ExitCode.DONE, "", "")


@pytest.mark.parametrize("option", [("--speed", "86400"), ("--scenario", "x.toml")])
def test_what_belongs_to_a_replay_starts_no_real_daemon(office: Office, option: tuple[str, str]) -> None:
    """Real people would be mailed."""
    result = office("run", *option)
    assert result.code == ExitCode.USAGE
    assert "--replay-from" in result.err


def test_an_address_of_a_database_that_is_none_is_a_wrong_configuration(office: Office) -> None:
    """Found by whatever command."""
    file = office.folder / "config.toml"
    file.write_text('[database]\nurl = "mysql://x/y"\n', encoding="utf-8")
    for command, where in (("check", "out"), ("plans", "err")):
        result = office(command)
        assert result.code == ExitCode.WRONG_INPUT
        assert "[database] url" in getattr(result, where)


def test_a_command_with_nothing_to_log_loads_no_log(office: Office) -> None:
    """Somebody waits for it; what has news to tell loads structlog."""
    code = "import sys, scheduler.cli as c\ntry: c.main(sys.argv[1:])\nfinally: print('structlog' in sys.modules)"
    for command, is_loaded in (("tick", True), ("tick", False), ("status", False)):
        arguments = [sys.executable, "-c", code, "--config", str(office.folder / "config.toml"), command]
        done = subprocess.run(arguments, capture_output=True, check=True, text=True)
        assert (command, done.stdout.splitlines()[-1]) == (command, str(is_loaded))
