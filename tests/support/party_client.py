"""A party at its page: its address, the forms on it, and files of every kind."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from html import unescape

from scheduler.plan.facts import Fact
from scheduler.ports import Document
from scheduler.tokens import make_token
from tests.support.served_site import Answer, ServedSite

BOUNDARY = "----a-boundary-of-the-tests"
Form = Mapping[str, str | Sequence[str]]
File = tuple[str, bytes]  # its name, as it is sent, and its content

PDF = b"%PDF-1.7\n" + b"x" * 2000
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100


def zipped(*members: str) -> bytes:
    """Return an archive; documents of Word or OpenDocument are archives, too."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member in members:
            archive.writestr(member, "x" * 100)
    return stream.getvalue()


def path_of(site: ServedSite, party: str = "beta", milestone: str = "report", generation: int = 1) -> str:
    """Return the path of a task on a party's page; of the page itself for the milestone ""."""
    token = make_token(site.running.container.secret, "page", party, generation)
    return f"/p/{token}/plan/{milestone}" if milestone else f"/p/{token}"


def hidden(page: str, act: str) -> dict[str, str]:
    """Return what the form for `act` holds without anybody typing; the newest form of a page."""
    forms = re.findall(r"<form method=\"post\".*?</form>", page, re.DOTALL)
    [form] = [form for form in forms if f'name="act" value="{act}"' in form]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in found}


def open_form(site: ServedSite, act: str, path: str | None = None, **typed: str) -> dict[str, str]:
    """Return a form as it is when the page was opened and something typed."""
    answer = site.ask(path or path_of(site))
    assert answer.status == 200, answer.text
    return hidden(answer.text, act) | {"who": "Lan"} | typed


def declare(site: ServedSite, path: str | None = None, **typed: str) -> Answer:
    """Say that something was sent."""
    fields = {"sent_on": "2023-02-01", "channel": "paper", **typed}
    return site.send(path or path_of(site), open_form(site, "declare", path, **fields))


def body_of(fields: Form, files: Sequence[File], names: Sequence[str] = ()) -> bytes:
    """Return a form with files as a browser sends it; `names` are those of their fields."""
    pairs = [(name, one) for name, value in fields.items() for one in ([value] if isinstance(value, str) else value)]
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{one}'.encode() for name, one in pairs]
    for (name, data), field in zip(files, names or ["files"] * len(files), strict=True):
        head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
        parts.append(head.encode() + data)
    mark = f"--{BOUNDARY}\r\n".encode()
    return b"".join(mark + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def offer(
    site: ServedSite, *files: File, path: str | None = None, form: Form | None = None, of: Sequence[str] = ()
) -> Answer:
    """Send files by the form of a page, each as the deliverable of the same place in `of`; nothing is confirmed."""
    fields: Form = form if form is not None else open_form(site, "send", path)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    names = [f"file.{id}" for id in of]
    return site.ask(path or path_of(site), "POST", body_of(fields, files, names), Content_Type=kind)


def confirmation(answer: Answer) -> dict[str, str]:
    """Return the form of the page that repeats what was understood."""
    fields = hidden(answer.text, "send")
    assert "seal" in fields
    return {**fields, "step": "confirm"}


def upload(
    site: ServedSite, *files: File, path: str | None = None, form: Form | None = None, of: Sequence[str] = ()
) -> Answer:
    """Send files and confirm them, unless they are refused."""
    answer = offer(site, *files, path=path, form=form, of=of)
    if 'name="seal"' not in answer.text:
        return answer
    return site.send(path or path_of(site), confirmation(answer))


def facts(site: ServedSite) -> list[Fact]:
    """Return what was recorded."""
    with site.running.store.reading() as view:
        return list(view.facts.of("plan"))


def documents(site: ServedSite) -> list[Document]:
    """Return the files that are remembered."""
    with site.running.store.reading() as view:
        return list(view.documents.of([fact.id for fact in view.facts.of("plan")]))


def on_disk(site: ServedSite) -> list[str]:
    """Return the files below the folder of documents, drafts included."""
    folder = site.running.settings.resolve("var/documents")
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
