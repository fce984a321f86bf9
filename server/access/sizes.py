"""How large one question may be, counted as it came, before anything is made of it: pictures decoded, words tokenized,
a place in the queue taken. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from askcam.engine.question import Message, Text
from askcam.server.errors import Invalid
from askcam.server.nesting import shallow

MAX_MESSAGES = 1024
MAX_PARTS = 2048  # of all messages
MAX_VALUES = 65_536  # of one JSON text: 10 to 20 ms of decoding
MAX_DEPTH = 220  # of JSON that is handed on as it is: schemas; each schema in a schema is two levels
TOOLS = 2  # times as much text as the question's may all its tools be


class Size:
    """What a question brings, counted piece by piece; each method raises Invalid at the one too many."""

    def __init__(self, max_chars: int, param: str) -> None:
        """`param`: the wire's name of what holds the messages."""
        self._max_chars, self._param = max_chars, param
        self.num_chars = self.num_messages = self.num_parts = 0

    def messages(self, num: int) -> None:
        self.num_messages += num
        if self.num_messages > MAX_MESSAGES:
            raise Invalid(
                f"{self._param!r} has {self.num_messages} messages; at most {MAX_MESSAGES} are read: leave old ones "
                "out",
                self._param,
                "too_many_messages",
            )

    def parts(self, num: int) -> None:
        self.num_parts += num
        if self.num_parts > MAX_PARTS:
            raise Invalid(
                f"{self._param!r} has more than {MAX_PARTS} parts in all: send texts that belong together as one",
                self._param,
                "too_many_parts",
            )

    def texts(self, texts: Iterable[str | None], *, named: bool = False) -> None:
        """`named`: one that is too long by itself is passed over, since whoever reads it names its place."""
        for text in texts:
            num_chars = len(text or "")
            self.num_chars += 0 if named and num_chars > self._max_chars else num_chars
        if self.num_chars > self._max_chars:
            raise Invalid(
                f"the question has {self.num_chars:,} characters of text in all; at most {self._max_chars:,} are "
                "read: shorten it, leave old turns out, or raise limits.max_question_chars",
                self._param,
                "string_above_max_length",
            )


def check_messages(messages: Sequence[Message], max_chars: int, param: str) -> None:
    """A whole question, whatever protocol it came by. Raises Invalid."""
    size = Size(max_chars, param)
    size.messages(len(messages))
    for message in messages:
        size.parts(len(message.parts))
        size.texts(part.text for part in message.parts if isinstance(part, Text))
        for call in message.tool_calls:
            check_depth(call, param)
        size.texts(msgspec.json.encode(call).decode() for call in message.tool_calls)


def check_tools(tools: Sequence[Mapping[str, Any]], max_chars: int) -> None:
    """Signatures as a question carries them: the model reads every letter. Raises Invalid."""
    for tool in tools:
        check_depth(tool, "tools")
    num_chars = sum(len(msgspec.json.encode(tool)) for tool in tools)
    if num_chars > TOOLS * max_chars:
        raise Invalid(
            f"the tools take {num_chars:,} characters; at most {TOOLS * max_chars:,} are read: offer fewer, with "
            "shorter descriptions and plainer parameters",
            "tools",
            "string_above_max_length",
        )


def check_values(data: bytes | str) -> None:
    """Count the values in a JSON text, roughly, before any is made: a million of them hold up everybody. What is long
    and allowed, pictures and words, has few. Raises Invalid."""
    if isinstance(data, str):
        num = data.count("{") + data.count("[") + data.count(",")
    else:
        num = data.count(b"{") + data.count(b"[") + data.count(b",")
    if num > MAX_VALUES:
        raise Invalid(
            f"the body holds about {num:,} values; at most {MAX_VALUES:,} are read: send less", None, "too_many_values"
        )


def check_depth(value: Any, param: str) -> None:
    """JSON that is not nested so deeply that whoever walks through it falls. Raises Invalid."""
    if not shallow(value, MAX_DEPTH):
        raise Invalid(f"{param!r} is nested more than {MAX_DEPTH} deep: send a plainer one", param)
