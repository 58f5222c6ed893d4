"""Every runner keeps the contract of runners."""

from __future__ import annotations

import pytest

from scheduler.engine.runners.apscheduler_runner import STALLED_AFTER
from tests.contracts.runners import EngineOf, RunnerContract
from tests.support.runner_fixture import engine_of as apscheduler_runner


class TestAPSchedulerRunner(RunnerContract):
    stalled_after = STALLED_AFTER

    @pytest.fixture
    def engine_of(self) -> EngineOf:
        return apscheduler_runner
