"""Which documents the files in the folder of an obligation are, and when a person has to look."""

from __future__ import annotations

from hashlib import sha256

import pytest

from scheduler.plan import reasons
from scheduler.plan.answers.documents import Assignment
from scheduler.plan.answers.folder_files import match_folder
from scheduler.plan.answers.matching import Duty, ObligationKey
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.model import Deliverable

PLAN = Deliverable(id="ke-hoach", title="Kế hoạch triển khai phong trào thi đua năm 2023")
LIST = Deliverable(id="can-bo", title="Danh sách cán bộ phụ trách")
REGISTRATION = Duty(
    key=ObligationKey("cum", "dang-ky", "nghe-an"),
    title="Gửi kế hoạch và bản đăng ký",
    deliverables=(PLAN, LIST),
    missing=(PLAN, LIST),
)
REPORT = Deliverable(id="bao-cao", title="Báo cáo 6 tháng của trường")
HALF_YEAR = Duty(
    key=ObligationKey("cum", "bao-cao-6-thang", "nghe-an"),
    title="Báo cáo phong trào thi đua 6 tháng",
    deliverables=(REPORT,),
    missing=(REPORT,),
)


def match(duty: Duty, *names: str) -> Assignment:
    files = [
        Attachment(part=name, name=name, kind="application/pdf", size=9, digest=sha256(name.encode()).hexdigest())
        for name in names
    ]
    return match_folder(
        files, duty, [REGISTRATION, HALF_YEAR], other_names=["Trường Chính trị tỉnh Hà Tĩnh"], years=[2023]
    )


def certain(*documents: str) -> Assignment:
    return Assignment(frozenset(documents))


@pytest.mark.parametrize(
    ("duty", "names", "found"),
    [
        (REGISTRATION, ("Kế hoạch triển khai.pdf", "DS can bo.pdf"), certain("ke-hoach", "can-bo")),
        (REGISTRATION, ("Kế hoạch triển khai.pdf",), certain("ke-hoach")),
        (HALF_YEAR, ("scan001.pdf",), certain("bao-cao")),
        (HALF_YEAR, ("Bao cao 6 thang 2023.pdf",), certain("bao-cao")),
    ],
)
def test_the_folder_says_which_task_and_the_names_which_document(
    duty: Duty, names: tuple[str, ...], found: Assignment
) -> None:
    """A single document needs no name."""
    assert match(duty, *names) == found


@pytest.mark.parametrize(
    ("duty", "name", "doubt"),
    [
        (REGISTRATION, "scan001.pdf", reasons.DOCUMENTS_UNCLEAR),
        (HALF_YEAR, "Mẫu báo cáo 6 tháng.pdf", reasons.says("mẫu")),
        (HALF_YEAR, "Báo cáo 6 tháng năm trước.pdf", reasons.says("năm trước")),
        (REGISTRATION, "Báo cáo 6 tháng.pdf", reasons.file_says("Báo cáo 6 tháng của trường")),
        (HALF_YEAR, "Báo cáo tháng 5.pdf", reasons.DOCUMENTS_UNCLEAR),
        (HALF_YEAR, "Báo cáo 6 tháng 2022.pdf", reasons.OTHER_YEAR),
        (HALF_YEAR, "Báo cáo 6 tháng (dự thảo).pdf", reasons.says("dự thảo")),
        (
            HALF_YEAR,
            "Báo cáo 6 tháng Trường Chính trị tỉnh Hà Tĩnh.pdf",
            reasons.names_other("Trường Chính trị tỉnh Hà Tĩnh"),
        ),
    ],
)
def test_a_name_that_says_something_else_is_a_doubt(duty: Duty, name: str, doubt: reasons.Reason) -> None:
    """As in the name of a file in a mail."""
    assert doubt in match(duty, name).doubts
