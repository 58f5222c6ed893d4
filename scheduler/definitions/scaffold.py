"""The starter folder: a configuration, a plan and a roster that are valid as they are and have explanations."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from scheduler.errors import UserError
from scheduler.resources import shipped
from scheduler.system_errors import word_system
from scheduler.texts import Text, pattern

_YEAR = "@YEAR@"
_NAMES = (pattern("our-office"), pattern("head-office"), pattern("branch-one"), pattern("branch-two"))  # ids
_ENGLISH = re.compile(r"^#en (.*\n)", re.MULTILINE)
_COMMENT = re.compile(r'^((?:[^"#]|"[^"]*")*# )(.+)$', re.MULTILINE)


def write_starter(folder: Path, today: date, localise: Callable[[str], str] = str) -> list[Path]:
    """Write the starter files for the year after `today` into a new or empty folder and return their paths.

    `localise` returns a comment of the configuration, or an id, in the language of its reader; the other comments are
    in both. Raises `UserError` if the folder is not empty or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            Text("{folder} is not empty; nothing was written", folder=folder), hint=Text("name a new folder")
        )
    source = shipped("templates") / "starter"
    texts = {
        folder / _name(str(file.relative_to(source)), localise): _name(file.read_text(encoding="utf-8"), localise)
        for file in sorted(source.rglob("*.toml"))
    }
    config = shipped("config.toml").read_text(encoding="utf-8")
    texts[folder / "config.toml"] = _COMMENT.sub(lambda found: found[1] + localise(found[2]), config)
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(_YEAR, str(today.year + 1)), encoding="utf-8")
    except OSError as error:
        raise UserError(
            Text("cannot write into {folder}: {strerror}", folder=folder, strerror=word_system(error)),
            hint=Text("check the folder and the disk"),
        ) from error
    return sorted(texts)


def _name(text: str, localise: Callable[[str], str]) -> str:
    """Return a text of the starter with the ids of the reader's language; only in English with the lines of `#en`."""
    text = _ENGLISH.sub(r"# \1" if localise(_NAMES[0]) == _NAMES[0] else "", text)
    for name in _NAMES:
        text = text.replace(name, localise(name))
    return text


def list_comments(config: str) -> list[str]:
    """Return the comments of a configuration, which are translated as other texts are."""
    return [words for _, words in _COMMENT.findall(config)]
