"""Parts of a server are opened in order and closed in the other, whatever one of them does."""

import asyncio
import logging

import pytest

from askcam.server.lifecycle import Lifecycle, ServerPart

NAMES = ("disk", "model", "cameras")


class RecordingPart(ServerPart):
    """Writes down what is asked of it; `fails` in one of its steps, or `hangs` when it is closed."""

    def __init__(self, name: str, told: list[str], fails: str = "", hangs: bool = False) -> None:
        self._name, self._told, self._fails, self._hangs = name, told, fails, hangs
        self.closing = asyncio.Event()
        self.cancelled = False

    async def open(self) -> None:
        self._step("open")

    async def begin(self) -> None:
        self._step("begin")

    async def close(self) -> None:
        self._step("close")
        self.closing.set()
        if self._hangs:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise

    def _step(self, step: str) -> None:
        self._told.append(f"{step} {self._name}")
        if step == self._fails:
            raise OSError(f"{self._name} cannot {step}")


def life(told: list[str], fails: str = "", hangs: bool = False, close_s: float = 5.0) -> Lifecycle:
    """Three parts, the second of which `fails` or `hangs`."""
    parts = {name: RecordingPart(name, told) for name in NAMES}
    parts["model"] = RecordingPart("model", told, fails, hangs)
    return Lifecycle(parts, close_s)


async def test_opened_and_begun_in_order_and_closed_in_the_other() -> None:
    told: list[str] = []
    async with life(told) as living:
        await living.begin()
    assert told == [
        *(f"open {name}" for name in NAMES),
        *(f"begin {name}" for name in NAMES),
        *(f"close {name}" for name in reversed(NAMES)),
    ]


async def test_one_that_does_not_open_closes_those_before_it() -> None:
    told: list[str] = []
    with pytest.raises(OSError, match="model cannot open"):
        async with life(told, fails="open"):
            pytest.fail("it was not opened")
    assert told == ["open disk", "open model", "close disk"]


async def test_one_that_does_not_begin_leaves_all_to_be_closed() -> None:
    told: list[str] = []
    with pytest.raises(OSError, match="model cannot begin"):
        async with life(told, fails="begin") as living:
            await living.begin()
    assert told[3:] == ["begin disk", "begin model", "close cameras", "close model", "close disk"]


async def test_one_that_fails_to_close_is_said_and_the_others_are_closed(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    async with life(told, fails="close"):
        pass
    assert told[3:] == ["close cameras", "close model", "close disk"]
    assert [record.getMessage() for record in caplog.records] == ["model failed to close"]


async def test_one_that_hangs_is_given_up_and_the_others_are_closed(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    async with life(told, hangs=True, close_s=0.01):
        pass
    assert told[3:] == ["close cameras", "close model", "close disk"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "model did not close within 0.01 s" in caplog.text


async def test_what_is_given_up_is_cancelled() -> None:
    part = RecordingPart("model", [], hangs=True)
    async with Lifecycle({"model": part}, 0.01):
        pass
    await asyncio.sleep(0)
    assert part.cancelled


async def test_who_closes_twice_closes_once() -> None:
    told: list[str] = []
    living = life(told)
    await living.open()
    await living.close()
    await living.close()
    assert told[3:] == ["close cameras", "close model", "close disk"]


async def test_cancelled_while_one_hangs_it_still_closes_the_others() -> None:
    told: list[str] = []
    parts = {name: RecordingPart(name, told, hangs=name == "model") for name in NAMES}
    living, part = Lifecycle(parts), parts["model"]
    await living.open()
    closing = asyncio.ensure_future(living.close())
    await part.closing.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert told[3:] == ["close cameras", "close model", "close disk"]


async def test_what_was_never_opened_is_neither_begun_nor_closed() -> None:
    told: list[str] = []
    living = life(told)
    await living.begin()
    await living.close()
    assert told == []


async def test_another_packages_that_does_not_begin_is_said_and_the_others_begin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str] = []
    parts = {name: RecordingPart(name, told, "begin" if name == "model" else "") for name in NAMES}
    async with Lifecycle(parts, others={"model"}) as living:
        await living.begin()
    assert "begin cameras" in told
    assert "close model" in told
    assert "model, of another package, did not begin" in caplog.text
