"""Compiles mail templates and checks them before any mail is composed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, get_args

import jinja2
from jinja2 import meta, nodes

from scheduler import wording
from scheduler.errors import Problem, UserError, near_names
from scheduler.mail import template_context
from scheduler.plan.message_kinds import MessageKind
from scheduler.texts import Text

SUFFIXES = ("subject", "txt", "html")
_GIVEN_BY_JINJA = frozenset({"self", "super", "caller", "varargs", "kwargs", *jinja2.defaults.DEFAULT_NAMESPACE})
_Trees = Mapping[Path, nodes.Template]


class _Environment(jinja2.Environment):
    """A Jinja environment that gives each template its globals as a plain dict.

    Jinja itself uses a chain of two mappings and iterates over it at every render and include. That happens
    thirteen times per mail and took a fifth of the rendering time.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template, `d` being its own."""
        return {**self.globals, **(d or {})}


def make_environment(folders: Sequence[str], language: str) -> jinja2.Environment:
    """Return the environment for templates in one language; the first folder that has a template wins.

    Each template is compiled once. Raises `UserError` for an unsupported language.
    """
    if language not in wording.languages():
        hint = near_names(language, wording.languages())
        raise UserError(Text("there are no words for the language {language!r}", language=language), hint=hint)
    environment = _Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=jinja2.select_autoescape(["html"], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters.update(template_context.filters(language))
    environment.tests.update(template_context.TESTS)
    return environment


def check_templates(folders: Sequence[Path]) -> list[Problem]:
    """Return the problems of the templates in these folders.

    Every file is compiled, even one that is hidden by an earlier folder. Every kind of message must have its
    templates in every language, and included templates must exist. An unknown variable is a warning.
    """
    roots = [folder.resolve() for folder in folders]
    trees: dict[Path, nodes.Template] = {}
    problems = []
    environment = make_environment([], wording.languages()[0])  # any will do: all languages have the same filters
    for file in (file for root in roots for file in _files(root)):
        try:
            trees[file] = _parse(environment, file)
        except jinja2.TemplateSyntaxError as error:
            problems.append(Problem(message=describe(error), code="syntax", file=str(file), line=error.lineno))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(message=Text("the template cannot be read: {error}", error=error), file=str(file)))
    problems += [*_without_target(trees, roots), *_unknown_names(trees)]
    problems.sort(key=lambda problem: (problem.file or "", problem.line or 0))
    return [*_missing(roots), *problems]


def describe(error: Exception) -> str:
    """Return the type and the message of a template error."""
    return f"{type(error).__name__}: {(isinstance(error, jinja2.TemplateError) and error.message) or error}"


def no_template(name: str, folders: Sequence[object]) -> Problem:
    """Return the problem that a template is in none of the folders."""
    looked = ", ".join(map(str, folders))
    return Problem(
        message=Text("there is no template {name}", name=name),
        hint=Text("looked in {looked}", looked=looked),
        file=name,
    )


def _files(root: Path) -> list[Path]:
    files = (file for suffix in SUFFIXES for file in (root / "mail").rglob(f"*.{suffix}"))
    return sorted(file for file in files if file.is_file())


def _parse(environment: jinja2.Environment, file: Path) -> nodes.Template:
    source = file.read_text(encoding="utf-8")
    tree = environment.parse(source)
    for node in tree.find_all((nodes.Filter, nodes.Test)):  # within a branch, Jinja finds unknown ones only at runtime
        known: Mapping[str, object] = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known:
            is_filter = isinstance(node, nodes.Filter)
            message = (
                Text("there is no filter {name!r}", name=node.name)
                if is_filter
                else Text("there is no test {name!r}", name=node.name)
            )
            raise jinja2.TemplateAssertionError(message, node.lineno)
    environment.compile(source, filename=str(file))
    return tree


def _missing(roots: Sequence[Path]) -> Iterator[Problem]:
    for language, kind, suffix in product(wording.languages(), get_args(MessageKind), SUFFIXES):
        name = f"mail/{language}/{kind}.{suffix}"
        if not _exists(roots, name):
            yield no_template(name, roots)


def _without_target(trees: _Trees, roots: Sequence[Path]) -> Iterator[Problem]:
    for file, tree in trees.items():
        for reference in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            target = getattr(reference, "template", None)
            if isinstance(target, nodes.Const) and not _exists(roots, str(target.value)):
                message = Text("there is no template {name}", name=target.value)
                yield Problem(message=message, file=str(file), line=reference.lineno)


def _unknown_names(trees: _Trees) -> Iterator[Problem]:
    """Yield variables that neither the message nor any template sets.

    A template counts as having the variables of all others, because an included one sees those of its includer.
    """
    names = {file: list(tree.find_all(nodes.Name)) for file, tree in trees.items()}
    known = (
        template_context.VARIABLES
        | _GIVEN_BY_JINJA
        | {n.name for found in names.values() for n in found if n.ctx != "load"}
    )
    for file, tree in trees.items():
        for name in sorted(meta.find_undeclared_variables(tree) - known):
            line = next((node.lineno for node in names[file] if node.name == name), None)
            message, hint = Text("no mail gives the name `{name}`", name=name), near_names(name, sorted(known))
            yield Problem(
                message=message, code="unknown-name", severity="warning", file=str(file), line=line, hint=hint
            )


def _exists(roots: Sequence[Path], name: str) -> bool:
    return any((root / name).is_file() for root in roots)
