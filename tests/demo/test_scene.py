"""The scene is a pure function of seed and time, and its truth is what its pixels show."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from askcam.demo.render import Renderer
from askcam.demo.scene import HEIGHT, WIDTH, Direction, Path, make_scene
from askcam.demo.synthetic import SyntheticScene

WHEN = 1_700_000_003.24


def digest(seed: int) -> str:
    return hashlib.sha256(SyntheticScene(seed).at(WHEN).tobytes()).hexdigest()


def test_same_seed_and_time_give_the_same_pixels_in_another_process() -> None:
    program = (
        "import hashlib; from askcam.demo.synthetic import SyntheticScene;"
        f"print(hashlib.sha256(SyntheticScene(11).at({WHEN!r}).tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert other.stdout.strip() == digest(11)


def test_seeds_differ() -> None:
    assert len({digest(seed) for seed in range(12)}) == 12


def test_a_picture_is_a_new_array_of_the_promised_shape() -> None:
    scene = SyntheticScene(0)
    first = scene.at(WHEN)
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert first.dtype == np.uint8
    untouched = first.copy()
    first[:] = 0
    assert np.array_equal(scene.at(WHEN), untouched)


@pytest.mark.parametrize("seed", range(60))
def test_traveller_stays_in_the_picture_and_off_the_sign(seed: int) -> None:
    scene = make_scene(seed)
    half = scene.traveller.half
    blank = Renderer(scene).still
    room_only = np.abs(blank.astype(int) - np.asarray(scene.room.rgb)).max(axis=2) > 60  # the card and its letters
    for end in (scene.traveller.path.start, scene.traveller.path.end):
        assert half <= end[0] <= WIDTH - half
        assert half <= end[1] <= HEIGHT - half
    (x0, y0), (x1, y1) = sorted((scene.traveller.path.start, scene.traveller.path.end))
    swept = room_only[int(y0 - half) : int(y1 + half), int(x0 - half) : int(x1 + half)]
    assert not swept.any()


@pytest.mark.parametrize("seed", range(8))
def test_the_path_is_where_the_pixels_change(seed: int) -> None:
    scene = make_scene(seed)
    renderer = Renderer(scene)
    for t in (WHEN, WHEN + 2.5, WHEN + 9.0):
        changed = np.abs(renderer.at(t).astype(int) - renderer.still).max(axis=2) > 4
        rows, columns = np.nonzero(changed)
        x, y = scene.traveller.path.at(t)
        half = scene.traveller.half + 2
        assert x - half <= columns.min() <= columns.max() <= x + half
        assert y - half <= rows.min() <= rows.max() <= y + half
        longer = max(np.ptp(columns), np.ptp(rows))
        assert longer > 1.5 * scene.traveller.half


def test_a_path_turns_at_its_ends_and_nowhere_else() -> None:
    path = Path((100.0, 50.0), (300.0, 50.0), leg_s=4.0, phase=0.0)
    assert path.at(0.0) == (100.0, 50.0)
    assert path.at(3.0) == (250.0, 50.0)
    assert path.at(5.0) == (250.0, 50.0)
    assert path.last_turn(3.9) == 0.0
    assert path.last_turn(7.9) == 4.0
    assert path.direction(1.0, 3.0) is Direction.RIGHT
    assert path.direction(4.5, 7.0) is Direction.LEFT
    assert path.direction(2.0, 5.5) is Direction.RIGHT  # out 100 pixels, back 75
    assert path.direction(6.0, 6.0) is Direction.LEFT  # a span of one frame: as it is going


def test_a_column_is_left_up_and_down() -> None:
    path = Path((80.0, 90.0), (80.0, 390.0), leg_s=10.0, phase=0.0)
    assert path.direction(1.0, 4.0) is Direction.DOWN
    assert path.direction(11.0, 14.0) is Direction.UP


def test_its_pace_is_steady() -> None:
    path = make_scene(4).traveller.path
    moves = [abs(path.moved(t, t + 0.04)) for t in np.arange(WHEN, WHEN + 60, 0.04)]
    step = (abs(path.end[0] - path.start[0]) + abs(path.end[1] - path.start[1])) / path.leg_s * 0.04
    assert np.quantile(moves, 0.02) == pytest.approx(step, rel=1e-3)
    assert max(moves) <= step * 1.001
