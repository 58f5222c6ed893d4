"""Commands for the record as a whole: db upgrade, copy, backup, restore, verify."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scheduler.backup.archive import Manifest
from scheduler.bootstrap import (
    copy_record_from,
    make_backup,
    restore_backup,
    upgrade_record,
    verify_backup,
    verify_record,
)
from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, say
from scheduler.texts import Text, plural
from scheduler.wording.sentences import word_instant


@group()
def db() -> None:
    """Tend the record."""


@db.command("upgrade", epilog=example("hanchot db upgrade"))
@click.pass_obj
def db_upgrade(session: Session) -> None:
    """Bring the record to this program's version.

    Stop every daemon and make a copy before. It happens wholly or not at all.
    """
    done = upgrade_record(session.container)
    say(Text("The record has this program's version now.") if done else Text("The record has this program's version."))


@db.command("copy", epilog=example("hanchot db copy sqlite:///var/hanchot.db"))
@click.argument("source_url")
@format_option
@click.pass_obj
def db_copy(session: Session, source_url: str, output_format: str) -> None:
    """Copy a whole record into the empty one that is configured.

    SOURCE_URL is the address of the old database, as it stood under [database] url. It is only read. Stop
    every daemon before: what one of them would record afterwards is not in the copy. It happens wholly
    or not at all.
    """
    copied = copy_record_from(session.container, source_url)
    rows = [{"table": table, "rows": count} for table, count in copied.items()]
    if output_format == "json":
        print_json(rows)
    else:
        columns: Headings = {"table": "table", "rows": "rows"}
        print_table(rows, columns, empty="")


@db.command("backup", epilog=example("hanchot db backup /backup/hanchot-2027-03-01.tar.gz"))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def db_backup(session: Session, file: Path) -> None:
    """Write the record, the documents and the secret into one new file.

    A daemon may be at work meanwhile: the file holds everything as it is at one moment. Plans and the
    configuration are files of yours and not in it. Keep it where nobody else can read it: whoever has
    the secret can open every private page.
    """
    made = make_backup(session.container, file)
    say(
        plural(
            "{file}: record, secret and {number} document, as of {when}",
            "{file}: record, secret and {number} documents, as of {when}",
            made.documents,
            file=file,
            when=_moment_of(made),
        )
    )
    _warn_of_missing(made)


@db.command("restore", epilog=example("hanchot db restore /backup/hanchot-2027-03-01.tar.gz"))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def db_restore(session: Session, file: Path) -> None:
    """Bring a backup into an installation without a record.

    Put the configuration and the plans in place first. The backup is checked whole before anything is
    written; one of an older version is upgraded. A record that is there is never overwritten. What was
    sent after the backup was made is not known to it, so it may be sent once more.
    """
    made = restore_backup(session.container, file)
    say(
        plural(
            "restored: record, secret and {number} document, as of {when}; `hanchot doctor` looks at the rest",
            "restored: record, secret and {number} documents, as of {when}; `hanchot doctor` looks at the rest",
            made.documents,
            when=_moment_of(made),
        )
    )
    _warn_of_missing(made)


@db.command("verify", epilog=example("hanchot db verify /backup/hanchot-2027-03-01.tar.gz"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def db_verify(session: Session, file: Path | None) -> None:
    """Check a backup, or without FILE the record in use and its documents.

    Everything is read: that nothing is damaged, missing or cut short.
    """
    if file is None:
        found = verify_record(session.container)
        say(plural("sound: the record and {number} document", "sound: the record and {number} documents", found))
        return
    made = verify_backup(file)
    say(
        plural(
            "sound: made by version {version} at {when}, with {number} document",
            "sound: made by version {version} at {when}, with {number} documents",
            made.documents,
            version=made.version,
            when=_moment_of(made),
        )
    )
    _warn_of_missing(made)


def _moment_of(made: Manifest) -> str:
    """Return when a backup was made, by the clock of this machine."""
    return word_instant(datetime.fromisoformat(made.made_at).astimezone())


def _warn_of_missing(made: Manifest) -> None:
    if made.missing:
        text = plural(
            "warning: {number} document that the record refers to was missing or damaged, and is not in it: {names}",
            "warning: {number} documents that the record refers to were missing or damaged, and are not in it: {names}",
            len(made.missing),
            names=", ".join(made.missing),
        )
        say(text, err=True)
