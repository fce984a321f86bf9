"""Whether a page can be used at a size: nothing sticks out sideways, no name is cut, fields and targets are large."""

from pathlib import Path

from playwright.sync_api import Page

NAMES = (
    ".tile-name, .tile-said, .row-name, .chip, .named, .asked-question, .pages a, .pill-words, .event-title",
    ".item-name, .caption strong, .product .name, h1, h2",
)
LEAST_TARGET = 24  # CSS pixels, by WCAG 2.5.8
LEAST_FIELD = 16  # pixels of its text: below it a phone's browser zooms in
PHONE = 760  # pixels wide at most
FAULTS = Path(__file__).with_name("fitting.js").read_text(encoding="utf-8").partition("\n")[2].rstrip().rstrip(";")


def faults(page: Page) -> list[str]:
    """What does not fit at the present size, in words."""
    found: list[str] = page.evaluate(FAULTS, [", ".join(NAMES), LEAST_TARGET, LEAST_FIELD, PHONE])
    return found
