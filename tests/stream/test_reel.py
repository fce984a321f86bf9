"""A file walked as fast as it decodes."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from support.clips import write_clip

from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit, as_is
from askcam.stream.reel import Reel


def test_pictures_come_at_the_films_time_and_not_the_clocks(tmp_path: Path) -> None:
    write_clip(tmp_path / "long.mp4", num_frames=250)
    with Reel(str(tmp_path / "long.mp4")) as reel:
        stills = list(reel.stills(2.0, as_is))
        assert reel.seconds == pytest.approx(10.0, abs=0.1)
    assert [still.at_s for still in stills[:20]] == pytest.approx([k / 2 for k in range(20)], abs=0.051)
    assert len(stills) <= 21
    for still in stills:
        frame = round(still.at_s * 25)
        assert abs(int(still.pixels.mean()) - (20 + 2 * frame % 200)) < 6, f"another picture at {still.at_s} s"


def test_a_film_of_hours_is_not_played(tmp_path: Path) -> None:
    """At its own pace this would take five hours; seconds of real films are benchmarks/summarize.py's."""
    write_clip(tmp_path / "hours.mp4", num_frames=6, fps=Fraction(1, 3600))
    with Reel(str(tmp_path / "hours.mp4")) as reel:
        times = [still.at_s for still in reel.stills(2.0, as_is)]
    assert times == pytest.approx([3600.0 * k for k in range(6)])


def test_pictures_are_of_the_models_size(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", num_frames=5)
    with Reel(str(tmp_path / "clip.mp4")) as reel:
        (still,) = reel.stills(2.0, lambda width, height: Fit.stretch(width, height, 56, 28))
    assert still.pixels.shape == (28, 56, 3)


def test_a_film_put_together_of_two_goes_on_where_its_time_jumps_back(tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    parts = []
    for k in range(2):
        write_clip(tmp_path / f"{k}.ts", num_frames=75)
        parts.append((tmp_path / f"{k}.ts").read_bytes())
    path.write_bytes(b"".join(parts))
    with Reel(str(path)) as reel:
        times = [still.at_s for still in reel.stills(2.0, as_is)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(6.0, abs=0.6)
    assert 12 <= len(times) <= 13
    assert all(0.3 < later - sooner < 0.7 for sooner, later in pairwise(times))


@pytest.mark.parametrize(("name", "words"), [("letter.mp4", "no video"), ("none.mp4", "no such file"), ("", "folder")])
def test_what_is_no_video_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "letter.mp4").write_text("Dear camera,")
    with pytest.raises(SourceError, match=words):
        Reel(str(tmp_path / name))


def test_a_video_without_a_picture_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        silence.rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="no picture"):
        Reel(str(path))
