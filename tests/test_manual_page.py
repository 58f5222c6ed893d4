"""`contrib/hanchot.1` is what the commands say of themselves, and soundly written.

`HANCHOT_GOLDEN=write` writes it anew: after a change of the help, of the version, or of the programs that make it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.errors import ExitCode
from tests.support.mail_servers import find_program

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "contrib" / "hanchot.1"


@pytest.fixture
def built(tmp_path: Path) -> bytes:
    """Return the page, built from the commands."""
    options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--builder", "man"]
    folders = [str(ROOT / "docs" / "man"), str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HANCHOT_")}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, *folders], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return (tmp_path / "hanchot.1").read_bytes()


def test_the_page_is_what_the_commands_say(built: bytes) -> None:
    if os.environ.get("HANCHOT_GOLDEN") == "write":
        PAGE.write_bytes(built)
    assert PAGE.read_bytes() == built


def test_the_page_is_shown_without_a_warning() -> None:
    """Each command is headed by all its words."""
    done = subprocess.run(
        [find_program("groff"), "-k", "-man", "-ww", "-Tutf8", "-P-cbou", PAGE], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    headings = re.findall(r"^ {1,3}(hanchot.*)$|^(\w[\w ]*)$", done.stdout, re.MULTILINE)
    shown = ["".join(heading) for heading in headings]
    assert [one for one in shown if one.isupper()] == [
        "NAME", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES",
    ]  # fmt: skip
    assert {"hanchot", "hanchot init", "hanchot db backup"} <= set(shown)


def test_every_exit_code_is_on_the_page() -> None:
    words = PAGE.read_text(encoding="utf-8").partition("\n.SH EXIT STATUS\n")[2].partition("\n.SH")[0]
    assert re.findall(r"^\.B (\d)$", words, re.MULTILINE) == [str(int(code)) for code in ExitCode]
