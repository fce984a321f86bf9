"""axe-core looks at a page as it stands: faults in names, roles, contrast and order that shut people out."""

from pathlib import Path

from playwright.sync_api import Page
from support.web.visitor import SIZES

AXE = Path(__file__).with_name("axe-core") / "axe.min.js"
FAULTS = ("serious", "critical")
SCHEMES = ("light", "dark")


def assert_accessible(page: Page) -> None:
    """No serious or critical fault, at the width of a desk and of a phone, in both themes."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))  # not as a script element: CSP would refuse it
    found = {}
    for width, height, _ in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            for fault in page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations"):
                if fault["impact"] in FAULTS:
                    found[f"{fault['id']} at {width} pixels, {scheme}"] = [
                        " ".join(node["target"]) + ": " + node["failureSummary"] for node in fault["nodes"]
                    ]
    width, height, scheme = SIZES[0]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
    assert found == {}
