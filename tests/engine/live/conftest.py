"""What the live engine's tests share: small random models in which a position off by one moves logits by over 1."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.exactness import WITHIN
from support.sharpness import sharpen_positions, sharpen_weights

from askcam.engine.checkpoint import load
from askcam.engine.choosing import generation_config
from askcam.engine.front import end_tokens
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.live.engine import LiveEngine
from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompter
from askcam.engine.question import Event, Finished, Question, Started
from askcam.engine.text import AnswerText
from askcam.stream.errors import CameraUnavailable
from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, View, Window

WORST: dict[str, float] = {}  # by family: between a log probability here and in stock generate


EXACT = 1e-2  # an error of one position moves them by over 1


@pytest.fixture(autouse=True)
def say_how_exact(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """The end of the run tells the worst of all tests, whichever process ran them."""
    yield
    for kind, worst in WORST.items():
        record_property(WITHIN, (kind, worst))
    WORST.clear()


@pytest.fixture(scope="session")
def sharp(tiny_model: Callable[[str], Path]) -> Callable[[str], Loaded]:
    """sharp("qwen3_vl"): a small random model whose attention is far from uniform, loaded once."""
    made: dict[str, Loaded] = {}

    def get(kind: str) -> Loaded:
        if kind not in made:
            loaded = load(EngineConfig(str(tiny_model(kind))), lambda what, share: None)
            sharpen_weights(loaded.model)
            sharpen_positions(loaded.model)
            made[kind] = loaded
        return made[kind]

    return get


class Stream:
    """A LiveSource over a real Window; the test pushes its frames."""

    def __init__(self, name: str, anchors: Anchors, width: int, height: int, fps: float = 2.0) -> None:
        self.name, self.size, self.fps = name, (width, height), fps
        self._window = Window(name, anchors, fps)
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._seq = 0
        self._rng = np.random.default_rng(len(name) + width * 7 + height)

    def push(self, num_frames: int = 1, quietly: bool = False, age_s: float = 0.0) -> None:
        """Sample frames of noise, which are so old already. `quietly`: nobody is told."""
        for _ in range(num_frames):
            self._seq += 1
            width, height = self.size
            pixels = self._rng.integers(0, 256, (height, width, 3), np.uint8)
            with self._lock:
                self._window.add(Frame(self.name, self._seq, time.time() - age_s, time.monotonic() - age_s, pixels))
        if not quietly:
            self.tell()

    def clear(self) -> None:
        with self._lock:
            self._window.clear()
        self.tell()

    def tell(self) -> None:
        for callback in list(self._callbacks):
            callback()

    def look(self) -> View:
        with self._lock:
            view = self._window.view()
        if view is None:
            raise CameraUnavailable(self.name, "connecting", "no frame yet")
        return view

    def peek(self) -> View | None:
        with self._lock:
            return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)


class Oracle:
    """What stock generate answers to the same question about the same view."""

    def __init__(self, loaded: Loaded, rule: Any = "trained") -> None:
        self.loaded = loaded
        self._prompter = Prompter(loaded.processor, loaded.spec, rule, 64)

    def tokens(self, question: Question, view: View | None) -> tuple[list[int], torch.Tensor]:
        """Greedy tokens, and the logits of each."""
        prompt = self._prompter.prompt(question, view)
        config = generation_config(self.loaded.model.generation_config, question.sampling, 4096)
        with torch.no_grad():
            found = self.loaded.model.generate(
                **prompt.inputs, generation_config=config, output_logits=True, return_dict_in_generate=True
            )
        return found.sequences[0, prompt.num_tokens :].tolist(), torch.stack(found.logits)[:, 0]

    def first(self, question: Question, view: View | None) -> torch.Tensor:
        """Log probabilities of what the answer begins with. No more of it is computed."""
        _, logits = self.tokens(replace(question, sampling=replace(question.sampling, max_tokens=1)), view)
        return logits[0].float().log_softmax(-1)

    def check(self, question: Question, events: list[Event]) -> Finished:
        """The events of an answer are those of the stock answer about the view it was given."""
        started, finished = events[0], events[-1]
        assert isinstance(started, Started), events
        assert isinstance(finished, Finished), finished
        tokens, logits = self.tokens(question, started.view)
        told = list(finished.logprobs)  # tokens without text, such as the last one, are not told of
        for token, row in zip(tokens, logits.float().log_softmax(-1), strict=True):
            if not told or told[0].token != token:
                continue
            found = told.pop(0)
            worst = max(abs(one.logprob - float(row[one.token])) for one in (found, *found.top))
            WORST[self.loaded.spec.model_type] = max(worst, WORST.get(self.loaded.spec.model_type, 0.0))
            assert worst < EXACT
        assert not told
        want = AnswerText(
            lambda ids: self.loaded.processor.tokenizer.decode(
                ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
        ends = end_tokens(self.loaded.model.generation_config)
        for token in tokens:
            if token not in ends:
                want.add(token)
        want.finish()
        assert finished.text == want.text
        assert finished.usage.completion_tokens == len(tokens)
        return finished


@pytest.fixture
def live(sharp: Callable[[str], Loaded]) -> Iterator[Callable[..., LiveEngine]]:
    """live("qwen2_vl", max_pairs=8): a live engine over sharp models; closed, and its pool found empty, at the end."""
    made: list[LiveEngine] = []

    def open_live(kind: str | Loaded, max_pairs: int = 8, **options: Any) -> LiveEngine:
        loaded = sharp(kind) if isinstance(kind, str) else kind
        loaded = replace(loaded, info=replace(loaded.info, max_pairs=max_pairs))
        options = {"kv_gb": 0.1, "fresh_ms": 1e6, **options}
        made.append(build(loaded, EngineConfig("tiny", **options)))
        return made[-1]

    yield open_live
    for engine in made:
        pool, states = engine.pool, engine.states
        for name in list(engine._sources):
            engine.detach(name)
        engine.close()
        assert (pool.stats().used_rows, pool.stats().num_ranges, states.stats().used) == (0, 0, 0)


@pytest.fixture(scope="session")
def stream_of() -> Callable[..., Stream]:
    """stream_of(engine, "lobby", rows, columns): an attached Stream of frames of so many tokens."""

    def make(engine: LiveEngine, name: str = "lobby", rows: int = 2, columns: int = 3, fps: float = 2.0) -> Stream:
        factor = engine._spec.factor
        stream = Stream(name, engine.anchors, columns * factor, rows * factor, fps)
        engine.attach(stream)
        return stream

    return make


@pytest.fixture(scope="session")
def oracle() -> type[Oracle]:
    return Oracle
