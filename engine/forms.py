"""Forms become grammars: compiled JSON Schemas that say, token by token, what an answer may go on with. By llguidance.

Its tokenizer is made when the model is opened (a second or two for a large vocabulary, during which Python stands
still), a grammar by whoever asks: milliseconds, with other threads running beside.
"""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from askcam.engine.calls import CLOSE, OPEN
from askcam.engine.errors import QuestionError
from askcam.engine.question import Form
from askcam.engine.schema import PARAM, check_schema

llguidance: Any
hf: Any
try:
    import llguidance
    from llguidance import hf
except ImportError:  # a GPU machine with little more than torch and transformers
    llguidance = hf = None

log = logging.getLogger("askcam.engine")

MAX_KEPT = 64  # grammars
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
LIMITS = {
    "max_lexer_states": 50_000,  # 1 to 2 kB each
    "max_items_in_row": 20_000,
    "step_max_items": 200_000,  # 10 ms of work for a token
    "verbose_errors": False,
}


class Grammar:
    """A compiled form. Any thread; `begin` makes what one answer is followed with."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher  # never moved on

    def begin(self) -> Any:
        """A llguidance.LLMatcher at the beginning of an answer, for one thread."""
        return self._matcher.deep_copy()


class Forms:
    """Compiles forms for one model. Any thread."""

    def __init__(self, tokenizer: Any, width: int, end_tokens: Collection[int]) -> None:
        """`width`: of the model's logits. A model whose tokenizer is of no use here refuses forms later on."""
        self._kept: OrderedDict[Form, Grammar] = OrderedDict()  # the last used at the end
        self._markers = (json.dumps(OPEN), json.dumps(CLOSE))  # as a grammar writes them
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._why_not = ""
        if llguidance is None:
            self._why_not = "the package llguidance is not installed"
        elif not end_tokens:
            self._why_not = "it has no token that ends an answer"
        else:
            try:
                self._tokenizer = hf.from_tokenizer(tokenizer, width, sorted(end_tokens))
                added = tokenizer.get_added_vocab()
                begin, end = (f"<[{added[text]}]>" if text in added else json.dumps(text) for text in (OPEN, CLOSE))
                self._markers = (begin, end)
            except ValueError as exc:
                self._why_not = f"its tokenizer is not supported: {exc}"
                log.warning("answers cannot be given a form (response_format): %s", self._why_not)

    def grammar(self, form: Form) -> Grammar:
        """The form's grammar, kept from an earlier call or compiled now. Raises QuestionError."""
        with self._lock:
            found = self._kept.get(form)
            if found is not None:
                self._kept.move_to_end(form)
                return found
        grammar = self._compiled(form)
        with self._lock:
            self._kept[form] = grammar
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return grammar

    def _compiled(self, form: Form) -> Grammar:
        if self._tokenizer is None:
            raise QuestionError(f"this model's answers cannot be given a form: {self._why_not}", PARAM)
        param = PARAM if form.calls is None else "tools"
        limits = llguidance.LLParserLimits(**LIMITS)
        # as text: llguidance would take a parsed one through Python's own numbers
        written = json.dumps({"grammars": [self._written(form)]})
        matcher = llguidance.LLMatcher(self._tokenizer, written, log_level=0, limits=limits)
        first = matcher.deep_copy()
        if not first.is_error():
            first.compute_bitmask()  # finds out what the first token may be, which may be more than the limits allow
        if first.is_error():
            raise QuestionError(f"the schema cannot be used: {_plainly(first.get_error())}", param)
        if first.is_stopped() and not first.is_accepting():
            raise QuestionError("the schema can never be met", param)
        return Grammar(matcher)

    def _written(self, form: Form) -> dict[str, Any]:
        """The form as llguidance takes it. Raises QuestionError."""
        answer = None if form.schema is None else _checked(form.schema, PARAM)
        if form.calls is None:
            assert answer is not None, "a form of nothing"
            return {"json_schema": answer}
        begin, end = self._markers
        rules = [rf'call: {begin} "\n" wanted "\n" {end}', f"wanted: %json {json.dumps(_checked(form.calls, 'tools'))}"]
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
