"""What is wrong with mail templates is found before any mail is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler import wording
from scheduler.mail.composer import TemplateComposer
from scheduler.mail.template_context import VARIABLES, describe
from scheduler.mail.templates import check_templates
from tests.support.sample_messages import IN_EVERY_LANGUAGE, SENDER

SHIPPED = Path(__file__).parents[2] / "templates"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / "mail" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_templates_that_ship_are_sound() -> None:
    """Every kind is there in every language and nothing is misspelt."""
    assert check_templates([SHIPPED]) == []


def test_a_composer_checks_its_own_folders(tmp_path: Path) -> None:
    """What is checked is what mails are made from."""
    path = write(tmp_path, "vi/reminder.txt", "{% if %}")
    composer = TemplateComposer([tmp_path, SHIPPED], sender=SENDER, organisation="", reply_to=None, secret=b"s" * 32)
    assert [problem.file for problem in composer.check()] == [str(path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("một\nhai {% if %}", "TemplateSyntaxError: Expected an expression"),
        ("một\nhai {{ party.name }", "TemplateSyntaxError: unexpected"),
        ("một\nhai {{ due | deadlin }}", "TemplateAssertionError: there is no filter 'deadlin'"),
        ("một\nhai {% if due is lateish %}x{% endif %}", "TemplateAssertionError: there is no test 'lateish'"),
        (
            "một\nhai {% block a %}{% endblock %}{% block a %}{% endblock %}",
            "TemplateAssertionError: block 'a' defined",
        ),
        ("một\nhai {% include 'mail/vi/_greting.txt' %}", "there is no template mail/vi/_greting.txt"),
        ("một\nhai {% extends 'mail/none.html' %}", "there is no template mail/none.html"),
        ("một\nhai {% import 'mail/none.txt' as parts %}", "there is no template mail/none.txt"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    """Also in the branch that no mail has taken yet, and in a language that no plan speaks."""
    path = write(tmp_path, "en/overdue.txt", text)
    (problem,) = check_templates([tmp_path, SHIPPED])
    assert problem.message.startswith(expected)
    assert (problem.file, problem.line, problem.severity) == (str(path), 2, "error")


def test_a_name_that_no_mail_gives_is_a_warning_with_the_near_name(tmp_path: Path) -> None:
    """It may be meant for `is defined`; most likely it is a slip."""
    path = write(tmp_path, "vi/_closing.txt", "một\nhai {{ ofice.name }}")
    (problem,) = check_templates([tmp_path, SHIPPED])
    assert (problem.severity, problem.file, problem.line) == ("warning", str(path), 2)
    assert problem.message == "no mail gives the name `ofice`"
    assert problem.hint is not None
    assert "office" in problem.hint


def test_a_name_that_another_template_sets_is_known(tmp_path: Path) -> None:
    """An included template sees what the one that includes it has set."""
    write(tmp_path, "vi/overdue.txt", "{% set again = step > 1 %}{% include 'mail/vi/_again.txt' %}")
    write(tmp_path, "vi/_again.txt", "{% for n in range(3) %}{{ loop.index }}{{ again }}{% endfor %}")
    assert check_templates([tmp_path, SHIPPED]) == []


def test_a_template_that_another_folder_hides_is_checked_too(tmp_path: Path) -> None:
    """It is used on the day the other one goes."""
    write(tmp_path / "first", "vi/reminder.txt", "x")
    path = write(tmp_path / "second", "vi/reminder.txt", "{% if %}")
    (problem,) = check_templates([tmp_path / "first", tmp_path / "second", SHIPPED])
    assert problem.file == str(path)


def test_every_fault_is_told_by_file_and_line(tmp_path: Path) -> None:
    """A person corrects them all at once."""
    write(tmp_path, "vi/b.txt", "{{ nothing }}\n{% include 'mail/no.txt' %}")
    write(tmp_path, "vi/a.txt", "{% if %}")
    assert [Path(p.file or "").name for p in check_templates([tmp_path, SHIPPED])] == ["a.txt", "b.txt", "b.txt"]


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Somebody saved it in another encoding."""
    path = write(tmp_path, "vi/reminder.txt", "Kính gửi".encode("utf-16"))
    (problem,) = check_templates([tmp_path, SHIPPED])
    assert problem.file == str(path)
    assert "cannot be read" in problem.message


def test_without_the_templates_that_ship_everything_is_missing(tmp_path: Path) -> None:
    """Each file to write is named, in each language, with the folders searched."""
    problems = check_templates([tmp_path])
    assert {problem.file for problem in problems} >= {"mail/vi/digest.subject", "mail/en/reminder.html"}
    assert all(str(tmp_path) in (problem.hint or "") for problem in problems)


def test_files_that_are_no_templates_are_left_alone(tmp_path: Path) -> None:
    """A note or an editor's copy beside them does no harm."""
    write(tmp_path, "vi/reminder.txt~", "{% if %}")
    write(tmp_path, "vi/README.md", "{% if %}")
    assert check_templates([tmp_path, SHIPPED]) == []


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_every_mail_gives_exactly_the_names_that_are_checked(name: str) -> None:
    """A variable added to the view is added to the list."""
    assert describe(IN_EVERY_LANGUAGE[name], "Cụm").keys() == VARIABLES - {"text"}


def test_every_language_has_the_same_templates() -> None:
    """What one language has a file for, the other has."""
    names = [{file.name for file in (SHIPPED / "mail" / language).iterdir()} for language in wording.languages()]
    assert all(each == names[0] for each in names)
