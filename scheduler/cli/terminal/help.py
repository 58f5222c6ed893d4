"""Commands whose help is in the language of its reader."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import click

from scheduler.cli.terminal.language import current_language
from scheduler.texts import Text, pattern
from scheduler.wording.sentences import translate

_EXAMPLE = pattern("Example:")
_WHOLE = 1000  # characters; longer than any sentence


class _TranslatedHelp(click.Command):
    """Translates what stands in the code in English, when it is shown."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help."""
        return super(_TranslatedHelp, self._translated()).get_help(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help, whole: it wraps in a list of commands."""
        return super(_TranslatedHelp, self._translated()).get_short_help_str(_WHOLE)

    def help_texts(self) -> list[str]:
        """Return the patterns of all texts that the help of this command is made of."""
        return [*self._paragraphs(), *(_escape(help) for parameter in self.params if (help := _help_of(parameter)))]

    def _paragraphs(self) -> list[str]:
        return [_escape(" ".join(part.split())) for part in (self.help or "").split("\n\n") if part.strip()]

    def _translated(self) -> _TranslatedHelp:
        language, shown = current_language(), copy(self)
        if language != "en":
            shown.help = "\n\n".join(translate(Text(part), language) for part in self._paragraphs())
            shown.params = [_translate_parameter(parameter, language) for parameter in self.params]
            shown.epilog = (self.epilog or "").replace(_EXAMPLE, translate(Text(_EXAMPLE), language))
        return shown


class _TranslatedGroup(_TranslatedHelp, click.Group):
    command_class = _TranslatedHelp


def command(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function, as `click.command` does."""
    return click.command(name, cls=_TranslatedHelp, **attributes)


def group(name: str | None = None, **attributes: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """Make a group of a function, as `click.group` does."""
    return click.group(name, cls=_TranslatedGroup, **attributes)


def _translate_parameter(parameter: click.Parameter, language: str) -> click.Parameter:
    shown = copy(parameter)
    if isinstance(shown, click.Option) and shown.help:
        shown.help = translate(Text(_escape(shown.help)), language)
    return shown


def _help_of(parameter: click.Parameter) -> str:
    return (parameter.help or "") if isinstance(parameter, click.Option) else ""


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
