"""A camera that leaves still pairs out: answers are stock generate's about the shorter clip that is left."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.hands import Hands, StillPicture
from support.waiting import until

from askcam.engine.live.engine import LiveEngine
from askcam.engine.loading import Loaded
from askcam.engine.question import Message, Question, Role, Sampling, Text
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import Pixels

QUESTION = Question((Message(Role.USER, (Text("What is this?"),)),), "lobby", Sampling(max_tokens=6, temperature=0))
CONFIG = CameraConfig(fps=1, motion_gate=6.0, stall_s=600, grace_s=600)
SCENES = "aaaabbbbbbcacccccccccc" + "ddddddeeeeef"  # a letter a second; every pair of them is one of the model's


class Noise(StillPicture):
    """A scene of blocks, by its number, with a sensor's noise on it that is new in every picture."""

    def __init__(self, scene: str, second: float) -> None:
        super().__init__(0, mono=1000 + second, wall=5000 + second)
        self._scene = scene

    def rgb(self, fit: Fit | None = None) -> Pixels:
        blocks = np.random.default_rng(ord(self._scene)).integers(10, 240, (6, 8, 3), np.uint8)
        pixels = blocks.repeat(8, axis=0).repeat(8, axis=1)
        noise = np.random.default_rng(round(self.mono * 10)).integers(0, 8, pixels.shape, np.uint8)
        return pixels + noise if fit is None else resize(pixels + noise, fit)


def kept(scenes: str) -> list[int]:
    """The seconds at which the kept pairs begin: the rule, once more, in other words."""
    found, last, last_at = [0], scenes[1], 1
    for second in range(2, len(scenes) - 1, 2):
        if scenes[second : second + 2] != 2 * last or second + 1 - last_at >= 5:
            found, last, last_at = [*found, second], scenes[second + 1], second + 1
    return found


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_answers_are_exact_for_the_shorter_clip_whenever_they_are_asked(
    kind: str,
    live: Callable[..., LiveEngine],
    oracle: Any,
    sharp: Callable[[str], Loaded],
    heard: Any,
) -> None:
    engine, want, hands = live(kind, max_pairs=6), oracle(sharp(kind)), Hands()
    lobby = Camera("lobby", hands.spec, fit=engine.fit, anchors=engine.anchors, config=CONFIG)
    engine.attach(lobby)
    seen: list[int] = []
    with lobby:
        until(lambda: hands.made, "the source to be opened")
        for second, scene in enumerate(SCENES):
            hands.made[0].give(Noise(scene, second))
            until(lambda second=second: lobby.status().sampled == second + 1, "the frame")  # type: ignore[misc]
            if second % 3 == 0:
                newest = Noise(scene, second + 0.5)  # decoded, not sampled
                hands.made[0].give(newest)
                until(lambda: lobby.look().newest.wall == newest.wall, "the newest frame")  # noqa: B023
            listener = heard()
            engine.ask(QUESTION, listener)
            events = listener.wait()
            want.check(QUESTION, events)
            view = events[0].view
            assert view.newest.wall == lobby.look().newest.wall
            whole = view.pairs[:-1] if view.provisional else view.pairs
            assert all(pair.second.wall - pair.first.wall == 1 for pair in whole)
            assert [pair.index for pair in view.pairs] == list(range(view.pairs[0].index, view.pairs[-1].index + 1))
            seen += [round(pair.first.wall - 5000) for pair in whole]
    engine.detach("lobby")
    assert sorted(set(seen)) == kept(SCENES)
    assert len(kept(SCENES)) < len(SCENES) // 2 - 3
