"""What an answer's logprobs must be: log_softmax of the logits that stock generate gives for the same question."""

from collections.abc import Sequence
from typing import Any

import torch

from askcam.engine.question import Event, Finished, Piece

BROKEN = "\ufffd"
TOLERANCE = 1e-3


def check_logprobs(
    events: Sequence[Event], tokens: Sequence[int], logits: torch.Tensor, most: int, tokenizer: Any
) -> Finished:
    """`tokens` and their `logits` (tokens, vocab) are generate's; `most`: how many of the likeliest were asked for."""
    finished = events[-1]
    assert isinstance(finished, Finished), finished
    found = finished.logprobs
    assert tuple(one for event in events if isinstance(event, Piece) for one in event.logprobs) == found
    special = set(tokenizer.all_special_ids)
    said = [(token, row) for token, row in zip(tokens, logits.float(), strict=True) if token not in special]
    assert [one.token for one in found] == [token for token, _ in said[: len(found)]]
    cut = [token for token, _ in said[len(found) :]]
    assert tokenizer.decode(cut).strip(BROKEN) == "", "only an unfinished character at the end may be missing"
    raw = b"".join(one.raw or b"" for one in found)
    assert raw.decode(errors="replace").rstrip(BROKEN) == finished.text.rstrip(BROKEN)
    for one, (token, row) in zip(found, said, strict=False):
        want = row.log_softmax(-1)
        assert abs(one.logprob - want[token]) < TOLERANCE
        told = [other.logprob for other in one.top]
        assert len(told) == most
        assert told == sorted(told, reverse=True)
        assert (torch.tensor(told) - want.topk(most).values).abs().max() < TOLERANCE if most else told == []
        assert all(abs(other.logprob - want[other.token]) < TOLERANCE for other in one.top)
        assert all(other.top == () for other in one.top)
    return finished
