"""One answer on its way: text as it comes, then what it was given from."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import msgspec

from askcam.client.errors import AskcamError, Cancelled
from askcam.client.protocol import Saw


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens: `cached` and `vision` are parts of `input`."""

    input: int = 0
    output: int = 0
    vision: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `status` is "incomplete" when it reached max_tokens."""

    text: str
    saw: Saw
    usage: Usage
    status: Literal["completed", "incomplete"] = "completed"


class Reply(AsyncIterator[str]):
    """An answer on its way. Nothing is sent until it is iterated, awaited or entered; use it in one task.

        async for piece in reply: ...       # text as it comes
        answer = reply.answer               # then the whole of it

        answer = await reply                # or at once

        async with client.ask(...) as reply: ...    # leaving the block early cancels it

    Holds at most the pieces of one answer.
    """

    def __init__(self, begin: Callable[["Reply"], Awaitable[Callable[["Reply"], Awaitable[None]]]]) -> None:
        self._begin_with = begin
        self._cancel_with: Callable[[Reply], Awaitable[None]] | None = None
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._said: list[str] = []
        self._answer: Answer | None = None
        self._error: AskcamError | None = None
        self.response_id: str | None = None  # the server's name for it, once it has one

    # For whoever asked.

    @property
    def answer(self) -> Answer:
        """The whole answer. Raises what it failed with, and AskcamError while it is not complete."""
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise AskcamError("the answer is not complete yet: iterate over the reply, or await it")
        return self._answer

    @property
    def text(self) -> str:
        """What has been said so far."""
        return "".join(self._said)

    async def __anext__(self) -> str:
        if not self._ended.is_set() or not self._pieces.empty():
            await self._begin()
            piece = await self._pieces.get()
            if piece is not None:
                return piece
        if self._error is not None and not isinstance(self._error, Cancelled):
            raise self._error
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, None, Answer]:
        return self._whole().__await__()

    async def _whole(self) -> Answer:
        try:
            async for _ in self:
                pass
        except asyncio.CancelledError:
            await self._cancel()  # whoever waited has given up
            raise
        return self.answer

    async def cancel(self) -> None:
        """End the server's work on it. Iteration then stops; `answer` raises Cancelled. No effect on a complete one."""
        if self._cancel_with is None:
            self.fail(Cancelled(""))
            return
        await self._cancel()
        await self._ended.wait()

    aclose = cancel

    async def __aenter__(self) -> "Reply":
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended.is_set():
            await self.cancel()

    async def _begin(self) -> None:
        if self._cancel_with is None and not self._ended.is_set():
            try:
                self._cancel_with = await self._begin_with(self)
            except AskcamError as exc:
                self.fail(exc)

    async def _cancel(self) -> None:
        if self._cancel_with is not None and not self._ended.is_set():
            await self._cancel_with(self)

    # For the connection.

    def say(self, text: str) -> None:
        """Some more words came."""
        self._said.append(text)
        self._pieces.put_nowait(text)

    def finish(self, response: dict[str, Any]) -> None:
        """The response object of response.done came."""
        match response.get("status"):
            case "completed" | "incomplete" as status:
                self._answer = Answer(
                    "".join(
                        part.get("text") or "" for item in response["output"] for part in item.get("content") or ()
                    ),
                    msgspec.convert(response["askcam"], Saw),
                    _usage(response.get("usage") or {}),
                    status,
                )
                self._end()
            case "cancelled":
                self.fail(Cancelled(self.text))
            case _:
                error = (response.get("status_details") or {}).get("error") or {}
                self.fail(AskcamError(error.get("message") or "the answer failed"))

    def fail(self, error: AskcamError) -> None:
        """It will not be complete. The first cause counts."""
        if not self._ended.is_set():
            self._error = error
            self._end()

    def _end(self) -> None:
        self._ended.set()
        self._pieces.put_nowait(None)


def _usage(usage: dict[str, Any]) -> Usage:
    details = usage.get("input_token_details") or {}
    return Usage(
        usage.get("input_tokens") or 0,
        usage.get("output_tokens") or 0,
        details.get("image_tokens") or 0,
        details.get("cached_tokens") or 0,
    )
