"""A model's chat template: what it knows of tools and thoughts, and a conversation in its words."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from askcam.engine.thoughts import THINK, THOUGHT
from askcam.engine.tool_turns import Turn, without_tools

TAGGED = "<function="  # by which templates show that they want calls as tags, not as JSON

ASKED: Turn = {"role": "user", "content": "?"}
TOOL_NAME = "a_tool_to_be_found"
TOOL = {"type": "function", "function": {"name": TOOL_NAME, "description": "", "parameters": {}}}


class ChatTemplate:
    """One model's. Any thread."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def text(self, messages: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), *, thinking: bool = False) -> str:
        """The conversation up to where the answer begins. Without `thinking` no thought is left open there."""
        turns = list(messages)
        if not self.knows_tools and (tools or any(m["role"] == "tool" or "tool_calls" in m for m in turns)):
            turns, tools = without_tools(turns, tools), ()
        text = self._applied(turns, tools, enable_thinking=thinking)
        if not thinking and _opens(text):  # a template of a model that always thinks
            text = text.rstrip() + f"\n\n{THOUGHT}\n\n"
        return text

    def calls(self, calls: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Earlier calls as it can write them: one that tags arguments can't write a text down."""
        return [_with_object(call) for call in calls] if self.tags_calls else list(calls)

    @functools.cached_property
    def knows_tools(self) -> bool:
        """Whether it writes tools down."""
        return TOOL_NAME in self._with_a_tool

    @functools.cached_property
    def tags_calls(self) -> bool:
        """Whether it wants a call as <function=name> with its arguments in tags of their own, not as JSON."""
        return TAGGED in self._with_a_tool

    @functools.cached_property
    def thinks(self) -> bool:
        """Whether its model can be told to think before it answers, or does so always."""
        thinking = self._applied([ASKED], (), enable_thinking=True)
        return _opens(thinking) or thinking != self._applied([ASKED], (), enable_thinking=False)

    @functools.cached_property
    def opens_thoughts(self) -> bool:
        """Whether an answer with thinking begins inside a thought: the prompt has begun it."""
        return _opens(self._applied([ASKED], (), enable_thinking=True))

    @functools.cached_property
    def _with_a_tool(self) -> str:
        """A template may fail at what it doesn't know."""
        try:
            return self._applied([ASKED], [TOOL])
        except Exception:  # jinja's own, or whatever the template raises
            return ""

    def _applied(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]], **more: bool) -> str:
        known = {name: value for name, value in more.items() if name in self._source}  # of others transformers warns
        text: str = self._processor.apply_chat_template(
            list(turns), tools=list(tools) or None, tokenize=False, add_generation_prompt=True, **known
        )
        return text

    @functools.cached_property
    def _source(self) -> str:
        """The template itself; all of them, where there are several."""
        return str(self._processor.chat_template)


def _opens(text: str) -> bool:
    return text.rstrip().endswith(THINK)


def _with_object(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function", call)
    given = function["arguments"]
    if isinstance(given, str):
        try:
            found = json.loads(given)
        except (ValueError, RecursionError):
            found = None
        given = found if isinstance(found, dict) else {"arguments": given}
    written = {**function, "arguments": given}
    return {**call, "function": written} if "function" in call else written
