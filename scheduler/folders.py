"""Makes folders that only their owner can enter, names new files, and flushes folders to disk."""

from __future__ import annotations

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents for their owner only; a folder that is there keeps its mode."""
    if not folder.parent.exists():
        make_private_folder(folder.parent)  # `Path.mkdir(parents=True)` would open the parents to everybody
    folder.mkdir(mode=0o700, exist_ok=True)


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
