"""The reader's own camera: a real Chromium, a fake webcam that shows a clip, and all that can stand in its way."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.web.clip import CLIP_SEED, DEVICE, GIVES
from support.web.visitor import Visitor, visit

from askcam.demo.synthetic import SyntheticScene

SIGN = SyntheticScene(CLIP_SEED).scene.sign.text
TOKEN = "a-token-for-tests"
ONE_PUSHED = "[limits]\nmax_pushed_cameras = 1\n"


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """With a token, no camera, and room for one pushed camera."""
    config = tmp_path_factory.mktemp("strict") / "askcam.toml"
    config.write_text(ONE_PUSHED)
    with start_server("--config", str(config), env={"ASKCAM_TOKEN": TOKEN}) as server:
        yield server


def test_my_camera_is_asked_and_answers_right(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.chip("Use my camera").click()
    visitor.ask("What does the sign say?")
    # Mirrored, the sign could not be read.
    assert visitor.answer() == f'It says "{SIGN}".'
    expect(visitor.last.locator(".where")).to_have_text(re.compile("^Your camera"))
    expect(visitor.chip("Your camera")).to_have_attribute("data-state", "live")
    video = visitor.page.locator("#picture video")
    assert video.evaluate("video => new DOMMatrix(getComputedStyle(video).transform).a") == -1, "people expect a mirror"
    expect(visitor.page.locator("#caption")).to_contain_text("mirrored for you, not for the model")
    expect(visitor.last.locator(".thumb img")).to_have_js_property("complete", True)
    visitor.snap("own-camera")


def test_it_is_let_go_when_another_camera_is_chosen(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.chip("Use my camera").click()
    expect(visitor.chip("Your camera")).to_have_attribute("data-state", "live")
    track = visitor.page.locator("#picture video").evaluate_handle("video => video.srcObject.getVideoTracks()[0]")
    visitor.chip("lobby").click()
    assert track.evaluate("track => track.readyState") == "ended"
    visitor.see_live("lobby")
    visitor.ask("What does the sign say?")
    visitor.answer()
    expect(visitor.last.locator(".where")).to_have_text(re.compile("^lobby"))


def test_its_age_is_that_of_the_capture(visitor: Visitor, live_server: LiveServer) -> None:
    received: list[str] = []
    visitor.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    visitor.open(live_server.url)
    visitor.chip("Use my camera").click()
    expect(visitor.chip("Your camera")).to_have_attribute("data-state", "live")
    visitor.ask("What does the sign say?")
    visitor.answer()
    done = next(event for event in received if '"response.done"' in event)
    assert '"age_basis":"capture"' in done


def test_permission_denied(
    launch: Callable[..., AbstractContextManager[Browser]], shots: Path, live_server: LiveServer
) -> None:
    with launch(DEVICE, prompts=True) as browser, visit(browser, shots, camera=False) as visitor:
        visitor.open(live_server.url)
        visitor.chip("Use my camera").click()
        expect(visitor.notice).to_contain_text("The browser did not give the camera")
        expect(visitor.notice).to_contain_text("Allow the camera for this page")
        expect(visitor.chip("Your camera")).to_have_attribute("data-state", "lost")
        visitor.snap("camera-denied")
        visitor.notice.get_by_role("button", name="Back to the server's camera").click()
        visitor.see_live("lobby")


def test_no_camera_at_all(
    launch: Callable[..., AbstractContextManager[Browser]], shots: Path, live_server: LiveServer
) -> None:
    with launch(GIVES) as browser, visit(browser, shots) as visitor:
        visitor.open(live_server.url)
        visitor.chip("Use my camera").click()
        expect(visitor.notice).to_contain_text("No camera found")
        expect(visitor.notice.get_by_role("button", name="Try again")).to_be_visible()
        visitor.snap("camera-none")


def test_a_camera_that_goes_away(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.chip("Use my camera").click()
    expect(visitor.chip("Your camera")).to_have_attribute("data-state", "live")
    # Chromium's fake device cannot be unplugged: the event is all that a page gets to know of it.
    visitor.page.locator("#picture video").evaluate(
        "video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    expect(visitor.notice).to_contain_text("Your camera went away")
    visitor.snap("camera-unplugged")
    visitor.notice.get_by_role("button", name="Try again").click()
    expect(visitor.chip("Your camera")).to_have_attribute("data-state", "live")


def test_the_token_is_asked_for_and_then_kept(visitor: Visitor, strict_server: LiveServer) -> None:
    visitor.open(strict_server.url)
    dialog = visitor.page.get_by_role("dialog", name="This server asks for a token")
    expect(dialog).to_be_visible()
    expect(visitor.pill).to_have_text("token needed")
    visitor.snap("token")
    dialog.get_by_label("Token").fill("not-the-token")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_have_text("The server does not know this token.")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_be_hidden()
    expect(visitor.notice).to_contain_text("No camera yet")
    visitor.snap("no-camera-yet")
    assert visitor.page.evaluate("document.cookie") == "", "scripts must not see the cookie"
    visitor.page.reload()
    expect(visitor.notice).to_contain_text("No camera yet")
    visitor.chip("Use my camera").click()
    visitor.ask("What does the sign say?")
    assert SIGN in visitor.answer()


def test_one_browser_camera_too_many(visitors: Callable[[], Visitor], strict_server: LiveServer) -> None:
    first, second = visitors(), visitors()
    for one in (first, second):
        log_in(one, strict_server)
    first.chip("Use my camera").click()
    expect(first.chip("Your camera")).to_have_attribute("data-state", "live")  # before the other asks for the place
    second.chip("Use my camera").click()
    expect(second.notice).to_contain_text("The server does not take your camera")
    expect(second.notice).to_contain_text("pushed cameras are open already")
    second.snap("camera-refused")
    first.chip("Your camera").click()
    expect(first.chip("Use my camera")).to_be_visible()
    second.notice.get_by_role("button", name="Try again").click()
    expect(second.chip("Your camera")).to_have_attribute("data-state", "live")


def test_an_address_that_is_not_secure(
    launch: Callable[..., AbstractContextManager[Browser]], shots: Path, strict_server: LiveServer
) -> None:
    port = strict_server.url.rpartition(":")[2]
    with (
        launch(GIVES, DEVICE, "--host-resolver-rules=MAP camera.test 127.0.0.1") as browser,
        visit(browser, shots) as visitor,
    ):
        log_in(visitor, strict_server, f"http://camera.test:{port}")
        visitor.chip("Use my camera").click()
        expect(visitor.notice).to_contain_text("Your camera needs https")
        expect(visitor.notice).to_contain_text("--tls-cert and --tls-key")
        visitor.snap("camera-insecure")


def log_in(visitor: Visitor, server: LiveServer, url: str | None = None) -> None:
    visitor.open(url or server.url)
    dialog = visitor.page.get_by_role("dialog", name="This server asks for a token")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_be_hidden()
