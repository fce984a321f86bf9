"""What comes back: the bytes of a stream of events become deltas of an answer. Pure."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from askcam.engine.errors import EngineFailure
from askcam.engine.question import TokenLogprob, Usage

MAX_EVENT_BYTES = 4 << 20  # one with 20 logprobs of a token has a few kilobytes
DONE = "[DONE]"
UNTOLD = -1  # the id of a token of which only the text is told
LEAST = -9999.0  # a logprob, where none is told: no infinity fits into JSON
BROKEN_OFF = {  # reasons by which servers say that an answer is none
    "abort": "it broke the answer off",
    "error": "it failed",
    "content_filter": "it holds the answer back (content_filter)",
}


@dataclass(frozen=True, slots=True)
class CallDelta:
    """Some more of the call with that number."""

    index: int
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """What one chunk says. `usage`: of the whole, as far as it is told."""

    text: str = ""
    thought: str = ""
    calls: tuple[CallDelta, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    reason: str | None = None
    usage: Usage | None = None

    @property
    def says(self) -> bool:
        """Whether there is something of the answer in it."""
        return bool(self.text or self.thought or self.calls)


class EventReader:
    """Server-sent events out of bytes, however they are cut. Holds the beginning of one event, which is bounded."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """Some more bytes; returns the data of the events that they complete. Raises EngineFailure."""
        found: list[str] = []
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.removesuffix(b"\r"), found)
        self._bound(len(self._rest))
        return found

    def finish(self) -> list[str]:
        """The bytes are over: an event that lacks its empty line, if there is one."""
        found: list[str] = []
        rest, self._rest = self._rest, b""
        self._line(rest.removesuffix(b"\r"), found)
        self._line(b"", found)
        return found

    def _line(self, line: bytes, found: list[str]) -> None:
        if not line:
            if self._data:
                found.append("\n".join(self._data))
            self._data, self._size = [], 0
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._size += len(value)
            self._bound(0)
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))

    def _bound(self, more: int) -> None:
        if self._size + more > MAX_EVENT_BYTES:
            raise EngineFailure(f"the model server sent an event of more than {MAX_EVENT_BYTES >> 20} MiB")


def read_chunk(data: str) -> AnswerDelta:
    """One chunk of a streamed completion. Raises EngineFailure for one that tells of an error, or is none."""
    chunk = read_object(data)
    if chunk.get("error"):
        raise EngineFailure(f"the model server failed while answering: {told(chunk)}")
    usage = read_usage(chunk.get("usage"))
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return AnswerDelta(usage=usage)
    choice = choices[0]
    delta = choice.get("delta")
    delta = delta if isinstance(delta, Mapping) else {}
    reason = choice.get("finish_reason")
    return AnswerDelta(
        text=_text(delta.get("content")),
        thought=_text(delta.get("reasoning_content") or delta.get("reasoning")),
        calls=_calls(delta.get("tool_calls")),
        logprobs=read_logprobs(choice),
        reason=reason if isinstance(reason, str) else None,
        usage=usage,
    )


def read_object(data: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises EngineFailure."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise EngineFailure(f"the model server sent what is no JSON: {str(data[:80])!r}") from exc
    if not isinstance(found, dict):
        raise EngineFailure(f"the model server sent {type(found).__name__} where an object was due")
    return found


def read_logprobs(choice: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    """Those of a choice's tokens, each with the likeliest in its place."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return tuple(_logprob(each) for each in _list(content) if isinstance(each, Mapping))


def read_usage(usage: Any) -> Usage | None:
    """The vision tokens are not told by it."""
    if not isinstance(usage, Mapping):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(_count(usage.get("prompt_tokens")), 0, _count(cached), _count(usage.get("completion_tokens")))


def told(body: Mapping[str, Any]) -> str:
    """What a server says went wrong, wherever it says it; one line of it."""
    found: Any = body.get("error", body.get("detail", body.get("message", "")))
    if isinstance(found, Mapping):
        found = found.get("message", found)
    return " ".join(str(found).split())[:500]


def _logprob(one: Mapping[str, Any]) -> TokenLogprob:
    token = _text(one.get("token"))
    raw, value = one.get("bytes"), one.get("logprob")
    number = token.removeprefix("token_id:")  # vLLM's return_tokens_as_token_ids
    return TokenLogprob(
        int(number) if number != token and number.isdigit() else UNTOLD,
        token,
        _bytes(raw, token),
        float(value) if isinstance(value, int | float) and not math.isnan(value) else LEAST,
        tuple(_logprob(each) for each in _list(one.get("top_logprobs")) if isinstance(each, Mapping)),
    )


def _calls(calls: Any) -> tuple[CallDelta, ...]:
    found = []
    for number, call in enumerate(_list(calls)):
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            index, arguments = call.get("index", number), function.get("arguments")
            written = arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)
            found.append(CallDelta(index if isinstance(index, int) else number, _text(function.get("name")), written))
    return tuple(found)


def _bytes(raw: Any, token: str) -> bytes:
    if isinstance(raw, list) and all(isinstance(one, int) and 0 <= one < 256 for one in raw):
        return bytes(raw)
    return token.encode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
