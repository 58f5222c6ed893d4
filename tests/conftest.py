"""What holds for every test: a clean environment, one hypothesis profile, and skips that can be refused."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.contracts", "tests.support")  # their asserts explain themselves too

for name in [name for name in os.environ if name.startswith("HANCHOT_") and "__" in name]:
    del os.environ[name]  # it would override what a test writes into its config.toml

os.environ["LANGUAGE"] = "en"  # whatever the machine speaks

# "quick" tries the same examples in every run, so that a change is judged by what it changed; "thorough" looks further.
# No example has a deadline, and slow generation is no fault: machines differ in speed.
PROFILE = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", PROFILE, max_examples=30, derandomize=True)
settings.register_profile("thorough", PROFILE, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
REFUSES_SKIPS = os.environ.get("HANCHOT_REFUSE_SKIPS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where skips are refused."""
    report = yield
    return refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one where skips are refused."""
    report = yield
    return refuse_skip(report)


def refuse_skip(report: Report) -> Report:
    """Return the report, failed if it was skipped and that is refused."""
    if REFUSES_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where skips are refused (HANCHOT_REFUSE_SKIPS=1): {report.longrepr}"
    return report
