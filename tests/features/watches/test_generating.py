"""Numbers and texts over the real engine: what is scored is a distribution, what is generated waits for questions."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from support.watch_hall import come_true

from askcam.engine.errors import Busy
from askcam.engine.interface import Engine
from askcam.engine.question import Finished, Message, Question, Role, Sampling, Text
from askcam.features.watches import generating
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.store import WatchStore

LONG = Sampling(max_tokens=400, min_tokens=400)
SIGN, HOW_MANY = "What does the sign say?", "How many people queue?"


def text(*cameras: str, **more: Any) -> WatchSetting:
    return WatchSetting(SIGN, cameras, Kind.TEXT, every_s=0.2, for_s=0.0, **more)


async def test_a_number_turns_on_by_the_share_of_the_numbers_that_meet_its_condition(hall: Any) -> None:
    heard, watching, events = hall
    heard.says[HOW_MANY] = {"2": 0.7, "5": 0.1, "6": 0.1}
    setting = WatchSetting(HOW_MANY, ("one",), Kind.NUMBER, (), (">= 5",), every_s=0.2, for_s=0.0)
    await watching.create("queue", setting)
    await come_true(lambda: watching.info("queue").now[0].state == "off", "its being off")
    now = watching.info("queue").now[0]
    assert now.answer == "2"
    assert now.probability == pytest.approx(0.2 / 0.9, abs=1e-3)
    assert now.expected == pytest.approx((1.4 + 0.5 + 0.6) / 0.9, abs=0.01)
    heard.says[HOW_MANY] = {"5": 0.3, "6": 0.5, "2": 0.1}
    with events.readers.reading() as told:
        await come_true(lambda: watching.info("queue").now[0].state == "on", "its turning on")
        await told.next(30)  # that is a moment before its event is kept
    (event,) = await events.keeping.do(lambda store: store.newest(9))
    assert (event.kind, event.answer, event.expected) == ("on", "6", pytest.approx((1.5 + 3.0 + 0.2) / 0.9, abs=0.01))
    assert event.probability == pytest.approx(0.8889, abs=1e-3)
    heard.says[HOW_MANY] = {"5": 0.1}  # the model answers something else
    await come_true(lambda: "a number alone" in str(watching.info("queue").now[0].trouble), "its trouble")
    assert watching.info("queue").now[0].state == "on"


async def test_the_first_text_is_kept_and_not_told_and_a_change_is_one_event(hall: Any) -> None:
    _, watching, events = hall
    await watching.create("sign", text("one"))
    await come_true(lambda: watching.info("sign").now[0].state == "settled", "the first text")
    said = watching.info("sign").now[0].answer
    assert said.startswith("It says ")
    assert await events.keeping.do(lambda store: store.newest(9)) == []
    kept = await events.keeping.do(lambda store: WatchStore(store.db).memories())
    assert kept["sign", "one"].text == said
    await watching.change("sign", lambda before: text("one", cooldown_s=1.0))
    assert watching.info("sign").now[0].answer == said  # it asks the same, so it goes on
    await watching.remove("sign")
    assert await events.keeping.do(lambda store: WatchStore(store.db).memories()) == {}


async def test_one_text_is_generated_at_a_time_and_every_watch_has_its_turn(
    hall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, watching, _ = hall
    monkeypatch.setattr(generating, "PATIENCE_S", 0.0)  # however late they are
    for i in range(3):
        await watching.create(f"sign-{i}", text("one", "two"))

    def states() -> list[str]:
        return [now.state for info in watching.all() for now in info.now]

    await come_true(lambda: states() == ["settled"] * 6, "all six")
    assert {others for _, others in heard.asked} == {0}


async def test_texts_wait_for_questions_but_not_for_ever(
    hall: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, watching, _ = hall
    await come_true(lambda: _has_frames(watching), "frames")
    over = asyncio.Event()
    asked = Question(
        (Message(Role.USER, (Text("What do you see?"),)),), "one", Sampling(max_tokens=400, min_tokens=400)
    )
    tickets: list[int] = []

    def again(event: Any) -> None:
        """Somebody asks all the time."""
        if type(event).__name__ in ("Finished", "Failed") and not over.is_set():
            tickets.append(engine.ask(asked, again))

    monkeypatch.setattr(generating, "PATIENCE_S", 3.0)
    tickets += [engine.ask(asked, again), engine.ask(asked, again)]  # so that one is always under way
    await come_true(lambda: engine.stats().answering >= 2, "both questions")
    began = time.monotonic()
    await watching.create("sign", text("one"))
    await come_true(lambda: heard.asked, "its turn")
    assert time.monotonic() - began >= 3.0  # not before its patience was at an end
    assert heard.asked[0][1] >= 1
    over.set()
    for ticket in tickets:
        engine.cancel(ticket)
    await come_true(lambda: watching.info("sign").now[0].state == "settled", "the text")


async def test_a_busy_engine_makes_texts_late_and_no_trouble(hall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, watching, _ = hall

    def busy(*_: Any) -> int:
        raise Busy(1, 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(heard, "ask", busy, raising=False)
        await watching.create("sign", text("one"))
        await come_true(lambda: watching._runner.generations["busy"] >= 3, "refusals")
        assert watching.info("sign").now[0].trouble is None
    await come_true(lambda: watching.info("sign").now[0].state == "settled", "the text")


def _has_frames(watching: Any) -> bool:
    camera = watching.cameras.get("one")
    return camera.peek() is not None


@pytest.mark.parametrize("way", ["removed", "changed"])
async def test_a_text_of_a_watch_that_goes_or_changes_meanwhile_is_not_kept(
    hall: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    heard, watching, events = hall
    ask, waiting = heard.ask, []

    def held(question: Question, on_event: Any, grammar: Any = None) -> int:
        def hear(event: Any) -> None:
            waiting.append(lambda: on_event(event)) if isinstance(event, Finished) else on_event(event)

        return int(ask(question, hear, grammar))

    monkeypatch.setattr(heard, "ask", held)
    await watching.create("sign", text("one"))
    await come_true(lambda: waiting, "a text")
    if way == "removed":
        await watching.remove("sign")
    else:
        await watching.change("sign", lambda before: replace(before, question="What is on the table?"))
    answered = watching._runner.generations["answered"]
    waiting.pop(0)()
    await come_true(lambda: watching._runner.generations["answered"] > answered, "it to be taken")
    assert await events.keeping.do(lambda store: WatchStore(store.db).memories()) == {}
    if way == "changed":
        assert watching.info("sign").now[0].state == "unknown"
    monkeypatch.setattr(heard, "ask", ask)
    for give in waiting:
        give()
