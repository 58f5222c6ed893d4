"""The mails whose golden files people have read, and how such a file is written."""

from __future__ import annotations

from pathlib import Path

from scheduler.mail.composer import TemplateComposer
from tests.support.mail_reader import body, header, read
from tests.support.sample_messages import ALL_MESSAGES, ORGANISATION, SENDER

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = Path(__file__).parents[2] / "templates"


def composer(name: str) -> TemplateComposer:
    """Return who writes a message: mails of the plan that ships are sent in that plan's own name."""
    organisation = "" if name.startswith("shipped/") else ORGANISATION
    return TemplateComposer(
        [TEMPLATES], sender=SENDER, organisation=organisation, reply_to="thidua@tinh-a.example", secret=b"golden" * 6
    )


COMPOSERS = {folder: composer(folder) for folder in ("vi/", "en/", "shipped/")}
MAILS = {name: COMPOSERS[name.partition("/")[0] + "/"].compose(message) for name, message in ALL_MESSAGES.items()}
ADDED = {"Return-Path", "X-Original-To", "Delivered-To", "Received"}  # by servers on the way


def golden_file(name: str) -> Path:
    """Return the golden file of a message."""
    return GOLDEN / f"{name}.eml.txt"


def readable(data: bytes) -> str:
    """Return a mail with its own headers, decoded, and both bodies."""
    message = read(data)
    names = (name for name in message.keys() if name not in ADDED)  # noqa: SIM118 - keeps their order
    head = "\n".join(f"{name}: {header(message, name)}" for name in names)
    return f"{head}\n\n{body(message, 'plain')}\n{'-' * 32} html\n\n{body(message, 'html')}"
