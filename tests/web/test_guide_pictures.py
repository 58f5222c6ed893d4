"""The office's guide in Vietnamese: its pictures show the pages as they are, and its words are those of the pages.

`HANCHOT_GOLDEN=write` takes those pictures anew whose pages say something else now. To take one anew whose page only
looks otherwise, delete its file before.
"""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright import sync_api

from scheduler.wording import LANGUAGES
from tests.support.guide_scenes import ADDRESS, OFFICER, PRINCIPAL, do, play_june, play_march, postpone, serve_office
from tests.support.operator_client import Operator
from tests.support.page_words import WORDS
from tests.support.party_client import path_of
from tests.support.png_files import width_of, words_in, write_png
from tests.support.served_site import ServedSite
from tests.support.shipped_year import PLAN
from tests.support.web_client import link, sign_in

GUIDE = Path(__file__).parents[2] / "docs" / "huong-dan" / "index.md"
PICTURES = GUIDE.parent / "images"
LARGEST = 120_000  # bytes of a picture
DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
CHROMIUM = shutil.which("chromium")

ROOT = f"/plans/{PLAN}"
ALL, TASK = f"{ROOT}/milestones/dang-ky", f"{ROOT}/milestones/dang-ky/le-duan-quang-tri"
CHECKED = f"{ROOT}/milestones/dang-ky/nguyen-chi-thanh-hue"
EVENT, GUEST = f"{ROOT}/milestones/so-ket", f"{ROOT}/milestones/so-ket/nghe-an"
COUNT = f"{ROOT}/do/count?indicator=ky-luat-ky-cuong"

# The pages that each part of the guide is about: on 22 March, or on 5 June after "june". What begins with "own" is a
# page of Trường Lê Duẩn; "calendar" is that of Trường Nghệ An once it has one, and "confirm" what follows a form.
PARTS: Mapping[str, list[str]] = {
    "Đăng nhập": ["/sign-in", "link", "/"],
    "Đọc bảng theo dõi": ["/"],
    "Ghi nhận việc gì cũng qua hai bước": ["form receive dang-ky", "confirm"],
    "Hồ sơ đến bằng giấy, qua bưu điện hoặc qua hộp thư khác": [TASK, "form receive dang-ky", "confirm"],
    "Kiểm tra và xác nhận đạt yêu cầu": [CHECKED, ALL, "form accept dang-ky"],
    "Đề nghị bổ sung": [TASK, ALL, "form return dang-ky", "confirm"],
    "Gia hạn": [TASK, ALL, "form extend dang-ky"],
    "Miễn": [TASK, ALL, "form waive dang-ky"],
    "Trường báo đã gửi, hoặc báo không phải thực hiện": [TASK, "form insist dang-ky"],
    "Ấn định hoặc điều chỉnh thời gian": ["/", "form fix-date so-ket", "confirm", f"june {EVENT}", "june /"],
    "Trả lời thông báo mời dự": [f"june {EVENT}", f"june {GUEST}", "june form reply so-ket"],
    "Chọn đơn vị": [ROOT, f"{ROOT}/do/nominate?group=nominees"],
    "Nhắc thêm, tạm dừng, bỏ qua, ghi lại cuộc gọi": [TASK, ALL],
    "Việc chưa làm được: hẹn xem lại": ["/", "postpone"],
    "Tuần qua đã gửi gì cho một trường": [f"{ROOT}/parties/nghe-an", "/outbox"],
    "Thư không đến được": ["/", "/outbox?state=failed"],
    "Thư đến chờ xử lý": ["/inbox", "/inbox/1"],
    "Kết quả chỉ tiêu": ["/", COUNT],
    "Bảng Excel, bản in": ["/", ROOT],
    "Lịch trên điện thoại": [f"{ROOT}/parties/le-duan-quang-tri", "own", "calendar"],
    "Ghi nhầm": [TASK, "/ledger", f"{ROOT}/do/undo?fact=f1", "confirm"],
    "Cuối năm": ["/", ROOT],
    "Trường nhìn thấy gì": ["own", f"own/{PLAN}/dang-ky", f"june own/{PLAN}/so-ket"],
    "Tài khoản chỉ được xem": ["reader"],
    "Khi thấy điều lạ": [TASK, "/inbox"],
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of a page from its top to the end of the element `until`."""

    page: str
    until: str
    screen: Mapping[str, Any]
    after: str = ""  # the element that it begins with


SHOWN: Mapping[str, Picture] = {
    "bang-theo-doi": Picture(page="/", until=".grid tbody tr:nth-child(3)", screen=DESK),
    "dien-thoai": Picture(
        page="/", until=".grid tbody tr", after=".plan > h3:has(+ p + .scroll), .plan > h3:nth-of-type(2)", screen=PHONE
    ),
    "xac-nhan": Picture(page="confirm", until="main section", screen=DESK),
    "o-cua-truong": Picture(page=TASK, until="main table", screen=DESK),
    "ghi-nhan": Picture(page="form receive dang-ky", until="main form", screen=DESK),
    "hoi-nghi": Picture(page=f"june {EVENT}", until="main ul.columns", after="#who", screen=DESK),
    "thu-gui-di": Picture(page="/outbox?party=thanh-hoa&from=2023-03-16", until="main table", screen=PHONE),
    "thu-den": Picture(page="/inbox/1", until="main details.choice + details.choice", screen=DESK),
    "ke-hoach": Picture(page=ROOT, until="main table", screen=DESK),
    "lich": Picture(page="calendar", until="#calendar details:last-of-type", after="#calendar", screen=PHONE),
    "trang-cua-truong": Picture(page="own", until="main ul.tasks", screen=PHONE),
}


# ---------------------------------------------------------------- the pages


@dataclass(frozen=True)
class Office:
    """A morning of the year on its site."""

    site: ServedSite
    officer: Operator

    def see(self, page: str) -> str:
        """Return the HTML of a page that is named as in `PARTS`."""
        if page == "confirm":
            path = do("receive", "dang-ky", "le-duan-quang-tri")
            return self.officer.fill(path, channel="paper", sent_on="2023-03-20").text
        if page == "calendar":
            self.make_calendar()
        answer = self.site.ask(path := self.find(page), Cookie=self.cookie_for(page))
        assert answer.status == 200, (path, answer.status)
        return answer.text

    def find(self, page: str) -> str:
        """Return the path of a page that is named as in `PARTS`."""
        if page == "link":
            return link(self.site, OFFICER)
        if page == "reader":
            return "/"
        if page == "postpone":
            return postpone(self.officer, "tong-ket")
        if page.startswith(("own", "calendar")):
            party = "le-duan-quang-tri" if page.startswith("own") else "nghe-an"
            return path_of(self.site, party, "") + page.removeprefix("own").removeprefix("calendar")
        if page.startswith("form "):
            _, action, milestone = page.split()
            party = {"dang-ky": "le-duan-quang-tri", "so-ket": "nghe-an"}[milestone]
            return do(action, milestone, "" if action in ("fix-date", "accept") else party)
        return page

    def cookie_for(self, page: str) -> str:
        """Return the cookie of whoever looks at a page."""
        if page in ("/sign-in", "link") or page.startswith(("own", "calendar")):
            return ""
        return sign_in(self.site, PRINCIPAL) if page == "reader" else self.officer.cookie

    def make_calendar(self) -> None:
        """Let the school subscribe to its calendar."""
        path = self.find("calendar")
        for token in re.findall(r'name="form" value="([^"]+)"', self.site.ask(path).text):
            self.site.send(path, {"form": token})


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Office]]:
    """Serve both mornings; nothing is changed on them."""
    with ExitStack() as stack:
        found = {}
        for name, play in (("march", play_march), ("june", play_june)):
            folder = tmp_path_factory.mktemp(name)
            site = stack.enter_context(serve_office(folder))
            found[name] = Office(site, play(site, folder))
        yield found


def office_of(offices: Mapping[str, Office], page: str) -> tuple[Office, str]:
    """Return the morning that a page of `PARTS` is looked at, and the page without it."""
    return (offices["june"], page.removeprefix("june ")) if page.startswith("june ") else (offices["march"], page)


# ---------------------------------------------------------------- the words


def parts() -> dict[str, str]:
    """Return the parts of the guide that have words of their own, by their headings."""
    pieces = re.split(r"^#{1,3} (.+)$", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def bold(text: str) -> list[str]:
    """Return what a part quotes from pages."""
    return [" ".join(found.split()) for found in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)]


def said_by(page: str) -> list[str]:
    """Return the pieces of text of a page."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return [" ".join(unescape(piece).split()) for piece in re.split(r"<[^>]*>", body)]


def test_every_part_that_quotes_a_page_names_its_pages() -> None:
    assert [heading for heading, text in parts().items() if bold(text) and heading not in PARTS] == []
    assert set(PARTS) <= set(parts())


@pytest.mark.parametrize("heading", PARTS)
def test_what_is_bold_stands_on_the_page(offices: Mapping[str, Office], heading: str) -> None:
    """A label begins with it; … stands for something that differs."""
    pieces = []
    for name in PARTS[heading]:
        office, page = office_of(offices, name)
        pieces += said_by(office.see(page))
    patterns = {label: ".+".join(map(re.escape, label.split("…"))) for label in bold(parts()[heading])}
    assert patterns
    assert [
        label for label, pattern in patterns.items() if not any(re.match(rf"{pattern}(?!\w)", one) for one in pieces)
    ] == []


def test_what_is_quoted_can_be_said_by_a_page() -> None:
    """Words that stand there at other times, or on pages in trouble."""
    quoted = re.findall("“(.+?)”", GUIDE.read_text(encoding="utf-8"))
    assert len(quoted) > 10
    assert [words for words in quoted if not any(words in text for text in WORDS["vi"].values())] == []


def test_the_table_of_states_has_the_words_of_the_board() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", parts()["Đọc bảng theo dõi"], re.MULTILINE)[1:]
    known = {short for _, short in LANGUAGES["vi"].labels.values()}
    assert len(rows) > 10
    assert {label for row in rows for label in row.split("; ")} - known == set()


# ---------------------------------------------------------------- the pictures


WORDS_BETWEEN = """([first, last]) => {
  const range = document.createRange();
  range.setStartBefore(document.querySelector(first || "main"));
  range.setEndAfter(document.querySelector(last));
  return range.toString().split(/\\s+/).join(" ").trim();
}"""

# The colours that a picture has most of, the pixels as places in that list, each near its own colour, and the width.
FEW_COLOURS = """async (picture) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data, counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  const apart = (one, other) => [16, 8, 0].map((by) => (((one >> by) & 255) - ((other >> by) & 255)) ** 2)
    .reduce((sum, part) => sum + part);
  const chosen = [];
  for (const [colour] of [...counts].sort((one, other) => other[1] - one[1])) {
    if (chosen.length < 64 && chosen.every((one) => apart(one, colour) > 48)) chosen.push(colour);
  }
  const place = new Map();
  for (const colour of counts.keys()) {
    const far = chosen.map((one) => apart(one, colour));
    place.set(colour, far.indexOf(Math.min(...far)));
  }
  let pixels = "";
  for (let i = 0; i < data.length; i += 4) {
    pixels += String.fromCharCode(place.get((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]));
  }
  return [image.width, chosen.map((one) => [one >> 16, (one >> 8) & 255, one & 255]), btoa(pixels)];
}"""


def test_every_picture_is_shown_and_every_shown_picture_is_there() -> None:
    named = re.findall(r"!\[[^\]]+\]\(images/([\w-]+)\.png\)", GUIDE.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(SHOWN) == sorted(file.stem for file in PICTURES.iterdir())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (make servers)")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield browser
        browser.close()


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_shows_what_its_page_says(offices: Mapping[str, Office], chromium: Any, name: str) -> None:
    """Only words are compared: letters look otherwise on every machine."""
    picture, file = SHOWN[name], PICTURES / f"{name}.png"
    office, page = office_of(offices, picture.page)
    context = chromium.new_context(base_url=ADDRESS, locale="vi-VN", **picture.screen)
    try:
        window = context.new_page()
        _open(window, office, page)
        words = window.evaluate(WORDS_BETWEEN, [picture.after, picture.until])
        png = file.read_bytes() if file.exists() else b""
        if os.environ.get("HANCHOT_GOLDEN") == "write" and words_in(png) != words:
            png = _take(window, picture, words)
            file.write_bytes(png)
    finally:
        context.close()
    assert words_in(png) == words
    assert width_of(png) == picture.screen["viewport"]["width"]
    assert len(png) < LARGEST


def _open(window: Any, office: Office, page: str) -> None:
    """Open a page under the address that the office has, which only this browser finds."""
    html = office.see(page)

    def answer(route: Any) -> None:
        place = urlsplit(route.request.url)
        if f"{place.scheme}://{place.netloc}" != ADDRESS:
            route.abort()
        elif place.path == "/" and route.request.is_navigation_request():
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            found = office.site.ask(place.path, Cookie=office.officer.cookie)
            route.fulfill(status=found.status, body=found.body, content_type=str(found.headers["Content-Type"]))

    window.route("**/*", answer)
    window.goto("/")
    window.wait_for_load_state("networkidle")


def _take(window: Any, picture: Picture, words: str) -> bytes:
    """Return the picture of the page: from the top, or from an element, to the end of another one."""
    top = window.locator(picture.after).first.bounding_box()["y"] - 12 if picture.after else 0
    last = window.locator(picture.until).first.bounding_box()
    height = last["y"] + last["height"] + 5 - top
    clip = {"x": 0, "y": top, "width": picture.screen["viewport"]["width"], "height": height}
    taken = window.screenshot(full_page=True, clip=clip)
    width, colours, pixels = window.evaluate(FEW_COLOURS, b64encode(taken).decode())
    return write_png(width, colours, b64decode(pixels), words)
