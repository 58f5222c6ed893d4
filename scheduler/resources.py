"""Locates the shipped files, inside the wheel or in the checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder: `workflows`, `templates`, `config.toml`."""
    bundled = Path(str(files("scheduler"))) / "_data" / name
    return bundled if bundled.exists() else Path(__file__).parents[1] / name
