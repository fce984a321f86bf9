"""Text can be read in both themes: WCAG's 4.5 to 1."""

import re
from pathlib import Path

import pytest

import askcam.client

THEME = Path(askcam.client.__path__[0]) / "web" / "theme.css"
ON = {  # text: the grounds it stands on
    "text": ("ground", "surface", "raised", "accent-soft", "bad-soft"),
    "muted": ("ground", "surface", "raised", "bad-soft", "warn-soft"),
    "accent": ("surface",),
    "accent-text": ("accent",),
    "warn": ("surface", "warn-soft"),
    "good-text": ("good-soft",),
    "bad": ("surface", "bad-soft", "accent-soft"),
}


def colours(theme: int) -> dict[str, str]:
    """Names to #rrggbb; `theme` 0 is light, 1 dark."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", THEME.read_text())
    return {name: pair[theme] for name, *pair in found}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_readable_on_its_ground(theme: int) -> None:
    known = colours(theme)
    poor = {}
    for text, grounds in ON.items():
        for ground in grounds:
            low, high = sorted((luminance(known[text]), luminance(known[ground])))
            contrast = (high + 0.05) / (low + 0.05)
            if contrast < 4.5:
                poor[f"{text} on {ground}"] = round(contrast, 2)
    assert poor == {}
