"""The wall: tiles that say how old they are, watches as lines, events with their evidence, looked through by hand."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.waiting import until
from support.web.axe import assert_accessible
from support.web.visitor import Visitor
from support.web.wall_stage import SEEDED, WAIT_S, Wall, event, tile
from support.web.wall_stage import wall as build

from askcam.demo.synthetic import SyntheticScene

LIVE = re.compile(r"^Live · [\d.]+ m?s$")


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    with build(tmp_path_factory.mktemp("wall")) as built:
        yield built


@pytest.fixture
def page(visitor: Visitor, wall: Wall) -> Page:
    visitor.page.goto(wall.server.url + "/wall")
    expect(tile(visitor.page, "gate").locator(".watch-row")).to_be_visible()
    return visitor.page


def test_tiles_show_each_camera_and_an_event_comes_by_itself(visitor: Visitor, page: Page, wall: Wall) -> None:
    for name in ("gate", "lobby", "yard"):
        expect(tile(page, name).locator("img")).to_be_visible()
        expect(tile(page, name).locator(".tile-said")).to_have_text(LIVE)
    expect(tile(page, "cellar").locator(".tile-said")).to_have_text(re.compile("^Offline · (retry in|trying now)"))
    expect(tile(page, "cellar").locator(".tile-reason")).to_contain_text("nothing listens at")
    expect(tile(page, "gate").locator(".watch-row")).to_contain_text(re.compile(r"engine\s*No since \d\d:\d\d"))
    expect(tile(page, "lobby").locator(".row-line canvas")).to_be_visible()
    on = wall.turn(True)
    expect(tile(page, "gate")).to_have_attribute("data-alert", "critical")
    expect(tile(page, "gate").locator(".watch-row")).to_contain_text("Yes since")
    expect(event(page, on["id"])).to_contain_text("engine turned on")
    expect(event(page, on["id"])).to_have_attribute("data-severity", "critical")
    visitor.snap("wall")
    assert_accessible(page)


def test_an_event_shows_its_evidence(visitor: Visitor, page: Page, wall: Wall) -> None:
    on = wall.turn(True)
    shown = event(page, on["id"])
    shown.locator(".event-open").hover()
    preview = page.locator(".event-preview img")
    expect(preview).to_be_visible()
    expect(preview).to_have_attribute("src", on["frames"][0]["url"].lstrip("/"))  # it plays
    expect(preview).to_have_attribute("src", on["frame_url"].lstrip("/"))
    page.mouse.move(5, 5)
    expect(preview).to_be_hidden()
    page.emulate_media(reduced_motion="reduce")
    shown.locator(".event-open").hover()
    expect(preview).to_be_visible()
    page.wait_for_timeout(2000)
    expect(preview).to_have_attribute("src", on["frame_url"].lstrip("/"))  # it stands still
    page.emulate_media(reduced_motion="no-preference")
    shown.locator(".event-open").click()
    dialog = page.get_by_role("dialog", name="engine turned on")
    expect(dialog.locator("img.big")).to_be_visible()
    page.wait_for_function("document.querySelector('.event-dialog img.big').naturalWidth > 0")
    expect(dialog).to_contain_text(on["question"])
    expect(dialog).to_contain_text(f"Answer: yes, probability {on['probability']:.2f}")
    expect(dialog.locator(".event-plot canvas")).to_be_visible()
    why = dialog.locator(".event-why")
    expect(why).to_contain_text("Why did this fire?")
    expect(why).to_contain_text(f"{on['probability']:.2f}, at or above 0.70")
    expect(why).to_contain_text("0.5 s are needed")
    expect(why).to_contain_text(f"{on['window']['frames']} pictures over")
    visitor.snap("wall-evidence")
    assert_accessible(page)
    frames, slider = on["frames"], dialog.get_by_label("Frames that the model saw")
    expect(dialog.locator(".where")).to_contain_text(f"{len(frames)} of {len(frames)} frames kept")
    slider.focus()
    page.keyboard.press("ArrowLeft")  # the frame before, and not the event after
    expect(dialog.locator(".where")).to_contain_text(f"{len(frames) - 1} of {len(frames)} frames kept")
    expect(dialog.locator("img.big")).to_have_attribute("src", frames[-2]["url"].lstrip("/"))
    page.wait_for_function("document.querySelector('.event-dialog img.big').naturalWidth > 0")
    dialog.get_by_role("button", name="Close").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".event-dialog")).to_contain_text("it was removed since")  # the watch of an older event
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("r")
    expect(dialog.get_by_role("button", name="Not reviewed")).to_be_visible()
    assert wall.get(f"/v1/events/{on['id']}")["acknowledged_at"]
    page.keyboard.press("u")
    expect(dialog.get_by_role("button", name="Reviewed", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert wall.get(f"/v1/events/{on['id']}")["acknowledged_at"] is None


def test_an_event_plays_its_clip_or_says_why_there_is_none(visitor: Visitor, page: Page, wall: Wall) -> None:
    page.get_by_label("Unreviewed", exact=True).uncheck()
    wall.show(False)
    until(lambda: wall.get("/v1/watches/engine")["now"][0]["state"] == "off", "nothing to be there", WAIT_S)
    on = wall.turn(True)
    event(page, on["id"]).locator(".event-open").click()
    dialog = page.get_by_role("dialog", name="engine turned on")
    video = dialog.locator("video")
    expect(video).to_be_visible(timeout=60_000)  # once it is made, by itself
    expect(dialog.get_by_role("link", name="Save the clip")).to_have_attribute("href", f"v1/events/{on['id']}/clip.mp4")
    expect(video).to_have_attribute("poster", on["frame_url"].lstrip("/"))
    expect(video).to_have_attribute("aria-label", re.compile("^Clip of gate, from "))
    assert video.evaluate("video => [video.readyState, video.networkState]") == [0, 1], (
        "it is loaded before it is played"
    )
    video.focus()
    page.keyboard.press("Space")
    until(lambda: video.evaluate("video => video.currentTime") > 1, "it to play")
    shown = video.evaluate("video => [video.videoWidth, video.videoHeight, video.duration, video.error]")
    assert shown[0] > 0 < shown[1], shown
    assert 2 < shown[2] < 20, shown
    assert shown[3] is None
    visitor.snap("wall-clip")
    assert_accessible(page)
    dialog.get_by_role("button", name="Close").click()
    assert page.locator(".event-dialog video").get_attribute("src") is None, "it goes on loading"
    expect(event(page, wall.seeded(1))).to_be_visible()
    event(page, wall.seeded(1)).locator(".event-open").click()
    expect(page.locator(".event-clip")).to_be_hidden()  # of a time without clips
    page.keyboard.press("Escape")
    for file in (wall.config.parent / "clips").glob("*.mp4"):
        file.unlink()
    wall.client.get(f"{wall.server.url}/v1/events/{on['id']}/clip.mp4")
    page.reload()
    page.get_by_label("Unreviewed", exact=True).uncheck()
    event(page, on["id"]).locator(".event-open").click()
    expect(dialog.locator(".clip-said")).to_have_text("Clip missing: its file is no longer in the folder")
    expect(dialog.locator("video")).to_be_hidden()


def test_events_are_reviewed_and_that_is_taken_back(page: Page, wall: Wall) -> None:
    second, third = wall.seeded(2), wall.seeded(3)
    page.get_by_label("Unreviewed", exact=True).uncheck()  # all are listed, so that nothing leaves
    check = event(page, third).locator(".event-check")
    check.click()
    expect(check).to_have_attribute("aria-pressed", "true")
    undo = page.locator(".undo")
    expect(undo).to_contain_text("1 reviewed")
    assert wall.get(f"/v1/events/{third}")["acknowledged_at"]
    page.get_by_role("button", name="Undo").click()
    expect(check).to_have_attribute("aria-pressed", "false")
    assert wall.get(f"/v1/events/{third}")["acknowledged_at"] is None
    wall.acknowledge([third], True)  # a colleague, elsewhere
    expect(check).to_have_attribute("aria-pressed", "true")
    wall.acknowledge([third], False)
    expect(check).to_have_attribute("aria-pressed", "false")
    event(page, second).locator(".event-open").focus()
    page.keyboard.press("r")
    expect(event(page, second)).to_have_attribute("data-seen", "true")
    expect(undo).to_be_visible()  # the stream may be first to tell, and U before the answer is about something else
    page.keyboard.press("u")
    expect(event(page, second)).to_have_attribute("data-seen", "false")
    page.keyboard.press("Control+a")
    expect(event(page, third)).to_have_attribute("data-picked", "true")
    expect(undo).to_be_hidden()
    page.keyboard.press("r")
    expect(page.locator(".count")).to_have_text("0 unreviewed")
    assert wall.events(acknowledged="false") == []
    expect(undo).to_be_visible()
    page.keyboard.press("u")
    expect(event(page, third)).to_have_attribute("data-seen", "false")
    assert len(wall.events(acknowledged="false")) >= SEEDED
    page.get_by_role("button", name="All reviewed").click()
    expect(page.locator(".count")).to_have_text("0 unreviewed")
    page.get_by_label("Unreviewed", exact=True).check()
    expect(page.locator("#events-scroll")).to_contain_text("All is reviewed")
    page.mouse.move(5, 5)
    wall.acknowledge([second], False)  # a colleague takes it back: it is listed again, and goes once it is reviewed
    expect(event(page, second)).to_be_visible()
    wall.acknowledge([second], True)
    expect(event(page, second)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(event(page, third)).to_have_attribute("data-seen", "false")


def test_the_list_holds_still_under_a_pointer_and_can_be_filtered(page: Page, wall: Wall) -> None:
    oldest, on = wall.seeded(1), wall.turn(True)
    expect(event(page, on["id"])).to_be_visible()  # its stream may be behind what was asked for
    first = page.locator(".event").first
    first.hover()
    number = first.get_attribute("data-id")
    off = wall.turn(False)
    fresh = page.locator(".fresh")
    expect(fresh).to_have_text(re.compile(r"^\d new$"))
    assert page.locator(".event").first.get_attribute("data-id") == number
    expect(event(page, off["id"])).to_have_count(0)
    fresh.click()
    expect(event(page, off["id"])).to_be_visible()
    panel = page.locator("#panel-events")
    panel.get_by_label("Any camera").select_option("lobby")
    expect(event(page, oldest)).to_be_visible()
    expect(event(page, off["id"])).to_have_count(0)
    panel.get_by_label("Any camera").select_option("")
    panel.get_by_label("Any severity").select_option("critical")
    expect(event(page, off["id"])).to_be_visible()
    expect(event(page, oldest)).to_have_count(0)


def test_a_watch_is_made_on_a_tile_and_its_event_comes(page: Page, wall: Wall) -> None:
    tile(page, "gate").get_by_role("button", name="New watch on this camera").click()
    dialog = page.locator(".watch-dialog")
    dialog.get_by_label("Question").fill(wall.get("/v1/watches/engine")["question"])
    dialog.get_by_label("Name").fill("mine")
    dialog.get_by_label("Asked every").fill("0.5")
    dialog.get_by_text("Quiet hours and more").click()
    dialog.get_by_label("picture changes nothing").uncheck()
    dialog.get_by_role("button", name="Watch", exact=True).click()
    expect(dialog).to_be_hidden()
    row = tile(page, "gate").locator(".watch-row", has_text="mine")
    expect(row).to_contain_text("since")
    wall.turn(True)
    expect(page.locator(".event", has_text="mine turned on").first).to_be_visible(timeout=1000 * WAIT_S)
    row.get_by_role("button").click()
    dialog.get_by_role("button", name="Remove").click()
    dialog.locator(".sure").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_what_happened_is_searched_in_words(visitor: Visitor, page: Page, wall: Wall) -> None:
    wall.turn(True)
    until(lambda: wall.get("/v1/timeline", query="engine")["data"], "events in the timeline", WAIT_S)
    page.get_by_role("tab", name="Timeline").click()
    search = page.get_by_role("searchbox", name="Search what happened")
    search.fill("engine")
    search.press("Enter")
    entry = page.locator('.entry:has-text("engine on")').first
    expect(entry).to_contain_text("gate")
    visitor.snap("wall-timeline")
    assert_accessible(page)
    entry.get_by_role("button").click()
    expect(page.get_by_role("dialog", name="engine turned on")).to_be_visible()
    page.keyboard.press("Escape")
    search.fill("zebra")
    search.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("Nothing found")


def test_one_question_goes_to_all_cameras(visitor: Visitor, page: Page, wall: Wall) -> None:
    page.keyboard.press("/")
    page.keyboard.type("What does the sign say?")
    page.keyboard.press("Enter")
    for name in ("gate", "lobby", "yard"):
        expect(tile(page, name).locator(".tile-answer")).to_have_attribute("data-phase", "done")
        expect(tile(page, name).locator(".tile-text")).not_to_be_empty()
    expect(tile(page, "lobby").locator(".tile-text")).to_contain_text(SyntheticScene(7).scene.sign.text)
    expect(tile(page, "cellar").locator(".tile-answer")).to_contain_text("The camera is not live")
    expect(page.locator(".asked")).to_contain_text("4 of 4 answered")
    visitor.snap("wall-asked")
    tile(page, "lobby").get_by_role("button", name="Frames").click()
    expect(page.get_by_role("dialog", name="What this answer saw").locator("img")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # out of the box, and then the answers go
    page.keyboard.press("Escape")
    expect(page.locator(".tile-answer:visible")).to_have_count(0)


def test_the_keyboard_leads_everywhere(visitor: Visitor, page: Page, wall: Wall) -> None:
    names = page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.camera)")
    page.evaluate("document.activeElement.blur()")
    at = "document.activeElement.closest('.tile')?.dataset.camera"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(at) == names[0]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(at) == names[1]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(at) == names[3]  # three in a row
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=names[1])
    expect(dialog.locator("img.big")).to_be_visible()
    expect(dialog.locator(".event-top")).to_contain_text("Live ·")
    expect(dialog.locator(".camera-plot canvas").first).to_be_visible()
    visitor.snap("wall-camera")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(at) == names[1]
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.className") == "event-open"
    page.keyboard.press("w")
    expect(page.locator(".watch-dialog .watch-form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".watch-dialog")).to_have_count(0)


def test_the_wall_in_chinese(visitor: Visitor, page: Page, wall: Wall) -> None:
    page.get_by_role("button", name="把页面换成中文").click()
    expect(tile(page, "gate").locator(".tile-said")).to_have_text(re.compile(r"^实时 · "))
    expect(tile(page, "gate").locator(".watch-row")).to_contain_text(re.compile("[是否]，自"))
    expect(page.locator(".event").first).to_contain_text(re.compile("触发|解除|断开"))
    visitor.snap("wall-zh")
    places = ".wall-bar, .tabs, .events-head, .tile-said, .tile-flag, .row-words, .event-title"
    shown = " ".join(page.locator(places).all_inner_texts())
    names = {"engine", "moving", "mine", "door", "gate", "lobby", "yard", "cellar"}
    assert set(re.findall(r"[A-Za-z]{3,}", shown)) - names == set()
    page.get_by_role("button", name="Switch the page to English").click()
