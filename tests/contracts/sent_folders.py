"""What every sent folder does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.errors import UserError
from scheduler.ports import SentFolder

Keep = Callable[[str], object]


class SentFolderContract:
    """Is looked into: `sent_folder`, where `keep` puts a mail by its Message-ID, and `broken`, which cannot be."""

    def test_what_lies_there_is_found_and_nothing_else(self, sent_folder: SentFolder, keep: Keep) -> None:
        keep("<1@hanchot.example>")
        keep("<2@hanchot.example>")
        found = [sent_folder.has(f"<{number}@hanchot.example>") for number in (1, 2, 3)]
        assert found == [True, True, False]

    def test_only_the_whole_id_counts(self, sent_folder: SentFolder, keep: Keep) -> None:
        keep("<12@hanchot.example>")
        assert not sent_folder.has("<2@hanchot.example>")
        assert not sent_folder.has("<12@hanchot.exam>")

    def test_what_comes_later_is_seen_by_the_next_look(self, sent_folder: SentFolder, keep: Keep) -> None:
        keep("<1@hanchot.example>")
        assert not sent_folder.has("<2@hanchot.example>")
        keep("<2@hanchot.example>")
        assert [sent_folder.has(f"<{number}@hanchot.example>") for number in (1, 2)] == [True, True]

    def test_where_nobody_can_look_it_says_so_with_the_way_out(self, broken: SentFolder) -> None:
        with pytest.raises(UserError) as refused:
            broken.has("<1@hanchot.example>")
        assert all(problem.hint for problem in refused.value.problems)
