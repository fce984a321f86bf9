"""A visitor of the page Desk."""

from playwright.sync_api import Locator, Page, expect
from support.web.visitor import Visitor


class Shopper:
    """Wraps a Visitor: what they see there, by its place on the page."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self.page: Page = visitor.page
        self.urls = visitor.urls
        self.snap = visitor.snap
        self.notice = visitor.notice

    def open(self, url: str, camera: str = "") -> None:
        """The page, with `camera` chosen."""
        self.page.goto(f"{url}/desk{'#' if camera else ''}{camera}")

    @property
    def chips(self) -> Locator:
        return self.page.get_by_role("navigation", name="Cameras")

    @property
    def product(self) -> Locator:
        """The card."""
        return self.page.locator("#product")

    @property
    def hint(self) -> Locator:
        """What is said on the picture."""
        return self.page.locator("#picture .hint")

    @property
    def strip(self) -> Locator:
        return self.page.locator("#strip")

    @property
    def items(self) -> Locator:
        return self.strip.locator(".item")

    @property
    def sum(self) -> Locator:
        return self.strip.locator(".sum")

    def see_price(self) -> None:
        expect(self.product.locator(".price")).to_have_text("2.49 EUR")
