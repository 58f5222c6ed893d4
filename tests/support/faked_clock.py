"""A clock that is ahead, for a whole program."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest


def faked_by(ahead: timedelta) -> dict[str, str]:
    """Return the environment in which a program's clock is ahead; skips where libfaketime is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("faketime is not installed (`make servers` installs it)")
    settings = {"FAKETIME": f"+{ahead.total_seconds():.3f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    return {"LD_PRELOAD": str(found[0]), **settings}
