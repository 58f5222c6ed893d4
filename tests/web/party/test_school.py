"""A school's path in a real browser: from its reminder to its page, to the receipt in the mailbox."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from scheduler import resources
from scheduler.definitions import DefinitionFiles
from scheduler.plan.model import Plan
from tests.support.fakes import FakeDefinitions
from tests.support.mail_reader import body, header, read
from tests.support.mail_servers import free_port
from tests.support.page_words import WORDS
from tests.support.party_client import PDF
from tests.support.plan_builders import at
from tests.support.served_site import ServedSite, serve_site

CHROMIUM = shutil.which("chromium")
PUBLIC = "https://thidua.example"  # the address in mails; behind it a proxy would be
SCHOOL = "nghe-an"
SAY = WORDS["vi"]
WAYS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "without scripts": {"viewport": {"width": 360, "height": 740}, "java_script_enabled": False},
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return the plan that ships."""
    shipped = resources.shipped("workflows")
    loaded = DefinitionFiles([shipped], calendars=[shipped / "calendars"]).load()
    return next(d.plan for d in loaded.definitions if d.plan.id == "bac-trung-bo-2023")


@pytest.fixture
def office(tmp_path: Path, plan: Plan) -> Iterator[ServedSite]:
    """Return a site of the shipped plan on the morning of its first reminder; its pages can be opened by others."""
    with serve_site(tmp_path, f'public_url = "{PUBLIC}"', port=free_port()) as site:
        site.clock.instant = at(2, 20)
        site.serve(plan)
        site.clock.instant = at(3, 3, 8)
        tick(site)
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@contextmanager
def window(browser: Browser, **way: Any) -> Iterator[Page]:
    """Open a window, and close it."""
    context = browser.new_context(**way)
    yield context.new_page()
    context.close()


def tick(office: ServedSite) -> None:
    """Let the daemon do what is due, by the parts that the configuration names."""
    container = replace(office.running.container, clock=office.clock)
    definitions = FakeDefinitions([d.plan for d in office.definitions])
    services = container.services(office.running.store)
    adapters = replace(container.adapters(services, container.mailer()), definitions=definitions)
    ticker = container.ticker(services, adapters)
    ticker.load()
    ticker.tick()


def mailbox(office: ServedSite, address: str) -> list[Message]:
    """Return the mails in the Maildir that went to an address."""
    folder = office.running.settings.resolve("var/mail") / "new"
    found = [read(file.read_bytes()) for file in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)]
    return [mail for mail in found if address in header(mail, "To")]


def link_in(office: ServedSite, mail: Message) -> str:
    """Return the address of the page in a mail, as it is on this machine."""
    found = re.search(rf"^[^:\n]+tình trạng: {PUBLIC}(/p/\S+)$", body(mail, "plain"), re.MULTILINE)
    assert found is not None, body(mail, "plain")
    return f"http://127.0.0.1:{office.running.settings.server.port}{found[1]}"


DOCUMENTS = ("Kế hoạch.pdf", "Đăng ký thi đua.pdf", "Đăng ký hoạt động.txt.exe", "Danh sách.pdf")  # all are PDF


def choose_files(page: Page) -> None:
    """Choose a file for each document, fill the form and press its button."""
    for place, name in enumerate(DOCUMENTS):
        file: FilePayload = {"name": name, "mimeType": "application/pdf", "buffer": PDF}
        page.locator("input[type=file]").nth(place).set_input_files(file)
    page.locator("#who-send").fill("Nguyễn Thị Lan")
    page.get_by_role("button", name=SAY["own.send_button"]).click()


def confirm_files(page: Page) -> None:
    """Confirm what the page repeats, by the keyboard."""
    page.get_by_role("button", name=SAY["own.check_button"]).focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_from_its_reminder_to_the_page_to_the_receipt(
    browser: Browser, office: ServedSite, way: dict[str, Any]
) -> None:
    officer = office.definitions[0].plan.parties[SCHOOL].contacts[0].email
    [reminder] = mailbox(office, officer)
    with window(browser, **way) as page:
        page.goto(link_in(office, reminder))
        assert page.get_by_role("heading", level=1).inner_text() == office.definitions[0].plan.milestones[0].title
        choose_files(page)
        assert page.get_by_text("Kế hoạch.pdf (2 KB)").is_visible()
        confirm_files(page)
        assert page.get_by_role("status").inner_text() == SAY["own.done_send"]
        assert page.get_by_text("Đã nhận, chờ kiểm tra").is_visible()
        page.get_by_role("link", name=SAY["own.back"]).click()
        page.get_by_role("heading", name=SAY["own.done"]).wait_for()  # the page is still on its way
    tick(office)
    [_, receipt] = mailbox(office, officer)
    words = body(receipt, "plain")
    assert "Kế hoạch yêu cầu gửi cả bản giấy" in words
    assert "- Tệp đã nhận: Kế hoạch.pdf" in words
    assert "Danh sách.pdf" in words
    assert "- Người gửi: Nguyễn Thị Lan" in words
    office.clock.instant = at(3, 20, 8)
    tick(office)
    [_, _, copy] = mailbox(office, officer)  # no further reminder, but of the copy on paper
    assert "Kế hoạch yêu cầu gửi cả bản giấy, đến nay chưa nhận được" in body(copy, "plain")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_from_its_reminder_to_what_it_has_sent_by_post(
    browser: Browser, office: ServedSite, way: dict[str, Any]
) -> None:
    officer = office.definitions[0].plan.parties[SCHOOL].contacts[0].email
    with window(browser, **way) as page:
        page.goto(link_in(office, mailbox(office, officer)[0]))
        page.get_by_text(SAY["own.declare"]).click()
        page.get_by_label(SAY["own.sent_on"]).fill("2023-03-02")
        page.get_by_label(SAY["own.by_paper"]).check()
        page.locator("#who-declare").fill("Nguyễn Thị Lan")
        page.get_by_role("button", name=SAY["own.declare_button"]).click()
        assert page.get_by_role("status").inner_text() == SAY["own.done_declare"]
        assert page.get_by_text("Báo đã gửi, chờ xác nhận").is_visible()
    tick(office)
    assert "Ngày gửi theo thông tin của Quý đơn vị: ngày 02/3/2023" in body(mailbox(office, officer)[1], "plain")
    lead = office.definitions[0].plan.parties["tran-phu-ha-tinh"].contacts[0].email
    assert "Người báo: Nguyễn Thị Lan" in body(mailbox(office, lead)[-1], "plain")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view_can_be_used_by_everybody(browser: Browser, office: ServedSite, scheme: Any, width: int) -> None:
    """Checked by axe-core; and nothing is wider than the window."""
    link = link_in(office, mailbox(office, office.definitions[0].plan.parties[SCHOOL].contacts[0].email)[0])
    views = {"the page": link.rpartition("/")[0].rpartition("/")[0], "a task": link}
    with window(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        for name, address in views.items():
            page.goto(address)
            judge(page, name)
        page.locator("summary").nth(1).click()
        page.locator("summary").nth(2).click()
        judge(page, "every form open")
        choose_files(page)
        judge(page, "what was understood")
        confirm_files(page)
        judge(page, "sent")
        page.goto(views["the page"])
        page.get_by_role("button", name=SAY["subscribe.make"]).click()
        page.locator("#calendar summary").first.click()
        judge(page, "the calendar")
        page.goto(link.replace("/p/", "/p/x"))
        judge(page, "no such page")


def test_in_print_a_task_is_what_there_is_to_read(browser: Browser, office: ServedSite) -> None:
    """Nothing of the forms stays, not even their headings."""
    with window(browser) as page:
        page.goto(link_in(office, mailbox(office, office.definitions[0].plan.parties[SCHOOL].contacts[0].email)[0]))
        page.emulate_media(media="print")
        shown = page.locator("body").inner_text()
        assert [key for key in ("answer", "send", "declare", "disown", "back") if SAY[f"own.{key}"] in shown] == []
        assert SAY["own.history"] in shown
        assert "Số liệu lúc" in shown


def judge(page: Page, view: str) -> None:
    """Assert that nobody is kept out of a view."""
    found = Axe().run(page).response["violations"]
    assert [(view, one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
