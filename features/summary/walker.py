"""Walks over segments and asks the engine about each: what is to be seen, what came, what went, and when."""

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from askcam.engine.interface import Engine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Text
from askcam.features.summary.happenings import Happening, Happenings, SceneReport, believable
from askcam.features.summary.prompts import PromptKind, Prompts
from askcam.features.summary.scenes import Scenes, SceneSpan, SummaryScene
from askcam.features.summary.segments import SEGMENT
from askcam.server.language.things import key, mentions, things
from askcam.stream.window import View

MAX_TOKENS = 96  # of one answer about one segment
GREEDY = Sampling(max_tokens=MAX_TOKENS, temperature=0.0)


class _HeldFrames:
    """A door.WindowSource that shows one segment until it is given the next."""

    name = SEGMENT

    def __init__(self) -> None:
        self.view: View | None = None

    def look(self) -> View:
        assert self.view is not None, "nothing is asked before the first segment"
        return self.view


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk has found."""

    happenings: tuple[Happening, ...]
    scenes: tuple[SummaryScene, ...]
    gaps: tuple[SceneSpan, ...]
    num_segments: int
    started: float | None  # `wall` of the first frame
    seconds: float  # from the first frame to the last


def walk(engine: Engine, segments: Iterable[View], prompts: Prompts, told: Callable[[float, int], None]) -> Walk:
    """Ask about each segment in turn; on the calling thread, which waits for the engine.

    `told` hears after each segment how far it has come (seconds) and how many happenings there are. Raises what the
    engine fails with, and what `segments` raises.
    """
    held, happenings, scenes = _HeldFrames(), Happenings(), Scenes()
    asker = _Asker(engine, held, prompts)
    start: float | None = None
    end_s, num_segments, before = 0.0, 0, ""
    engine_has_it = False
    try:
        for view in segments:
            held.view = view
            if not engine_has_it:
                engine.attach(held)
                engine_has_it = True
            start = view.start_wall if start is None else start
            if view.start_wall - start > end_s:  # a gap: nothing that is said now goes on from what was said before
                happenings.next_segment()
                before = ""
            if num_segments == 0:
                scenes.add(SceneSpan(0.0, view.pairs[0].second.wall - start), asker.opening(view))
            shown, scene, answers = asker.segment()
            for kind, answer in answers.items():
                for what in believable(kind, things(answer), before, scene):
                    if happenings.known(kind, what):
                        happenings.again(kind, what)
                    else:
                        after_s, by_s = asker.locate(view, kind, what)
                        fits = mentions(scene, what) is (kind is PromptKind.APPEARED)
                        happenings.add(SceneReport(kind, what, after_s - start, by_s - start, fits))
            happenings.next_segment()
            before = scene
            num_segments += 1
            end_s = view.end_wall - start
            scenes.add(SceneSpan(view.start_wall - start, end_s), shown)
            told(end_s, len(happenings.found))
    finally:
        if engine_has_it:
            engine.detach(SEGMENT)
    return Walk(happenings.found, scenes.found, tuple(scenes.gaps), num_segments, start, end_s)


class _Asker:
    def __init__(self, engine: Engine, held: _HeldFrames, prompts: Prompts) -> None:
        self._engine, self._held, self._prompts = engine, held, prompts

    def opening(self, view: View) -> str:
        """What the summary is to show of the first pair: a segment's answer is about its end."""
        self._held.view = replace(view, pairs=view.pairs[:1])
        answer = _wait(self._ask(self._prompts.question or self._prompts.scene)).strip()
        self._held.view = view
        return answer

    def segment(self) -> tuple[str, str, dict[PromptKind, str]]:
        """What the present segment says: what the summary is to show, its scene, and of each kind what happened.

        All are asked at once, over one window.
        """
        prompts = self._prompts
        waiting = [self._ask(text) for text in (prompts.scene, *prompts.happened.values())]
        shown = None if prompts.question is None else self._ask(prompts.question)
        scene, *answers = [_wait(events).strip() for events in waiting]
        told = scene if shown is None else _wait(shown).strip()
        return told, scene, dict(zip(prompts.happened, answers, strict=True))

    def locate(self, view: View, kind: PromptKind, what: str) -> tuple[float, float]:
        """After when and by when it happened, on the frames' clock.

        That is the shortest beginning of the segment of which it is told, found by halving. Beginnings of a window cost
        no more than the question, since what they hold is computed already.
        """
        wanted, low, high = key(what), 0, len(view.pairs)  # told of `high` pairs; not of `low`
        while high - low > 1:
            middle = (low + high) // 2
            self._held.view = replace(view, pairs=view.pairs[:middle])
            answer = _wait(self._ask(self._prompts.happened[kind]))
            if any(key(thing) == wanted for thing in things(answer)):
                high = middle
            else:
                low = middle
        self._held.view = view
        return view.pairs[max(0, low - 1)].first.wall, view.pairs[high - 1].second.wall

    def _ask(self, text: str) -> "queue.SimpleQueue[Event]":
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._engine.ask(Question((Message(Role.USER, (Text(text),)),), SEGMENT, GREEDY, known_only=True), events.put)
        return events


def _wait(events: "queue.SimpleQueue[Event]") -> str:
    while True:
        match events.get():
            case Finished(text=text):
                return text
            case Failed(error):
                raise error
