"""How the engine looks over generate()'s shoulder: every token, and the logits that it was chosen from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import StoppingCriteria


class FollowTokens(StoppingCriteria):  # type: ignore[misc, unused-ignore]
    """Hands each new token of the one sequence to `on_token`; generation ends when that returns true.

    Called on the thread that runs generate(). What `on_token` raises comes out of generate().
    """

    def __init__(self, on_token: Callable[[int], bool]) -> None:
        self._on_token = on_token

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        ends = self._on_token(int(input_ids[0, -1]))  # waits for the device: the token is really there
        return torch.full((1,), ends, dtype=torch.bool, device=input_ids.device)


class Glance:
    """The logits (1, vocab) of the model's last pass, while it is watched. No earlier ones are kept.

    A hook on the model: a logits processor of ours would come after generate()'s penalties, and generate's own
    output_logits holds all of them until the end, a gigabyte for a long answer of a large vocabulary.
    """

    def __init__(self) -> None:
        self.logits: torch.Tensor | None = None

    @contextmanager
    def at(self, model: torch.nn.Module) -> Iterator[None]:
        """Watch the passes inside."""

        def see(module: torch.nn.Module, args: Any, output: Any) -> None:
            self.logits = output.logits[:1, -1].clone()  # no view, which would keep the logits of a whole prompt

        hook = model.register_forward_hook(see)
        try:
            yield
        finally:
            hook.remove()
            self.logits = None
