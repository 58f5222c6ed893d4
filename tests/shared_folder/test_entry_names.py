"""What the names in a shared folder say."""

from __future__ import annotations

import unicodedata

import pytest

from scheduler.shared_folder.entry_names import clean_name, sort_entry


@pytest.mark.parametrize(
    "name",
    [
        *(".hidden", ".DS_Store", ".~lock.Báo cáo.docx#", "~$Báo cáo.docx", ".syncthing.Báo cáo.pdf.tmp"),
        *("~WRL0001.tmp", "Báo cáo.pdf.part", "Báo cáo.PDF.PARTIAL", "Báo cáo.pdf.crdownload", "a.pdf.filepart"),
        *("Unconfirmed 1.download", "Thumbs.db", "desktop.ini", "Icon\r", "Báo cáo.pdf.icloud", ".Báo cáo.pdf.icloud"),
        *("@eaDir", "$RECYCLE.BIN", "__MACOSX"),
    ],
)
def test_what_programs_keep_for_themselves_is_ignored(name: str) -> None:
    assert sort_entry(name) == "ignored"


@pytest.mark.parametrize(
    "name",
    [
        "Báo cáo (An's conflicted copy 2023-06-01).pdf",
        "Báo cáo (conflicted copy 2023-06-01 101500).pdf",
        "Báo cáo (Case Conflict).pdf",
        "Báo cáo (Bản sao xung đột của An 2023-06-01).pdf",
        "Báo cáo (bản sao bị xung đột).pdf",
        "Báo cáo.sync-conflict-20230601-101500-ABCDEFG.pdf",
        "Báo cáo_conflict-20230601-101500.pdf",
        "Báo cáo [Conflict].pdf",
        "Báo cáo-DESKTOP-4F5G6H7.pdf",
        "Báo cáo-LAPTOP-ABC12345-2.docx",
        "Báo cáo (conflicted copy 2023-06-01)",
    ],
)
def test_a_copy_that_a_conflict_made_is_told_apart(name: str) -> None:
    """However the diacritics are written."""
    assert sort_entry(name) == "conflict"
    assert sort_entry(unicodedata.normalize("NFD", name)) == "conflict"


@pytest.mark.parametrize(
    "name",
    [
        *("Báo cáo.pdf", "Báo cáo (1).pdf", "BC-CT.docx", "Báo cáo-FINAL.pdf", "Báo cáo xung đột.pdf", "part.pdf"),
        *("Báo cáo.tmp.pdf", "README", "Mẫu ~ 2.pdf"),
    ],
)
def test_everything_else_may_be_a_document(name: str) -> None:
    assert sort_entry(name) == "file"


def test_a_name_is_shown_without_what_nobody_sees() -> None:
    """As by bytes that are no letters, and by marks that turn the direction of writing."""
    assert clean_name("a\udcff\u202eb\nc.pdf") == "abc.pdf"
    assert clean_name(unicodedata.normalize("NFD", "Báo cáo.pdf")) == "Báo cáo.pdf"
