"""The checks of the doctor: look at each part as the daemon would use it, and send nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduler import __version__
from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock, SystemMachine
from scheduler.config import Inbox, Smtp, TokenSection, fingerprint, read_secret
from scheduler.doctor.machines import judge_fleet
from scheduler.doctor.microsoft import explain_refusal
from scheduler.doctor.providers import find_provider, judge_provider_limits
from scheduler.doctor.sender_domain import examine_sender
from scheduler.doctor.verdicts import (
    Verdict,
    from_error,
    from_problems,
    judge_account,
    judge_clock,
    judge_contacts,
    judge_crowds,
    judge_disk,
    judge_limits,
    judge_links,
    judge_login,
    judge_mailbox,
    judge_outbox,
    judge_packages,
    judge_plans,
    judge_proxies,
    judge_record_file,
    judge_secrecy,
    judge_tick,
)
from scheduler.errors import NoPassword, Problem, UserError
from scheduler.import_name import find_owners
from scheduler.plan.agenda import draw_agenda
from scheduler.ports import Loaded, Mailer
from scheduler.queries.agendas import view_agenda
from scheduler.queries.contacts import list_contacts
from scheduler.queries.crowded_steps import find_crowds
from scheduler.queries.fleet import read_fleet
from scheduler.queries.inbox import read_failed_sources, read_mailbox_gap
from scheduler.queries.mail_limits import read_limits
from scheduler.queries.message_preview import sample_messages
from scheduler.queries.plans import find_absent
from scheduler.services.clock_guard import ClockGuard
from scheduler.services.heartbeats import Rhythm
from scheduler.store import open_store
from scheduler.system_errors import word_system
from scheduler.texts import Text, plural

_EXAMPLE = "example-address"
_EXAMPLE_DOMAINS = (".example", ".test", ".invalid", ".localhost", "example.com", "example.net", "example.org")
_HERE = ("localhost", "127.0.0.1", "::1")


def examine(container: Container) -> Iterator[Verdict]:
    """Yield a verdict for each part of the installation.

    The configuration itself was already read without errors.
    """
    yield from judge_packages(find_owners())
    yield from judge_secrecy(
        [(path, mode) for path in dict.fromkeys(_secrets(container)) if (mode := _mode_of(path)) is not None]
    )
    yield from _guarded("secrets", lambda: _secret(container))
    file = container.settings.database_file
    if file is not None and file.is_file():
        yield from judge_record_file(file, file.stat().st_mode, file.parent.stat().st_mode)
    loaded = container.definitions.load()
    well = Text("every key is known and sound")
    yield from_problems("configuration", tuple(container.check_settings(loaded)), well, "")
    yield from _definitions(loaded)
    yield from _addresses(container, loaded)
    server = container.settings.server
    yield judge_links(server.public_url, is_public=server.is_public)
    yield from judge_proxies(server.public_url, server.trusted_proxies)
    yield from _guarded("templates", lambda: _templates(container))
    yield from _letters(container, loaded)
    yield from _guarded("zones", _zones)
    yield from _guarded("disk", lambda: _disk(container))
    yield from _guarded("mail", lambda: _mail(container))
    yield from _guarded("inbox", lambda: _inbox(container))
    yield from _guarded("database", lambda: _record(container, loaded))


def _guarded(check: str, look: Callable[[], Iterator[Verdict]]) -> Iterator[Verdict]:
    """Yield the verdicts of a check; if it raises `UserError`, that is its verdict."""
    try:
        yield from look()
    except UserError as error:
        yield from_error(check, error)


def _definitions(loaded: Loaded) -> Iterator[Verdict]:
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    count = len(loaded.definitions)
    if count or errors:
        well = plural("{number} plan, sound", "{number} plans, sound", count)
        yield from_problems("definitions", errors, well, Text("`hanchot check` lists everything"))
    else:
        hint = Text("`hanchot init DIR` writes one to begin with; [paths] workflows says where to look")
        yield Verdict(check="definitions", state="warning", message=Text("there is no plan"), hint=hint)


def _addresses(container: Container, loaded: Loaded) -> Iterator[Verdict]:
    mail = container.settings.mail
    problems = [problem for problem in loaded.problems if problem.code == _EXAMPLE]
    own = [("mail.from", mail.sender), ("mail.reply_to", mail.reply_to)]
    own += [("operators.emails", address) for address in container.settings.operators.addresses]
    for key, address in own:
        if _is_example(address):
            severity = "error" if mail.transport == "smtp" else "warning"
            message = Text("{address} is an example, no real address", address=address)
            problems.append(Problem(key=key, message=message, severity=severity, hint=Text("write the real address")))
    yield from_problems("addresses", problems, Text("none is an example"), "")


def _is_example(address: str) -> bool:
    return ("." + address.rpartition("@")[2].lower()).endswith(_EXAMPLE_DOMAINS)


def _templates(container: Container) -> Iterator[Verdict]:
    problems = container.composer_with(b"doctor").check()
    yield from_problems("templates", problems, Text("every kind of mail can be written"), "")


def _letters(container: Container, loaded: Loaded) -> Iterator[Verdict]:
    """Write mails of each plan as they would leave: a text may be sound and yet fit into no mail."""
    composer = container.composer_with(b"doctor")
    problems: dict[Problem, None] = {}
    for definition in loaded.definitions:
        for message in sample_messages(definition.plan):
            try:
                composer.compose(message)
            except UserError as error:
                problems |= dict.fromkeys(error.problems)
    if loaded.definitions:
        yield from_problems("letters", list(problems), Text("mails of every milestone and party can be written"), "")


def _mail(container: Container) -> Iterator[Verdict]:
    mail = container.settings.mail
    if mail.transport == "maildir":
        path = container.settings.resolve(mail.maildir)
        yield Verdict(
            check="mail",
            state="ok",
            message=Text("mails become files in {path}; nothing leaves this machine", path=path),
        )
        return
    from scheduler.mail.smtp import SmtpMailer  # loaded only if mails are sent by SMTP

    with closing(_mailer(container)) as mailer:
        assert isinstance(mailer, SmtpMailer)  # noqa: S101 - the transport says so
        outcome = mailer.log_in()
        yield judge_login(
            Text("{host} port {usual_port}", host=mail.smtp.host, usual_port=mail.smtp.usual_port), outcome
        )
        if outcome is not None:
            yield from explain_refusal("SMTP", mail.smtp.username, outcome.reply, mailer.token)
    yield from _exposed("mail", mail.smtp, "mail.smtp")
    provider = find_provider(mail.smtp.host)
    yield from judge_provider_limits(provider, mail.smtp.username, container.limits)
    if not _is_example(mail.sender):
        yield from examine_sender(mail.sender.rpartition("@")[2], provider)


def _inbox(container: Container) -> Iterator[Verdict]:
    """Check the mailbox as far as it is used; without configured folders, not at all."""
    inbox = container.settings.inbox
    used = [("inbox.folders", name) for name in inbox.folders] + [("inbox.sent", name) for name in [inbox.sent] if name]
    if not used:
        return
    from scheduler.mail.sent_folder import ImapSentFolder  # loaded only if a mailbox is used

    account = container.inbox_account()
    for key, name in used:
        folder = ImapSentFolder(account, name, key=key)
        try:
            folder.check()
        except UserError as error:
            yield from_error("inbox", error)
            yield from explain_refusal("IMAP", inbox.username, str(error), folder.token)
            return
    names = ", ".join(dict.fromkeys(name for _, name in used))
    there = (
        Text("the folder {names} is there", names=names)
        if len(used) == 1
        else Text("the folders {names} are there", names=names)
    )
    message = Text("{host} port {port} took the login; {there}", host=inbox.host, port=inbox.usual_port, there=there)
    yield Verdict(check="inbox", state="ok", message=message)
    yield from _exposed("inbox", inbox, "inbox")
    if inbox.folders and not inbox.authserv_id:
        message = Text("nobody can tell who a mail is really from, so each answer waits for a person")
        hint = Text(
            "set inbox.authserv_id to the name at the beginning of Authentication-Results in any mail of the mailbox"
        )
        yield Verdict(check="inbox", state="warning", message=message, hint=hint)


def _exposed(check: str, server: Smtp | Inbox, path: str) -> Iterator[Verdict]:
    if server.security == "none" and server.username and server.host not in _HERE:
        message = (
            Text("the password goes to {host} unprotected", host=server.host)
            if server.auth == "password"
            else Text("the access token goes to {host} unprotected", host=server.host)
        )
        hint = Text('set {path}.security to "starttls" or "tls"', path=path)
        yield Verdict(check=check, state="warning", message=message, hint=hint)


def _record(container: Container, loaded: Loaded) -> Iterator[Verdict]:
    container.require_right_record()
    now = container.clock.now()
    file = container.settings.database_file
    if file is not None and not file.exists():
        yield Verdict(check="database", state="ok", message=Text("{file} is made at the first start", file=file))
        agendas = [draw_agenda(definition.plan, (), loaded_at=now) for definition in loaded.definitions]
        yield from judge_crowds(find_crowds(agendas, container.limits, now))
        yield judge_clock(now, None)
        yield judge_tick(now, None)
        return
    store = open_store(container.settings.database_url)
    try:
        with store.reading() as view:
            last_tick = view.journal.last_tick()
            mails = view.outbox.list(states=("queued", "held", "failed", "ambiguous"))
            name = _account(container)
            account = view.accounts.state(name) if name is not None else None
            limits = read_limits(view, name, container.limits, now) if name is not None else ()
            in_force = loaded.settle({state.plan: state.digest for state in view.plans.states()}).definitions
            rows = [row for definition in in_force for row in list_contacts(view, definition.plan, now)]
            agendas = [view_agenda(view, definition.plan, now) for definition in in_force]
            absent = find_absent(view.plans.states(), {definition.plan.id for definition in in_force})
            reading, ids = container.mailbox_reading, [definition.plan.id for definition in in_force]
            gap = read_mailbox_gap(view, reading, now)
            failed = [(id, one) for id in ids for one in read_failed_sources(view, id, reading)]
            fleet = read_fleet(view, SystemClock().now(), Rhythm().stale)
        jump = ClockGuard(store, SystemMachine()).look()
        yield Verdict(
            check="database", state="ok", message=Text("{name} opens and has this program's version", name=store.name)
        )
    finally:
        store.close()
    yield from judge_fleet(fleet, _fingerprint(container), __version__)
    yield judge_plans(absent, now)
    yield judge_contacts(list(dict.fromkeys(row["address"] for row in rows if row["state"] == "bounced")))
    if account is not None:
        yield judge_account(account, now)
    yield from judge_limits(limits)
    yield from judge_crowds(find_crowds(agendas, container.limits, now))
    yield judge_outbox(mails, now)
    yield from judge_mailbox(gap, failed, now)
    yield judge_clock(now, last_tick, jump)
    yield judge_tick(now, last_tick)


def _account(container: Container) -> str | None:
    """Return the name of the mail account; None without its password, from which the name is derived."""
    try:
        with closing(_mailer(container)) as mailer:
            return mailer.account
    except NoPassword:
        return None


def _fingerprint(container: Container) -> str:
    """Return the fingerprint of the secret here; "" if there is none yet, or if it cannot be read."""
    file = container.settings.resolve(container.settings.web.secret_file)
    try:
        return fingerprint(read_secret(file)) if file.exists() else ""
    except UserError:  # told among the secrets
        return ""


def _mailer(container: Container) -> Mailer:
    """Return the daemon's mailer.

    Nothing may be written for it, so a missing secret is replaced by a constant.
    """
    file = container.settings.resolve(container.settings.web.secret_file)
    try:
        secret = read_secret(file) if file.exists() else b"none yet"
    except UserError:  # told among the secrets
        secret = b"none yet"
    return container.mailer_with(secret)


def _secret(container: Container) -> Iterator[Verdict]:
    """Return no verdict: what is wrong with the installation's own secret is raised."""
    container.require_secret()
    file = container.settings.resolve(container.settings.web.secret_file)
    if file.exists():
        read_secret(file)
    return iter(())


def _secrets(container: Container) -> Iterator[Path]:
    """Yield the files that hold a secret."""
    settings = container.settings
    yield settings.resolve(settings.web.secret_file)
    for section, variable in ((settings.mail.smtp, "MAIL__SMTP"), (settings.inbox, "INBOX")):
        for name in (section.password_file, *_token_secrets(section.token)):
            if name:
                yield settings.resolve(name)
        for secret, name in ((section.password, "PASSWORD"), (section.token.client_secret, "TOKEN__CLIENT_SECRET")):
            if secret.get_secret_value() and f"HANCHOT_{variable}__{name}" not in os.environ:
                yield settings.folder / "config.toml"


def _mode_of(path: Path) -> int | None:
    """Return the mode of a file; None if there is none, or none that we may look at."""
    try:
        return path.stat().st_mode if path.is_file() else None
    except OSError:
        return None


def _token_secrets(token: TokenSection) -> tuple[str, ...]:
    return token.client_secret_file, token.refresh_token_file, token.service_account_file


def _folders(container: Container) -> Sequence[Path]:
    """Return the folders that the daemon writes to, each once; for a missing folder, its closest existing parent."""
    settings = container.settings
    paths = [settings.resolve(settings.paths.data)]
    if settings.database_file is not None:
        paths.append(settings.database_file.parent)
    if settings.mail.transport == "maildir":
        paths.append(settings.resolve(settings.mail.maildir))
    files = [section.token.refresh_token_file for section in (settings.mail.smtp, settings.inbox)]
    paths += [settings.resolve(file).resolve().parent for file in files if file]
    return list(dict.fromkeys(_standing(path.absolute()) for path in paths))


def _standing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.exists()), path)


def _disk(container: Container) -> Iterator[Verdict]:
    for path in _folders(container):
        try:
            free = shutil.disk_usage(path).free
        except OSError as error:
            raise UserError(
                Text("cannot look at {path}: {strerror}", path=path, strerror=word_system(error)),
                hint=Text("check the folder and its disk"),
            ) from error
        yield judge_disk(path, free, is_writable=os.access(path, os.W_OK | os.X_OK))


def _zones() -> Iterator[Verdict]:
    try:
        ZoneInfo("Asia/Ho_Chi_Minh")
    except (ZoneInfoNotFoundError, OSError) as error:
        raise UserError(
            Text("there are no time zones on this machine: {error}", error=error),
            hint=Text("install the system's zone data or the Python package tzdata"),
        ) from error
    yield Verdict(check="zones", state="ok", message=Text("the zone data is there"))
