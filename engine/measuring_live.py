"""The measuring behind bench_engine: the portable and the live backend over the same weights and frames, in one run."""

import queue
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from askcam.engine.choosing import LARGEST_SEED
from askcam.engine.door import Engine
from askcam.engine.errors import EngineFailure
from askcam.engine.live.engine import LiveEngine
from askcam.engine.loading import Loaded
from askcam.engine.question import Event, Failed, Finished, First, Message, Piece, Question, Role, Sampling, Text
from askcam.engine.stopping import Follow
from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, View, Window

QUESTION = "What do you see?"
PATIENCE_S = 120.0  # for one event of an answer
SETTLE_S = 30.0


class BenchCamera:
    """A camera (door.LiveSource) whose frames come when told. Noise: what it shows costs the same."""

    def __init__(self, name: str, anchors: Anchors, width: int, height: int, fps: float = 2.0) -> None:
        self.name = name
        self._window, self._lock = Window(name, anchors, fps), threading.Lock()
        noise = np.random.default_rng(0)
        self._pixels = [noise.integers(0, 256, (height, width, 3), np.uint8) for _ in range(4)]
        self._callbacks: list[Callable[[], None]] = []
        self._count = 0

    def show(self, num_frames: int) -> None:
        """So many frames come, now."""
        for _ in range(num_frames):
            pixels = self._pixels[self._count % len(self._pixels)]
            with self._lock:
                self._window.add(Frame(self.name, self._count, time.time(), time.monotonic(), pixels))
            self._count += 1
            if self._count % 2 == 0:
                for callback in self._callbacks:
                    callback()

    def look(self) -> View:
        with self._lock:
            view = self._window.view()
        assert view is not None, "asked before a frame was shown"
        return view

    def peek(self) -> View | None:
        with self._lock:
            return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)


@dataclass(slots=True)
class Asking:
    """A question under way; times are monotonic seconds."""

    events: queue.SimpleQueue[tuple[float, Event]]
    asked: float
    first: float = 0.0
    pieces: tuple[float, ...] = ()
    finished: Finished | None = None

    @property
    def first_token_ms(self) -> float:
        return 1e3 * (self.first - self.asked)

    @property
    def tokens_per_s(self) -> float:
        """After the first."""
        assert self.finished is not None
        count = self.finished.usage.completion_tokens - 1
        return count / max(self.finished.timings.decode_s, 1e-9)

    def wait(self) -> "Asking":
        """Until it has ended. Raises what it failed with."""
        pieces = []
        while self.finished is None:
            at, event = self.events.get(timeout=PATIENCE_S)
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, First):
                self.first = at
            elif isinstance(event, Piece):
                pieces.append(at)
            elif isinstance(event, Finished):
                self.finished = event
        self.pieces = tuple(pieces)
        return self


def ask(engine: Engine, camera: str, tokens: int) -> Asking:
    """Ask greedily for up to `tokens` tokens; does not wait."""
    events: queue.SimpleQueue[tuple[float, Event]] = queue.SimpleQueue()
    sampling = Sampling(max_tokens=tokens, temperature=0, seed=LARGEST_SEED)
    asking = Asking(events, time.monotonic())
    question = Question((Message(Role.USER, (Text(QUESTION),)),), camera, sampling)
    engine.ask(question, lambda event: events.put((time.monotonic(), event)))
    return asking


def one_by_one(engine: Engine, camera: str, tokens: int, repeats: int) -> dict[str, float]:
    """Medians over questions asked one after the other; two before them don't count."""
    answers = [ask(engine, camera, tokens).wait() for _ in range(repeats + 2)][2:]
    found = {"first_token_ms": _median(answer.first_token_ms for answer in answers)}
    for stage in ("preprocess_s", "vision_s", "prefill_s"):
        ended = [answer.finished for answer in answers if answer.finished is not None]
        found[stage.replace("_s", "_ms")] = _median(1e3 * getattr(one.timings, stage) for one in ended)
    found["tokens_per_s"] = _median(answer.tokens_per_s for answer in answers)
    return found


def together(engine: Engine, cameras: Sequence[str], count: int, tokens: int, repeats: int) -> dict[str, float]:
    """`count` questions at once, spread over the cameras; the first round doesn't count."""
    firsts: list[float] = []
    rates: list[float] = []
    for turn in range(repeats + 1):
        began = time.monotonic()
        asked = [ask(engine, cameras[i % len(cameras)], tokens) for i in range(count)]
        answers = [one.wait() for one in asked]
        if turn:
            firsts += [answer.first_token_ms for answer in answers]
            total = sum(answer.finished.usage.completion_tokens for answer in answers if answer.finished)
            rates.append(total / (time.monotonic() - began))
    return {"questions": count, "first_token_p50_ms": _median(firsts), "tokens_per_s": _median(rates)}


def while_growing(
    engine: Engine, cameras: Sequence[BenchCamera], asked: str, tokens: int, seconds: float, fps: float
) -> dict[str, float]:
    """Questions about one camera, one after the other, while all cameras' windows grow at `fps` frames a second."""
    stop = threading.Event()
    shower = threading.Thread(target=_show, args=(cameras, seconds, fps, stop, lambda name: None), daemon=True)
    shower.start()
    firsts: list[float] = []
    gaps: list[float] = []
    try:
        while not firsts or shower.is_alive():
            answer = ask(engine, asked, tokens).wait()
            firsts.append(answer.first_token_ms)
            times = (answer.first, *answer.pieces)
            gaps += [1e3 * (b - a) for a, b in pairwise(times)]
    finally:
        stop.set()
        shower.join()
    found = {"cameras": len(cameras), "first_token_p50_ms": _median(firsts), "first_token_p95_ms": _share(firsts, 0.95)}
    return {**found, "token_gap_p50_ms": _median(gaps or [0.0]), "token_gap_max_ms": round(max(gaps, default=0.0), 2)}


def sustained(engine: LiveEngine, cameras: Sequence[BenchCamera], seconds: float, fps: float) -> dict[str, float]:
    """Cameras whose windows grow for so long: how often was one not complete when that camera's next frame came?"""
    late: list[bool] = []
    _show(cameras, seconds, fps, threading.Event(), lambda name: late.append(name in engine.lagging()))
    drained_ms = settle(engine)
    return {
        "cameras": len(cameras),
        "seconds": seconds,
        "fps": fps,
        "checks": len(late),
        "times_late": sum(late),
        "last_pairs_done_after_ms": drained_ms,
    }


def settle(engine: LiveEngine) -> float:
    """Wait until all windows are complete; returns how long, in milliseconds. Raises EngineFailure when they don't."""
    began = time.monotonic()
    while lagging := len(engine.lagging()):
        if time.monotonic() - began > SETTLE_S:
            raise EngineFailure(f"the windows of {lagging} cameras are not complete after {SETTLE_S:g} s; see the log")
        time.sleep(0.001)
    return round(1e3 * (time.monotonic() - began), 1)


def compiled(loaded: Loaded, inputs: dict[str, torch.Tensor], tokens: int, repeats: int) -> dict[str, float]:
    """Stock generate with a static cache, which transformers compiles on a GPU. The first two answers don't count."""
    on_device = {name: value.to(loaded.device) for name, value in inputs.items()}

    def answer() -> list[float]:
        """Seconds until each token was known."""
        times: list[float] = []
        began = time.monotonic()

        def note(token: int) -> bool:
            times.append(time.monotonic() - began)
            return False

        with torch.inference_mode():
            loaded.model.generate(
                **on_device,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                do_sample=False,
                cache_implementation="static",
                stopping_criteria=[Follow(note)],
            )
        return times

    warm_up_s = answer()[-1] + answer()[-1]
    answers = [answer() for _ in range(repeats)]
    rates = [(len(times) - 1) / (times[-1] - times[0]) for times in answers if len(times) > 1]
    found = {"first_token_ms": _median(1e3 * times[0] for times in answers), "warm_up_s": round(warm_up_s, 1)}
    return {**found, "tokens_per_s": _median(rates)} if rates else found


def floor(loaded: Loaded) -> dict[str, float]:
    """What one token costs at least: its weights, once through memory at the speed of a large copy."""
    text = loaded.model.model.language_model
    head = loaded.model.lm_head.weight
    read = sum(p.numel() * p.element_size() for layer in text.layers for p in layer.parameters()) + head.nbytes
    source = torch.ones(
        (1 << 30) if loaded.device.type == "cuda" else (1 << 26), dtype=torch.uint8, device=loaded.device
    )
    target = torch.empty_like(source)
    took = []
    for _ in range(8):
        began = time.perf_counter()
        target.copy_(source)
        if loaded.device.type == "cuda":
            torch.cuda.synchronize(loaded.device)
        took.append(time.perf_counter() - began)
    speed = 2 * source.nbytes / min(took)
    return {"copy_gb_per_s": round(speed / 1e9, 1), "weights_gb": round(read / 1e9, 4), "floor_ms": 1e3 * read / speed}


def _show(
    cameras: Sequence[BenchCamera], seconds: float, fps: float, stop: threading.Event, before: Callable[[str], Any]
) -> None:
    """Every camera a frame each 1/fps, the cameras spread over that time; `before`(name) each frame."""
    step = 1 / fps / len(cameras)
    began = time.monotonic()
    for i in range(round(seconds * fps * len(cameras))):
        if stop.wait(max(0.0, began + i * step - time.monotonic())):
            return
        camera = cameras[i % len(cameras)]
        before(camera.name)
        camera.show(1)


def _median(values: Any) -> float:
    return round(float(statistics.median(values)), 3)


def _share(values: Sequence[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 3)
