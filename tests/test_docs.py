"""The documentation says what the program does: commands, keys, routes, files, links."""

from __future__ import annotations

import html
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.routing import Route

from scheduler import __version__
from scheduler.cli import hanchot
from scheduler.config import Settings, load_settings
from scheduler.definitions.holidays import AnnouncementShape
from scheduler.definitions.rosters import ContactShape, PartyShape
from scheduler.definitions.scenario_files import FactShape, OutageShape
from scheduler.definitions.schema import FORMS, Shape
from scheduler.errors import ExitCode
from scheduler.plan.agenda import RungState
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.status import StatusCode
from scheduler.ports import Mail, MessageState, Outgoing
from scheduler.store import open_store
from scheduler.web.app import make_app
from scheduler.web.feeds.endpoint import FeedMiddleware
from tests.support.served_site import serve_site

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scheduler"
SITE_PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
PAGES = ["README.md", "README.vi.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", *SITE_PAGES]
BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|\{download\}`[^`<]*<([^>]+)>`")
SHAPES_ELSEWHERE: dict[type[Shape], str] = {
    ContactShape: "roster-files",
    PartyShape: "roster-files",
    FactShape: "scenario-files",
    OutageShape: "scenario-files",
    AnnouncementShape: "calendar-files",
}


# ---------------------------------------------------------------- reading pages


def read(page: str) -> str:
    """Return the words of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def reference(name: str) -> str:
    """Return the words of a page of the reference."""
    return read(f"docs/reference/{name}.md")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the lines of each block of code."""
    for indent, language, block in BLOCK.findall(read(page)):
        yield language, block.replace(f"\n{indent}", "\n").removeprefix(indent)


def spans(text: str) -> list[str]:
    """Return what stands in code style within a line."""
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


def code(text: str) -> str:
    """Return everything in code style, in lines and in blocks."""
    return "\n".join([*spans(text), *(block for _, _, block in BLOCK.findall(text))])


def words_in_code(text: str) -> set[str]:
    """Return the words that a page writes in code style."""
    return set(re.findall(r"[\w-]+", code(text)))


def links(page: str) -> list[str]:
    """Return where the links of a page lead."""
    return [target or download for target, download in LINK.findall(BLOCK.sub("", read(page)))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ---------------------------------------------------------------- commands that are shown


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command of a group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def command_lines(page: str) -> Iterator[tuple[str, ...]]:
    """Yield the words after `hanchot` of every command line in the blocks of a page."""
    for language, block in blocks(page):
        if language not in ("sh", "console"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if language == "console" and not line.startswith("$ "):
                continue  # what a command prints
            for part in line.removeprefix("$ ").split(" && "):
                words = shlex.split(re.sub(r"^sudo -u \w+ ", "", part), comments=True)
                if words and words[0].rpartition("/")[2] == "hanchot":
                    yield tuple(words[1:])


def mentions(page: str) -> Iterator[tuple[str, ...]]:
    """Yield the words after `hanchot` of every command that is mentioned within a line."""
    for span in spans(read(page)):
        if span.startswith("hanchot "):
            yield tuple(span.split()[1:])


SHOWN = sorted({words for page in PAGES for words in command_lines(page)})
MENTIONED = sorted({words for page in PAGES for words in mentions(page)})


def find_command(words: tuple[str, ...]) -> tuple[click.Command, tuple[str, ...], click.Context]:
    """Return the command that a line names, the words after it, and the context of its group."""
    command: click.Command = hanchot
    context = click.Context(hanchot, info_name="hanchot")
    while isinstance(command, click.Group):
        rest = tuple(command.make_parser(context).parse_args(list(words))[1])
        if not rest:
            return command, rest, context
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        if not isinstance(found, click.Group):
            return found, rest[1:], context
        command, words = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    return command, words, context


def test_pages_show_commands() -> None:
    """The next tests would otherwise look at nothing."""
    assert len(SHOWN) > 40
    assert len(MENTIONED) > 10


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_every_command_line_that_is_shown_can_be_parsed(words: tuple[str, ...]) -> None:
    """Its command and its options exist; nothing is run."""
    command, rest, context = find_command(words)
    if "--help" not in words:
        command.make_context(command.name, list(rest), parent=context)


@pytest.mark.parametrize("words", MENTIONED, ids=" ".join)
def test_every_command_that_is_mentioned_exists(words: tuple[str, ...]) -> None:
    """It may be mentioned without all that it needs, but not with options that it does not have."""
    command, rest, _ = find_command(words)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_every_make_target_that_is_shown_exists() -> None:
    """The README has the two commands that a newcomer needs."""
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    shown = {page: set(re.findall(r"\bmake ([a-z]+)\b", code(read(page)))) for page in PAGES}
    assert {"run", "test"} <= shown["README.md"]
    assert set().union(*shown.values()) <= targets


# ---------------------------------------------------------------- links and paths


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_repository_leads_somewhere(page: str) -> None:
    """To a file that exists, and to a heading of it if one is named."""
    here, dead = ROOT / page, []
    for link in links(page):
        if urlsplit(link).scheme:
            continue
        path, _, anchor = link.partition("#")
        target = here.parent / path if path else here
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES)
def test_every_external_link_is_well_formed(page: str) -> None:
    """Nothing is fetched."""
    external = [urlsplit(link) for link in links(page) if urlsplit(link).scheme]
    assert [url for url in external if url.scheme != "https" or "." not in (url.hostname or "")] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    """Words in code style that look like paths of the repository."""
    folders = "scheduler|tests|templates|workflows|bench|contrib|docs"
    named = [span for span in spans(read(page)) if re.fullmatch(rf"(?:{folders})/[\w./-]*\w", span)]
    own = ("workflows/our-office", "workflows/co-quan")  # in the reader's own folder
    assert [path for path in named if not path.startswith(own) and not (ROOT / path).exists()] == []


# ---------------------------------------------------------------- the site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built as `make docs` builds it: warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--builder", "html"]
    command = [sys.executable, "-m", "sphinx", *options, "--doctree-dir", str(folder / "doctrees")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HANCHOT_")}
    built = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")], capture_output=True, text=True, env=environment
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_the_site_builds_without_a_warning(site: Path) -> None:
    """Every page is in it."""
    built = {str(path.relative_to(site).with_suffix(".md")) for path in site.rglob("*.html")}
    assert {page.removeprefix("docs/") for page in SITE_PAGES} <= built


def test_every_command_is_in_the_reference_with_its_options(site: Path) -> None:
    """The page is generated from the commands; its anchors can be linked to."""
    page = (site / "reference/command-line.html").read_text(encoding="utf-8")
    missing = []
    for words in commands(hanchot):
        name = "-".join(("hanchot", *words))
        command, _, _ = find_command(words)
        options = [option for p in command.params if isinstance(p, click.Option) for option in p.opts]
        wanted = [name, *(f"cmdoption-{name}-{option.lstrip('-')}" for option in options)]
        missing += [anchor for anchor in wanted if f'id="{anchor}"' not in page]
    assert missing == []


def test_every_key_of_the_configuration_is_in_the_reference_with_its_default(site: Path) -> None:
    """The tables are generated from the shipped file."""
    page = html.unescape(re.sub(r"<[^>]+>", "", (site / "reference/configuration.html").read_text(encoding="utf-8")))
    keys = re.findall(r"^(\w+) = (.+?) +# ", read("config.toml"), re.MULTILINE)
    assert len(keys) > 30
    assert [
        (key, default) for key, default in keys if not re.search(rf"^{key}\n{re.escape(default)}$", page, re.M)
    ] == []


def test_every_section_of_the_configuration_is_in_the_reference() -> None:
    """By its name, also within another section."""
    headings = re.findall(r"^## `\[(.+)\]`$", reference("configuration"), re.MULTILINE)
    assert headings == list(sections(tomllib.loads(read("config.toml"))))


def sections(table: dict[str, Any], *path: str) -> Iterator[str]:
    """Yield the names of the tables in a configuration."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield ".".join((*path, name))
            yield from sections(value, *path, name)


# ---------------------------------------------------------------- what the reference names


def shapes(base: type[Shape] = Shape) -> Iterator[type[Shape]]:
    """Yield every table that a definition file may hold."""
    for shape in base.__subclasses__():
        yield shape
        yield from shapes(shape)


@pytest.mark.parametrize("shape", list(shapes()), ids=lambda shape: shape.__name__)
def test_every_key_of_a_definition_file_is_in_the_reference(shape: type[Shape]) -> None:
    """On the page of its kind of file."""
    page = SHAPES_ELSEWHERE.get(shape, "plan-files")
    keys = {info.alias or name for name, info in shape.model_fields.items()}
    assert keys - words_in_code(reference(page)) == set()


def test_every_form_of_a_date_is_in_the_reference() -> None:
    """One row each."""
    assert re.findall(r"^\| `(\w+)` \| `\1 = ", reference("plan-files"), re.MULTILINE) == list(FORMS)


def test_every_kind_of_fact_in_a_scenario_is_in_the_reference() -> None:
    """One row each."""
    kinds = set(get_args(FactShape.model_fields["kind"].annotation))
    assert set(re.findall(r"^\| `(\w+)` \| `", reference("scenario-files"), re.MULTILINE)) == kinds


def test_every_rung_of_the_shipped_year_is_in_the_reference() -> None:
    """By its name, without what it counts."""
    scenario = ROOT / "workflows/bac-trung-bo/2023.scenario.toml"
    rows = output("simulate", "bac-trung-bo-2023", "--from", "2023-02-20", "--to", "2023-12-31", "--scenario", scenario)
    rungs = {row["rung"].partition(":")[0] for row in rows if row["rung"]}
    assert len(rungs) > 7
    assert rungs - words_in_code(reference("rungs-and-messages")) == set()


def test_every_kind_of_message_is_in_the_reference() -> None:
    """One row each; there are templates for all of them."""
    kinds = set(get_args(MessageKind))
    assert kinds == {path.stem for path in (ROOT / "templates/mail/vi").glob("*.subject")}
    assert set(re.findall(r"^\| `([\w-]+)` \|", reference("rungs-and-messages"), re.MULTILINE)) >= kinds


@pytest.mark.parametrize("states", [RungState, MessageState, StatusCode], ids=["steps", "messages", "obligations"])
def test_every_state_is_in_the_reference(states: object) -> None:
    """Of steps, of messages, of obligations."""
    assert set(get_args(states)) - words_in_code(reference("states")) == set()


def test_every_route_is_in_the_reference(tmp_path: Path) -> None:
    """Of the web application, without converters."""
    with serve_site(tmp_path) as served:
        app = make_app(served.running, served.address)
    assert isinstance(app, FeedMiddleware)
    assert isinstance(app._app, Starlette)
    routes = {route.path.replace(":path}", "}") for route in app._app.routes if isinstance(route, Route)}
    assert len(routes) > 20
    assert set(re.findall(r"^\| `(/[^`]*)`", reference("http"), re.MULTILINE)) == routes


def test_every_exit_code_is_in_the_reference() -> None:
    """In order."""
    assert re.findall(r"^\| (\d) \|", reference("output"), re.MULTILINE) == [str(int(code)) for code in ExitCode]


ACCOUNTS = sorted((ROOT / "docs/how-to/accounts").glob("*.md"))


def settings_in(page: Path) -> list[dict[str, Any]]:
    """Return the configurations that a page shows."""
    blocks = re.findall(r"^( *)```toml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [tomllib.loads(block) for _, block in blocks]


@pytest.mark.parametrize("page", [page for page in ACCOUNTS if settings_in(page)], ids=lambda page: page.name)
def test_the_configuration_of_a_provider_s_page_is_sound(page: Path) -> None:
    """A block that shows only where tokens come from takes the place of that in the block before it."""
    first, *others = settings_in(page)
    Settings.model_validate(first)
    for block in others:
        smtp = {**first["mail"]["smtp"], **block["mail"]["smtp"]}
        Settings.model_validate({**first, **block, "mail": {**first["mail"], **block["mail"], "smtp": smtp}})


@pytest.mark.parametrize(
    "page", [page for page in ACCOUNTS if page.name.endswith(".vi.md")], ids=lambda page: page.name
)
def test_both_languages_of_a_provider_s_page_show_the_same(page: Path) -> None:
    """Only the name of a folder is another one in a Vietnamese mailbox."""
    english = page.with_name(page.name.replace(".vi.md", ".md"))
    theirs, ours = (str(settings_in(one)).replace("Thư đã gửi", "Sent Mail") for one in (page, english))
    assert theirs == ours
    assert re.findall("<https[^>]+>", page.read_text("utf-8")) == re.findall("<https[^>]+>", english.read_text("utf-8"))


def output(*arguments: object, config: Path = ROOT / "config.toml") -> list[dict[str, Any]]:
    """Return the JSON Lines that a command prints."""
    words = ["--config", str(config), *(str(argument) for argument in arguments), "--format", "json"]
    result = CliRunner().invoke(hanchot, words)
    assert result.stdout, result.output or result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_field_of_the_json_output_is_in_the_reference(tmp_path: Path) -> None:
    """Of every command that has any."""
    folder = tmp_path / "office"
    assert CliRunner().invoke(hanchot, ["init", str(folder)]).exit_code == ExitCode.DONE
    config = folder / "config.toml"
    [plan] = output("plans", config=config)
    year = plan["year"]
    about = (plan["plan"], "dang-ky", "branch-one")
    period = ("--from", f"{year}-02-01", "--to", f"{year}-02-28")
    printed = {
        "check": output("check", config=config),
        "plans": [plan],
        "receive": output("receive", *about, "--channel", "email", config=config),
        "agenda": output("agenda", config=config),
        "why": output("why", "r1", config=config),
        "status": output("status", config=config),
        "simulate": output("simulate", plan["plan"], *period, config=config),
        "outbox list": list_a_mail(config, plan["plan"]),
        "feeds create": output("feeds", "create", "--party", "branch-one", config=config),
        "links list": output("links", "list", config=config),
        "doctor": output("doctor", config=config),
    }
    known = words_in_code(reference("output"))
    assert {command: keys(rows) - known for command, rows in printed.items() if keys(rows) - known} == {}


def list_a_mail(config: Path, plan: str) -> list[dict[str, Any]]:
    """Return how an outbox with one mail is listed, at whatever hour."""
    now = datetime(2023, 3, 6, 2, tzinfo=UTC)
    mail = Mail(message_id="<1@office.example>", date=now, address="a@office.example", subject="x", data=b"x")
    with closing(open_store(f"sqlite:///{config.parent}/var/hanchot.db")) as store, store.transaction() as unit:
        unit.outbox.add(
            Outgoing(
                mail=mail,
                kind="digest",
                plan=plan,
                milestone=None,
                party="branch-one",
                created_at=now,
                not_before=now,
                expires_at=None,
            )
        )
    return output("outbox", "list", config=config)


def keys(value: Any) -> set[str]:
    """Return the names of the fields in some objects and in those within them."""
    if isinstance(value, dict):
        return set(value).union(*(keys(inner) for inner in value.values()))
    return set().union(*(keys(inner) for inner in value)) if isinstance(value, list) else set()


# ---------------------------------------------------------------- other files


def test_the_readme_is_short() -> None:
    """What it leaves out is in the documentation."""
    assert len(read("README.md").splitlines()) <= 120


def test_decisions_are_numbered_and_listed_in_order() -> None:
    """Without a gap, each under its own title."""
    pages = sorted(path for path in (ROOT / "docs/decisions").glob("0*.md"))
    titles = [path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for path in pages]
    assert [int(path.name[:4]) for path in pages] == list(range(1, len(pages) + 1))
    listed = re.findall(r"^(\d+\.) \[(.+)\]\((.+)\)$", read("docs/decisions/index.md"), re.MULTILINE)
    assert [(f"{number} {title}", name) for number, title, name in listed] == [
        (title, path.name) for title, path in zip(titles, pages, strict=True)
    ]


def test_the_shipped_configuration_names_every_key_with_its_default() -> None:
    """The file is the documentation, so it must be complete and true."""
    defaults = Settings().model_dump(mode="json", by_alias=True, exclude={"folder"})
    assert tomllib.loads(read("config.toml")) == defaults
    assert load_settings(ROOT / "config.toml", {}) == Settings(folder=ROOT)


def test_the_shipped_configuration_explains_every_key() -> None:
    """One comment a key."""
    lines = [line for line in read("config.toml").splitlines() if re.match(r"\w+ = ", line)]
    assert [line for line in lines if not re.search(r" # \S", line)] == []


def test_the_changelog_has_the_version_of_the_package() -> None:
    """A version is described before it is released."""
    assert f"## [{__version__}]" in read("CHANGELOG.md")


def module_index() -> str:
    """Return the page that lists every module with the first line of its docstring."""
    lines = ["# Modules", "", "Every module of the package with what it holds. A test keeps this page true.", ""]
    for folder in sorted({path.parent for path in PACKAGE.rglob("*.py") if "versions" not in path.parts}):
        name = ".".join(folder.relative_to(ROOT).parts)
        files = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "__main__", "env"))
        if not files:
            continue
        lines += [
            f"## {folder.relative_to(ROOT).as_posix()}",
            "",
            headline(name),
            "",
            "| module | what it holds |",
            "|---|---|",
        ]
        lines += [f"| `{file}` | {headline(f'{name}.{file}')} |" for file in files] + [""]
    return "\n".join(lines)


def headline(module: str) -> str:
    """Return the first paragraph of a module's docstring on one line."""
    words = (importlib.import_module(module).__doc__ or "").partition("\n\n")[0]
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")


def test_the_module_index_names_every_module_with_its_own_words() -> None:
    """`HANCHOT_GOLDEN=write` writes it anew."""
    page = ROOT / "docs/modules.md"
    if os.environ.get("HANCHOT_GOLDEN") == "write":
        page.write_text(module_index(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == module_index()


def test_every_line_of_the_log_that_needs_somebody_can_be_logged() -> None:
    """… stands for the values of a text."""
    part = read("docs/how-to/administer.md").partition("### Lines of the log")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)
    texts = (PACKAGE / "wording/locale/vi/LC_MESSAGES/hanchot.po").read_text(encoding="utf-8")
    known = re.sub(r'"\n"', "", texts)
    assert len(lines) > 10
    assert [line for line in lines if not all(part.strip(" ;:") in known for part in line.split("…"))] == []
