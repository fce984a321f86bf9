"""What every page says of the model and its power, and what the wall reads off answers."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Locator, Page, Route, expect
from support.servers.askcam_server import LiveServer
from support.web.visitor import Visitor

from askcam.client.protocol import CameraAnswer
from askcam.server.answering.several import likeliest

LESS = "fewer pixels"
LOW = re.compile("low.power", re.IGNORECASE)
LONG = "What do you see? " * 60


def ask_here(page: Page) -> None:
    box = page.get_by_role("textbox", name="Your question")
    box.fill(LONG)
    box.press("Enter")


def nothing(page: Page) -> None:
    """The wall says it at once."""


PAGES: dict[str, tuple[Callable[[Page], None], str, str]] = {  # what is done, where it stands: picture, question
    "": (ask_here, "#caption", "#under .note"),
    "desk": (ask_here, "#caption", "#under .note"),
    "wall": (nothing, ".tile-flag[data-flag=low_power]", ".wall-bar .note"),
}


@pytest.mark.parametrize("name", PAGES)
def test_low_power_is_said_under_the_picture_and_the_question(
    visitor: Visitor, live_server: LiveServer, name: str
) -> None:
    act, picture, question = PAGES[name]
    page, mode = visitor.page, {"power": "low", "fewer_pixels": True, "desk": True}

    def cameras(route: Route) -> None:
        found = route.fetch().json()
        route.fulfill(json=found | {"data": [each | mode for each in found["data"]]})

    page.route("**/v1/cameras", cameras)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/{name}")
    expect(page.locator(picture)).to_contain_text(LOW)
    act(page)
    note: Locator = page.locator(question)
    expect(note).to_contain_text("low-power mode: fewer pixels")
    expect(note).to_contain_text("not the real world")
    expect(note).to_be_visible()
    mode["fewer_pixels"] = False
    expect(note).not_to_contain_text(LESS)
    expect(note).to_contain_text("low-power mode: a shorter memory")
    visitor.fits(f"low-power-{name or 'ask'}")
    mode["power"] = "full"
    expect(note).not_to_contain_text("low-power")
    expect(page.locator(picture).filter(has_text=LOW)).to_have_count(0)
    page.unroute("**/v1/cameras")


def test_a_long_question_is_folded_and_one_that_the_server_does_not_take_is_told(
    visitor: Visitor, live_server: LiveServer
) -> None:
    visitor.open(live_server.url)
    visitor.see_live("lobby")
    visitor.ask(LONG)
    visitor.answer()
    text, more = visitor.last.locator(".question .folded-text"), visitor.last.get_by_role("button", name="Show all")
    height = text.evaluate("one => one.clientHeight")
    more.click()
    assert text.evaluate("one => one.clientHeight") > height
    visitor.last.get_by_role("button", name="Show less").click()
    expect(more).to_be_visible()
    visitor.ask("x" * 40_000)
    expect(visitor.problem).to_contain_text("40,000 characters; at most 32,768 are read: shorten it")
    expect(visitor.question).to_have_value("x" * 40_000)


def test_the_wall_names_the_cameras_that_the_server_names(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    chances = st.lists(st.none() | st.floats(0, 1).map(lambda n: round(n, 4)) | st.just(0.5), max_size=8)

    @settings(max_examples=30)
    @given(chances)
    def check(found: list[float | None]) -> None:
        answers = [CameraAnswer(f"c{i}", None if n is None else "Yes.", None, None, n) for i, n in enumerate(found)]
        told = likeliest("Which camera shows a dog?", answers).splitlines()[0]
        script = """async (answers) => {
            const { shownBy } = await import("./web/wall/state.js");
            return shownBy(answers).map(({ camera }) => camera);
        }"""
        named = visitor.page.evaluate(script, [{"camera": a.camera, "probability": a.probability} for a in answers])
        assert [each.split(" ")[0] for each in told.split(", ")] == (named or ["None"])

    check()
