"""Whatever happens in whatever order: every answer is the stock answer, every question ends once, no row is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from askcam.engine.question import Failed, Finished, Message, Question, Reason, Role, Sampling, Text
from askcam.stream.errors import CameraUnavailable

NAMES = ("lobby", "desk", "yard")
SYSTEMS = (None, "Be brief.", "You guard a gate.")


class Anything(RuleBasedStateMachine):
    """Frames, questions, cancels, cameras that come and go and begin anew, on a live engine."""

    live: Any
    stream_of: Any
    oracle: Any
    heard: Any
    engine: Any

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, Any] = {}
        self.asked: list[tuple[Question, Any, int]] = []
        self.cancelled: set[int] = set()

    @rule(name=st.sampled_from(NAMES), num_frames=st.integers(1, 9))
    def attach(self, name: str, num_frames: int) -> None:
        if name not in self.streams:
            size = {"lobby": (2, 3), "desk": (3, 2), "yard": (1, 4)}[name]
            self.streams[name] = self.stream_of(self.engine, name, *size)
            self.streams[name].push(num_frames)

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), num_frames=st.integers(1, 7), quietly=st.booleans())
    def frames(self, data: Any, num_frames: int, quietly: bool) -> None:
        self._one(data).push(num_frames, quietly)

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), num_tokens=st.integers(1, 9), system=st.sampled_from(SYSTEMS))
    def ask(self, data: Any, num_tokens: int, system: str | None) -> None:
        messages = (Message(Role.USER, (Text(f"Question {len(self.asked)}?"),)),)
        if system is not None:
            messages = (Message(Role.SYSTEM, (Text(system),)), *messages)
        question = Question(messages, self._one(data).name, Sampling(max_tokens=num_tokens, temperature=0))
        listener = self.heard()
        self.asked.append((question, listener, self.engine.ask(question, listener)))

    @precondition(lambda self: self.asked)
    @rule()
    def cancel(self) -> None:
        ticket = self.asked[-1][2]
        self.engine.cancel(ticket)
        self.cancelled.add(ticket)

    @precondition(lambda self: self.streams)
    @rule(data=st.data())
    def begin_anew(self, data: Any) -> None:
        stream = self._one(data)
        stream.clear()
        stream.push(1)

    @precondition(lambda self: len(self.streams) > 1)
    @rule(data=st.data())
    def detach(self, data: Any) -> None:
        name = self._one(data).name
        del self.streams[name]
        self.engine.detach(name)

    @precondition(lambda self: self.asked)
    @rule()
    def hear(self) -> None:
        while self.asked:
            self._hear(*self.asked.pop())

    def teardown(self) -> None:
        try:
            while self.asked:
                self._hear(*self.asked.pop())
        finally:
            for name in self.streams:
                self.engine.detach(name)

    def _hear(self, question: Question, listener: Any, ticket: int) -> None:
        events = listener.wait()
        last = events[-1]
        if isinstance(last, Failed):
            assert isinstance(last.error, CameraUnavailable), last.error
        elif isinstance(last, Finished) and last.reason is Reason.CANCELLED:
            assert ticket in self.cancelled
        else:
            self.oracle.check(question, events)

    def _one(self, data: Any) -> Any:
        return self.streams[data.draw(st.sampled_from(sorted(self.streams)))]


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_vl", "qwen3_5"])
def test_anything_goes(
    kind: str, live: Callable[..., Any], stream_of: Any, oracle: Any, sharp: Any, heard: Any
) -> None:
    machine = type(
        "Machine",
        (Anything,),
        {
            "engine": live(kind, max_pairs=5),
            "stream_of": staticmethod(stream_of),
            "oracle": oracle(sharp(kind)),
            "heard": heard,
        },
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
