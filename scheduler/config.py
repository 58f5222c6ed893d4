"""config.toml and the environment become settings; anything unknown is refused by path."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scheduler.errors import Problem, UserError, WrongInput, near_names

PREFIX = "HANCHOT_"


def _words(value: object) -> object:
    """Let an environment variable give a list as words between commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_words)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Paths(_Section):
    """Folders."""

    workflows: Words = ["workflows"]
    templates: Words = []
    data: str = "var"


class Database(_Section):
    """The record."""

    url: str = "sqlite:///var/hanchot.db"


class EngineSection(_Section):
    """What fires the ticks."""

    kind: Literal["embedded"] = "embedded"


class MailSection(_Section):
    """How mails leave and whom they come from."""

    transport: Literal["maildir"] = "maildir"
    sender: str = Field("hanchot@localhost.example", alias="from")
    organisation: str = ""
    reply_to: str = ""
    maildir: str = "var/mail"


class Web(_Section):
    """The secret from which message ids and private addresses follow."""

    secret_file: str = "var/secret"  # noqa: S105 - a path


class Operators(_Section):
    """Who runs the daemon."""

    emails: Words = []


class Settings(_Section):
    """Everything that can be configured. `folder` is what relative paths are relative to."""

    paths: Paths = Paths()
    database: Database = Database()
    engine: EngineSection = EngineSection()
    mail: MailSection = MailSection()
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


def load_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file and the environment; raises `WrongInput` with every problem."""
    environment = os.environ if environment is None else environment
    data = _read(file)
    problems = _override(data, environment)
    try:
        settings = Settings.model_validate({**data, "folder": file.parent})
    except ValidationError as error:
        problems += [_problem(file, details) for details in error.errors()]
    if problems:
        raise WrongInput(problems)
    return settings


def read_secret(file: Path) -> bytes:
    """Return the secret in a file, made at first use and readable by its owner only."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _existing_secret(file)
    except OSError as error:
        raise UserError(f"cannot write the secret {file}: {error.strerror}", hint="check web.secret_file") from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32))
    return _existing_secret(file)


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongInput([Problem(file=str(file), message=str(error), hint="it must be TOML in UTF-8")]) from error


def _override(data: dict[str, Any], environment: Mapping[str, str]) -> list[Problem]:
    """Lay HANCHOT_SECTION__KEY over the file's data; return a problem for each that names no key."""
    problems = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        known = _keys(section)
        if key in known:
            data.setdefault(section, {})[key] = environment[name]
        else:
            choices = sorted(f"{PREFIX}{s}__{k}".upper() for s in _sections() for k in _keys(s))
            problems.append(Problem(key=name, message="names no setting", hint=near_names(name, choices)))
    return problems


def _sections() -> list[str]:
    return [name for name in Settings.model_fields if name != "folder"]


def _keys(section: str) -> list[str]:
    field = Settings.model_fields.get(section)
    if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
        return []
    return [info.alias or name for name, info in field.annotation.model_fields.items()]


def _problem(file: Path, details: Mapping[str, Any]) -> Problem:
    where = [str(part) for part in details["loc"]]
    hint = None
    message = str(details["msg"])
    if details["type"] == "extra_forbidden":
        message = "unknown key"
        hint = near_names(where[-1], _keys(where[0]) if len(where) > 1 else _sections())
    return Problem(file=str(file), key=".".join(where), message=message, hint=hint)
