"""One question to all cameras on the wall: what stands below it, on the tiles, and is read out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server
from support.web.axe import assert_accessible
from support.web.visitor import Visitor
from support.web.wall_stage import tile

from askcam.demo.synthetic import SyntheticScene

SCENE = SyntheticScene(7).scene
DIE = "\U0001f3b2"  # one character, two of JavaScript's
LINES = "one => Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight))"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A camera that can be seen, and one that can't."""
    with start_server(cameras=["lobby=synthetic:7", "cellar=rtsp://127.0.0.1:9/nobody"]) as one:
        wait_for_pairs(one, "lobby", 2)
        yield one


@pytest.fixture
def page(visitor: Visitor, server: LiveServer) -> Page:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.page.goto(server.url + "/wall")
    expect(tile(visitor.page, "lobby").locator(".tile-said")).to_contain_text("Live")
    return visitor.page


def question(page: Page) -> Locator:
    return page.get_by_role("textbox", name="A question to all cameras")


def test_which_camera_shows_something_is_said_below_the_question(visitor: Visitor, page: Page) -> None:
    question(page).fill(f"Which camera shows a {SCENE.traveller.drawn.en}?")
    question(page).press("Enter")
    named = page.locator(".named")
    expect(named).to_have_text(re.compile(r"^lobby \d+ %$"))
    expect(named).to_be_in_viewport()
    expect(page.locator(".unsaid")).to_have_text("No answer from: cellar")
    expect(page.locator(".asked-count")).to_be_hidden()
    expect(tile(page, "lobby")).to_have_attribute("data-shown", "true")
    expect(tile(page, "cellar")).to_have_attribute("data-shown", "false")
    said = tile(page, "lobby").locator(".tile-text")
    expect(said).to_contain_text(re.compile(r"^Yes\. probability of yes: \d+ %"))
    expect(said.locator(".tile-note")).to_contain_text("not the real world")
    log = page.get_by_role("log").locator("p")
    expect(log).to_have_count(3)  # each camera once, and the one answer
    expect(log.last).to_have_text(f"Shown by: {named.inner_text()}")
    visitor.fits("wall-shown")
    assert_accessible(page)
    named.click()
    assert page.evaluate("document.activeElement.closest('.tile')?.dataset.camera") == "lobby"


def test_each_answer_is_read_out_and_says_what_the_model_does_not_know(visitor: Visitor, page: Page) -> None:
    expect(page.locator(".wall-bar .note")).to_have_text(re.compile("^built-in model: .* not the real world$"))
    question(page).fill("What does the sign say?")
    question(page).press("Enter")
    log = page.get_by_role("log").locator("p")
    expect(log).to_have_count(3)
    expect(log.filter(has_text="lobby:")).to_contain_text(SCENE.sign.text)
    expect(log.filter(has_text="cellar:")).to_have_text("cellar: The camera is not live")
    expect(log.last).to_have_text("2 of 2 answered")
    expect(page.locator(".named, .merged").locator("visible=true")).to_have_count(0)  # a listing says what tiles say
    visitor.fits("wall-asked")
    tile(page, "lobby").get_by_role("button", name="Frames").click()
    seen = page.get_by_role("dialog", name="What this answer saw")
    expect(seen.locator(".note")).to_contain_text("not the real world; for real scenes: askcam models")
    page.keyboard.press("Escape")


def test_a_long_question_stays_small_and_one_that_is_too_long_is_told(visitor: Visitor, page: Page) -> None:
    page.route("**/v1/ask", lambda route: route.fulfill(content_type="text/event-stream", body="data: [DONE]\n\n"))
    page.get_by_role("tab", name="Timeline").click()
    search = page.get_by_role("searchbox", name="Search what happened")
    for field, most in ((question(page), 2000), (search, 500)):
        field.fill(DIE * (most + 1))
        told = page.locator(f"#{field.get_attribute('id')}-limit")
        expect(told).to_have_text(f"Too long: at most {most} characters are taken. Shorten it. These are {most + 1}.")
        field.press("Enter")
        expect(page.locator(".asked")).to_be_hidden()
        field.fill(DIE * most)
        expect(told).to_be_hidden()
    question(page).fill("Is anybody there? " * 110)
    question(page).press("Enter")
    text = page.locator(".asked .folded-text")
    expect(text).to_contain_text("Is anybody there?")
    assert text.evaluate(LINES) == 2
    visitor.fits("wall-long")
    page.get_by_role("button", name="Show all").click()
    assert text.evaluate(LINES) > 2
    page.get_by_role("button", name="Show less").click()
    assert text.evaluate(LINES) == 2
    page.unroute("**/v1/ask")
