"""Files that a party sends: what each of them is, and the page that repeats them before they are kept."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from scheduler.plan.model import Deliverable
from scheduler.ports import Document
from scheduler.web.forms.files_aside import FilesAside, SentFile
from scheduler.web.forms.uploads import Incoming
from scheduler.web.party.task_view import Answer, TaskView

FIELD = "file."  # before the id of a deliverable: the name of its field
WHOLE = "files"  # the field of a milestone without deliverables


def read_files(incoming: Incoming) -> list[SentFile]:
    """Return the files of a form; those of an unsupported kind are added to its problems."""
    deliverables = ["" if file.field == WHOLE else file.field.removeprefix(FIELD) for file in incoming.files]
    documents = incoming.documents()
    if incoming.problems:
        return []
    return [SentFile(*pair) for pair in zip(deliverables, documents, strict=True)]


def files_aside(task_view: TaskView, once: str) -> FilesAside:
    """Return what holds the files of a form about a task between its two pages."""
    site = task_view.context.site
    return FilesAside(site.blob_store, site.secret, task_view.access.party.id, (task_view.context.path,), once)


def set_aside(task_view: TaskView, incoming: Incoming, files: Sequence[SentFile], answer: Answer) -> Response:
    """Set the files of a checked form aside, and return the page that repeats what was understood.

    Raises: OSError if the disk takes no more; then none of them is set aside.
    """
    once = incoming.field("once")
    aside = files_aside(task_view, once)
    aside.set_aside(incoming)
    sent, seal = aside.write(files)
    return task_view.page(
        answer,
        "own-confirm.html",
        once=once,
        sent=sent,
        seal=seal,
        files=_by_deliverable(task_view, files),
        missing=[one for one in task_view.task.missing if one.id not in {file.deliverable for file in files}],
        is_late=_is_late(task_view),
    )


def _by_deliverable(task_view: TaskView, files: Sequence[SentFile]) -> list[tuple[Deliverable | None, list[Document]]]:
    """Return the files of each deliverable in the order of the plan; those of a milestone without any under None."""
    wanted = {one.id: one for one in task_view.task.milestone.deliverables}
    of: dict[str, list[Document]] = {}
    for file in files:
        of.setdefault(file.deliverable, []).append(file.document)
    return [(wanted.get(id), of[id]) for id in (*wanted, "") if id in of]


def _is_late(task_view: TaskView) -> bool:
    due = task_view.task.cell.obligation.due
    return due is not None and due.is_late(task_view.context.now)
