"""Commands whose help is in the language of its reader."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import click

from scheduler.cli.terminal.language import current_language
from scheduler.texts import Text, pattern
from scheduler.wording.sentences import translate

_EXAMPLE = pattern("Example:")
_PIECES = (pattern("[OPTIONS]"), pattern("COMMAND [ARGS]..."))  # with which click ends the line of a command's usage
_WHOLE = 1000  # characters; longer than any sentence


class _TranslatedHelp(click.Command):
    """Translates what stands in the code in English, when it is shown."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help."""
        return super(_TranslatedHelp, self._translated()).get_help(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help, whole: it wraps in a list of commands."""
        return super(_TranslatedHelp, self._translated()).get_short_help_str(_WHOLE)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters as help and mistakes name them."""
        return [_translate_parameter(parameter, current_language()) for parameter in super().get_params(ctx)]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what the line of the usage is made of."""
        language = current_language()
        return [translate(Text(p), language) if p in _PIECES else p for p in super().collect_usage_pieces(ctx)]

    def help_texts(self) -> list[str]:
        """Return the patterns of all texts that the help of this command is made of."""
        of_parameters = (text for each in self.params for text in (_help_of(each), _placeholder_of(each)) if text)
        return [*self._paragraphs(), *map(_escape, of_parameters)]

    def _paragraphs(self) -> list[str]:
        return [_escape(" ".join(part.split())) for part in (self.help or "").split("\n\n") if part.strip()]

    def _translated(self) -> _TranslatedHelp:
        language, shown = current_language(), copy(self)
        if language != "en":
            shown.help = "\n\n".join(translate(Text(part), language) for part in self._paragraphs())
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


@cache  # click compares parameters by identity
def _translate_parameter(parameter: click.Parameter, language: str) -> click.Parameter:
    if language == "en":
        return parameter
    shown = copy(parameter)
    if isinstance(shown, click.Option) and shown.help:
        shown.help = translate(Text(_escape(shown.help)), language)
    if placeholder := _placeholder_of(parameter):
        whole = parameter.make_metavar(click.Context(click.Command(None)))  # with brackets, if it may be left out
        shown.metavar = whole.replace(placeholder, translate(Text(placeholder), language))
    return shown


def _help_of(parameter: click.Parameter) -> str:
    return (parameter.help or "") if isinstance(parameter, click.Option) else ""


def _placeholder_of(parameter: click.Parameter) -> str:
    """Return the word that stands for a value; none for a choice, whose values are typed as they are."""
    if parameter.metavar is not None or isinstance(parameter.type, click.Choice):
        return parameter.metavar or ""
    if isinstance(parameter, click.Option):
        return "" if parameter.is_flag else parameter.type.name.upper()
    return (parameter.name or "").upper()


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
