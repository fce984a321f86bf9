"""The wall's events are judged, by mouse and by keyboard, and their watch says what follows from it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from support.judged import DOOR, OF_CAMERA, RIGHT, WRONG, told_before
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until
from support.web.axe import assert_accessible
from support.web.visitor import Visitor
from support.web.wall_stage import event


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    path = told_before(tmp_path_factory.mktemp("judged"))
    text = path.read_text()
    path.write_text(text[text.index("[cameras.lobby]") :])  # whoever is on this machine is an admin
    with live_server("--config", str(path)) as server:
        httpx.post(f"{server.url}/v1/watches", json=DOOR, timeout=60).raise_for_status()
        yield server


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        yield http


@pytest.fixture
def ids(http: httpx.Client) -> list[int]:
    """As they are called here, before a front too; none is judged, nor reviewed."""
    found = [int(each["id"]) for each in reversed(http.get("/v1/events").json()["data"])]
    for number in (found[place - 1] for place in (*RIGHT, *WRONG)):
        judge(http, number, None)
    return found


@pytest.fixture
def page(visitor: Visitor, server: LiveServer, ids: list[int]) -> Page:
    visitor.page.goto(server.url + "/wall")
    expect(event(visitor.page, ids[0])).to_be_attached()
    return visitor.page


def judge(http: httpx.Client, number: int, verdict: str | None, note: str | None = None) -> None:
    http.post(f"/v1/events/{number}/judge", json={"verdict": verdict, "note": note}).raise_for_status()


def verdict(http: httpx.Client, number: int) -> Any:
    return http.get(f"/v1/events/{number}").json()["verdict"]


def test_an_event_is_called_wrong_in_the_list_and_that_is_undone(
    page: Page, http: httpx.Client, ids: list[int]
) -> None:
    first, second = ids[0], ids[1]
    wrong, undo = event(page, first).locator(".event-wrong"), page.locator(".undo")
    expect(wrong).to_have_attribute("aria-pressed", "false")
    expect(wrong).to_have_attribute("aria-label", "That was wrong: door turned on, lobby")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(undo).to_contain_text("Called wrong")
    assert verdict(http, first) == "wrong"
    page.get_by_role("button", name="Undo").click()
    expect(undo).to_be_hidden()  # the stream may be first to tell, and U before the answer is about this one
    expect(wrong).to_have_attribute("aria-pressed", "false")
    assert verdict(http, first) is None
    event(page, second).locator(".event-open").focus()
    page.keyboard.press("x")
    expect(event(page, second)).to_have_attribute("data-verdict", "wrong")
    expect(undo).to_be_visible()
    page.keyboard.press("u")
    expect(event(page, second)).to_have_attribute("data-verdict", "")
    assert verdict(http, second) is None
    judge(http, second, "wrong")  # a colleague, elsewhere
    expect(event(page, second)).to_have_attribute("data-verdict", "wrong")
    page.keyboard.press("x")
    expect(event(page, second)).to_have_attribute("data-verdict", "")
    expect(event(page, ids[OF_CAMERA - 1]).locator(".event-wrong")).to_be_hidden()


@pytest.mark.parametrize("what", ["judge", "acknowledge"])
def test_an_answer_that_comes_late_takes_nothing_back_of_what_others_said_meanwhile(
    page: Page, http: httpx.Client, ids: list[int], what: str
) -> None:
    held: list[tuple[Route, APIResponse]] = []
    page.route(
        f"**/v1/events/**/{what}" if what == "judge" else f"**/v1/events/{what}",
        lambda route: held.append((route, route.fetch())),
    )
    mine = event(page, ids[1])
    attribute, (here, there) = {
        "judge": ("data-verdict", ("wrong", "")),
        "acknowledge": ("data-seen", ("true", "false")),
    }[what]
    mine.locator(".event-open").focus()
    page.keyboard.press("x" if what == "judge" else "r")
    expect(mine).to_have_attribute(attribute, here)  # by the stream
    if what == "judge":
        judge(http, ids[1], None)
    else:
        http.post(f"/v1/events/{ids[1]}/acknowledge", json={"acknowledged": False}).raise_for_status()
    expect(mine).to_have_attribute(attribute, there)
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator(".undo")).to_be_visible()  # it has come
    expect(mine).to_have_attribute(attribute, there)


def test_several_that_are_picked_are_called_wrong_at_once(page: Page, http: httpx.Client, ids: list[int]) -> None:
    page.keyboard.press("Control+a")
    expect(event(page, ids[0])).to_have_attribute("data-picked", "true")
    page.keyboard.press("x")
    listed = httpx.URL("/v1/events", params={"verdict": "wrong"})
    until(lambda: len(http.get(listed).json()["data"]) == len(ids) - 1, "all but the camera's own")
    expect(event(page, ids[0])).to_have_attribute("data-verdict", "wrong")
    for number in ids:
        if number != ids[OF_CAMERA - 1]:
            judge(http, number, None)


def test_the_evidence_says_what_was_judged(page: Page, http: httpx.Client, ids: list[int]) -> None:
    event(page, ids[2]).locator(".event-open").click()
    dialog = page.locator(".event-dialog")
    right, wrong = (dialog.get_by_role("button", name=f"That was {name}") for name in ("right", "wrong"))
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(dialog).to_contain_text("0 of 1 judged was wrong")
    assert verdict(http, ids[2]) == "right"
    page.keyboard.press("x")
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(right).to_have_attribute("aria-pressed", "false")
    assert_accessible(page)
    judge(http, ids[2], "wrong", "<b>a cat</b>")  # a colleague, elsewhere
    expect(dialog.locator(".judged-note")).to_have_text("<b>a cat</b>")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "false")
    assert verdict(http, ids[2]) is None


def test_the_watch_says_how_often_it_was_wrong_and_takes_the_threshold_over(
    visitor: Visitor, page: Page, http: httpx.Client, ids: list[int]
) -> None:
    for place in (*RIGHT, *WRONG):
        judge(http, ids[place - 1], "right" if place in RIGHT else "wrong")
    until(lambda: http.get("/v1/watches/door").json()["judged"]["judged"] == 21, "all")
    page.reload()
    event(page, ids[0]).locator(".event-open").click()
    page.get_by_role("button", name="Change this watch").click()
    panel = page.locator(".watch-dialog .judged")
    expect(panel).to_contain_text("9 of 21 judged times that it came true were wrong")
    expect(panel).to_contain_text("With a probability of 0.83 to turn on, 7 of 9 wrong ones would not have been told")
    expect(panel).to_contain_text("0 of 12 right ones would have been lost")
    expect(panel).to_contain_text("no more than 22 %")
    assert_accessible(page)
    panel.get_by_role("button", name="Use this threshold").click()
    assert http.get("/v1/watches/door").json()["on"] == 0.7, "not before it is saved"
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".watch-dialog")).to_have_count(0)
    changed = http.get("/v1/watches/door").json()
    assert (changed["on"], changed["off"]) == (0.83, 0.4)
    assert changed["judged"]["proposed"] is None
    http.patch("/v1/watches/door", json={"on": 0.7}).raise_for_status()


def test_on_a_phone_and_in_chinese_the_button_is_there(page: Page, http: httpx.Client, ids: list[int]) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    wrong = event(page, ids[-1]).locator(".event-wrong")
    wrong.scroll_into_view_if_needed()
    box = wrong.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="中文").click()
    expect(wrong).to_have_attribute("title", "这是误报")
    wrong.click()
    expect(page.locator(".undo")).to_contain_text("已标为误报")
    page.locator(".undo button").click()
    expect(event(page, ids[-1])).to_have_attribute("data-verdict", "")
