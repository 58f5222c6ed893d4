"""The command line in the language of its reader."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest

from scheduler.cli import hanchot
from scheduler.cli.terminal.language import set_language
from scheduler.cli.terminal.output import _NARROW, print_fields, print_table
from scheduler.definitions.scaffold import list_comments
from scheduler.errors import ExitCode
from scheduler.resources import shipped
from tests.cli.conftest import Office, Run, environment


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words that call a command, and those below it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, (*path, name))


def test_help_errors_and_results_are_in_the_language_asked_for(office: Office, run: Run) -> None:
    usage = run("--lang", "vi", "accept", "--help").out.splitlines()[0]
    assert usage == "Cách dùng: hanchot accept [TÙY_CHỌN] KẾ_HOẠCH NỘI_DUNG ĐƠN_VỊ"
    assert "Xác nhận hồ sơ nộp đầy đủ là đạt yêu cầu." in run("--lang", "vi", "--help").out
    assert run("--lang", "vi", "accept").err.splitlines()[-1] == "Lỗi: Thiếu đối số 'KẾ_HOẠCH'."
    assert office("--lang", "vi", "check").out.splitlines()[-1].startswith("không có lỗi, ")
    refused = office("--lang", "vi", "status", "--plan", "nosuch")
    assert (refused.code, refused.err.splitlines()[0]) == (
        ExitCode.NOTHING_MATCHED,
        "lỗi: không tìm thấy kế hoạch: 'nosuch'",
    )


def test_the_configuration_names_the_language(office: Office) -> None:
    """It wins over the environment, and --lang over both."""
    file = office.folder / "config.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('language = ""', 'language = "vi"'), encoding="utf-8")
    assert office("check").out.splitlines()[-1].startswith("không có lỗi, ")
    assert office("status", "--plan", "nosuch").err.startswith("lỗi: ")
    assert office("--lang", "en", "check").out.splitlines()[-1].startswith("no errors, ")


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"LANG": "vi_VN.UTF-8"}, "Cách dùng"),
        ({"LC_ALL": "vi", "LANG": "en_US.UTF-8"}, "Cách dùng"),
        ({"LANGUAGE": "vi:en", "LC_ALL": "C"}, "Cách dùng"),
        ({"LANGUAGE": "de:vi:en"}, "Cách dùng"),
        ({"LANG": "fr_FR.UTF-8"}, "Usage"),
        ({"LANG": "C"}, "Usage"),
        ({"HANCHOT_SERVER__LANGUAGE": "vi"}, "Cách dùng"),
    ],
)
def test_else_the_environment_does(
    run: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], word: str
) -> None:
    monkeypatch.delenv("LANGUAGE")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    with environment(**variables):
        assert run("--help").out.startswith(word)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("agenda", "--from", "x"), "'x' không phải là ngày;"),
        (("agenda", "--from", "2023-02-01", "--to", "2023-01-01"), "--to"),
        (("feeds", "create"), "--public"),
    ],
)
def test_a_wrong_use_is_told_in_it(office: Office, arguments: tuple[str, ...], words: str) -> None:
    """By click, with our words inside."""
    said, english = (office("--lang", language, *arguments).err.splitlines()[-1] for language in ("vi", "en"))
    assert (said.startswith("Lỗi: "), words in said) == (True, True), said
    assert english.removeprefix("Error: ") != said.removeprefix("Lỗi: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "--format", "xml"), "'--format' không hợp lệ: 'xml' không thuộc các giá trị: 'text', 'json'."),
        (("check", "--forma", "xml"), "Không có tùy chọn '--forma'. Có phải là '--format'?"),
        (("status", "--plan"), "Tùy chọn '--plan' cần có giá trị."),
        (("plans", "a", "b"), "Thừa đối số (a b)"),
        (("extend", "a", "b", "c"), "Thiếu tùy chọn '--until'."),
        (("indicator", "a", "b", "--value", "-1"), "'--value' không hợp lệ: '-1' không phải là số nguyên từ 0 trở lên"),
        (("inbox", "list", "--limit", "x"), "'--limit' không hợp lệ: 'x' không phải là số nguyên từ 1 đến 10000"),
        (("demo", "--speed", "x"), "'--speed' không hợp lệ: 'x' không phải là số giây từ 1 trở lên"),
    ],
)
def test_a_mistake_in_typing_is_told_in_it(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """Of one and of several things, which click asks for in another way."""
    assert run("--lang", "vi", *arguments).err.splitlines()[-1].endswith(said)


@pytest.mark.parametrize("path", list(paths(hanchot)), ids=" ".join)
def test_no_placeholder_of_a_value_is_english(run: Run, path: tuple[str, ...]) -> None:
    help, _, _ = run("--lang", "vi", *path, "--help").out.partition("Ví dụ:")
    assert set(re.findall(r"(?<![\w-])[A-Z_]{2,}\b|required", help)) <= {"JSON", "TOML", "LANG", "SIGTERM", "SIGINT"}


def test_what_the_operating_system_says_is_told_in_it(run: Run, tmp_path: Path) -> None:
    assert "không đọc được: không có tệp hoặc thư mục này" in run("--lang", "vi", "check", tmp_path / "nowhere").out


def test_what_follows_two_dashes_is_no_option(office: Office) -> None:
    assert office("status", "--", "--lang=vi").err.startswith("Usage: ")


def test_what_people_write_is_printed_as_it_is(open_office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """A title, a subject or an id may look like a date or a code of ours."""
    row = {"subject": "2024-13-01", "title": "2023-02-20", "party": "office", "due": "2023-02-20", "actor": "office"}
    with click.Context(click.Command("x")) as context:
        set_language(context, "vi", None)
        print_fields(row)
        print_table([row], {"subject": "", "party": "party", "due": "due"}, empty="")
    out = capsys.readouterr().out
    assert out.count("2024-13-01") == 2
    assert out.count("office") == 2
    assert out.count("20/02/2023") + out.count("20/2/2023") == 2
    assert "2023-02-20" in out
    assert "bộ phận phụ trách" in out
    assert "Project-Id" not in out


def test_a_starter_folder_is_explained_in_it(run: Run, tmp_path: Path) -> None:
    """And says the same to the program."""
    run("--lang", "vi", "init", tmp_path / "vi")
    run("--lang", "en", "init", tmp_path / "en")
    said, english = ((tmp_path / language / "config.toml").read_text(encoding="utf-8") for language in ("vi", "en"))
    assert english == shipped("config.toml").read_text(encoding="utf-8")
    assert tomllib.loads(said) == tomllib.loads(english)
    assert not set(list_comments(said)) & set(list_comments(english))


def test_its_ids_are_in_it_too(run: Run, tmp_path: Path) -> None:
    """They are typed in commands, and stand in what commands print."""
    run("--lang", "vi", "init", tmp_path)
    texts = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "workflows" / "co-quan").iterdir())
    assert not re.findall(r"our-office|head-office|branch", texts)
    checked = run("--lang", "vi", "--config", tmp_path / "config.toml", "check")
    assert (checked.code, "không có lỗi" in checked.out) == (ExitCode.DONE, True)


def test_a_target_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with click.Context(click.Command("x")) as context:
        for language in ("vi", "en"):
            set_language(context, language, None)
            print_table([{"indicator": "a", "target": ">= 1"}], {"indicator": "", "target": ""}, empty="")
    vietnamese, english = capsys.readouterr().out.split("a  ", 2)[1:]
    assert ("ít nhất 01" in vietnamese, ">= 1" in english) == (True, True)


def test_the_clock_is_said_in_the_time_zone_of_the_plan(open_office: Office) -> None:
    """Whoever looks at a watch must see the same hour, wherever the machine is."""
    written = (open_office.folder / "workflows" / "here" / "plan.toml").read_text(encoding="utf-8")
    zone = ZoneInfo(re.findall(r'timezone = "(.+?)"', written)[0])
    said = open_office("--lang", "vi", "clock", "accept").out
    assert said.endswith(f", theo múi giờ UTC{datetime.now(zone):%z}.\n")  # noqa: TID251 - the commands read it too


def test_one_command_leaves_the_language_of_the_next_alone(run: Run) -> None:
    run("--lang", "vi", "--help")
    assert run("--help").out.startswith("Usage")


def test_what_programs_read_is_the_same_in_every_language(open_office: Office) -> None:
    """JSON Lines hold codes, ISO dates and English words."""
    open_office("tick")
    for command in (["status"], ["agenda"], ["check"], ["outbox", "list"]):
        assert (
            open_office("--lang", "vi", *command, "--format", "json").out
            == open_office(*command, "--format", "json").out
        )


def test_dates_states_and_steps_are_said_as_in_mails(open_office: Office) -> None:
    open_office("tick")
    [row] = open_office.rows("status", "--milestone", "award")
    shown = open_office("--lang", "vi", "status", "--milestone", "award").out
    day = "/".join(str(int(part)) for part in reversed(row["date"].split()[1].split("-")))
    assert "Chờ xác định đơn vị" in shown
    assert day.split("/")[-1] in shown
    assert "trước ngày" in shown
    why = open_office("--lang", "vi", "why", open_office.rows("agenda")[0]["id"])
    assert "tình trạng: Sẽ gửi" in why.out.splitlines()


@pytest.mark.parametrize("command", [["status"], ["agenda"], ["plans"], ["contacts", "list"], ["links", "list"]])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_listing_is_no_wider_than_80_columns(open_office: Office, command: list[str], language: str) -> None:
    """And names every party and milestone in full: nothing is cut."""
    open_office("tick")
    out = open_office("--lang", language, *command).out
    words = [line for line in out.splitlines() if "http" not in line]  # an address is one word
    assert words
    assert max(map(len, words)) <= _NARROW
    assert "…" not in out
    if command in (["status"], ["agenda"]):
        assert {"report", "branch"} <= set(out.split())
