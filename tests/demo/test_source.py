"""synthetic:SEED as a camera: paced by the wall clock, the newest picture always, and seeds that are seeds."""

import itertools

import numpy as np
import pytest

from askcam.demo.source import FPS, SyntheticSource, open_synthetic
from askcam.demo.synthetic import SyntheticScene
from askcam.stream.errors import SourceError
from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis
from askcam.stream.sources.base import DecodedPicture, Source
from askcam.stream.sources.registry import resolve


class Clock:
    """Wall and monotonic time that pass only in sleep(). Sleeping takes a little longer than asked for, as it does."""

    def __init__(self, wall: float) -> None:
        self.wall, self.mono = wall, 50.0

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 2 / FPS, seconds
        self.pass_time(seconds + 0.0003)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


def opened(clock: Clock, seed: int = 3) -> SyntheticSource:
    source = SyntheticSource(seed, wall=lambda: clock.wall, mono=lambda: clock.mono, sleep=clock.sleep)
    source.open()
    return source


def test_it_is_a_source_of_pictures() -> None:
    source = open_synthetic("synthetic:3")
    assert isinstance(source, Source)
    source.open()
    picture = source.read(False)
    assert isinstance(picture, DecodedPicture)
    assert picture.basis is AgeBasis.CAPTURE
    source.close()


def test_pictures_come_25_times_a_second() -> None:
    clock = Clock(1_700_000_000.013)
    source = opened(clock)
    walls = [source.read(False).wall for _ in range(51)]
    assert np.diff(walls) == pytest.approx(1 / FPS, abs=1e-5)
    assert walls[-1] <= clock.wall < walls[-1] + 0.01


def test_the_first_picture_is_there_at_once() -> None:
    clock = Clock(1_700_000_000.013)
    source = opened(clock)
    before = clock.wall
    picture = source.read(False)
    assert clock.wall == before
    assert before - picture.wall < 1 / FPS


def test_a_late_reader_gets_the_newest_picture() -> None:
    clock = Clock(1_700_000_000.0)
    source = opened(clock)
    source.read(False)
    clock.pass_time(7.3)
    late = source.read(False)
    assert clock.wall - late.wall < 1 / FPS


def test_monotonic_time_is_the_same_instant() -> None:
    clock = Clock(1_700_000_000.0)
    source = opened(clock)
    clock.pass_time(0.029)
    picture = source.read(False)
    assert clock.mono - picture.mono == pytest.approx(clock.wall - picture.wall, abs=1e-6)


def test_a_wall_clock_set_back_does_not_stop_it() -> None:
    clock = Clock(1_700_000_000.0)
    source = opened(clock)
    source.read(False)
    clock.wall -= 3600
    before = clock.mono
    picture = source.read(False)
    assert clock.mono - before < 2 / FPS
    assert clock.wall - picture.wall < 1 / FPS


def test_its_pixels_are_the_scenes_at_the_pictures_time() -> None:
    picture = opened(Clock(1_700_000_000.5), seed=8).read(True)
    assert np.array_equal(picture.rgb(), SyntheticScene(8).at(picture.wall))


def test_it_draws_to_a_fit() -> None:
    picture = opened(Clock(1_700_000_000.5)).read(True)
    assert (picture.width, picture.height) == (640, 480)
    small = picture.rgb(Fit.stretch(640, 480, 252, 168))
    assert small.shape == (168, 252, 3)
    assert small.flags.c_contiguous


def test_two_cameras_of_one_seed_show_the_same_at_the_same_time() -> None:
    a, b = opened(Clock(1_700_000_000.011)), opened(Clock(1_700_000_000.027))
    assert np.array_equal(a.read(True).rgb(), b.read(True).rgb())


def test_it_moves() -> None:
    source = opened(Clock(1_700_000_000.0))
    pictures = [source.read(True) for _ in range(10)]
    assert all(np.any(a.rgb() != b.rgb()) for a, b in itertools.pairwise(pictures))


@pytest.mark.parametrize("uri", ["synthetic:", "synthetic:0", "synthetic://0", "synthetic:000"])
def test_no_seed_is_seed_zero(uri: str) -> None:
    source = open_synthetic(uri)
    source.open()
    picture = source.read(True)
    assert np.array_equal(picture.rgb(), SyntheticScene(0).at(picture.wall))


@pytest.mark.parametrize("seed", ["seven", "-1", "1.5", "7x", "٧", "9" * 30, "9223372036854775808", "7?loop=1"])
def test_a_seed_that_is_none_is_refused_for_good(seed: str) -> None:
    with pytest.raises(SourceError, match="whole number from 0 to") as caught:
        open_synthetic(f"synthetic:{seed}")
    assert seed in str(caught.value)
    assert caught.value.permanent


def test_the_largest_seed_works() -> None:
    source = open_synthetic(f"synthetic:{2**63 - 1}")
    source.open()
    assert source.read(True).rgb().shape == (480, 640, 3)


def test_the_registry_finds_it() -> None:
    spec = resolve("synthetic:12")
    assert spec.scheme == "synthetic"
    assert isinstance(spec.make(), SyntheticSource)


def test_a_wall_clock_set_back_while_it_sleeps_does_not_make_it_sleep_on() -> None:
    class Corrected(Clock):
        """Goes back by a day during the first sleep. Longer sleeps than two pictures are refused, as ever."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.wall, self.day_s = self.wall - self.day_s, 0.0

        day_s = 86_400.0

    clock = Corrected(1_700_000_000.0)
    source = opened(clock)
    source.read(False)
    before = clock.mono
    picture = source.read(False)
    assert clock.mono - before < 2 / FPS
    assert 0 <= clock.wall - picture.wall < 1 / FPS
    assert 0 <= clock.mono - picture.mono < 1 / FPS
