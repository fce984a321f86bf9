"""Everything that can be missing or wrong at a desk: the page says what, and what to do."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.servers.desk_scene import APPLE_CODE, OTHER_CODE, apple, askew, goods, nothing, two
from support.servers.running import MJPEGServer
from support.web.axe import assert_accessible
from support.web.shades import dark
from support.web.shopper import Shopper
from support.web.visitor import Visitor, visit

from askcam.features.desk.guidance import SAID, Hint
from askcam.stream.frame import Pixels

FPS = 2  # enough, and light
SAMPLE = "2012345678903"
GOODS = f"name;barcode;price;currency;stock\nGala apple;{APPLE_CODE};2,49;EUR;0\n"
CATALOGUE = '[catalogue]\nfile = "goods.csv"\n'


def film(path: Path, at: Callable[[float], Pixels]) -> str:
    """A recording of four seconds that a server plays again and again."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, at(0.0).shape[1::-1])
    for number in range(4 * FPS):
        writer.write(at(number / FPS)[:, :, ::-1])
    writer.release()
    return f"{path}?loop=1"


def pear(wall: float) -> Pixels:
    """Goods that the catalogue lacks."""
    return goods("pear", OTHER_CODE, wall)


def desks(**uris: str) -> str:
    return "".join(f'[cameras.{name}]\nuri = "{uri}"\ndesk = true\n' for name, uri in uris.items())


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("films")
    scenes = {"sold": apple, "bare": nothing, "side": askew, "pair": two, "night": dark, "pears": pear}
    return {name: film(folder / f"{name}.avi", at) for name, at in scenes.items()}


@pytest.fixture(scope="module")
def server(films: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "goods.csv").write_text(GOODS)
    with MJPEGServer("clock:320x240") as nobody:
        pass  # its port refuses from now on
    cameras = desks(**films, gone=nobody.url)
    (folder / "askcam.toml").write_text(CATALOGUE + "[limits]\nmax_pushed_desks = 1\n" + cameras)
    with start_server("--config", str(folder / "askcam.toml")) as one:
        yield one


@pytest.fixture
def shopper(visitor: Visitor) -> Shopper:
    return Shopper(visitor)


def test_an_empty_desk_says_what_to_do(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "bare")
    expect(shopper.hint).to_have_text("Hold a product here")
    expect(shopper.product).to_contain_text("With its barcode to the camera")
    expect(shopper.strip).to_contain_text("Nothing yet")
    shopper.snap("desk-empty")
    assert_accessible(shopper.page)


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ("side", "Turn the code to the camera"),
        ("pair", "Two products: one at a time, please"),
        ("night", "Too dark: more light, please"),
    ],
)
def test_what_would_help_stands_on_the_picture(shopper: Shopper, server: LiveServer, camera: str, words: str) -> None:
    shopper.open(server.url, camera)
    expect(shopper.hint).to_have_text(words)
    expect(shopper.hint).to_have_attribute("data-tone", "warn")
    shopper.snap(f"desk-{camera}")


def test_every_hint_of_the_server_has_words_in_both_languages(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "bare")
    for hint in Hint:
        for language in ("en", "zh"):
            told = shopper.page.evaluate(
                """async ([hint, text, language]) => {
                    const { hint: say } = await import('/web/desk/guidance.js');
                    const { DESK } = await import('/web/state.js');
                    const { speak } = await import('/web/words/tongue.js');
                    await speak(language);
                    const { words } = await (await fetch(`/words?prefer=${language}`)).json();
                    const camera = { name: 'a', state: 'live', desk: true };
                    const desk = { codes: [], facts: [], guidance: [{ hint, text }] };
                    const { text: said } = say({ ...DESK, server: 'ready', chosen: 'a', cameras: [camera], desk });
                    return [said, Object.values(words)];
                }""",
                [hint.value, SAID[hint], language],
            )
            assert told[0] in told[1], f"{hint.value!r} has no words of the page's in {language}"


def test_goods_that_the_catalogue_lacks(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "pears")
    expect(shopper.product).to_contain_text("Not in the catalogue")
    expect(shopper.product.locator("h1")).to_have_text(OTHER_CODE)
    expect(shopper.product.locator(".price")).to_have_count(0)
    assert not re.search("null|undefined|NaN", shopper.product.inner_text())
    shopper.page.keyboard.press("Enter")
    expect(shopper.items).to_contain_text("no price")
    shopper.snap("desk-missing")
    assert_accessible(shopper.page)


def test_goods_that_are_sold_out(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "sold")
    expect(shopper.product).to_contain_text("sold out")


def test_a_desk_whose_camera_is_lost(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "gone")
    expect(shopper.notice).to_contain_text("gone")
    expect(shopper.hint).to_be_hidden()
    shopper.page.get_by_role("button", name="How much is this?").click()
    expect(shopper.page.locator("#problem")).to_contain_text("The camera is not live")
    shopper.snap("desk-camera-lost")


def test_another_camera_is_another_product(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "sold")
    expect(shopper.product.locator(".price")).to_have_text("2.49 EUR")
    shopper.chips.get_by_role("button", name="bare").click()
    expect(shopper.product).to_contain_text("With its barcode to the camera")


def test_the_sample_is_read_like_any_product(shopper: Shopper, server: LiveServer) -> None:
    shopper.open(server.url, "bare")
    shopper.page.get_by_role("button", name="Try a sample product").first.click()
    expect(shopper.product.locator(".code")).to_have_text(SAMPLE)
    expect(shopper.product).to_contain_text("Not in the catalogue")
    expect(shopper.product).to_contain_text("hold up a product of your own")
    shopper.snap("desk-sample")
    shopper.chips.get_by_role("button", name="bare").click()
    expect(shopper.product).to_contain_text("With its barcode to the camera")


def test_one_private_desk_too_many(browser: Browser, shots: Path, server: LiveServer) -> None:
    with visit(browser, shots) as one, visit(browser, shots) as other:
        first, second = Shopper(one), Shopper(other)
        for each in (first, second):
            each.open(server.url, "bare")
            each.page.get_by_role("button", name="Try a sample product").first.click()
            if each is first:
                expect(first.product.locator(".code")).to_have_text(SAMPLE)
        expect(second.notice).to_contain_text("The server does not take your camera")
        expect(second.notice).to_contain_text("product desks are taken (1)")
        second.snap("desk-refused")
        expect(first.product.locator(".code")).to_have_text(SAMPLE)
