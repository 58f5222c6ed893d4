"""HTML pages rendered from templates; their texts come from one TOML file per language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jinja2

from scheduler import wording
from scheduler.documents.file_kinds import KINDS
from scheduler.errors import UserError
from scheduler.mail.template_context import filters
from scheduler.plan.dates.date_forms import describe_form
from scheduler.plan.model import Plan
from scheduler.texts import Text
from scheduler.web.urls import path_to
from scheduler.wording.sentences import translate

_TAG = re.compile(r"^\[[^\]]*\] (?=\S)")  # the name of the office, with which all subjects begin
ASSETS = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


def _called(plan: Plan | None, party: str) -> str:
    return plan.parties[party].short if plan is not None and party in plan.parties else party


class PageRenderer:
    """Renders the site's templates and provides its static files.

    The first folder that has a file wins, so an organisation can override single files. `name_operator` gives the name
    of an operator by its address, or "".
    """

    def __init__(self, folders: Sequence[Path], name_operator: Callable[[str], str] = lambda email: "") -> None:
        self._folders = folders
        self._name_operator = name_operator
        self._environments: dict[str, jinja2.Environment] = {}

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """Return a rendered page whose fixed texts are in `language`."""
        environment = self._environments.get(language)
        if environment is None:
            environment = self._environments[language] = self._make(language)
        return environment.get_template(f"web/{template}").render(language=language, **values)

    @cached_property
    def assets(self) -> Mapping[str, tuple[str, str, bytes]]:
        """Return name, media type and bytes of each static file by its versioned name, which changes with the bytes."""
        found = {}
        for name, kind in ASSETS.items():
            data = self._find(name).read_bytes()
            stem, _, suffix = name.rpartition(".")
            found[f"{stem}.{blake2b(data, digest_size=6).hexdigest()}.{suffix}"] = (name, kind, data)
        return found

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        return {name: f"/static/{address}" for address, (name, _, _) in self.assets.items()}

    def _make(self, language: str) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folders),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        table = wording.LANGUAGES[language]
        words = {"fate": table.states, "message": table.messages, "incoming": table.received}
        words |= tomllib.loads(self._find(f"{language}.toml").read_text(encoding="utf-8"))

        def say(key: str, **values: Any) -> str:
            section, _, name = key.partition(".")
            text: str = words[section][name]
            return text.format(**values) if values else text

        environment.filters.update(filters(language))
        environment.filters.update(
            local=lambda instant, plan: instant.astimezone(plan.zone),
            month=lambda day: wording.month_name(day, language),
            stamp=lambda local: wording.format_stamp(local, language),
            span=lambda span: wording.format_span(span, language),
            said=lambda text: translate(text, language),
            without_tag=lambda subject: _TAG.sub("", subject),
            merged=lambda one, other: {**one, **other},
            reason=lambda text, plan=None: wording.explain(text, language, partial(_called, plan)),
            written=lambda form: wording.format_form(form, language, in_full=True) or describe_form(form),
            target=lambda text: wording.format_target(text, language),
        )

        def knows(key: str) -> bool:
            section, _, name = key.partition(".")
            return name in words.get(section, {})

        environment.globals.update(say=say, knows=knows, path=path_to, asset=self._addresses.__getitem__)
        environment.globals["operator_name"] = self._name_operator
        environment.globals["kept_kinds"] = ",".join(f".{suffix}" for kind in KINDS for suffix in kind.suffixes)
        return environment

    def _find(self, name: str) -> Path:
        for folder in self._folders:
            if (file := folder / "web" / name).is_file():
                return file
        looked = ", ".join(map(str, self._folders))
        raise UserError(Text("there is no file web/{name}", name=name), hint=Text("looked in {looked}", looked=looked))
