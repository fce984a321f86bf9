"""Log probabilities: of the tokens that were chosen, and of the likeliest in their place.

They are the log_softmax of the logits as the model gives them, in float32, before anything that choosing does to them:
what vLLM gives by default ("raw_logprobs"), and what the logits of generate(output_logits=True) come to.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from askcam.engine.question import TokenLogprob


class Logprobs:
    """Makes TokenLogprobs of logits, with the words of one tokenizer. Owned by the engine thread."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._added = dict(tokenizer.added_tokens_decoder)

    def of(self, logits: Tensor, tokens: Sequence[int], wanted: Sequence[int | None]) -> list[TokenLogprob | None]:
        """Of each chosen token, from its row of `logits` (rows, vocab), with as many of the likeliest as are wanted.

        None: not wanted. Where none is, nothing is computed; else it waits for the device, once for all rows.
        """
        found: list[TokenLogprob | None] = [None] * len(tokens)
        rows = [row for row, most in enumerate(wanted) if most is not None]
        if not rows:
            return found
        table = (logits if len(rows) == len(tokens) else logits[rows]).float().log_softmax(-1)
        chosen = table.gather(1, torch.tensor([[tokens[row]] for row in rows], device=table.device))
        likeliest, ids = table.topk(min(max(wanted[row] or 0 for row in rows), table.shape[1]))
        for row, (own, *others), names in zip(
            rows, torch.cat((chosen, likeliest), 1).tolist(), ids.tolist(), strict=True
        ):
            top = [self._named(one, logprob) for one, logprob in list(zip(names, others, strict=True))[: wanted[row]]]
            found[row] = self._named(tokens[row], own, tuple(top))
        return found

    def _named(self, token: int, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        added = self._added.get(token)
        if added is not None:
            return TokenLogprob(token, added.content, None if added.special else added.content.encode(), logprob, top)
        written = self._tokenizer.convert_ids_to_tokens(token)
        if written is None:  # models have more rows than their tokenizers have tokens
            return TokenLogprob(token, "", None, logprob, top)
        raw = bytes_of(written)
        return TokenLogprob(token, raw.decode(errors="replace"), raw, logprob, top)


def bytes_of(written: str) -> bytes:
    """A byte-level token's bytes, from the characters that stand for them in the tokenizer's files ("Ġcup": " cup")."""
    return b"".join(BYTES.get(one) or one.encode() for one in written)


def _alphabet() -> dict[str, bytes]:
    """GPT-2's: bytes that print stand for themselves, as in Latin-1, the others for characters from U+0100 on."""
    prints = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in prints]
    return {chr(byte): bytes([byte]) for byte in prints} | {
        chr(256 + i): bytes([byte]) for i, byte in enumerate(others)
    }


BYTES = _alphabet()
