"""A form as the grammar that llguidance compiles, and how much such a grammar may cost. No threads, no model.

What a schema costs to be compiled can't be told from its size: two kilobytes can take hours. So this runs in a process
that can be killed first (trial.py), and only what was cheap there is compiled where answers are given.
"""

import json
from typing import Any

import llguidance

from askcam.engine import tagged_calls
from askcam.engine.calls import CLOSE, OPEN
from askcam.engine.errors import QuestionError
from askcam.engine.question import Form
from askcam.engine.schema import PARAM, check_schema

# One line of JSON, with a blank behind commas and colons or without: a model that is free to write white space may
# never end. Without \uXXXX, by which a name could be written in two ways; names and texts are written as they are.
WRITTEN = {
    "whitespace_flexible": False,
    "item_separator": ", ?",
    "key_separator": ": ?",
    "json_allowed_escapes": 'nrbtf\\"',
    "lenient": False,
    "coerce_one_of": False,
}
# Of one answer. A grammar that is too intricate for them is told so when it is compiled or, rarely, on the way.
LIMITS: dict[str, Any] = {
    "max_lexer_states": 16_000,  # 1 kB each; a text takes one per character
    "max_items_in_row": 10_000,
    "step_max_items": 50_000,  # with the next one: 10 ms of work for a token
    "step_lexer_fuel": 100_000,
    "initial_lexer_fuel": 1_000_000,  # 20 ms
    "max_grammar_size": 500_000,
    "verbose_errors": False,
}

Markers = tuple[str, str, bool]  # of a call's begin and end, as a grammar writes them; whether tags stand between them


def markers(added: dict[str, int], tagged: bool = False) -> Markers:
    """`added`: the tokenizer's added tokens, by their texts; `tagged`: the model writes calls in tags, not as JSON."""
    begin, end = (f"<[{added[text]}]>" if text in added else json.dumps(text) for text in (OPEN, CLOSE))
    return begin, end, tagged


def blame(form: Form) -> str:
    """The part of a request that a form comes from."""
    return PARAM if form.calls is None else "tools"


def write(form: Form, around: Markers) -> str:
    """The form as llguidance takes it. Raises QuestionError."""
    # as text: llguidance would take a parsed one through Python's own numbers
    return json.dumps({"grammars": [_written(form, around)]})


def matcher(tokenizer: Any, written: str, param: str) -> Any:
    """A llguidance.LLMatcher at the beginning of an answer, never to be moved on. Raises QuestionError."""
    limits = llguidance.LLParserLimits(**LIMITS)
    found = llguidance.LLMatcher(tokenizer, written, log_level=0, limits=limits)
    first = found.deep_copy()
    if not first.is_error():
        first.compute_bitmask()  # finds out what the first token may be, which may be more than the limits allow
    if first.is_error():
        raise QuestionError(f"the schema cannot be used: {_plainly(first.get_error())}", param)
    if first.is_stopped() and not first.is_accepting():
        raise QuestionError("the schema can never be met", param)
    return found


def _written(form: Form, around: Markers) -> dict[str, Any]:
    answer = None if form.schema is None else _checked(form.schema, PARAM)
    if form.calls is None:
        assert answer is not None, "a form of nothing"
        return {"json_schema": answer}
    begin, end, tagged = around
    calls = _checked(form.calls, "tools")
    rules = [rf'call: {begin} "\n" wanted "\n" {end}']
    rules += tagged_calls.rules(calls, {"x-guidance": WRITTEN}) if tagged else [f"wanted: %json {json.dumps(calls)}"]
    if form.words:
        rules += _between(begin, end, "*" if form.many else "?")
    else:
        rules.append(f"start: {'' if answer is None else 'answer | '}{_repeated('call', form.many)}")
        rules += [] if answer is None else [f"answer: %json {json.dumps(answer)}"]
    return {"lark_grammar": "\n".join(rules)}


def _checked(schema: str, param: str) -> dict[str, Any]:
    """The schema, with how it is to be written. Raises QuestionError naming `param`."""
    try:
        check_schema(schema)
    except QuestionError as exc:
        raise QuestionError(str(exc), param) from exc
    found: dict[str, Any] = json.loads(schema)
    return found | {"x-guidance": WRITTEN}


def _between(begin: str, end: str, times: str) -> list[str]:
    """Rules for calls between words. Words end where a call begins: at its token or, where the tokenizer has none for
    it, at the first place that its marker is written."""
    words = "words: /(?s:.*)/"
    if begin == json.dumps(OPEN):
        before = rf"before[suffix={json.dumps(OPEN + chr(10))}]: /(?s:.*)/"
        return [words, before, rf'start: (before wanted "\n" {end}){times} words']
    return [words, f"start: words (call words){times}"]


def _repeated(rule: str, many: bool) -> str:
    return rf'{rule} ("\n" {rule})*' if many else rule


def _plainly(error: str) -> str:
    """The compiler's complaint in one line."""
    return " ".join(error.split())[:300]
