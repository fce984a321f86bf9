"""Tools in the words of a chat template that knows none: Qwen's convention, written into ordinary turns. Pure.

The templates of Qwen2-VL and Qwen2.5-VL leave tools out; their language models were trained with them, in the words of
Qwen2.5's own template (Qwen/Qwen2.5-7B-Instruct, tokenizer_config.json), which stand here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from askcam.engine.calls import CLOSE, OPEN

SYSTEM = "You are a helpful assistant."  # what the templates say where nobody says anything
HEAD = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    f'{OPEN}{CLOSE} XML tags:\n{OPEN}\n{{"name": <function-name>, "arguments": <args-json-object>}}\n{CLOSE}'
)

Turn = dict[str, Any]  # a message as chat templates take it


def without_tools(messages: Sequence[Turn], tools: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The same conversation in turns of the system, the user and the assistant only."""
    turns = [dict(turn) for turn in messages]
    if tools:
        if not turns or turns[0]["role"] != "system":
            turns.insert(0, {"role": "system", "content": SYSTEM})
        listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
        turns[0]["content"] = _with_text(turns[0]["content"], HEAD + listed + TAIL)
    out: list[Turn] = []
    after_tool = False
    for turn in turns:
        calls = turn.pop("tool_calls", ())
        if calls:
            written = "\n".join(_call(call) for call in calls)
            turn["content"] = _with_text(turn["content"], ("\n" if turn["content"] else "") + written)
        if turn["role"] == "tool":
            response = f"<tool_response>\n{_text(turn['content'])}\n</tool_response>"
            if after_tool:
                out[-1]["content"] += "\n" + response
            else:
                out.append({"role": "user", "content": response})
        else:
            out.append(turn)
        after_tool = turn["role"] == "tool"
    return out


def _call(call: Mapping[str, Any]) -> str:
    function = call.get("function", call)
    arguments = function["arguments"]
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f'{OPEN}\n{{"name": "{function["name"]}", "arguments": {written}}}\n{CLOSE}'


def _with_text(content: str | list[Turn], text: str) -> str | list[Turn]:
    return content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]


def _text(content: str | list[Turn]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
