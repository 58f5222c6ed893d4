"""The ids of milestones and of their occurrences."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.model import Occurrence


@given(st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True), st.none() | st.dates())
def test_an_id_says_what_it_was_made_of(milestone: str, day: date | None) -> None:
    assert Occurrence.of(Occurrence(milestone, day).id) == Occurrence(milestone, day)


@pytest.mark.parametrize("text", ["monthly@", "monthly@never", "monthly@2023-02-30", "@2023-06-25x", ""])
def test_any_other_text_is_the_id_of_no_occurrence(text: str) -> None:
    assert Occurrence.of(text).day is None
