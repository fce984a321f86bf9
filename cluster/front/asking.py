"""POST /v1/ask of cameras on several shards: each shard asks its own, each answer is told as it comes, and one is made
of all.

The one answer is made as a server makes it (server/answering/several.py): by probability where all shards answered so,
worded by one shard's model where all have models that talk, else theirs side by side.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request

from askcam.client.protocol import CameraAnswer, CameraProblem
from askcam.client.sse import SentEvents
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.lists import RefusedThere
from askcam.cluster.front.relay import headers_of, role_of
from askcam.cluster.front.shards import MAX_JSON_BYTES, FrontShard
from askcam.server.answering.several import likeliest, side_by_side, wish
from askcam.server.errors import Refusal, Unavailable

WAITING = 64  # answers that nobody has taken; the shards wait
# Of what a shard refuses, what is its own affair, or this moment's: its cameras have no answer, and others do.
ELSEWHERE = frozenset({401, 403, 404, 408, 425, 429})
MINE = 400  # from here to 499: the question itself is at fault, and no shard will take it


@dataclass(frozen=True, slots=True)
class Several:
    """A question, the cameras in the order in which they are named, and where each is; of those that are nowhere just
    now, why."""

    body: Mapping[str, Any]
    where: Mapping[str, FrontShard]
    refused: Mapping[str, Refusal] = field(default_factory=dict)

    def of(self, shard: FrontShard) -> list[str]:
        return [name for name, each in self.where.items() if each is shard]

    @property
    def shards(self) -> list[FrontShard]:
        return list(dict.fromkeys(self.where.values()))


class AskSeveral:
    """One question, once. Owned by the event loop."""

    def __init__(self, core: FrontCore, request: Request, several: Several) -> None:
        self._core, self._request, self._several = core, request, several
        self._answers: dict[str, CameraAnswer] = {}
        self._replies: list[Mapping[str, Any]] = []  # what each shard has made of its own
        self._queue: asyncio.Queue[CameraAnswer | Exception | None] = asyncio.Queue(WAITING)

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """As POST /v1/ask streams them, to `done`. Raises Refusal, RefusedThere."""
        for name, refusal in self._several.refused.items():
            self._answers[name] = CameraAnswer(name, None, CameraProblem(refusal.code, refusal.message), None)
            yield {"type": "camera.answered", "answer": self._answers[name]}
        asking = [asyncio.create_task(self._ask(shard)) for shard in self._several.shards]
        try:
            ended = 0
            while ended < len(asking):
                match await self._queue.get():
                    case None:
                        ended += 1
                    case CameraAnswer() as answer:
                        self._answers[answer.camera] = answer
                        yield {"type": "camera.answered", "answer": answer}
                    case Exception() as exc:
                        raise exc
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        answers = [self._answers[name] for name in (*self._several.where, *self._several.refused)]
        if all(answer.problem is not None for answer in answers):
            why = "; ".join(f"{each.camera}: {each.problem.message}" for each in answers[:3] if each.problem)
            raise Unavailable(f"no camera can be asked now: {why}", "cameras", "camera_unavailable", try_again=False)
        reply = await self._made_of(answers)
        yield {"type": "text.delta", "text": reply["text"]}
        yield {"type": "done", "reply": reply}

    # -- each

    async def _ask(self, shard: FrontShard) -> None:
        """All that one shard answers; of a camera that it does not answer for, why."""
        missing = dict.fromkeys(self._several.of(shard))
        why: Refusal = ShardBroke(shard.name, "its answer ended before all cameras had answered")
        try:
            why = await self._listen(shard, missing) or why
        except Refusal as refusal:
            why = refusal
        except ValueError as exc:  # of msgspec and json, too
            why = ShardBroke(shard.name, f"it does not answer as an askcam server does: {str(exc)[:100]}")
        except RefusedThere as exc:
            await self._queue.put(exc)
        for name in missing:
            problem = CameraProblem(why.code, why.message)
            await self._queue.put(CameraAnswer(name, None, problem, None))
        await self._queue.put(None)

    async def _listen(self, shard: FrontShard, missing: dict[str, None]) -> Refusal | None:
        """Put the question to a shard, and take its cameras' answers from `missing` as they come; what it ended with,
        if not with its end. Raises Refusal, ValueError, and RefusedThere for a mistake in the question."""
        content = json.dumps({**self._several.body, "cameras": list(missing), "stream": True}).encode()
        headers = [(name, value) for name, value in headers_of(self._request, shard, len(content)) if name != b"accept"]
        messages, why = SentEvents(), None
        async with shard.within(), shard.link.asked("POST", b"/v1/ask", headers, content) as reply:
            if reply.status != 200:
                value = _json(await reply.whole(MAX_JSON_BYTES))
                if MINE <= reply.status < MINE + 100 and reply.status not in ELSEWHERE:
                    raise RefusedThere(shard.name, ShardReply(reply.status, value))
                raise _said(value.get("error") if isinstance(value, dict) else None)
            async with contextlib.aclosing(reply.pieces()) as pieces:
                async for piece in pieces:
                    for message in messages.feed(piece):
                        told = json.loads(message.data) if message.data and message.data != "[DONE]" else {}
                        if not isinstance(told, dict):
                            raise ValueError("an event that is no object")
                        why = _said(told["error"]) if "error" in told else why
                        await self._take(told, missing)
        return why

    async def _take(self, told: Mapping[str, Any], missing: dict[str, None]) -> None:
        """One event of a shard. Raises ValueError."""
        if told.get("type") == "done" and isinstance(told.get("reply"), dict):
            self._replies.append(told["reply"])
        elif told.get("type") == "camera.answered":
            answer = msgspec.convert(told.get("answer"), CameraAnswer)
            if answer.camera in missing:
                del missing[answer.camera]
                await self._queue.put(answer)

    # -- one of all

    async def _made_of(self, answers: Sequence[CameraAnswer]) -> dict[str, Any]:
        """The reply. No shard has this answer in its records, but the words of it, where a model made them."""
        question = str(self._several.body.get("question", ""))
        made_by = {str(reply.get("made_by")) for reply in self._replies}
        parts = [each["askcam"] for each in self._replies if isinstance(each.get("askcam"), dict)]
        saw: dict[str, Any] = dict(parts[0]) if parts else {}
        saw |= {"answer_id": f"ans_{secrets.token_urlsafe(16)}", "answers": list(answers)}
        ages = [each.askcam.frame_age_ms for each in answers if each.askcam is not None]
        saw["frame_age_ms"] = max((age for age in ages if age is not None), default=None)
        if made_by == {"probabilities"}:
            return {"text": likeliest(question, answers), "made_by": "probabilities", "askcam": saw}
        if made_by == {"model"} and (text := await self._worded(question, answers)) is not None:
            return {"text": text, "made_by": "model", "askcam": saw}
        return {"text": side_by_side(question, answers), "made_by": "listing", "askcam": saw}

    async def _worded(self, question: str, answers: Sequence[CameraAnswer]) -> str | None:
        """By the model of the least busy of these shards; None: it can't just now."""
        up = [each for each in self._several.shards if each.up]
        if not up:
            return None
        shard = min(up, key=lambda each: each.num_under_way)
        (part,) = wish(question, answers).parts
        body = {"model": "askcam", "messages": [{"role": "user", "content": getattr(part, "text", "")}]}
        body |= {name: self._several.body[name] for name in ("max_tokens", "temperature") if name in self._several.body}
        with contextlib.suppress(Refusal, KeyError, IndexError, TypeError):
            path = "/v1/chat/completions"
            reply = await shard.asked("POST", path, role=role_of(self._request), body=body)
            if reply.status == 200:
                return str(reply.value["choices"][0]["message"]["content"])
        return None


def _said(error: Any) -> Refusal:
    """What a shard has refused, as a camera's problem."""
    message, code = (error.get("message"), error.get("code")) if isinstance(error, dict) else (None, None)
    return Unavailable(
        str(message or "its shard refused, and did not say why")[:2000], code=str(code or "shard_failed")
    )


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
