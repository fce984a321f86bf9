"""A machine that cannot keep up is told as such, and the camera is not blamed: slowness is planted in the passes."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.asking_way import Way, asked
from support.pushed_camera import until

from askcam.engine.question import Sampling
from askcam.server.errors import Refusal
from askcam.server.gauges.engine import EngineGauges
from askcam.server.wire.refusals import on_wire
from askcam.stream.camera import CameraConfig

ONE_WORD = Sampling(max_tokens=1)
SLOW_S = 2.0  # a frame is far younger as it is taken, on a busy machine, too


@pytest.fixture
def slow(way: Way) -> Iterator[Callable[[str], None]]:
    """Has passes of a kind take longer, those of questions by SLOW_S."""
    passes: Any = way.model.engine._model.passes  # type: ignore[attr-defined]
    planted: list[str] = []

    def plant(kind: str) -> None:
        whole = getattr(passes, kind)

        def late(*args: Any, **more: Any) -> Any:
            time.sleep(SLOW_S if kind == "rows" else 0.6)
            return whole(*args, **more)

        setattr(passes, kind, late)
        planted.append(kind)

    yield plant
    for kind in planted:
        delattr(passes, kind)


async def test_frames_that_grew_old_in_the_engine_are_its_own_fault(way: Way, slow: Callable[[str], None]) -> None:
    way.cameras.add("lobby", "synthetic:7")
    done = await way.ask(asked("What do you see?", camera="lobby", max_wait_s=30.0))
    assert done.saw.engine_ms is not None
    assert done.saw.frame_age_ms is not None
    assert done.saw.engine_ms <= done.saw.frame_age_ms
    slow("rows")
    done = await way.ask(asked("What do you see?", camera="lobby", sampling=ONE_WORD))
    assert done.saw.engine_ms is not None
    assert done.saw.engine_ms >= SLOW_S * 1000
    with pytest.raises(Refusal) as caught:
        await way.ask(asked("What do you see?", camera="lobby", max_age_s=SLOW_S))
    assert (on_wire(caught.value).status, caught.value.code) == (503, "too_slow")
    assert "this machine is too slow" in caught.value.message
    assert "doctor --model" in caught.value.message
    assert "the camera itself is live at" in caught.value.message


async def test_a_camera_that_the_model_cannot_keep_up_with_says_so(way: Way, slow: Callable[[str], None]) -> None:
    way.cameras.add("lobby", "synthetic:7", CameraConfig(fps=8))
    await until(lambda: way.model.engine.paces().get("lobby"), "its frames to be taken in")
    slow("append")
    await until(lambda: way.cameras.info("lobby").slow, "the slowness to be noticed")
    info = way.cameras.info("lobby")
    assert info.state == "live"
    assert info.sees_every_ms is not None
    assert info.sees_every_ms > 2 * 1000 / 8
    assert info.slow is not None
    assert "the model sees one frame in" in info.slow
    assert "the camera itself is live at" in info.slow
    done = await way.ask(asked("What do you see?", camera="lobby"))
    assert done.saw.sees_every_ms is not None
    told = {metric.name: metric for metric in EngineGauges(way.cameras.models).collect()}
    (sample,) = told["askcam_engine_too_slow"].samples
    assert (sample.labels["camera"], sample.value) == ("lobby", 1)
    (sample,) = told["askcam_engine_frame_interval_seconds"].samples
    assert sample.value > 2 / 8


async def test_a_camera_that_the_model_keeps_up_with_says_nothing(way: Way) -> None:
    way.cameras.add("lobby", "synthetic:7", CameraConfig(fps=1))
    await until(lambda: way.model.engine.paces().get("lobby"), "its frames to be taken in")

    def says_nothing() -> bool:
        info = way.cameras.info("lobby")
        return (info.slow, info.sees_every_ms) == (None, None)

    await until(says_nothing, "it to keep up, as a machine that others use does again and again")
