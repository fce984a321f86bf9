"""The page Desk of a server that has neither desk nor catalogue: it says so, and the sample works."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.web.axe import assert_accessible
from support.web.clip import DEVICE
from support.web.shopper import Shopper
from support.web.visitor import Visitor, visit

SAMPLE = "2012345678903"


@pytest.fixture(scope="module")
def plain() -> Iterator[LiveServer]:
    """A server without a desk and without a catalogue."""
    with start_server(cameras=["lobby=synthetic:7"]) as one:
        yield one


@pytest.fixture
def shopper(visitor: Visitor) -> Shopper:
    return Shopper(visitor)


def test_a_server_without_a_desk_or_a_catalogue(shopper: Shopper, plain: LiveServer) -> None:
    shopper.open(plain.url)
    expect(shopper.notice).to_contain_text("No camera here yet")
    expect(shopper.notice).to_contain_text("desk = true")
    shopper.snap("desk-none")
    assert_accessible(shopper.page)
    shopper.notice.get_by_role("button", name="Try a sample product").click()
    expect(shopper.product).to_contain_text("No catalogue")
    expect(shopper.product).to_contain_text("[catalogue] in askcam.toml")
    expect(shopper.product.locator(".code")).to_have_text(SAMPLE)
    shopper.snap("desk-no-catalogue")


def test_a_camera_that_is_not_given(
    launch: Callable[..., AbstractContextManager[Browser]], shots: Path, plain: LiveServer
) -> None:
    with launch(DEVICE, prompts=True) as browser, visit(browser, shots, camera=False) as visitor:
        shopper = Shopper(visitor)
        shopper.open(plain.url)
        shopper.chips.get_by_role("button", name="Use my camera").click()
        expect(shopper.notice).to_contain_text("The browser did not give the camera")
        shopper.snap("desk-denied")
        shopper.notice.get_by_role("button", name="Try a sample product").click()
        expect(shopper.product.locator(".code")).to_have_text(SAMPLE)


def test_a_desk_waits_for_permission_and_for_the_server(visitor: Visitor, plain: LiveServer) -> None:
    shopper = Shopper(visitor)
    visitor.page.add_init_script("navigator.mediaDevices.getUserMedia = () => new Promise(() => {})")
    visitor.page.route(
        "**/readyz", lambda route: route.fulfill(status=503, json={"what": "loading weights", "share": 0.4})
    )
    shopper.open(plain.url)
    expect(shopper.notice).to_contain_text("Loading the model")
    shopper.snap("desk-loading")
    visitor.page.unroute("**/readyz")
    shopper.chips.get_by_role("button", name="Use my camera").click()
    expect(shopper.notice).to_contain_text("Waiting for your permission")
    shopper.snap("desk-permission")
