"""The layout holds: every wall between the parts of the package can be run into, and folders stay small."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scheduler"
CONTRACTS = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}

# For each wall: a file of the package, and a line that must not stand in it.
VIOLATIONS = {
    "Imports point down": ("plan/agenda.py", "import scheduler.clock"),
    "The plan is pure": ("plan/agenda.py", "import logging"),
    "Feeds are pure": ("feeds/items.py", "import time"),
    "No cycles among siblings": ("plan/facts.py", "import scheduler.plan.agenda"),
    "One door for SQLAlchemy": ("services/reconcile.py", "import sqlalchemy"),
    "One door for Alembic": ("store/database.py", "import alembic"),
    "One door for database drivers": ("store/mails/outbox.py", "import sqlite3"),
    "One door for APScheduler": ("web/app.py", "import apscheduler"),
    "One door for pydantic": ("web/forms/posted_form.py", "import pydantic"),
    "One door for icalendar": ("feeds/items.py", "import icalendar"),
    "One door for Procrastinate": ("engine/tick.py", "import procrastinate"),
    "One door for SMTP": ("engine/mails/delivery.py", "import smtplib"),
    "One door for IMAP": ("mail/smtp.py", "import imaplib"),
    "One door for Authentication-Results": ("inbox/headers.py", "import authres"),
    "One door for bounces": ("inbox/machine_mail.py", "import flufl.bounce"),
    "One door for DNS": ("mail/smtp.py", "import dns"),
    "One door for sign-ins at Microsoft and Google": ("mail/token_address.py", "import requests"),
    "One door for Starlette": ("queries/status.py", "import starlette"),
    "One door for uvicorn": ("web/app.py", "import uvicorn"),
    "One door for Jinja2": ("web/app.py", "import jinja2"),
    "One door for click and rich": ("cli/status.py", "import rich"),
    "One door for XlsxWriter": ("web/app.py", "import xlsxwriter"),
}

# Gerunds that are the field's own terms.
GERUNDS = {"mapping", "matching", "monitoring", "rendering", "standing", "upcoming", "wording"}


@dataclass(frozen=True)
class Copy:
    """A copy of the package with the project's contracts."""

    folder: Path

    def lint(self) -> subprocess.CompletedProcess[str]:
        """Run the import linter over the copy."""
        command = [str(Path(sys.executable).with_name("lint-imports")), "--cache-dir", str(self.folder / ".cache")]
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200"}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Copy the package."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "scheduler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return Copy(folder)


def test_the_package_as_it_is_keeps_every_contract(copy: Copy) -> None:
    """Else the next test would show nothing."""
    done = copy.lint()
    assert (done.returncode, f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout) == (0, True)


def test_every_contract_has_a_violation_here() -> None:
    """A new wall is not believed before it has failed."""
    assert VIOLATIONS.keys() == CONTRACTS.keys()


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_forbidden_import_breaks_its_wall(name: str, copy: Copy) -> None:
    """Added to a copy of the package."""
    path, line = VIOLATIONS[name]
    file = copy.folder / "scheduler" / path
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{before}\n{line}\n", encoding="utf-8")
        done = copy.lint()
    finally:
        file.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert f"{name} BROKEN" in done.stdout


def modules(folder: Path) -> list[Path]:
    """Return the modules directly in a folder, its `__init__` left out."""
    return [file for file in folder.glob("*.py") if file.name != "__init__.py"]


FOLDERS = [PACKAGE, *(folder for folder in PACKAGE.rglob("*") if folder.is_dir() and modules(folder))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_no_folder_has_more_modules_than_one_can_survey(folder: Path) -> None:
    """Twenty; twelve in the pages."""
    most = 12 if PACKAGE / "web" in (folder, *folder.parents) else 20
    assert len(modules(folder)) <= most


def test_modules_are_named_by_nouns() -> None:
    """Gerunds only where the field has no other term."""
    names = {file.stem for folder in FOLDERS for file in modules(folder)} | {folder.name for folder in FOLDERS}
    assert {name for name in names if name.endswith("ing")} == GERUNDS
    assert len(GERUNDS) <= 8


def test_no_suite_of_tests_imports_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What several suites use is in `tests.support` or, for a port, in `tests.contracts`."""
    monkeypatch.syspath_prepend(ROOT)
    graph = grimp.build_graph("tests", cache_dir=None)
    imports = [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    ]
    assert len(imports) > 100
    assert [
        (importer, imported)
        for importer, imported in imports
        if imported.split(".")[1] not in (importer.split(".")[1], "support", "contracts")
        or imported.rpartition(".")[2].startswith("test_")
    ] == []
