"""How the engine looks over generate()'s shoulder: one stopping criterion that sees every token."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import StoppingCriteria


class Follow(StoppingCriteria):  # type: ignore[misc, unused-ignore]
    """Hands each new token of the one sequence to `on_token`; generation ends when that returns true.

    Called on the thread that runs generate(). What `on_token` raises comes out of generate().
    """

    def __init__(self, on_token: Callable[[int], bool]) -> None:
        self._on_token = on_token

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        ends = self._on_token(int(input_ids[0, -1]))  # waits for the device: the token is really there
        return torch.full((1,), ends, dtype=torch.bool, device=input_ids.device)
