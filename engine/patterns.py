"""Whether a text fits a JSON Schema's `pattern`, in time that grows with the text and never explodes. Pure.

Python's `re` tries ways one after another: "(a+)+$" takes hours for forty letters, and nobody can end it.
"""

import functools
import json
from typing import Any

import llguidance

LIMITS: dict[str, Any] = {
    "initial_lexer_fuel": 200_000,  # 4 ms
    "step_lexer_fuel": 50_000,
    "max_lexer_states": 10_000,
    "verbose_errors": False,
}


def fits(pattern: str, text: str) -> bool | None:
    """None: it cannot be told, since the pattern is too intricate or none that is known here."""
    schema = {"type": "string", "pattern": pattern, "x-guidance": {"whitespace_flexible": False}}
    limits = llguidance.LLParserLimits(**LIMITS)
    written = json.dumps({"grammars": [{"json_schema": schema}]})
    matcher = llguidance.LLMatcher(_bytes(), written, log_level=0, limits=limits)
    if matcher.is_error():
        return None
    tokens = _bytes().tokenize_bytes(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))
    taken = int(matcher.try_consume_tokens(tokens))
    if matcher.is_error():
        return None
    return taken == len(tokens) and bool(matcher.is_accepting())


@functools.cache
def _bytes() -> Any:
    """A tokenizer of single bytes."""
    return llguidance.LLTokenizer("byte")
