"""One answer that is made of several is as old as the oldest of what these were given from."""

import time

from askcam.client.protocol import Saw
from askcam.features.ask_all.merged import of_all


def test_it_is_as_old_as_the_oldest() -> None:
    saw = Saw(None, None, None, None, "ans", [], "live")
    now = time.monotonic()
    age_ms = of_all(saw, [], [now - 1.0, now - 5.0, now - 3.0]).frame_age_ms
    assert age_ms is not None
    assert age_ms >= 5000.0
    assert of_all(saw, [], []).frame_age_ms is None
