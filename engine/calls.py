"""Tool calls in Qwen's convention, as Qwen2.5's chat templates and Qwen-Agent write them. Pure.

The model is told of its tools between <tools> and </tools> in the system prompt, calls one by writing
<tool_call>{"name": ..., "arguments": {...}}</tool_call>, and reads what came of it between <tool_response> and
</tool_response> in a user turn.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPEN, CLOSE = "<tool_call>", "</tool_call>"
MAX_CALL_CHARS = 32_768  # of one call; what is longer is broken
MARKERS = re.compile(r"<(/?tool(?:s|_call|_response))>")


def new_call_id() -> str:
    return "call_" + secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `arguments` is the JSON text of an object; `problem` says why it could not be read as one."""

    name: str
    arguments: str
    id: str = field(default_factory=new_call_id)
    problem: str | None = None

    def values(self) -> Mapping[str, Any]:
        """The arguments. Only without a problem."""
        assert self.problem is None, self.problem
        found: dict[str, Any] = json.loads(self.arguments)
        return found

    def turn(self) -> dict[str, Any]:
        """As a Message's tool_calls hold it, which chat templates write out again."""
        given: Any = self.arguments if self.problem is not None else self.values()
        return {"type": "function", "function": {"name": self.name, "arguments": given}}


class CallParser:
    """Takes an answer's text as it grows and gives its words and its calls, in order.

    Words that may turn out to begin a call are held back until it is clear. White space around calls is left out.
    """

    def __init__(self) -> None:
        self._held = ""  # not told yet
        self._inside = False
        self._gap = ""  # white space that is told only if more words follow
        self.num_calls = 0

    def feed(self, text: str) -> list[str | Call]:
        """Some more text; whole characters."""
        self._held += text
        out: list[str | Call] = []
        while True:
            if self._inside:
                body, found, rest = self._held.partition(CLOSE)
                if not found and len(self._held) <= MAX_CALL_CHARS:
                    return out
                if not found:
                    body, rest = self._held, ""
                out.append(self._call(body))
                self._held, self._inside = rest, False
            else:
                words, found, rest = self._held.partition(OPEN)
                if found:
                    self._say(words, out)
                    self._gap = ""
                    self._held, self._inside = rest, True
                else:
                    keep = _begins(words)
                    self._say(words[: len(words) - keep], out)
                    self._held = words[len(words) - keep :]
                    return out

    def finish(self) -> list[str | Call]:
        """The answer is over: what was held back. A call without its end is read if its JSON is whole."""
        held, self._held = self._held, ""
        out: list[str | Call] = []
        if self._inside:
            self._inside = False
            out.append(self._call(held))
        elif held or (self._gap and not self.num_calls):
            self._say(held, out)
            if self._gap and not self.num_calls:
                out.append(self._gap)
        self._gap = ""
        return out

    def _say(self, words: str, out: list[str | Call]) -> None:
        if self.num_calls and not self._gap and not words.strip():
            return  # between calls, or behind the last
        whole = self._gap + words
        told = whole.rstrip()
        self._gap = whole[len(told) :]
        if self.num_calls and told:
            told = told.lstrip() if told == whole.strip() and whole[:1].isspace() else told
        if told:
            out.append(told)

    def _call(self, body: str) -> Call:
        self.num_calls += 1
        return read_call(body)


def _begins(words: str) -> int:
    """How many characters at the end of `words` may begin a call."""
    return next((n for n in range(min(len(OPEN) - 1, len(words)), 0, -1) if OPEN.startswith(words[-n:])), 0)


def read_call(body: str) -> Call:
    """What stands between the markers. Never raises: what cannot be read has a problem."""
    text = body.strip()
    if len(text) > MAX_CALL_CHARS:
        return Call("", "{}", problem=f"the call has {len(text)} characters, at most {MAX_CALL_CHARS} are read")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        return Call("", text, problem=f"the call is not JSON: {exc}")
    name = found.get("name") if isinstance(found, dict) else None
    if not isinstance(name, str) or not name:
        return Call("", text, problem='the call names no function: {"name": ..., "arguments": {...}}')
    arguments = found.get("arguments", {})
    if isinstance(arguments, str):  # some models write them as text
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError) as exc:
            return Call(name, arguments, problem=f"the arguments are not JSON: {exc}")
    if not isinstance(arguments, dict):
        return Call(name, json.dumps(arguments), problem="the arguments are not a JSON object")
    return Call(name, json.dumps(arguments, ensure_ascii=False))


def tamed(text: str) -> str:
    """`text` from outside, with the convention's markers taken apart: "<tool_call>" becomes "< tool_call>"."""
    return MARKERS.sub(r"< \1>", text)
