"""One visitor of the page: what they do, and what is asserted about every visit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from support.web.fitting import faults

WAIT_MS = 60_000  # only a broken test meets it
SIZES = ((1440, 900, "light"), (390, 844, "dark"))  # a desk and a phone
WANTED = "ASKCAM_SHOTS"  # in the environment: a folder for pictures of the page. To draw them for nobody costs much.
WIDTHS = """() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() =>
    told([document.scrollingElement.scrollWidth, innerWidth]))))"""  # once the page has seen its new size, too
ZOOMED = (195, 422)  # the phone at 200 %
LARGE = "200%"  # of the browser's usual size of text, on the phone
EXPECTED = ("Failed to load resource", "WebSocket connection to")  # Chromium's own words on what a state is about
expect.set_options(timeout=WAIT_MS)


class Visitor:
    """`open()` the page, then use it. Remembers where the page sent requests, and what it complained of."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self._shots = page, shots
        self.urls: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("websocket", lambda socket: self.urls.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def open(self, url: str) -> None:
        self.page.goto(url + "/")

    @property
    def question(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your question")

    @property
    def last(self) -> Locator:
        """The newest card."""
        return self.page.locator("#cards > li").last

    @property
    def notice(self) -> Locator:
        """What lies over the picture."""
        return self.page.locator("#picture .veil")

    @property
    def problem(self) -> Locator:
        return self.page.locator("#problem")

    @property
    def pill(self) -> Locator:
        return self.page.locator("#pill")

    def chip(self, name: str) -> Locator:
        return self.page.get_by_role("navigation", name="Cameras").get_by_role("button", name=name)

    def see_live(self, name: str) -> None:
        expect(self.chip(name)).to_have_attribute("data-state", "live")
        expect(self.chip(name)).to_have_attribute("aria-pressed", "true")
        expect(self.notice).to_be_hidden()
        expect(self.page.get_by_role("img", name=f"Live picture of {name}")).to_be_visible()

    def ask(self, question: str) -> None:
        """Write it and press Enter."""
        self.question.fill(question)
        self.question.press("Enter")

    def answer(self) -> str:
        """The text of the newest card, once it is whole."""
        expect(self.last).to_have_attribute("data-phase", "done")
        return self.last.locator(".text").inner_text()

    def snap(self, name: str) -> None:
        """Pictures of the page at every size, where somebody wants them; nothing may stick out sideways."""
        for width, height, scheme in SIZES:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)
            self._picture(f"{name}-{width}")
            widths = self.page.evaluate(WIDTHS)
            assert widths[0] <= widths[1], f"{name} at {width} pixels scrolls sideways: {widths}"
        self._usual()

    def fits(self, name: str) -> None:
        """As `snap()`, and at each size, zoomed in and with large text all of it can be read and pressed."""
        for width, height, scheme in SIZES:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)
            self._fits(f"{name}-{width}")
        self.page.evaluate("size => (document.documentElement.style.fontSize = size)", LARGE)
        self._fits(f"{name}-large")
        self.page.evaluate("document.documentElement.style.fontSize = ''")
        self.page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        self._fits(f"{name}-zoomed")
        self._usual()

    def _fits(self, name: str) -> None:
        self._picture(name)
        found = faults(self.page)
        assert not found, f"{name}: {found}"

    def _picture(self, name: str) -> None:
        if WANTED in os.environ:
            self.page.screenshot(path=self._shots / f"{name}.png", animations="disabled")

    def _usual(self) -> None:
        width, height, scheme = SIZES[0]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme)


@contextmanager
def visit(browser: Browser, shots: Path, *, camera: bool = True, locale: str = "en-US") -> Iterator[Visitor]:
    """A visitor with a browser profile of their own; `camera` is their answer when the page asks for theirs, `locale`
    the language of their browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
    context.grant_permissions(["camera", "clipboard-read", "clipboard-write"] if camera else [])
    visitor = Visitor(context.new_page(), shots)
    yield visitor
    hosts = {urlsplit(url).netloc for url in visitor.urls if not url.startswith(("data:", "blob:"))}
    context.close()
    assert len(hosts) <= 1, f"the page sent requests to other hosts: {hosts}"
    assert visitor.complaints == [], visitor.complaints
