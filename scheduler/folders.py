"""Folders: made for their owner only, flushed to disk, and searched for files that lie nowhere else."""

from __future__ import annotations

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents for their owner only; a folder that is there keeps its mode."""
    if not folder.parent.exists():
        make_private_folder(folder.parent)  # `Path.mkdir(parents=True)` would open the parents to everybody
    folder.mkdir(mode=0o700, exist_ok=True)


def find_below(folder: Path, name: str) -> Path | None:
    """Return the file with a relative name in a folder or below it; None if there is none, or it lies elsewhere.

    Names that lead out of the folder, by `..`, an absolute path or a link, are not followed; nor are hidden ones.
    """
    parts = name.split("/")
    if "\\" in name or "\0" in name or any(not part or part.startswith(".") for part in parts):
        return None
    try:
        real = folder.joinpath(*parts).resolve()
        return real if real.is_relative_to(folder.resolve()) and real.is_file() else None
    except (OSError, RuntimeError):  # a link that points to itself
        return None


def name_new_file(draft: Path, target: Path) -> None:
    """Give a finished draft in the same folder its name, also where files cannot have two, as on FAT.

    The draft may still be there afterwards. Raises: FileExistsError if the name is taken.
    """
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        draft.replace(target)


def sync_folder(folder: Path) -> None:
    """Flush the folder to disk, so that the new name survives a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
