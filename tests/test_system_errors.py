"""What the operating system says of an error, in the language of its reader."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest

from scheduler.system_errors import _SYSTEM, word_system
from scheduler.texts import Text
from scheduler.wording.sentences import translate

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("number", _SYSTEM)
def test_english_is_what_the_system_says(number: int) -> None:
    assert word_system(OSError(number, os.strerror(number), "x")) == os.strerror(number)


@pytest.mark.parametrize(
    ("error", "english", "vietnamese"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), None, "không có tệp hoặc thư mục này"),
        (
            OSError(errno.EADDRINUSE, "Address already in use (while attempting to bind on address ('::', 80))"),
            "Address already in use",
            "địa chỉ và cổng đang được dùng",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None, "không có tên máy này"),
        (TimeoutError("timed out"), "no answer in time", "không trả lời đúng thời gian"),
        (ssl.SSLError(errno.EPERM, "[SSL] wrong version"), "[SSL] wrong version", "[SSL] wrong version"),
        (OSError(errno.EXDEV, os.strerror(errno.EXDEV)), None, os.strerror(errno.EXDEV)),
        (ValueError("no number"), "no number", "no number"),
        (ValueError(), "ValueError", "ValueError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_known_error_is_said_in_the_language_of_the_reader(
    error: Exception, english: str | None, vietnamese: str
) -> None:
    """Others keep their words."""
    words = word_system(error)
    assert words == (english or getattr(error, "strerror", None))
    assert translate(words, "vi") == vietnamese


def test_an_error_as_a_value_of_a_text_is_translated() -> None:
    text = Text("a calendar could not be shown: {error}", error=PermissionError(errno.EACCES, "Permission denied"))
    assert translate(text, "vi").endswith(": không có quyền truy cập")


def test_nothing_else_takes_the_words_of_the_system() -> None:
    """They are English; `word_system` knows whether they can be translated."""
    files = [file for file in (ROOT / "scheduler").rglob("*.py") if file.name != "system_errors.py"]
    used = [f"{f.name}: {line}" for f in files for line in f.read_text("utf-8").splitlines() if ".strerror" in line]
    assert [line for line in used if "if error.strerror else" not in line] == []
