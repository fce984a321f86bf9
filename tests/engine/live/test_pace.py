"""How fast a camera's frames are taken in: a slow machine is told from a camera on which nothing moves."""

import numpy as np
import pytest

from askcam.engine.live.feed import Feed
from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, Window

PIXELS = np.zeros((28, 28, 3), np.uint8)


class Watched:
    """A feed over a window whose frames are captured, and taken in, at the times that the test says."""

    def __init__(self, fps: float = 2.0) -> None:
        self.window = Window("lobby", Anchors(keep=1, hop=5), fps)
        self.feed = Feed(self, self.window.anchors, clocked=False)  # type: ignore[arg-type]
        self._seq = 0

    def bring(self, captured: float) -> None:
        """A pair whose second frame was captured then."""
        for before in (0.5, 0.0):
            self._seq += 1
            self.window.add(Frame("lobby", self._seq, captured - before, captured - before, PIXELS))
        view = self.window.settled()
        assert view is not None
        self.feed.see(view)

    def take(self, now: float) -> None:
        """The newest pair is in its windows."""
        self.feed.took(self.feed.pairs[-1], now)
        self.feed.settled = True


def test_a_machine_that_keeps_up_holds_all_frames() -> None:
    watched = Watched()
    for second in range(6):
        watched.bring(second)
        watched.take(second + 0.2)
    pace = watched.feed.pace(5.3)
    assert pace is not None
    assert (pace.slow, pace.held_fps) == (False, 2.0)
    assert pace.every_s == pytest.approx(0.5)


def test_still_pairs_that_are_left_out_make_no_slow_machine() -> None:
    watched = Watched()
    for at in range(0, 60, 5):
        watched.bring(at)
        watched.take(at + 0.3)
    pace = watched.feed.pace(56.0)
    assert pace is not None
    assert pace.every_s == pytest.approx(2.5)
    assert (pace.slow, pace.held_fps) == (False, pytest.approx(2.0))


def test_pairs_that_it_does_not_get_to_make_a_slow_one() -> None:
    watched = Watched()
    for second in range(40):
        watched.bring(second)
        if second % 4 == 3:
            watched.take(second + 0.9)
    pace = watched.feed.pace(40.0)
    assert pace is not None
    assert pace.slow
    assert pace.every_s == pytest.approx(2.0)
    assert pace.held_fps == pytest.approx(0.5)


def test_a_camera_that_is_sampled_less_for_its_sake_makes_a_slow_one_too() -> None:
    watched = Watched()
    for second in range(3):
        watched.bring(second)
        watched.take(second + 0.9)
    watched.window.fps = 0.5  # a quarter of what is wanted, which it keeps up with
    for second in range(6, 40, 4):
        watched.bring(second)
        watched.take(second + 0.9)
    pace = watched.feed.pace(39.0)
    assert pace is not None
    assert pace.slow
    assert pace.held_fps == pytest.approx(0.5)


def test_windows_that_begin_anew_go_on_counting() -> None:
    watched = Watched()
    for second in range(20):
        if second % 7 == 6:
            watched.window.clear()
        watched.bring(second)
        watched.take(second + 0.2)
    pace = watched.feed.pace(19.5)
    assert pace is not None
    assert (pace.slow, pace.held_fps) == (False, pytest.approx(2.0))
