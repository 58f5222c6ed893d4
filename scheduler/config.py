"""config.toml and the environment become settings; anything unknown is refused by path."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import time, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from scheduler.addresses import read_address
from scheduler.errors import Problem, UserError, WrongInput, near_names
from scheduler.lines import Key, find_lines, line_of

PREFIX = "HANCHOT_"


def _words(value: object) -> object:
    """Let an environment variable give a list as words between commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _address(value: str) -> str:
    """Take an address that can be written to; a domain with accents becomes its ASCII form."""
    found = read_address(value)
    if found is None:
        raise ValueError(f"is not an address such as name@example.vn: {value!r}")
    return found


Words = Annotated[list[str], BeforeValidator(_words)]
Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _network(value: object) -> object:
    try:
        return str(ip_network(str(value)))
    except ValueError:
        raise ValueError(f'is no address or network, such as "127.0.0.1" or "10.0.0.0/8": {value!r}') from None


def _base(value: object) -> object:
    """Take an address that pages can be put behind, without a slash at its end."""
    if not isinstance(value, str) or not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise ValueError(f'is not the address of a site, such as "https://thidua.coquan.vn": {value!r}')
    return value.rstrip("/")


class Server(_Section):
    """Where pages, feeds and health are served; a port of 0 is any free one."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8321, ge=0, le=65535)
    public_url: Annotated[str, BeforeValidator(_base)] = ""
    trusted_proxies: Annotated[list[Annotated[str, BeforeValidator(_network)]], BeforeValidator(_words)] = []

    @property
    def is_public(self) -> bool:
        """Return whether the pages have an address that others can open, so that mails may lead there."""
        host = urlsplit(self.public_url).hostname or "localhost"
        with suppress(ValueError):
            return not ip_address(host).is_loopback
        return host != "localhost" and not host.endswith(".localhost")

    def url(self, port: int) -> str:
        """Return the address of the pages: the public one, else the one on this machine with the port in use."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told apart, not bound to
        host = everywhere.get(self.host, self.host)
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Paths(_Section):
    """Folders."""

    workflows: Words = ["workflows"]
    templates: Words = []
    data: str = "var"


class Database(_Section):
    """The record."""

    url: str = Field("sqlite:///var/hanchot.db", repr=False)  # it may hold a password


class EngineSection(_Section):
    """What fires the ticks."""

    kind: Literal["embedded"] = "embedded"


PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Smtp(_Section):
    """The mail server that takes our mails. A `port` of 0 is the usual one of `security`."""

    host: str = ""
    port: int = Field(0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""

    @property
    def usual_port(self) -> int:
        """Return the port to connect to."""
        return self.port or PORTS[self.security]


class MailLimits(_Section):
    """How many mails the account may send, all processes together; 0: as many as there are."""

    per_minute: int = Field(60, ge=0)
    per_day: int = Field(450, ge=0)


class MailSection(_Section):
    """How mails leave and whom they come from."""

    transport: Literal["maildir", "smtp"] = "maildir"
    sender: Address = Field("hanchot@localhost.example", alias="from")
    organisation: str = ""
    reply_to: Annotated[str, AfterValidator(lambda value: value and _address(value))] = ""
    maildir: str = "var/mail"
    smtp: Smtp = Smtp()
    limits: MailLimits = MailLimits()


IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class Inbox(_Section):
    """The mailbox of the account. A `port` of 0 is the usual one of `security`; `sent` is looked into if named."""

    host: str = ""
    port: int = Field(0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "tls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    sent: str = ""

    @property
    def usual_port(self) -> int:
        """Return the port to connect to."""
        return self.port or IMAP_PORTS[self.security]


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekly(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(rf"({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f'is not a weekday and a time, such as "monday 08:00": {value!r}')
    return value


class DigestSection(_Section):
    """The weekly digest of each plan."""

    weekly: Annotated[str, BeforeValidator(_weekly)] = "monday 08:00"
    to: str = "lead"

    @property
    def weekday(self) -> int:
        """Return the day of the week, Monday as 0."""
        return WEEKDAYS.index(self.weekly.partition(" ")[0])

    @property
    def at(self) -> time:
        """Return the local time."""
        return time.fromisoformat(self.weekly.partition(" ")[2])


_SPAN = re.compile(r"([1-9]\d{0,3}) (minute|hour|day)s?")


def _span(value: object) -> object:
    if isinstance(value, str) and not _SPAN.fullmatch(value):
        raise ValueError(f'is not a span of time, such as "30 minutes" or "14 days": {value!r}')
    return value


def read_span(words: str) -> timedelta:
    """Return a span of time from the words of the configuration, already checked: "30 minutes", "14 days"."""
    count, unit = _SPAN.fullmatch(words).groups()  # type: ignore[union-attr]  # checked
    return timedelta(**{f"{unit}s": int(count)})


Span = Annotated[str, BeforeValidator(_span)]


class Web(_Section):
    """How long operators stay signed in, and the secret from which message ids and private addresses follow."""

    session: Span = "14 days"
    link: Span = "30 minutes"
    secret_file: str = "var/secret"  # noqa: S105 - a path


class Operators(_Section):
    """Who runs the daemon."""

    emails: Annotated[list[Address], BeforeValidator(_words)] = []


class Settings(_Section):
    """Everything that can be configured. `folder` is what relative paths are relative to."""

    server: Server = Server()
    paths: Paths = Paths()
    database: Database = Database()
    engine: EngineSection = EngineSection()
    mail: MailSection = MailSection()
    inbox: Inbox = Inbox()
    digest: DigestSection = DigestSection()
    web: Web = Web()
    operators: Operators = Operators()
    folder: Path = Path()

    def resolve(self, path: str) -> Path:
        """Return a configured path as seen from the configuration's folder."""
        return self.folder / path

    @property
    def database_url(self) -> str:
        """Return the database's URL, a relative SQLite file resolved."""
        prefix = "sqlite:///"
        url = self.database.url
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str(self.resolve(url.removeprefix(prefix)))
        return url

    @property
    def database_file(self) -> Path | None:
        """Return the file of a SQLite database; None if the database is something else."""
        file = self.database_url.removeprefix("sqlite:///")
        return Path(file) if file != self.database_url and file != ":memory:" else None

    def smtp_password(self) -> str:
        """Return the password of the mail account, from its file if it has one; "" if there is none.

        Raises `UserError` where the file does not serve.
        """
        return self._password(self.mail.smtp, "mail.smtp")

    def inbox_password(self) -> str:
        """Return the password of the mailbox in the same way."""
        return self._password(self.inbox, "inbox")

    def _password(self, section: Smtp | Inbox, path: str) -> str:
        if not section.password_file:
            return section.password.get_secret_value()
        return read_password(self.resolve(section.password_file), f"{path}.password_file")


def load_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file and the environment; raises `WrongInput` with every problem."""
    environment = os.environ if environment is None else environment
    data = _read(file)
    variables, problems = _override(data, environment)
    problems += [Problem(file=str(file), key="folder", message="unknown key")] if "folder" in data else []
    try:
        settings = Settings.model_validate({**data, "folder": file.parent})
    except ValidationError as error:
        problems += [_problem(file, details, variables) for details in error.errors()]
    else:
        problems += _contradictions(str(file), settings.mail)
        problems += _gaps(str(file), settings.inbox)
    if problems:
        lines = find_lines(file.read_text(encoding="utf-8"))
        raise WrongInput([_placed(problem, lines) for problem in problems])
    return settings


def _placed(problem: Problem, lines: Mapping[Key, int]) -> Problem:
    """Return a problem of the file with the line of its key."""
    if problem.file is None or problem.key is None:
        return problem
    key: Key = tuple(int(part) if part.isdecimal() else part for part in problem.key.split("."))
    return replace(problem, line=line_of(lines, key))


def read_password(file: Path, key: str) -> str:
    """Return the one line in a file; `key` is the setting that names the file."""
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        hint = f"check {key}; the user that runs hanchot must be able to read the file"
        raise UserError(f"cannot read the password file {file}: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UserError(f"the password file {file} is not text in UTF-8", hint=f"check {key}") from error
    if not password or not password.isprintable():
        problem = "is empty" if not password else "holds more than one line, or a control character"
        raise UserError(f"the password file {file} {problem}", hint="write the password into it, alone, on one line")
    return password


def read_secret(file: Path) -> bytes:
    """Return the secret in a file, made at first use and readable by its owner only."""
    if not file.exists():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write_secret(file)
        except OSError as error:
            hint = "check web.secret_file, its folder and the disk"
            raise UserError(f"cannot write the secret {file}: {error.strerror}", hint=hint) from error
    return _existing_secret(file)


def _write_secret(file: Path) -> None:
    """Put a whole new secret in its place in one step; if another process was first, its secret stays."""
    descriptor, draft = mkstemp(prefix=f"{file.name}.", dir=file.parent)  # readable by its owner only
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _existing_secret(file: Path) -> bytes:
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise UserError(f"cannot read the secret {file}: {error.strerror}", hint="check web.secret_file") from error
    if len(secret) < 32:
        raise UserError(
            f"the secret in {file} is too short", hint="delete the file; a new one is made at the next start"
        )
    return secret


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WrongInput(f"no configuration at {file}", hint="`hanchot init DIR` writes one") from error
    except OSError as error:
        raise WrongInput(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongInput([Problem(file=str(file), message="is not text in UTF-8", hint="save it as UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = int(where[1]) if where else None
        problem = Problem(file=str(file), line=line, message=f"is not valid TOML: {error}", hint=_source(file, line))
        raise WrongInput([problem]) from error


def _source(file: Path, line: int | None) -> str | None:
    rows = file.read_text(encoding="utf-8").splitlines()
    return f"line {line} reads: {rows[line - 1].strip()}" if line is not None and line <= len(rows) else None


def _override(data: dict[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Lay HANCHOT_SECTION__KEY (and HANCHOT_SECTION__SECTION__KEY) over the file's data.

    Return which key path each variable has set, and a problem for each that names no key.
    """
    known = dict(_paths(Settings))
    variables: dict[str, str] = {}
    problems = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        path = known.get(name)
        if path is None:
            hint = near_names(name, sorted(known))
            problems.append(Problem(key=name, message="names no setting", hint=hint))
            continue
        *sections, key = path
        table: Any = data
        for section in sections:
            table = table.setdefault(section, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):  # what else it may be is refused with the rest of the file
            table[key] = environment[name]
            variables[".".join(path)] = name
    return variables, problems


def _paths(model: type[BaseModel], *above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the variable and the path of every key."""
    for name, below in _fields(model).items():
        if below is not None:
            yield from _paths(below, *above, name)
        elif above:
            yield PREFIX + "__".join((*above, name)).upper(), (*above, name)


def _fields(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Return the keys of a section; those that are sections themselves with their shape."""
    fields = {info.alias or name: info.annotation for name, info in model.model_fields.items() if name != "folder"}
    return {
        name: shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None
        for name, shape in fields.items()
    }


def _problem(file: Path, details: Mapping[str, Any], variables: Mapping[str, str]) -> Problem:
    """Return what is wrong with a value, without the value: it may be a secret."""
    where = [str(part) for part in details["loc"]]
    hint = None
    message = str(details["msg"])
    if details["type"] == "extra_forbidden":
        message, hint = "unknown key", near_names(where[-1], _siblings(where))
    elif details["type"] == "model_type":
        message, hint = "must be a table", f"write [{'.'.join(where)}] and its keys below it"
    for name, variable in variables.items():
        if [*name.split(".")] == where[: name.count(".") + 1]:
            return Problem(key=variable, message=message, hint="the variable overrides the file")
    return Problem(file=str(file), key=".".join(where), message=message, hint=hint)


def _siblings(where: Sequence[str]) -> list[str]:
    """Return the keys there are in the section of a key."""
    model: type[BaseModel] = Settings
    for section in where[:-1]:
        model = _fields(model).get(section) or model
    return list(_fields(model))


def _contradictions(file: str, mail: MailSection) -> Iterator[Problem]:
    """Yield what is wrong between the keys of the mail section, one by one sound."""
    smtp = mail.smtp
    yield from _two_passwords(file, "mail.smtp", smtp)
    if mail.transport != "smtp":
        return
    if not smtp.host:
        hint = 'write host = "mail.coquan.vn" below [mail.smtp], or transport = "maildir"'
        message = 'must be named for transport = "smtp"'
        yield Problem(file=file, key="mail.smtp.host", message=message, hint=hint)
    if _has_password(smtp) and not smtp.username:
        message = "is missing; there is a password"
        yield Problem(file=file, key="mail.smtp.username", message=message, hint="name the account")
    if smtp.username and not _has_password(smtp):
        yield _no_password(file, "mail.smtp", "there is a username")


def _gaps(file: str, inbox: Inbox) -> Iterator[Problem]:
    """Yield what is wrong between the keys of the inbox, and what is missing to look into the sent folder."""
    yield from _two_passwords(file, "inbox", inbox)
    if not inbox.sent:
        return
    for key, hint in (("host", 'write host = "imap.coquan.vn" below [inbox]'), ("username", "name the account")):
        if not getattr(inbox, key):
            yield Problem(file=file, key=f"inbox.{key}", message="is missing; inbox.sent names a folder", hint=hint)
    if not _has_password(inbox):
        yield _no_password(file, "inbox", "inbox.sent names a folder")


def _has_password(section: Smtp | Inbox) -> bool:
    return bool(section.password.get_secret_value() or section.password_file)


def _two_passwords(file: str, path: str, section: Smtp | Inbox) -> Iterator[Problem]:
    if section.password.get_secret_value() and section.password_file:
        message = "there is a password and a file for it"
        yield Problem(file=file, key=f"{path}.password_file", message=message, hint="keep one of them")


def _no_password(file: str, path: str, reason: str) -> Problem:
    hint = f"write the password into a file and name it as {path}.password_file"
    return Problem(file=file, key=f"{path}.password", message=f"is missing; {reason}", hint=hint)
