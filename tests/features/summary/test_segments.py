"""Segments of files and of cameras: they overlap, leave nothing out, and never queue up."""

import itertools
from pathlib import Path

from support.clips import write_clip
from support.waiting import until

from askcam.features.summary.plan import SummaryPlan
from askcam.features.summary.segments import SEGMENT, of_camera, of_file
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.fit import as_is
from askcam.stream.reel import Reel
from askcam.stream.sources.registry import resolve
from askcam.stream.window import View

PLAN = SummaryPlan(fps=2.0, num_pairs=3)


def cut(path: Path) -> list[View]:
    with Reel(str(path)) as reel:
        return list(of_file(reel, PLAN, as_is))


def test_a_films_segments_overlap_and_reach_its_end(tmp_path: Path) -> None:
    write_clip(tmp_path / "film.mp4", num_frames=25 * 20)
    views = cut(tmp_path / "film.mp4")
    assert [len(view.pairs) for view in views[:-1]] == [3] * (len(views) - 1)
    assert views[0].start_wall == 0
    assert views[-1].end_wall > 19
    for sooner, later in itertools.pairwise(views):
        assert later.start_wall < sooner.end_wall < later.end_wall


def test_a_film_shorter_than_a_segment_is_one(tmp_path: Path) -> None:
    write_clip(tmp_path / "one.mp4", num_frames=1)
    (view,) = cut(tmp_path / "one.mp4")
    assert len(view.pairs) == 1
    assert not view.provisional


def test_a_film_whose_pictures_change_their_size_is_cut_there(tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    parts = []
    for width in (320, 240):
        write_clip(tmp_path / f"{width}.ts", num_frames=100, width=width)
        parts.append((tmp_path / f"{width}.ts").read_bytes())
    path.write_bytes(b"".join(parts))
    views = cut(path)
    widths = [view.newest.width for view in views]
    assert set(widths) == {320, 240}
    assert widths == sorted(widths, reverse=True)
    for view in views:
        assert len({frame.width for frame in view.frames}) == 1
    seen = {frame.seq for view in views for frame in view.frames}
    assert seen == set(range(max(seen) + 1)), "a frame is in no segment"


def test_a_cameras_segments_are_of_now() -> None:
    """Someone who is busy for several segments gets the newest, once, and not those that were missed."""
    config = CameraConfig(fps=20)
    plan = SummaryPlan(fps=20, num_pairs=3)
    with Camera(SEGMENT, resolve("synthetic:3"), fit=as_is, anchors=plan.anchors, config=config) as camera:
        segments = of_camera(camera, plan, 60)
        first = next(segments)
        busy_until = camera.status().sampled + 40
        until(lambda: camera.status().sampled >= busy_until, "more frames")
        second = next(segments)
        third = next(segments)
        segments.close()
    assert len(first.pairs) == 3
    assert second.pairs[0].index > first.pairs[-1].index + 5, "segments wait in a queue"
    assert third.pairs[-1].index > second.pairs[-1].index
