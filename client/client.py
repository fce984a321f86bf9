"""Asking a running server from Python.

async with connect("http://127.0.0.1:8400") as client:
    async for piece in (reply := client.ask("what is on the table?", camera="lobby")):
        print(piece, end="")
    print(reply.answer.saw.frame_age_ms)
"""

import asyncio
import ssl as _ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

import msgspec

from askcam.client.address import Address
from askcam.client.errors import AskcamError, ConnectionFailed
from askcam.client.frames import data_url
from askcam.client.http import Http
from askcam.client.line import LinePlace
from askcam.client.link import Link
from askcam.client.protocol import CameraInfo, CameraList
from askcam.client.pushed import Pushed
from askcam.client.reply import Answer, Reply, Usage

__all__ = ["Answer", "Client", "Pushed", "Reply", "Usage", "connect"]

MODEL = "askcam"  # the model itself, about attached pictures
TIMEOUT_S = 10.0  # to connect, and for small requests
RESUME_S = 15.0  # to come back when a connection breaks


def connect(
    url: str = "http://127.0.0.1:8400",
    token: str | None = None,
    *,
    ssl: _ssl.SSLContext | None = None,
    timeout_s: float = TIMEOUT_S,
    resume_s: float = RESUME_S,
) -> "Client":
    """A client of the server at `url`; use it as `async with connect(...) as client:`.

    Nothing is sent before the first question. A connection that breaks is made again for up to `resume_s`, and answers
    go on where they were: nothing is lost, nothing comes twice. `ssl` is for servers whose certificate the system does
    not trust.
    Raises ConnectionFailed for what is no address.
    """
    return Client(Address.parse(url), token, ssl, timeout_s, resume_s)


class Client:
    """Owned by one event loop. Holds a websocket per camera that was asked, opened at its first question."""

    def __init__(
        self, address: Address, token: str | None, ssl: _ssl.SSLContext | None, timeout_s: float, resume_s: float
    ) -> None:
        self._address, self._token, self._ssl, self._timeout_s = address, token, ssl, timeout_s
        self._resume_s = resume_s
        self._links: dict[str, Link] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._closed = False

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return self._address.http

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Replies under way fail with ConnectionLost."""
        self._closed = True
        links = list(self._links.values())
        self._links.clear()
        await asyncio.gather(*(link.close() for link in links))

    async def cameras(self) -> list[CameraInfo]:
        """What the server's cameras are doing. Raises ConnectionFailed and WireError."""
        http = Http(self._address, self._token, self._ssl, self._timeout_s)
        data = await asyncio.to_thread(http.request, "/v1/cameras")
        try:
            return msgspec.json.decode(data, type=CameraList).data
        except msgspec.DecodeError as exc:
            raise ConnectionFailed(f"{self._address.http} does not answer as askcam does ({exc})") from exc

    def ask(
        self,
        question: str,
        camera: str | None = None,
        *,
        images: Sequence[Any] = (),
        max_age_ms: float | None = None,
        instructions: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        evidence: bool = True,
        zone: str | None = None,
    ) -> Reply:
        """Ask about a camera's live picture, or without one about `images` (bytes of files, or arrays as RGB).

        `max_age_ms`: refuse (StaleCamera) rather than answer from an older frame. `evidence`:
        the server may keep on its disk what the answer was given from, if it does so. `zone`: which of the camera's
        zones is looked at alone. Each question stands alone: it
        sees none of the earlier ones. The reply raises ConnectionFailed and WireError; FrameError comes at once.
        """
        response = _response(question, images, max_age_ms, instructions, max_tokens, temperature, evidence, zone)
        return self._reply(response, lambda: self._link(camera or MODEL))

    def push(self, frames: AsyncIterable[Any] | None = None) -> Pushed:
        """A private camera of your own frames; use it as `async with client.push() as camera:`.

        With `frames`, it is fed from them: JPEG bytes or arrays, or (frame, capture time) pairs. An error of theirs
        comes out of the block.
        """

        def ask(question: str, link: Link, **options: Any) -> Reply:
            async def same() -> Link:
                return link

            return self._reply(_response(question, **options), same)

        return Pushed(lambda: self._open("push:"), ask, frames)

    def _reply(self, response: dict[str, Any], link_of: Callable[[], Awaitable[Link]]) -> Reply:
        async def begin(reply: Reply) -> Callable[[Reply], Awaitable[None]]:
            link = await link_of()
            await link.ask(reply, response)
            return link.cancel

        return Reply(begin)

    @property
    def num_resumed(self) -> int:
        """How often a connection broke and was made again, of those that are open."""
        return sum(link.num_resumed for link in self._links.values())

    async def _link(self, model: str) -> Link:
        async with self._opening.setdefault(model, asyncio.Lock()):
            link = self._links.get(model)
            if link is None or link.closed:
                link = self._links[model] = await self._open(model)
            return link

    async def _open(self, model: str) -> Link:
        if self._closed:
            raise AskcamError("this client is closed: connect() makes another")
        return await Link.open(LinePlace(self._address, model, self._token, self._ssl, self._timeout_s, self._resume_s))


def _response(
    question: str,
    images: Sequence[Any] = (),
    max_age_ms: float | None = None,
    instructions: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    evidence: bool = True,
    zone: str | None = None,
) -> dict[str, Any]:
    content = [{"type": "input_image", "image_url": data_url(image)} for image in images]
    content.append({"type": "input_text", "text": question})
    wishes = {"max_age_ms": max_age_ms, "evidence": None if evidence else False, "zone": zone}
    own = {name: value for name, value in wishes.items() if value is not None}
    response: dict[str, Any] = {
        "conversation": "none",
        "input": [{"type": "message", "role": "user", "content": content}],
        "instructions": instructions,
        "max_output_tokens": max_tokens,
        "temperature": temperature,
        "askcam": own or None,
    }
    return {name: value for name, value in response.items() if value is not None}
