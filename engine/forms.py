"""Forms become grammars: compiled JSON Schemas that say, token by token, what an answer may go on with. By llguidance.

Its tokenizer is made when the model is opened (a second or two for a large vocabulary, during which Python stands
still), a grammar by whoever asks, once a trial has shown that it is cheap (trial.py): milliseconds as a rule, with
other threads running beside.
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from askcam.engine.errors import QuestionError
from askcam.engine.interface import Grammar
from askcam.engine.question import Form
from askcam.engine.schema import PARAM, check_length

hf: Any
try:
    from llguidance import hf

    from askcam.engine.grammars import blame, markers, matcher
    from askcam.engine.trial import Trial
except ImportError:  # a GPU machine with little more than torch and transformers
    hf = None

log = logging.getLogger("askcam.engine")

MAX_KEPT = 64  # grammars
MAX_KEPT_BYTES = 128 << 20  # of them
MAX_REFUSED = 256  # forms of which it is known that they cannot be used
LEAST_BYTES = 64 << 10  # what a grammar takes at least


@dataclass(frozen=True, slots=True)
class _Refusal:
    why: str
    param: str | None


class Forms:
    """Compiles forms for one model. Any thread."""

    def __init__(self, tokenizer: Any, width: int, end_tokens: Collection[int], *, tagged: bool = False) -> None:
        """`width`: of the model's logits; `tagged`: it writes calls in tags. A model whose tokenizer is of no use here
        refuses forms later on."""
        self._kept: OrderedDict[Form, Grammar] = OrderedDict()  # the last used at the end
        self._bytes = 0  # of those
        self._refused: OrderedDict[bytes, _Refusal] = OrderedDict()  # by digest
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._trial: Trial | None = None
        self._why_not = ""
        if hf is None:
            self._why_not = "the package llguidance is not installed"
        elif not Trial.possible():
            self._why_not = "this system cannot try schemas out in a process that can be ended (it has no fork)"
        elif not end_tokens:
            self._why_not = "it has no token that ends an answer"
        else:
            try:
                self._tokenizer = hf.from_tokenizer(tokenizer, width, sorted(end_tokens))
                around = markers(tokenizer.get_added_vocab(), tagged)
                self._trial = Trial(tokenizer.backend_tokenizer.to_str(), width, end_tokens, around)
            except ValueError as exc:
                self._why_not = f"its tokenizer is not supported: {exc}"
                log.warning("answers cannot be given a form (response_format): %s", self._why_not)

    def known(self, form: Form) -> Grammar | None:
        """The form's grammar, if it was compiled lately. Raises QuestionError if it was refused, or is too long."""
        for schema, param in ((form.schema, PARAM), (form.calls, "tools")):
            try:
                check_length(schema or "")
            except QuestionError as exc:
                raise QuestionError(str(exc), param) from exc
        with self._lock:
            found = self._kept.get(form)
            if found is not None:
                self._kept.move_to_end(form)
                return found
            refusal = self._refused.get(_digest(form))
        if refusal is not None:
            raise QuestionError(refusal.why, refusal.param)
        return None

    def grammar(self, form: Form, unwanted: Callable[[], bool] = lambda: False) -> Grammar:
        """The form's grammar, kept from an earlier call or compiled now, which blocks. Raises QuestionError, Cancelled
        once it is `unwanted`, EngineFailure."""
        found = self.known(form)
        if found is not None:
            return found
        if self._tokenizer is None or self._trial is None:
            raise QuestionError(f"this model's answers cannot be given a form: {self._why_not}", PARAM)
        try:
            tried = self._trial.run(form, unwanted)
            made = matcher(self._tokenizer, tried.written, blame(form))
        except QuestionError as exc:
            self._refuse(form, exc)
            raise
        grammar = Grammar(made, max(LEAST_BYTES, tried.num_bytes), blame(form))
        self._keep(form, grammar)
        return grammar

    def close(self) -> None:
        """No form is compiled any more."""
        if self._trial is not None:
            self._trial.close()

    def _keep(self, form: Form, grammar: Grammar) -> None:
        with self._lock:
            before = self._kept.pop(form, None)
            self._kept[form] = grammar
            self._bytes += grammar.num_bytes - (0 if before is None else before.num_bytes)
            while len(self._kept) > MAX_KEPT or (self._bytes > MAX_KEPT_BYTES and len(self._kept) > 1):
                _, gone = self._kept.popitem(last=False)
                self._bytes -= gone.num_bytes

    def _refuse(self, form: Form, error: QuestionError) -> None:
        with self._lock:
            self._refused[_digest(form)] = _Refusal(str(error), error.param)
            while len(self._refused) > MAX_REFUSED:
                self._refused.popitem(last=False)


def _digest(form: Form) -> bytes:
    return hashlib.sha256(repr(form).encode("utf-8", "surrogatepass")).digest()
