"""Ctrl-C while pages are open in a real Chromium: the server ends, and says nothing but what it should."""

import re
import signal

from playwright.sync_api import Browser
from support.servers.askcam_server import live_server, wait_for_pairs


def test_the_server_ends_quietly_with_its_pages_open(browser: Browser) -> None:
    with live_server(cameras=["lobby=synthetic:7"]) as server:
        wait_for_pairs(server, "lobby", 1)
        pages = [browser.new_page() for _ in range(3)]
        try:
            for page, path in zip(pages, ("/", "/wall", "/desk"), strict=True):
                page.goto(server.url + path)
            live = browser.new_page()
            pages.append(live)
            live.goto(f"{server.url}/v1/cameras/lobby/live.mjpeg", wait_until="commit")
            pages[0].evaluate(
                "new Promise(done => { const s = new EventSource('/v1/events'); s.onopen = () => done(1) })"
            )
            assert server.stop(signal.SIGINT) == 0
        finally:
            for page in pages:
                page.close()
    assert not re.search(r"Traceback|ERROR|WARNING", "".join(server.log))
