"""Questions put to an engine, and the moments of their answers."""

import queue
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from askcam.engine.interface import Engine
from askcam.engine.question import Event, Failed, Finished, First, Message, Piece, Question, Role, Sampling, Text
from askcam.engine.sampling_bounds import LARGEST_SEED

QUESTION = "What do you see?"
PATIENCE_S = 120.0  # for one event of an answer


@dataclass(slots=True)
class BenchAsking:
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

    def wait(self, patience_s: float | None = PATIENCE_S) -> "BenchAsking":
        """Until it has ended, for so long between two events. Raises what it failed with."""
        pieces = []
        while self.finished is None:
            at, event = self.events.get(timeout=patience_s)
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


def ask(engine: Engine, camera: str, tokens: int) -> BenchAsking:
    """Ask for up to `tokens` tokens, chosen as the model's own generation_config says; does not wait."""
    events: queue.SimpleQueue[tuple[float, Event]] = queue.SimpleQueue()
    sampling = Sampling(max_tokens=tokens, seed=LARGEST_SEED)
    asking = BenchAsking(events, time.monotonic())
    question = Question((Message(Role.USER, (Text(QUESTION),)),), camera, sampling)
    engine.ask(question, lambda event: events.put((time.monotonic(), event)))
    return asking


def one_by_one(
    engine: Engine, camera: str, tokens: int, repeats: int, before: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Medians over questions asked one after the other, `before` each; two ahead of them don't count."""
    answers = []
    for _ in range(repeats + 2):
        before()
        answers.append(ask(engine, camera, tokens).wait())
    answers = answers[2:]
    found = {"first_token_ms": median(answer.first_token_ms for answer in answers)}
    for stage in ("preprocess_s", "vision_s", "prefill_s"):
        ended = [answer.finished for answer in answers if answer.finished is not None]
        found[stage.replace("_s", "_ms")] = median(1e3 * getattr(one.timings, stage) for one in ended)
    found["tokens_per_s"] = median(answer.tokens_per_s for answer in answers)
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
    return {
        "questions": count,
        "cameras": len(cameras),
        "first_token_p50_ms": median(firsts),
        "tokens_per_s": median(rates),
    }


def median(values: Iterable[float]) -> float:
    return round(float(statistics.median(values)), 3)


def share(values: Sequence[float], part: float) -> float:
    """The value below which that part of them lies."""
    return round(sorted(values)[min(len(values) - 1, int(part * len(values)))], 3)
