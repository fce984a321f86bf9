"""One of something, and several."""

import pytest

from askcam.app.commands.counted import counted


@pytest.mark.parametrize(
    ("what", "number", "said"),
    [("camera", 0, "0 cameras"), ("camera", 1, "1 camera"), ("camera", 3, "3 cameras"), ("core", 1, "1 CPU core")],
)
def test_one_is_no_plural(what: str, number: int, said: str) -> None:
    assert counted(what, number) == said
