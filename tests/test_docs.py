"""The documentation says what the program does: commands, keys, files."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from scheduler import __version__
from scheduler.cli import hanchot
from scheduler.config import Settings, load_settings

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read(page: str) -> str:
    """Return the words of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def names(group: click.Group, *path: str) -> Iterator[str]:
    """Yield the commands of a group by their words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from names(command, *path, name)
        else:
            yield " ".join((*path, name))


def shown_commands(page: str) -> Iterator[list[str]]:
    """Yield the words after `hanchot` of every command line in a page's code blocks."""
    for language, block in BLOCK.findall(read(page)):
        if language in ("sh", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words and words[0].rpartition("/")[2] == "hanchot":
                    yield words[1:]


SHOWN = [pytest.param(words, id=" ".join(words)) for page in PAGES for words in shown_commands(page)]


@pytest.mark.parametrize("name", list(names(hanchot)))
def test_every_command_is_in_the_readme(name: str) -> None:
    """As it is typed."""
    assert f"`{name}" in read("README.md")


def test_the_readme_shows_commands() -> None:
    """The next test would otherwise look at nothing."""
    assert len(SHOWN) > 5


@pytest.mark.parametrize("words", SHOWN)
def test_every_command_line_that_is_shown_can_be_parsed(words: list[str]) -> None:
    """Its command and its options exist; nothing is run."""
    command: click.Command = hanchot
    context = click.Context(hanchot, info_name="hanchot")
    while isinstance(command, click.Group):
        rest = list(command.make_parser(context).parse_args(list(words))[1])
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        command, words = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    if "--help" not in words:
        command.make_context(command.name, list(words), parent=context.parent)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_exists(page: str) -> None:
    """Links within the repository."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", read(page))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    """Words in code style that look like paths of the repository."""
    paths = re.findall(r"`((?:scheduler|tests|templates|workflows|bench|contrib)/[\w./-]+)`", read(page))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_make_target_that_is_shown_exists() -> None:
    """In the README and for contributors."""
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    shown = {word for page in PAGES for word in re.findall(r"make ([a-z]+)\b", " ".join(code(read(page))))}
    assert {"run", "test"} <= shown <= targets


def code(text: str) -> list[str]:
    """Return what stands in code style, in lines or in blocks."""
    return [block for _, block in BLOCK.findall(text)] + re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


def test_the_shipped_configuration_names_every_key_with_its_default() -> None:
    """The file is the documentation, so it must be complete and true."""
    defaults = Settings().model_dump(mode="json", by_alias=True, exclude={"folder"})
    assert tomllib.loads(read("config.toml")) == defaults
    assert load_settings(ROOT / "config.toml", {}) == Settings(folder=ROOT)


def test_the_shipped_configuration_explains_every_key() -> None:
    """One comment a key."""
    keys = [line for line in read("config.toml").splitlines() if re.match(r"\w+ = ", line)]
    assert [line for line in keys if not re.search(r" # \S", line)] == []


def test_every_key_of_the_configuration_is_in_the_readme() -> None:
    """By its section, also within another."""
    assert [
        name for name in sections(tomllib.loads(read("config.toml"))) if f"`[{name}]`" not in read("README.md")
    ] == []


def sections(table: dict[str, Any], *path: str) -> Iterator[str]:
    """Yield the names of the tables in a configuration."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield ".".join((*path, name))
            yield from sections(value, *path, name)


def test_the_changelog_has_the_version_of_the_package() -> None:
    """A version is described before it is released."""
    assert f"## [{__version__}]" in read("CHANGELOG.md")
