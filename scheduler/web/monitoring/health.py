"""For monitoring: whether the process lives, and whether the work gets done."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from scheduler.bootstrap import RunningDaemon
from scheduler.doctor.verdicts import Verdict, from_error, judge_account, judge_tick
from scheduler.errors import UserError

FRESH = timedelta(minutes=15)  # of the last tick: longer than the ten minutes an SMTP server may take over one mail


async def live(request: Request) -> Response:
    """Say that the process lives; asks nobody else."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


def ready(request: Request) -> Response:
    """Say whether the record can be reached, ticks come and mails may leave; 503 if not.

    Only words that say nothing about anybody: `hanchot doctor` has the details.
    """
    verdicts = judge(request.app.state.site.running)
    is_ready = all(verdict.state == "ok" for verdict in verdicts)
    answer = {"ready": is_ready} | {verdict.check: verdict.state for verdict in verdicts}
    return JSONResponse(answer, 200 if is_ready else 503, headers={"Cache-Control": "no-store"})


def judge(running: RunningDaemon) -> list[Verdict]:
    """Return how the daemon's record, ticks and mail account are."""
    now = running.clock.now()
    try:
        with running.store.reading() as view:
            last_tick, account = view.journal.last_tick(), view.accounts.state(running.account)
    except UserError as error:
        return [from_error("database", error)]
    return [
        Verdict(check="database", state="ok", message="the record can be read"),
        judge_tick(now, last_tick, fresh=FRESH),
        judge_account(account, running.system.now()),
    ]
