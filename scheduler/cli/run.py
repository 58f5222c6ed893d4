"""Commands that do the daemon's work: run, worker, web, demo, tick."""

from __future__ import annotations

import logging
import math
import signal
import threading
from contextlib import AbstractContextManager, suppress
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from scheduler import resources
from scheduler.bootstrap import EVERYTHING, Duties, Replay, RunningDaemon, run_daemon, run_replay, tick_once
from scheduler.cli.context import Day, Session
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, localise, say, usage_error
from scheduler.clock import SystemClock
from scheduler.errors import ExitCode, Problem, UserError
from scheduler.log import Libraries, Log, choose_format
from scheduler.queries.plans import ABSENT_HINT
from scheduler.systemd import Notifier
from scheduler.texts import Text, plural

A_DAY = 86_400.0  # seconds


class _Speed(click.ParamType[float]):
    """A finite number of replayed seconds a second, at least 1."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not 1 <= speed < math.inf:
            self.fail(localise(Text("{value!r} is not a number of seconds, of at least 1", value=value)), param, ctx)
        return speed


_log_option = click.option(
    "--log",
    "log_format",
    type=click.Choice(["text", "json"]),
    help="How to log; if left out: text at a terminal and in a replay, else JSON Lines.",
)
_speed_option = click.option("--speed", type=_Speed(), help="Replayed seconds a second; a day a second if left out.")


@command(epilog=example("hanchot run --replay-from 2023-02-20 --speed 86400"))
@click.option("--replay-from", type=Day(), help="Live through the past from this day, in a data folder of its own.")
@_speed_option
@click.option("--scenario", type=click.Path(path_type=Path), help="What happens during the replay (TOML).")
@_log_option
@click.option("--no-deliver", is_flag=True, help="Let no mail leave from this process; others deliver them.")
@click.option("--no-web", is_flag=True, help="Serve no pages from this process.")
@click.pass_obj
def run(
    session: Session,
    replay_from: date | None,
    speed: float | None,
    scenario: Path | None,
    log_format: str | None,
    no_deliver: bool,
    no_web: bool,
) -> None:
    """Run the daemon until it is told to stop.

    SIGTERM and SIGINT (Ctrl-C) stop it; the mail in hand is finished first. With --replay-from it lives
    through the past instead, by a clock of its own and with a record and mails of its own. Of several daemons
    on one record one plans, and another takes over within half a minute when it ends.
    """
    if replay_from is None and not (scenario is None and speed is None):
        raise usage_error(Text("--speed and --scenario go with --replay-from"))
    if replay_from is not None and (no_deliver or no_web):
        raise usage_error(Text("--no-deliver and --no-web do not go with --replay-from"))
    replay = None if replay_from is None else Replay(first=replay_from, speed=speed or A_DAY, scenario=scenario)
    _live(session, replay, log_format, Duties(delivers=not no_deliver, serves=not no_web))


@command(epilog=example("hanchot worker --concurrency 8"))
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, 100),
    help="How many mails to send at once; else as [engine] concurrency says.",
)
@_log_option
@click.pass_obj
def worker(session: Session, concurrency: int | None, log_format: str | None) -> None:
    """Send the mails that a planning daemon hands over.

    For several machines on one PostgreSQL, with [engine] kind = "procrastinate". It runs until SIGTERM or
    SIGINT (Ctrl-C) stops it; the mails in hand are finished first.
    """
    _live(session, None, log_format, Duties(plans=False, serves=False, concurrency=concurrency))


@command(epilog=example("hanchot web"))
@_log_option
@click.pass_obj
def web(session: Session, log_format: str | None) -> None:
    """Serve the pages and calendars, and nothing else.

    For several machines on one record. It reads no plan files: it follows what the planning daemon has in
    force.
    """
    _live(session, None, log_format, Duties(plans=False, delivers=False))


@command(epilog=example("hanchot demo --speed 3600"))
@_speed_option
@click.pass_obj
def demo(session: Session, speed: float | None) -> None:
    """Live through the shipped plan of 2023, with its scenario.

    It needs no configuration: the record, the mails and a configuration for other commands lie in ./var/replay,
    and nothing is sent to anybody.
    """
    workflows = resources.shipped("workflows")
    scenario = workflows / "bac-trung-bo" / "2023.scenario.toml"
    replay = Replay(first=date(2023, 2, 20), speed=speed or A_DAY, scenario=scenario)
    session.use_shipped(workflows)
    _live(session, replay, None)


def _live(session: Session, replay: Replay | None, log_format: str | None, duties: Duties = EVERYTHING) -> None:
    """Run the daemon, or a replay, until a signal stops it."""
    session.log = Log(choose_format(log_format, is_replay=replay is not None), language=session.language)
    logging.getLogger().addHandler(
        Libraries(lambda text, level: session.log.say(text, SystemClock().now(), level=level))
    )
    stopping = threading.Event()
    stop_on_signals(stopping)
    try:
        if replay is None:
            run_daemon(session.container, stopping, _serve, Notifier.found_in(), duties)
        else:
            _replay(session, replay, stopping)
    except UserError as error:
        session.log.problems(error, SystemClock().now())
        raise SystemExit(error.exit_code) from error


@command(epilog=example("*/15 * * * * hanchot --config /etc/hanchot/config.toml tick"))
@click.pass_obj
def tick(session: Session) -> None:
    """Do once everything that is due now, and end.

    For users of cron: the example is a line of a crontab. It may run beside a daemon; while that one plans, it
    only delivers mails that wait.
    """
    done = tick_once(session.container)
    errors = sum(problem.severity == "error" for problem in done.problems)
    undone = []
    if errors:  # each was logged when it was found
        message = plural(
            "{number} problem in the definitions; what is sound was served",
            "{number} problems in the definitions; what is sound was served",
            errors,
        )
        undone.append(Problem(message=message, hint=Text("`hanchot check` lists them with the warnings")))
    if done.absent:
        undone.append(
            Problem(
                message=Text("no definition was found of {plans}", plans=", ".join(sorted(done.absent))),
                hint=ABSENT_HINT,
            )
        )
    if done.failed:
        hint = Text("the lines above say why; what else was due was done")
        undone.append(Problem(message=Text("failed: {failed}", failed=", ".join(done.failed)), hint=hint))
    if undone:
        raise UserError(undone, exit_code=ExitCode.WRONG_INPUT if errors else ExitCode.FAILED)


def _replay(session: Session, replay: Replay, stopping: threading.Event) -> None:
    def say(text: str) -> None:
        session.log.say(text, SystemClock().now())

    paths = session.container.settings.paths
    say(
        Text(
            "Replaying from {first}, {speed:,.0f} seconds a second. Mails become files below {folder}; nothing "
            "is sent to anybody.",
            first=replay.first,
            speed=replay.speed,
            folder=session.container.settings.resolve(paths.data) / "replay",
        )
    )
    run_replay(session.container, replay, stopping, _serve, say=say, show=_show)


def _show(text: str) -> None:
    """Print an address, which the log would mask."""
    with suppress(OSError):  # standard output may be closed
        say(text)


def _serve(running: RunningDaemon) -> AbstractContextManager[str]:
    from scheduler.web.server.uvicorn_server import serve  # only the daemon needs the web server

    return serve(running)


def stop_on_signals(stopping: threading.Event) -> None:
    """Set `stopping` when SIGTERM or SIGINT comes.

    A thread sets it: a handler interrupts the main thread anywhere, also while that holds the lock of the event.
    """
    signals: SimpleQueue[int] = SimpleQueue()  # its put() may be called by a handler

    def wait() -> None:
        signals.get()
        stopping.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: signals.put(number))
