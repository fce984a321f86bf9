"""The engine through its door, with the built-in model: events, streaming, cancelling."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from askcam.engine.errors import EngineFailure
from askcam.engine.interface import EngineConfig, EngineMemory, EngineStats
from askcam.engine.open import open_engine
from askcam.engine.question import (
    Clip,
    Finished,
    First,
    Message,
    Piece,
    Question,
    Reason,
    Role,
    Started,
    Text,
)

Answerer = Callable[[Any, Question], Finished]
ENDLESS = {"temperature": 0, "repetition_penalty": 0.01}  # a model that loves to repeat itself never ends


def test_events_come_in_order_and_once(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    listener = heard()
    before = time.monotonic()
    engine.ask(about("What do you see?"), listener)
    started, first, *pieces, finished = listener.wait()
    assert isinstance(started, Started)
    assert started.view is not None
    assert (started.view.camera, len(started.view.pairs), camera.looks) == ("lobby", 3, 1)
    assert isinstance(first, First)
    assert isinstance(finished, Finished)
    assert all(isinstance(piece, Piece) for piece in pieces)
    assert "".join(piece.text for piece in pieces) == finished.text != ""
    counts = [piece.num_tokens for piece in pieces]
    assert counts == sorted(counts)
    assert finished.reason is Reason.STOP
    assert first.frame_age_s is not None
    assert 0 < first.frame_age_s < time.monotonic() - before + 1
    timings = finished.timings
    stages = timings.wait_s + timings.preprocess_s + timings.vision_s + timings.prefill_s
    assert min(timings.preprocess_s, timings.vision_s, timings.prefill_s, timings.decode_s) > 0
    assert stages <= timings.first_token_s < timings.total_s
    assert timings.total_s == pytest.approx(timings.first_token_s + timings.decode_s)


def test_the_camera_is_looked_at_when_the_engine_starts_not_when_asked(
    engine: Any, camera: Any, about: Any, heard: Any, gate: Any
) -> None:
    first, second = heard(), heard()
    held = gate(engine, about("What do you see?", camera=None, max_tokens=2), first)
    engine.ask(about("What do you see?", max_tokens=2), second)
    assert camera.looks == 0
    held.open()
    second.wait()
    assert camera.looks == 1


def test_a_question_without_a_camera_has_no_view(engine: Any, about: Any, heard: Any) -> None:
    listener = heard()
    engine.ask(about("Hello!", camera=None, max_tokens=4), listener)
    started, first, *_, finished = listener.wait()
    assert isinstance(started, Started)
    assert started.view is None
    assert isinstance(first, First)
    assert first.frame_age_s is None
    assert finished.usage.vision_tokens == 0


def test_chinese_comes_in_whole_characters(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    listener = heard()
    engine.ask(about("你看到了什么？"), listener)
    *events, finished = listener.wait()
    text = "".join(event.text for event in events if isinstance(event, Piece))
    assert text == finished.text
    assert re.search("[一-龥]{2}", text)
    assert "\ufffd" not in text


def test_max_tokens_ends_an_answer_with_length(engine: Any, camera: Any, about: Any, answer: Answerer) -> None:
    finished = answer(engine, about("What do you see?", max_tokens=2))
    assert (finished.reason, finished.usage.completion_tokens) == (Reason.LENGTH, 2)


def test_a_stop_string_over_token_borders_ends_an_answer(
    engine: Any, camera: Any, about: Any, answer: Answerer
) -> None:
    whole = answer(engine, about("What do you see?")).text
    middle = len(whole) // 2
    stop = whole[middle - 2 : middle + 3]
    finished = answer(engine, about("What do you see?", stop=(stop,)))
    assert (finished.reason, finished.text) == (Reason.STOP, whole[: whole.index(stop)])


def test_the_same_seed_gives_the_same_tokens_and_another_gives_others(
    engine: Any, camera: Any, about: Any, answer: Answerer
) -> None:
    fixed = camera.look()
    camera.look = lambda: fixed

    def draw(seed: int) -> str:
        return answer(engine, about("What do you see?", temperature=3.0, max_tokens=24, seed=seed)).text

    first = draw(1)
    assert draw(1) == first
    assert len({first, draw(2), draw(3)}) > 1
    engine.detach("lobby")
    engine.attach(camera)


def test_cancelling_a_running_answer_ends_it_within_a_token(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    listener = heard()
    ticket = engine.ask(about("What do you see?", max_tokens=3000, **ENDLESS), listener)
    listener.wait_for(Piece)
    engine.cancel(ticket)
    last = listener.wait()[-1]
    assert isinstance(last, Finished)
    assert last.reason is Reason.CANCELLED
    assert last.usage.completion_tokens < 3000
    assert last.text == "".join(event.text for event in listener.events if isinstance(event, Piece))


def test_cancelling_at_an_event_takes_at_most_one_token_more(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    listener = heard()
    tickets: list[int] = []
    known = threading.Event()

    def tell(event: Any) -> None:
        if isinstance(event, Piece) and event.num_tokens >= 5:
            known.wait(60)
            engine.cancel(tickets[0])
        listener(event)

    tickets.append(engine.ask(about("What do you see?", max_tokens=3000, **ENDLESS), tell))
    known.set()
    last = listener.wait()[-1]
    assert last.reason is Reason.CANCELLED
    asked_at = next(e.num_tokens for e in listener.events if isinstance(e, Piece) and e.num_tokens >= 5)
    assert last.usage.completion_tokens <= asked_at + 1


def test_cancelling_before_the_first_token_costs_no_pass_of_the_model(
    engine: Any, camera: Any, about: Any, heard: Any, gate: Any
) -> None:
    listener = heard()
    tokens = engine.stats().tokens
    held = gate(engine, about("What do you see?"), listener)
    engine.cancel(held.ticket)
    held.open()
    started, finished = listener.wait()
    assert isinstance(started, Started)
    assert (finished.reason, finished.text, finished.timings.prefill_s) == (Reason.CANCELLED, "", 0.0)
    assert engine.stats().tokens == tokens


def test_cancelling_a_waiting_question_tells_it_while_another_is_answered(
    engine: Any, camera: Any, about: Any, heard: Any, gate: Any
) -> None:
    first, second = heard(), heard()
    held = gate(engine, about("What do you see?", max_tokens=3000, **ENDLESS), first)
    engine.cancel(engine.ask(about("And now?"), second))
    held.open()
    assert [type(event) for event in second.wait()] == [Finished]
    assert second.events[0].reason is Reason.CANCELLED
    engine.cancel(held.ticket)
    assert first.wait()[-1].reason is Reason.CANCELLED
    assert camera.looks == 1


def test_stats_count_what_happened(engine: Any, camera: Any, about: Any, heard: Any, answer: Answerer) -> None:
    before = engine.stats()
    answer(engine, about("What do you see?", max_tokens=3))
    camera.age_s = 9.0
    listener = heard()
    engine.ask(Question(about("?").messages, "lobby", max_age_s=1.0), listener)
    listener.wait()
    after = engine.stats()
    assert after.asked - before.asked == 2
    assert after.answered - before.answered == 1
    assert after.failed - before.failed == 1
    assert after.tokens - before.tokens == 3


@pytest.mark.parametrize(
    ("backend", "steps"), [("portable", ["warming up"]), ("live", ["comparing with transformers", "warming up"])]
)
def test_open_warms_up_says_how_far_it_is_and_close_ends_everything(
    backend: Any, steps: list[str], builtin: Any, about: Any, heard: Any
) -> None:
    told: list[tuple[str, float]] = []
    others = num_threads()
    engine = open_engine(EngineConfig(str(builtin), backend=backend), lambda what, share: told.append((what, share)))
    names = list(dict.fromkeys(what for what, _ in told))
    assert names == ["loading weights", *steps, "ready"]
    assert all(0 <= share <= 1 for _, share in told)
    info = engine.info
    assert (info.family, info.backend, info.device, info.dtype) == ("qwen2_vl", backend, "cpu", "float32")
    assert (info.max_pairs, engine.anchors.max_pairs, info.num_parameters) == (8, 7, 17_706_368)
    assert "drawn objects" in info.note
    assert replace(engine.stats(), memory=EngineMemory()) == EngineStats()
    listener = heard()
    engine.ask(about("Hello", camera=None, max_tokens=3000, **ENDLESS), listener)
    waiting = heard()
    engine.ask(about("Hello", camera=None), waiting)
    listener.wait_for(First)
    engine.close()
    assert listener.wait()[-1].reason is Reason.CANCELLED
    assert waiting.wait()[-1].reason is Reason.CANCELLED
    assert num_threads() == others
    with pytest.raises(EngineFailure, match="closed"):
        engine.ask(about("Hello", camera=None), heard())
    engine.close()  # twice is once


def num_threads() -> int:
    return sum(thread.name == "askcam-engine" for thread in threading.enumerate())


def test_a_clip_in_the_question_is_seen(engine: Any, answer: Answerer, camera: Any) -> None:
    frames = tuple(frame.pixels for frame in camera.look().frames)
    finished = answer(engine, Question((Message(Role.USER, (Clip(frames, 2.0), Text("What do you see?"))),)))
    assert finished.usage.vision_tokens == 3 * 54
    assert "red" in finished.text
    blank = tuple(np.zeros_like(pixels) for pixels in frames)
    other = answer(engine, Question((Message(Role.USER, (Clip(blank, 2.0), Text("What do you see?"))),)))
    assert other.text != finished.text
