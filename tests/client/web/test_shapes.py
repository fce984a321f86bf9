"""Masks and zones drawn on the wall: by keyboard and by pointer, on a phone too; saved, refused, shown on the tile."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.web.axe import assert_accessible
from support.web.visitor import Visitor
from support.web.wall_stage import tile

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:7"
"""
ADMIN = {"Authorization": "Bearer admins-token"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = tmp_path_factory.mktemp("shapes") / "askcam.toml"
    config.write_text(CONFIG)
    with start_server("--config", str(config)) as server:
        yield server


@pytest.fixture(autouse=True)
def bare(server: LiveServer) -> None:
    body: dict[str, Any] = {"masks": [], "zones": {}}
    httpx.put(f"{server.url}/v1/cameras/lobby", json=body, headers=ADMIN, timeout=60).raise_for_status()


def camera(server: LiveServer) -> Any:
    return httpx.get(f"{server.url}/v1/cameras/lobby", headers=ADMIN, timeout=60).json()


def opened(visitor: Visitor, server: LiveServer, role: str = "admins") -> Locator:
    """The camera's own dialog."""
    page = visitor.page
    page.goto(server.url + "/wall")
    page.locator("#token").fill(f"{role}-token")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#login")).to_be_hidden()
    tile(page, "lobby").locator(".tile-picture").click()
    dialog = page.locator(".camera-dialog").first
    expect(dialog).to_be_visible()
    return dialog


def editor(visitor: Visitor, server: LiveServer) -> Locator:
    opened(visitor, server).get_by_role("button", name="Masks and zones").click()
    dialog = visitor.page.get_by_role("dialog", name="Masks and zones of lobby")
    expect(dialog).to_be_visible()
    return dialog


def test_a_mask_is_drawn_by_keyboard_saved_and_shown(visitor: Visitor, server: LiveServer) -> None:
    page, dialog = visitor.page, editor(visitor, server)
    expect(dialog).to_contain_text("There is none yet.")
    dialog.get_by_role("button", name="New mask").press("Enter")
    expect(dialog.get_by_role("button", name="Point 1: 35% from the left, 35% from the top")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    expect(dialog.get_by_role("button", name="Point 1: 34% from the left, 30% from the top")).to_be_focused()
    page.keyboard.press("+")
    expect(dialog.locator(".shapes-point")).to_have_count(5)
    page.keyboard.press("Delete")
    expect(dialog.locator(".shapes-point")).to_have_count(4)
    assert_accessible(page)
    visitor.snap("shapes")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expected = [[0.34, 0.3], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]]
    assert camera(server)["masks"] == [expected]
    page.keyboard.press("Escape")
    expect(tile(page, "lobby").locator('.tile-flag[data-flag="masked"]')).to_have_text("Masked")


def test_a_zone_is_drawn_by_pointer_named_and_removed_again(visitor: Visitor, server: LiveServer) -> None:
    page, dialog = visitor.page, editor(visitor, server)
    dialog.get_by_role("button", name="New zone").click()
    knob = dialog.get_by_role("button", name=re.compile("^Point 1"))
    at, stage = knob.bounding_box(), dialog.locator(".shapes-layer").bounding_box()
    assert at is not None
    assert stage is not None
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.1, stage["y"] + stage["height"] * 0.2, steps=4)
    page.mouse.up()
    expect(
        dialog.get_by_role("button", name=re.compile("^Point 1: (9|10|11)% from the left, (19|20|21)%"))
    ).to_be_focused()
    name = dialog.get_by_label("Name of the zone")
    name.fill("Door")
    name.press("Tab")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("'Door' cannot be a zone's name")
    name.fill("door")
    name.press("Tab")
    dialog.locator("summary").click()
    expect(dialog.locator(".shapes-toml")).to_contain_text("[cameras.lobby.zones.door]")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    (x, y), *others = camera(server)["zones"]["door"]["polygon"]
    assert (x, y) == (pytest.approx(0.1, abs=0.02), pytest.approx(0.2, abs=0.02))
    assert others == [[0.65, 0.35], [0.65, 0.65], [0.35, 0.65]]
    page.keyboard.press("Escape")
    flag = tile(page, "lobby").locator('.tile-flag[data-flag="zones"]')
    expect(flag).to_have_text("Zones: 1")
    expect(flag).to_have_attribute("title", re.compile("door"))
    tile(page, "lobby").locator(".tile-picture").click()
    page.get_by_role("button", name="Masks and zones").click()
    dialog.get_by_role("button", name="Remove: Zone door").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert camera(server)["zones"] == {}


def test_on_a_phone_everything_is_in_reach_and_a_viewer_draws_nothing(visitor: Visitor, server: LiveServer) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    dialog = editor(visitor, server)
    dialog.get_by_role("button", name="New mask").click()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for knob in dialog.locator(".shapes-point").all():
        box = knob.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 40
    assert_accessible(page)
    page.context.clear_cookies()
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    shown = opened(visitor, server, "viewers")
    expect(shown.get_by_role("button", name="Masks and zones")).to_be_disabled()


def test_what_is_written_into_the_file_is_what_was_drawn(visitor: Visitor, server: LiveServer, tmp_path: Path) -> None:
    from askcam.app.config_file import load

    visitor.page.goto(server.url + "/wall")
    said = visitor.page.evaluate(
        """async () => { const { toToml, fresh } = await import('/web/wall/shapes.js');
        return toToml('lobby', [fresh(), fresh()], { door: fresh() }); }"""
    )
    file = tmp_path / "askcam.toml"
    file.write_text(said.replace("]\n", ']\nuri = "synthetic:7"\n', 1))
    config = load(file).cameras["lobby"].config
    square = ((0.35, 0.35), (0.65, 0.35), (0.65, 0.65), (0.35, 0.65))
    assert config.masks == (square, square)
    assert config.zones["door"].polygon == square
