"""The wall: tiles that say how old they are, watches as lines, events with their evidence, looked through by hand."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from web.axe import assert_accessible
from web.visitor import Visitor
from web.wall_stage import Wall, tile
from web.wall_stage import wall as build

LIVE = re.compile(r"^Live · [\d.]+ m?s$")


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    with build(tmp_path_factory.mktemp("wall")) as built:
        yield built


def test_tiles_show_each_camera_and_how_old_its_picture_is(visitor: Visitor, wall: Wall) -> None:
    page = visitor.page
    page.goto(wall.server.url + "/wall")
    for name in ("gate", "lobby", "yard"):
        expect(tile(page, name).locator("img")).to_be_visible()
        expect(tile(page, name).locator(".tile-said")).to_have_text(LIVE)
    expect(tile(page, "cellar").locator(".tile-said")).to_have_text(re.compile("^Offline · (retry in|trying now)"))
    expect(tile(page, "cellar").locator(".tile-reason")).to_contain_text("nothing listens at")
    expect(tile(page, "gate").locator(".watch-row")).to_contain_text(re.compile(r"engine\s*No since \d\d:\d\d:\d\d"))
    expect(tile(page, "lobby").locator(".row-line canvas")).to_be_visible()
    wall.turn(True)
    expect(tile(page, "gate")).to_have_attribute("data-alert", "critical")
    expect(tile(page, "gate").locator(".watch-row")).to_contain_text("Yes since")
    visitor.snap("wall")
    assert_accessible(page)
    wall.turn(False)
