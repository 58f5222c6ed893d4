"""What names of files and sentences mean."""

from __future__ import annotations

import unicodedata

import pytest

from scheduler.plan.answers.document_names import TitleIndex, fold, says_nothing, strip_extension, title

YEAR = [
    (("dang-ky", "ke-hoach"), ["Kế hoạch triển khai phong trào thi đua năm 2023"]),
    (("dang-ky", "thi-dua"), ["Đăng ký thi đua"]),
    (("dang-ky", "hoat-dong"), ["Đăng ký tham gia các hoạt động của Cụm"]),
    (("dang-ky", "can-bo"), ["Danh sách cán bộ phụ trách thi đua của trường năm 2023"]),
    (
        ("6-thang", "bao-cao"),
        ["Báo cáo 6 tháng của trường", "Báo cáo tình hình tổ chức thực hiện phong trào thi đua 6 tháng"],
    ),
    (
        ("nam", "bao-cao"),
        ["Báo cáo năm của trường", "Báo cáo tình hình tổ chức thực hiện phong trào thi đua năm 2023"],
    ),
    (("khen-thuong", "thanh-tich"), ["Báo cáo thành tích theo hướng dẫn của Học viện"]),
    (("khen-thuong", "xac-nhan"), ["Xác nhận thành tích của thường trực tỉnh ủy, thành ủy"]),
]
INDEX = TitleIndex(title(("cum", milestone, "nghe-an"), *[document, *names]) for (milestone, document), names in YEAR)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bao-cao-so-ket-6-thang.pdf", ["6-thang"]),
        ("Bao cao 06 thang.pdf", ["6-thang"]),
        ("BC 6 thang dau nam 2023 - TCT Tran Phu Ha Tinh.docx", ["6-thang"]),
        ("BaoCao6Thang.pdf", ["6-thang"]),
        ("BÁO CÁO TÌNH HÌNH TỔ CHỨC THỰC HIỆN PHONG TRÀO THI ĐUA 6 THÁNG.pdf", ["6-thang"]),
        ("Bao cao nam 2023.pdf", ["nam"]),
        ("baocaonam2023.pdf", ["nam"]),
        ("BaoCaoThanhTich.pdf", ["thanh-tich"]),
        ("xac_nhan_tinh_uy.pdf", ["xac-nhan"]),
        ("ke hoach.pdf", ["ke-hoach"]),
        ("KH thi đua 2023.pdf", ["ke-hoach"]),
        ("DS can bo phu trach TD.xlsx", ["can-bo"]),
        ("Đăng ký thi đua năm 2023.pdf", ["thi-dua"]),
        ("DangKyHoatDong.pdf", ["hoat-dong"]),
        ("dang ky.pdf", ["thi-dua", "hoat-dong"]),  # two are called so
        ("Bao cao.pdf", ["6-thang", "nam", "thanh-tich"]),
        ("Đăng ký và kế hoạch.pdf", ["ke-hoach", "thi-dua"]),
        ("Kính gửi: Cụm trưởng Cụm Thi đua", []),
        ("Trường Chính trị Trần Phú tỉnh Hà Tĩnh", []),
        ("hoa don.pdf", []),
        ("", []),
    ],
)
def test_a_name_means_the_title_whose_own_words_it_has(name: str, meant: list[str]) -> None:
    for form in ("NFC", "NFD"):  # as Windows and macOS write it
        found = INDEX.find(strip_extension(unicodedata.normalize(form, name)))
        assert [title.obligation[1] if title.document == "bao-cao" else title.document for title in found] == meant


def test_without_titles_a_name_means_nothing() -> None:
    assert TitleIndex([]).find("Báo cáo") == ()
    assert TitleIndex([title(("", "", ""), "", "và")]).find("và") == ()


@pytest.mark.parametrize(
    ("name", "silent"),
    [
        ("scan001.pdf", True),
        ("IMG_1234.jpg", True),
        ("CamScanner 05-06-2023 10.11.pdf", True),
        ("document(1).pdf", True),
        ("DOC-20230605-WA0001.pdf", True),
        ("Văn bản.docx", True),
        ("6.pdf", True),
        ("", True),
        ("bao-cao.pdf", False),
        ("Tran Phu.pdf", False),
    ],
)
def test_what_a_machine_calls_a_file_says_nothing(name: str, silent: bool) -> None:
    assert says_nothing(name) == silent


def test_words_are_told_apart_however_they_are_joined() -> None:
    assert fold("BCSoKet_6thang-ĐẦU năm.000") == ["bc", "so", "ket", "6", "thang", "dau", "nam", "0"]


def test_the_kind_of_document_alone_tells_no_title() -> None:
    """A small plan has one report, and a school sends many."""
    titles = [title(("p", "m", "a"), "d", "Báo cáo năm")]
    index, [year] = TitleIndex(titles), titles
    assert index.find("Báo cáo sơ kết") == (year,)
    assert [index.find_told(text) for text in ("Báo cáo sơ kết", "baocao", "Báo cáo năm", "baocaonam")] == [
        (),
        (),
        (year,),
        (year,),
    ]
    assert TitleIndex([title(("p", "m", "a"), "d", "Báo cáo")]).find_told("Báo cáo") != ()
