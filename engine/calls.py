"""Tool calls in Qwen's convention, as Qwen2.5's chat templates and Qwen-Agent write them. Pure.

The model is told of its tools between <tools> and </tools> in the system prompt, calls one by writing
<tool_call>{"name": ..., "arguments": {...}}</tool_call>, and reads what came of it between <tool_response> and
</tool_response> in a user turn. Qwen3.5 writes tags between the markers instead of JSON (tagged_calls.py).
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from askcam.engine import tagged_calls
from askcam.engine.tagged_calls import moved

OPEN, CLOSE = "<tool_call>", "</tool_call>"
MAX_CALL_CHARS = 32_768  # of one call; what is longer is broken
MARKERS = (OPEN, CLOSE, "<tool_response>", "</tool_response>", "<tools>", "</tools>")  # nobody else may write them
TAGS = ("<function=", "</function>", "<parameter=", "</parameter>")  # likewise, where a template wants calls in tags


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

    Words that may turn out to begin a call are held back until it is clear, as is white space: that before a call and
    behind the last one is left out.
    """

    def __init__(self, tools: Sequence[Mapping[str, Any]] = ()) -> None:
        """`tools`: those that may be called; what a call in tags means follows from their schemas."""
        functions = [tool["function"] for tool in tools]
        self._schemas = {function["name"]: function.get("parameters") or {} for function in functions}
        self._text = ""  # not read yet
        self._inside = False
        self._blank = ""  # white space that is told if words follow
        self._behind = False  # a call, and no words since
        self.num_calls = 0

    def feed(self, text: str) -> list[str | Call]:
        """Some more text; whole characters."""
        self._text += text
        out: list[str | Call] = []
        while self._inside or OPEN in self._text:
            if not self._inside:
                words, _, self._text = self._text.partition(OPEN)
                self._say(words, out)
                self._blank, self._inside = "", True
            body, found, rest = self._text.partition(CLOSE)
            if not found:
                return out
            self._end(body, rest, out)
        keep = _begins(self._text)
        words, self._text = self._text[: len(self._text) - keep], self._text[len(self._text) - keep :]
        self._say(words, out)
        return out

    def finish(self) -> list[str | Call]:
        """The answer is over: what was held back. A call without its end is read if its JSON is whole."""
        out: list[str | Call] = []
        if self._inside:
            self._end(self._text, "", out)
        else:
            self._say(self._text, out)
            if self._blank and not self.num_calls:  # an answer without calls is told as it is
                out.append(self._blank)
        self._text = self._blank = ""
        return out

    def _end(self, body: str, rest: str, out: list[str | Call]) -> None:
        self.num_calls += 1
        self._text, self._inside, self._behind = rest, False, True
        out.append(read_call(body, self._schemas))

    def _say(self, words: str, out: list[str | Call]) -> None:
        words = words.lstrip() if self._behind else self._blank + words
        told = words.rstrip()
        self._blank = words[len(told) :]
        if told:
            self._behind = False
            out.append(told)


def call_schema(tools: Sequence[Mapping[str, Any]], *, loose: bool = False) -> str:
    """The JSON Schema, as JSON, of a call of one of these tools, which are written as OpenAI and chat templates do.

    `loose`: the arguments may be any object.
    """
    wanted = []
    for number, tool in enumerate(tools):
        function = tool["function"]
        given = {"type": "object"} if loose else function.get("parameters") or {"type": "object", "properties": {}}
        given = {key: value for key, value in given.items() if key not in ("$schema", "$id")}
        place = f"#/anyOf/{number}/properties/arguments"
        wanted.append(
            {
                "type": "object",
                "properties": {"name": {"const": function["name"]}, "arguments": moved(given, place)},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return json.dumps({"anyOf": wanted})


def _begins(words: str) -> int:
    """How many characters at the end of `words` may begin a call."""
    return next((n for n in range(min(len(OPEN) - 1, len(words)), 0, -1) if OPEN.startswith(words[-n:])), 0)


def read_call(body: str, schemas: Mapping[str, Mapping[str, Any]] | None = None) -> Call:
    """What stands between the markers. `schemas`: of tools' arguments, by name. Never raises: what cannot be read has a
    problem."""
    text = body.strip()
    if len(text) > MAX_CALL_CHARS:
        return Call("", "{}", problem=f"the call has {len(text)} characters, at most {MAX_CALL_CHARS} are read")
    if text.startswith(tagged_calls.BEGIN):
        try:
            called, values = tagged_calls.read(text, schemas or {})
        except ValueError as exc:
            return Call("", text, problem=f"the call is not well formed: {exc}")
        return Call(called, json.dumps(values, ensure_ascii=False))
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
    try:
        written = json.dumps(arguments, ensure_ascii=False)
    except RecursionError:
        return Call(name, "{}", problem="the arguments are nested too deeply")
    return Call(name, written, problem=None if isinstance(arguments, dict) else "the arguments are not a JSON object")
