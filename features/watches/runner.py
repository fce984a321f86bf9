"""The one task behind all watches: what is due on a camera is scored in one pass, and what comes of it is told.

It waits for nothing but results and the next slot. On one camera there is one scoring at a time; a slot that passes
meanwhile is skipped and counted, so that a slow machine makes watches late and piles nothing up. The engine lets
questions go before scorings.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from askcam.engine.errors import Busy, EngineError
from askcam.engine.question import Failed, Message, Question, Role, Sampling, Scored, ScoreEvent, Text
from askcam.features.events.publish import News, Publisher
from askcam.features.events.store import Also
from askcam.features.watches.camera_events import Attending
from askcam.features.watches.generating import Generating, Said
from askcam.features.watches.post import AFTER, Post
from askcam.features.watches.store import Place, WatchStore, remembering
from askcam.features.watches.text_post import TextPost
from askcam.features.watches.threshold import WatchMemory
from askcam.features.watches.timetable import Timetable
from askcam.server.cameras import Cameras
from askcam.server.errors import Refusal
from askcam.server.model import Model
from askcam.server.threads import on_loop
from askcam.stream.camera import Camera
from askcam.stream.shot import Shot

log = logging.getLogger(__name__)

MAX_TOGETHER = 64  # questions of one scoring; the others of that camera go next
AnyPost = Post | TextPost
LOOK_S = 0.25  # how often cameras are looked after
AGAIN_S = 2.0  # how often events are tried again that the disk refused
REST_S = 1.0  # after something unforeseen


@dataclass(frozen=True, slots=True, eq=False)
class _Result:
    camera: str
    posts: tuple[Post, ...]
    words: tuple[str, ...]
    event: ScoreEvent
    shots: tuple[Shot | None, ...]  # newest pictures from before and after


class Runner:
    """Owned by the event loop."""

    def __init__(
        self,
        model: Model,
        cameras: Cameras,
        telling: Publisher,
        late: Callable[[float], None],
        max_age_s: float | None = None,
    ) -> None:
        """`late` hears how late each question went to the engine, in seconds."""
        self._model, self._cameras, self._telling, self._late = model, cameras, telling, late
        self._max_age_s = max_age_s
        self._posts: dict[Place, AnyPost] = {}
        self._attending = Attending(cameras, telling)
        self._generating = Generating(model, cameras, late, max_age_s)
        self._table: Timetable[Place] = Timetable()
        self._asking: dict[str, int] = {}  # camera -> ticket
        self._results: asyncio.Queue[_Result | Said] = asyncio.Queue()  # at most one per camera, and one generated
        self._again_at = self._look_at = 0.0
        self.scorings: Counter[str] = Counter()  # by outcome

    # -- what is watched

    def put(self, post: AnyPost, now: float) -> None:
        """Watch from now on; instead of the same watch's earlier post at that camera."""
        self._posts[post.name, post.camera] = post
        self._telling.expect(("on", "off"), post.setting.severity.value)
        if isinstance(post, TextPost):
            self._generating.put(post, now)
        else:
            self._table.put((post.name, post.camera), post.setting.every_s, now)

    async def drop(self, name: str) -> list[AnyPost]:
        """Let a watch rest; returns the posts that it had."""
        dropped = [post for post in self._posts.values() if post.name == name]
        for post in dropped:
            del self._posts[post.name, post.camera]
            self._table.drop((post.name, post.camera))
            self._generating.drop((post.name, post.camera))
        for post in dropped:
            await self._end_after(post)
        return dropped

    def post(self, name: str, camera: str) -> AnyPost | None:
        return self._posts.get((name, camera))

    def posts(self) -> Iterable[AnyPost]:
        return tuple(self._posts.values())

    def remember(self, memories: Mapping[Place, WatchMemory]) -> None:
        """How cameras were last told to be."""
        self._attending.remember(memories)

    @property
    def skipped(self) -> int:
        """Slots that passed while their camera was being scored, or the engine was busy."""
        return self._table.skipped + self._generating.skipped

    @property
    def generations(self) -> Counter[str]:
        """Generated answers, by outcome."""
        return self._generating.outcomes

    # -- the task

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._turn()
            except Exception:  # watching must not end because of one bad moment
                log.exception("something unforeseen while watching; it goes on")
                await asyncio.sleep(REST_S)

    async def close(self) -> None:
        """Nothing is asked any more; what was gathered is kept. Once run() has ended."""
        for ticket in self._asking.values():
            if self._model.loaded:
                self._model.engine.cancel(ticket)
        self._generating.close()
        await self._telling.again()
        for post in self.posts():
            await self._end_after(post)

    async def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            await self._attending.look({camera for _, camera in self._posts})
        if now >= self._again_at:
            self._again_at = now + AGAIN_S
            await self._telling.again()
        self._ask_what_is_due(time.monotonic())
        self._generating.step(time.monotonic(), len(self._asking), self._results.put_nowait)
        next_at = self._table.next(lambda place: place[1] not in self._asking)
        times = (next_at, self._generating.next(time.monotonic()), self._look_at)
        until = min(at for at in times if at is not None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                result = await self._results.get()
            await (self._take_said(result) if isinstance(result, Said) else self._take(result))

    def _ask_what_is_due(self, now: float) -> None:
        due: dict[str, list[tuple[Place, float]]] = {}
        for place, late_s in self._table.due(now):
            if place[1] not in self._asking:
                due.setdefault(place[1], []).append((place, late_s))
        for camera, places in due.items():
            places = places[:MAX_TOGETHER]
            for place, late_s in places:
                self._late(late_s)
                self._table.begun(place, now)
            posts = tuple(self._posts[place] for place, _ in places)
            self._ask(camera, tuple(post for post in posts if isinstance(post, Post)))

    def _ask(self, name: str, posts: tuple[Post, ...]) -> None:
        words = tuple(sorted({word for post in posts for word in post.words.meaning}))
        questions = [
            Question(
                (Message(Role.USER, (Text(post.setting.question + post.words.ending),)),),
                name,
                Sampling(max_tokens=1),
                max_age_s=self._max_age_s,
                window_s=post.setting.window_s,
            )
            for post in posts
        ]
        try:
            camera = self._cameras.get(name)
            hear = self._hearing(camera, posts, words)
            self._asking[name] = self._model.engine.score(questions, words, hear)
        except (Refusal, EngineError) as exc:
            self.scorings["busy" if isinstance(exc, Busy) else "refused"] += 1
            if not isinstance(exc, Busy):  # a busy engine says nothing about the camera: the next slot will tell
                self._miss(posts, str(exc))

    def _hearing(self, camera: Camera, posts: tuple[Post, ...], words: tuple[str, ...]) -> Callable[[ScoreEvent], None]:
        """What takes the result over from the engine's thread."""
        over, before = on_loop(self._results.put_nowait), camera.shot()

        def hear(event: ScoreEvent) -> None:
            over(_Result(camera.name, posts, words, event, (before, camera.shot())))

        return hear

    async def _take(self, result: _Result) -> None:
        self._asking.pop(result.camera, None)
        match result.event:
            case Scored(views, rows):
                self.scorings["scored"] += 1
                health = self._cameras.health(result.camera)
                for post, view, row in zip(result.posts, views, rows, strict=True):
                    if view is None or not self._stands(post):  # it may also go while another one is told of
                        continue
                    now = time.time()
                    event = post.read(dict(zip(result.words, row, strict=True)), view, health, now)
                    if event is not None:
                        shot = next((shot for shot in result.shots if shot and shot.seq == view.newest.seq), None)
                        await self._tell(post, News(event, now, _remembering(post), view.frames, shot))
                    elif len(post.after) >= AFTER:
                        await self._end_after(post)
            case Failed(error):
                self.scorings["failed"] += 1
                self._miss([post for post in result.posts if self._stands(post)], str(error))
            case _:
                self.scorings["cancelled"] += 1

    def _stands(self, post: Post) -> bool:
        """Whether its watch is still watched, and as it was when it was asked."""
        return self._posts.get((post.name, post.camera)) is post

    async def _take_said(self, said: Said) -> None:
        if not self._generating.over(said):
            return
        post, view, now = said.post, said.view, time.time()
        if isinstance(said.event, Failed) or view is None:
            self._miss([post], str(said.event.error) if isinstance(said.event, Failed) else "it saw nothing")
            return
        event = post.read(said.event.text, view, self._cameras.health(post.camera), now)
        if event is not None:
            shot = next((shot for shot in said.shots if shot and shot.seq == view.newest.seq), None)
            await self._telling.tell(News(event, now, _remembering(post), view.frames, shot))
        elif post.settled:
            post.settled = False
            place, memory = (post.name, post.camera), post.watch.memory
            what = f"how the watch {post.name!r} stands"  # found out anew after a restart
            await self._telling.note(lambda store: WatchStore(store.db).remember(place, memory), what)

    async def _tell(self, post: Post, news: News) -> None:
        await self._end_after(post)

        def told(number: int) -> None:
            post.event = number

        await self._telling.tell(replace(news, told=told))

    async def _end_after(self, post: AnyPost) -> None:
        """The readings since its last event are gathered; a text has none."""
        if isinstance(post, TextPost):
            return
        number, post.event = post.event, None
        after, post.after = post.after, []
        if number is not None and after:
            await self._telling.follow(number, after)

    def _miss(self, posts: Iterable[AnyPost], why: str) -> None:
        for post in posts:
            post.miss(why, time.monotonic(), time.time())


def _remembering(post: AnyPost) -> Also:
    return remembering((post.name, post.camera), post.watch.memory)
