"""What is wrong with a definition is said with its key, its line and what would be right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.errors import Problem
from scheduler.ports import Loaded
from tests.definitions.conftest import PARTIES, PLAN

Load = Callable[..., Loaded]


def errors(loaded: Loaded) -> list[Problem]:
    return [problem for problem in loaded.problems if problem.severity == "error"]


def line_with(text: str, words: str) -> int:
    return 1 + text[: text.index(words)].count("\n")


DEADLINE = "before = 2024-03-15"
EVENT = "on = 2024-06-07"
ZONE = 'timezone = "Asia/Ho_Chi_Minh"'
LADDER = '[ladder]\nat = "08:00"'
NEEDS = 'title = "Báo cáo"\n'

# what is replaced in the sound plan, by what, the key that is reported, and words of message and hint
WRONG_PLANS = [
    ("schema = 1\n", "", "schema", "required key `schema`"),
    ("schema = 1", "schema = 2", "schema", "must be 1, not 2"),
    ("schema = 1", "schema = true", "schema", "must be 1"),
    ("schema = 1", "schema = 1\nmilestone = 1", "milestone", "did you mean milestones"),
    ('id = "cluster-2024"\n', "", "plan.id", "required key `id`"),
    ('id = "cluster-2024"', 'id = "Cụm 2024"', "plan.id", "cannot be an id"),
    ('id = "cluster-2024"', 'id = "cluster@2024"', "plan.id", "cannot be an id"),
    ("year = 2024", 'year = 2024\nnubmer = "1"', "plan.nubmer", "did you mean number"),
    ("year = 2024", 'year = "2024"', "plan.year", "whole number"),
    ("year = 2024", "year = true", "plan.year", "whole number"),
    ("year = 2024", "year = 1492", "plan.year", "at least 1900"),
    ("year = 2024", "year = 2201", "plan.year", "at most 2200"),
    ("issued = 2024-01-05", 'issued = "2024-01-05"', "plan.issued", "without quotes"),
    ("issued = 2024-01-05", "issued = false", "plan.issued", "must be a date, not false"),
    ("issued = 2024-01-05", "issued = 2024-01-05T08:00:00", "plan.issued", "without a time"),
    ("issued = 2024-01-05", "issued = 0001-01-05", "plan.issued", "outside the years"),
    (ZONE, 'timezone = "Asia/Ho_Chi_Min"', "plan.timezone", "Asia/Ho_Chi_Minh"),
    (ZONE, 'timezone = "../etc/passwd"', "plan.timezone", "unknown time zone"),
    (ZONE, f'{ZONE}\nlanguage = "fr"', "plan.language", "there are: en, vi"),
    (ZONE, f'{ZONE}\nholidays = "VM"', "plan.holidays", "VN"),
    (ZONE, f'{ZONE}\nholidays = "DE-XX"', "plan.holidays", "no subdivision"),
    (ZONE, f'{ZONE}\nworkweek = ["mon", "tues"]', "plan.workweek[1]", "'tue'"),
    (ZONE, f"{ZONE}\nworkweek = []", "plan", "no working day"),
    (ZONE, f'{ZONE}\nlateness = "mild"', "plan.lateness", "'strict' or 'lenient'"),
    (ZONE, f'{ZONE}\noffice = {{ fax = "1" }}', "plan.office.fax", "phone"),
    ("[plan]", "[[plan]]", "plan", "[plan] on a line"),
    ('title = "Kế hoạch thi đua năm 2024"', 'title = ""', "plan.title", "empty"),
    ('title = "Kế hoạch thi đua năm 2024"', 'title = "a\\u202eb"', "plan.title", "U+202E"),
    ('title = "Kế hoạch thi đua năm 2024"', 'title = "a\\u0000b"', "plan.title", "U+0000"),
    ('title = "Kế hoạch thi đua năm 2024"', 'title = "a\\u0085b"', "plan.title", "U+0085"),
    ('title = "Kế hoạch thi đua năm 2024"', 'title = "a\\nBcc: b"', "plan.title", "one line"),
    ('lead = ["alpha"]', 'lead = ["alhpa"]', "groups.lead[0]", "did you mean alpha"),
    ('lead = ["alpha"]', 'lead = ["members"]', "groups.lead[0]", "unknown party"),
    ('lead = ["alpha"]', "lead = 7", "groups.lead", "must be a list"),
    ('lead = ["alpha"]', 'Lead = ["alpha"]\nlead = []', "groups.Lead", "cannot be an id"),
    ('lead = ["alpha"]', 'lead = []\nalpha = ["beta"]', "groups.alpha", "also the id of a party"),
    ('lead = ["alpha"]', 'lead = []\nbest = { chosen_by = "lead" }', "groups.best", "both `chosen_by` and `after`"),
    (
        'lead = ["alpha"]',
        'lead = []\nbest = { chosen_by = "led", after = "meeting" }',
        "groups.best.chosen_by",
        "did you mean lead",
    ),
    (
        'lead = ["alpha"]',
        'lead = []\nbest = { chosen_by = "lead", after = "meting" }',
        "groups.best.after",
        "did you mean meeting",
    ),
    (
        'lead = ["alpha"]',
        'lead = []\nbest = { chosen_by = "academy", after = "meeting" }',
        "groups.best.chosen_by",
        "external",
    ),
    (LADDER, '[ladder]\nat = "8 o\'clock"', "ladder.at", '"08:00"'),
    (LADDER, "[ladder]\nat = 08:00:00", "ladder.at", "in quotes"),
    (LADDER, '[ladder]\nat = "17:00"', "ladder.at", "wait for the next day"),
    (LADDER, '[ladder]\nhours = ["17:00", "08:00"]', "ladder.hours", "not before it closes"),
    (LADDER, '[ladder]\nhours = ["08:00"]', "ladder.hours", "two times"),
    (LADDER, '[ladder]\nbefore = ["2 weeks"]', "ladder.before[0]", "3 working days"),
    (LADDER, '[ladder]\nbefore = ["0 days"]', "ladder.before[0]", "from 1 to 999"),
    (LADDER, '[ladder]\nbefore = ["7 days", "7 days"]', "ladder.before[1]", '"7 days" is there twice'),
    (LADDER, '[ladder]\nbefore = ["target", "target"]', "ladder.before[1]", '"target" is there twice'),
    (LADDER, '[ladder]\nfix_date = ["7 days", "7 days"]', "ladder.fix_date[1]", "twice"),
    (LADDER, '[ladder]\nfix_date = ["target"]', "ladder.fix_date[0]", "not a count"),
    (LADDER, '[ladder]\non_named_day = "yes"', "ladder.on_named_day", "true or false"),
    (LADDER, "[ladder]\noverdue = { times = -1 }", "ladder.overdue.times", "at least 0"),
    (LADDER, "[ladder]\noverdue = false", "ladder.overdue", "must be a table"),
    (LADDER, '[ladder]\nescalate = [{ after = "2 days", to = "boss" }]', "ladder.escalate[0].to", "unknown group"),
    (LADDER, '[ladder]\nescalate = [{ after = "2 days", to = "academy" }]', "ladder.escalate[0].to", "external"),
    (
        LADDER,
        '[ladder]\nescalate = [\n  { after = "2 days", to = "lead" },\n  { after = "2 days", to = "beta" },\n]',
        "ladder.escalate[1].after",
        "twice",
    ),
    (LADDER, '[checks]\nsources = ["manual", "folder"]', "checks.folder", "needs the shared folder to look into"),
    (LADDER, '[checks]\nfolder = "/srv/nop"', "checks.folder", "is never looked into"),
    (LADDER, '[checks]\nsources = ["email"]', "checks.sources[0]", "'manual'"),
    ('id = "meeting"', 'id = "report"', "milestones[1].id", '"report" is there twice'),
    ('id = "meeting"', 'id = "report@2024-01-01"', "milestones[1].id", "cannot be an id"),
    ('id = "meeting"\n', "", "milestones[1].id", "required key `id`"),
    ('kind = "event"', 'kind = "party"', "milestones[1].kind", "'deadline' or 'event'"),
    ('responsible = "members"\n', "", "milestones[0].responsible", "required key `responsible`"),
    ('organiser = "lead"', 'responsible = "lead"', "milestones[1].organiser", "an event `organiser`"),
    ('responsible = "members"', 'responsible = "membres"', "milestones[0].responsible", "did you mean members"),
    ('responsible = "members"', 'responsible = ["beta", "academy"]', "milestones[0].responsible[1]", "external"),
    ('attendees = ["members"]', 'attendees = ["academy"]', "milestones[1].attendees[0]", "`guests`"),
    ('attendees = ["members"]', 'guests = ["acadmy"]', "milestones[1].guests[0]", "did you mean academy"),
    ('attendees = ["members"]', 'report_to = "acadmy"', "milestones[1].report_to", "did you mean academy"),
    (DEADLINE, "", "milestones[0]", "has no date"),
    (DEADLINE, f"{DEADLINE}\nby = 2024-03-16", "milestones[0].by", "more than one date: before, by"),
    (DEADLINE, "on = 2024-03-15", "milestones[0].on", "events only"),
    (DEADLINE, f'{DEADLINE}\ndeputy = "a vice head"', "milestones[0].deputy", "events only"),
    (DEADLINE, 'before = "2024-03-15"', "milestones[0].before", "without quotes"),
    (DEADLINE, 'before = "31/03/2024"', "milestones[0].before", "without quotes: 2024-03-31"),
    (DEADLINE, 'before = "5/3/2024 17h00"', "milestones[0].before", "without quotes: 2024-03-05T17:00:00"),
    (DEADLINE, 'before = "2024-03-15T17:00"', "milestones[0].before", "without quotes: 2024-03-15T17:00:00"),
    (DEADLINE, 'before = "31/02/2024"', "milestones[0].before", "in no calendar"),
    (DEADLINE, 'before = "mai"', "milestones[0].before", "without quotes: 2023-08-10"),
    ("issued = 2024-01-05", 'issued = "05/01/2024 08:00"', "plan.issued", "without quotes: 2024-01-05"),
    (DEADLINE, "before = true", "milestones[0].before", "must be a date, not true"),
    (DEADLINE, "before = 20240315", "milestones[0].before", "must be a date, not 20240315"),
    (DEADLINE, "before = 17:00:00", "milestones[0].before", "must be a date"),
    (DEADLINE, 'before = "2024-02-30"', "milestones[0].before", "in no calendar"),
    (DEADLINE, 'before = "2024-03-15"', "milestones[0].before", "must be a date, not"),
    (DEADLINE, "before = 2024-03-15T17:00:00+07:00", "milestones[0].before", "without offset: 2024-03-15 17:00:00"),
    (DEADLINE, f'{DEADLINE}\nforms = [{{ title = "A", file = "a.toml" }}]', "milestones[0].forms[0].file", "a.toml is"),
    (DEADLINE, f'{DEADLINE}\nforms = [{{ file = "a.docx" }}]', "milestones[0].forms[0].title", "required key `title`"),
    (DEADLINE, f'{DEADLINE}\nneeds = ["meting"]', "milestones[0].needs[0]", "did you mean meeting"),
    (DEADLINE, f'{DEADLINE}\nchannels = ["fax"]', "milestones[0].channels[0]", "'paper', 'email' or 'web'"),
    (DEADLINE, f"{DEADLINE}\ncondition = true", "milestones[0].condition", "must be a text"),
    (DEADLINE, f'{DEADLINE}\nsubmit_to = "here"', "milestones[0].submit_to", "must be a table"),
    (DEADLINE, f'{DEADLINE}\nladder = {{ befor = ["target"] }}', "milestones[0].ladder.befor", "before"),
    (DEADLINE, f'{DEADLINE}\nladder = {{ at = "18:00" }}', "milestones[0].ladder.at", "wait for the next day"),
    ('{ id = "text",', '{ id = "text", title = "a" },\n  { id = "text",', "milestones[0].deliverables[1].id", "twice"),
    ('{ id = "text",', '{ id = "text", pages = 3,', "milestones[0].deliverables[0].pages", "there are: id, title"),
    (EVENT, 'on = "2024-06-07"', "milestones[1].on", "without quotes"),
    (EVENT, "on = { from = 2024-06-07, to = 2024-06-06 }", "milestones[1].on", "before it begins"),
    (EVENT, "window = { from = 2024-06-07, to = 2024-06-06 }", "milestones[1].window", "before it begins"),
    (EVENT, "window = { from = 2024-06-07 }", "milestones[1].window.to", "required key `to`"),
    (EVENT, "undated = 3", "milestones[1].undated", "must be a text"),
    (EVENT, 'relative = { to = "repot", within = "5 days" }', "milestones[1].relative.to", "did you mean report"),
    (EVENT, 'relative = { to = "report" }', "milestones[1].relative", "exactly one of `within` and `before`"),
    (EVENT, 'relative = { to = "meeting", within = "5 days" }', "milestones[1].relative", "meeting -> meeting"),
    ('target = "100%"', 'target = "most"', "indicators[0].target", '"30%..50%"'),
    ('target = "100%"', 'target = "50%..30%"', "indicators[0].target", "not a target"),
    ('milestone = "report"', 'milestone = "reprot"', "indicators[0].measure.milestone", "did you mean report"),
    ('deliverable = "text"', 'deliverable = "txt"', "indicators[0].measure.deliverable", "did you mean text"),
    ('milestone = "report", deliverable = "text"', "manual = false", "indicators[0].measure", "or be manual"),
    ("[[indicators]]", "[[provisions]]\nquote = 'x'\n[[indicators]]", "provisions[0].section", "required key"),
]


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG_PLANS)
def test_a_wrong_plan_is_refused_with_one_problem(load: Load, old: str, new: str, key: str, words: str) -> None:
    assert PLAN.count(old) == 1
    loaded = load(plan=PLAN.replace(old, new))
    (problem,) = errors(loaded)
    assert (key, True) == (problem.key, words in f"{problem.message} {problem.hint}"), problem
    assert not loaded.definitions


RULE = 'recurring = {{ rule = "{}", boundary = "before"{} }}'


@pytest.mark.parametrize(
    ("rule", "more", "words"),
    [
        ("", "", "needs a FREQ"),
        ("FREQ=HOURLY", "", "a day or longer"),
        ("FREQ=DAILY;BYHOUR=1,2", "", "not times"),
        ("FREQ=DAILY;INTERVAL=0", "", "INTERVAL"),
        ("FREQ=MONTHLY;BYDAY=XX", "", "cannot be read"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "", "gives no day"),
        ("FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2;COUNT=3", "", "gives no day"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20240201", "", "both COUNT and UNTIL"),
        ("FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20241130T235959Z", "", "write UNTIL=20241130,"),
        ("FREQ=DAILY", ", until = 2034-01-01", "more than 1000"),
        ("FREQ=DAILY", ", until = 2023-01-01", "after it ends"),
        ("FREQ=DAILY", ", from = 2024-02-01, until = 2024-01-01", "before it begins"),
        ("DTSTART:20240101\\nRRULE:FREQ=DAILY", "", "one line"),
    ],
)
def test_a_recurring_rule_that_cannot_be_worked_with_is_refused(load: Load, rule: str, more: str, words: str) -> None:
    (problem,) = errors(load(plan=PLAN.replace(DEADLINE, RULE.format(rule, more))))
    assert problem.key is not None
    assert problem.key.startswith("milestones[0].recurring")
    assert words in problem.message + str(problem.hint)


WRONG_ROSTERS = [
    ('name = "Trường Beta"\n', "", "parties.beta.name", "required key `name`"),
    ("[parties.beta]", "[parties.beta]\nsucessor = 'x'", "parties.beta.sucessor", "did you mean successor"),
    ("[parties.beta]", "[parties.beta]\nsuccessor = 'alhpa'", "parties.beta.successor", "did you mean alpha"),
    ("[parties.beta]", "[parties.beta]\nsuccessor = 'beta'", "parties.beta.successor", "succeeds itself"),
    ("[parties.beta]", "[parties.beta]\nvalid_from = 2024-01-02\nvalid_to = 2024-01-01", "parties.beta", "valid"),
    ("[parties.beta]", "[parties.beta]\nexternal = 1", "parties.beta.external", "true or false"),
    ("external = true", "external = true\n[parties.'Đông']\nname = 'x'", "parties.Đông", "cannot be an id"),
    ('contacts = [{ name = "Cán bộ", email = "office@beta.edu.vn" }]', "", "parties.beta.contacts", "no contact"),
    ("office@beta.edu.vn", "office.beta.edu.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "a@b@beta.edu.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "of fice@beta.edu.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "hiệu@beta.edu.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "x" * 65 + "@beta.edu.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "office@beta..vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "office@-beta.vn", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "office@", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "<office@beta.edu.vn>", "parties.beta.contacts[0].email", "cannot be an e-mail"),
    ("office@beta.edu.vn", "a@b.vn\\r\\nBcc: c@d.vn", "parties.beta.contacts[0].email", "U+000D"),
    ('role = "head"', 'role = "boss"', "parties.alpha.contacts[1].role", "'officer', 'head' or 'assistant'"),
    ('role = "head"', 'language = "enn"', "parties.alpha.contacts[1].language", "did you mean en?"),
    ('role = "head"', "language = true", "parties.alpha.contacts[1].language", "text in quotes"),
    ('name = "Hiệu trưởng"', 'name = "a\\u2066b"', "parties.alpha.contacts[1].name", "U+2066"),
    ("[parties.academy]", "[partys]\n[parties.academy]", "partys", "did you mean parties"),
]


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG_ROSTERS)
def test_a_wrong_roster_is_refused_with_the_plans_it_serves(
    load: Load, old: str, new: str, key: str, words: str
) -> None:
    assert PARTIES.count(old) == 1
    loaded = load(parties=PARTIES.replace(old, new))
    (problem,) = errors(loaded)
    assert (key, True) == (problem.key, words in f"{problem.message} {problem.hint}"), problem
    assert not loaded.definitions


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("year = 2024", "year = 1", "year = 1"),
        (DEADLINE, "before = true", "before = true"),
        ('members = ["alpha", "beta"]', 'members = [\n  "alpha",\n  "gamma",\n]', '"gamma"'),
        ('responsible = "members"\n', "", '[[milestones]]\nid = "report"'),
    ],
)
def test_a_problem_has_the_line_of_its_key_or_of_the_table_around_it(load: Load, old: str, new: str, key: str) -> None:
    plan = PLAN.replace(old, new)
    (problem,) = errors(load(plan=plan))
    assert line_with(plan, key) == problem.line


def test_every_problem_is_told_at_once_and_from_top_to_bottom(load: Load) -> None:
    plan = PLAN.replace("year = 2024", "year = 1").replace('"08:00"', '"8"').replace(EVENT, "on = 3")
    loaded = load(plan=plan, parties=PARTIES.replace("office@beta.edu.vn", "nobody"))
    keys = ["plan.year", "ladder.at", "milestones[1].on", "parties.beta.contacts[0].email"]
    assert keys == [problem.key for problem in errors(loaded)]


def test_a_broken_milestone_is_not_also_called_unknown(load: Load) -> None:
    plan = PLAN.replace(DEADLINE, "before = 1").replace(EVENT, f'{EVENT}\nneeds = ["report"]')
    assert [problem.key for problem in errors(load(plan=plan))] == ["milestones[0].before"]


def test_a_circle_of_needs_is_named(load: Load) -> None:
    plan = PLAN.replace(DEADLINE, f'{DEADLINE}\nneeds = ["meeting"]').replace(EVENT, f'{EVENT}\nneeds = ["report"]')
    (problem,) = errors(load(plan=plan))
    assert problem.message in (
        "needs itself: report -> meeting -> report",
        "needs itself: meeting -> report -> meeting",
    )


def test_a_date_cannot_be_counted_from_something_that_recurs(load: Load) -> None:
    plan = PLAN.replace(DEADLINE, RULE.format("FREQ=MONTHLY", "")).replace(
        EVENT, 'relative = { to = "report", within = "5 days" }'
    )
    assert [problem.key for problem in errors(load(plan=plan))] == ["milestones[1].relative.to"]


def test_a_successor_of_a_mailed_party_must_be_reachable_too(load: Load) -> None:
    parties = PARTIES.replace("[parties.beta]", '[parties.beta]\nsuccessor = "gamma"')
    (problem,) = errors(load(parties=f'{parties}\n[parties.gamma]\nname = "Trường Gamma"\n'))
    assert problem.key == "parties.gamma.contacts"


def test_a_plan_without_a_roster_says_so(load: Load) -> None:
    problems = errors(load(parties="parties = {}"))
    assert {"unknown party 'alpha'", "unknown party 'beta'"} == {problem.message for problem in problems}


def test_a_broken_roster_does_not_make_every_party_unknown(load: Load) -> None:
    (problem,) = errors(load(parties=PARTIES + "[parties.gamma\n"))
    assert problem.code == "syntax"


def test_a_syntax_error_is_told_in_our_words_with_its_line(load: Load) -> None:
    (problem,) = errors(load(plan=PLAN.replace("year = 2024", "year == 2024")))
    assert (problem.line, problem.hint) == (7, "line 7 reads: year == 2024")
    assert problem.message == "is not valid TOML: this is no value: a text stands in quotes, a date without them"
