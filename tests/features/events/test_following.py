"""Following events: those that were missed, then those that come, each once, however slowly they are read."""

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.watch_events import event

from askcam.client.watches import WatchEvent
from askcam.features.events.follow import CAUGHT_UP, EventsGone, follow
from askcam.features.events.subscribers import MAX_WAITING, Readers


class Kept:
    """What is read of a store, and the readers beside it: all that following leans on."""

    def __init__(self, first: int = 1) -> None:
        self.readers, self.ids, self.first = Readers(), list[int](), first

    async def read(self, work: Any, otherwise: Any) -> Any:
        await asyncio.sleep(0)  # as from another thread: others go on meanwhile
        return work(self)

    def happen(self, number: int, tell: bool = True) -> None:
        self.ids.append(number)
        if tell:
            self.readers.tell(numbered(number))

    def last_id(self) -> int:
        return max(self.ids, default=0)

    def first_id(self) -> int | None:
        return next((each for each in self.ids if each >= self.first), None)

    def following(
        self,
        after: int,
        limit: int,
        *,
        watch: str | None,
        camera: str | None,
        own: bool | None,
        seen: frozenset[str] | None,
    ) -> list[WatchEvent]:
        return [numbered(each) for each in self.ids if each > after and each >= self.first][:limit]


def numbered(number: int) -> WatchEvent:
    fields = {name: getattr(event(), name) for name in WatchEvent.__struct_fields__}
    return WatchEvent(**fields | {"id": number})


def following(kept: Kept, last: int | None) -> AsyncGenerator[WatchEvent | EventsGone | None, None]:
    events: Any = SimpleNamespace(readers=kept.readers, read=kept.read)
    return follow(events, last, None, None, 60.0)


@settings(deadline=None)
@given(st.integers(0, 3 * CAUGHT_UP), st.integers(0, 3 * CAUGHT_UP), st.integers(0, 20), st.data())
def test_whoever_follows_hears_all_after_their_last_one_in_order_and_once(
    before: int, last: int, more: int, data: st.DataObject
) -> None:
    """More happens while what was missed is still read."""
    last = min(last, before)
    pauses = data.draw(st.lists(st.integers(0, 5), min_size=more, max_size=more))

    async def run() -> list[int]:
        kept, heard = Kept(), list[int]()
        for number in range(1, before + 1):
            kept.happen(number, tell=False)

        async def go_on() -> None:
            for i, pause in enumerate(pauses):
                for _ in range(pause):
                    await asyncio.sleep(0)
                kept.happen(before + 1 + i)
            kept.readers.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(go_on())
            async for told in following(kept, last):
                if isinstance(told, WatchEvent):
                    heard.append(told.id)
        return heard

    assert asyncio.run(run()) == list(range(last + 1, before + more + 1))


async def test_one_who_reads_too_slowly_is_cut_off_and_misses_nothing_by_following_again() -> None:
    kept, heard = Kept(), list[int]()
    stream = following(kept, None)
    assert await anext(stream) is None  # it listens
    kept.happen(1)
    first = await anext(stream)
    assert isinstance(first, WatchEvent)
    heard.append(first.id)  # from here on only the queue is left to it
    for number in range(2, MAX_WAITING + 50):
        kept.happen(number)
    async for told in stream:
        assert isinstance(told, WatchEvent)
        heard.append(told.id)
    assert heard == list(range(1, MAX_WAITING + 1))  # then it ends
    again = following(kept, heard[-1])
    async for told in again:
        if isinstance(told, WatchEvent):
            heard.append(told.id)
        if heard[-1] == MAX_WAITING + 49:
            break
    await again.aclose()
    assert heard == list(range(1, MAX_WAITING + 50))
    assert len(kept.readers) == 0


async def test_what_is_not_kept_any_more_is_named() -> None:
    kept = Kept(first=8)
    for number in range(1, 11):
        kept.happen(number, tell=False)
    stream = following(kept, 3)
    told = [await anext(stream) for _ in range(5)]
    await stream.aclose()
    assert told[:2] == [None, EventsGone(4, 7)]
    assert [each.id for each in told[2:] if isinstance(each, WatchEvent)] == [8, 9, 10]
