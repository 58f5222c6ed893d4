"""Commands that do the daemon's work: run, tick."""

from __future__ import annotations

import logging
import math
import signal
import threading
from contextlib import AbstractContextManager, suppress
from datetime import date
from pathlib import Path
from types import FrameType

import click

from scheduler.bootstrap import Replay, RunningDaemon, run_daemon, run_replay, tick_once
from scheduler.cli.context import Day, Session
from scheduler.cli.output import example
from scheduler.clock import SystemClock
from scheduler.errors import ExitCode, UserError
from scheduler.log import Libraries, Log, choose_format
from scheduler.systemd import Notifier

A_DAY = 86_400.0  # seconds


@click.command(epilog=example("hanchot run --replay-from 2023-02-20 --speed 86400"))
@click.option("--replay-from", type=Day(), help="Live through the past from this day, in a data folder of its own.")
@click.option("--speed", type=click.FloatRange(min=1), help="Replayed seconds a second; a day a second if left out.")
@click.option("--scenario", type=click.Path(path_type=Path), help="What happens during the replay (TOML).")
@click.option(
    "--log",
    "log_format",
    type=click.Choice(["text", "json"]),
    help="How to log; if left out: text at a terminal and in a replay, else JSON Lines.",
)
@click.pass_obj
def run(
    session: Session, replay_from: date | None, speed: float | None, scenario: Path | None, log_format: str | None
) -> None:
    """Run the daemon until it is told to stop.

    SIGTERM and SIGINT (Ctrl-C) stop it; the mail in hand is finished first. With --replay-from it lives
    through the past instead, by a clock of its own and with a record and mails of its own.
    """
    if replay_from is None and not (scenario is None and speed is None):
        raise click.UsageError("--speed and --scenario go with --replay-from")
    speed = A_DAY if speed is None else speed
    if not math.isfinite(speed):
        raise click.UsageError("--speed is not a number of seconds")
    session.log = Log(choose_format(log_format, is_replay=replay_from is not None))
    logging.getLogger().addHandler(
        Libraries(lambda text, level: session.log.say(text, SystemClock().now(), level=level))
    )
    stopping = threading.Event()
    _stop_on_signals(stopping)
    try:
        if replay_from is None:
            run_daemon(session.container, stopping, _serve, Notifier.found_in())
        else:
            _replay(session, Replay(first=replay_from, speed=speed, scenario=scenario), stopping)
    except UserError as error:
        session.log.problems(error, SystemClock().now())
        raise SystemExit(error.exit_code) from error


@click.command(epilog=example("*/15 * * * * hanchot --config /etc/hanchot/config.toml tick    # a line of a crontab"))
@click.pass_obj
def tick(session: Session) -> None:
    """Do once everything that is due now, and end.

    For users of cron; it may run beside a daemon.
    """
    errors = sum(problem.severity == "error" for problem in tick_once(session.container))
    if errors:  # each was logged when it was found
        message = f"{errors} problem{'' if errors == 1 else 's'} in the definitions; what is sound was served"
        raise UserError(message, hint="`hanchot check` lists them with the warnings", exit_code=ExitCode.WRONG_INPUT)


def _replay(session: Session, replay: Replay, stopping: threading.Event) -> None:
    def say(text: str) -> None:
        session.log.say(text, SystemClock().now())

    paths = session.container.settings.paths
    say(
        f"Replaying from {replay.first}, {replay.speed:,.0f} seconds a second. Mails become files below "
        f"{session.container.settings.resolve(paths.data) / 'replay'}; nothing is sent to anybody."
    )
    run_replay(session.container, replay, stopping, _serve, say=say, show=_show)


def _show(text: str) -> None:
    """Print an address, which the log would mask."""
    with suppress(OSError):  # standard output may be closed
        click.echo(text)


def _serve(running: RunningDaemon) -> AbstractContextManager[str]:
    from scheduler.web.server.uvicorn_server import serve  # only the daemon needs the web server

    return serve(running)


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
