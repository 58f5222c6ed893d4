"""The language of the command line: `--lang`, else that of the configuration, else that of the environment."""

from __future__ import annotations

import gettext
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import click

from scheduler.bootstrap import CONFIG
from scheduler.wording import languages
from scheduler.wording.sentences import DOMAIN, LOCALE

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in the order in which gettext reads them
_KEY = __name__  # of the language in `Context.meta`


def current_language() -> str:
    """Return the language of the running command."""
    context = click.get_current_context(silent=True)
    return (context.meta.get(_KEY) if context else None) or _from_environment(os.environ)


def set_language(context: click.Context, lang: str | None, config: Path | None) -> str:
    """Choose the language of a command and return it."""
    context.meta[_KEY] = language = lang or _configured(config, os.environ) or _from_environment(os.environ)
    return language


@contextmanager
def speaking(arguments: Sequence[str]) -> Iterator[None]:
    """Let click's own words, and those before any command runs, be in the language of these arguments.

    It is a setting of the whole process: gettext, from which click takes its words, knows no other.
    """
    lang, config = _value_of("--lang", arguments), _value_of("--config", arguments)
    named = lang if lang in languages() else _configured(Path(config) if config else None, os.environ)
    before, domain = os.environ.get("LANGUAGE"), gettext.textdomain()
    os.environ["LANGUAGE"] = named or _from_environment(os.environ)
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    try:
        yield
    finally:
        gettext.textdomain(domain)
        del os.environ["LANGUAGE"]
        os.environ.update({"LANGUAGE": before} if before is not None else {})


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    for place, argument in enumerate(takewhile(lambda argument: argument != "--", arguments)):
        if argument == option:
            return next(iter(arguments[place + 1 :]), None)
        if argument.startswith(f"{option}="):
            return argument.removeprefix(f"{option}=")
    return None


def _configured(config: Path | None, environment: Mapping[str, str]) -> str | None:
    """Return the language that the configuration names; None if it cannot be read, which is told elsewhere."""
    if (named := environment.get("HANCHOT_SERVER__LANGUAGE")) in languages():
        return named
    try:
        data = tomllib.loads((config or CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    server = data.get("server")
    named = server.get("language") if isinstance(server, dict) else None
    return named if named in languages() else None


def _from_environment(environment: Mapping[str, str]) -> str:
    named = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    wanted = (entry.partition("_")[0].partition(".")[0].lower() for entry in named.split(":"))
    return next((language for language in wanted if language in languages()), "en")
