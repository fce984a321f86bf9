"""The page Desk: products are held before a fake webcam and an RTSP camera, and their prices stand on the card."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.servers.desk_scene import APPLE_CODE, apple
from support.servers.running import MiniRTSP
from support.waiting import until
from support.web.axe import assert_accessible
from support.web.clip import DEVICE, GIVES, write_scene
from support.web.shopper import Shopper
from support.web.visitor import Visitor, visit

GOODS = f"name;barcode;price;currency;stock;delivery_days;name:zh\nGala apple;{APPLE_CODE};2,49;EUR;12;3;苹果\n"
CONFIG = """
[catalogue]
file = "goods.csv"

[cameras.counter]
uri = "{counter}"
desk = true

[cameras.lobby]
uri = "synthetic:7"
fps = 0.5  # nobody asks it
"""


@pytest.fixture(scope="module")
def counter() -> Iterator[MiniRTSP]:
    """An RTSP camera before which somebody holds an apple."""
    with MiniRTSP("call:support.servers.desk_scene:apple", "--fps", "5", "--gop", "5") as camera:
        yield camera


@pytest.fixture(scope="module")
def server(counter: MiniRTSP, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "goods.csv").write_text(GOODS, encoding="utf-8")
    (folder / "askcam.toml").write_text(CONFIG.format(counter=counter.url))
    with start_server("--config", str(folder / "askcam.toml")) as one:
        yield one


@pytest.fixture(scope="module")
def browser(
    launch: Callable[..., AbstractContextManager[Browser]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium with a webcam before which somebody holds an apple."""
    clip = tmp_path_factory.mktemp("clip") / "apple.mjpeg"
    write_scene(apple, clip)
    with launch(GIVES, DEVICE, f"--use-file-for-fake-video-capture={clip}") as started:
        yield started


@pytest.fixture
def shopper(visitor: Visitor) -> Shopper:
    return Shopper(visitor)


def test_a_product_before_the_shops_camera_shows_its_price(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    expect(shopper.chips.get_by_role("button")).to_have_count(2)  # lobby is no desk
    expect(shopper.product.locator(".name")).to_have_text("Gala apple")
    expect(shopper.product.locator(".price")).to_have_text("2.49 EUR")
    expect(shopper.product).to_contain_text("Known by its barcode")
    expect(shopper.product).to_contain_text("12 in stock")
    expect(shopper.product).to_contain_text("3 days")
    expect(shopper.product.locator(".code")).to_have_text(APPLE_CODE)
    assert not re.search("null|undefined|NaN", shopper.product.inner_text())
    for picture in (".shot", "img.label"):  # what it was read from
        shown = shopper.product.locator(picture)
        expect(shown).to_be_visible()
        assert shown.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 60
    expect(shopper.page.locator(".aim polygon")).to_have_attribute("points", re.compile(r"^[\d.]+,[\d.]+ "))  # the code
    shopper.snap("desk-found")


def test_ones_own_camera_is_a_private_desk_and_is_not_mirrored(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    shopper.chips.get_by_role("button", name="Use my camera").click()
    expect(shopper.product.locator(".price")).to_have_text("2.49 EUR")
    video = shopper.page.locator("#picture video")
    assert video.evaluate("video => getComputedStyle(video).transform") == "none", "labels would read backwards"
    private = {url for url in shopper.urls if re.search(r"/v1/cameras/push-\w+/desk", url)}
    assert len(private) == 1
    shopper.snap("desk-own-camera")


def test_it_is_asked_about_with_one_tap(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    shopper.see_price()
    shopper.page.get_by_role("button", name="How much is this?").click()
    answer = shopper.page.locator("#answer li")
    expect(answer).to_have_attribute("data-phase", "done")
    expect(answer.locator(".text")).to_contain_text("2.49 EUR")
    expect(answer.locator("mark").first).to_contain_text("2.49")
    shopper.snap("desk-asked")
    shopper.page.get_by_role("textbox", name="Your question").fill("Is it in stock?")
    shopper.page.keyboard.press("Enter")
    expect(answer.locator(".question")).to_have_text("Is it in stock?")
    expect(answer).to_have_attribute("data-phase", "done")
    expect(answer.locator(".text")).to_contain_text("12")
    expect(shopper.items).to_have_count(0)  # Enter in the box is no accepting


def test_ask_shows_which_tool_was_called_with_what_and_what_it_brought(visitor: Visitor, server: LiveServer) -> None:
    visitor.page.goto(f"{server.url}/#counter")
    visitor.see_live("counter")
    desk = f"{server.url}/v1/cameras/counter/desk"  # on a busy machine it takes seconds to read a label
    until(lambda: httpx.get(desk, timeout=60).json()["facts"], "the label to be read", every_s=0.1)
    visitor.ask("How much is this?")
    assert "2.49 EUR" in visitor.answer()
    expect(visitor.last.locator("mark").first).to_have_attribute("title", re.compile("^Looked up: "))
    sources = visitor.last.locator("details.sources")
    expect(sources.locator("summary")).to_have_text("How it knows" + "lookup_product")
    sources.locator("summary").click()
    expect(sources).to_contain_text(f"Read: EAN-13 {APPLE_CODE}")
    expect(sources.locator(".call")).to_contain_text("lookup_product · built-in")
    asked, brought = sources.locator("pre").all_inner_texts()
    assert "query" in asked
    assert '"price": "2.49"' in brought
    visitor.snap("sources")
    assert_accessible(visitor.page)


def test_the_list_of_the_visit_by_keyboard(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    shopper.see_price()
    press = shopper.page.keyboard.press
    press("Enter")
    expect(shopper.items).to_have_count(1)
    press("Enter")
    expect(shopper.items).to_contain_text("2.49 EUR × 2")
    expect(shopper.sum).to_have_text("2 items · 4.98 EUR")
    press("z")
    expect(shopper.sum).to_have_text("1 item · 2.49 EUR")
    shopper.snap("desk-list")
    shopper.page.reload()
    expect(shopper.sum).to_have_text("1 item · 2.49 EUR")
    shopper.strip.get_by_role("button", name="Take Gala apple off the list").click()
    expect(shopper.items).to_have_count(0)
    shopper.page.evaluate("document.activeElement.blur()")
    press("z")
    expect(shopper.items).to_have_count(1)
    shopper.see_price()
    before = shopper.product.locator(".read").inner_text()[-8:]
    shopper.page.wait_for_function("before => !before.includes(new Date().toTimeString().slice(0, 8))", arg=before)
    press("Backspace")  # it is taken anew, with a new picture
    expect(shopper.product.locator(".read")).not_to_contain_text(before)
    shopper.see_price()


def test_the_list_is_saved_as_a_table(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    shopper.see_price()
    expect(shopper.strip.get_by_role("button", name="Save as CSV")).to_be_disabled()
    shopper.page.get_by_role("button", name="Add to the list").click()
    with shopper.page.expect_download() as saving:
        shopper.strip.get_by_role("button", name="Save as CSV").click()
    assert saving.value.suggested_filename.endswith(".csv")
    (row,) = csv.DictReader(io.StringIO(Path(saving.value.path()).read_text(encoding="utf-8-sig")))
    assert (row["barcode"], row["name"], row["price"], row["currency"], row["count"]) == (
        APPLE_CODE, "Gala apple", "2.49", "EUR", "1"
    )  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", row["seen_at"])


def test_what_a_catalogue_says_is_never_a_formula_nor_breaks_the_table(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    written = shopper.page.evaluate(
        """async () => (await import('/web/desk/items.js')).table([{ code: '1', name: '=HYPERLINK("http://x","y")',
            price: '1,5', currency: 'EUR', count: 1, at: 0 }])"""
    )
    (row,) = csv.DictReader(io.StringIO(written))
    assert row["name"] == '\'=HYPERLINK("http://x","y")'
    assert (row["price"], row["seen_at"]) == ("1,5", "1970-01-01T00:00:00.000Z")


def test_the_visit_is_bounded(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    num_items, num_past, newest = shopper.page.evaluate(
        """async () => {
            const { accepted, changed } = await import('/web/desk/items.js');
            let state = { items: [], past: [] };
            for (let i = 0; i < 50; i += 1) state = changed(state, accepted(state.items, { code: String(i) }));
            return [state.items.length, state.past.length, state.items.at(-1).code];
        }"""
    )
    assert (num_items, num_past, newest) == (20, 20, "49")


def test_a_shopper_who_reads_chinese(browser: Browser, shots: Path, server: LiveServer) -> None:
    with visit(browser, shots, locale="zh-CN") as visitor:
        shopper = Shopper(visitor)
        shopper.open(server.url)
        expect(shopper.product.locator(".name")).to_have_text("苹果")
        expect(shopper.product).to_contain_text("有货 12 件")
        shopper.page.get_by_role("button", name="这个多少钱？").click()
        answer = shopper.page.locator("#answer li")
        expect(answer).to_have_attribute("data-phase", "done")
        expect(answer.locator(".text")).to_contain_text("2.49")
        shopper.snap("zh-desk")


def test_nobody_is_shut_out_of_a_desk_with_a_product(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url)
    shopper.see_price()
    shopper.page.keyboard.press("Enter")
    shopper.page.get_by_role("button", name="How much is this?").click()
    expect(shopper.page.locator("#answer li")).to_have_attribute("data-phase", "done")
    assert_accessible(shopper.page)


def test_a_desk_that_loses_its_server_goes_on(counter: MiniRTSP, browser: Browser, shots: Path, tmp_path: Path) -> None:
    (tmp_path / "goods.csv").write_text(GOODS, encoding="utf-8")
    (tmp_path / "askcam.toml").write_text(CONFIG.format(counter=counter.url))
    args = ("--config", str(tmp_path / "askcam.toml"))
    with visit(browser, shots) as visitor:
        shopper = Shopper(visitor)
        with start_server(*args) as server:
            shopper.open(server.url)
            shopper.see_price()
            shopper.page.keyboard.press("Enter")
        banner = shopper.page.locator("#banner")
        expect(banner).to_contain_text("This page goes on by itself")
        expect(shopper.hint).to_be_hidden()
        expect(shopper.items).to_have_count(1)
        shopper.snap("desk-server-gone")
        with start_server(*args, "--port", server.url.rpartition(":")[2]):
            expect(banner).to_be_hidden()
            shopper.page.keyboard.press("Backspace")
            shopper.see_price()
