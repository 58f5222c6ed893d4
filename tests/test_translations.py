"""Every text that the program says to a person is translated.

`HANCHOT_GOLDEN=write` brings the catalogues up to date: new texts are added, untranslated, and old ones go.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

import click
import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from scheduler import wording
from scheduler.cli import hanchot
from scheduler.definitions.scaffold import list_comments
from scheduler.plan.reasons import ENGLISH
from scheduler.resources import shipped
from scheduler.wording.sentences import DOMAIN, LOCALE

ROOT = Path(__file__).parents[1]
LANGUAGES = [language for language in wording.languages() if language != "en"]
CLICK = Path(click.__file__).parent
WRITTEN = datetime(2026, 11, 30, tzinfo=UTC)  # in the head of a catalogue, where a new day would be a change


def patterns() -> dict[str, set[str]]:
    """Return every pattern of a text in the program, with the files that it is in."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "scheduler").rglob("*.py")):
        for text in _in_code(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(text, set()).add(str(file.relative_to(ROOT)))
    for command in commands(hanchot):
        for text in command.help_texts():  # type: ignore[attr-defined]  # all commands are of that class
            found.setdefault(text, set()).add("scheduler/cli")
    for text in list_comments(shipped("config.toml").read_text(encoding="utf-8")):
        found.setdefault(text, set()).add("config.toml")
    for file in sorted(CLICK.glob("*.py")):
        for text in _of_click(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(text, set()).add("click")
    return {text: files for text, files in found.items() if any(map(str.isalpha, literal(text)))}


def plurals() -> dict[str, str]:
    """Return the pattern for more things, by that for one, of what click asks gettext for by a number."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in sorted(CLICK.glob("*.py")))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    asked = (call.args for call in calls if isinstance(call.func, ast.Name) and call.func.id == "ngettext")
    return {ast.literal_eval(one): ast.literal_eval(many) for one, many, _ in asked}


def literal(text: str) -> str:
    """Return what a pattern says beside its values."""
    return "".join(part for part, *_ in Formatter().parse(text))


def commands(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and all that are below it."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from commands(inner)


def test_no_pattern_formats_anything_but_numbers() -> None:
    """Days and instants are said in the language of the reader: they are strings before a pattern sees them."""
    known = ("", ",", "g", ".0f", ",.0f", "+.0f", "04X")
    assert [text for text in patterns() for _, _, spec, _ in Formatter().parse(text) if (spec or "") not in known] == []


def _in_code(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Text" | "pattern"), args=[ast.Constant(value=str(text)), *_]):
                yield text
            case ast.Call(func=ast.Name(id="plural"), args=[ast.Constant(value=one), ast.Constant(value=many), *_]):
                yield from (str(one), str(many))
            case ast.AnnAssign(annotation=ast.Name(id="Headings"), value=ast.Dict(values=headings)):
                yield from (str(each.value) for each in headings if isinstance(each, ast.Constant) and each.value)
            case ast.Assign(targets=[ast.Name(id="_FIELDS")], value=ast.Tuple() as fields):
                yield from (str(each.value) for each in ast.walk(fields) if isinstance(each, ast.Constant))
            case ast.AnnAssign(target=ast.Name(id="_CODES"), value=ast.Dict(values=codes)):
                yield from (
                    str(each.value) for value in codes for each in ast.walk(value) if isinstance(each, ast.Constant)
                )


def _of_click(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="_" | "ngettext"), args=[ast.Constant(value=str(text)), *_]):
                yield text
            case ast.Assign([ast.Subscript(slice=ast.Constant("required"))], ast.Constant(str(text))):
                yield text  # a remark behind an option


def file_of(language: str, suffix: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


def read_catalogue(language: str) -> Catalog:
    file = file_of(language, "po")
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def renew(language: str) -> Catalog:
    """Return the catalogue of a language with the texts of today, in the order of their files."""
    head = "# What the command line, the log and errors say. `tests/test_translations.py` brings it up to date."
    known, more = read_catalogue(language), plurals()
    new = Catalog(language, header_comment=head, project="hanchot", creation_date=WRITTEN, revision_date=WRITTEN)
    for text, files in sorted(patterns().items(), key=lambda item: (min(item[1]), item[0])):
        old = known.get(text)
        said = forms(old.string) if old else ("",)
        where = [(file, 0) for file in sorted(files)]
        if text in more:
            new.add((text, more[text]), said, locations=where)
        else:
            new.add(text, said[0], locations=where)
    return new


def forms(words: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the forms of the words of an entry: of one, of more."""
    return (words,) if isinstance(words, str) else tuple(words or ())


def write_out(catalogue: Catalog) -> tuple[bytes, bytes]:
    """Return the source and the compiled form of a catalogue."""
    source, compiled = BytesIO(), BytesIO()
    write_po(source, catalogue, width=120, include_lineno=False, omit_header=False)
    write_mo(compiled, catalogue)
    return source.getvalue(), compiled.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    if os.environ.get("HANCHOT_GOLDEN") == "write":
        source, compiled = write_out(renew(language))
        file_of(language, "po").write_bytes(source)
        file_of(language, "mo").write_bytes(compiled)
    known = read_catalogue(language)
    missing = [text for text in patterns() if not (found := known.get(text)) or not all(forms(found.string))]
    assert missing == []
    assert {forms(message.id)[0] for message in known if message.id} == set(patterns())
    assert {message.id for message in known if message.pluralizable} == set(plurals().items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_values_of_its_text(language: str) -> None:
    for message in read_catalogue(language):
        for said in forms(message.string) if message.id else ():
            wanted = [fields(each) for each in forms(message.id)]
            assert fields(said) in (wanted[0], wanted[-1]), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    assert file_of(language, "mo").read_bytes() == write_out(read_catalogue(language))[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    without = set(ENGLISH) - set(wording.LANGUAGES[language].reasons)
    assert without == {"none", "quote"}  # which have no words of their own


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
