"""What a person wrote is told from what is quoted, in the forms of the programs that are used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.inbox.quoted_text import trim_quote


@pytest.mark.parametrize(
    "quote",
    [
        "Vào Th 5, 19 thg 11, 2026 vào lúc 07:30 Cụm <a@b.example> đã viết:\n\n> Kính gửi\n>\n> nộp",
        "Vào Th 5, 19 thg 11, 2026 vào lúc 07:30 Cụm Thi đua khu vực <\na@b.example> đã viết:\n\n> Kính gửi",
        "Vào 23/11/2026 7:30 SA, Cụm Thi đua đã viết:\n> Kính gửi",
        "Vào 23 thg 11, 2026, lúc 07:30, Cụm <a@b.example> đã viết:\n\nKính gửi",
        "Ngày 23/11/2026 lúc 7:30, Cụm viết:\n> Kính gửi",
        "On Mon, Nov 23, 2026 at 7:30 AM Cum <a@b.example> wrote:\n> Kính gửi",
        "On Mon, Nov 23, 2026 at 7:30 AM Cụm Thi đua khu vực\nBắc Trung Bộ\n<a@b.example> wrote:\n\n> Kính gửi",
        "Từ: Cụm <a@b.example>\nĐã gửi: Thứ Hai, 23 tháng 11, 2026\nĐến: An\nChủ đề: Nhắc\n\nKính gửi",
        "*Từ:* Cụm <a@b.example>\n*Ngày:* 23/11/2026\n\nKính gửi",
        "From: Cum <a@b.example>\nSent: Monday, November 23, 2026\n\nKính gửi",
        "________________________________\nTừ: Cụm\nKính gửi",
        "-----Original Message-----\nFrom: Cum\nKính gửi",
        "----- Thư gốc -----\nTừ: Cụm\nKính gửi",
        "---------- Forwarded message ---------\nFrom: Cum",
        "--- Trả lời phía trên dòng này ---\nKính gửi",
        "> Kính gửi",
        "-- \nVăn thư\nĐT: 024",
        "Đã gửi từ iPhone của tôi",
        "Sent from my iPhone",
        "Gửi từ Outlook cho Android",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
    ],
)
def test_what_follows_the_answer_is_left_out(quote: str) -> None:
    """As Gmail, Outlook, Thunderbird, Zimbra and phones write it, in Vietnamese and English."""
    answer = "Trường xin nộp báo cáo.\n\nTrân trọng"
    assert trim_quote(f"{answer}\n\n{quote}\n") == answer
    assert trim_quote(f"{answer}\n\n{quote}\n".replace("\n", "\r\n")) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Vào thứ Hai trường sẽ nộp.\nĐồng chí An đã viết báo cáo.",
        "Từ: tháng 9 đến tháng 12 trường đã làm xong.",
        "On Monday we shall send it.",
        "Kính gửi -- văn phòng",
        "Số liệu: 3 > 2",
        "Ngày 1/6 Hiệu trưởng có bút phê viết:\nĐồng ý.",
        "Lúc 7:30 đồng chí An viết:\nĐồng ý.",
        "Phần I\n--\nPhần II",
    ],
)
def test_words_that_only_look_like_a_quote_stay(text: str) -> None:
    """Whole sentences of a person."""
    assert trim_quote(text) == text


def test_an_answer_below_or_between_the_quoted_lines_stays() -> None:
    """Some write there."""
    text = "Vào 23/11/2026, Cụm đã viết:\n> Báo cáo?\n\nĐã nộp.\n\n> Thống kê?\n\nChưa có.\n\n-- \nAn"
    assert trim_quote(text) == "Đã nộp.\n\nChưa có."


@given(st.text(st.sampled_from("Vào đãviết:>_-\nTừ:Gửi"), max_size=300))
def test_only_whole_lines_are_left_out(text: str) -> None:
    """None is changed, and none comes twice."""
    lines = [line.strip() for line in text.splitlines()]
    for line in trim_quote(text).splitlines():
        assert line in lines


def test_a_sentence_before_the_line_above_a_quote_stays() -> None:
    """Although that line may go over several."""
    text = "Ngày 1/6 trường đã nộp.\nVào 23/11/2026 7:30, Cụm đã viết:\nBáo cáo?"
    assert trim_quote(text) == "Ngày 1/6 trường đã nộp."
