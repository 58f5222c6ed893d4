"""Health checks for monitoring: liveness and readiness."""

from __future__ import annotations

import shutil
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from scheduler.bootstrap import RunningDaemon
from scheduler.doctor.verdicts import (
    Verdict,
    from_error,
    judge_account,
    judge_clock,
    judge_plans,
    judge_tick,
    judge_writing,
)
from scheduler.errors import UserError
from scheduler.queries.plans import find_absent

FRESH = timedelta(minutes=15)  # maximum age of the last tick; an SMTP server may take ten minutes over one mail


async def live(request: Request) -> Response:
    """Report that the process is alive, without checking anything else."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


def ready(request: Request) -> Response:
    """Report whether the daemon can do its work; the status is 503 if not.

    The record can be read and written, every promise has its plan, the clock is believed, ticks happen and mails may be
    sent. The response contains nothing about people; `hanchot doctor` has the details.
    """
    verdicts = judge(request.app.state.site.running)
    is_ready = all(verdict.state == "ok" for verdict in verdicts)
    answer = {"ready": is_ready} | {verdict.check: verdict.state for verdict in verdicts}
    return JSONResponse(answer, 200 if is_ready else 503, headers={"Cache-Control": "no-store"})


def judge(running: RunningDaemon) -> list[Verdict]:
    """Return verdicts on the record, the plans, the clock, the ticks and the mail account.

    Only the first if the record cannot be read.
    """
    now = running.clock.now()
    try:
        running.store.verify()
        with running.store.reading() as view:
            last_tick, account = view.journal.last_tick(), view.accounts.state(running.account)
            absent = find_absent(view.plans.states(), {definition.plan.id for definition in running.definitions()})
    except UserError as error:
        return [from_error("database", error)]
    return [
        judge_writing(running.failure(), _free_space(running)),
        judge_plans(absent, now),
        judge_clock(now, None, running.jump()),
        judge_tick(now, last_tick, fresh=FRESH),
        judge_account(account, running.system.now()),
    ]


def _free_space(running: RunningDaemon) -> int | None:
    """Return how many bytes are free for the file of the record; None if it has none or nobody can say.

    Whether the record can be written is not tried here. Rolled back, a small change never reaches the disk, and so says
    nothing about it; committed, it would let whoever asks write as often as he likes, and wait for another writer. The
    daemon itself commits at each heartbeat, twice a minute, and knows how that ended. While SQLite reuses the room that
    its `-wal` file already has, even that succeeds on a full disk, which is why the disk is looked at as well.
    """
    file = running.settings.database_file
    if file is None:
        return None
    try:
        return shutil.disk_usage(file.parent).free
    except OSError:  # then the record could not be read either, which is told
        return None
