"""What features add to the way of a question harms no answer where it fails, and keeps nobody else from its part."""

import pytest
from support.asking_way import Way, asked
from support.products import product

from askcam.client.protocol import Fact
from askcam.engine.question import Picture
from askcam.server.answering.observing import Answered


class Broken:
    """An observer, and a teller of facts."""

    def traces(self, camera: str | None, may_be_kept: bool) -> bool:
        return False

    def answered(self, answered: Answered) -> None:
        raise RuntimeError("no ear")

    def facts(self, camera: str) -> tuple[Fact, ...]:
        raise RuntimeError("no mouth")


class Listening(Broken):
    def __init__(self) -> None:
        self.heard: list[Answered] = []

    def answered(self, answered: Answered) -> None:
        self.heard.append(answered)


async def test_an_observer_that_fails_harms_no_answer_and_no_other_observer(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    asking, listening = way.asking(), Listening()
    asking.observe(Broken(), listening)
    *_, done = [step async for step in asking.ask(asked(Picture(product("banana")), "What is this?"))]
    (answered,) = listening.heard
    assert answered.record.text == done.text  # type: ignore[union-attr]
    assert answered.trace is None
    assert "an observer of answers failed" in caplog.text


async def test_a_teller_that_fails_harms_no_question(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    way.cameras.add("lobby", "synthetic:7")
    asking = way.asking()
    asking.consult(Broken())
    ask = asked("What do you see?", camera="lobby", max_wait_s=30.0)
    *_, done = [step async for step in asking.ask(ask)]
    assert done.text.startswith("I see ")  # type: ignore[union-attr]
    assert "a teller of facts failed" in caplog.text
