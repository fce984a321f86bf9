"""One question to cameras on several shards: each shard asks its own, each answer is told as it comes, and one is made
of all.

The one answer is made as a server makes it (server/answering/several.py): by probability where all shards answered so,
worded by one shard's model where all have models that talk, else theirs side by side. What comes of it are a server's
own steps: whoever asked reads them written as a server writes them.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from starlette.requests import Request

from askcam.client.protocol import CameraAnswer, CameraProblem, Saw
from askcam.client.sse import SentEvents
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.event_source import RefusedThere, ShardReply
from askcam.cluster.front.relay import headers_of
from askcam.cluster.front.shards import MAX_JSON_BYTES, FrontShard
from askcam.server.answering.several import likeliest, made_by, merged, side_by_side, wished
from askcam.server.errors import Invalid, Refusal, Unavailable
from askcam.server.steps import CameraAnswered, Done, MadeBy, SeenStep, Step, TextDelta, ThoughtDelta

WAITING = 64  # answers that nobody has taken; the shards wait
# Of what a shard refuses, what is its own affair, or this moment's: its cameras have no answer, and others do.
ELSEWHERE = frozenset({401, 403, 404, 408, 425, 429})
SILENT = "its shard refused, and did not say why"
PROBABILITIES: MadeBy = "probabilities"
LISTING: MadeBy = "listing"
MODEL = "askcam"  # the usual model of any shard
MINE = 400  # from here to 499: the question itself is at fault, and no shard will take it


@dataclass(frozen=True, slots=True)
class Several:
    """The cameras in the order in which they are named, and where each is; of those that are nowhere just now, why; and
    shards that are down and have never been met: what they have is not known."""

    where: Mapping[str, FrontShard]
    refused: Mapping[str, Refusal]
    unmet: Sequence[FrontShard] = ()

    def of(self, shard: FrontShard) -> list[str]:
        return [name for name, each in self.where.items() if each is shard]

    @property
    def shards(self) -> list[FrontShard]:
        return list(dict.fromkeys(self.where.values()))

    @property
    def single(self) -> bool:
        """Whether one shard can answer for all, by itself."""
        return len(self.shards) <= 1 and not self.refused and not self.unmet

    @property
    def note(self) -> str | None:
        """What is missing without a camera's name to tell it by."""
        if not self.unmet:
            return None
        named = ", ".join(f"{shard.name!r} ({shard.health.why})" for shard in self.unmet)
        return f"not asked: what is on shard {named}, down since before this front knew its cameras"


class Replies(Protocol):
    """What a shard tells in reply to one request, read."""

    def take(self, told: Mapping[str, Any]) -> list[Step]:
        """One event of its stream, or the whole of it. Raises ValueError, Refusal."""

    def done(self) -> Done | None:
        """Its end; None: it had none."""


class ShardQuestion(Protocol):
    """A request as the shards are asked it."""

    @property
    def question(self) -> str:
        """Its words."""

    @property
    def formed(self) -> bool:
        """Whether the one answer has to have a form, which only a model gives it."""

    def of_cameras(self, cameras: Sequence[str]) -> tuple[str, dict[str, Any], Replies]:
        """The path and the body by which a shard asks its own cameras, and what reads the reply."""

    def in_words(self, text: str) -> tuple[str, dict[str, Any], Replies]:
        """The same for a model that is to make one answer of all, as `text` says."""


class AskSeveral:
    """One question, once. Owned by the event loop."""

    def __init__(self, request: Request, asked: ShardQuestion, several: Several) -> None:
        self._request, self._asked, self._several = request, asked, several
        self._received = time.monotonic()
        self._answers: dict[str, CameraAnswer] = {}
        self._taken_at: list[float] = []  # when the newest frame of each answer was taken, steady
        self._parts: dict[FrontShard, Done] = {}  # what each shard has made of its own
        self._queue: asyncio.Queue[CameraAnswer | RefusedThere | None] = asyncio.Queue(WAITING)

    async def steps(self) -> AsyncGenerator[Step, None]:
        """CameraAnswered of each, then what is made of them, and MergedDone. Raises Refusal, and RefusedThere before
        anything else."""
        for name, refusal in self._several.refused.items():
            self._answers[name] = CameraAnswer(name, None, CameraProblem(refusal.code, refusal.message), None)
            yield CameraAnswered(self._answers[name])
        asking = [asyncio.create_task(self._ask(shard)) for shard in self._several.shards]
        try:
            ended = 0
            while ended < len(asking):
                match await self._queue.get():
                    case None:
                        ended += 1
                    case CameraAnswer() as answer:
                        self._answers[answer.camera] = answer
                        yield CameraAnswered(answer)
                    case RefusedThere() as exc:
                        raise (exc if not self._answers else _invalid(exc.reply.value))
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        answers = [self._answers[name] for name in (*self._several.where, *self._several.refused)]
        if all(answer.problem is not None for answer in answers):
            why = "; ".join(f"{each.camera}: {each.problem.message}" for each in answers[:3] if each.problem)
            raise Unavailable(f"no camera can be asked now: {why}", "model", "camera_unavailable", try_again=False)
        async with contextlib.aclosing(self._made_of(answers)) as made:
            async for step in made:
                yield step

    # -- each

    async def _ask(self, shard: FrontShard) -> None:
        """All that one shard answers; of a camera that it does not answer for, why."""
        missing = dict.fromkeys(self._several.of(shard))
        why: Refusal = ShardBroke(shard.name, "its answer ended before all cameras had answered")
        try:
            async with contextlib.aclosing(self._heard(shard, *self._asked.of_cameras(list(missing)))) as steps:
                async for step in steps:
                    match step:
                        case CameraAnswered(answer) if answer.camera in missing:
                            del missing[answer.camera]
                            if answer.askcam is not None and answer.askcam.frame_age_ms is not None:
                                self._taken_at.append(time.monotonic() - answer.askcam.frame_age_ms / 1000)
                            await self._queue.put(answer)
                        case Done():
                            self._parts[shard] = step
        except Refusal as refusal:
            why = refusal
        except RefusedThere as exc:
            await self._queue.put(exc)
        for name in missing:
            await self._queue.put(CameraAnswer(name, None, CameraProblem(why.code, why.message), None))
        await self._queue.put(None)

    async def _heard(
        self, shard: FrontShard, path: str, body: Mapping[str, Any], replies: Replies
    ) -> AsyncGenerator[Step, None]:
        """What a shard replies, to its Done, if it has one. Raises Refusal, and RefusedThere for a mistake in the
        question."""
        content = json.dumps(body).encode()
        headers = [(name, value) for name, value in headers_of(self._request, shard, len(content)) if name != b"accept"]
        try:
            async with shard.within(), shard.link.asked("POST", path.encode(), headers, content) as reply:
                if reply.status != 200:
                    value = _json(await reply.whole(MAX_JSON_BYTES))
                    if MINE <= reply.status < MINE + 100 and reply.status not in ELSEWHERE:
                        raise RefusedThere(shard.name, ShardReply(reply.status, value))
                    raise _said(value.get("error") if isinstance(value, dict) else None)
                if not body.get("stream"):
                    for step in replies.take(_object(await reply.whole(MAX_JSON_BYTES))):
                        yield step
                else:
                    async with contextlib.aclosing(reply.pieces()) as pieces:
                        messages = SentEvents()
                        async for piece in pieces:
                            for message in messages.feed(piece):
                                if message.data and message.data != "[DONE]":
                                    for step in replies.take(_checked(_object(message.data))):
                                        yield step
            if (done := replies.done()) is not None:
                yield done
        except ValueError as exc:  # of msgspec and json, too
            told = f"it does not answer as an askcam server does: {str(exc)[:100]}"
            raise ShardBroke(shard.name, told) from exc

    # -- one of all

    async def _made_of(self, answers: Sequence[CameraAnswer]) -> AsyncGenerator[Step, None]:
        """The one answer, to its MergedDone."""
        question, parts = self._asked.question, list(self._parts.values())
        ways = {made_by(part) for part in parts}
        if ways == {PROBABILITIES}:
            text, made = likeliest(question, answers), PROBABILITIES
        else:
            text, made = side_by_side(question, answers), LISTING
            if ways == {"model"} and (shards := [each for each in self._parts if each.up]):
                begun = False
                shard = min(shards, key=lambda each: each.num_under_way)
                try:
                    async with contextlib.aclosing(
                        self._heard(shard, *self._asked.in_words(wished(question, answers)))
                    ) as steps:
                        async for step in steps:
                            if isinstance(step, TextDelta | ThoughtDelta):
                                begun = True
                                yield step
                            elif isinstance(step, Done):
                                saw = self._saw(step.saw, answers)
                                yield merged(step.text, saw, "model", parts, step)
                                return
                    raise ShardBroke(shard.name, "its answer ended before its end")
                except (Refusal, RefusedThere) as exc:
                    if begun or self._asked.formed:
                        raise (_invalid(exc.reply.value) if isinstance(exc, RefusedThere) else exc) from exc
        base = parts[0].saw if parts else _bare(next(each.askcam for each in answers if each.askcam is not None))
        base = msgspec.structs.replace(
            base,
            answer_id=f"ans_{secrets.token_urlsafe(16)}",  # no shard has this answer in its records
            ttft_ms=round((time.monotonic() - self._received) * 1000, 1),
        )
        saw = self._saw(base, answers)
        yield SeenStep(saw)
        yield TextDelta(text)
        yield merged(text, saw, made, parts)

    def _saw(self, saw: Saw, answers: Sequence[CameraAnswer]) -> Saw:
        """As old as the oldest of them is by now; what is missing without a camera's name is its note."""
        age_ms = round((time.monotonic() - min(self._taken_at)) * 1000, 1) if self._taken_at else None
        note = " · ".join(filter(None, (saw.note, self._several.note))) or None
        return msgspec.structs.replace(saw, frame_age_ms=age_ms, answers=list(answers), note=note)


def _bare(saw: Saw) -> Saw:
    """Of one camera's answer, what is of no camera."""
    return Saw(None, None, None, None, saw.answer_id, [], saw.backend, note=saw.note, model=saw.model)


def _said(error: Any) -> Refusal:
    """What a shard has refused, as a camera's problem."""
    told = error if isinstance(error, dict) else {}
    return Unavailable(str(told.get("message") or SILENT)[:2000], code=str(told.get("code") or "shard_failed"))


def _invalid(value: Any) -> Refusal:
    """A mistake in the question that one shard finds when others have answered already."""
    error = value.get("error") if isinstance(value, dict) else None
    told = error if isinstance(error, dict) else {}
    param, code = (None if told.get(name) is None else str(told[name]) for name in ("param", "code"))
    return Invalid(str(told.get("message") or SILENT), param, code)


def _checked(told: dict[str, Any]) -> dict[str, Any]:
    """Raises Refusal for one that tells what went wrong on the way."""
    if "error" in told and told["error"] is not None:
        raise _said(told["error"])
    return told


def _object(data: bytes | str) -> dict[str, Any]:
    """Raises ValueError."""
    told = _json(data)
    if not isinstance(told, dict):
        raise ValueError("what it tells is no object")
    return told


def _json(data: bytes | str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
