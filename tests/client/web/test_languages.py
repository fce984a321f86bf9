"""The page in Chinese, the switch between its languages, and whether both say all of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.servers.running import MJPEGServer
from support.web.visitor import Visitor, visit

from askcam.demo.synthetic import SyntheticScene
from askcam.engine.errors import Busy, Stale
from askcam.server.language.catalogue import FORMS, own_words
from askcam.server.terminal.reasons import reason_in
from askcam.stream.errors import CameraUnavailable

WEB = Path(__file__).parents[3] / "client/web"
SIGN = SyntheticScene(7).scene.sign.text
TOKEN = "a-token-for-tests"
# What of the page's own words may stand in Latin letters on the Chinese page.
LATIN = {"askcam", "Alt", "Enter", "Shift", "Esc", "ASKCAM_TOKEN", "toml", "token", "cookie"}
LATIN |= {"https", "tls", "cert", "key", "websocket", "WebSocket"}


NAMES = ("gate", "yard", "cellar")
# What the server says of cameras and questions, as it is written in stream/, engine/ and server/.
SERVED = (
    "http://h/x: nothing listens at h:80 (connection refused): is the camera on, is the port right?; trying again",
    "no picture comes: is the camera still on, and the network up?; trying again every 10 s",
    "waiting for a keyframe: 12 packets came, which need one before them (set a shorter keyframe or I-frame interval "
    "in the camera, and H.264+ or H.265+ off)",
    "the video is over; add ?loop=1 to play it again and again",
    str(Stale("lobby", 3.0, 1.5)),
    str(Busy(32, 4.0)),
    "the picture of yard is frozen: not one grey value has changed for seconds; restart the camera. To be answered "
    "anyway, send askcam.unwell: 'answer'",
    str(CameraUnavailable("gate", "lost", "no machine is called 'h.example': check the host name")),
    "nobody has translated this: $1 \\1 {x}",
)


@pytest.fixture
def chinese(browser: Browser, shots: Path) -> Iterator[Visitor]:
    """Someone whose browser speaks Chinese."""
    with visit(browser, shots, locale="zh-CN") as one:
        yield one


def foreign(visitor: Visitor, *selectors: str, known: tuple[str, ...] = ()) -> list[str]:
    """Words in Latin letters in these places, and in the titles and labels there; `known` are names and answers."""
    texts = visitor.page.evaluate(
        """selectors => selectors.flatMap((selector) => [...document.querySelectorAll(selector)].flatMap((element) =>
            [element.textContent, element.title, element.ariaLabel, element.placeholder].filter(Boolean)))""",
        list(selectors),
    )
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]{2,}", text)}
    return sorted(words - LATIN - set(known))


def test_every_word_that_the_page_asks_for_is_there_and_none_is_left_over() -> None:
    known = {FORMS.sub("", key) for folder in WEB.rglob("locales") for key in own_words(folder, "en")}
    source = "\n".join(path.read_text() for path in WEB.rglob("*") if path.suffix in (".js", ".html"))
    rooms = "|".join({key.split(".")[0] for key in known})
    asked = set(re.findall(rf"""["']((?:{rooms})\.\w+)["']""", source))
    assert asked - known - {"key.code"} == set()
    # Those whose name is put together: states, refusals, what is wrong with a picture. And what the server looks at.
    families = ("state.", "mine.", "problem.", "health.", "stands.", "happened.", "language.")
    assert {key for key in known - asked if not key.startswith(families)} == set()


def test_a_chinese_browser_gets_a_chinese_page(chinese: Visitor, live_server: LiveServer) -> None:
    page = chinese.page
    chinese.open(live_server.url)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("img", name="lobby 的实时画面")).to_be_visible()
    expect(page.locator("#start h1")).to_have_text("问问lobby看到了什么")
    chinese.snap("zh-start")
    page.get_by_role("textbox", name="您的问题").fill("牌子上写着什么？")
    page.keyboard.press("Enter")
    assert chinese.answer() == f"上面写着“{SIGN}”。"
    expect(chinese.last.locator(".facts")).to_have_text(
        re.compile(r"^第一个字\s[\d.]+\s秒 · 全部\s[\d.]+\s秒 · 画面是\s[\d.]+\s(毫秒|秒)前的")
    )
    chinese.snap("zh-answered")
    chinese.last.locator(".thumb").click()
    expect(page.get_by_role("dialog", name="此回答看到了什么")).to_contain_text("最新的")
    assert foreign(chinese, "#evidence h2", "#evidence button", "#evidence .where", "#evidence .muted") == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="按键与帮助").click()
    assert foreign(chinese, "#help") == []
    chinese.snap("zh-help")
    page.keyboard.press("Escape")
    known = ("lobby", "EN", "Switch", "the", "page", "to", "English")  # the switch is for those who read no Chinese
    places = ("button", "textarea", "label", ".skip", ".card .facts", ".card .where")
    assert foreign(chinese, *places, known=known) == []


def test_the_switch_keeps_the_conversation_and_is_remembered(visitor: Visitor, live_server: LiveServer) -> None:
    page = visitor.page
    visitor.open(live_server.url)
    visitor.ask("What does the sign say?")
    answer = visitor.answer()
    page.get_by_role("button", name="把页面换成中文").click()
    expect(page.locator("#send")).to_have_text("提问")
    expect(visitor.last.locator(".text")).to_have_text(answer)
    expect(visitor.last.get_by_role("button", name="再问一次")).to_be_visible()
    expect(visitor.last.locator(".facts")).to_contain_text("第一个字")
    expect(page.get_by_role("navigation", name="摄像头").get_by_role("button", name="使用我的摄像头")).to_be_visible()
    page.reload()
    expect(page.locator("#send")).to_have_text("提问")
    page.get_by_role("button", name="Switch the page to English").click()
    expect(page.locator("#send")).to_have_text("Ask")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()


def test_a_browser_of_another_language_gets_english(browser: Browser, shots: Path, live_server: LiveServer) -> None:
    with visit(browser, shots, locale="de-DE") as german:
        german.open(live_server.url)
        expect(german.page.locator("#send")).to_have_text("Ask")


def test_states_of_cameras_in_chinese(chinese: Visitor) -> None:
    page = chinese.page
    with MJPEGServer("clock:320x240") as nobody:
        pass  # its port refuses from now on
    five = ("--fps", "5")
    with MJPEGServer("source:synthetic:7", *five) as yard, MJPEGServer("call:support.web.shades:dark", *five) as cellar:
        cameras = [f"gate={nobody.url}", f"yard={yard.url}", f"cellar={cellar.url}"]
        with start_server(cameras=cameras) as server:
            chinese.open(server.url)
            page.locator("[data-camera=gate]").click()
            expect(chinese.notice.locator("h2")).to_have_text("gate 断开了")
            chinese.page.locator("#question").fill("你看到了什么？")
            page.keyboard.press("Enter")
            expect(chinese.problem.locator("h3")).to_have_text("摄像头不是实时的")
            places = (".problem h3", ".problem .advice", ".problem button", ".veil h2", ".veil button", ".chip .state")
            said = (".problem p", ".veil p", ".chip")  # the server's own words are among them
            assert foreign(chinese, *places, *said, known=(*NAMES, "http", "cam", "mjpeg")) == []
            chinese.snap("zh-camera-lost")
            page.locator("[data-camera=cellar]").click()
            expect(page.locator(".badge")).to_contain_text("太暗")
            assert foreign(chinese, ".badge") == []
            page.locator("[data-camera=yard]").click()
            expect(page.locator("[data-camera=yard]")).to_have_attribute("data-state", "live")
            yard.freeze()
            try:
                expect(chinese.notice.locator("h2")).to_have_text("yard 停顿了")
                expect(chinese.notice).to_contain_text("您看到的是旧画面")
            finally:
                yard.thaw()
        expect(page.locator("#banner")).to_contain_text("服务器没有响应。askcam 还在运行吗？")
        assert foreign(chinese, "#banner", "#pill", ".veil") == []
        chinese.snap("zh-server-gone")


def test_the_token_and_no_camera_in_chinese(chinese: Visitor) -> None:
    page = chinese.page
    with start_server(env={"ASKCAM_TOKEN": TOKEN}) as server:
        chinese.open(server.url)
        dialog = page.get_by_role("dialog", name="此服务器要求令牌")
        expect(dialog).to_be_visible()
        expect(chinese.pill).to_have_text("需要令牌")
        dialog.get_by_label("令牌").fill("wrong")
        dialog.get_by_role("button", name="继续").click()
        expect(dialog.get_by_role("alert")).to_have_text("服务器不认识这个令牌。")
        assert foreign(chinese, "#login") == []
        chinese.snap("zh-locked")
        dialog.get_by_label("令牌").fill(TOKEN)
        dialog.get_by_role("button", name="继续").click()
        expect(chinese.notice.locator("h2")).to_have_text("还没有摄像头")
        assert foreign(chinese, ".veil h2", ".veil p", ".veil button") == []
        chinese.snap("zh-no-camera")


def test_my_camera_refused_and_a_model_that_loads_in_chinese(
    browser: Browser, shots: Path, live_server: LiveServer
) -> None:
    body = {"status": "loading", "what": "loading weights", "share": 0.4, "failed": False}

    def loading(route: Route) -> None:
        route.fulfill(status=503, content_type="application/json", body=json.dumps(body))

    with visit(browser, shots, locale="zh-TW") as visitor:
        visitor.page.add_init_script(
            "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
        )
        visitor.page.route("**/readyz", loading)
        visitor.open(live_server.url)
        expect(visitor.notice.locator("h2")).to_have_text("正在加载模型")
        expect(visitor.pill).to_have_text("正在加载 40 %")
        visitor.page.unroute("**/readyz")
        visitor.page.get_by_role("button", name="使用我的摄像头").click()
        expect(visitor.notice.locator("h2")).to_have_text("浏览器没有给出摄像头")
        assert foreign(visitor, ".veil") == []
        visitor.snap("zh-denied")


def test_page_and_command_line_say_the_server_s_sentences_alike(chinese: Visitor, live_server: LiveServer) -> None:
    chinese.open(live_server.url)
    said = chinese.page.evaluate(
        "async texts => { const { served } = await import('/web/words/tongue.js'); return texts.map(served); }",
        list(SERVED),
    )
    assert said == [reason_in(text, "zh") for text in SERVED]
    assert said[-1] == SERVED[-1]
    for text, told in zip(SERVED[:-1], said[:-1], strict=True):
        assert told != text
