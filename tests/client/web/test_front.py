"""The three pages over a front, as over one server; another server behind it is down."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import expect
from support.servers.askcam_server import LiveServer, front_server, live_server, wait_for_pairs
from support.web.visitor import Visitor
from support.web.wall_stage import SEEDED, event, seed_events, tile

CONFIG = """
[cameras.lobby]
uri = "synthetic:7"

[watching]
folder = "kept"
"""


@dataclass(frozen=True)
class Before:
    front: LiveServer
    shard: LiveServer


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    folder = tmp_path_factory.mktemp("front")
    seed_events(folder / "kept")
    (folder / "askcam.toml").write_text(CONFIG)
    with (
        live_server("--config", str(folder / "askcam.toml")) as shard,
        front_server({"a": shard.url, "gone": "http://127.0.0.1:9"}) as front,
    ):
        wait_for_pairs(shard, "lobby", 1)
        yield Before(front, shard)


def test_a_camera_is_seen_and_asked(visitor: Visitor, before: Before) -> None:
    visitor.open(before.front.url)
    visitor.see_live("lobby")
    visitor.ask("What do you see?")
    assert visitor.answer().startswith("I see ")
    visitor.last.locator(".thumb").click()
    dialog = visitor.page.get_by_role("dialog", name="What this answer saw")
    assert dialog.locator(".big").evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0


def test_the_wall_lists_events_and_hears_of_them(visitor: Visitor, before: Before) -> None:
    page = visitor.page
    page.goto(before.front.url + "/wall")
    expect(tile(page, "lobby").locator("img")).to_be_visible()
    with httpx.Client(base_url=before.front.url, timeout=60) as front:
        ids = [each["id"] for each in front.get("/v1/events").json()["data"]]
        assert len(ids) == SEEDED
        page.get_by_label("Unreviewed", exact=True).uncheck()
        for number in ids:
            expect(event(page, number)).to_be_visible()
        check = event(page, ids[2]).locator(".event-check")
        check.click()
        expect(check).to_have_attribute("aria-pressed", "true")
        assert front.get(f"/v1/events/{ids[2]}").json()["acknowledged_at"]
    with httpx.Client(base_url=before.shard.url, timeout=60) as shard:  # a colleague, at the server itself
        there = shard.get("/v1/events").json()["data"][1]["id"]
        shard.post(f"/v1/events/{there}/acknowledge", json={"acknowledged": True}).raise_for_status()
    expect(event(page, ids[1]).locator(".event-check")).to_have_attribute("aria-pressed", "true")


def test_the_desk_opens(visitor: Visitor, before: Before) -> None:
    visitor.page.goto(before.front.url + "/desk")
    expect(visitor.notice).to_contain_text("No camera here yet")
