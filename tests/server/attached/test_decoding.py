"""Pictures are decoded a client at a time, counted while they wait, and what nobody waits for ends."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.odd_stills import encoded, gradient

from askcam.engine.errors import QuestionError
from askcam.server.attached import decoding
from askcam.server.attached.budget import Budget, Held, Stopped
from askcam.server.attached.content import KEPT_PIXELS, decode_picture
from askcam.server.attached.decoding import Decoding
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire
from askcam.stream.fit import Fit

LARGE = encoded(Image.new("RGB", (4000, 4000), (9, 9, 9)), "PNG")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Gate:
    """Work that says when it begins, and ends when it may."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.open = threading.Event()

    def work(self, name: str) -> Callable[[Budget], str]:
        def work(budget: Budget) -> str:
            self.begun.append(name)
            assert self.open.wait(60)
            return name

        return work


def test_what_waits_is_small_and_counted_until_it_is_let_go() -> None:
    held = Held()
    pictures = [decode_picture(LARGE, "p", Budget(held=held, client="a")) for _ in range(3)]
    assert sum(p.pixels.nbytes for p in pictures) == 3 * held.num_pixels <= 3 * 3 * KEPT_PIXELS
    part = pictures[0].pixels[10:20]
    pictures.clear()
    gc.collect()
    assert held.num_pixels > 0.99 * KEPT_PIXELS, "a part of a picture keeps all of it"
    del part
    assert held.num_pixels == 0


def test_a_picture_is_kept_as_the_model_sees_it() -> None:
    held, counted = Held(), []

    def fit(width: int, height: int) -> Fit:
        counted.append(held.num_pixels)
        return Fit(64, 48, (0, height // 4, width, height // 2), 60, 40)

    upright = decode_picture(LARGE, "p", Budget(held=held, fit=fit))
    assert upright.pixels.shape == (48, 64, 3)
    assert upright.pixels[24, 32].tolist() == [9, 9, 9]
    assert upright.pixels[0, 0].tolist() == [0, 0, 0], "padding"
    assert counted == [KEPT_PIXELS], "while it is decoded all of it counts"
    assert held.num_pixels == 64 * 48
    del upright
    assert held.num_pixels == 0


def test_a_small_picture_is_not_enlarged_before_the_engine_has_its_turn() -> None:
    held = Held()
    small = encoded(Image.new("RGB", (3, 2), (9, 9, 9)), "PNG")
    pictures = [
        decode_picture(small, "p", Budget(held=held, fit=lambda width, height: Fit.stretch(width, height, 224, 224)))
        for _ in range(100)
    ]
    assert sum(picture.pixels.nbytes for picture in pictures) == 3 * held.num_pixels == 100 * 3 * 6


def test_a_picture_that_the_model_cannot_see_is_refused_and_holds_nothing() -> None:
    def fit(width: int, height: int) -> Fit:
        raise QuestionError(f"{width}x{height} is too long")

    held = Held()
    with pytest.raises(Refusal, match=r"the picture cannot be seen by the model: \d+x\d+ is too long") as caught:
        decode_picture(LARGE, "messages.0", Budget(held=held, fit=fit))
    assert (on_wire(caught.value).status, caught.value.param) == (400, "messages.0")
    assert held.num_pixels == 0


async def test_what_is_decoded_for_a_message_is_as_the_model_sees_it() -> None:
    room = Decoding(fit=lambda width, height: Fit.stretch(width, height, 28, 56))
    picture = await room.run("a", lambda budget: decode_picture(LARGE, "p", budget))
    assert picture.pixels.shape == (56, 28, 3)
    await room.close()


def test_beyond_the_room_the_next_is_refused_and_nobody_else_is_kept_out() -> None:
    held = Held(10 * KEPT_PIXELS, share=0.5)
    mine = [decode_picture(LARGE, "p", Budget(held=held, client="mine")) for _ in range(5)]
    with pytest.raises(Refusal, match="your questions") as caught:
        decode_picture(LARGE, "p", Budget(held=held, client="mine"))
    assert (on_wire(caught.value).status, caught.value.code) == (429, "busy")
    assert int(on_wire(caught.value).headers["Retry-After"]) > 0
    theirs = [decode_picture(LARGE, "p", Budget(held=held, client=f"other{i}")) for i in range(5)]
    with pytest.raises(Refusal, match="others' questions"):
        decode_picture(LARGE, "p", Budget(held=held, client="third"))
    mine.clear()
    decode_picture(LARGE, "p", Budget(held=held, client="third"))
    theirs.clear()
    assert held.num_pixels == 0


def test_a_picture_that_fails_holds_nothing() -> None:
    held = Held()
    whole = encoded(gradient(800, 600), "PNG")
    broken = whole[:200] + bytes(400) + whole[600:]
    with pytest.raises(Refusal, match="damaged"):
        decode_picture(broken, "p", Budget(held=held, client="a"))
    assert held.num_pixels == 0


async def test_of_each_client_one_is_decoded_at_a_time_and_clients_take_turns() -> None:
    room, gate = Decoding(threads=2), Gate()
    tasks = [asyncio.create_task(room.run("greedy", gate.work(f"greedy{i}"))) for i in range(5)]
    await until(lambda: gate.begun == ["greedy0"])
    tasks.append(asyncio.create_task(room.run("honest", gate.work("honest"))))
    await until(lambda: gate.begun == ["greedy0", "honest"])
    gate.open.set()
    assert await asyncio.gather(*tasks) == [*(f"greedy{i}" for i in range(5)), "honest"]
    await room.close()


async def test_one_more_than_may_wait_is_refused() -> None:
    room, gate = Decoding(), Gate()
    tasks = [asyncio.create_task(room.run("a", gate.work("a"))) for _ in range(decoding.MAX_OF_CLIENT)]
    await until(lambda: bool(gate.begun))
    with pytest.raises(Refusal, match="yours") as caught:
        await room.run("a", gate.work("a"))
    assert (on_wire(caught.value).status, caught.value.code) == (429, "busy")
    others = decoding.MAX_WAITING - decoding.MAX_OF_CLIENT
    tasks += [asyncio.create_task(room.run(f"b{i}", gate.work("b"))) for i in range(others)]
    await until(lambda: len(gate.begun) == decoding.THREADS)
    with pytest.raises(Refusal, match="others'"):
        await room.run("c", gate.work("c"))
    gate.open.set()
    assert len(await asyncio.gather(*tasks)) == decoding.MAX_WAITING
    assert await room.run("c", lambda budget: "c") == "c"
    await room.close()


async def test_what_waits_is_dropped_with_its_session_and_what_is_under_way_ends() -> None:
    room, gate = Decoding(threads=1), Gate()
    ended = threading.Event()

    def endless(budget: Budget) -> None:
        gate.begun.append("endless")
        try:
            while True:
                budget.take(0, "p")
                time.sleep(0.001)
        except Stopped:
            ended.set()

    under_way = asyncio.create_task(room.run("a", endless))
    await until(lambda: gate.begun == ["endless"])
    waits = asyncio.create_task(room.run("b", gate.work("dropped")))
    next_ = asyncio.create_task(room.run("c", gate.work("next")))
    await asyncio.sleep(0)
    waits.cancel()
    under_way.cancel()
    await asyncio.wait([waits, under_way])
    await until(ended.is_set)
    gate.open.set()
    assert await next_ == "next"
    assert gate.begun == ["endless", "next"]
    await room.close()


async def test_a_client_whose_message_took_long_rests_as_long_while_others_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(decoding, "time", SimpleNamespace(monotonic=lambda: now))
    rests: list[float] = []
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def noted(delay: float, call: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        if call == room._rested:
            rests.append(delay)
            delay = 600.0
        return call_later(delay, call, *args)

    monkeypatch.setattr(loop, "call_later", noted)
    room, gate = Decoding(threads=1), Gate()
    tasks = [asyncio.create_task(room.run("a", gate.work(name))) for name in ("a1", "a2")]
    await until(lambda: gate.begun == ["a1"])
    now += 0.9 * decoding.RESTS_MOST_S
    gate.open.set()
    assert await room.run("b", gate.work("b1")) == "b1"
    assert gate.begun == ["a1", "b1"]
    assert rests == [pytest.approx(0.9 * decoding.RESTS_MOST_S)]
    room._rested("a")
    assert await asyncio.gather(*tasks) == ["a1", "a2"]
    assert await room.run("a", gate.work("a3")) == "a3", "what is soon done is followed by the next at once"
    assert len(rests) == 1
    await room.close()


async def test_it_ends_when_the_client_has_gone() -> None:
    room = Decoding()
    stopped = threading.Event()

    def endless(budget: Budget) -> None:
        with budget.stopping(stopped.set):
            stopped.wait(60)

    async def gone() -> bool:
        return True

    with pytest.raises(Refusal) as caught:
        await room.run("a", endless, gone)
    assert on_wire(caught.value).status == 499
    assert stopped.is_set()
    assert await room.run("a", lambda budget: 1) == 1
    await room.close()


async def test_closing_ends_what_is_under_way() -> None:
    room = Decoding()
    begun = threading.Event()

    def endless(budget: Budget) -> str:
        ended = threading.Event()
        with budget.stopping(ended.set):
            begun.set()
            return "ended" if ended.wait(60) else "went on"

    task = asyncio.create_task(room.run("a", endless))
    await until(begun.is_set)
    waits = asyncio.create_task(room.run("another", lambda budget: "begun"))
    await room.close()
    assert await task == "ended"
    with pytest.raises(Refusal) as caught:
        await waits
    assert on_wire(caught.value).status == 503


async def test_turns_and_cancelling_at_random_lose_no_thread() -> None:
    random = np.random.default_rng(1)
    room = Decoding(threads=2)

    async def one(i: int) -> None:
        task = asyncio.create_task(room.run(f"c{i % 5}", lambda budget: time.sleep(0.001)))
        await asyncio.sleep(float(random.random()) * 0.01)
        if random.random() < 0.5:
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None

    for _ in range(10):
        await asyncio.gather(*(one(i) for i in range(40)))
    await until(lambda: room._free == 2)
    assert not room._count
    assert not room._queues
    assert not room._busy
    await room.close()
