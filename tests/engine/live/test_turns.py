"""Beside an answer frames have half of the engine's time, however long a piece of them takes."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from askcam.engine.live import engine as module
from askcam.engine.question import Finished, Message, Question, Role, Sampling, Text

PIECE_S, PASS_S = 1.0, 0.25  # of a clock that only these move


def test_an_answer_has_as_many_passes_as_fit_into_a_piece_of_frames(
    live: Callable[..., Any], stream_of: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = live("qwen2_vl", max_pairs=8)
    stream_of(engine).push(5)
    clock = SimpleNamespace(now=time.monotonic() + 1, monotonic=lambda: clock.now)
    done: list[str] = []
    run = engine._starter.run

    def one_pass(*args: Any, **how: Any) -> Any:
        done.append("pass")
        clock.now += PASS_S
        return run(*args, **how)

    def one_piece() -> bool:
        if not done:
            return False
        done.append("piece")
        clock.now += PIECE_S
        return bool(engine._answers)  # there is always more

    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(engine._starter, "run", one_pass)
    monkeypatch.setattr(engine._keeper, "work", one_piece)
    listener = heard()
    question = Question(
        (Message(Role.USER, (Text("What is this?"),)),), "lobby", Sampling(max_tokens=24, min_tokens=24)
    )
    engine.ask(question, listener)
    assert isinstance(listener.wait()[-1], Finished)
    first, last = done.index("pass"), len(done) - done[::-1].index("pass")
    answered = done[first:last]
    passes, pieces = answered.count("pass"), answered.count("piece")
    assert passes >= 24
    assert 1 <= pieces <= passes * PASS_S / PIECE_S + 1
