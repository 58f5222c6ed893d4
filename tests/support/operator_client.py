"""Somebody who is signed in and uses pages as a browser without scripts does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from scheduler.plan.model import Group, Plan
from tests.support.daemon_fixture import plan
from tests.support.plan_builders import PARTIES, party
from tests.support.served_site import Answer, ServedSite
from tests.support.web_client import sign_in

Fields = list[tuple[str, str]]


def words(page: str) -> str:
    """Return what a page says, on one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


class _Forms(HTMLParser):
    """Collects what the POST forms of a page send by themselves: hidden fields, and what is ticked or filled in."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: Fields = []
        self._inside = False
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = found.get("method") == "post" and "action" not in found
        if not self._inside:
            return
        if tag == "textarea":
            self._text = found["name"]
            self.fields.append((self._text, ""))
        if tag == "input" and (found["type"] not in ("checkbox", "radio") or "checked" in found):
            self.fields.append((found["name"], found.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.fields[-1] = (self._text, self.fields[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        self._text = None if tag == "textarea" else self._text
        self._inside = self._inside and tag != "form"


def fields_of(page: str) -> Fields:
    """Return what the form of a page would send."""
    found = _Forms()
    found.feed(page)
    return found.fields


@dataclass
class Operator:
    """One signed-in operator of a served site."""

    site: ServedSite
    cookie: str

    @classmethod
    def of(cls, site: ServedSite) -> Operator:
        """Return the first officer of the lead, signed in."""
        return cls(site, sign_in(site))

    def ask(self, path: str) -> Answer:
        """Open a page; after so long that the session is over, sign in anew."""
        answer = self.site.ask(path, Cookie=self.cookie)
        if answer.headers["Location"] == "/sign-in":
            self.cookie = sign_in(self.site)
            answer = self.site.ask(path, Cookie=self.cookie)
        self.cookie = answer.cookie or self.cookie
        return answer

    def see(self, path: str = "/") -> str:
        """Return what a page says."""
        answer = self.ask(path)
        assert answer.status == 200, (path, answer.status)
        return words(answer.text)

    def send(self, path: str, fields: Fields) -> Answer:
        """Post fields."""
        headers = {"Cookie": self.cookie, "Content_Type": "application/x-www-form-urlencoded"}
        return self.site.ask(path, "POST", urlencode(fields).encode(), **headers)

    def fill(self, path: str, **typed: str | list[str]) -> Answer:
        """Open a form, fill it in and send it: the confirmation, if nothing is wrong."""
        page = self.ask(path)
        assert page.status == 200, (path, page.status)
        return self.send(path, filled(page.text, **typed))

    def confirm(self, path: str, page: Answer) -> Answer:
        """Press the button of a confirmation."""
        assert page.status == 200, words(page.text)
        return self.send(path, filled(page.text, step="confirm"))

    def do(self, path: str, **typed: str | list[str]) -> Answer:
        """Go the whole way from the form to the page that says what was done."""
        done = self.confirm(path, self.fill(path, **typed))
        assert done.status == 303, words(done.text)
        return self.ask(done.headers["Location"])


def filled(page: str, **typed: str | list[str]) -> Fields:
    """Return what the form of a page sends once these fields are filled in."""
    kept = [(name, value) for name, value in fields_of(page) if name not in typed]
    given = [
        (name, value) for name, values in typed.items() for value in ([values] if isinstance(values, str) else values)
    ]
    return kept + given


def crowded_plan(count: int) -> Plan:
    """Return an English plan of many schools, led by one more."""
    parties = [PARTIES[0], *(party(f"school-{n:04}") for n in range(1, count))]
    members = Group(id="members", parties=tuple(p.id for p in parties))
    return plan(language="en", parties=parties, groups=[members])
