"""The office's way in a real browser: Debian's Chromium, on a desktop, on a phone and without scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright import sync_api

from tests.support.incoming_mail import answer, read_mailbox
from tests.support.operator_client import Operator, words
from tests.support.received_mails import File
from tests.support.served_site import ServedSite, serve_site
from tests.support.shipped_year import live
from tests.support.web_client import mailed_link, sign_in, wait_for_mail

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
OPERATOR = "thidua@tranphu.example"
PLAN = "/plans/bac-trung-bo-2023"
PAGES = [
    "/",
    "/?as_of=2023-03-05",
    "/?show=missing",
    "/?as_of=2099-01-01",
    PLAN,
    f"{PLAN}/milestones/dang-ky",
    f"{PLAN}/milestones/so-ket",
    f"{PLAN}/parties/nghe-an",
    f"{PLAN}/milestones/dang-ky/nghe-an",
    f"{PLAN}/do/receive?milestone=dang-ky&party=le-duan-quang-tri",
    f"{PLAN}/do/insist?milestone=dang-ky&party=le-duan-quang-tri",
    f"{PLAN}/do/fix-date?milestone=so-ket",
    f"{PLAN}/steps/48",  # a notice of the next day
    f"{PLAN}/do/nominate?group=nominees",
    f"{PLAN}/do/undo?fact=f1",
    "/outbox",
    "/outbox/1",
    "/outbox/1/hold",
    "/inbox",
    "/inbox/1",
    "/inbox/1?task=bac-trung-bo-2023/dang-ky&party=le-duan-quang-tri",
    "/inbox/2",
    "/ledger",
    "/nowhere",
]

Open = Callable[..., Any]  # a page of a context made with these options


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Start a browser for the tests of this file."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (make servers)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Serve the shipped year on the morning of 22 March, two days after the first deadline; only to look at."""
    folder = tmp_path_factory.mktemp("spring")
    with serve_site(folder) as site:
        live(site, date(2023, 3, 22))
        receive(site, folder)
        yield Operator(site, sign_in(site, OPERATOR))


@pytest.fixture(scope="module")
def autumn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Serve the shipped year in November, when many mails have left; only to look at."""
    with serve_site(tmp_path_factory.mktemp("autumn")) as site:
        live(site, date(2023, 11, 1))
        yield Operator(site, sign_in(site, OPERATOR))


@pytest.fixture
def own_spring(tmp_path: Path) -> Iterator[Operator]:
    """Serve the same for one test alone."""
    with serve_site(tmp_path) as site:
        live(site, date(2023, 3, 22))
        receive(site, tmp_path)
        yield Operator(site, sign_in(site, OPERATOR))


def receive(site: ServedSite, folder: Path) -> None:
    """Let two mails come that wait: the documents of a school, and something else with a long word in it."""
    daemon = read_mailbox(site, folder)
    documents = [File(name=f"{title}.pdf") for title in ("Kế hoạch thi đua", "Danh sách cán bộ")]
    late = "thidua@leduan.example"
    daemon.receive(
        answer(daemon, late, name="Trường Lê Duẩn", subject="Đăng ký thi đua", files=(*documents,), results=())
    )
    files = (File(name="x" * 200 + ".exe", content=b"MZ" + bytes(60)),)
    daemon.receive(answer(daemon, "a@x.example", name="", subject="y" * 300, text="z" * 500, files=files))


@pytest.fixture
def browse(chromium: Any) -> Iterator[Open]:
    """Return what opens a fresh browser window; what its pages do wrong fails the test."""
    contexts = []
    troubles: list[str] = []

    def open_window(site: ServedSite, **options: Any) -> Any:
        context = chromium.new_context(base_url=site.address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if not _is_ours(request, site) else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if "Failed to load resource" not in trouble] == []  # a status


def _is_ours(request: Any, site: ServedSite) -> bool:
    return bool(request.url.startswith((site.address, "data:")))


def enter(browse: Open, operator: Operator, path: str = "/", **options: Any) -> Any:
    """Open a page as somebody who is signed in."""
    page = browse(operator.site, **options)
    name, _, value = operator.cookie.partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": operator.site.address}])
    page.goto(path)
    return page


@pytest.mark.parametrize(
    "options", [DESKTOP, PHONE, DESKTOP | {"java_script_enabled": False}], ids=["desktop", "phone", "without scripts"]
)
def test_the_office_goes_from_the_mailed_link_to_its_decisions(
    browse: Open, own_spring: Operator, options: dict[str, Any]
) -> None:
    site = own_spring.site
    page = browse(site, **options)

    # From the mailed link to the board.
    page.goto("/")
    page.get_by_label("Địa chỉ thư điện tử").fill(OPERATOR)
    mails = len(site.mails)
    page.get_by_role("button", name="Gửi liên kết").click()
    wait_for_mail(site, mails + 1)
    page.goto(mailed_link(site))
    page.get_by_role("button", name="Đăng nhập").click()
    sync_api.expect(page).to_have_title(re.compile("^Bảng theo dõi"))

    # Who is missing?
    page.get_by_role("link", name="Chỉ đơn vị còn thiếu").click()
    late = page.locator("td a", has_text="Quá hạn")
    assert late.count() == 1

    # Its paper has come, postmarked in time.
    late.click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text("Lê Duẩn")
    page.get_by_role("link", name="Ghi nhận hồ sơ mới đến").click()
    page.get_by_label("bản giấy").check()
    page.get_by_label("Ngày theo dấu bưu điện").fill("2023-03-17")
    page.get_by_role("button", name="Tiếp tục").click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text("Xem lại trước khi ghi")
    said = words(page.content())
    assert "Dấu bưu điện 17/3/2023" in said
    assert "02 bước nhắc không gửi nữa" in said
    assert "Gửi thông báo đến 01 địa chỉ" in said
    page.get_by_role("button", name="Xác nhận, ghi nhận").click()
    sync_api.expect(page.get_by_role("status")).to_contain_text("Đã thực hiện.")
    said = words(page.content())
    assert (
        "Đã thực hiện. Đã ghi 01 mục vào sổ ghi. 02 bước nhắc không gửi nữa. Thông báo được gửi đến 01 địa chỉ." in said
    )
    assert "Đã nhận, chờ kiểm tra Nhận đủ văn bản: dấu bưu điện 17/3/2023 (ghi lúc " in said

    # The June meeting gets its day: the request to fix it falls away, everybody is invited.
    page.get_by_role("link", name="Bảng theo dõi").first.click()
    need = page.locator(".needs li", has_text="Hội nghị sơ kết")
    need.get_by_role("link", name="Ấn định thời gian").click()
    page.get_by_label("Ngày", exact=True).fill("2023-06-08")
    page.get_by_label(re.compile("^Giờ")).fill("08:00")
    page.get_by_label(re.compile("^Địa điểm")).fill("Hà Tĩnh")
    page.get_by_role("button", name="Tiếp tục").click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text("Xem lại trước khi ghi")
    said = words(page.content())
    assert "04 bước nhắc không gửi nữa" in said
    assert "mời dự (06 đơn vị)" in said
    page.get_by_role("button", name="Xác nhận, ghi nhận").click()
    sync_api.expect(page.get_by_role("status")).to_contain_text("Đã thực hiện.")
    assert "08 giờ 00 thứ Năm, ngày 08/6/2023, Hà Tĩnh" in words(page.content())
    assert page.get_by_text("nhắc ấn định thời gian").count() == 4

    # Who is put forward.
    page.goto(PLAN)
    page.get_by_role("link", name="Xác định đơn vị").click()
    page.get_by_label("Trường Chính trị tỉnh Nghệ An").check()
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Xác nhận, ghi nhận").click()
    sync_api.expect(page.get_by_role("status")).to_contain_text("Đã thực hiện.")
    assert "Đơn vị được đề nghị khen thưởng Trường Chính trị tỉnh Nghệ An" in words(page.content())

    # The board knows all of it, and whoever is asked.
    page.goto("/")
    need = page.locator(".needs li", has_text="Hội nghị sơ kết")
    assert "Học viện Chính trị quốc gia Hồ Chí Minh" in need.inner_text()  # guests get no mail
    need.get_by_role("link", name="Đã mời khách").click()
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Xác nhận, ghi nhận").click()
    sync_api.expect(page.get_by_role("status")).to_contain_text("Đã thực hiện.")
    page.goto("/")
    assert page.locator(".needs li", has_text="Hội nghị sơ kết").count() == 0
    assert page.locator("td a", has_text="Quá hạn").count() == 0
    facts = [fact for fact in _facts(site) if fact.idempotency_key]
    assert [(fact.kind, fact.by.name) for fact in facts] == [
        ("received", OPERATOR),
        ("date_fixed", OPERATOR),
        ("nominated", OPERATOR),
        ("invited", OPERATOR),
    ]


def _facts(site: ServedSite) -> list[Any]:
    with site.running.store.reading() as view:
        return list(view.facts.of("bac-trung-bo-2023"))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_page_keeps_anybody_from_reading_it(browse: Open, spring: Operator, path: str) -> None:
    """Axe finds nothing, in light and in dark."""
    page = enter(browse, spring, path, **DESKTOP, bypass_csp=True)
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    found += Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    assert [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_on_a_phone(browse: Open, spring: Operator, path: str) -> None:
    """What is wider scrolls in a box of its own."""
    page = enter(browse, spring, path, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_on_a_phone_the_table_is_a_list_for_each_milestone(browse: Open, spring: Operator) -> None:
    page = enter(browse, spring, **PHONE)
    cells = [cell.bounding_box() for cell in page.locator(".grid tbody tr").first.locator("td").all()]
    assert len({round(box["x"]) for box in cells}) == 1
    assert all(box["width"] > 250 for box in cells)


@pytest.mark.parametrize("path", [PLAN, *PAGES[5:9], "/outbox", "/inbox", "/ledger"])
def test_on_a_phone_rows_of_long_tables_are_cards_that_still_sound_like_a_table(
    browse: Open, spring: Operator, path: str
) -> None:
    page = enter(browse, spring, path, **PHONE)
    tables = page.get_by_role("table").and_(page.locator(".fold"))
    assert tables.count()
    for table in tables.all():
        table.get_by_role("columnheader").first.wait_for(state="attached")
        row = table.locator("tbody").get_by_role("row").first
        assert row.evaluate("row => row.getBoundingClientRect().right <= innerWidth")
        assert row.get_by_role("rowheader").count() == 1
        for cell in row.get_by_role("cell").all():
            assert str(cell.get_attribute("data-label")) in table.get_by_role("columnheader").all_inner_texts()


def test_in_print_there_are_no_forms_and_no_navigation(browse: Open, spring: Operator) -> None:
    page = enter(browse, spring, **DESKTOP)
    page.emulate_media(media="print")
    for gone in ("nav", "form", "summary", ".do"):
        assert page.locator(gone).filter(visible=True).count() == 0, gone
    assert page.locator(".grid").is_visible()
    assert page.locator(".year svg").is_visible()


def test_a_print_says_when_it_was_so_and_has_dark_words_on_white_whatever_the_screen_was(
    browse: Open, spring: Operator
) -> None:
    page = enter(browse, spring, **DESKTOP)
    light = page.locator(".state.good").first.evaluate("state => getComputedStyle(state).color")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".state.good").first.evaluate("state => getComputedStyle(state).color") == light
    assert page.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(0, 0, 0)"
    assert page.locator("header").inner_text().endswith("Số liệu lúc 09 giờ 00 ngày 22/3/2023")
    page.goto("/?as_of=2023-03-05")
    assert not page.get_by_text("Số liệu lúc").count()


@pytest.mark.parametrize(
    "options", [DESKTOP, PHONE, DESKTOP | {"java_script_enabled": False}], ids=["desktop", "phone", "without scripts"]
)
def test_the_office_works_off_the_mails_that_wait(browse: Open, own_spring: Operator, options: dict[str, Any]) -> None:
    page = enter(browse, own_spring, **options)
    page.locator(".note", has_text="02 thư đến đang chờ xử lý").get_by_role("link", name="Thư đến").click()
    page.get_by_role("link", name="Đăng ký thi đua").click()
    sync_api.expect(page.get_by_text("Chưa kiểm tra: hệ thống chưa được cài đặt")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Danh sách cán bộ.pdf").click()
    assert download.value.suggested_filename == "Danh sách cán bộ.pdf"

    # It is of another school than the address says.
    page.locator("summary", has_text=re.compile("nội dung khác|Ghi nhận hồ sơ")).click()
    page.get_by_label("Nội dung", exact=True).select_option("bac-trung-bo-2023/dang-ky")
    page.get_by_label("Đơn vị").select_option("le-duan-quang-tri")
    page.get_by_role("button", name="Chọn").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Ghi nhận", exact=True).click()
    notice = page.get_by_role("status")
    sync_api.expect(notice).to_have_text("Đã ghi nhận. Thư tiếp theo chờ xử lý")

    # The other one brings nothing.
    page.get_by_role("link", name="Thư tiếp theo chờ xử lý").click()
    page.locator("summary", has_text="Thư không có hồ sơ").click()
    page.get_by_label("Lý do").fill("thư quảng cáo")
    page.get_by_role("button", name="Để riêng").click()
    sync_api.expect(notice).to_have_text("Đã để riêng thư này. Không còn thư nào chờ xử lý.")
    assert "thư quảng cáo" in words(page.content())
    fact = _facts(own_spring.site)[-1]
    assert (fact.kind, fact.party, fact.by.name, len(fact.files)) == ("received", "le-duan-quang-tri", OPERATOR, 2)


def test_the_mail_in_its_frame_cannot_act(browse: Open, spring: Operator) -> None:
    page = enter(browse, spring, "/outbox/1", **DESKTOP)
    frame = page.frames[1]
    assert frame.url == f"{spring.site.address}/outbox/1/html"
    assert "Kính gửi" in frame.locator("body").inner_text()
    assert frame.evaluate("window.origin") == "null"


def test_a_page_that_was_left_open_says_what_changed_meanwhile(browse: Open, own_spring: Operator) -> None:
    path = f"{PLAN}/do/fix-date?milestone=so-ket"
    page = enter(browse, own_spring, path, **DESKTOP)
    own_spring.do(path, first="2023-06-09", place="Vinh")
    page.get_by_label("Ngày", exact=True).fill("2023-06-08")
    page.get_by_label(re.compile("^Địa điểm")).fill("Hà Tĩnh")
    page.get_by_role("button", name="Tiếp tục").click()
    sync_api.expect(page.get_by_text("Tình trạng đã thay đổi từ khi mở biểu mẫu này")).to_be_visible()
    assert page.get_by_label(re.compile("^Địa điểm")).input_value() == "Hà Tĩnh"


def test_sixty_mails_fit_a_few_screens_of_a_phone(autumn: Operator, browse: Open) -> None:
    page = enter(browse, autumn, "/outbox", **PHONE)
    assert page.locator("table.dense tbody tr").count() == 60
    assert page.evaluate("document.documentElement.scrollHeight") <= 4000
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
