"""Writes one answer as a response, or as the events of its stream, in OpenAI's words."""

import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any

import msgspec

from askcam.client.protocol import Saw, encode
from askcam.engine.question import Reason, TokenLogprob, Usage
from askcam.server.errors import Refusal, TooMany
from askcam.server.openai.chat.shapes import TokenChance, TokenChances
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.items import InputItem, said
from askcam.server.openai.responses.shapes import (
    IncompleteDetails,
    OutputCall,
    OutputMessage,
    OutputReasoning,
    OutputText,
    ReadTokens,
    ReasoningText,
    ReasoningTokens,
    Response,
    ResponseEvent,
    ResponseProblem,
    ResponseUsage,
    Status,
)
from askcam.server.steps import Done, SeenStep, Step, TextDelta, ThoughtDelta

LEAST = -9999.0  # OpenAI's word for "very unlikely"; JSON has no minus infinity
BEGUN: Status = "in_progress"


class ResponseWriter:
    """begin(), step() for each step but the last, then done() or failed(); or whole() alone. `response` is what it has
    come to so far."""

    def __init__(self, body: ResponseRequest) -> None:
        self._with_logprobs = body.with_logprobs
        self._tail = secrets.token_hex(24)  # unguessable, since whoever knows it may read the response
        self._number = 0
        self._thought: OutputReasoning | None = None
        self._message: OutputMessage | None = None
        self._at = 0  # of the message, in the output
        self.response = _begun(body, f"resp_{self._tail}")

    def whole(self, done: Done) -> Response:
        """All of it at once."""
        self.done(done)
        return self.response

    def items(self) -> tuple[InputItem, ...]:
        """What was answered, as the next question has it before it."""
        return tuple(
            said(item.content[0].text, item.id)
            if isinstance(item, OutputMessage)
            else InputItem("function_call", call_id=item.call_id, name=item.name, arguments=item.arguments, id=item.id)
            for item in self.response.output
            if not isinstance(item, OutputReasoning)
        )

    def begin(self) -> list[ResponseEvent]:
        return [self._event(f"response.{kind}", response=self._now()) for kind in ("created", "in_progress")]

    def step(self, step: Step) -> list[ResponseEvent]:
        match step:
            case ThoughtDelta():
                return self._thinking(step.text)
            case TextDelta():
                message, events = self._opened()
                part = message.content[0]
                part.text += step.text
                logprobs = self._logprobs(step.logprobs)
                part.logprobs += logprobs
                at = {"item_id": message.id, "output_index": self._at, "content_index": 0}
                return [*events, self._event("response.output_text.delta", **at, delta=step.text, logprobs=logprobs)]
            case SeenStep(saw=saw):
                self.response.askcam = saw
        return []

    def done(self, done: Done) -> list[ResponseEvent]:
        cut = done.reason is Reason.LENGTH
        events: list[ResponseEvent] = []
        if done.thought and not any(isinstance(item, OutputReasoning) for item in self.response.output):
            events += self._thinking(done.thought)
        events += self._thought_over("incomplete" if cut and not done.text else "completed")
        if done.text or not done.calls:
            message, events = self._opened()
            message.content[0].text = done.text
            message.content[0].logprobs = self._logprobs(done.logprobs)
            events += self._closed(message, "incomplete" if cut else "completed")
        for call in done.calls:
            made = OutputCall(f"fc_{secrets.token_hex(24)}", call.id, call.name, call.arguments, "completed")
            events += self._called(made)
        self.response.usage = usage(done.usage)
        return [*events, self._over("incomplete" if cut else "completed", done.saw)]

    def failed(self, error: Refusal) -> list[ResponseEvent]:
        """It broke off after it had begun."""
        code: Any = "rate_limit_exceeded" if isinstance(error, TooMany) else "server_error"
        self.response.error = ResponseProblem(code, error.message)
        events = self._thought_over("incomplete")
        if self._message is not None:
            events += self._closed(self._message, "incomplete")
        return [*events, self._over("failed", self.response.askcam)]

    def _thinking(self, text: str) -> list[ResponseEvent]:
        """Some more of a thought, and what is told if it begins here."""
        events: list[ResponseEvent] = []
        if self._thought is None:
            self._thought = OutputReasoning(f"rs_{secrets.token_hex(24)}", BEGUN, [ReasoningText("")])
            self.response.output.append(self._thought)
            events.append(
                self._event(
                    "response.output_item.added",
                    output_index=len(self.response.output) - 1,
                    item=msgspec.structs.replace(self._thought, content=[]),
                )
            )
        self._thought.content[0].text += text
        at = {"item_id": self._thought.id, "output_index": len(self.response.output) - 1, "content_index": 0}
        return [*events, self._event("response.reasoning_text.delta", **at, delta=text)]

    def _thought_over(self, status: Status) -> list[ResponseEvent]:
        """The end of a thought, if one is under way: it is the last of the output."""
        thought, self._thought = self._thought, None
        if thought is None:
            return []
        thought.status = status
        index = len(self.response.output) - 1
        at = {"item_id": thought.id, "output_index": index, "content_index": 0}
        return [
            self._event("response.reasoning_text.done", **at, text=thought.content[0].text),
            self._event("response.output_item.done", output_index=index, item=thought),
        ]

    def _opened(self) -> tuple[OutputMessage, list[ResponseEvent]]:
        """The message that takes the words, and what is told if it begins here."""
        if self._message is not None:
            return self._message, []
        events = self._thought_over("completed")
        self._at = len(self.response.output)
        message = self._message = OutputMessage(f"msg_{self._tail}", BEGUN, [])
        self.response.output.append(message)
        events.append(self._event("response.output_item.added", output_index=self._at, item=_copy(message)))
        message.content.append(OutputText("", logprobs=[]))
        at = {"item_id": message.id, "output_index": self._at, "content_index": 0}
        events.append(self._event("response.content_part.added", **at, part=_copy(message.content[0])))
        return message, events

    def _closed(self, message: OutputMessage, status: Status) -> list[ResponseEvent]:
        message.status = status
        part = message.content[0]
        at = {"item_id": message.id, "output_index": self._at, "content_index": 0}
        return [
            self._event("response.output_text.done", **at, text=part.text, logprobs=part.logprobs),
            self._event("response.content_part.done", **at, part=part),
            self._event("response.output_item.done", output_index=self._at, item=message),
        ]

    def _called(self, call: OutputCall) -> list[ResponseEvent]:
        index = len(self.response.output)
        self.response.output.append(call)
        at = {"item_id": call.id, "output_index": index}
        begun = msgspec.structs.replace(call, arguments="", status=BEGUN)
        kind = "response.function_call_arguments"
        return [
            self._event("response.output_item.added", output_index=index, item=begun),
            self._event(f"{kind}.delta", **at, delta=call.arguments),
            self._event(f"{kind}.done", **at, name=call.name, arguments=call.arguments),
            self._event("response.output_item.done", output_index=index, item=call),
        ]

    def _over(self, status: Any, saw: Saw | None) -> ResponseEvent:
        self.response.status = status
        self.response.askcam = saw
        if status == "incomplete":
            self.response.incomplete_details = IncompleteDetails("max_output_tokens")
        return self._event(f"response.{status}", response=self.response)

    def _now(self) -> Response:
        return msgspec.structs.replace(self.response, output=[])

    def _event(self, kind: Any, **fields: Any) -> ResponseEvent:
        event = ResponseEvent(kind, self._number, **fields)
        self._number += 1
        return event

    def _logprobs(self, given: tuple[TokenLogprob, ...]) -> list[TokenChances]:
        if not self._with_logprobs:
            return []
        return [
            TokenChances(one.text, max(one.logprob, LEAST), _bytes(one), [_chance(other) for other in one.top])
            for one in given
        ]


def usage(count: Usage) -> ResponseUsage:
    """OpenAI's ResponseUsage."""
    return ResponseUsage(
        input_tokens=count.prompt_tokens,
        input_tokens_details=ReadTokens(count.cached_tokens),
        output_tokens=count.completion_tokens,
        output_tokens_details=ReasoningTokens(),
        total_tokens=count.prompt_tokens + count.completion_tokens,
    )


def _begun(body: ResponseRequest, response_id: str) -> Response:
    """What was asked is told back."""
    form = None if body.text is None else body.text.format
    choice = body.tool_choice or "auto"
    return Response(
        id=response_id,
        created_at=int(time.time()),
        model=body.model,
        status="in_progress",
        output=[],
        instructions=body.instructions,
        max_output_tokens=body.max_output_tokens,
        metadata=body.metadata or {},
        parallel_tool_calls=body.parallel_tool_calls is not False,
        previous_response_id=body.previous_response_id,
        store=body.store is not False,
        temperature=body.temperature,
        text={"format": {"type": "text"} if form is None else msgspec.to_builtins(form)},
        tool_choice=choice if isinstance(choice, str) else msgspec.to_builtins(choice),
        tools=[msgspec.to_builtins(tool) for tool in body.tools or ()],
        top_p=body.top_p,
        truncation="auto" if body.truncation == "auto" else "disabled",
    )


def _copy(value: Any) -> Any:
    """As it is now: what is told first must not change before it is sent."""
    if isinstance(value, OutputMessage):
        return msgspec.structs.replace(value, content=list(value.content))
    return msgspec.structs.replace(value)


def _chance(one: TokenLogprob) -> TokenChance:
    return TokenChance(one.text, max(one.logprob, LEAST), _bytes(one))


def _bytes(one: TokenLogprob) -> list[int] | None:
    return None if one.raw is None else list(one.raw)


async def events(
    first: Step, steps: AsyncGenerator[Step, None], writer: ResponseWriter, keep: Callable[[], None]
) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(steps):
        yield _sse(writer.begin())
        try:
            yield _told(first, writer, keep)
            if not isinstance(first, Done):
                async for step in steps:
                    yield _told(step, writer, keep)
        except Refusal as exc:  # the status line is gone
            yield _sse(writer.failed(exc))


def _told(step: Step, writer: ResponseWriter, keep: Callable[[], None]) -> bytes:
    if not isinstance(step, Done):
        return _sse(writer.step(step))
    events = _sse(writer.done(step))
    keep()  # before its end is told: the next question may follow at once
    return events


def _sse(events: Iterable[ResponseEvent]) -> bytes:
    return b"".join(b"event: " + event.type.encode() + b"\ndata: " + encode(event) + b"\n\n" for event in events)
