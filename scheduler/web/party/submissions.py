"""Files that a party sends: set aside when they come, repeated on a page, and kept once the party confirms them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from scheduler.documents.blob_store import BlobStore
from scheduler.plan.model import Deliverable
from scheduler.ports import Document
from scheduler.web.forms.tokens import is_same_token, make_form_token
from scheduler.web.forms.uploads import Incoming
from scheduler.web.party.task_view import Answer, TaskView

FIELD = "file."  # before the id of a deliverable: the name of its field
WHOLE = "files"  # the field of a milestone without deliverables


class SentFile(NamedTuple):
    """A file and the id of the deliverable that it is; "" for a milestone without deliverables."""

    deliverable: str
    document: Document


def read_files(incoming: Incoming) -> list[SentFile]:
    """Return the files of a form; those of an unsupported kind are added to its problems."""
    deliverables = ["" if file.field == WHOLE else file.field.removeprefix(FIELD) for file in incoming.files]
    documents = incoming.documents()
    if incoming.problems:
        return []
    return [SentFile(*pair) for pair in zip(deliverables, documents, strict=True)]


def aside_key(party: str) -> str:
    """Return the beginning of the owner of all files that a party has set aside."""
    return sha256(party.encode()).hexdigest()[:16]


def set_aside(task_view: TaskView, incoming: Incoming, files: Sequence[SentFile], answer: Answer) -> Response:
    """Set the files of a checked form aside, and return the page that repeats what was understood.

    Raises: OSError if the disk takes no more; then none of them is set aside.
    """
    once, store = incoming.field("once"), task_view.context.site.blob_store
    try:
        for file in incoming.files:
            store.set_aside(file.draft, _owner(task_view, once))
    except OSError:
        give_up(task_view, once)
        raise
    sent = json.dumps([[file.deliverable, *_described(file.document)] for file in files])
    return task_view.page(
        answer,
        "own-confirm.html",
        once=once,
        sent=sent,
        seal=_seal(task_view, once, sent),
        files=_by_deliverable(task_view, files),
        missing=[one for one in task_view.task.missing if one.id not in {file.deliverable for file in files}],
        is_late=_is_late(task_view),
    )


def read_back(task_view: TaskView, incoming: Incoming) -> list[SentFile]:
    """Return the files that a confirmed form names.

    Raises: HTTPException 403 if this site did not write it.
    """
    once, sent = incoming.field("once"), incoming.field("sent")
    if not is_same_token(incoming.field("seal"), _seal(task_view, once, sent)):
        raise HTTPException(403)
    return [
        SentFile(deliverable, Document(name=name, kind=kind, size=size, digest=digest))
        for deliverable, name, kind, size, digest in json.loads(sent)
    ]


def keep(task_view: TaskView, once: str, files: Sequence[SentFile]) -> bool:
    """Keep files that were set aside; return False if one of them is gone.

    Raises: OSError if the disk takes no more.
    """
    store, owner = task_view.context.site.blob_store, _owner(task_view, once)
    kept = [store.take_up(owner, file.document.digest) for file in files]
    return all(kept)


def give_up(task_view: TaskView, once: str) -> None:
    """Delete what was set aside for a form."""
    task_view.context.site.blob_store.drop_aside(_owner(task_view, once))


def size_aside(store: BlobStore, party: str) -> int:
    """Return the number of bytes that a party has set aside and not confirmed."""
    return store.size_aside(aside_key(party))


def _by_deliverable(task_view: TaskView, files: Sequence[SentFile]) -> list[tuple[Deliverable | None, list[Document]]]:
    """Return the files of each deliverable in the order of the plan; those of a milestone without any under None."""
    wanted = {one.id: one for one in task_view.task.milestone.deliverables}
    of: dict[str, list[Document]] = {}
    for file in files:
        of.setdefault(file.deliverable, []).append(file.document)
    return [(wanted.get(id), of[id]) for id in (*wanted, "") if id in of]


def _owner(task_view: TaskView, once: str) -> str:
    return f"{aside_key(task_view.access.party.id)}-{once}"


def _seal(task_view: TaskView, once: str, sent: str) -> str:
    """Return the proof that this site wrote down these files for this party, task and form."""
    subject = ("files", task_view.access.party.id, task_view.context.path, once, sent)
    return make_form_token(task_view.context.site.secret, "\0".join(subject))


def _described(document: Document) -> tuple[str, str, int, str]:
    return document.name, document.kind, document.size, document.digest


def _is_late(task_view: TaskView) -> bool:
    due = task_view.task.cell.obligation.due
    return due is not None and due.is_late(task_view.context.now)
