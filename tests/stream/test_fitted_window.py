"""One camera that several models see: each has frames of its size and a window of its own; one source is read."""

from collections.abc import Iterator

import pytest
from support.waiting import until

from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import Fit, as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

SMALL = (112, 84)
SHORT = Anchors(keep=1, hop=1)  # one pair


def small(width: int, height: int) -> Fit:
    return Fit.stretch(width, height, *SMALL)


@pytest.fixture
def camera() -> Iterator[Camera]:
    with Camera("lobby", resolve("synthetic:7"), fit=as_is, anchors=Anchors(), config=CameraConfig(fps=10)) as camera:
        until(camera.peek, "a first pair")
        yield camera


def test_each_window_has_frames_of_its_models_size_and_is_as_long_as_that_reads(camera: Camera) -> None:
    window = camera.window_for(small, SHORT)
    own = until(lambda: (view := camera.peek()) is not None and len(view.pairs) > 2 and view, "pairs of its own")
    other = until(window.peek, "pairs of the other")
    assert (other.newest.width, other.newest.height) == SMALL
    assert (own.newest.width, own.newest.height) != SMALL
    assert (other.camera, len(other.pairs)) == ("lobby", SHORT.max_pairs)
    assert window.look().newest.seq >= other.newest.seq


def test_both_see_the_same_pictures_and_one_source_is_read(camera: Camera) -> None:
    window = camera.window_for(small, Anchors())
    until(window.peek, "pairs of the other")
    theirs = window.look().newest
    ours = until(lambda: (view := camera.look()) and view.newest.seq >= theirs.seq and view, "a later look")
    walls = {frame.seq: frame.wall for frame in ours.frames}
    assert walls.get(theirs.seq, theirs.wall) == theirs.wall
    assert camera.status().reconnects == 0


def test_a_model_that_cannot_keep_up_slows_no_other(camera: Camera) -> None:
    window = camera.window_for(small, Anchors())
    window.pace(0.5)
    before = camera.status().sampled
    until(lambda: window.dropped["load"] >= 5, "frames to be left out")
    assert "load" not in camera.status().dropped
    assert camera.status().sampled >= before + 5
    assert camera.look().fps == 10.0
    assert window.look().fps == 0.5


def test_each_tells_of_its_own_growth_until_it_is_forgotten(camera: Camera) -> None:
    told: list[int] = []
    window = camera.window_for(small, Anchors())
    window.on_pair(lambda: told.append(1))
    until(lambda: len(told) >= 2, "growth to be told")
    camera.forget_window(window)
    held, own = window.peek(), camera.status().pairs_kept
    until(lambda: camera.status().pairs_kept > own + 1, "the camera to go on")
    assert window.peek() == held  # the reader may have been at one frame more when it was forgotten


def test_what_is_lost_is_lost_for_all(camera: Camera) -> None:
    window = camera.window_for(small, Anchors())
    until(window.peek, "pairs of the other")
    camera.close()
    assert window.peek() is None
    with pytest.raises(CameraUnavailable):
        window.look()
