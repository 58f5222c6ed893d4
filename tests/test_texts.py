"""Texts that keep their pattern, so that they can be translated where they are shown, and kept in the record."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import Before, DayCount
from scheduler.texts import LANGUAGES, Text, Worded, decode, encode, join, plural, replace
from scheduler.wording import format_span, languages
from scheduler.wording.sentences import translate, word_form, word_reason

FAILED = Text("failed: {failed}", failed="outage summary")


def test_a_text_is_the_english_words() -> None:
    assert (FAILED, json.dumps(FAILED), f"{FAILED}!") == (
        "failed: outage summary",
        '"failed: outage summary"',
        "failed: outage summary!",
    )


def test_a_text_is_said_in_the_language_of_its_reader() -> None:
    assert (translate(FAILED, "vi"), translate(FAILED, "en")) == ("không thực hiện được: outage summary", FAILED)


def test_other_words_stay_as_they_are() -> None:
    """A server's, a person's."""
    assert translate("550 no such user", "vi") == "550 no such user"


@pytest.mark.parametrize(
    ("value", "english", "vietnamese"),
    [
        (date(2023, 3, 1), "2023-03-01", "01/3/2023"),
        (DayCount(3, "working days"), "3 working days", "03 ngày làm việc"),
        (Worded(partial(format_span, timedelta(hours=2))), "2 hours", "02 giờ"),
        (Text("the plan"), "the plan", "kế hoạch"),
        (UserError(Text("the plan")), "the plan", "kế hoạch"),
        (reasons.CHOSEN, "the parties were chosen", "đã xác định đơn vị"),
        ("hop", "hop", "hop"),
    ],
)
def test_the_values_of_a_text_are_said_in_its_language(value: object, english: str, vietnamese: str) -> None:
    text = Text("failed: {failed}", failed=value)
    assert (text, translate(text, "vi")) == (f"failed: {english}", f"không thực hiện được: {vietnamese}")


def test_texts_that_are_put_together_are_still_translated() -> None:
    several = join("; ", [Text("the plan"), "hop"]) + ": " + FAILED
    assert several == "the plan; hop: failed: outage summary"
    assert translate("m5: " + several, "vi") == "m5: kế hoạch; hop: không thực hiện được: outage summary"


def test_a_text_about_a_number_has_a_pattern_for_one() -> None:
    words = ("{number} error", "{number} errors")
    assert [plural(*words, number) for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
    assert translate(plural(*words, 2), "vi") == "2 lỗi"


def test_a_reason_and_a_date_are_said_as_listings_print_them() -> None:
    moved = word_reason(reasons.date_moved(date(2023, 3, 1)))
    assert (moved, translate(moved, "vi")) == ("the date moved to 2023-03-01", "thời hạn chuyển sang ngày 01/3/2023")
    form = word_form(Before(date(2023, 3, 20)))
    assert (form, translate(form, "vi")) == ("before 2023-03-20", "trước ngày 20/3/2023")


def test_a_copy_is_translated_too() -> None:
    for copied in (deepcopy(FAILED), pickle.loads(pickle.dumps(FAILED))):
        assert translate(copied, "vi") == translate(FAILED, "vi")


def test_the_record_keeps_a_text_so_that_it_can_be_translated() -> None:
    whole = Text("{result}: {reply}", result=Text("not sent"), reply="550 no")
    kept = decode(encode(whole))
    assert (kept, translate(kept, "vi")) == ("not sent: 550 no", translate(whole, "vi"))
    reason = reasons.decode(reasons.encode(reasons.given_up(3, whole)))
    assert translate(word_reason(reason), "vi") == f"dừng sau 3 ngày: {translate(whole, 'vi')}"


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 5, 1),
        datetime(2024, 5, 1, 8, tzinfo=UTC),
        word_reason(reasons.given_up(3, "x")),
        UserError(Text("{name} is not empty", name="var")),
        1.5,
    ],
)
def test_the_values_of_a_kept_text_are_still_said_in_the_language_of_its_reader(value: object) -> None:
    whole = join("; ", [Text("{file}: {words}", file="x", words=value)])
    assert translate(decode(encode(whole)), "vi") == translate(whole, "vi")
    assert decode(encode(whole)) == whole


def test_words_that_only_a_function_can_say_are_kept_in_every_language() -> None:
    words = word_reason(reasons.given_up(3, "x"))
    assert [translate(decode(encode(words)), language) for language in LANGUAGES] == [words.say("en"), words.say("vi")]
    assert sorted(LANGUAGES) == sorted(languages())


def test_what_says_nothing_is_nothing_in_every_language() -> None:
    """For "" gettext has the heading of the catalogue."""
    assert [translate(Text(""), "vi"), translate(join("; ", []), "vi")] == ["", ""]


def test_a_password_is_masked_and_the_rest_still_translated() -> None:
    whole = Text("{result}: {reply}", result=Text("not sent"), reply="550 s3cret")
    masked = replace(whole, "s3cret", "***")
    assert (masked, translate(masked, "vi")) == ("not sent: 550 ***", translate(whole, "vi").replace("s3cret", "***"))
    assert replace("550 s3cret", "s3cret", "***") == "550 ***"


def test_words_and_texts_are_put_together_in_any_order() -> None:
    words = word_reason(reasons.given_up(3, "x"))
    assert translate("f1: " + words + "!", "vi") == f"f1: {words.say('vi')}!"


@given(st.text())
def test_other_words_come_back_from_the_record_as_they_were(words: str) -> None:
    assert decode(encode(words)) == words


@pytest.mark.parametrize("words", ['["text","{0.__class__}",{}]', '["text",', '["text","{a}",[]]', '["text"]'])
def test_words_that_look_like_a_text_are_words(words: str) -> None:
    """No server writes a pattern into the record, and nothing that cannot be read is lost."""
    assert (decode(encode(words)), str(decode(words))) == (words, words)
