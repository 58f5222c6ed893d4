"""Blank forms that a plan offers: from beside its file, to operators and to the parties concerned, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.definitions.loader import DefinitionFiles
from scheduler.folders import find_below
from scheduler.plan.model import BlankForm
from tests.support.daemon_fixture import plan, report
from tests.support.operator_client import Operator, words
from tests.support.party_client import path_of
from tests.support.plan_builders import deadline
from tests.support.served_site import ServedSite, serve_site

FORMS = (BlankForm(title="Mẫu số 01", file="bieu-mau/mẫu 01.docx"), BlankForm(title="Form 2", file="two.pdf"))
WORD, PDF = b"PK\x03\x04 a document", b"%PDF-1.7 a form"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of definitions with two forms."""
    made = tmp_path / "workflows"
    (made / "bieu-mau").mkdir(parents=True)
    (made / FORMS[0].file).write_bytes(WORD)
    (made / FORMS[1].file).write_bytes(PDF)
    return made


@pytest.fixture
def site(tmp_path: Path, folder: Path) -> Iterator[ServedSite]:
    with serve_site(tmp_path) as served:
        other = deadline(report().form, id="other", responsible=("gamma",), forms=FORMS[:1])
        served.serve(replace(plan(report(forms=FORMS), other, language="en"), file=str(folder / "plan.toml")))
        yield served


def test_operators_find_the_forms_with_the_milestone(site: ServedSite) -> None:
    operator = Operator.of(site)
    page = operator.ask("/plans/plan/milestones/report").text
    assert "Forms to fill in Mẫu số 01 Form 2" in words(page)
    links = re.findall(r'href="(/plans/plan/milestones/report/forms/\d)"', page)
    found = [operator.ask(link) for link in links]
    assert [one.body for one in found] == [WORD, PDF]
    assert [one.headers["Content-Type"] for one in found] == ["application/zip", "application/pdf"]
    assert "filename*=UTF-8''m%E1%BA%ABu%2001.docx" in found[0].headers["Content-Disposition"]


def test_a_party_finds_them_with_its_task_and_only_there(site: ServedSite) -> None:
    page = site.ask(path_of(site))
    links = re.findall(r'href="([^"]*/forms/\d)"', page.text)
    assert [site.ask(link).body for link in links] == [WORD, PDF]
    assert site.ask(f"{path_of(site, milestone='other')}/forms/1").status == 404
    assert site.ask(f"{path_of(site)}/forms/3").status == 404
    assert site.ask(f"{path_of(site)}/forms/0").status == 404


def test_nobody_else_gets_a_form(site: ServedSite) -> None:
    assert site.ask("/plans/plan/milestones/report/forms/1").headers["Location"] == "/sign-in"
    assert site.ask("/p/wrong/plan/report/forms/1").status == 404


def test_a_form_that_is_gone_is_reported_to_the_log(site: ServedSite, folder: Path) -> None:
    (folder / "two.pdf").unlink()
    assert Operator.of(site).ask("/plans/plan/milestones/report/forms/2").status == 404
    assert [str(problem) for problem in site.problems] == ["the form two.pdf of report is not there any more"]


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "a/../../secret", "link", ".hidden", "", "a//b", "a\\b", "\0"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("x")
    inside = tmp_path / "inside"
    (inside / "a").mkdir(parents=True)
    (inside / ".hidden").write_text("x")
    (inside / "link").symlink_to(tmp_path / "secret")
    assert find_below(inside, name) is None


@pytest.fixture
def definitions(folder: Path) -> DefinitionFiles:
    """Return definitions of which the plan offers the first form."""
    (folder / "parties.toml").write_text(
        '[parties.a]\nname = "A"\ncontacts = [{ name = "A", email = "a@a.vn" }]', encoding="utf-8"
    )
    (folder / "plan.toml").write_text(
        """
        schema = 1
        [plan]
        id = "p"
        title = "Plan"
        issued = 2027-01-01
        year = 2027
        timezone = "Asia/Ho_Chi_Minh"
        [groups]
        lead = ["a"]
        [[milestones]]
        id = "report"
        kind = "deadline"
        title = "Report"
        responsible = "lead"
        before = 2027-06-01
        forms = [{ title = "Mẫu số 01", file = "bieu-mau/mẫu 01.docx" }]
        """,
        encoding="utf-8",
    )
    return DefinitionFiles([folder])


def test_a_plan_file_names_its_forms(definitions: DefinitionFiles) -> None:
    [definition] = definitions.load().definitions
    assert definition.plan.milestones[0].forms == FORMS[:1]


def test_a_form_that_is_not_there_is_warned_of_and_the_plan_holds(folder: Path, definitions: DefinitionFiles) -> None:
    (folder / FORMS[0].file).unlink()
    loaded = definitions.load()
    assert len(loaded.definitions) == 1
    assert [(problem.severity, problem.key) for problem in loaded.problems if problem.code == "no-form"] == [
        ("warning", "milestones[0].forms[0].file")
    ]
