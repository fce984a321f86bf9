"""A shard and several fronts: what it says goes to the one that works, whatever the others do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from support.servers.fake_shard import FakeShard, Heard, running, tell

from askcam.cluster.messages import RenewShard
from askcam.cluster.shard.front import FrontAway, FrontLink, FrontRefuses

RENEWAL = RenewShard("a", "1", 1, 0)
LONG_S = 60.0
Answer = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


async def leads(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 200, {"number": 1, "silent_s": 15.0})


def refuses(status: int, message: str = "no") -> Answer:
    async def refusing(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, status, {"error": {"message": message, "code": "not_leading"}})

    return refusing


async def mute(request: Heard, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def linked(*answers: Answer) -> AsyncIterator[tuple[FrontLink, list[FakeShard]]]:
    """To as many fronts, each of which answers so."""
    fronts = [FakeShard(answers={"": answer}) for answer in answers]
    async with contextlib.AsyncExitStack() as stack:
        for front in fronts:
            await stack.enter_async_context(running(front))
        link = FrontLink([front.url for front in fronts], "token-of-shards", None)
        stack.push_async_callback(link.close)
        yield link, fronts


@pytest.mark.parametrize("first", [refuses(503), refuses(500), refuses(502)], ids=["no leader", "broken", "a proxy"])
async def test_where_one_is_in_trouble_the_next_is_asked_and_stayed_with(first: Answer) -> None:
    async with linked(first, leads) as (link, fronts):
        for _ in range(3):
            assert (await link.renew(RENEWAL, LONG_S)).number == 1
        assert [len(front.heard) for front in fronts] == [1, 3]
        assert link.url == fronts[1].url


async def test_where_nobody_listens_the_next_is_asked_and_so_on_round() -> None:
    async with linked(leads, leads) as (link, fronts):
        gone = FrontLink(["http://127.0.0.1:1", fronts[0].url], "token-of-shards", None)
        assert (await gone.renew(RENEWAL, LONG_S)).number == 1
        assert gone.url == fronts[0].url
        fronts[0].answers[""] = refuses(503)
        with pytest.raises(FrontAway) as refused:
            await gone.renew(RENEWAL, LONG_S)
        assert "127.0.0.1:1" in str(refused.value)
        await gone.close()
        assert (await link.renew(RENEWAL, LONG_S)).number == 1


async def test_one_that_hangs_has_its_part_of_the_time() -> None:
    async with linked(mute, leads) as (link, fronts):
        assert (await link.renew(RENEWAL, 1.0)).number == 1
        assert link.url == fronts[1].url


async def test_what_a_leader_refuses_is_refused() -> None:
    async with linked(refuses(409, "name_taken"), leads) as (link, fronts):
        with pytest.raises(FrontRefuses, match="name_taken"):
            await link.renew(RENEWAL, LONG_S)
        assert fronts[1].heard == []


async def test_where_none_can_all_say_why_in_the_same_order_each_time() -> None:
    async with linked(refuses(503, "one"), refuses(503, "two")) as (link, _):
        told = set()
        for _ in range(2):
            with pytest.raises(FrontAway) as refused:
                await link.renew(RENEWAL, LONG_S)
            told.add(str(refused.value))
        assert told == {"one; two"}
