"""Verdicts on the processes that work on one record: whether they fit together, and whether one of them plans."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.doctor.verdicts import Verdict
from scheduler.queries.fleet import Fleet
from scheduler.texts import Text, plural

CHECK = "machines"


def judge_fleet(fleet: Fleet, secret: str, version: str) -> Iterator[Verdict]:
    """Yield what is wrong with the processes at work, or how many there are.

    `secret` is the fingerprint of the secret here, "" if there is none yet; `version` that of this program.
    """
    strange = sorted(
        {one.process.machine for one in fleet.members if secret and one.process.secret not in ("", secret)}
    )
    if strange:
        yield Verdict(
            check=CHECK,
            state="error",
            message=Text("another secret than here: {machines}", machines=", ".join(strange)),
            hint=Text("copy the file under [web] secret_file to every machine, from the one that sent the links"),
        )
    others = sorted({one.process.machine for one in fleet.members if one.process.version not in ("", version)})
    if others:
        yield Verdict(
            check=CHECK,
            state="warning",
            message=Text("another version of hanchot than here: {machines}", machines=", ".join(others)),
            hint=Text("install the same version on every machine"),
        )
    if fleet.members and not any(one.leads for one in fleet.members):
        yield Verdict(
            check=CHECK,
            state="error",
            message=Text("no process plans: nobody is reminded"),
            hint=Text("start `hanchot run` on one of the machines; another one takes over within half a minute"),
        )
    if not strange and not others and (not fleet.members or any(one.leads for one in fleet.members)):
        count = len(fleet.members)
        message = plural("{number} process is at work", "{number} processes are at work", count)
        yield Verdict(check=CHECK, state="ok", message=message)
