"""One realtime session of the client: questions out, events in, each to the reply that it belongs to."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from askcam.client.errors import AskcamError, ConnectionLost, WireError, wire_error
from askcam.client.line import LinePlace, SessionLine, body
from askcam.client.reply import Reply

KEY = "askcam_reply"  # in a response's metadata: which reply it answers


class _Asked:
    """A question whose answer is not complete."""

    __slots__ = ("message", "reply", "unwanted")

    def __init__(self, reply: Reply, message: dict[str, Any]) -> None:
        self.reply, self.message = reply, message
        self.unwanted = False  # it was cancelled


class Link:
    """A session about one model, with the task that reads it. Owned by the event loop.

    Several questions may be under way at once; each is asked out of the conversation, so none sees another. When the
    connection breaks, answers go on where they were; questions that did not arrive are sent again.
    """

    def __init__(self, line: SessionLine) -> None:
        self.session = line.session
        self._line = line
        self._keys = count(1)
        self._asked: dict[str, _Asked] = {}  # by key, until their answers end
        self._by_response: dict[str, str] = {}  # response id -> key
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None  # what belongs to no reply
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, place: LinePlace) -> "Link":
        """Raises ConnectionFailed, or the WireError that the server refuses with."""
        return cls(await SessionLine.open(place))

    @property
    def closed(self) -> bool:
        return self._reader.done()

    @property
    def num_resumed(self) -> int:
        """How often the connection broke and was made again."""
        return self._line.num_resumed

    async def close(self) -> None:
        """Replies under way fail with ConnectionLost."""
        await self._line.close()
        await self._reader

    async def send(self, message: dict[str, Any] | bytes) -> None:
        """Waits while the server does not read, and while the connection is being made again. Raises ConnectionLost."""
        while True:
            if self.closed:
                raise self._line.lost()
            if await self._line.send(message):
                return
            await asyncio.wait([self._reader, asyncio.ensure_future(self._line.up())], return_when="FIRST_COMPLETED")

    async def ask(self, reply: Reply, response: dict[str, Any]) -> None:
        """Ask; the reply is fed from now on. Raises ConnectionLost."""
        if self.closed:
            raise self._line.lost()
        key = f"q{next(self._keys)}"
        message = {"type": "response.create", "event_id": key, "response": {**response, "metadata": {KEY: key}}}
        self._asked[key] = _Asked(reply, message)
        await self._line.send(message)  # if it gets lost, it is sent again

    async def cancel(self, reply: Reply) -> None:
        """Tell the server that the answer is not wanted. The reply ends when the server has said so."""
        asked = next((asked for asked in self._asked.values() if asked.reply is reply), None)
        if asked is None:
            return
        asked.unwanted = True
        if reply.response_id is not None:  # else as soon as it has one
            await self._line.send({"type": "response.cancel", "response_id": reply.response_id})

    async def _read(self) -> None:
        error: AskcamError = self._line.lost()
        missed: int | None = None  # how many events are still to come that were missed; None: all are there
        try:
            async for event in self._line.events():
                await self._hear(event)
                if event["type"] == "session.resumed":
                    missed = event["missed"]
                elif missed is not None:
                    missed -= 1
                if missed == 0:
                    missed = None
                    await self._again()
        except ConnectionLost as exc:
            error = exc
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as exc:
            error = ConnectionLost(f"the server sent what is no event of askcam's ({exc})")
            await self._line.close(1002)
        finally:
            for asked in self._asked.values():
                asked.reply.fail(error)
            self._asked.clear()

    async def _again(self) -> None:
        """Everything that was missed is there: what the server does not know of never arrived."""
        for asked in list(self._asked.values()):
            if asked.reply.response_id is None:
                await self._line.send(asked.message)
            elif asked.unwanted:
                await self._line.send({"type": "response.cancel", "response_id": asked.reply.response_id})

    async def _hear(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "response.created":
                await self._created(event["response"])
            case "response.output_text.delta":
                asked = self._asked.get(self._by_response.get(event["response_id"], ""))
                if asked is not None:
                    asked.reply.say(event["delta"])
            case "response.done":
                key = self._by_response.pop(event["response"]["id"], "")
                asked = self._asked.pop(key, None)
                if asked is not None:
                    asked.reply.finish(event["response"])
            case "error":
                self._refused(event)
            case _:
                self.on_event(event)

    async def _created(self, response: dict[str, Any]) -> None:
        key = (response.get("metadata") or {}).get(KEY, "")
        asked = self._asked.get(key)
        if asked is None:
            return
        asked.reply.response_id = response["id"]
        self._by_response[response["id"]] = key
        if asked.unwanted:
            await self.cancel(asked.reply)

    def _refused(self, event: dict[str, Any]) -> None:
        said, cause = body(event["error"]), event["error"].get("event_id") or ""
        asked = self._asked.get(cause)
        if asked is None:
            if said.code != "response_cancel_not_active":  # it had ended by itself meanwhile
                self.on_event(event)
            return
        if asked.reply.response_id is None:  # no response.done will come
            del self._asked[cause]
        asked.reply.fail(wire_error(said))


def refusal_of(event: dict[str, Any]) -> WireError:
    """The error that an `error` event stands for."""
    return wire_error(body(event["error"]))
