"""Young enough, fit to be seen, and still so at the end: what an answer may be given from, with real cameras."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
from support.asking_way import Way, asked, jpeg
from support.films import make_film, write_film
from support.products import product
from support.pushed_camera import pushed, until

from askcam.engine.question import Sampling
from askcam.server.answering.freshness import why_old
from askcam.server.errors import Refusal
from askcam.server.steps import Changed, Done
from askcam.stream.camera import CameraConfig, CameraStatus, State
from askcam.stream.frame import AgeBasis

DARK = np.full((448, 448, 3), 4, np.uint8)
WAIT_S = 60.0


async def test_a_camera_that_is_still_being_opened_is_waited_for(way: Way) -> None:
    way.cameras.add("lobby", "synthetic:7")
    with pytest.raises(Refusal) as caught:
        await way.ask(asked("What do you see?", camera="lobby"))
    assert caught.value.code == "camera_unavailable"
    done = await way.ask(asked("What do you see?", camera="lobby", max_wait_s=WAIT_S))
    assert done.text.startswith("I see ")


async def test_a_film_that_is_over_is_asked_from_its_window_however_long_ago_that_was(way: Way, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(make_film(1, 2.0), film)
    way.cameras.add("film", str(film))
    await until(lambda: way.cameras.get("film").status().state is State.ENDED, "its end")
    way.max_age_s = 1e-6  # what holds for cameras
    assert (await way.ask(asked("What do you see?", camera="film"))).text.startswith("I see ")
    with pytest.raises(Refusal) as caught:
        await way.ask(asked("What do you see?", camera="film", max_age_s=1e-6))  # one who says so is obeyed
    assert caught.value.code == "stale_camera"
    way.cameras.add("lobby", "synthetic:7")
    await way.ask(asked("What do you see?", camera="lobby", max_age_s=9.0, max_wait_s=WAIT_S))
    with pytest.raises(Refusal):
        await way.ask(asked("What do you see?", camera="lobby"))


async def test_a_frame_that_never_gets_young_enough_is_refused_in_the_end(way: Way) -> None:
    way.cameras.add("lobby", "synthetic:7")
    await way.ask(asked("What do you see?", camera="lobby", max_wait_s=WAIT_S))
    began = time.monotonic()
    with pytest.raises(Refusal) as caught:
        await way.ask(asked("What do you see?", camera="lobby", max_age_s=1e-6, max_wait_s=0.5))
    assert caught.value.code == "stale_camera"
    assert time.monotonic() - began >= 0.5


async def test_about_a_dark_picture_nothing_is_made_up(way: Way) -> None:
    async with pushed(way, DARK) as (name, show):
        await until(lambda: way.cameras.health(name) == ("dark",), "the dark to be noticed")
        with pytest.raises(Refusal, match="dark") as caught:
            await way.ask(asked("What do you see?", camera=name))
        assert caught.value.code == "picture_unusable"
        done = await way.ask(asked("What do you see?", camera=name, unwell="answer"))
        assert done.saw.health == ["dark"]
        show(product("banana"))
        await until(lambda: not way.cameras.health(name), "the light to be noticed")
        assert "banana" in (await way.ask(asked("What is this?", camera=name))).text


async def test_about_a_frozen_picture_nothing_is_made_up(way: Way) -> None:
    name, source = way.cameras.add_pushed(CameraConfig(fps=10))
    picture = jpeg(product("banana"))

    def frozen() -> bool:
        source.push(picture, time.time(), AgeBasis.ARRIVAL)
        return "frozen" in way.cameras.health(name)

    await until(frozen, "the standstill to be noticed")
    with pytest.raises(Refusal, match="frozen") as caught:
        await way.ask(asked("What is this?", camera=name))
    assert caught.value.code == "picture_unusable"


LONG = Sampling(max_tokens=1200, min_tokens=1000, temperature=0)


async def test_a_scene_that_changes_meanwhile_is_told(way: Way) -> None:
    async with pushed(way, product("banana")) as (name, show):
        await until(lambda: way.cameras.get(name).window(), "a window")
        task = asyncio.ensure_future(way.steps(asked("What is this?", camera=name, sampling=LONG, on_change="tell")))
        await until(lambda: way.model.engine.stats().answering, "the answer to begin")
        show(product("guitar", paper=120))
        steps = await task
        (changed,) = [step for step in steps if isinstance(step, Changed)]
        assert changed.share > 0.1
        done = steps[-1]
        assert isinstance(done, Done)
        assert done.saw.scene_changed is True


async def test_a_scene_that_stays_is_said_to(way: Way) -> None:
    async with pushed(way, product("banana")) as (name, _):
        await until(lambda: way.cameras.get(name).window(), "a window")
        assert (await way.ask(asked("What is this?", camera=name, on_change="tell"))).saw.scene_changed is False
        assert (await way.ask(asked("What is this?", camera=name))).saw.scene_changed is None


@pytest.mark.parametrize(
    ("fps", "reason", "state", "words"),
    [
        (0.2, None, State.LIVE, "brings a picture every 5.0 s"),
        (0.2, None, State.LIVE, "allow max_age_ms 10500"),
        (25.0, "decoding falls behind: ...", State.LIVE, "; decoding falls behind"),
    ],
)
def test_a_refusal_for_age_says_what_makes_the_frame_old(
    fps: float, reason: str | None, state: State, words: str
) -> None:
    assert words in why_old(status(fps, reason, state))


def test_of_a_camera_that_is_quick_or_down_nothing_more_is_said() -> None:
    assert why_old(status(25.0, None, State.LIVE)) == ""
    assert why_old(status(None, "gone", State.LOST)) == ""


def status(fps: float | None, reason: str | None, state: State) -> CameraStatus:
    return CameraStatus(state, reason, 640, 480, fps, 3.0, AgeBasis.ARRIVAL, (), 9, 9, 4, 0, {}, 0, 0)
