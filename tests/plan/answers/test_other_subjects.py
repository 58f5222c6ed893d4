"""Names of other parties are found in a subject or the name of a file."""

from __future__ import annotations

from scheduler.plan.answers.other_subjects import NameIndex


def test_names_of_two_words_are_found_together_or_apart() -> None:
    index = NameIndex(["Nghệ An", "Trường Chính trị Lê Duẩn", "Huế"])
    assert index.find(["Báo cáo nghe an 2023", "x"]) == {"Nghệ An"}
    assert index.find(["BaocaoNgheAn", "truong-chinh-tri-le-duan.pdf"]) >= {"Trường Chính trị Lê Duẩn"}
    assert index.find(["Huế", ""]) == frozenset()
    assert NameIndex([]).find(["Nghệ An"]) == frozenset()
