"""What the wall shows when there is nothing to show, while it waits, and when something is away."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.waiting import until
from support.watch_events import WALL, event, open_store
from support.web.axe import assert_accessible
from support.web.visitor import Visitor
from support.web.wall_stage import event as listed
from support.web.wall_stage import tile, wall

TOKENS = '[server]\ntoken = "viewers-token"\nadmin_token = "admins-token"\n'


@pytest.fixture(scope="module")
def bare() -> Iterator[LiveServer]:
    """A server without any camera."""
    with start_server() as server:
        yield server


def test_without_a_camera_it_says_how_to_have_one(visitor: Visitor, bare: LiveServer) -> None:
    page = visitor.page
    page.goto(bare.url + "/wall")
    expect(page.locator("#no-tiles")).to_contain_text("No camera yet")
    expect(page.locator("#no-tiles code")).to_contain_text("askcam serve --camera")
    expect(page.locator("#events-scroll")).to_contain_text("No watch yet")
    visitor.snap("wall-empty")
    assert_accessible(page)
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator("#timeline")).to_contain_text("No timeline is kept")
    expect(page.locator("#timeline code")).to_contain_text("enabled = true")
    visitor.snap("wall-timeline-off")
    assert_accessible(page)
    page.get_by_role("button", name="Add a sample camera").click()
    expect(tile(page, "sample").locator(".tile-said")).to_contain_text("Live ·")
    expect(page.locator("#no-tiles")).to_be_hidden()


def test_while_the_model_loads_it_waits(visitor: Visitor, live_server: LiveServer) -> None:
    body = json.dumps({"status": "loading", "what": "loading weights", "share": 0.4, "failed": False})
    page = visitor.page
    page.route("**/readyz", lambda route: route.fulfill(status=503, content_type="application/json", body=body))
    page.goto(live_server.url + "/wall")
    expect(visitor.pill).to_have_text("loading 40 %")
    expect(page.locator("#no-tiles")).to_contain_text("Connecting to the server")
    expect(page.get_by_role("button", name="Ask all")).to_be_disabled()
    visitor.snap("wall-loading")
    page.unroute("**/readyz")
    expect(tile(page, "lobby").locator(".tile-said")).to_contain_text("Live ·")


def test_an_old_picture_is_never_called_live(visitor: Visitor, live_server: LiveServer) -> None:
    page = visitor.page
    page.goto(live_server.url + "/wall")
    expect(tile(page, "lobby").locator(".tile-said")).to_contain_text("Live ·")
    page.route("**/snapshot.jpg*", lambda route: route.abort())
    expect(tile(page, "lobby").locator(".tile-said")).to_contain_text(re.compile("^Still · .* old"))
    expect(tile(page, "lobby")).to_have_attribute("data-tone", "old")
    page.unroute("**/snapshot.jpg*")
    expect(tile(page, "lobby").locator(".tile-said")).to_contain_text("Live ·")


def test_pictures_are_had_for_tiles_in_sight_only_and_oftener_where_somebody_looks(
    visitor: Visitor, live_server: LiveServer
) -> None:
    page, asked = visitor.page, []
    many = [f"cam-{i}" for i in range(24)]

    def cameras(route: Route) -> None:
        (lobby,) = [one for one in route.fetch().json()["data"] if one["name"] == "lobby"]
        route.fulfill(json={"object": "list", "data": [lobby | {"name": name} for name in many]})

    def picture(route: Route) -> None:
        name = route.request.url.split("/cameras/")[1].split("/")[0]
        asked.append(name)
        route.continue_(url=route.request.url.replace(name, "lobby"))

    page.route("**/v1/cameras", cameras)
    page.route("**/snapshot.jpg*", picture)
    page.goto(live_server.url + "/wall")
    until(lambda: page.wait_for_timeout(200) or len(asked) > 40, "pictures")
    hidden = page.locator(".tile").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().top > innerHeight + 100).map(one => one.dataset.camera)"
    )
    assert hidden, "some tiles are out of sight"
    assert set(asked).isdisjoint(hidden)
    tile(page, "cam-1").hover()
    asked.clear()
    until(lambda: page.wait_for_timeout(200) or asked.count("cam-2") >= 3, "pictures of a tile beside it")
    assert asked.count("cam-1") > asked.count("cam-2")  # eight times as often, where the machine is quick enough


def test_a_viewer_reviews_and_is_told_that_admins_make_watches(visitor: Visitor, tmp_path: Path) -> None:
    store = open_store(tmp_path / "kept")
    store.add(event(), WALL, None)
    store.close()
    config = tmp_path / "askcam.toml"
    config.write_text(TOKENS + '[cameras.lobby]\nuri = "synthetic:7"\n[watching]\nfolder = "kept"\n')
    page = visitor.page
    with start_server("--config", str(config)) as server:
        page.goto(server.url + "/wall")
        expect(page.locator("#login")).to_be_visible()
        page.locator("#token").fill("viewers-token")
        page.keyboard.press("Enter")
        expect(tile(page, "lobby").locator(".tile-said")).to_contain_text("Live ·")
        expect(page.get_by_role("button", name="New watch").first).to_be_disabled()
        expect(tile(page, "lobby").locator(".tile-add")).to_be_hidden()
        only = page.locator(".event")
        expect(only).to_contain_text("door turned on")
        visitor.snap("wall-viewer")
        only.locator(".event-open").click()
        dialog = page.locator(".event-dialog")
        expect(dialog).to_contain_text("No picture of this event is kept")
        expect(dialog).to_contain_text("it was removed since")
        page.keyboard.press("r")
        expect(dialog.get_by_role("button", name="Not reviewed")).to_be_visible()
        page.keyboard.press("Escape")
        page.goto("about:blank")


def test_it_goes_on_where_it_was_when_the_server_comes_back(visitor: Visitor, tmp_path: Path) -> None:
    """While nobody can be told, the thing comes, and the server is killed; each event is listed once."""
    page = visitor.page
    with wall(tmp_path) as stage:
        page.route("**/uPlot.iife.min.js", lambda route: route.abort())  # it goes before the lines could be drawn
        page.goto(stage.server.url + "/wall")
        first = stage.turn(True)
        expect(listed(page, first["id"])).to_be_visible()
        expect(tile(page, "gate").locator("canvas")).to_have_count(0)
        port = stage.server.url.rpartition(":")[2]
        stage.server.stop()
        expect(page.locator("#banner")).to_contain_text("This page goes on by itself")
        expect(tile(page, "gate").locator(".tile-said")).to_contain_text("Not live ·")
        expect(tile(page, "gate")).to_have_attribute("data-tone", "off")
        visitor.snap("wall-server-gone")
        page.route("**/v1/events", lambda route: route.abort())  # the stream: it finds its way back last
        stage.show(False)
        with start_server("--config", str(stage.config), "--port", port) as again:
            stage.server = again
            off, on = stage.turn(False), stage.turn(True)
            expect(page.locator("#banner")).to_be_hidden()
            expect(page.locator(".stream-state")).to_contain_text("None is lost")
            visitor.snap("wall-stream-broken")
            page.unroute("**/v1/events")
            page.unroute("**/uPlot.iife.min.js")
            expect(tile(page, "gate").locator("canvas").first).to_be_visible()
            for each in (off, on):
                expect(listed(page, each["id"])).to_be_visible()
            expect(page.locator(".stream-state")).to_be_hidden()
            expect(tile(page, "gate").locator(".tile-said")).to_contain_text("Live ·")
            page.get_by_label("Unreviewed", exact=True).uncheck()
            listed_ids = "all => all.map(one => Number(one.dataset.id))"
            until(
                lambda: page.locator(".event").evaluate_all(listed_ids) == [one["id"] for one in stage.events()],
                "each event once, newest first",
            )
            page.goto("about:blank")


def test_after_a_gap_the_stream_goes_on_behind_it(visitor: Visitor, live_server: LiveServer) -> None:
    """What is gone is told once: the next connection does not ask for it again."""
    page, asked = visitor.page, []

    def stream(route: Route) -> None:
        if "text/event-stream" not in route.request.headers.get("accept", ""):
            return route.continue_()
        asked.append(route.request.headers["last-event-id"])
        gone = 'event: gone\ndata: {"first_missed": 3, "last_missed": 41}\n\n' if len(asked) == 1 else ": alive\n\n"
        route.fulfill(status=200, content_type="text/event-stream", body=gone)

    page.route("**/v1/events*", stream)
    page.goto(live_server.url + "/wall")
    until(lambda: page.wait_for_timeout(100) or len(asked) >= 3, "the stream to be opened again, and again")
    assert asked[:3] == ["0", "41", "41"]
    page.unroute("**/v1/events*")
