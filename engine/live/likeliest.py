"""The largest of many logits, fast on a CPU too: first the groups that they are in, then those alone.

Letters: R rows, V vocabulary, K how many are wanted.
"""

import torch
from torch import Tensor

GROUPS = (128, 64, 32)  # sizes; the first that divides the vocabulary


def likeliest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row of scores (R, V), largest first: values (R, K) and where they are (R, K)."""
    num_rows, vocab = scores.shape
    size = next((size for size in GROUPS if vocab % size == 0), 0)
    if not size or count * size >= vocab:
        values, ids = scores.topk(min(count, vocab))
        return values, ids
    groups = scores.view(num_rows, vocab // size, size)
    best = groups.amax(-1).topk(count).indices  # (R, K): no other group has one of the largest
    held = groups.gather(1, best[..., None].expand(-1, -1, size)).flatten(1)
    values, places = held.topk(count)
    return values, best.gather(1, places // size) * size + places % size


def largest(scores: Tensor) -> Tensor:
    """scores.argmax(-1) of (R, V): (R,), the first of equal ones."""
    num_rows, vocab = scores.shape
    size = next((size for size in GROUPS if vocab % size == 0), 0)
    if not size or scores.device.type != "cpu":
        return scores.argmax(-1)
    groups = scores.view(num_rows, vocab // size, size)
    group = groups.amax(-1).argmax(-1)
    found: Tensor = groups[torch.arange(num_rows), group].argmax(-1)
    return found.add_(group * size)
