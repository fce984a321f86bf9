"""One desk's thread over a camera in a test's hands: what it reads, how often, and how it ends."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from starlette.requests import Request
from support.hands import PATIENT, Hands, StillPicture, camera
from support.servers.desk_scene import APPLE_CODE, apple, nothing
from support.waiting import until

from askcam.features.desk.api import endpoints
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.desk import READS_PER_S, SHARE, Desk, DeskView
from askcam.features.desk.guidance import Hint
from askcam.features.desk.sightings import KEEP_S, Sighting
from askcam.stream.camera import Camera
from askcam.stream.fit import Fit
from askcam.stream.frame import Pixels
from askcam.stream.health import Health
from askcam.stream.status import CameraStatus

APPLE = Product("apple", barcode=APPLE_CODE, price="2.49")


class Shown(StillPicture):
    """A picture of the desk scene."""

    def __init__(self, pixels: Pixels) -> None:
        super().__init__(0)
        self.pixels, (self.height, self.width) = pixels, pixels.shape[:2]

    def rgb(self, fit: Fit | None = None) -> Pixels:
        return self.pixels if fit is None else super().rgb(fit)


class Film:
    """Hands a camera the same picture, or another, until it is told to stop."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.camera: Camera = camera(self.hands.spec, PATIENT)
        self.pixels: Pixels | None = nothing(0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            if self.hands.made and self.pixels is not None:
                self.hands.made[-1].give(Shown(self.pixels))

    def __enter__(self) -> "Film":
        self.camera.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)
        self.camera.close()


@pytest.fixture
def film() -> Iterator[Film]:
    with Film() as film:
        yield film


def seen(desk: Desk) -> list[str]:
    return [code.text for code in desk.codes()]


def test_a_code_is_read_looked_up_and_forgotten(film: Film) -> None:
    asked: list[str] = []

    def lookup(code: str) -> Product | None:
        asked.append(code)
        return APPLE

    desk = Desk(film.camera, lookup)
    desk.start()
    until(lambda: desk.view.num_pictures, "a look at the empty desk")
    assert desk.facts() == ()
    film.pixels = apple(1.0)
    until(lambda: seen(desk) == [APPLE_CODE], "the code")
    read, found = until(lambda: len(desk.facts()) == 2 and desk.facts(), "its product")
    assert (read.source, found.values["price"]) == ("read", "2.49")
    assert asked == [APPLE_CODE]  # not once per picture
    film.pixels = nothing(0.0)
    until(lambda: not desk.view.codes, "the code to be forgotten")
    assert desk.facts() == ()
    desk.close()


def test_a_picture_that_does_not_change_is_not_read_again(film: Film) -> None:
    desk = Desk(film.camera, None)
    film.pixels = apple(1.0)
    desk.start()
    until(lambda: seen(desk), "the code")
    until(lambda: desk.view.num_pictures > 15, "more looks")
    assert desk.view.num_reads <= 6
    assert seen(desk) == [APPLE_CODE]
    desk.close()


class Later:
    """A camera whose picture is found dark only when it is told so."""

    def __init__(self, one: Camera) -> None:
        self.name, self.newest, self._camera = one.name, one.newest, one
        self.dark = False

    def status(self) -> CameraStatus:
        return replace(self._camera.status(), health=(Health.DARK,) if self.dark else ())


def test_a_picture_that_turns_out_dark_after_it_was_read_is_told(film: Film) -> None:
    later = Later(film.camera)
    desk = Desk(cast(Camera, later), None)
    desk.start()
    try:
        until(lambda: desk.view.num_pictures >= 2, "the picture to be read")
        assert desk.view.hints == ()
        later.dark = True
        until(lambda: desk.view.hints == (Hint.LIGHT,), "the hint")
        assert desk.view.num_reads == 1
    finally:
        desk.close()


async def test_a_code_counts_for_seconds_also_where_no_picture_comes_any_more(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told neither as a fact nor as something that was read and is not verified."""
    now = 100.0
    monkeypatch.setattr("askcam.features.desk.desk.time", SimpleNamespace(monotonic=lambda: now))
    desk = Desk(film.camera, None)
    code = Sighting(APPLE_CODE, "EAN-13", 2, 50.0, 60.0, now, ((0.0, 0.0),) * 4, True, APPLE_CODE)
    desk.view = DeskView((code,))
    cameras, desks = (
        SimpleNamespace(get=lambda name, viewer: None),
        SimpleNamespace(get=lambda name: desk, looks_up=False),
    )
    (endpoint,) = endpoints(cameras, desks)  # type: ignore[arg-type]

    async def told() -> Any:
        reply = await endpoint.handler(Request({"type": "http", "path_params": {"name": "desk"}}))
        found = json.loads(reply.body)
        return [(each["code"], each["verified"]) for each in found["codes"]], len(found["facts"])

    assert await told() == ([(APPLE_CODE, True)], 1)
    now += KEEP_S
    assert await told() == ([(APPLE_CODE, True)], 1)
    now += 0.1
    assert await told() == ([], 0)


def test_it_works_a_bounded_share_of_the_time(film: Film) -> None:
    """Every picture is another one, and full of noise: the most work that there is."""
    rng = np.random.default_rng(0)
    noise = [(rng.integers(0, 100, (360, 640, 3)) + 70 * light).astype(np.uint8) for light in range(3)]
    desk = Desk(film.camera, None)
    began = time.monotonic()
    desk.start()
    lights = itertools.cycle(noise)

    def read_often() -> bool:
        film.pixels = next(lights)
        return desk.view.num_reads >= 8

    until(read_often, "eight readings")
    view, took_s = desk.view, time.monotonic() - began
    assert took_s >= 0.9 * (view.num_reads - 1) / READS_PER_S
    assert view.busy_s * (view.num_reads - 1) / view.num_reads <= SHARE * took_s * 1.2  # the last rest is to come yet
    desk.close()


def test_a_catalogue_that_cannot_be_read_leaves_the_code(film: Film) -> None:
    def lookup(code: str) -> Product | None:
        raise CatalogueError("the disk is gone")

    desk = Desk(film.camera, lookup)
    film.pixels = apple(1.0)
    desk.start()
    until(lambda: seen(desk), "the code")
    assert [fact.source for fact in desk.facts()] == ["read"]
    desk.close()


def test_its_thread_ends_with_its_camera(film: Film) -> None:
    desk = Desk(film.camera, None)
    desk.start()
    until(lambda: desk.view.num_pictures, "a look")
    film.camera.close()
    until(lambda: not any("desk" in thread.name for thread in threading.enumerate()), "the thread to end")
