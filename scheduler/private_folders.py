"""Makes folders that only their owner can enter."""

from __future__ import annotations

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents for their owner only; a folder that is there keeps its mode."""
    if not folder.parent.exists():
        make_private_folder(folder.parent)  # `Path.mkdir(parents=True)` would open the parents to everybody
    folder.mkdir(mode=0o700, exist_ok=True)
