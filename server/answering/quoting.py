"""What tools brought, in plain words and as it is: for a model that would make something else of it. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from askcam.client.protocol import CalledTool
from askcam.engine.question import Message, Role, Text
from askcam.server.answering.notes import language

MOST = 600  # characters of one result
MOST_NAME = 64
MOST_RESULTS = 16  # the rest is counted
MOST_READ = 100_000  # characters of a result that are read as JSON; longer ones are quoted from their beginning
WORDS = {
    "en": {
        "says": "{name} says: {text}",
        "nothing": "{name} says nothing.",
        "failed": "{name} failed: {text}",
        "tool": "The tool",
        "more": "{n} more results are left out.",
        "yes": "yes",
        "no": "no",
        "none": "nothing",
        "then": ": ",
        "and": ", ",
    },
    "zh": {
        "says": "{name} 返回：{text}",
        "nothing": "{name} 没有返回内容。",
        "failed": "{name} 失败：{text}",
        "tool": "工具",
        "more": "还有 {n} 条结果未列出。",
        "yes": "是",
        "no": "否",
        "none": "无",
        "then": "：",
        "and": "，",
    },
}
MARKS = re.compile(r"</?tool_(?:call|response)s?>|<\|[^|<>\n]{0,40}\|>")
BLANKS = re.compile(r"\s+")
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Result:
    """What one call brought. `tool` may be unknown."""

    tool: str
    text: str
    failed: bool = False


def brought(result: CalledTool) -> Result:
    """Of a call that was carried out here."""
    if result.error is not None:
        return Result(result.name, result.error.message, failed=True)
    return Result(result.name, result.output or "")


def unanswered(messages: Sequence[Message]) -> tuple[Result, ...]:
    """What the client's functions brought, in order, when nothing was said to it yet: the turns that end a
    conversation, but for the system's."""
    said = [message for message in messages if message.role is not Role.SYSTEM]
    first = len(said)
    while first and said[first - 1].role is Role.TOOL:
        first -= 1
    found = said[first:]
    calls = said[first - 1].tool_calls if first and said[first - 1].role is Role.ASSISTANT else ()
    names = [str(call.get("function", call).get("name", "")) for call in calls]
    names += [names[-1] if names else ""] * len(found)
    return tuple(Result(turn.tool or name, words(turn)) for turn, name in zip(found, names, strict=False))


def words(message: Message) -> str:
    """The text of a turn."""
    return "".join(part.text for part in message.parts if isinstance(part, Text))


def quoted(results: Sequence[Result], question: str) -> str:
    """`results` in the question's language, a line for each, in their order."""
    told = WORDS[language(question)]
    lines = [_line(result, told) for result in results[:MOST_RESULTS]]
    if len(results) > MOST_RESULTS:
        lines.append(told["more"].format(n=len(results) - MOST_RESULTS))
    return "\n".join(lines)


def _line(result: Result, told: Mapping[str, str]) -> str:
    name = _cut(_flat(result.tool), MOST_NAME) or told["tool"]
    text = _cut(_flat(_plain(result.text, told)), MOST)
    if not text and not result.failed:
        return told["nothing"].replace("{name}", name)
    kind = told["failed" if result.failed else "says"]
    return kind.replace("{name}", name, 1).replace("{text}", text or "?", 1)


def _plain(text: str, told: Mapping[str, str]) -> str:
    """JSON without its brackets, where that can be read; any other text as it is."""
    if len(text) > MOST_READ or not text.lstrip().startswith(("{", "[", '"')):
        return text
    try:
        return _value(json.loads(text, parse_int=str, parse_float=str), told, 0)
    except (ValueError, RecursionError):
        return text


def _value(value: Any, told: Mapping[str, str], depth: int) -> str:
    match value:
        case None:
            return told["none"]
        case bool():
            return told["yes" if value else "no"]
        case dict() | list() if depth >= 3:
            return json.dumps(value, ensure_ascii=False)
        case dict():
            pairs = (f"{key}{told['then']}{_value(one, told, depth + 1)}" for key, one in value.items())
            return _joined(pairs, told, nested=depth > 0) or (told["none"] if depth else "")
        case list():
            return _joined((_value(one, told, depth + 1) for one in value), told, nested=depth > 0) or told["none"]
        case _:
            return str(value)


def _joined(parts: Iterator[str], told: Mapping[str, str], *, nested: bool) -> str:
    text = told["and"].join(parts)
    return f"({text})" if nested and text else text


def _flat(text: str) -> str:
    """On one line, without characters that cannot be seen, and without what looks like a turn or a call."""
    return BLANKS.sub(" ", MARKS.sub("", UNSEEN.sub("", text[: 4 * MOST]))).strip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
