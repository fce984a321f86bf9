"""What the next pass over rows runs on: tokens as the language model takes them, and where they stand."""

from collections.abc import Sequence

import torch
from torch import Tensor

from askcam.engine.live.answering import PoolPlace
from askcam.engine.live.language import Language
from askcam.engine.live.ops import RowSpan


def row_inputs(
    language: Language, places: Sequence[PoolPlace], spans: Sequence[RowSpan]
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """x (R, hidden), positions (3, R) on the CPU, deepstack extras, of all places' next rows."""
    if all(place.prompt is None for place in places):
        positions = torch.tensor([[place.next_position for place in places]] * 3)
        return language.embed([place.last_token for place in places]), positions, ()
    parts, at = [], []
    extras: list[tuple[Tensor, ...]] = []
    for place, span in zip(places, spans, strict=True):
        if place.prompt is None:
            parts.append(language.embed([place.last_token]))
            at.append(torch.full((3, 1), place.next_position))
            extras.append(())
        else:
            parts.append(place.prompt.x[: span.num_rows])
            at.append(torch.from_numpy(place.prompt.positions[:, : span.num_rows]))
            extras.append(place.prompt.extras)
    return torch.cat(parts), torch.cat(at, 1), _joined(parts, extras)


def _joined(parts: Sequence[Tensor], extras: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """Deepstack extras of all rows; zero for those that have none."""
    depth = max(len(found) for found in extras)
    return tuple(
        torch.cat(
            [
                found[i][: part.shape[0]] if i < len(found) else torch.zeros_like(part)
                for part, found in zip(parts, extras, strict=True)
            ]
        )
        for i in range(depth)
    )
