"""What a model server can, proven at the start: faults of such servers are silent, and a wrong answer looks like any.

(a) it has the model · (b) each further pair of a clip costs as many tokens as the one before, up to the longest window:
nothing is left out · (c) logprobs come · (d) an answer keeps to its form · (e) the newest frame counts: two windows
that differ in it alone are answered differently. Without (a), (b) and (e) nothing is answered; without (c) nothing is
scored, without (d) no answer is given a form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from askcam.engine.errors import EngineError, EngineFailure, ModelError, ModelUnreachable, QuestionError, ServerBusy
from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import Check, Progress
from askcam.engine.question import Message, Question, Role, Text
from askcam.engine.remote.deltas import read_logprobs, read_usage
from askcam.engine.remote.dialects import DIALECTS, Dialect, Shape, by_owner
from askcam.engine.remote.encoding import Encoder
from askcam.engine.remote.transport import Transport
from askcam.engine.remote.wire import Body, Part, request, video_or_pictures
from askcam.stream.frame import Pixels

CAMERA = (640, 480)  # of the frames that are shown
FPS = 2.0
TOP = 20
FORM_TOKENS = 64  # several times as many as the answer of that form has, blanks between its parts included
STAMP_TOKENS = 4  # by which the stamp of a later pair may be longer
SCHEMA = {
    "type": "object",
    "properties": {"proof": {"type": "string", "enum": ["askcam"]}},
    "required": ["proof"],
    "additionalProperties": False,
}
SAME = 1e-6  # of a logprob


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has: its name there, and what the server says of it."""

    name: str
    owner: str
    context_tokens: int | None


@dataclass(frozen=True, slots=True)
class Proven:
    """What the server at hand can: the dialect as it is proven, and how that was found."""

    dialect: Dialect
    checks: tuple[Check, ...]
    version: str = ""
    counts_frames: bool = False  # what it tells of a prompt is no less than what its frames are by the family's rule


async def find_served(transport: Transport, wanted: str | None) -> ServedModel:
    """Proof (a). `wanted` None: the only one. Raises ModelError, ModelUnreachable."""
    shown = transport.place.shown
    try:
        listed = (await transport.get("/models")).get("data")
    except (ModelUnreachable, ModelError):
        raise
    except EngineError as exc:
        raise ModelError(f"what answers at {shown} is no model server: GET /models fails ({exc})") from exc
    models = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    names = [str(one.get("id")) for one in models]
    if not models:
        raise ModelError(f"the server at {shown} lists no models: is it a model server, and is its model loaded?")
    if wanted is None and len(models) > 1:
        raise ModelError(f"the server at {shown} has {_some(names)}: name one of them (model)")
    for one, name in zip(models, names, strict=True):
        if wanted is None or name in (wanted, f"{wanted}:latest"):
            meta = one.get("meta")
            length = one.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, Mapping) else None)
            return ServedModel(name, str(one.get("owned_by", "")), length if isinstance(length, int) else None)
    raise ModelError(f"the server at {shown} has no model {wanted!r}; it has {_some(names)}: name one of them (model)")


class Prober:
    """Proves one server. Owned by the engine's event loop, for the time of opening."""

    def __init__(self, transport: Transport, dialect: Dialect, spec: FamilySpec, encoder: Encoder) -> None:
        self._transport, self._dialect, self._spec, self._encoder = transport, dialect, spec, encoder
        fit = spec.fit_frame(*CAMERA)
        self._size = (fit.width, fit.height)
        self._counts_frames = False

    async def prove(self, max_pairs: int, ids: Sequence[int], progress: Progress) -> Proven:
        """`max_pairs`: of the longest window. `ids`: two tokens of the model, where they are known. Raises
        ModelError, ModelUnreachable."""
        proofs = "asking the model server for proofs"
        progress(proofs, 0.1)
        checks = [await self._grows(max_pairs)]
        progress(proofs, 0.5)
        dialect = self._dialect
        if dialect.logprobs != "none":
            dialect = replace(dialect, logprobs=await self._tells_logprobs(ids, checks))
        progress(proofs, 0.6)
        if dialect.forms:
            dialect = replace(dialect, forms=await self._keeps_forms(checks))
        progress(proofs, 0.8)
        checks.append(await self._sees_newest(max_pairs, dialect))
        return Proven(dialect, tuple(checks), await version_of(self._transport, self._dialect), self._counts_frames)

    async def _grows(self, max_pairs: int) -> Check:
        """Proof (b)."""
        one, two = await self._prompt_tokens(1), await self._prompt_tokens(2)
        longest = await self._prompt_tokens(max_pairs) if max_pairs > 2 else two
        if not one or not two or not longest:
            return Check("window", True, "the server tells no prompt_tokens: not provable by them")
        each = two - one
        wanted = one + each * (max_pairs - 1)
        more = STAMP_TOKENS * max_pairs if self._spec.stamped_pairs else each // 2
        told = f"{one}, {two} and {longest} prompt tokens for 1, 2 and {max_pairs} pairs"
        if each < 1 or not wanted - each / 2 < longest <= wanted + more:
            raise self._wrong(f"does not see all frames of a window: {told}, where {wanted} were due")
        seen_of_pair = 2 if self._dialect.shape(2) is Shape.IMAGES else 1
        self._counts_frames = each >= seen_of_pair * self._spec.num_tokens(*self._size)
        return Check("window", True, f"{told}: each pair is seen")

    async def _tells_logprobs(self, ids: Sequence[int], checks: list[Check]) -> Any:
        """Proof (c): which kind of logprobs comes."""
        if self._dialect.logprobs == "any" and len(ids) > 1:
            found = await self._first_logprobs(self._clip(2), logprob_token_ids=[*ids], return_tokens_as_token_ids=True)
            if found is not None and {f"token_id:{one}" for one in ids} <= found.keys():
                checks.append(Check("logprobs", True, "of any token: scores are exact"))
                return "any"
        found = await self._first_logprobs(self._clip(2), top_logprobs=TOP)
        if found:
            checks.append(Check("logprobs", True, f"of the {len(found)} likeliest tokens: scores of others are bounds"))
            return "top"
        checks.append(Check("logprobs", False, "none come: watches that score are refused"))
        return "none"

    async def _keeps_forms(self, checks: list[Check]) -> bool:
        """Proof (d)."""
        body = self._body("What is the weather like?", []) | {"max_tokens": FORM_TOKENS}
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "proof", "schema": SCHEMA, "strict": True},
        }
        choice = await self._asked(body)
        try:
            content = "" if choice is None else str(choice["message"]["content"])
            kept = bool(json.loads(content) == {"proof": "askcam"})
        except (KeyError, TypeError, ValueError):
            kept = False
        refused = "not kept: questions with response_format are refused"
        if not kept and self._dialect.blanks and _runs_out_in_blanks(choice):
            refused += f"; the answer is filled up with blank lines: {self._dialect.blanks}"
        checks.append(Check("forms", kept, "kept" if kept else refused))
        return kept

    async def _sees_newest(self, max_pairs: int, dialect: Dialect) -> Check:
        """Proof (e)."""
        if dialect.logprobs == "none":
            return Check("newest frame", True, "not provable without logprobs")
        one = await self._first_logprobs(self._clip(max_pairs), top_logprobs=TOP)
        other = await self._first_logprobs(self._clip(max_pairs, last=True), top_logprobs=TOP)
        if not one or not other:
            raise self._wrong("gave no logprobs the second time it was asked for them")
        if one.keys() == other.keys() and all(abs(one[token] - other[token]) < SAME for token in one):
            raise self._wrong("answers the same whatever the newest frame shows, so that it must have left it out")
        return Check("newest frame", True, "it counts")

    async def _prompt_tokens(self, num_pairs: int) -> int:
        try:
            told = await self._transport.post("/chat/completions", self._body("What is there?", self._clip(num_pairs)))
        except QuestionError as exc:
            raise self._wrong(f"does not take a window of {num_pairs} pairs: {exc}") from exc
        except (ServerBusy, EngineFailure) as exc:
            raise ModelError(f"{exc}; asked about {num_pairs} pairs at the start") from exc
        usage = read_usage(told.get("usage"))
        return 0 if usage is None else usage.prompt_tokens

    async def _first_logprobs(self, window: list[Part], **more: Any) -> dict[str, float] | None:
        """Of the first token, by what it is called; None where none come."""
        choice = await self._asked(self._body("Is there a cup?", window) | {"logprobs": True} | more)
        found = () if choice is None else read_logprobs(choice)
        return {one.text: one.logprob for one in found[0].top} if found else None

    async def _asked(self, body: Body) -> Mapping[str, Any] | None:
        """The answer to something that it may not be able to; None where it refuses. Raises ModelError."""
        try:
            choices = (await self._transport.post("/chat/completions", body)).get("choices")
        except QuestionError:
            return None
        except (ServerBusy, EngineFailure) as exc:
            raise ModelError(f"{exc}; asked for a proof at the start") from exc
        return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else None

    def _body(self, text: str, window: list[Part]) -> Body:
        question = Question((Message(Role.USER, (Text(text),)),))
        return request(question, window, lambda part: (), self._dialect, self._transport.model, words=False)

    def _clip(self, num_pairs: int, last: bool = False) -> list[Part]:
        """So many pairs of drawn frames; `last`: with another newest frame."""
        frames = [_drawn(number, *self._size) for number in range(2 * num_pairs)]
        if last:
            frames[-1] = _drawn(-1, *self._size)
        shape = self._dialect.shape(len(frames))
        return video_or_pictures(self._encoder.urls(frames, FPS, shape), shape)

    def _wrong(self, what: str) -> ModelError:
        remedy = f"; {self._dialect.start}" if self._dialect.start else "; a shorter window may help (max_pairs)"
        shown = self._transport.place.shown
        return ModelError(f"the model server at {shown} ({self._dialect.title}) {what}{remedy}")


async def find_dialect(transport: Transport, name: str, served: ServedModel) -> Dialect:
    """The dialect that is configured; "auto": as the server says of its models, and of itself. Raises ModelError."""
    if name != "auto":
        if name not in DIALECTS:
            raise ModelError(f"there is no dialect {name!r}; known: auto, {', '.join(DIALECTS)}")
        return DIALECTS[name]
    found, ollama = by_owner(served.owner), DIALECTS["ollama"]
    if not found.owner and await version_of(transport, ollama):
        return ollama  # its models are owned by whoever has published them
    return found


async def version_of(transport: Transport, dialect: Dialect) -> str:
    """As a server of that dialect tells it; "": it does not."""
    if not dialect.version:
        return ""
    try:
        found = (await transport.get(dialect.version, root=True)).get("version")
    except EngineError:
        return ""
    return found[:80] if isinstance(found, str) else ""


def _runs_out_in_blanks(choice: Mapping[str, Any] | None) -> bool:
    message = None if choice is None else choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    return isinstance(content, str) and len(content) - len(content.rstrip()) >= FORM_TOKENS // 4


def _drawn(number: int, width: int, height: int) -> Pixels:
    """A frame like no other: a square on its way over a slope; -1: all of it turned bright."""
    slope = np.linspace(60, 120, width)[None, :, None] + np.linspace(0, 40, height)[:, None, None]
    pixels = np.broadcast_to(slope, (height, width, 3)).astype(np.uint8)
    side = max(8, height // 4)
    if number < 0:
        pixels = 255 - pixels
        pixels[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = (220, 30, 30)
        return pixels
    left = number * side // 3 % max(1, width - side)
    pixels[height // 3 : height // 3 + side, left : left + side] = (40, 90 + 4 * number % 120, 200)
    return pixels


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
