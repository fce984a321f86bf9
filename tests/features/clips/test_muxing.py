"""What is written plays: real encoders' packets, copied or encoded anew, read back by an independent player."""

import io
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from support.clip_packets import WALL, encoded, groups, plain_track
from support.clip_stage import play
from support.servers import clock

from askcam.features.clips.cutting import Cut, cut
from askcam.features.clips.muxing import Unwritable, check, even, write
from askcam.features.clips.ring import Group


def written(found: Cut, folder: Path) -> bytes:
    path = folder / "clip.part"
    path.touch()
    check(path, write(found, path))
    return path.read_bytes()


def jpegs(
    count: int, size: tuple[int, int] = (320, 192), broken: int | None = None
) -> tuple[tuple[bytes, bool, int], ...]:
    made = []
    for i in range(count):
        picture = clock.backdrop(*size)
        clock.draw(picture, WALL + i / 10)
        _, data = cv2.imencode(".jpg", picture)
        made.append((b"garbage" if i == broken else data.tobytes(), True, i))
    return tuple(made)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("bframes", [0, 3])
def test_packets_are_copied_and_shown_at_their_times(codec: str, bframes: int, tmp_path: Path) -> None:
    pictures = encoded(codec, 60, 20, bframes)
    found = cut(groups(plain_track(codec), pictures), 2.5, 4.0)
    data = written(found, tmp_path)
    played = play(data, WALL + 3)
    assert played.codec == codec
    sent = {bytes(picture.data) for run in found.runs for picture in run.pictures}
    assert sent <= {bytes(each) for each, _, _ in pictures}, "something was encoded anew"
    assert played.times == pytest.approx([i / 10 for i in range(len(played.times))], abs=1e-3)
    walls = [wall - WALL for wall in played.walls]
    assert walls[0] == pytest.approx(2.0, abs=0.05)  # its keyframe
    assert walls == sorted(walls)
    assert walls[-1] >= 3.9
    assert data.index(b"moov") < data.index(b"mdat"), "it plays only once all of it came"
    tag = data[data.index(b"stsd") :][16:20] if codec == "hevc" else b"avc1"
    assert tag in (b"hvc1", b"avc1")


def test_a_pause_of_the_camera_is_a_pause_of_the_clip(tmp_path: Path) -> None:
    pictures = encoded("h264", 20, 10)
    both = [*groups(plain_track("h264"), pictures), *groups(plain_track("h264"), pictures, begin=5.0)]
    played = play(written(cut(both, 0.0, 7.0), tmp_path), WALL)
    assert played.times[20] - played.times[19] == pytest.approx(5.0 - 1.9, abs=1e-3)
    assert len(played.times) == 40


def test_another_size_in_mid_clip_is_encoded_anew_in_the_first(tmp_path: Path) -> None:
    both = [
        *groups(plain_track("h264"), encoded("h264", 20, 10)),
        *groups(plain_track("hevc"), encoded("hevc", 20, 10, width=480, height=272, first=20), begin=0.0),
    ]
    played = play(written(cut(both, 0.0, 4.0), tmp_path), WALL)
    assert (played.codec, played.sizes) == ("h264", {(320, 192)})
    assert [wall - WALL for wall in played.walls] == pytest.approx([i / 10 for i in range(40)], abs=0.05)


def test_jpegs_become_h264(tmp_path: Path) -> None:
    played = play(written(cut(groups(plain_track(), jpegs(20)), 0.0, 1.5), tmp_path), WALL)
    assert (played.codec, played.sizes) == ("h264", {(320, 192)})
    assert [wall - WALL for wall in played.walls] == pytest.approx(played.times, abs=0.05)
    assert len(played.times) == 16


def test_a_fast_camera_of_jpegs_is_thinned(tmp_path: Path) -> None:
    played = play(written(cut(groups(plain_track(), jpegs(60), step=1 / 60), 0.0, 1.0), tmp_path), WALL, read=False)
    assert 9 <= len(played.times) <= 14


def test_a_fast_camera_is_thinned_where_it_is_encoded_anew(tmp_path: Path) -> None:
    both = [
        *groups(plain_track("h264"), encoded("h264", 30, 10), step=1 / 60),
        *groups(plain_track("h264"), encoded("h264", 30, 10, width=480), begin=0.5, step=1 / 60),
    ]
    played = play(written(cut(both, 0.0, 1.0), tmp_path), WALL, read=False)
    assert 9 <= len(played.times) <= 14


@pytest.mark.parametrize("size", [(321, 191), (33, 17), (2000, 100), (1, 1), (3, 400)])
def test_odd_sizes_are_taken(size: tuple[int, int], tmp_path: Path) -> None:
    _, data = cv2.imencode(".jpg", np.full((size[1], size[0], 3), 99, np.uint8))
    pictures = tuple((data.tobytes(), True, i) for i in range(5))
    played = play(written(cut(groups(plain_track(), pictures), 0.0, 1.0), tmp_path), WALL, read=False)
    assert played.sizes == {even(*size)}
    assert len(played.times) == 5


def test_a_broken_picture_is_left_out(tmp_path: Path) -> None:
    played = play(written(cut(groups(plain_track(), jpegs(8, broken=3)), 0.0, 1.0), tmp_path), WALL)
    assert len(played.times) == 7


def test_nothing_but_garbage_is_said_to_be_unwritable(tmp_path: Path) -> None:
    garbage: list[Group] = groups(plain_track(), tuple((b"garbage", True, i) for i in range(5)))
    with pytest.raises(Unwritable, match="could be decoded"):
        written(cut(garbage, 0.0, 1.0), tmp_path)


def test_a_single_picture_is_a_clip(tmp_path: Path) -> None:
    found = cut(groups(plain_track("h264"), encoded("h264", 1, 1)), 0.0, 1.0)
    assert len(play(written(found, tmp_path), WALL).times) == 1


def test_damaged_packets_are_copied_as_they_came(tmp_path: Path) -> None:
    pictures = [(data if i % 7 else data[: len(data) // 2], key, number) for i, (data, key, number) in
                enumerate(encoded("h264", 30, 10), 1)]  # fmt: skip
    data = written(cut(groups(plain_track("h264"), pictures), 0.0, 3.0), tmp_path)
    with av.open(io.BytesIO(data)) as there:
        assert sum(packet.size > 0 for packet in there.demux(video=0)) == 30


def test_a_file_that_lacks_a_picture_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "clip.part"
    path.touch()
    number = write(cut(groups(plain_track("h264"), encoded("h264", 20, 10)), 0.0, 2.0), path)
    with pytest.raises(Unwritable, match="20 of 21"):
        check(path, number + 1)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(Unwritable, match="cannot be read"):
        check(path, number)
