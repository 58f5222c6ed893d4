"""config.toml and the environment become settings; anything unknown is refused by path."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scheduler.errors import Problem, UserError, WrongInput, near_names

PREFIX = "HANCHOT_"


def _words(value: object) -> object:
    """Let an environment variable give a list as words between commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_words)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
    variables, problems = _override(data, environment)
    problems += [Problem(file=str(file), key="folder", message="unknown key")] if "folder" in data else []
    try:
        settings = Settings.model_validate({**data, "folder": file.parent})
    except ValidationError as error:
        problems += [_problem(file, details, variables) for details in error.errors()]
    if problems:
        raise WrongInput(problems)
    return settings


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
    """Lay HANCHOT_SECTION__KEY over the file's data.

    Return which key path each variable has set, and a problem for each that names no key.
    """
    variables: dict[str, str] = {}
    problems = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        known = _keys(section)
        if key in known:
            table = data.setdefault(section, {})
            if isinstance(table, dict):  # what else it may be is refused with the rest of the file
                table[key] = environment[name]
                variables[f"{section}.{key}"] = name
        else:
            choices = sorted(f"{PREFIX}{s}__{k}".upper() for s in _sections() for k in _keys(s))
            problems.append(Problem(key=name, message="names no setting", hint=near_names(name, choices)))
    return variables, problems


def _sections() -> list[str]:
    return [name for name in Settings.model_fields if name != "folder"]


def _keys(section: str) -> list[str]:
    field = Settings.model_fields.get(section)
    if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
        return []
    return [info.alias or name for name, info in field.annotation.model_fields.items()]


def _problem(file: Path, details: Mapping[str, Any], variables: Mapping[str, str]) -> Problem:
    where = [str(part) for part in details["loc"]]
    hint = None
    message = str(details["msg"])
    if details["type"] == "extra_forbidden":
        message = "unknown key"
        hint = near_names(where[-1], _keys(where[0]) if len(where) > 1 else _sections())
    elif details["type"] == "model_type":
        message, hint = "must be a table", f"write [{where[0]}] and its keys below it"
    variable = variables.get(".".join(where[:2]))
    if variable is not None:
        return Problem(key=variable, message=message, hint="the variable overrides the file")
    return Problem(file=str(file), key=".".join(where), message=message, hint=hint)
