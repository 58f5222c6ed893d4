"""Mistakes in files that people write, said in our words and in their language."""

from __future__ import annotations

import tomllib

import pytest

from scheduler.validation import describe_syntax, describe_wanted
from scheduler.wording.sentences import translate


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"),
    [
        ("a = 2027-02-30", "there is no such date or time", "ngày hoặc giờ này không tồn tại"),
        ("a = tru", 'a text stands in quotes: "..."', "văn bản đặt trong"),
        ("a = ,", "this is no value: a text stands in quotes, a date without them", "giá trị không hợp lệ"),
        ("a = 127.0.0.1", 'a text stands in quotes: "..."', "văn bản đặt trong"),
        ("a = 10/3/2027", "a date is written without quotes, the year first: 2027-03-10", "ngày"),
        ("a = “x”", 'curly quotes stand where straight ones are meant: "', "dấu ngoặc kép cong"),
        ('a = "x”', 'curly quotes stand where straight ones are meant: "', "dấu ngoặc kép cong"),
        ("ă = 1", "this is neither a [heading], nor key = value, nor a # comment", "dòng này"),
        ("a b", '"=" is missing after the key', 'thiếu dấu "=" sau tên khóa'),
        ("[a", '"]" is missing at the end of the heading', 'thiếu dấu "]"'),
        ("a = 1 2", "something follows the value on the same line", "còn nội dung khác"),
        ("a = 'x", "the quotes of a text are not closed", "văn bản chưa có dấu"),
        ("a = [1", "the brackets of a list are not closed", "danh sách chưa có dấu"),
        ("a = 1\na = 2", "a key is there twice", "một khóa được ghi hai lần"),
        ("[a.b-c]\n[a.b-c]", "[a.b-c] is there twice", "[a.b-c] được ghi hai lần"),
        ("a = {b = 1,}", "this is no key: letters without accents, digits, - and _", "tên khóa"),
        ("a.b = 1\na.b.c = 2", "a key is there twice", "một khóa được ghi hai lần"),
    ],
)
def test_a_mistake_of_syntax_is_said_without_its_place(text: str, english: str, vietnamese: str) -> None:
    """The problem has the place."""
    with pytest.raises(tomllib.TOMLDecodeError) as refused:
        tomllib.loads(text)
    said = describe_syntax(str(refused.value), text.splitlines()[-1])
    assert said == english
    assert translate(said, "vi").startswith(vietnamese)


@pytest.mark.parametrize(
    ("mistake", "context", "english", "vietnamese"),
    [
        ("literal_error", {"expected": "'a', 'b' or 'c'"}, "'a', 'b' or 'c'", "'a', 'b' hoặc 'c'"),
        ("literal_error", {"expected": "'a'"}, "'a'", "'a'"),
        ("less_than_equal", {"le": 9}, "at most 9", "không quá 9"),
        ("int_parsing", {}, "a whole number", "số nguyên"),
    ],
)
def test_what_a_value_must_be_is_said(mistake: str, context: dict[str, object], english: str, vietnamese: str) -> None:
    said = describe_wanted(mistake, context)
    assert said is not None
    assert (str(said), vietnamese in translate(said, "vi")) == (english, True)


def test_what_nobody_has_foreseen_is_left_to_the_library() -> None:
    assert describe_wanted("too_long", {}) is None
