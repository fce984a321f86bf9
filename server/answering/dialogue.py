"""The turns of one question: what was asked, and between the model's words its calls and what came of them. Pure.

A round is one question to the engine. A question without tools has one; a server-side call makes another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from askcam.client.protocol import CalledTool
from askcam.engine.calls import Call, CallParser, call_schema
from askcam.engine.question import Form, Message, Question, Role, Sampling, Text
from askcam.server.errors import Internal, Invalid
from askcam.server.given_names import quoted
from askcam.server.steps import Ask
from askcam.server.tools.base import CallLimits
from askcam.stream.zones import window_name


class Dialogue:
    """Owned by the event loop.

    `server` are the signatures of the server-side tools that the question is offered, as chat templates take them. A
    function of the client's hides one of the same name.
    """

    def __init__(
        self,
        ask: Ask,
        messages: Sequence[Message],
        server: Sequence[Mapping[str, Any]],
        limits: CallLimits,
        failed_call: str = "",
    ) -> None:
        """`failed_call`: as ModelInfo has it; a model that knows one error only would make up an answer to another.

        Raises Invalid for a tool_choice that nothing fits.
        """
        client = {_name(tool): tool for tool in ask.tools}
        own = [tool for tool in server if _name(tool) not in client]
        self.tools = () if ask.choice.mode == "none" else (*client.values(), *own)
        self._ask, self._client, self._limits, self._failed_call = ask, client, limits, failed_call
        self.messages = tuple(messages)
        self.loose = False  # free calls need not fit their tools' schemas
        self.quiet = False  # the model's words are not passed on, only its calls
        self.must: str | None = None  # the tool that this round must call, whatever the client chose
        self.left: tuple[Call, ...] = ()  # the client's calls of a round after which the model is not asked again
        self.num_rounds = 0  # that are over
        self._used = 0  # tokens of them
        self._told: list[str] = []  # words of all rounds
        self._words: list[str] = []  # of this one
        self._calls: list[Call] = []  # of this one
        self._parser = CallParser(self.tools)
        if ask.choice.mode == "required":
            known = {_name(tool) for tool in self.tools}
            if not known:
                raise Invalid("tool_choice wants a call, and there are no tools: give some", "tool_choice")
            if ask.choice.name is not None and ask.choice.name not in known:
                raise Invalid(
                    f"tool_choice names {quoted(ask.choice.name)}; the tools are {', '.join(sorted(known))}",
                    "tool_choice",
                )

    @property
    def text(self) -> str:
        """All words so far."""
        return "".join(self._told)

    @property
    def last(self) -> bool:
        """Whether this round's calls can no longer be carried out here."""
        return self.num_rounds >= self._limits.max_rounds

    def question(self, trace: bool) -> Question:
        """What the engine is asked in this round."""
        ask = self._ask
        return Question(
            self.messages,
            None if ask.camera is None else window_name(ask.camera, ask.zone),
            self.sampling(),
            ask.max_age_s,
            self.tools,
            trace,
            thinking=bool(ask.thinking),
            asker=ask.client.key,
        )

    def sampling(self) -> Sampling:
        sampling = self._ask.sampling
        left = sampling.max_tokens - self._used
        form, choice, tools = sampling.response_format, self._ask.choice, self.tools
        if self.must is not None:
            form = Form(None, call_schema([tool for tool in tools if _name(tool) == self.must]))
        elif tools and choice.mode == "required" and self.num_rounds == 0:
            wanted = [tool for tool in tools if choice.name in (None, _name(tool))]
            form = Form(None, call_schema(wanted), many=self._ask.parallel and choice.name is None)
        elif tools and form is not None and not self.last:
            form = Form(form.schema, call_schema(tools), many=self._ask.parallel)
        elif tools and form is None:  # whatever the model calls is a tool that there is, with arguments that fit
            form = Form(None, call_schema(tools, loose=self.loose), many=self._ask.parallel, words=True)
        least = min(sampling.min_tokens, left)
        return replace(sampling, max_tokens=left, min_tokens=least, response_format=form)

    def hear(self, text: str) -> list[str | Call]:
        """Some more of what the model says in this round: its words, to be passed on, and its calls."""
        return self._heard([text] if not self.tools else self._parser.feed(text))

    def end(self, num_tokens: int, *, whole: bool) -> list[str | Call]:
        """The round is over, after `num_tokens`. Not `whole`: a call that was cut off is none."""
        self._used += num_tokens
        rest = self._parser.finish()
        if not whole:
            rest = [part for part in rest if isinstance(part, str) or part.problem is None]
        return self._heard(rest)

    def _heard(self, parts: Sequence[str | Call]) -> list[str | Call]:
        out: list[str | Call] = []
        for part in parts:
            if self.quiet and isinstance(part, str):
                continue
            if isinstance(part, Call):
                if self._calls and not self._ask.parallel:
                    continue
                self._calls.append(part)
            elif part:
                if self._told and not self._words:
                    part = "\n" + part  # behind the words of an earlier round
                self._told.append(part)
                self._words.append(part)
            out += [part] if part else []
        return out

    def say(self, text: str) -> str:
        """Words that are not the model's, as they are passed on: up to the first of the question's stop strings."""
        for stop in self._ask.sampling.stop:
            text = text.partition(stop)[0]
        if self._told and text:
            text = "\n" + text
        self._told.append(text)
        return text

    def theirs(self, call: Call) -> bool:
        """Whether it calls a function of the client's."""
        return call.name in self._client

    @property
    def here(self) -> tuple[Call, ...]:
        """This round's calls that are to be carried out here, those that nothing can be done about among them."""
        calls = tuple(call for call in self._calls if not self.theirs(call))
        if calls and self.last:
            if not self._words:
                raise _too_many(self._limits.max_rounds)
            return ()
        return calls

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls of this round."""
        return tuple(self._calls)

    @property
    def handed_over(self) -> tuple[Call, ...]:
        """The client's calls of this round. They wait where others are carried out here: the model is asked again."""
        return self.left if self.here or self.left else tuple(call for call in self._calls if self.theirs(call))

    def returned(self, results: Sequence[CalledTool]) -> None:
        """What the calls `here` brought; the next round begins."""
        words = "".join(self._words).strip()
        self.left = ()
        turns = tuple(call.turn() for call in self.here)
        self.messages += (Message(Role.ASSISTANT, (Text(words),) if words else (), turns),)
        self.messages += tuple(Message(Role.TOOL, (Text(self._said(result)),)) for result in results)
        self.num_rounds += 1
        self.quiet, self.must = False, None
        self._words, self._calls, self._parser = [], [], CallParser(self.tools)

    @property
    def spent(self) -> bool:
        """No tokens are left for another round."""
        return self._used >= self._ask.sampling.max_tokens

    def _said(self, result: CalledTool) -> str:
        """What the model reads of a call."""
        if result.error is None:
            return result.output or ""
        if self._failed_call:
            return json.dumps({"error": self._failed_call})
        return json.dumps({"error": result.error.code, "message": result.error.message}, ensure_ascii=False)


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool["function"]["name"])


def _too_many(rounds: int) -> Internal:
    return Internal(
        f"the model went on calling tools after {rounds} rounds and gave no answer; ask in another way, with fewer "
        "tools, or raise max_rounds under [tools]",
        code="too_many_calls",
        try_again=False,
    )
