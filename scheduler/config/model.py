"""The settings: the sections of config.toml with their keys and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from scheduler.config.secrets import read_password
from scheduler.email_address import read_address
from scheduler.errors import ExitCode, NoPassword, Problem, UserError
from scheduler.plan.model import SubmissionNotices
from scheduler.texts import Text


def _words(value: object) -> object:
    """Return a text as a list split at its commas, as in an environment variable; any other value as it is."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _address(value: str) -> str:
    """Return an e-mail address, with an internationalised domain in its ASCII form.

    Raises `ValueError` if mail cannot be sent to it.
    """
    found = read_address(value)
    if found is None:
        raise ValueError(Text("is not an address such as name@example.vn: {value!r}", value=value))
    return found


_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in: an address, and the name that pages show instead of it, if it is known."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        """Return both as they stand in the file."""
        return f"{self.name} <{self.address}>" if self.name else self.address


def _person(value: object) -> object:
    """Return the person that `name <address>` or an address alone stands for; anything but a text as it is."""
    if not isinstance(value, str):
        return value
    match = _NAMED.fullmatch(value.strip())
    name, address = (match["name"], match["address"]) if match is not None else ("", value.strip())
    return Person(_address(address), " ".join(name.split()))


REPLAY_MARK = ".hanchot-replay"  # file that marks the data folder of a replay; a folder without it is never emptied
Words = Annotated[list[str], BeforeValidator(_words)]
Address = Annotated[str, AfterValidator(_address)]
People = Annotated[list[Annotated[Person, BeforeValidator(_person)]], BeforeValidator(_words)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _network(value: object) -> object:
    try:
        return str(ip_network(str(value)))
    except ValueError:
        raise ValueError(
            Text('is no address or network, such as "127.0.0.1" or "10.0.0.0/8": {value!r}', value=value)
        ) from None


def _base(value: object) -> object:
    """Return the base URL of the site without a slash at its end.

    Raises `ValueError` if it is not one, and `PydanticCustomError` with a hint if it has a path.
    """
    if not isinstance(value, str) or not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise ValueError(
            Text('is not the address of a site, such as "https://thidua.coquan.vn": {value!r}', value=value)
        )
    if parts.path not in ("", "/"):  # every page is at the root of its site, and so are the links on it
        site = f"{parts.scheme}://{parts.netloc}"
        hint = Text(
            'write public_url = "{site}"; beside other sites on one host, give the pages a name or a port of their own',
            site=site,
        )
        raise PydanticCustomError("site_path", Text("has a path; the address of the pages has none"), {"hint": hint})
    return value.removesuffix("/")


class Server(_Section):
    """The HTTP server for pages, feeds and health checks; port 0 means any free port."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8321, ge=0, le=65535)
    public_url: Annotated[str, BeforeValidator(_base)] = ""
    trusted_proxies: Annotated[list[Annotated[str, BeforeValidator(_network)]], BeforeValidator(_words)] = []
    language: Literal["", "vi", "en"] = ""

    @property
    def is_public(self) -> bool:
        """Return whether other machines can open the pages, so that mails may link to them.

        True if `public_url` is set and its host is not this machine.
        """
        host = urlsplit(self.public_url).hostname or "localhost"
        with suppress(ValueError):
            return not ip_address(host).is_loopback
        return host != "localhost" and not host.endswith(".localhost")

    def known_url(self) -> str:
        """Return the base URL of the pages of a daemon elsewhere. Raises `UserError` if its port is not known."""
        if not self.port and not self.public_url:
            raise UserError(
                Text("the daemon takes any free port, so no address is known"), hint=Text("set port in [server]")
            )
        return self.url(self.port)

    def url(self, port: int) -> str:
        """Return the base URL of the pages: the public one, else that on this machine with the port in use."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared, not bound to
        host = everywhere.get(self.host, self.host)
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Paths(_Section):
    """The folders for definitions, templates and data."""

    workflows: Words = ["workflows"]
    templates: Words = []
    data: str = "var"


class Database(_Section):
    """The database of the record."""

    url: str = Field("sqlite:///var/hanchot.db", repr=False)  # it may hold a password


class EngineSection(_Section):
    """The engine that runs the ticks and lets the mails leave."""

    kind: Literal["embedded", "procrastinate"] = "embedded"
    concurrency: int = Field(4, ge=1, le=100)


def _token_url(value: object) -> object:
    """Return the address of a provider. Raises `ValueError`, without the value: it may hold a secret."""
    if not isinstance(value, str) or not value:
        return value
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna")
    except ValueError:
        host = b""
    is_here = value.startswith("http://") and host in (b"127.0.0.1", b"::1", b"localhost")
    if not host or "@" in value or not value.isascii() or not (value.startswith("https://") or is_here):
        raise ValueError(Text("is not an address that begins with https://, without a name or password in it"))
    return value


class TokenSection(_Section):
    """The source of access tokens: a program, the address at which a provider gives them, or a service account."""

    command: Words = []
    url: Annotated[str, BeforeValidator(_token_url)] = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = ""
    scope: str = ""
    refresh_token_file: str = ""
    service_account_file: str = ""

    @property
    def has_secret(self) -> bool:
        """Return whether a secret of the application or a file for it is configured."""
        return bool(self.client_secret.get_secret_value() or self.client_secret_file)


class Account(_Section):
    """An account on a server; `port` 0 means the usual port for `security`."""

    usual_ports: ClassVar[Mapping[str, int]] = {}

    host: str = ""
    port: int = Field(0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    auth: Literal["password", "xoauth2"] = "password"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    token: TokenSection = TokenSection()

    @property
    def usual_port(self) -> int:
        """Return the port to connect to: `port`, or the usual one."""
        return self.port or self.usual_ports[self.security]

    @property
    def has_password(self) -> bool:
        """Return whether a password or a password file is configured."""
        return bool(self.password.get_secret_value() or self.password_file)


class Smtp(Account):
    """The mail server that accepts outgoing mail."""

    usual_ports: ClassVar[Mapping[str, int]] = {"starttls": 587, "tls": 465, "none": 25}


class MailLimits(_Section):
    """The rate limits of the mail account, shared by all processes; 0 means no limit."""

    per_minute: int = Field(60, ge=0)
    per_day: int = Field(450, ge=0)


class MailSection(_Section):
    """The transport of outgoing mail, and its sender."""

    transport: Literal["maildir", "smtp"] = "maildir"
    sender: Address = Field("hanchot@localhost.example", alias="from")
    organisation: str = ""
    reply_to: Annotated[str, AfterValidator(lambda value: value and _address(value))] = ""
    maildir: str = "var/mail"
    smtp: Smtp = Smtp()
    limits: MailLimits = MailLimits()


_SPAN = re.compile(r"([1-9]\d{0,3}) (minute|hour|day)s?")


def _span(value: object) -> object:
    if isinstance(value, str) and not _SPAN.fullmatch(value):
        raise ValueError(Text('is not a span of time, such as "30 minutes" or "14 days": {value!r}', value=value))
    return value


def read_span(words: str) -> timedelta:
    """Return the duration for a text that `Span` has validated: "30 minutes", "14 days"."""
    count, unit = _SPAN.fullmatch(words).groups()  # type: ignore[union-attr]  # `Span` has validated it
    return timedelta(**{f"{unit}s": int(count)})


Span = Annotated[str, BeforeValidator(_span)]


class Inbox(Account):
    """The mailbox of the account.

    If `sent` names a folder, sent mail is looked up there. `folders` are read for answers; none: they are not read.
    """

    usual_ports: ClassVar[Mapping[str, int]] = {"tls": 993, "starttls": 143, "none": 143}
    security: Literal["starttls", "tls", "none"] = "tls"
    sent: str = ""
    folders: Words = []
    poll: Span = "5 minutes"
    idle: bool = True
    authserv_id: str = ""


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekly(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(rf"({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(Text('is not a weekday and a time, such as "monday 08:00": {value!r}', value=value))
    return value


class DigestSection(_Section):
    """The weekly digest of each plan, and when its lead is told what parties have sent."""

    weekly: Annotated[str, BeforeValidator(_weekly)] = "monday 08:00"
    to: str = "lead"
    submissions: SubmissionNotices = "at once"

    @property
    def weekday(self) -> int:
        """Return the weekday, with Monday as 0."""
        return WEEKDAYS.index(self.weekly.partition(" ")[0])

    @property
    def at(self) -> time:
        """Return the time, local to the plan."""
        return time.fromisoformat(self.weekly.partition(" ")[2])


class Web(_Section):
    """The lifetimes of sessions and sign-in links, and the secret from which Message-IDs and private URLs derive."""

    session: Span = "14 days"
    link: Span = "30 minutes"
    secret_file: str = "var/secret"  # noqa: S105 - a path, not a secret


class Operators(_Section):
    """The people who run the daemon and may sign in to the board; `readers` may only look."""

    emails: People = []
    readers: People = []

    @property
    def addresses(self) -> list[str]:
        """Return the addresses of those who may act."""
        return [person.address for person in self.emails]

    @property
    def readers_only(self) -> list[str]:
        """Return the addresses of those who may only look: who is named in both lists may act."""
        known = {address.casefold() for address in self.addresses}
        return [person.address for person in self.readers if person.address.casefold() not in known]


class Settings(_Section):
    """All settings; relative paths are relative to `folder`, that of the configuration file."""

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
        """Return a configured path relative to the folder of the configuration file."""
        return self.folder / path

    @cached_property
    def is_replay(self) -> bool:
        """Return whether these are the settings of a replay, whose mails never leave this machine."""
        return (self.resolve(self.paths.data) / REPLAY_MARK).exists()

    @property
    def database_url(self) -> str:
        """Return the URL of the database, with a relative SQLite path resolved."""
        return self.resolve_url(self.database.url)

    def resolve_url(self, url: str) -> str:
        """Return a URL of a database; the path of a SQLite file is relative to the folder of the configuration file."""
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str(self.resolve(url.removeprefix(prefix)))
        return url

    @property
    def database_file(self) -> Path | None:
        """Return the file of a SQLite database; None for another database or one in memory."""
        file = self.database_url.removeprefix("sqlite:///")
        return Path(file) if file != self.database_url and file != ":memory:" else None

    def smtp_password(self) -> str:
        """Return the password of the mail account, from the password file if one is configured; "" without a username.

        Raises `NoPassword` if there is a username and no password, or if the file cannot be used.
        """
        return self._password(self.mail.smtp, "mail.smtp")

    def client_secret(self, token: TokenSection, path: str) -> str:
        """Return the secret of the application that asks for tokens; `path` is the key of the table.

        Raises `NoPassword` if its file cannot be used.
        """
        if token.client_secret_file:
            return read_password(self.resolve(token.client_secret_file), f"{path}.client_secret_file")
        return token.client_secret.get_secret_value()

    def inbox_password(self) -> str:
        """Return the password of the mailbox, like `smtp_password`."""
        return self._password(self.inbox, "inbox")

    def _password(self, section: Account, path: str) -> str:
        if section.auth == "xoauth2":
            return ""
        if section.password_file:
            return read_password(self.resolve(section.password_file), f"{path}.password_file")
        if section.username and not section.has_password:
            hint = Text(
                "write it into a file and name that as {path}.password_file; if the service manager hands it "
                "to the daemon alone, only the daemon can use the account",
                path=path,
            )
            problem = Problem(key=f"{path}.password", message=Text("is missing; there is a username"), hint=hint)
            raise NoPassword([problem], exit_code=ExitCode.WRONG_INPUT)
        return section.password.get_secret_value()
