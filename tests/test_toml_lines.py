"""Every key is found on the line where a person reads it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.toml_lines import find_lines, line_of, spell

TEXT = '''\
# a comment with [brackets] and "quotes"
schema = 1

[plan]
title = """first
id = "not a key"
[not.a.table]
"""
"quoted key" = 'a # no comment'
office.name = "x"        # "

[[milestones]]
id = "a"
deliverables = [         # over several lines
  { id = "one", title = "]" },
  # between
  { id = "two", title = """
  long """ },
]
[milestones.ladder]
at = "08:00"
[[milestones.parts]]
x = 1
[[milestones.parts]]
x = 2

[[milestones]]
words = \'\'\'
it's [[milestones]]\'\'\'\'
before = 2024-03-15 17:00:00
hours = ["08:00", [1.5, 2]]
last = { from = 2024-01-01, to = 2024-01-02 }
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("schema",), 2),
        (("plan",), 4),
        (("plan", "title"), 5),
        (("plan", "quoted key"), 9),
        (("plan", "office", "name"), 10),
        (("milestones", 0), 12),
        (("milestones", 0, "deliverables"), 14),
        (("milestones", 0, "deliverables", 0, "title"), 15),
        (("milestones", 0, "deliverables", 1), 17),
        (("milestones", 0, "deliverables", 1, "title"), 17),
        (("milestones", 0, "ladder", "at"), 21),
        (("milestones", 0, "parts", 1, "x"), 25),
        (("milestones", 1), 27),
        (("milestones", 1, "before"), 30),
        (("milestones", 1, "hours", 1, 1), 31),
        (("milestones", 1, "last", "to"), 32),
    ],
)
def test_a_key_has_the_line_it_is_written_on(key: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert line == find_lines(TEXT)[key]


def test_text_inside_a_multi_line_string_is_no_key() -> None:
    lines = find_lines(TEXT)
    assert ("plan", "id") not in lines
    assert ("not",) not in lines


def test_a_missing_key_has_the_line_of_the_table_it_is_missing_from() -> None:
    lines = find_lines(TEXT)
    assert line_of(lines, ("milestones", 1, "kind")) == 27
    assert line_of(lines, ("nowhere",)) is None


def test_windows_line_ends_do_not_change_the_lines() -> None:
    assert find_lines(TEXT.replace("\n", "\r\n")) == find_lines(TEXT)


def test_a_key_is_spelled_as_people_read_it() -> None:
    assert spell(("milestones", 2, "ladder", "before", 0)) == "milestones[2].ladder.before[0]"
    assert spell(("parties", "a b")) == 'parties."a b"'


scalars = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet="ab\"\\#[]{}=,.\n'đ", max_size=8),
    st.dates(),
)
names = st.text(alphabet="abc-_.# \"'é", max_size=4)
documents = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def quoted(text: str) -> str:
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text) + '"'


def written(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(k)} = {written(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[\n" + "".join(f"{written(item)}, # ]\n" for item in value) + "]"
    if isinstance(value, str):
        return f'"""\n{quoted(value)[1:-1]}"""' if len(value) % 2 else quoted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def keys_in(value: object, key: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    found = {(*key, part) for part, _ in inner}
    return found.union(*(keys_in(item, (*key, part)) for part, item in inner)) if found else found


@given(document=documents)
def test_every_key_of_any_document_is_found_and_nothing_else(document: dict[str, object]) -> None:
    text = "".join(f"{quoted(key)} = {written(value)}\n" for key, value in document.items())
    assert tomllib.loads(text).keys() == document.keys()
    assert find_lines(text).keys() == keys_in(document)
