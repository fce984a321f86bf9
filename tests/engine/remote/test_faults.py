"""Whatever model servers are known to do wrong, in each dialect: seen by the proofs at the start, or a typed error.

The tables say what a fault becomes. What the test's server can do wrong, and what is done about it, are the same list.
"""

import contextlib
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.servers.model_server import FAULTS
from support.servers.running import RunningModelServer

from askcam.engine.errors import Busy, EngineFailure, ModelError, QuestionError, TooLong
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Event, Failed, Finished, First, Question, Scored, ScoreEvent
from askcam.engine.remote import asking

DIALECTS = ("vllm", "sglang", "llamacpp", "ollama", "transformers", "openai")
FILMS = ("vllm", "sglang")  # where a window goes as a film, which has a name
SCORES = ("vllm", "sglang", "llamacpp", "ollama", "openai")  # those that are asked for logprobs

# At the start: what is said, and by which dialects; the others open, since they are not asked for what goes wrong.
REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "drops_newest": ("does not see all frames of a window", DIALECTS),
    "believes_names": ("whatever the newest frame shows", FILMS),  # pictures have no names
    "drops_oldest": ("does not see all frames of a window", DIALECTS),
    "holds_still": ("whatever the newest frame shows", SCORES),  # "not provable without logprobs", says the other one
    "no_model": ("has no model 'org/model'", DIALECTS),
    "html": ("no model server", DIALECTS),
    "unauthorized": ("ASKCAM_MODEL_KEY", DIALECTS),
    "too_long": ("does not take a window of 1 pairs", DIALECTS),
    "busy": ("no place for the question; try again in 7 s", DIALECTS),
    "loading": ("no place for the question", DIALECTS),
    "broken": ("CUDA error", DIALECTS),
}
# At the start: which proof fails, and what is refused by name from then on.
DONE_WITHOUT: dict[str, tuple[str, tuple[str, ...]]] = {
    "ignores_logprobs": ("logprobs", SCORES),
    "ignores_schema": ("forms", SCORES),
    "fills_with_blanks": ("forms", SCORES),
}
# At a question: which error, what it says, and whether the answer had begun.
FAILS: dict[str, tuple[type[Exception], str, bool]] = {
    "breaks": (EngineFailure, "broke off", True),
    "no_finish": (EngineFailure, "no finish_reason", True),
    "swallows_error": (EngineFailure, "no finish_reason", True),
    "error_chunk": (EngineFailure, "the worker died", True),
    "garbage": (EngineFailure, "no JSON", True),
    "filters": (EngineFailure, "content_filter", True),
    "falls_silent": (EngineFailure, "said nothing for 1 s", True),
    "slow_first": (EngineFailure, "first_s", False),
    "broken": (EngineFailure, "CUDA error", False),
    "unauthorized": (ModelError, "ASKCAM_MODEL_KEY", False),
    "no_model": (ModelError, "has no model", False),
    "html": (EngineFailure, "answers with a page", False),
    "too_long": (TooLong, "maximum context length", False),
    "busy": (Busy, "7 s", False),
    "loading": (Busy, "no place", False),
}
# What does no harm: the answer is as ever.
HARMLESS = {"old", "no_usage", "stays_open", "thinks"}

Asked = Callable[..., Question]
Events = Callable[[Engine, Question], list[Event]]
Camera = Callable[..., Any]


@dataclass(frozen=True)
class ModelServers:
    """One server that speaks every dialect."""

    server: RunningModelServer

    def opened(self, dialect: str) -> Engine:
        url = self.server.url_as(dialect) if dialect != "vllm" else self.server.url  # /tokenize has no other place
        return open_engine(EngineConfig("", url=url, dialect=dialect, max_pairs=4, first_s=60.0))


@pytest.fixture
def servers(vllm: RunningModelServer) -> ModelServers:
    return ModelServers(vllm)


@pytest.fixture(scope="module")
def ready(vllm: RunningModelServer) -> Iterator[dict[str, Engine]]:
    """An engine of each dialect, opened while all was well."""
    with contextlib.ExitStack() as stack:
        vllm.goes_wrong()
        yield {each: stack.enter_context(contextlib.closing(ModelServers(vllm).opened(each))) for each in DIALECTS}


def test_every_fault_has_its_place_here() -> None:
    assert REFUSED.keys() | DONE_WITHOUT.keys() | FAILS.keys() | HARMLESS == FAULTS.keys()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", REFUSED)
def test_the_start_says_what_is_wrong(fault: str, dialect: str, servers: ModelServers) -> None:
    said, seen_by = REFUSED[fault]
    servers.server.goes_wrong(fault)
    if dialect in seen_by:
        with pytest.raises(ModelError, match=said):
            servers.opened(dialect)
        return
    with contextlib.closing(servers.opened(dialect)) as engine:
        checks = {check.name: check.detail for check in engine.info.checks}
    assert dialect not in FILMS
    assert fault == "believes_names" or "not provable" in checks["newest frame"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", DONE_WITHOUT)
def test_what_is_not_done_is_found_and_refused_by_name(fault: str, dialect: str, servers: ModelServers) -> None:
    proof, asked_of = DONE_WITHOUT[fault]
    servers.server.goes_wrong(fault)
    with contextlib.closing(servers.opened(dialect)) as engine:
        checks = {check.name: check.ok for check in engine.info.checks}
        assert checks.get(proof) is (False if dialect in asked_of else None)
        told = " ".join(check.detail for check in engine.info.checks)
        assert ("disable_any_whitespace" in told) is (fault == "fills_with_blanks" and dialect == "vllm")
        if fault == "ignores_logprobs":
            with pytest.raises(QuestionError, match="nothing can be scored"):
                engine.single(["Yes"])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", FAILS)
def test_a_question_fails_with_the_right_error_which_is_told_once(
    fault: str,
    dialect: str,
    ready: dict[str, Engine],
    servers: ModelServers,
    asked: Asked,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, said, begun = FAILS[fault]
    if fault == "falls_silent":
        monkeypatch.setattr(asking, "BETWEEN_S", 1.0)
    if fault == "slow_first":
        monkeypatch.setattr(ready[dialect]._transport, "first_s", 2.0)
    servers.server.goes_wrong(fault)
    told = events(ready[dialect], asked(camera=None))
    last = told[-1]
    assert isinstance(last, Failed), last
    assert isinstance(last.error, kind), last.error
    assert said in str(last.error)
    assert any(isinstance(event, First) for event in told) is begun
    assert sum(isinstance(event, Failed | Finished) for event in told) == 1
    assert len(servers.server.seen()["requests"]) <= 1  # not asked again
    if isinstance(last.error, Busy):
        assert last.error.retry_after_s == (7 if fault == "busy" else 2)
    monkeypatch.undo()
    servers.server.goes_wrong()
    assert isinstance(events(ready[dialect], asked(camera=None))[-1], Finished)  # the next one is answered


@pytest.mark.parametrize("fault", sorted(HARMLESS))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_does_no_harm_changes_no_answer(
    fault: str, dialect: str, servers: ModelServers, ready: dict[str, Engine], asked: Asked, events: Events
) -> None:
    servers.server.goes_wrong(fault)
    last = events(ready[dialect], asked(camera=None))[-1]
    assert isinstance(last, Finished)
    assert last.text == "0 pictures, the newest is nothing"


@pytest.mark.parametrize("dialect", ["vllm", "llamacpp", "ollama"])
def test_frames_that_are_left_out_of_one_question_are_no_answer(
    dialect: str, servers: ModelServers, ready: dict[str, Engine], asked: Asked, events: Events, colour_camera: Camera
) -> None:
    """A context that holds a window alone may not hold what else a question brings."""
    engine = ready[dialect]
    engine.attach(colour_camera(engine, num_frames=7))
    try:
        servers.server.goes_wrong("drops_oldest")
        last = events(engine, asked())[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, EngineFailure)
        assert "left out part of what it was shown" in str(last.error)
        assert isinstance(scored(engine, asked()), EngineFailure)
        servers.server.goes_wrong()
        assert isinstance(events(engine, asked())[-1], Finished)
        servers.server.goes_wrong("drops_oldest", "no_usage")  # which cannot be seen
        assert isinstance(events(engine, asked())[-1], Finished)
    finally:
        engine.detach("lobby")


@pytest.mark.parametrize("dialect", ["vllm", "sglang", "llamacpp", "ollama"])
def test_what_thinks_is_scored_by_its_answer(dialect: str, servers: ModelServers, asked: Asked) -> None:
    servers.server.goes_wrong("thinks")
    with contextlib.closing(servers.opened(dialect)) as engine:
        found = scored(engine, asked(camera=None))
        assert isinstance(found, tuple)
        assert sum(found) > 0.5


def scored(engine: Engine, question: Question) -> tuple[float, ...] | Exception:
    """The probabilities of yes and no, or why there are none."""
    told: queue.SimpleQueue[ScoreEvent] = queue.SimpleQueue()
    engine.score([question], ("Yes", "No"), told.put)
    event = told.get(timeout=60)
    if isinstance(event, Failed):
        return event.error
    assert isinstance(event, Scored)
    return event.probabilities[0]


def test_an_older_server_scores_by_the_likeliest_tokens(servers: ModelServers) -> None:
    servers.server.goes_wrong("old")
    with contextlib.closing(servers.opened("vllm")) as engine:
        assert "bounds" in next(check.detail for check in engine.info.checks if check.name == "logprobs")
