"""The starter folder: a configuration, a plan and a roster that are valid as they are and have explanations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from scheduler.errors import UserError
from scheduler.resources import shipped
from scheduler.texts import Text

_YEAR = "@YEAR@"


def write_starter(folder: Path, today: date) -> list[Path]:
    """Write the starter files for the year after `today` into a new or empty folder and return their paths.

    Raises `UserError` if the folder is not empty or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            Text("{folder} is not empty; nothing was written", folder=folder), hint=Text("name a new folder")
        )
    source = shipped("templates") / "starter"
    texts = {file.relative_to(source): file.read_text(encoding="utf-8") for file in sorted(source.rglob("*.toml"))}
    texts[Path("config.toml")] = shipped("config.toml").read_text(encoding="utf-8")
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(_YEAR, str(today.year + 1)), encoding="utf-8")
    except OSError as error:
        raise UserError(
            Text("cannot write into {folder}: {strerror}", folder=folder, strerror=error.strerror),
            hint=Text("check the folder and the disk"),
        ) from error
    return [folder / name for name in sorted(texts)]
