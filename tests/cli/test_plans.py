"""Commands about plans: init, check, plans, simulate, agenda."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.errors import ExitCode
from tests.cli.conftest import YEAR, Office, Run

PERIOD = ("--from", f"{YEAR}-01-01", "--to", f"{YEAR}-12-31")
SPRING = ("--from", f"{YEAR}-02-01", "--to", f"{YEAR}-03-31")
ROW = {
    "at", "sent_at", "kind", "rung", "plan", "milestone", "party", "to", "message", "subject", "state", "reason",
}  # fmt: skip


def change_plan(office: Office, old: str, new: str) -> Path:
    """Return a copy of the office's plan, beside it, in which some words differ."""
    plan = office.folder / "workflows" / "our-office" / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    assert old in text
    folder = office.folder / "other"
    folder.mkdir()
    (folder / "parties.toml").write_bytes(plan.with_name("parties.toml").read_bytes())
    other = folder / "plan.toml"
    other.write_text(text.replace(old, new), encoding="utf-8")
    return other


def announce(office: Office) -> None:
    """Write the official days off of the plan's year into the office's calendar."""
    folder = office.folder / "workflows" / "calendars"
    folder.mkdir()
    (folder / "VN.toml").write_text(f"[[off]]\nday = {YEAR}-01-01\n", encoding="utf-8")


def test_init_writes_a_folder_that_checks_without_errors(office: Office) -> None:
    """What a new user starts from is sound; its example addresses and its tentative date are pointed out."""
    announce(office)
    result = office("check")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    assert result.out.splitlines()[-1] == "no errors, 2 warnings"


def test_init_refuses_a_folder_that_is_not_empty(office: Office, run: Run) -> None:
    """Nothing that exists is overwritten."""
    before = {path: path.read_bytes() for path in office.folder.rglob("*.toml")}
    result = run("init", office.folder)
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "is not empty; nothing was written" in result.err
    assert {path: path.read_bytes() for path in office.folder.rglob("*.toml")} == before


def test_init_refuses_a_folder_that_cannot_be_made(tmp_path: Path, run: Run) -> None:
    """A file that stands in the way is named."""
    (tmp_path / "file").touch()
    result = run("init", tmp_path / "file" / "office")
    assert result.code == ExitCode.FAILED
    assert str(tmp_path / "file" / "office") in result.err


def test_check_lists_every_problem_as_json_lines(office: Office) -> None:
    """Each problem has its place, its code and the way out."""
    announce(office)
    rows = office.rows("check")
    assert [set(row) for row in rows] == [{"severity", "file", "line", "key", "code", "message", "hint"}] * 2
    assert {row["code"] for row in rows} == {"example-address", "tentative"}
    assert all(row["line"] > 0 and row["hint"] for row in rows)


def test_check_of_a_wrong_definition_ends_with_its_own_code(office: Office) -> None:
    """All problems of the file are listed, not only the first."""
    other = change_plan(office, "before = ", "befor = ")
    result = office("check", other)
    assert result.code == ExitCode.WRONG_INPUT
    assert f"{other}:" in result.out
    assert "befor" in result.out
    assert "did you mean before" in result.out


def test_check_of_a_wrong_configuration_lists_its_problems_as_those_of_a_plan(office: Office) -> None:
    """On standard output: a program that reads the JSON Lines sees why there is nothing else."""
    file = office.folder / "config.toml"
    file.write_text('[mail]\nform = "a@b.vn"\ntransport = "pigeon"\n', encoding="utf-8")
    result = office("check", "--format", "json")
    assert (result.code, result.err) == (ExitCode.WRONG_INPUT, "")
    assert [tuple(row) for row in result.rows] == [("severity", "file", "line", "key", "code", "message", "hint")] * 2
    found = {row["key"]: row for row in result.rows}
    assert found["mail.form"] == {
        "severity": "error",
        "file": str(file),
        "line": 2,
        "key": "mail.form",
        "code": "wrong",
        "message": "unknown key",
        "hint": "did you mean from?",
    }
    assert found["mail.transport"]["line"] == 3
    text = office("check")
    assert (text.code, text.err) == (ExitCode.WRONG_INPUT, "")
    assert f"error: {file}:2: mail.form: unknown key\n    did you mean from?" in text.out
    assert text.out.splitlines()[-1] == "2 errors, no warnings"


def test_check_of_a_folder_without_a_plan_says_so(office: Office, tmp_path: Path) -> None:
    """A wrong folder is not an empty success; it is no error either, and folders of calendars hold no plans."""
    (tmp_path / "empty" / "calendars").mkdir(parents=True)
    announce(office)
    result = office("check", tmp_path / "empty", tmp_path / "empty" / "calendars", office.folder / "workflows")
    assert result.code == ExitCode.DONE
    assert f"warning [no-plan]: {tmp_path / 'empty'}: there is no plan" in result.out
    assert "hanchot init DIR" in result.out
    assert result.out.splitlines()[-1] == "no errors, 3 warnings"


def test_check_without_any_plan_in_the_configured_folders_says_so(office: Office) -> None:
    """One warning for all folders together."""
    (office.folder / "workflows" / "our-office" / "plan.toml").unlink()
    rows = [row for row in office.rows("check") if row["code"] == "no-plan"]
    assert [(row["severity"], row["line"], row["file"]) for row in rows] == [
        ("warning", None, str(office.folder / "workflows"))
    ]


def test_check_of_a_missing_file_names_it(office: Office) -> None:
    """A path that does not exist is an error, not an empty success."""
    result = office("check", office.folder / "nothing.toml")
    assert result.code == ExitCode.WRONG_INPUT
    assert "nothing.toml" in result.out


def test_plans_shows_what_has_no_date_yet(office: Office) -> None:
    """The revision is known before the plan was ever loaded."""
    (row,) = office.rows("plans")
    assert (row["plan"], row["tentative"], row["undated"]) == (office.plan, ["so-ket"], [])
    assert row["first_loaded"] is None
    assert len(row["revision"]) == 12
    assert office.plan in office("plans").out


def test_plans_points_at_definitions_that_were_left_out(office: Office) -> None:
    """One wrong plan does not hide the others."""
    wrong = change_plan(office, "before = ", "befor = ").rename(
        office.folder / "workflows" / "our-office" / "wrong.toml"
    )
    wrong.write_text(wrong.read_text(encoding="utf-8").replace(office.plan, "another"), encoding="utf-8")
    for command in ("plans", "status", "agenda"):
        result = office(command)
        assert result.code == ExitCode.WRONG_INPUT
        assert office.plan in office("plans").out
        assert "befor: unknown key" in result.err


def test_agenda_lists_the_steps_of_a_plan_that_was_never_loaded(office: Office) -> None:
    """They have no id until the daemon has taken the plan."""
    rows = office.rows("agenda", "--plan", office.plan)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {row["id"] for row in rows} == {None}
    assert {row["party"] for row in rows} == {"branch-one", "branch-two", "head-office"}


def test_agenda_keeps_to_a_period_and_a_party(office: Office) -> None:
    """Both ends are included."""
    rows = office.rows(
        "agenda", "--party", "branch-one", "--from", f"{YEAR}-03-08", "--to", f"{YEAR}-03-11", "--plan", office.plan
    )
    assert {row["party"] for row in rows} == {"branch-one"}
    assert {row["milestone"] for row in rows} == {"dang-ky"}
    assert all(f"{YEAR}-03-08" <= row["at"][:10] <= f"{YEAR}-03-11" for row in rows)
    empty = office("agenda", "--from", f"{YEAR + 1}-06-20", "--to", f"{YEAR + 1}-06-21")
    assert (empty.code, empty.out) == (ExitCode.DONE, "Nothing will fire in this period.\n")
    assert office("agenda", "--from", f"{YEAR}-06-20", "--to", f"{YEAR}-06-19").code == ExitCode.USAGE


@pytest.mark.parametrize("year", ["0001", "1899", "2201", "9999"])
def test_days_that_no_plan_can_lie_in_are_refused(office: Office, year: str) -> None:
    """Counting from them would leave what dates can say."""
    for arguments in (
        ("agenda", "--to", f"{year}-12-31"),
        ("simulate", office.plan, "--from", f"{year}-01-01", "--to", f"{year}-12-31"),
        ("fix-date", office.plan, "so-ket", f"{year}-12-31"),
        ("extend", office.plan, "dang-ky", "branch-one", "--until", f"{year}-12-31", "--decision", "x"),
        ("receive", office.plan, "dang-ky", "branch-one", "--received-at", f"{year}-01-01T00:00"),
    ):
        assert office(*arguments).code == ExitCode.USAGE


def test_without_any_sound_plan_the_problems_are_what_is_shown(office: Office) -> None:
    """Not that nothing matched."""
    office.take_any_port()
    change_plan(office, "before = ", "befor = ").replace(office.folder / "workflows" / "our-office" / "plan.toml")
    for command in ("plans", "status", "agenda", "run"):
        result = office(command)
        assert result.code == ExitCode.WRONG_INPUT
        assert "befor: unknown key" in result.err


@pytest.mark.parametrize(
    ("option", "wrong", "hint"),
    [("--plan", "our-ofice", "our-office"), ("--party", "branch-on", "branch-one")],
)
def test_agenda_offers_near_names(office: Office, option: str, wrong: str, hint: str) -> None:
    """An unknown name is refused with the names that were probably meant."""
    result = office("agenda", option, wrong)
    assert result.code == ExitCode.NOTHING_MATCHED
    assert hint in result.err


def test_simulate_gives_every_step_of_the_period(office: Office) -> None:
    """Nobody answers: every reminder is sent, every step has one final state."""
    rows = office.rows("simulate", office.plan, *PERIOD)
    assert all(set(row) == ROW for row in rows)
    assert {row["state"] for row in rows} <= {"sent", "skipped"}
    assert {"before:14d", "target", "named-day", "overdue:3", "escalate:2wd", "fix-date:30d"} <= {
        r["rung"] for r in rows
    }
    assert not (office.folder / "var").exists()


def test_simulate_tells_the_same_in_words(office: Office) -> None:
    """Each object has one paragraph: what identifies it, and indented what became of it."""
    rows = office.rows("simulate", office.plan, *SPRING)
    lines = office("simulate", office.plan, *SPRING).out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert [head.split()[-1] for head in heads] == [row["party"] for row in rows]
    assert lines[1].startswith("    step: ")


def test_simulate_takes_a_definition_file(office: Office) -> None:
    """A plan need not be among the configured ones."""
    other = change_plan(office, "our-office-", "elsewhere-")
    assert {row["plan"] for row in office.rows("simulate", other, *PERIOD)} == {f"elsewhere-{YEAR}"}


def test_simulate_plays_a_scenario(office: Office, tmp_path: Path) -> None:
    """Who has submitted is left alone; the table names receipts by their kind."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(
        f"""
        [[facts]]
        at = {YEAR}-03-03T09:00:00+07:00
        kind = "received"
        milestone = "dang-ky"
        party = "branch-one"
        """,
        encoding="utf-8",
    )
    rows = office.rows("simulate", office.plan, *PERIOD, "--scenario", scenario)
    after = [
        r for r in rows if r["party"] == "branch-one" and r["milestone"] == "dang-ky" and r["at"] > f"{YEAR}-03-03"
    ]
    assert {(row["rung"] is None, row["state"]) for row in after} == {(True, "sent"), (False, "cancelled")}
    assert "step: receipt;" in office("simulate", office.plan, *PERIOD, "--scenario", scenario).out


def test_simulate_takes_the_results_of_targets(office: Office, tmp_path: Path) -> None:
    """They change no step; one without a value is refused."""
    target = '[[indicators]]\nid = "good"\ntitle = "Tốt"\ntarget = "100%"\nmeasure = { manual = true }\n'
    plan = office.folder / "workflows" / "our-office" / "plan.toml"
    plan.write_text(plan.read_text(encoding="utf-8") + target, encoding="utf-8")
    scenario = tmp_path / "scenario.toml"
    head = f'[[facts]]\nat = {YEAR}-03-03T09:00:00+07:00\nkind = "counted"\nindicator = "good"\n'
    scenario.write_text(head + 'value = 1\nparty = "branch-one"\nnote = "biên bản"\n', encoding="utf-8")
    without = office.rows("simulate", office.plan, *SPRING)
    assert office.rows("simulate", office.plan, *SPRING, "--scenario", scenario) == without
    scenario.write_text(head, encoding="utf-8")
    result = office("simulate", office.plan, *SPRING, "--scenario", scenario)
    assert (result.code, "`value` is missing" in result.err) == (ExitCode.WRONG_INPUT, True)


def test_simulate_refuses_a_wrong_scenario_whole(office: Office, tmp_path: Path) -> None:
    """Each wrong entry is named."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[[facts]]\nkind = "received"\n[[facts]]\nat = 1\nkind = "lost"\n', encoding="utf-8")
    result = office("simulate", office.plan, *PERIOD, "--scenario", scenario)
    assert (result.code, result.out) == (ExitCode.WRONG_INPUT, "")
    assert "facts[0].at" in result.err
    assert "facts[1].kind" in result.err


def test_simulate_compares_two_definitions(office: Office) -> None:
    """A moved date shows as steps that go and steps that come; the rest is not repeated."""
    other = change_plan(office, f"before = {YEAR}-03-10", f"before = {YEAR}-03-17")
    rows = office.rows("simulate", office.plan, *SPRING, "--diff", other)
    assert {(row["change"], row["milestone"]) for row in rows} == {("-", "dang-ky"), ("+", "dang-ky")}
    assert office("simulate", office.plan, *SPRING, "--diff", other).out.splitlines()[2][0] in "+-"
    same = office("simulate", office.plan, *SPRING, "--diff", office.folder / "workflows" / "our-office" / "plan.toml")
    assert (same.code, same.out) == (ExitCode.DONE, "No difference.\n")


def test_simulate_says_that_nothing_happens(office: Office) -> None:
    """An empty period is no failure."""
    result = office("simulate", office.plan, "--from", f"{YEAR}-01-01", "--to", f"{YEAR}-01-02")
    assert (result.code, result.out) == (ExitCode.DONE, "Nothing happens in this period.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("our-offic", *PERIOD), ExitCode.NOTHING_MATCHED, "did you mean our-office-"),
        (("no/such.toml", *PERIOD), ExitCode.WRONG_INPUT, "no/such.toml"),
        (("our-office", "--from", "2027-02-30", "--to", "2027-03-01"), ExitCode.USAGE, "2027-02-30"),
        (("our-office", "--from", "2027-03-02", "--to", "2027-03-01"), ExitCode.USAGE, "lies before"),
        (("our-office",), ExitCode.USAGE, "--from"),
    ],
)
def test_simulate_refuses_what_makes_no_sense(
    office: Office, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    """Each refusal names the thing."""
    result = office("simulate", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_json_lines_keep_vietnamese_characters(office: Office) -> None:
    """A person can read the lines as they are."""
    out = office("plans", "--format", "json").out
    assert "Kế hoạch công tác" in out
    assert json.loads(out)["title"] == f"Kế hoạch công tác năm {YEAR}"


def test_a_scenario_tries_a_pause_and_a_reminder_at_once(open_office: Office) -> None:
    """What the office would decide about single reminders is simulated like anything else."""
    scenario = open_office.folder / "pause.toml"
    about = 'milestone = "report"\nparty = "branch"\nreason = "phone call"'
    scenario.write_text(
        f"""
        [[facts]]
        at = {YEAR}-11-28T09:00:00+07:00
        kind = "snoozed"
        until = {YEAR}-12-02
        {about}
        [[facts]]
        at = {YEAR}-12-05T10:00:00+07:00
        kind = "reminded"
        {about}
        [[facts]]
        at = {YEAR}-12-06T10:00:00+07:00
        kind = "skipped"
        step = "target"
        due = {YEAR}-12-15
        {about}
        """,
        encoding="utf-8",
    )
    rows = open_office.rows(
        "simulate", "here", "--from", f"{YEAR}-11-20", "--to", f"{YEAR}-12-31", "--scenario", scenario
    )
    states = {row["rung"]: row["state"] for row in rows if row["party"] == "branch" and row["milestone"] == "report"}
    assert states["before:14d"] == "skipped"
    assert states["target"] == "skipped"
    assert {
        name.partition(":")[0]: state for name, state in states.items() if name.startswith(("remind", "resume"))
    } == {
        "remind": "sent",
        "resume": "sent",
    }
