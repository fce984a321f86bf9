"""What all pages have: the header that leads to each, theme, language, help, a server that goes and comes back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.web.axe import assert_accessible
from support.web.visitor import Visitor

PAGES = {"Ask": "/", "Desk": "/desk", "Wall": "/wall"}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_leads_to_every_other(name: str, visitor: Visitor, live_server: LiveServer) -> None:
    page = visitor.page
    page.goto(live_server.url + PAGES[name])
    nav = page.get_by_role("navigation", name="Pages")
    expect(nav.get_by_role("link")).to_have_text(list(PAGES))
    expect(nav.locator("[aria-current=page]")).to_have_text(name)
    for other, path in PAGES.items():
        nav.get_by_role("link", name=other, exact=True).click()
        page.wait_for_url(live_server.url + path + ("#lobby" if other == "Ask" else ""))
        expect(nav.locator("[aria-current=page]")).to_have_text(other)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_help_theme_and_language(name: str, visitor: Visitor, live_server: LiveServer) -> None:
    page = visitor.page
    page.goto(live_server.url + PAGES[name])
    expect(visitor.pill).to_contain_text("built-in")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#help kbd").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) != light
    page.get_by_role("button", name="把页面换成中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("[aria-current=page]")).not_to_have_text(name)


def test_every_page_says_that_its_server_is_away_and_goes_on(visitors: Callable[[], Visitor]) -> None:
    """Of one server, whose end and return each page has to see by itself. (That of Ask is in test_states.py.)"""
    open_pages = {name: visitors() for name in ("Desk", "Wall")}

    def expect_served() -> None:
        for name, visitor in open_pages.items():
            expect(visitor.page.locator("#banner"), name).to_be_hidden()
            expect(visitor.pill, name).to_contain_text("built-in")

    with start_server(cameras=["lobby=synthetic:7"]) as server:
        for name, visitor in open_pages.items():
            visitor.page.goto(server.url + PAGES[name])
        expect_served()
    for name, visitor in open_pages.items():
        expect(visitor.page.locator("#banner"), name).to_contain_text("This page goes on by itself")
        expect(visitor.pill, name).to_have_text("no server")
        visitor.snap(f"{name.lower()}-server-gone")
    with start_server("--port", server.url.rpartition(":")[2], cameras=["lobby=synthetic:7"]):
        expect_served()


@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_shut_out(name: str, visitor: Visitor, live_server: LiveServer) -> None:
    visitor.page.goto(live_server.url + PAGES[name])
    expect(visitor.pill).to_contain_text("built-in")
    assert_accessible(visitor.page)
