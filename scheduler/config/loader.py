"""Loads settings from config.toml and the environment; unknown keys are refused by name."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from scheduler.config.model import Account, Inbox, MailSection, Settings, TokenSection
from scheduler.errors import InvalidInput, Problem, near_names
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.toml_lines import Key, find_lines, line_of
from scheduler.validation import describe_syntax, describe_wanted

PREFIX = "HANCHOT_"


# The keys below [mail.smtp.token] and [inbox.token] that name a source, each with the keys that may stand with it.
_TOKEN_SOURCES: Mapping[str, Collection[str]] = {
    "command": ("command",),
    "url": ("url", "client_id", "client_secret", "client_secret_file", "scope", "refresh_token_file"),
    "service_account_file": ("service_account_file", "scope"),
}


def load_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from a file and the environment (default: `os.environ`).

    Raises `InvalidInput` with every problem.
    """
    environment = os.environ if environment is None else environment
    data = _read(file)
    variables, problems = _override(data, environment)
    problems += [Problem(file=str(file), key="folder", message=Text("unknown key"))] if "folder" in data else []
    try:
        settings = Settings.model_validate({**data, "folder": file.parent})
    except ValidationError as error:
        problems += [_problem(file, details, variables) for details in error.errors()]
    else:
        problems += _contradictions(str(file), settings.mail)
        problems += _gaps(str(file), settings.inbox)
        problems += _clashes(file, settings)
    if problems:
        lines = find_lines(_text(file))
        raise InvalidInput([_placed(problem, lines) for problem in problems])
    return settings


def _placed(problem: Problem, lines: Mapping[Key, int]) -> Problem:
    """Return a problem with the line of its key; one that does not concern the file stays as it is."""
    if problem.file is None or problem.key is None:
        return problem
    key: Key = tuple(int(part) if part.isdecimal() else part for part in problem.key.split("."))
    return replace(problem, line=line_of(lines, key))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except FileNotFoundError as error:
        raise InvalidInput(
            Text("no configuration at {file}", file=file), hint=Text("`hanchot init DIR` writes one")
        ) from error
    except OSError as error:
        raise InvalidInput(Text("cannot read {file}: {strerror}", file=file, strerror=word_system(error))) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            [Problem(file=str(file), message=Text("is not text in UTF-8"), hint=Text("save it as UTF-8"))]
        ) from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = int(where[1]) if where else None
        problem = Problem(
            file=str(file),
            line=line,
            message=Text("is not valid TOML: {words}", words=describe_syntax(str(error), _row(file, line))),
            hint=_source(file, line),
        )
        raise InvalidInput([problem]) from error


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8-sig")  # Windows editors write a byte order mark


def _row(file: Path, line: int | None) -> str:
    rows = _text(file).splitlines()
    return rows[line - 1].strip() if line is not None and line <= len(rows) else ""


def _source(file: Path, line: int | None) -> str | None:
    content = _row(file, line)
    return Text("line {line} reads: {content}", line=line, content=content) if content else None


def _override(data: dict[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Override the data of the file by HANCHOT_SECTION__KEY (and HANCHOT_SECTION__SECTION__KEY), in place.

    Return the variable by the key path that it has set, and a problem for each variable that names no key.
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
            problems.append(Problem(key=name, message=Text("names no setting"), hint=hint))
            continue
        *sections, key = path
        table: Any = data
        for section in sections:
            table = table.setdefault(section, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):  # validation reports anything else
            table[key] = environment[name]
            variables[".".join(path)] = name
    return variables, problems


def _paths(model: type[BaseModel], *above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the environment variable and the path of every key."""
    for name, below in _fields(model).items():
        if below is not None:
            yield from _paths(below, *above, name)
        elif above:
            yield PREFIX + "__".join((*above, name)).upper(), (*above, name)


def _fields(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Return the keys of a section, with the model of those that are sections themselves and None for others."""
    fields = {info.alias or name: info.annotation for name, info in model.model_fields.items() if name != "folder"}
    return {
        name: shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None
        for name, shape in fields.items()
    }


def _problem(file: Path, details: Mapping[str, Any], variables: Mapping[str, str]) -> Problem:
    """Return a validation error as a problem, without the value, which may be a secret."""
    where = [str(part) for part in details["loc"]]
    context = details.get("ctx", {})
    hint = context.get("hint")
    message = _sentence(details["type"], context) or str(details["msg"])
    if details["type"] == "extra_forbidden":
        message, hint = Text("unknown key"), near_names(where[-1], _siblings(where))
    elif details["type"] == "model_type":
        message, hint = Text("must be a table"), Text("write [{where}] and its keys below it", where=".".join(where))
    for name, variable in variables.items():
        if [*name.split(".")] == where[: name.count(".") + 1]:
            return Problem(key=variable, message=message, hint=Text("the variable overrides the file"))
    return Problem(file=str(file), key=".".join(where), message=message, hint=hint)


def _sentence(mistake: str, context: Mapping[str, Any]) -> str | None:
    if mistake == "value_error":
        words: str = context["error"].args[0]
        return words
    wanted = describe_wanted(mistake, context)
    return Text("must be {what}", what=wanted) if wanted else None


def _siblings(where: Sequence[str]) -> list[str]:
    """Return the keys of the section to which a key belongs."""
    model: type[BaseModel] = Settings
    for section in where[:-1]:
        model = _fields(model).get(section) or model
    return list(_fields(model))


def _contradictions(file: str, mail: MailSection) -> Iterator[Problem]:
    """Yield the contradictions between keys of the mail section that are valid by themselves."""
    smtp = mail.smtp
    yield from _two_secrets(file, "mail.smtp.password_file", smtp.password, smtp.password_file)
    yield from _token_gaps(file, "mail.smtp", smtp)
    if mail.transport != "smtp":
        return
    if not smtp.host:
        hint = Text('write host = "mail.coquan.vn" below [mail.smtp], or transport = "maildir"')
        message = Text('must be named for transport = "smtp"')
        yield Problem(file=file, key="mail.smtp.host", message=message, hint=hint)
    if smtp.has_password and not smtp.username:
        message = Text("is missing; there is a password")
        yield Problem(file=file, key="mail.smtp.username", message=message, hint=Text("name the account"))


def _gaps(file: str, inbox: Inbox) -> Iterator[Problem]:
    """Yield the contradictions between keys of the inbox section, and keys missing for what it is used for.

    A missing password is found by whatever needs it: a unit may hand it to the daemon alone.
    """
    yield from _two_secrets(file, "inbox.password_file", inbox.password, inbox.password_file)
    yield from _token_gaps(file, "inbox", inbox)
    use = next((key for key in ("folders", "sent") if getattr(inbox, key)), None)
    if use is None:
        return
    for key, hint in (
        ("host", Text('write host = "imap.coquan.vn" below [inbox]')),
        ("username", Text("name the account")),
    ):
        if not getattr(inbox, key):
            yield Problem(
                file=file,
                key=f"inbox.{key}",
                message=Text("is missing; inbox.{use} names a folder", use=use),
                hint=hint,
            )


def _token_gaps(file: str, path: str, section: Account) -> Iterator[Problem]:
    """Yield what is missing for a login by access tokens, or contradicts it."""
    token, table = section.token, f"{path}.token"
    if section.auth == "password":
        if token != TokenSection():
            hint = Text('write auth = "xoauth2" below [{path}], or remove [{table}]', path=path, table=table)
            yield Problem(
                file=file, key=f"{path}.auth", message=Text('is "password", and there is a source of tokens'), hint=hint
            )
        return
    if not section.username:
        yield Problem(
            file=file,
            key=f"{path}.username",
            message=Text("is missing"),
            hint=Text("name the mailbox that the tokens are for"),
        )
    if section.has_password:
        hint = Text("remove the password; the token proves who we are")
        yield Problem(file=file, key=f"{path}.password", message=Text('does not go with auth = "xoauth2"'), hint=hint)
    named = [key for key in _TOKEN_SOURCES if getattr(token, key)]
    if len(named) != 1:
        message = (
            Text("names {number} sources of tokens: {names}", number=len(named), names=", ".join(named))
            if named
            else Text("names no source of tokens")
        )
        hint = Text(
            'write command = [...], url = "..." or service_account_file = "..." below [{table}], one of them',
            table=table,
        )
        yield Problem(file=file, key=table, message=message, hint=hint)
        return
    for key in TokenSection.model_fields:
        if getattr(token, key) != TokenSection.model_fields[key].default and key not in _TOKEN_SOURCES[named[0]]:
            message = Text("means nothing beside {key}", key=named[0])
            yield Problem(file=file, key=f"{table}.{key}", message=message, hint=Text("remove one of the two"))
    if token.url:
        yield from _address_gaps(file, table, token)


def _clashes(file: Path, settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each file of a refresh token, which is replaced, that is something else too."""
    named: dict[Path, tuple[str, TokenSection]] = {}
    known = {file.resolve()}
    for section in (settings.mail.smtp, settings.inbox):
        names = (section.password_file, section.token.client_secret_file, section.token.service_account_file)
        known |= {settings.resolve(name).resolve() for name in names if name}
    for path, section in (("mail.smtp", settings.mail.smtp), ("inbox", settings.inbox)):
        token, key = section.token, f"{path}.token.refresh_token_file"
        if not token.refresh_token_file:
            continue
        place = settings.resolve(token.refresh_token_file).resolve()
        other, theirs = named.setdefault(place, (key, token))
        if place in known:
            message = Text(
                "names {place}, which is another file of this configuration: it would be replaced", place=place
            )
            yield Problem(file=str(file), key=key, message=message, hint=Text("name a file of its own"))
        elif (theirs.url, theirs.client_id) != (token.url, token.client_id):
            message = Text("names the file of {other}, and the tokens come from somewhere else", other=other)
            yield Problem(file=str(file), key=key, message=message, hint=Text("name a file of its own"))


def _address_gaps(file: str, table: str, token: TokenSection) -> Iterator[Problem]:
    if not token.client_id:
        hint = Text("it is in the registration of the application with the provider")
        yield Problem(file=file, key=f"{table}.client_id", message=Text("is missing; there is a url"), hint=hint)
    if not token.refresh_token_file and not token.has_secret:
        message = Text("is missing; without a refresh token the application proves itself by its secret")
        hint = Text("name client_secret_file, or refresh_token_file, below [{table}]", table=table)
        yield Problem(file=file, key=f"{table}.client_secret", message=message, hint=hint)
    yield from _two_secrets(file, f"{table}.client_secret_file", token.client_secret, token.client_secret_file)


def _two_secrets(file: str, key: str, secret: SecretStr, named: str) -> Iterator[Problem]:
    """Yield a problem if a secret is written down and a file is named for it, under `key`."""
    if secret.get_secret_value() and named:
        what = key.rpartition(".")[2].removesuffix("_file")
        yield Problem(
            file=file,
            key=key,
            message=Text("there is `{key}` and a file for it", key=what),
            hint=Text("keep one of them"),
        )
