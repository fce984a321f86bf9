"""A camera over a synthetic scene whose time goes on when told, and the same question put to several engines."""

import queue
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from askcam.demo.questions import questions
from askcam.demo.synthetic import SyntheticScene
from askcam.engine.interface import Engine
from askcam.engine.question import Failed, Finished, Message, Part, Question, Role, Sampling, Text
from askcam.stream.fit import resize
from askcam.stream.frame import Frame, Pixels
from askcam.stream.window import View, Window

TEXTS = ("What do you see?", "Is anything moving?", "How many things are there?", "你看到了什么？", "Did anyone leave?")
CAMERA = "scene"
DEADLINE_S = 120.0


class SceneCamera:
    """A door.LiveSource: two frames a second of the scene's time, as fast as they are wanted."""

    def __init__(
        self, seed: int, engine: Any, start_s: float, through: Callable[[Pixels], Pixels] = lambda pixels: pixels
    ) -> None:
        """`through`: what becomes of each frame on its way."""
        self._through = through
        self.name, self._scene, self._t, self._seq = CAMERA, SyntheticScene(seed), start_s, 0
        self._window, self._fit = Window(CAMERA, engine.anchors, 2.0), engine.fit
        self._tell: list[Callable[[], None]] = []

    def go_on(self, num_frames: int) -> None:
        for _ in range(num_frames):
            self._seq, self._t = self._seq + 1, self._t + 0.5
            picture = self._scene.at(self._t)
            pixels = resize(picture, self._fit(picture.shape[1], picture.shape[0]))
            self._window.add(Frame(self.name, self._seq, self._t, self._t, self._through(pixels)))
        for tell in self._tell:
            tell()

    def look(self) -> View:
        view = self._window.view()
        assert view is not None
        return view

    def peek(self) -> View | None:
        return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._tell.append(callback)
        return lambda: self._tell.remove(callback)


def ask_all(engines: Sequence[Engine], num_scenes: int, seed: int) -> Iterator[tuple[str, View, list[Finished]]]:
    """Two questions about each of `num_scenes` scenes: the question, the view, and each engine's answer from it."""
    chance = random.Random(seed)
    for scene in range(num_scenes):
        camera = SceneCamera(scene, engines[0], chance.uniform(0, 1000))
        for engine in engines:
            engine.attach(camera)
        own = [question.text for question in questions(scene)]
        for num_frames, text in ((chance.randint(1, 16), chance.choice(TEXTS)), (7, chance.choice(own))):
            camera.go_on(num_frames)
            yield text, camera.look(), [answer_of(engine, text) for engine in engines]
        for engine in engines:
            engine.detach(CAMERA)


def answer_of(engine: Engine, text: str, shown: tuple[Part, ...] = ()) -> Finished:
    """Greedy, about the scene's camera, or about what is `shown` in its place."""
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    sampling = Sampling(temperature=0, max_tokens=40)
    camera = None if shown else CAMERA
    engine.ask(Question((Message(Role.USER, (*shown, Text(text))),), camera, sampling), events.put)
    while not isinstance(event := events.get(timeout=DEADLINE_S), Finished | Failed):
        pass
    assert isinstance(event, Finished), event
    return event
