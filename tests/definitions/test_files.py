"""Folders are searched to the bottom; a file that is wrong or unreadable is named and stops no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.definitions import DefinitionFiles
from scheduler.definitions.files import LARGEST
from scheduler.plan.dates.workdays import Workdays
from scheduler.ports import Loaded
from tests.definitions.conftest import PARTIES, PLAN

Write = Callable[..., Path]

HOLIDAYS = PLAN.replace("year = 2024", 'year = 2024\nholidays = "VN"')
OTHER_PLAN = PLAN.replace("cluster-2024", "other-2024").replace('"alpha"', '"omega"').replace('"beta"', '"omega"')
OTHER_PARTIES = '[parties.omega]\nname = "Omega"\ncontacts = [{ name = "Bà O", email = "o@omega.edu.vn" }]\n'


@pytest.fixture
def folder(tmp_path: Path, write: Write) -> Path:
    write("cluster/2024.toml", PLAN)
    write("cluster/parties.toml", PARTIES)
    return tmp_path / "definitions"


def load(*folders: Path) -> Loaded:
    return DefinitionFiles(folders).load()


def ids(loaded: Loaded) -> list[str]:
    return [definition.plan.id for definition in loaded.definitions]


def messages(loaded: Loaded) -> list[str]:
    return [problem.message for problem in loaded.problems]


def test_a_wrong_definition_is_left_out_and_the_others_are_loaded(folder: Path, write: Write) -> None:
    write("deep/down/other.toml", OTHER_PLAN.replace("year = 2024", "year = 1"))
    write("deep/down/roster.toml", OTHER_PARTIES)
    loaded = load(folder)
    assert ids(loaded) == ["cluster-2024"]
    assert [problem.key for problem in loaded.problems] == ["plan.year"]


def test_a_roster_serves_only_its_own_folder(folder: Path, write: Write) -> None:
    write("cluster/next/2025.toml", PLAN.replace("cluster-2024", "next-2024"))
    assert "unknown party 'alpha'" in messages(load(folder))
    write("cluster/next/parties.toml", OTHER_PARTIES)
    assert ids(load(folder)) == ["cluster-2024"]


def test_one_id_for_two_parties_is_refused_across_all_rosters(folder: Path, write: Write) -> None:
    write("other/parties.toml", PARTIES)
    write("other/2024.toml", PLAN.replace("cluster-2024", "other-2024"))
    loaded = load(folder)
    assert ids(loaded) == []
    assert {one.plan.id for one in loaded.contested} == {"cluster-2024", "other-2024"}
    assert {problem.key for problem in loaded.problems} == {"parties.alpha", "parties.beta", "parties.academy"}
    assert {problem.file for problem in loaded.problems} == {
        str(folder / "cluster" / "parties.toml"),
        str(folder / "other" / "parties.toml"),
    }


def test_one_id_for_two_plans_is_refused(folder: Path, write: Write) -> None:
    write("other/parties.toml", OTHER_PARTIES)
    second = write("other/2024.toml", OTHER_PLAN.replace("other-2024", "cluster-2024"))
    first = folder / "cluster" / "2024.toml"
    loaded = load(folder)
    assert ids(loaded) == []
    assert [(problem.file, problem.key) for problem in loaded.problems] == [
        (str(first), "plan.id"),
        (str(second), "plan.id"),
    ]
    assert f"is also the id of the plan in {second}" in loaded.problems[0].message


def test_two_rosters_of_one_folder_with_one_id_leave_the_plan_out(folder: Path, write: Write) -> None:
    write("cluster/parties - Copy.toml", PARTIES)
    loaded = load(folder)
    assert (ids(loaded), {one.plan.id for one in loaded.contested}) == ([], {"cluster-2024"})
    assert len({problem.file for problem in loaded.problems}) == 2


COPIES = {
    "an identical copy": ("cluster/2024 - Copy.toml", PLAN, ""),
    "a copy that was edited": ("cluster/2024 - Copy.toml", PLAN.replace("-03-", "-04-"), ""),
    "an older revision whose name comes first": ("backup/2023.toml", PLAN.replace("-03-", "-02-"), PARTIES),
    "a folder that was copied for another cluster": (
        "a-new-cluster/2024.toml",
        PLAN.replace("cluster-2024", "new-2024"),
        PARTIES,
    ),
}


@pytest.mark.parametrize(("name", "plan", "parties"), COPIES.values(), ids=COPIES)
def test_what_is_in_force_stays_in_force_when_a_file_claims_its_id(
    folder: Path, write: Write, name: str, plan: str, parties: str
) -> None:
    """No order of names decides; each file is named, and which of them is in force."""
    (known,) = load(folder).definitions
    copy = write(name, plan)
    if parties:
        write(str(Path(name).with_name("parties.toml")), parties)
    loaded = load(folder)
    assert loaded.definitions == ()
    settled = loaded.settle({"cluster-2024": known.plan.digest})
    assert [one.source for one in settled.definitions] == [known.source]
    assert [one.plan.digest for one in settled.definitions] == [known.plan.digest]
    said = {problem.file: problem.message for problem in settled.problems}
    assert any("stays in force" in text for text in said.values())
    assert any(str(copy.parent) in str(file) for file in said)


def test_a_folder_named_twice_is_read_once(folder: Path) -> None:
    assert load(folder, folder / "cluster").problems == ()


def test_a_file_that_is_neither_plan_nor_roster_is_told(folder: Path, write: Write) -> None:
    write("cluster/stray.toml", "[[things]]\nkind = 'received'\n")
    (problem,) = load(folder).problems
    assert "neither a plan ([plan]) nor a roster ([parties])" in problem.message
    assert "calendars" in str(problem.hint)


def test_a_scenario_beside_the_definitions_is_left_to_simulations(folder: Path, write: Write) -> None:
    write("cluster/year.toml", "[[facts]]\nkind = 'received'\n")
    assert load(folder).problems == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe[\x00p\x00l\x00a\x00n\x00]\x00", "is not UTF-8 text"),
        (b"#" * (LARGEST + 1), "is larger than 5 MB"),
        (b"a = " + b"[" * 100_000, "is not valid TOML"),
        (b"a = " + b"9" * 5_000, "is not valid TOML"),
        (b"a = 2024-02-30", "is not valid TOML"),
        (b"a = 1\r\na = 2", "is not valid TOML"),
        (b"a = '", "is not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_stops_no_other(
    folder: Path, write: Write, content: bytes, message: str
) -> None:
    write("broken.toml", content)
    loaded = load(folder)
    assert [message in texts for texts in messages(loaded)] == [True]
    assert ids(loaded) == ["cluster-2024"]


def test_a_byte_order_mark_does_no_harm(folder: Path, write: Write) -> None:
    write("cluster/2024.toml", b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode())
    assert ids(load(folder)) == ["cluster-2024"]


def test_links_that_lead_nowhere_or_back_are_told(folder: Path) -> None:
    (folder / "self.toml").symlink_to("self.toml")
    (folder / "gone.toml").symlink_to("nowhere")
    (folder / "cluster" / "up").symlink_to(folder)
    os.mkfifo(folder / "pipe.toml")
    loaded = load(folder)
    assert ids(loaded) == ["cluster-2024"]
    assert sorted(Path(str(problem.file)).name for problem in loaded.problems) == [
        "gone.toml",
        "pipe.toml",
        "self.toml",
        "up",
    ]


def test_hidden_files_are_nobodys_definitions(folder: Path, write: Write) -> None:
    write(".git/x.toml", "x = 1")
    write("cluster/.#2024.toml", "x = 1")
    assert load(folder).problems == ()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    (problem,) = load(tmp_path / "nowhere").problems
    assert (problem.severity, problem.file) == ("error", str(tmp_path / "nowhere"))


# ---------------------------------------------------------------- one file


def test_one_file_is_loaded_with_the_rosters_beside_it_and_nothing_else(folder: Path, write: Write) -> None:
    write("cluster/broken.toml", "[plan")
    write("cluster/2025.toml", PLAN)
    loaded = DefinitionFiles([]).load_file(folder / "cluster" / "2024.toml")
    assert (ids(loaded), loaded.problems) == (["cluster-2024"], ())


def test_one_file_uses_the_calendars_around_it_and_the_configured_ones(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    plan = write("cluster/2024.toml", HOLIDAYS)
    write("calendars/VN.toml", "[[off]]\nday = 2024-03-14\nname = 'gần'\n")
    far = tmp_path / "elsewhere" / "calendars"
    far.mkdir(parents=True)
    (far / "VN.toml").write_text("[[off]]\nday = 2024-03-14\nname = 'xa'\n[[off]]\nday = 2024-03-13\n")
    (loaded,) = DefinitionFiles([tmp_path / "elsewhere"]).load_file(plan).definitions
    assert loaded.plan.workdays.off[date(2024, 3, 14)] == "gần"
    assert date(2024, 3, 13) in loaded.plan.workdays.off


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (problem,) = DefinitionFiles([]).load_file(tmp_path / "none.toml").problems
    assert "No such file" in problem.message


def test_check_takes_files_and_folders_and_without_any_the_configured_ones(folder: Path, write: Write) -> None:
    wrong = write("cluster/2025.toml", OTHER_PLAN.replace("omega", "alpha").replace("year = 2024", "year = 1"))
    files = DefinitionFiles([folder])
    assert files.check([folder / "cluster" / "2024.toml", folder / "cluster" / "parties.toml"]) == ()
    assert [problem.key for problem in files.check([wrong])] == ["plan.year"]
    assert files.check([folder]) == files.check() == files.check([folder, wrong])


# ---------------------------------------------------------------- calendars


def calendar(folder: Path) -> Workdays:
    (definition,) = load(folder).definitions
    return definition.plan.workdays


def test_the_packages_holidays_and_swapped_days_seed_the_calendar(folder: Path, write: Write) -> None:
    write("cluster/2024.toml", HOLIDAYS)
    workdays = calendar(folder)
    assert workdays.off[date(2024, 9, 2)] == "Quốc khánh"
    assert not workdays.is_workday(date(2024, 4, 29))
    assert workdays.is_workday(date(2024, 5, 4))


@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("by = 2024-03-15", date(2029, 2, 13)),  # an extension to any day that may be recorded
        ("by = 2024-03-15", date(2022, 2, 1)),
        ("by = 2032-03-15", date(2032, 2, 11)),
        ("by = 2030-03-15", date(2029, 2, 13)),
        ("window = { from = 2024-03-01, to = 2033-03-31 }", date(2033, 1, 31)),
        (
            'recurring = { rule = "FREQ=YEARLY", boundary = "by", from = 2024-03-15, until = 2036-03-15 }',
            date(2036, 1, 28),
        ),
    ],
)
def test_the_calendar_reaches_over_all_dates_of_the_plan_and_what_may_be_recorded(
    folder: Path, write: Write, form: str, day: date
) -> None:
    """Tết is off in each year."""
    write("cluster/2024.toml", HOLIDAYS.replace("before = 2024-03-15", form))
    assert not calendar(folder).is_workday(day)


def test_years_without_an_announcement_are_provisional_once_days_off_are_announced(folder: Path, write: Write) -> None:
    """From the first to the last date of the plan; a day of the announcement is enough, also one that was known."""
    plan = HOLIDAYS.replace("2024-03-15", "2027-03-17").replace("2024-06-07", "2029-06-07")
    plan = plan.replace("Kế hoạch thi đua năm 2024", "Kế hoạch 2024-2029")
    write("cluster/2024.toml", plan)
    assert (calendar(folder).provisional, messages(load(folder))) == (frozenset(), [])
    write("calendars/VN.toml", "[[off]]\nday = 2024-09-02\n[[worked]]\nday = 2026-01-10\n")
    assert calendar(folder).provisional == {2025, 2027, 2028, 2029}
    (problem,) = load(folder).problems
    assert (problem.severity, problem.code, problem.key) == ("warning", "provisional-holidays", "plan.holidays")
    assert "the days off of 2025, 2027-2029 are provisional" in problem.message


def test_years_of_which_no_days_off_are_known_are_told(folder: Path, write: Write) -> None:
    """The package knows those of Vietnam until 2100; an announcement adds to them."""
    late = HOLIDAYS.replace("2024", "2099").replace("2099-06-07", "2102-06-07").replace("năm 2099", "2099-2102")
    write("cluster/2024.toml", late.replace("2099-03-15", "2099-03-20"))
    (problem,) = load(folder).problems
    assert (problem.severity, problem.code, problem.key) == ("warning", "unknown-holidays", "plan.holidays")
    assert "no public holidays are known for 2101-2102" in problem.message
    write("calendars/VN.toml", "[[off]]\nday = 2101-01-03\n")
    assert [text.partition(":")[0] for text in messages(load(folder))] == [
        "no public holidays are known for 2102",
        "the days off of 2099-2100 are provisional",
    ]


def test_announcements_win_over_the_package(folder: Path, write: Write) -> None:
    write("cluster/2024.toml", HOLIDAYS)
    write("calendars/VN.toml", "[[worked]]\nday = 2024-09-02\n[[off]]\nday = 2024-05-04\nname = 'nghỉ'\nsource = 'x'\n")
    workdays = calendar(folder)
    assert workdays.is_workday(date(2024, 9, 2))
    assert not workdays.is_workday(date(2024, 5, 4))


def test_a_plan_without_holidays_works_on_all_of_them(folder: Path, write: Write) -> None:
    write("calendars/VN.toml", "[[off]]\nday = 2024-03-14\n")
    assert calendar(folder) == Workdays()


@pytest.mark.parametrize(
    ("name", "content", "key", "words"),
    [
        ("VN.toml", "[[off]]\nday = '2024-03-14'\n", "off[0].day", "without quotes"),
        ("VN.toml", "[[off]]\nday = 2024-03-14\n[[worked]]\nday = 2024-03-14\n", "worked[0].day", "listed twice"),
        ("VN.toml", "[off]\nday = 2024-03-14\n", "off", "[[off]]"),
        ("VN.toml", "off = [1]\n", "off[0]", "must be a table"),
        ("VN.toml", "[[of]]\nday = 2024-03-14\n", "of", "did you mean off"),
        ("VN.toml", "[[off]]\nday = 2024-03-14\nnmae = 'x'\n", "off[0].nmae", "did you mean name"),
    ],
)
def test_a_wrong_calendar_is_told_and_not_used(
    folder: Path, write: Write, name: str, content: str, key: str, words: str
) -> None:
    write("cluster/2024.toml", HOLIDAYS)
    write(f"calendars/{name}", content)
    loaded = load(folder)
    assert loaded.definitions == ()
    texts = {problem.key: f"{problem.message} {problem.hint}" for problem in loaded.problems}
    assert texts.keys() == {key, "plan.holidays"}
    assert words in texts[key]


def test_a_calendar_that_names_no_country_is_told(folder: Path, write: Write) -> None:
    write("calendars/vietnam.toml", "[[off]]\nday = 2024-03-14\n")
    loaded = load(folder)
    assert messages(loaded) == ["vietnam.toml names no country"]
    assert ids(loaded) == ["cluster-2024"]


# ---------------------------------------------------------------- anything at all

LINES = PLAN.splitlines()
JUNK = ("1", "true", '"x"', '""', "[]", "[[]]", "[1]", '["x", 1]', "{}", "{ a = 1 }", "2024-03-15", "17:00:00", "1.5")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.sampled_from(JUNK) | st.none() | st.text(max_size=4)), max_size=3
    )
)
def test_whatever_stands_in_a_file_loading_never_fails(
    folder: Path, write: Write, changes: list[tuple[int, str | None]]
) -> None:
    lines: list[str] = list(LINES)
    for at, junk in changes:
        key, equals, _ = lines[at].partition(" = ")
        lines[at] = "" if junk is None else f"{key}{equals}{junk}" if equals else lines[at]
    write("cluster/2024.toml", "\n".join(lines).encode("utf-8", "replace"))
    loaded = load(folder)
    refused = any(problem.severity == "error" for problem in loaded.problems)
    assert refused == (not loaded.definitions)


def test_former_ids_are_read_one_or_several(folder: Path, write: Write) -> None:
    write("cluster/2024.toml", with_former(PLAN, '"old"'))
    write("cluster/parties.toml", PARTIES.replace('name = "Trường Beta"', 'name = "Trường Beta"\nwas = ["b", "b-2"]'))
    (known,) = load(folder).definitions
    assert known.plan.milestones[0].was == ("old",)
    assert known.plan.parties["beta"].was == ("b", "b-2")


def with_former(plan: str, was: str) -> str:
    first = next(line for line in plan.splitlines() if line.startswith("id = ") and "cluster" not in line)
    return plan.replace(first, f"{first}\nwas = {was}", 1)


@pytest.mark.parametrize("was", ['["old", "old"]', "OWN"])
def test_a_former_id_that_is_in_use_or_claimed_twice_is_refused(folder: Path, write: Write, was: str) -> None:
    """Its record could belong to either."""
    own = next(line for line in PLAN.splitlines() if line.startswith("id = ") and "cluster" not in line)[5:]
    write("cluster/2024.toml", with_former(PLAN, was.replace("OWN", own)))
    loaded = load(folder)
    assert (ids(loaded), [problem.code for problem in loaded.problems]) == ([], ["former-id"])
    write("cluster/2024.toml", PLAN)
    write("cluster/parties.toml", PARTIES.replace('name = "Trường Beta"', 'name = "Trường Beta"\nwas = "alpha"'))
    loaded = load(folder)
    assert (ids(loaded), [problem.code for problem in loaded.problems]) == ([], ["former-id"])


def test_a_former_id_that_another_roster_has_is_contested(folder: Path, write: Write) -> None:
    """Else its party would read the other one's page."""
    former = OTHER_PARTIES.replace('name = "Omega"', 'name = "Omega"\nwas = "alpha"')
    write("other/parties.toml", former)
    write("other/2024.toml", OTHER_PLAN)
    loaded = load(folder)
    assert (ids(loaded), len(loaded.contested)) == ([], 2)
    assert {problem.code for problem in loaded.problems} == {"contested"}
