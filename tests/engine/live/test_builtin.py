"""With the built-in model: live and portable answer the same text from the same span of pairs."""

import random
from collections.abc import Callable
from typing import Any

from askcam.demo.questions import questions
from askcam.demo.synthetic import SyntheticScene
from askcam.engine.door import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Failed, Finished, Message, Question, Role, Sampling, Text
from askcam.stream.fit import resize
from askcam.stream.frame import Frame
from askcam.stream.window import View, Window

TEXTS = ("What do you see?", "Is anything moving?", "How many things are there?", "你看到了什么？", "Did anyone leave?")
SPANS = 12  # x 2 questions here; benchmarks run hundreds


class Scene:
    """A LiveSource over a synthetic scene, two frames a second of it, as fast as they are wanted."""

    def __init__(self, name: str, seed: int, engine: Any, start_s: float) -> None:
        self.name, self._scene, self._t, self._seq = name, SyntheticScene(seed), start_s, 0
        self._window, self._fit = Window(name, engine.anchors, 2.0), engine.fit
        self._tell: list[Callable[[], None]] = []

    def go_on(self, num_frames: int) -> None:
        for _ in range(num_frames):
            self._seq, self._t = self._seq + 1, self._t + 0.5
            picture = self._scene.at(self._t)
            pixels = resize(picture, self._fit(picture.shape[1], picture.shape[0]))
            self._window.add(Frame(self.name, self._seq, self._t, self._t, pixels))
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


def test_the_same_text_from_the_same_span(loaded: Loaded, live: Callable[..., Any], heard: Any) -> None:
    engine = live(loaded, max_pairs=8, kv_gb=None)
    portable = PortableEngine(loaded, EngineConfig("built-in"))
    random.seed(11)
    try:
        for seed in range(SPANS):
            scene = Scene("scene", seed, engine, random.uniform(0, 1000))
            for each in (engine, portable):
                each.attach(scene)
            own = [question.text for question in questions(seed)]
            for num_frames, text in ((random.randint(1, 16), random.choice(TEXTS)), (7, random.choice(own))):
                scene.go_on(num_frames)
                asked = Question((Message(Role.USER, (Text(text),)),), "scene", Sampling(temperature=0, max_tokens=40))
                answers = []
                for each in (engine, portable):
                    listener = heard()
                    each.ask(asked, listener)
                    last = listener.wait()[-1]
                    assert isinstance(last, Finished), last
                    assert not isinstance(last, Failed)
                    answers.append((last.text, last.usage.completion_tokens, last.usage.prompt_tokens))
                assert answers[0] == answers[1], (seed, text)
            for each in (engine, portable):
                each.detach("scene")
    finally:
        portable.close()
