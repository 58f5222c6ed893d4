"""What the names in a shared folder say: files that programs make for themselves, and copies of a conflict. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

EntrySort = Literal["ignored", "conflict", "file"]

# Partial downloads and uploads, and placeholders of what was not fetched yet.
_PARTIAL = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".icloud")
# What systems and synchronising programs keep beside the files of people.
_OWN = frozenset(
    [
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin", "system volume information"),
        *("lost+found", "@eadir", "#recycle", "#snapshot", "__macosx"),
    ]
)
_CONFLICT = re.compile(
    "|".join(
        (
            r"conflicted copy",  # Dropbox, Nextcloud
            r"case conflict",  # Dropbox
            r"bản sao (bị )?xung đột",
            r"[._]sync-conflict-\d",  # Syncthing
            r"_conflict-\d{8}",  # ownCloud
            r"[\[(]conflict[\])]",  # Google Drive
            r"-(desktop|laptop|win)-[a-z0-9]{5,15}(-\d+)?$",  # OneDrive adds the name of the computer
        )
    )
)


def sort_entry(name: str) -> EntrySort:
    """Return what an entry of a folder is by its name.

    `ignored`: no document of anybody, such as a hidden or partial file. `conflict`: what a synchronising program made
    of a file that was changed in two places; it never counts, not even alone, for nobody knows which of them is meant.
    """
    said = unicodedata.normalize("NFC", name).casefold()
    if said.startswith((".", "~$")) or said.endswith(_PARTIAL) or said in _OWN:
        return "ignored"
    stem, dot, _ = said.rpartition(".")
    return "conflict" if _CONFLICT.search(stem if dot else said) else "file"


def clean_name(name: str) -> str:
    """Return a name in NFC without characters that nobody sees or that are no characters at all."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(character for character in composed if unicodedata.category(character)[0] != "C")
