"""How likely each choice is as an answer's first token: what is asked for, and what is read off the reply. Pure.

Servers that tell the logprob of any token give it exactly. Of the others the likeliest tokens are known: a choice that
is not among them has at most the probability of the last of these, and is told as 0.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from askcam.engine.errors import EngineFailure, QuestionError
from askcam.engine.question import TokenLogprob
from askcam.engine.remote.deltas import read_logprobs
from askcam.engine.remote.dialects import Dialect
from askcam.engine.remote.vocabulary import PLAIN, UnknownVocabulary, Vocabulary
from askcam.engine.remote.wire import Body

TOP = 20
MOST_IDS = 128  # that vLLM takes in one request

Wanted = Mapping[str, int | None]  # each choice and its token, where that is known


def wanted_tokens(choices: Sequence[str], dialect: Dialect, vocabulary: Vocabulary) -> Wanted:
    """Raises QuestionError for a choice that has no token of its own, or where that cannot be told."""
    check_scores(dialect)
    if dialect.logprobs == "top" and isinstance(vocabulary, UnknownVocabulary):
        if not PLAIN.issuperset(choices):
            vocabulary.tokens([word for word in choices if word not in PLAIN])  # which refuses
        return dict.fromkeys(choices)
    found = dict(zip(choices, vocabulary.tokens(choices), strict=True))
    for choice, token in found.items():
        if token is None:
            raise QuestionError(f"the choice {choice!r} is several tokens for this model; it must be one", "choices")
    return found


def check_scores(dialect: Dialect) -> None:
    """Raises QuestionError where nothing can be scored."""
    if dialect.logprobs == "none":
        raise QuestionError(
            f"the model runs behind {dialect.title}, which tells no logprobs, so that nothing can be scored: have the "
            "watch generate a text (kind = 'text'), or take a server that tells them",
            "kind",
        )


def bodies(body: Body, wanted: Wanted, dialect: Dialect) -> Iterator[Body]:
    """The requests that tell of all choices; `body`: of one token."""
    if dialect.logprobs == "top":
        yield body | {"logprobs": True, "top_logprobs": TOP}
        return
    ids = list(wanted.values())
    for start in range(0, len(ids), MOST_IDS):
        some = ids[start : start + MOST_IDS]
        yield body | {"logprobs": True, "logprob_token_ids": some, "return_tokens_as_token_ids": True}


def probabilities(replies: Sequence[Mapping[str, Any]], wanted: Wanted, dialect: Dialect) -> tuple[float, ...]:
    """Of each choice. Raises EngineFailure for a reply without logprobs."""
    told: list[TokenLogprob] = []
    for reply in replies:
        choices = reply.get("choices")
        found = read_logprobs(choices[0]) if isinstance(choices, list) and choices else ()
        if not found or not found[0].top:
            raise EngineFailure("the model server told no logprobs this time, so that nothing could be scored")
        told += found[0].top
    if dialect.logprobs == "top":
        by_text = {one.raw: one.logprob for one in told}
        return tuple(_share(by_text.get(choice.encode())) for choice in wanted)
    by_id = {one.token: one.logprob for one in told}
    missing = [choice for choice, token in wanted.items() if token not in by_id]
    if missing:
        raise EngineFailure(f"the model server told no logprob of {missing[0]!r}, which it was asked for")
    return tuple(_share(by_id[token]) for token in wanted.values() if token is not None)


def _share(logprob: float | None) -> float:
    return 0.0 if logprob is None else min(1.0, math.exp(logprob))
