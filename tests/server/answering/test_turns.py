"""A few at once, one of each client: who has many done waits for himself."""

import asyncio

import pytest

from askcam.server.answering.turns import Turns
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire


async def begun(turns: Turns, *clients: str) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(turns.take(client)) for client in clients]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_client_has_one_turn_and_leaves_the_others_to_others() -> None:
    turns = Turns("things are being done", 2)
    first, second, other = await begun(turns, "a", "a", "b")
    assert (first.done(), second.done(), other.done()) == (True, False, True)
    turns.give("a")
    await settle()
    assert second.done()


async def test_clients_come_in_turn_however_many_one_of_them_sends() -> None:
    turns = Turns("things are being done", 1)
    running, *greedy, modest = await begun(turns, "z", "a", "a", "a", "b")
    assert running.done()
    turns.give("z")
    await settle()
    assert [task.done() for task in (*greedy, modest)] == [True, False, False, False]
    turns.give("a")
    await settle()
    assert [task.done() for task in (*greedy, modest)] == [True, False, False, True]
    for task in greedy:
        task.cancel()


async def test_one_more_than_may_wait_is_refused_and_may_come_again() -> None:
    turns = Turns("things are being done", 1, max_waiting=2, max_clients=2)
    tasks = await begun(turns, "a", "a", "a", "b")
    with pytest.raises(Refusal, match="things are being done already, and 2 more wait: try again") as told:
        await turns.take("a")
    said = on_wire(told.value)
    assert (said.status, said.code, said.headers["Retry-After"]) == (
        429,
        "busy",
        "2",
    )
    with pytest.raises(Refusal):
        await turns.take("c")  # one client more than may wait
    assert len(turns) == 3
    for task in tasks:
        task.cancel()
    await settle()
    assert len(turns) == 0


async def test_who_goes_away_takes_nobodys_turn() -> None:
    turns = Turns("things are being done", 1)
    running, waiting, other = await begun(turns, "a", "b", "c")
    waiting.cancel()
    await settle()
    turns.give("a")
    await settle()
    assert other.done()
    turns.give("c")
    # and one that is cancelled as its turn comes gives it on
    running, waiting, other = await begun(turns, "a", "b", "c")
    turns.give("a")
    waiting.cancel()
    await settle()
    assert running.done()
    assert other.done()
