"""A plan that reminds nobody is not taken in silence; what is empty for a reason is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.ports import Loaded
from tests.definitions.conftest import PLAN

Load = Callable[..., Loaded]

DEADLINE = "before = 2024-03-15"
LADDER = 'at = "08:00"'
SILENT = "before = []\non_named_day = false\noverdue = { times = 0 }"
MEASURED = 'target = "100%"\nmeasure = { milestone = "report", deliverable = "text" }'
OWN = "ladder = { before = [], on_named_day = false, overdue = { times = 0 } }"


@pytest.mark.parametrize(
    ("old", "new", "code", "key", "words"),
    [
        ('lead = ["alpha"]', "lead = []", "empty-group", "groups.lead", "nobody is told who is missing"),
        ('members = ["alpha", "beta"]', "members = []", "empty-group", "groups.members", 'about "report", "meeting"'),
        (
            'lead = ["alpha"]',
            'lead = ["alpha"]\nbest = { chosen_by = "best", after = "meeting" }',
            "chosen-by-itself",
            "groups.best.chosen_by",
            "nobody is asked",
        ),
        ('responsible = "members"', "responsible = []", "empty-list", "milestones[0].responsible", "asked to act"),
        ('organiser = "lead"', "organiser = []", "empty-list", "milestones[1].organiser", "asked to act"),
        (DEADLINE, f"{DEADLINE}\nchannels = []", "empty-list", "milestones[0].channels", "leave the key out"),
        ('attendees = ["members"]\n', "", "no-attendees", "milestones[1].attendees", '"meeting"'),
        ('attendees = ["members"]', "attendees = []", "no-attendees", "milestones[1].attendees", '"meeting"'),
        (LADDER, SILENT, "empty-ladder", "ladder", "never reminded"),
        (DEADLINE, f"{DEADLINE}\n{OWN}", "empty-ladder", "milestones[0].ladder", "never reminded"),
        ('target = "100%"', 'target = "200%"', "target-over-all", "indicators[0].target", '"200%"'),
        ('target = "100%"', 'target = "50%..101%"', "target-over-all", "indicators[0].target", "more than all"),
    ],
)
def test_what_reaches_nobody_is_remarked(load: Load, old: str, new: str, code: str, key: str, words: str) -> None:
    assert PLAN.count(old) == 1
    loaded = load(PLAN.replace(old, new))
    (problem,) = loaded.problems
    assert (problem.code, problem.key, problem.severity) == (code, key, "warning")
    assert words in f"{problem.message} {problem.hint}"
    assert problem.line
    assert len(loaded.definitions) == 1


@pytest.mark.parametrize("more", ["", "milestones = []\n"])
def test_a_plan_without_milestones_is_remarked(load: Load, more: str) -> None:
    """So is a file that was cut before its first milestone."""
    (problem,) = load(more + PLAN[: PLAN.index("[[milestones]]")]).problems
    assert (problem.code, problem.key) == ("no-milestones", "plan")


def test_each_duty_of_an_empty_group_is_told_once_and_not_more_than_three(load: Load) -> None:
    more = (
        '[[milestones]]\nid = "more-{0}"\nkind = "deadline"\ntitle = "Thêm"\nresponsible = "none"\nby = 2024-09-1{0}\n'
    )
    plan = PLAN.replace("[groups]", "[groups]\nnone = []") + "".join(map(more.format, range(1, 5)))
    (problem,) = load(plan.replace("by = 2024-09-14", "by = 2024-09-16")).problems
    assert problem.message == 'is empty: nobody gets its mails about "more-1", "more-2", "more-3", ...'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('organiser = "lead"', 'organiser = ["lead", "deputies"]'),
        ('organiser = "lead"', 'organiser = "lead"\nresponsible = []'),
        ('responsible = "members"', 'responsible = "best"'),
        (LADDER, "before = []"),
        (LADDER, "on_named_day = false"),
        (LADDER, "overdue = { times = 0 }\nescalate = []"),
        (LADDER, 'escalate = [{ after = "2 days", to = "beta" }]'),
        (DEADLINE, f'{DEADLINE}\nchannels = ["email"]'),
        ("on = 2024-06-07", f"on = 2024-06-07\n{OWN}"),
        ('target = "100%"', 'target = ">= 200"'),
        (MEASURED, 'target = "105%"\nmeasure = { manual = true }'),
    ],
)
def test_what_is_empty_for_a_reason_is_not_remarked(load: Load, old: str, new: str) -> None:
    """Deputies are named later, a group is chosen, an event has no ladder, a budget may be exceeded."""
    groups = '[groups]\ndeputies = []\nunused = []\nbest = { chosen_by = "lead", after = "meeting" }'
    assert PLAN.count(old) == 1
    assert load(PLAN.replace(old, new).replace("[groups]", groups)).problems == ()
