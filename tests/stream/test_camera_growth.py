"""A camera tells an engine of its window's growth, and samples less when it is asked to."""

from support.waiting import until

from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors


def test_it_tells_of_new_pairs_and_shows_them_without_the_odd_frame() -> None:
    with Camera("lobby", resolve("synthetic:7"), fit=as_is, anchors=Anchors(), config=CameraConfig(fps=10)) as camera:
        told: list[int] = []
        stop = camera.on_pair(lambda: told.append(1))
        view = until(camera.peek, "a first pair")
        assert not view.provisional
        until(lambda: len(told) >= 4, "frames to be told of")
        later = until(camera.peek, "more pairs")
        assert later.pairs[0] == view.pairs[0]
        assert len(later.pairs) > len(view.pairs)
        stop()
        heard = len(told)
        until(lambda: (now := camera.peek()) is not None and len(now.pairs) > len(later.pairs), "yet more pairs")
        assert len(told) == heard


def test_it_samples_less_when_asked_to_and_counts_what_it_leaves_out() -> None:
    with Camera("lobby", resolve("synthetic:7"), fit=as_is, anchors=Anchors(), config=CameraConfig(fps=10)) as camera:
        until(camera.peek, "a first pair")
        camera.pace(2.0)
        until(lambda: camera.status().dropped.get("load", 0) >= 5, "frames to be left out")
        view = camera.peek()
        assert view is not None
        assert view.fps == 2.0
        camera.pace(50.0, anew=True)
        until(lambda: (now := camera.peek()) is not None and now.epoch > view.epoch, "a new window")
        assert camera.look().fps == 10.0
