"""Everything that can be wrong with a camera or the server: the page says what and what to do, nothing stays green."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import pytest
from playwright.sync_api import Route, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.servers.running import MJPEGServer
from support.web.visitor import Visitor

from askcam.demo.synthetic import SyntheticScene

SIGN = SyntheticScene(7).scene.sign.text
CONFIG = """
[limits]
questions_per_s = 0.01
questions_burst = 3
"""


@pytest.fixture(scope="module")
def yard() -> Iterator[MJPEGServer]:
    """A camera that can be stopped and let go on."""
    with MJPEGServer("source:synthetic:7", "--fps", "5") as camera:
        yield camera


@pytest.fixture(scope="module")
def cellar() -> Iterator[MJPEGServer]:
    """A camera in the dark."""
    with MJPEGServer("call:support.web.shades:dark", "--fps", "5") as camera:
        yield camera


@pytest.fixture(scope="module")
def clip_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of one second."""
    path = tmp_path_factory.mktemp("video") / "second.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (640, 480))
    for i in range(10):
        writer.write(SyntheticScene(7).at(i / 10)[:, :, ::-1])
    writer.release()
    return path


@pytest.fixture(scope="module")
def troubled(
    yard: MJPEGServer, cellar: MJPEGServer, clip_over: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """A server with a camera for each trouble, and hardly a question allowed."""
    config = tmp_path_factory.mktemp("troubled") / "askcam.toml"
    config.write_text(CONFIG)
    with MJPEGServer("clock:320x240") as nobody:
        pass  # its port refuses from now on
    cameras = [f"yard={yard.url}", f"cellar={cellar.url}", f"gate={nobody.url}", f"clip={clip_over}"]
    with start_server("--config", str(config), cameras=cameras) as server:
        yield server


def test_a_camera_that_refuses(visitor: Visitor, troubled: LiveServer) -> None:
    visitor.open(troubled.url)
    visitor.chip("gate").click()
    expect(visitor.chip("gate")).to_have_attribute("data-state", "lost")
    expect(visitor.notice).to_contain_text("gate is lost")
    expect(visitor.notice).to_contain_text("nothing listens at")
    visitor.ask("What do you see?")
    expect(visitor.problem).to_contain_text("The camera is not live")
    expect(visitor.problem).to_contain_text("Nothing is answered from old pictures")
    expect(visitor.question).to_have_value("What do you see?")
    expect(visitor.page.locator("#cards > li")).to_have_count(0)
    visitor.snap("camera-lost")


def test_a_file_that_is_over(visitor: Visitor, troubled: LiveServer) -> None:
    visitor.open(troubled.url)
    visitor.chip("clip").click()
    expect(visitor.notice).to_contain_text("clip has ended")
    expect(visitor.notice).to_contain_text("?loop=1")
    visitor.snap("camera-ended")


def test_a_dark_picture(visitor: Visitor, troubled: LiveServer) -> None:
    visitor.open(troubled.url)
    visitor.chip("cellar").click()
    visitor.see_live("cellar")
    expect(visitor.page.locator(".badge")).to_contain_text("Too dark")
    expect(visitor.page.get_by_role("img", name="Live picture of cellar")).to_be_visible()
    expect(visitor.page.locator("#picture img")).to_have_count(1)  # of the camera before nothing is left
    visitor.ask("What do you see?")
    expect(visitor.problem).to_contain_text("Nothing can be seen")
    expect(visitor.problem).to_contain_text("made up")
    visitor.snap("camera-dark")


def test_too_many_questions_are_no_answers(visitor: Visitor, troubled: LiveServer) -> None:
    visitor.open(troubled.url)
    visitor.chip("yard").click()
    visitor.see_live("yard")
    for _ in range(5):
        visitor.ask("What does the sign say?")
        expect(visitor.last.or_(visitor.problem.locator(".problem")).last).to_be_visible()
        expect(visitor.page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
        if visitor.problem.locator(".problem").count():
            break
    expect(visitor.problem).to_contain_text("Too many questions")
    expect(visitor.problem.get_by_role("button", name="Try again")).to_be_visible()
    expect(visitor.question).to_have_value("What does the sign say?")
    visitor.snap("question-refused")


def test_a_camera_that_stalls_and_comes_back(visitor: Visitor, troubled: LiveServer, yard: MJPEGServer) -> None:
    visitor.open(troubled.url)
    visitor.chip("yard").click()
    visitor.see_live("yard")
    yard.freeze()
    try:
        expect(visitor.chip("yard")).to_have_attribute("data-state", "stalled")
        expect(visitor.notice).to_contain_text("yard is stalled")
        expect(visitor.notice).to_contain_text("What you see is old, so questions are refused")
        visitor.snap("camera-stalled")
    finally:
        yard.thaw()
    visitor.see_live("yard")


def test_a_camera_that_is_being_connected(visitor: Visitor, live_server: LiveServer, yard: MJPEGServer) -> None:
    yard.freeze()
    try:
        added = httpx.post(f"{live_server.url}/v1/cameras", json={"name": "slow", "uri": yard.url}, timeout=60)
        assert added.status_code == 201, added.text
        visitor.open(live_server.url)
        visitor.chip("slow").click()
        expect(visitor.notice).to_contain_text("Connecting to slow")
        visitor.snap("camera-connecting")
        httpx.delete(f"{live_server.url}/v1/cameras/slow", timeout=60)
        expect(visitor.notice).to_contain_text("slow is gone")
        visitor.snap("camera-removed")
        visitor.chip("lobby").click()
        visitor.see_live("lobby")
    finally:
        yard.thaw()


def test_the_model_is_being_loaded(visitor: Visitor, live_server: LiveServer) -> None:
    body = {"status": "loading", "what": "loading weights", "share": 0.4, "failed": False}

    def loading(route: Route) -> None:
        route.fulfill(status=503, content_type="application/json", body=json.dumps(body))

    visitor.page.route("**/readyz", loading)
    visitor.open(live_server.url)
    expect(visitor.notice).to_contain_text("Loading the model")
    expect(visitor.notice).to_contain_text("loading weights")
    expect(visitor.pill).to_have_text("loading 40 %")
    visitor.ask("What does the sign say?")
    expect(visitor.problem).to_contain_text("The model is not ready")
    expect(visitor.question).to_have_value("What does the sign say?")
    visitor.snap("model-loading")
    visitor.page.unroute("**/readyz")
    visitor.see_live("lobby")
    visitor.question.press("Enter")
    assert SIGN in visitor.answer()


def test_the_server_goes_and_comes_back(visitor: Visitor) -> None:
    with start_server(cameras=["lobby=synthetic:7"]) as server:
        visitor.open(server.url)
        visitor.see_live("lobby")
        visitor.ask("What does the sign say?")
        visitor.answer()
    banner = visitor.page.locator("#banner")
    expect(banner).to_contain_text("The server does not answer")
    expect(banner).to_contain_text("This page goes on by itself")
    expect(visitor.notice).to_contain_text("Not live")
    expect(visitor.pill).to_have_text("no server")
    expect(visitor.chip("lobby")).to_have_attribute("data-state", "unknown")
    visitor.ask("What do you see?")
    expect(visitor.problem).to_contain_text("Your question is kept")
    expect(visitor.question).to_have_value("What do you see?")
    visitor.snap("server-gone")
    port = server.url.rpartition(":")[2]
    with start_server("--port", port, cameras=["lobby=synthetic:7"]):
        visitor.see_live("lobby")
        expect(banner).to_be_hidden()
        visitor.question.press("Enter")
        assert SIGN in visitor.answer()


def test_nothing_can_be_typed_before_the_page_works(visitor: Visitor, live_server: LiveServer) -> None:
    """The words of the page come from the server, which may just be starting again."""
    refused = 0

    def starting(route: Route) -> None:
        nonlocal refused
        refused += 1
        if refused <= 2:
            route.abort()
        else:
            route.continue_()

    visitor.page.route("**/words?*", starting)
    visitor.open(live_server.url)
    expect(visitor.question).to_be_disabled()
    expect(visitor.question).to_be_focused()
    visitor.ask("What does the sign say?")
    assert SIGN in visitor.answer()
    assert refused == 3
