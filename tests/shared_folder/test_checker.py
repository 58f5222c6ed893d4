"""The source `folder`: what lies in a party's folder is recorded if it is certain, and else holds the next reminder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.documents.blob_store import BlobStore
from scheduler.plan.facts import Actor, Declared, Received
from scheduler.plan.model import Checks, Deliverable, Plan
from scheduler.ports import Document
from scheduler.shared_folder.checker import FolderChecker
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import DaemonFixture, due_by, plan, report, signed
from tests.support.plan_builders import EVERY_DAY, at
from tests.support.received_mails import PDF

DOCUMENTS = (
    Deliverable(id="ke-hoach", title="Kế hoạch triển khai phong trào thi đua"),
    Deliverable(id="danh-sach", title="Danh sách cán bộ phụ trách"),
)
MARCH = at(3, 2, 9)
OTHER_PDF = PDF + b"\n% another one"


@pytest.fixture
def store() -> Iterator[SqlStore]:
    opened = open_store("sqlite://")
    yield opened
    opened.close()


class Office:
    """A daemon that looks into a real folder."""

    def __init__(self, store: SqlStore, folder: Path, watched: Plan, *, start: datetime = MARCH) -> None:
        self.root = folder / "shared"
        self.blobs = BlobStore(folder / "documents", SystemClock().now)
        self.checker = FolderChecker(store=store, resolve=folder.joinpath, keep=self.blobs.keep_pieces)
        self.daemon = DaemonFixture(store, watched, start=start, checkers=[self.checker])
        (self.root / "beta" / "report").mkdir(parents=True)

    def put(self, name: str, content: bytes = PDF, *, party: str = "beta", milestone: str = "report") -> Path:
        """Put a file into the folder of an obligation."""
        file = self.root / party / milestone / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (0, 0))
        return file

    @property
    def received(self) -> list[Received]:
        """Return the submissions on record."""
        return [fact for fact in self.daemon.facts() if isinstance(fact, Received)]

    @property
    def held(self) -> list[Declared]:
        """Return what holds the next reminder."""
        return [fact for fact in self.daemon.facts() if isinstance(fact, Declared)]

    def documents(self) -> list[Document]:
        """Return the files that were kept with submissions."""
        ids = [fact.id for fact in self.received]
        with self.daemon.store.reading() as view:
            return list(view.documents.of(ids))

    def seen(self, party: str = "beta") -> str:
        """Return what the last check saw of a party."""
        with self.daemon.store.reading() as view:
            return next(row.seen for row in view.journal.checks("plan") if row.party == party)

    def failed(self) -> list[str]:
        """Return why the folder could not be looked at in the last check."""
        with self.daemon.store.reading() as view:
            return [one.words for one in view.journal.failed_sources("plan")]


def watched(**details: object) -> Plan:
    return plan(report(**details), checks=Checks(sources=("folder",), folder="shared"))


@pytest.fixture
def office(store: SqlStore, tmp_path: Path) -> Office:
    return Office(store, tmp_path, watched(deliverables=DOCUMENTS))


@pytest.fixture
def simple(store: SqlStore, tmp_path: Path) -> Office:
    """Return an office whose plan names no documents."""
    return Office(store, tmp_path, watched())


# ---- what is certain


def test_documents_in_the_folder_are_recorded_and_end_the_reminders(office: Office) -> None:
    office.put("Kế hoạch.pdf")
    office.put("Danh sách cán bộ.pdf", OTHER_PDF)
    office.daemon.live(at(3, 20, 12))
    [fact] = office.received
    assert (fact.milestone, fact.party, fact.channel, fact.by) == ("report", "beta", "email", Actor("source", "folder"))
    assert (fact.deliverables, fact.happened_at) == (("ke-hoach", "danh-sach"), at(3, 2, 9))
    assert set(fact.files) == {"Kế hoạch.pdf", "Danh sách cán bộ.pdf"}
    assert office.daemon.left() == ["03-02 09:00 receipt"]
    assert office.seen().startswith("found: ")


def test_the_files_are_kept_with_the_record(office: Office) -> None:
    """Whatever becomes of the folder."""
    file = office.put("Kế hoạch.pdf")
    office.daemon.tick()
    file.unlink()
    [document] = office.documents()
    assert (document.name, document.kind, document.size) == ("Kế hoạch.pdf", "application/pdf", len(PDF))
    with office.blobs.open(document.digest) as stream:
        assert stream.read() == PDF


def test_a_part_is_recorded_once_and_what_follows_by_itself(office: Office) -> None:
    office.put("Kế hoạch.pdf")
    office.daemon.live(at(3, 6, 9))
    assert [fact.deliverables for fact in office.received] == [("ke-hoach",)]
    assert office.seen() == "recorded before: Kế hoạch.pdf"
    office.put("Danh sách cán bộ.pdf", OTHER_PDF)
    office.daemon.live(at(3, 7, 9))
    assert [fact.deliverables for fact in office.received] == [("ke-hoach",), ("danh-sach",)]
    assert [document.name for document in office.documents()] == ["Kế hoạch.pdf", "Danh sách cán bộ.pdf"]


def test_what_a_person_took_back_is_not_recorded_again(office: Office) -> None:
    """Not even beside something new."""
    office.put("Kế hoạch.pdf")
    office.daemon.tick()
    office.daemon.undo(office.received[0])
    office.put("Danh sách cán bộ.pdf", OTHER_PDF)
    office.daemon.live(at(3, 7, 9))
    assert [fact.files for fact in office.received] == [("Kế hoạch.pdf",), ("Danh sách cán bộ.pdf",)]


def test_after_a_return_only_another_file_counts(simple: Office) -> None:
    simple.put("Báo cáo.pdf")
    simple.daemon.tick()
    simple.daemon.record("returned", notify=False)
    simple.daemon.live(at(3, 6, 9))
    assert len(simple.received) == 1
    simple.put("Báo cáo.pdf", OTHER_PDF)
    simple.daemon.live(at(3, 7, 9))
    assert len(simple.received) == 2


def test_a_renamed_file_is_the_same(simple: Office) -> None:
    file = simple.put("Báo cáo.pdf")
    simple.daemon.tick()
    simple.daemon.record("returned", notify=False)
    file.rename(file.with_name("Báo cáo mới.pdf"))
    simple.daemon.live(at(3, 7, 9))
    assert len(simple.received) == 1


def test_a_former_name_of_the_party_or_of_the_milestone_names_its_folder(store: SqlStore, tmp_path: Path) -> None:
    renamed = watched(was=("old-report",))
    beta = replace(renamed.parties["beta"], was=("old-beta",))
    office = Office(store, tmp_path, signed(replace(renamed, parties={**renamed.parties, "beta": beta})))
    office.put("Báo cáo.pdf", party="old-beta", milestone="old-report")
    office.daemon.tick()
    assert [fact.party for fact in office.received] == ["beta"]


# ---- what is not


def test_what_is_unclear_holds_the_next_reminder_and_tells_nobody(office: Office) -> None:
    """A name that means neither document is never guessed."""
    office.daemon.live(at(3, 6, 9))
    office.put("scan001.pdf")
    office.daemon.live(at(3, 13, 9))
    [said] = office.held
    assert (office.received, said.by, said.is_silent) == ([], Actor("source", "folder"), True)
    assert office.daemon.left() == ["03-03 08:00 before:14d"]
    assert office.daemon.row("before:7d").state in ("skipped", "cancelled")
    assert office.seen() == "found: scan001.pdf; its documents cannot be told apart"


def test_what_was_unclear_is_recorded_once_its_name_says_what_it_is(office: Office) -> None:
    office.daemon.live(at(3, 6, 9))
    file = office.put("scan001.pdf")
    office.daemon.live(at(3, 7, 9))
    file.rename(file.with_name("Kế hoạch.pdf"))
    office.daemon.live(at(3, 8, 9))
    assert [fact.deliverables for fact in office.received] == [("ke-hoach",)]


def test_only_what_nobody_can_open_holds_the_next_reminder_too(simple: Office) -> None:
    simple.daemon.live(at(3, 6, 9))
    simple.put("Báo cáo.rar", b"Rar!")
    simple.daemon.live(at(3, 7, 9))
    assert (simple.received, len(simple.held)) == ([], 1)
    assert simple.seen() == "Báo cáo.rar is of a kind that is not kept"


def test_more_files_than_a_form_takes_are_for_a_person(simple: Office) -> None:
    simple.daemon.live(at(3, 6, 9))
    for number in range(11):
        simple.put(f"{number}.pdf", PDF + str(number).encode())
    simple.daemon.live(at(3, 7, 9))
    assert (simple.received, len(simple.held)) == ([], 1)
    assert "and 1 more; more than 10 files, so a person has to look" in simple.seen()


def test_a_conflict_copy_counts_neither_beside_the_original_nor_instead_of_it(simple: Office) -> None:
    copy = simple.put("Báo cáo (conflicted copy 2023-03-01).pdf", OTHER_PDF)
    simple.daemon.live(at(3, 6, 9))
    assert (simple.received, simple.held) == ([], [])
    assert simple.seen() == f"{copy.name} is a conflict copy, which does not count"
    simple.put("Báo cáo.pdf")
    simple.daemon.live(at(3, 7, 9))
    assert [fact.files for fact in simple.received] == [("Báo cáo.pdf",)]


def test_another_partys_name_is_a_doubt(store: SqlStore, tmp_path: Path) -> None:
    known = watched()
    gamma = replace(known.parties["gamma"], name="Trường Chính trị Gamma Delta")
    office = Office(store, tmp_path, signed(replace(known, parties={**known.parties, "gamma": gamma})))
    office.put("Báo cáo Trường Chính trị Gamma Delta.pdf")
    office.daemon.tick()
    assert office.received == []
    assert "Gamma Delta" in office.seen()


def test_very_many_remarks_are_cut(simple: Office) -> None:
    for number in range(20):
        simple.put(f"{number:02}.pdf", b"")
    simple.daemon.tick()
    assert simple.seen().endswith("11.pdf is empty; and 8 more")


def test_an_empty_folder_and_none_at_all_are_told_apart(simple: Office) -> None:
    simple.daemon.tick()
    assert (simple.seen("beta"), simple.seen("gamma")) == ("no files", "no folder")


# ---- what cannot be looked at


def test_a_shared_folder_that_is_not_there_is_told(simple: Office) -> None:
    simple.root.rename(simple.root.with_name("elsewhere"))
    simple.daemon.tick()
    [words] = simple.failed()
    assert "shared cannot be read: No such file or directory" in words
    assert simple.daemon.logged("trouble") == [f"the source folder could not be looked at: {words}"]


def test_a_drive_that_is_not_mounted_is_told(simple: Office) -> None:
    """An empty folder stays where it was."""
    (simple.root / "beta" / "report").rmdir()
    (simple.root / "beta").rmdir()
    simple.daemon.tick()
    assert "holds no folder of any party" in simple.failed()[0]


def test_one_folder_that_cannot_be_read_is_told_and_the_others_are_looked_at(simple: Office) -> None:
    (simple.root / "gamma").symlink_to(simple.root / "beta")
    simple.put("Báo cáo.pdf")
    simple.daemon.tick()
    assert [fact.party for fact in simple.received] == ["beta"]
    assert simple.seen("gamma") == "gamma/report cannot be read: Not a directory"
    assert simple.failed() == ["gamma/report cannot be read: Not a directory"]
    [told] = simple.daemon.logged("trouble")
    assert "the source folder could not be looked at everywhere: report of gamma" in told


def test_a_link_of_a_former_name_hides_no_folder(store: SqlStore, tmp_path: Path) -> None:
    """Somebody renames a folder, and leaves a link for those who know the old name."""
    renamed = Office(store, tmp_path, watched(was=("old-report",)))
    renamed.put("Báo cáo.pdf")
    (renamed.root / "beta" / "old-report").symlink_to(renamed.root / "beta" / "report")
    renamed.daemon.tick()
    assert len(renamed.received) == 1
    assert renamed.failed() == []


def test_two_documents_are_never_told_apart_by_their_number(office: Office) -> None:
    """A folder fills over days: two photos may be two pages of one document."""
    office.put("scan001.pdf")
    office.put("scan002.pdf", OTHER_PDF)
    office.daemon.live(at(3, 3, 12))
    assert office.received == []
    office.put("Kế hoạch.pdf", PDF + b"\n% the plan")
    (office.root / "beta" / "report" / "scan002.pdf").unlink()
    office.daemon.live(at(3, 6, 12))
    assert office.received == []


def test_a_file_that_is_older_than_the_plan_is_for_a_person(store: SqlStore, tmp_path: Path) -> None:
    """It may be last year's; the folder has the same name every year."""
    begin, checks = date(2099, 2, 1), Checks(sources=("folder",), folder="shared")
    years = {"issued": begin, "remind_from": begin, "year": 2099, "workdays": EVERY_DAY}
    later = plan(due_by(date(2099, 3, 17)), checks=checks, **years)
    office = Office(store, tmp_path, later, start=at(3, 2, 9, year=2099))
    office.put("Báo cáo.pdf")
    office.daemon.tick()
    assert (office.received, "a file is older than the plan" in office.seen()) == ([], True)


def test_what_lay_there_before_a_return_is_for_a_person(simple: Office) -> None:
    simple.put("Báo cáo.pdf")
    simple.daemon.tick()
    simple.put("Báo cáo mới.pdf", OTHER_PDF)
    simple.daemon.clock.instant = at(3, 2, 10)
    before = simple.daemon.clock.instant
    simple.daemon.record("returned", note="not signed")
    assert simple.daemon.clock.instant == before
    simple.daemon.live(at(3, 3, 12))
    assert len(simple.received) == 2, "it was put there after the return, as this machine's clock says"


@pytest.mark.parametrize(
    "name", ["Báo cáo (nháp).pdf", "Mẫu báo cáo.pdf", "Hướng dẫn.pdf", "Báo cáo năm trước.pdf", "README.pdf"]
)
def test_drafts_forms_and_guides_are_for_a_person(simple: Office, name: str) -> None:
    simple.put(name)
    simple.daemon.live(at(3, 6, 12))
    assert simple.received == []
    assert "it says" in simple.seen()


def test_while_a_file_is_being_written_the_next_reminder_waits(simple: Office) -> None:
    simple.daemon.live(at(3, 3, 12))
    simple.put("Báo cáo.pdf", PDF[:-20])
    simple.daemon.live(at(3, 10, 12))
    assert (simple.received, len(simple.held)) == ([], 1)
    assert simple.daemon.left() == ["03-03 08:00 before:14d"]


def test_what_lies_beside_the_folders_of_tasks_is_told(simple: Office) -> None:
    """Somebody put it a folder too high, or wrote the name otherwise."""
    simple.put("Báo cáo.pdf", milestone="Report")
    (simple.root / "beta" / "x.pdf").write_bytes(PDF)
    simple.daemon.tick()
    assert simple.seen() == "no files; beside the folders of tasks: Report, x.pdf"


def test_a_misspelt_folder_of_a_party_is_told_where_the_party_has_none(simple: Office) -> None:
    (simple.root / "beta").rename(simple.root / "betta")
    (simple.root / "gamma").mkdir()
    simple.daemon.tick()
    assert simple.seen() == "no folder; beside the folders of parties: betta"
