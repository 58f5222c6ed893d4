"""A runner that delivers mails by Procrastinate: PostgreSQL carries chunks of mails to the workers of many machines.

The rows of the outbox stay the truth. A job names mails that are reserved in the same transaction and are due already;
whoever finds the reservation gone does nothing. Leases and heartbeats are rows of ours. So of Procrastinate nothing is
needed that it does not promise: a job may be lost, come twice or stay behind, and costs a lease at most.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from scheduler.engine.mails.senders import Senders
from scheduler.engine.runners.apscheduler_runner import APSchedulerRunner
from scheduler.engine.runners.procrastinate_schema import require_tables
from scheduler.errors import RecordUnavailable
from scheduler.ports import Chunk, DaemonWork, Store, UnitOfWork
from scheduler.ports.events import Event
from scheduler.texts import Text

TASK = "hanchot.deliver"
QUEUE = "hanchot-mails"
URGENT, USUAL = 10, 0  # priorities
POLL = 1.5  # seconds; LISTEN is off, because it may end without a sign
FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0  # seconds until the connection is opened again
STEADY = 5.0  # seconds after which a connection has proved good, and the next delay is a short one
SWEEP = 30.0  # seconds between two looks for jobs whose worker is gone
SILENT = 60.0  # seconds after which a worker is taken for gone
OPENING = 10.0  # seconds that opening the connections may take


class ProcrastinateQueue:
    """A `ChunkQueue`: each chunk is a job."""

    def __init__(self) -> None:
        # Never opened: it only writes through the connection of the transaction that it is given.
        self._jobs = App(connector=SyncPsycopgConnector()).job_manager

    def put(self, unit: UnitOfWork, chunks: Sequence[Chunk], *, urgent: bool) -> None:
        """Add a job for each chunk within a transaction; workers see them when it commits."""
        if not chunks:
            return
        jobs = [_job_of(chunk, URGENT if urgent else USUAL) for chunk in chunks]
        try:
            self._jobs.batch_defer_jobs(jobs, connection=unit.driver_connection)
        except ConnectorException as error:
            raise RecordUnavailable(
                Text("the queue of the workers cannot be written: {error}", error=_first_line(error)),
                hint=Text("`hanchot db upgrade` makes its tables; the mails stay in the outbox meanwhile"),
            ) from error


def _job_of(chunk: Chunk, priority: int) -> Job:
    return Job(
        queue=QUEUE,
        priority=priority,
        lock=None,
        queueing_lock=f"{chunk.name}/{chunk.mails[0]}",
        task_name=TASK,
        task_kwargs={"name": chunk.name, "mails": list(chunk.mails)},
    )


class ProcrastinateRunner:
    """A `Runner` whose mails are delivered by workers; this process is one of them if it has `senders`.

    Ticks and checks are fired like those of `APSchedulerRunner`, which `timer` is passed to. `address` holds the
    parameters of a connection to the database of the record, `store`.
    """

    def __init__(
        self,
        work: DaemonWork,
        *,
        store: Store,
        address: Mapping[str, Any],
        senders: Senders | None,
        stopping: threading.Event,
        **timer: Any,
    ) -> None:
        self._work = work
        self._store = store
        self._address = dict(address)
        self._senders = senders
        self._stopping = stopping
        self._timer = APSchedulerRunner(work, stopping=stopping, **timer)
        for name in ("procrastinate", "psycopg.pool"):  # what they tell of a lost connection is told in plain words
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def run(self) -> None:
        """Run until stopped; the mails in hand are finished first. Raises like `APSchedulerRunner.run`."""
        if self._senders is None:
            self._timer.run()
            return
        worker = threading.Thread(target=self._work_off, args=(self._senders,), name="worker")
        worker.start()
        try:
            self._timer.run()
        finally:
            self._stopping.set()
            worker.join()

    def stop(self) -> None:
        """Ask the run to end."""
        self._timer.stop()

    def wake(self) -> None:
        """Tick now instead of at the next heartbeat; do nothing before and after the run."""
        self._timer.wake()

    def _work_off(self, senders: Senders) -> None:
        with ThreadPoolExecutor(senders.count, thread_name_prefix="sender") as threads:
            asyncio.run(self._keep_working(senders, threads))

    async def _keep_working(self, senders: Senders, threads: ThreadPoolExecutor) -> None:
        """Work until stopped. Whatever ends the worker, such as a lost connection, it is begun anew after a while."""
        asyncio.get_running_loop().set_exception_handler(_pass_over_lost_connections)
        delay = FIRST_DELAY / 2
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._work_once(senders, threads)
            except Exception as error:
                text = Text("the worker lost its queue and begins anew: {error}", error=_first_line(error))
                self._work.report(Event(name="trouble", at=self._work.clock.now(), text=text, step="delivery"))
            lasted = asyncio.get_running_loop().time() - began
            delay = FIRST_DELAY if lasted > STEADY else min(2 * delay, LONGEST_DELAY)
            await self._sleep(delay)

    async def _work_once(self, senders: Senders, threads: ThreadPoolExecutor) -> None:
        connector = PsycopgConnector(
            kwargs=self._address, min_size=1, max_size=senders.count + 2, timeout=OPENING, reconnect_timeout=OPENING
        )
        app = App(connector=connector)

        @app.task(name=TASK, queue=QUEUE)
        async def deliver(name: str, mails: list[int]) -> None:
            chunk = Chunk(name=name, mails=tuple(mails))
            await asyncio.get_running_loop().run_in_executor(threads, senders.deliver, chunk)

        await asyncio.to_thread(self._require_tables)
        async with app.open_async(), _beside(self._sweep(app)):
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=senders.count,
                    install_signal_handlers=False,
                    listen_notify=False,
                    fetch_job_polling_interval=POLL,
                    delete_jobs="always",  # what became of the mails is in the outbox
                    stalled_worker_timeout=SILENT,
                )
            )
            await self._until_stopped(worker)

    def _require_tables(self) -> None:
        with self._store.reading() as view:
            require_tables(view.driver_connection)

    async def _until_stopped(self, worker: asyncio.Task[None]) -> None:
        """Wait for the end of the worker; when this process is stopping, let it finish what it has in hand."""
        while not worker.done() and not self._stopping.is_set():
            await asyncio.wait({worker}, timeout=0.2)
        if not worker.done():
            worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker

    async def _sweep(self, app: App) -> None:
        """Delete the jobs that died with their worker; the mails that they named are handed over again."""
        while True:
            await asyncio.sleep(SWEEP)
            with suppress(Exception):  # the worker meets the same trouble and reports it
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT):
                    await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _sleep(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while not self._stopping.is_set() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    """Run a coroutine beside a block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _pass_over_lost_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of jobs that could not be marked as done: the worker meets the same error, which is reported."""
    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).splitlines()), type(error).__name__)
