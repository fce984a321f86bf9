"""The runner over the real engine, the built-in model and synthetic cameras: all watches of a camera in one scoring."""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.watch_hall import SEEDS, WAIT_S, come_true

from askcam.demo.objects import drawn_objects
from askcam.demo.scene import make_scene
from askcam.engine.interface import Engine
from askcam.engine.question import Finished, First, Message, Question, Role, Sampling, Scored, ScoreEvent, Text
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.store import WatchStore


def question(name: str) -> str:
    return f"Is there {name}? Answer yes or no."


def thing(camera: str) -> str:
    return make_scene(SEEDS[camera]).traveller.drawn.a


async def test_all_watches_of_a_camera_are_one_scoring_and_none_overlap(hall: Any) -> None:
    heard, watching, events = hall
    names = [drawn.a for drawn in drawn_objects()][:5]
    for i, name in enumerate((thing("one"), thing("two"), *names)):
        await watching.create(f"watch-{i}", WatchSetting(question(name), ("one", "two"), every_s=0.3, for_s=0))
    heard.scorings.clear()
    await come_true(lambda: sum(count == 7 for _, count in heard.scorings) >= 6, "scorings of all")
    assert {camera for camera, _ in heard.scorings} == {"one", "two"}
    assert heard.most == 1
    await come_true(
        lambda: all("unknown" not in now.state for info in watching.all() for now in info.now), "readings of all"
    )
    states = {(info.name, now.camera): now.state for info in watching.all() for now in info.now}
    assert states["watch-0", "one"] == "on"
    assert states["watch-1", "two"] == "on"
    assert states["watch-1", "one"] == states["watch-0", "two"] == "off"
    told = await events.keeping.do(lambda store: store.newest(99))
    assert {("watch-0", "one"), ("watch-1", "two")} <= {(each.watch, each.camera) for each in told}
    assert all(each.frame_url for each in told)


async def test_each_watch_looks_as_far_back_as_it_says_and_its_event_says_so(hall: Any) -> None:
    heard, watching, events = hall
    names = {"end": 0.0, "whole": 60.0}
    await watching.create("first", WatchSetting(question(thing("one")), ("one",), every_s=0.3, window_s=60.0))
    await come_true(lambda: any(sights.get(60.0, 0) > 5 for sights in heard.seen), "a window with more than a hop")
    for name, window_s in names.items():
        setting = WatchSetting(question(thing("one")), ("one",), every_s=0.3, for_s=0, window_s=window_s)
        await watching.create(name, setting)
    told: dict[str, int] = {}
    async with asyncio.timeout(WAIT_S):
        while len(told) < 3:
            kept = await events.keeping.do(lambda store: store.newest(99))
            told = {each.watch: each.window.pairs for each in kept if each.watch}
            await asyncio.sleep(0.05)
    assert told["end"] <= 4, "no more than from the newest anchor"
    assert told["whole"] > told["end"]
    assert any(sights.get(0.0) == told["end"] for sights in heard.seen)


async def test_a_reading_together_is_the_reading_alone(hall: Any, engine: Engine) -> None:
    """The very frames of a scoring of many, scored one by one afterwards."""
    heard, watching, _ = hall
    asked = [question(drawn.a) for drawn in drawn_objects()[:7]] + [question(thing("one")), "Is anything moving?"]
    for i, text in enumerate(asked):
        await watching.create(f"watch-{i}", WatchSetting(text, ("one",), every_s=0.5))
    heard.results.clear()
    await come_true(
        lambda: any(len(event.probabilities) == len(asked) for _, event in heard.results), "a scoring of all"
    )
    choices, together = next(each for each in heard.results if len(each[1].probabilities) == len(asked))
    (view,) = set(together.views)
    assert view is not None

    class Still:
        name = "still"

        def look(self) -> Any:
            return view

    engine.attach(Still())
    try:
        alone = set()
        for text in asked:
            results: queue.SimpleQueue[Any] = queue.SimpleQueue()
            engine.score([Question((Message(Role.USER, (Text(text),)),), "still")], choices, results.put)
            event = await asyncio.to_thread(results.get, True, 60)
            assert isinstance(event, Scored), event
            alone.add(tuple(round(p, 3) for p in event.probabilities[0]))
            nearest = min(
                max(abs(one - other) for one, other in zip(event.probabilities[0], row, strict=True))
                for row in together.probabilities
            )
            assert nearest < 1e-4
    finally:
        engine.detach("still")
    assert len(alone) > 1, "all questions read alike: the test proves nothing"


async def test_a_busy_engine_makes_watches_late_and_nothing_piles_up(hall: Any) -> None:
    heard, watching, _ = hall
    heard.busy = True
    await watching.create("engine", WatchSetting(question(thing("one")), ("one",), every_s=0.2, for_s=0))
    runner = watching._runner
    await come_true(lambda: runner.scorings["busy"] >= 3, "refusals")
    assert heard.scorings == []
    assert watching.info("engine").now[0].state == "unknown"
    heard.busy = False
    await come_true(lambda: watching.info("engine").now[0].state == "on", "its turning on")
    assert heard.most == 1


async def test_questions_go_before_scorings(hall: Any, engine: Engine) -> None:
    """While a long scoring runs, a question has its first token before the scoring ends; so has the one after it, which
    is asked only then."""
    _, watching, _ = hall
    await watching.create("engine", WatchSetting(question(thing("one")), ("one",), every_s=0.5, for_s=0))
    await come_true(lambda: watching.info("engine").now[0].state == "on", "frames")
    await watching.remove("engine")
    order: list[str] = []
    ended = threading.Event()
    many = [Question((Message(Role.USER, (Text(question(drawn.a)),)),), "one") for drawn in drawn_objects()[:64]]
    asked = Question((Message(Role.USER, (Text("What do you see?"),)),), "one", Sampling(max_tokens=1))

    def scored(event: ScoreEvent) -> None:
        order.append(type(event).__name__)
        ended.set()

    def answered(event: Any) -> None:
        if isinstance(event, First):
            order.append("First")
        elif isinstance(event, Finished) and order.count("First") == 1:
            engine.ask(asked, answered)

    engine.score(many, ["Yes", "No"], scored)
    engine.ask(asked, answered)
    assert await asyncio.to_thread(ended.wait, WAIT_S)
    assert order == ["First", "First", "Scored"]


async def test_a_watch_that_this_model_cannot_score_rests_and_says_why(hall: Any, tmp_path: Path) -> None:
    """As after a change of models: it was kept by one that could."""
    _, watching, events = hall
    await events.keeping.begin()
    odd = WatchSetting("Which?", ("one",), Kind.CHOICE, ("perhaps not", "Yes"), ("Yes",))
    await events.keeping.do(lambda store: WatchStore(store.db).put("odd", odd))
    watching.known.kept = await events.keeping.do(lambda store: WatchStore(store.db).settings())
    await watching.begin()
    assert "'perhaps not' is not one token" in str(watching.info("odd").now[0].trouble)


class Held:
    """Scorings go to the engine, and what comes of them waits until it is let go."""

    def __init__(self, heard: Any, patch: pytest.MonkeyPatch) -> None:
        self.waiting: list[tuple[str | None, Callable[[], None]]] = []
        score = heard.score

        def held(questions: Any, choices: Any, on_event: Callable[[ScoreEvent], None]) -> int:
            def hear(event: ScoreEvent) -> None:
                self.waiting.append((questions[0].camera, lambda: on_event(event)))

            return int(score(questions, choices, hear))

        patch.setattr(heard, "score", held)

    def let_go(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, give in waiting:
            give()


@pytest.mark.parametrize("way", ["removed", "changed"])
async def test_a_watch_that_goes_or_changes_while_it_is_scored_is_not_told_of(
    hall: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    heard, watching, events = hall
    held = Held(heard, monkeypatch)
    setting = WatchSetting(question(thing("one")), ("one",), every_s=0.2, for_s=0)
    await watching.create("engine", setting)
    await come_true(lambda: held.waiting, "a scoring, which would tell that it is on")
    if way == "removed":
        await watching.remove("engine")
    else:
        await watching.change("engine", lambda before: replace(before, question=question(thing("two"))))
    scored = watching._runner.scorings["scored"]
    held.let_go()
    await come_true(lambda: watching._runner.scorings["scored"] > scored, "its result to be taken")
    assert await events.keeping.do(lambda store: store.newest(9)) == []
    assert await events.keeping.do(lambda store: WatchStore(store.db).memories()) == {}
    if way == "changed":
        assert watching.info("engine").now[0].read_at is None, "nothing was read of the new question yet"


async def test_of_two_watches_of_one_scoring_the_one_that_goes_while_the_other_is_told_of_is_not_told_of(
    hall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, watching, events = hall
    held = Held(heard, monkeypatch)
    setting = WatchSetting(question(thing("one")), ("one",), every_s=0.2, for_s=0)
    heard.busy = True  # so that both are asked together
    await watching.create("first", setting)
    await watching.create("second", setting)
    heard.busy = False
    await come_true(lambda: held.waiting, "a scoring of both")
    assert heard.scorings[-1] == ("one", 2)
    telling, tell = watching._runner._telling, watching._runner._telling.tell

    async def slow(news: Any) -> None:
        await tell(news)
        if len(watching.all()) == 2:
            (other,) = {"first", "second"} - {news.event.watch}
            await watching.remove(other)

    monkeypatch.setattr(telling, "tell", slow)
    held.let_go()
    await come_true(lambda: len(watching.all()) == 1 and held.waiting, "one of them to go, and the next scoring")
    told = await events.keeping.do(lambda store: store.newest(9))
    assert [each.watch for each in told] == [info.name for info in watching.all()]
