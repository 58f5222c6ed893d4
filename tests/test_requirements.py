"""The lock files agree with what `pyproject.toml` asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKED = re.compile(r"^(\S+)==([^\s;]+)")

EXTRAS = PROJECT["project"]["optional-dependencies"]
RUNTIME = [*PROJECT["project"]["dependencies"], *EXTRAS["postgresql"]]


def group(name: str) -> Iterator[str]:
    """Yield the requirements of a dependency group, with those of the groups that it includes."""
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def locked(name: str) -> dict[str, set[str]]:
    """Return the versions of each package in a lock file; one that differs by platform has several."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if match := LOCKED.match(line):
            found.setdefault(canonicalize_name(match[1].partition("[")[0]), set()).add(match[2])
    return found


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("runtime.txt", RUNTIME),
        ("image.txt", [*RUNTIME, *EXTRAS["distributed"], *EXTRAS["oauth"]]),
        ("dev.txt", [*RUNTIME, *EXTRAS["distributed"], *EXTRAS["oauth"], *group("dev")]),
        ("floors.txt", [*RUNTIME, *EXTRAS["distributed"], *EXTRAS["oauth"], *group("test")]),
    ],
)
def test_every_dependency_is_locked_to_a_version_that_is_allowed(file: str, wanted: list[str]) -> None:
    """`make lock` renews the files."""
    versions = locked(file)
    requirements = [Requirement(text) for text in wanted]
    assert [str(r) for r in requirements if canonicalize_name(r.name) not in versions] == []
    assert [
        str(r)
        for r in requirements
        for version in versions[canonicalize_name(r.name)]
        if not r.specifier.contains(version, prereleases=True)
    ] == []


@pytest.mark.parametrize("file", ["runtime.txt", "image.txt", "dev.txt", "floors.txt"])
def test_every_locked_version_has_hashes(file: str) -> None:
    """A file that is another one is refused by pip."""
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text)
    assert [entry.splitlines()[0] for entry in entries if LOCKED.match(entry) and "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("file", ["runtime.txt", "image.txt"])
def test_tests_run_with_the_versions_that_users_get(file: str) -> None:
    """What is locked for running is locked to the same versions for development."""
    assert {name: versions for name, versions in locked(file).items() if locked("dev.txt")[name] != versions} == {}


def test_floors_are_floors() -> None:
    """The lock of the oldest versions has the lower bound of each dependency that names one."""
    versions = locked("floors.txt")
    floors = {
        canonicalize_name(r.name): next((s.version for s in r.specifier if s.operator == ">="), "")
        for r in map(Requirement, RUNTIME)
    }
    behind = {n: (f, versions[n]) for n, f in floors.items() if not any(v.startswith(f) for v in versions[n])}
    assert behind.keys() <= {"tzdata"}  # its versions are years, and old ones lack wheels
