"""How far chance may have moved a figure: the percentile bootstrap over pieces. Pure, the same each time."""

from collections.abc import Callable

import numpy as np

from askcam.server.judging.samples import Samples

ROUNDS = 1000
SHARE = 0.95  # of the figures of all rounds lies within the interval
FIRM = 0.9  # of the rounds must have a figure at all, else there is no interval

Figure = Callable[[Samples], float | None]
Interval = tuple[float, float]


def intervals(samples: Samples, figures: dict[str, Figure], rounds: int = ROUNDS) -> dict[str, Interval | None]:
    """Of each figure: pieces are drawn with replacement as often as there are pieces, `rounds` times.

    None for a figure that too many draws do not have.
    """
    _, place = np.unique(samples.pieces, return_inverse=True)
    members = [np.flatnonzero(place == piece) for piece in range(int(place.max()) + 1)] if len(place) else []
    found: dict[str, list[float]] = {name: [] for name in figures}
    if len(members) > 1:
        chance = np.random.default_rng(0)
        for _ in range(rounds):
            drawn = samples.take(np.concatenate([members[i] for i in chance.integers(0, len(members), len(members))]))
            for name, figure in figures.items():
                value = figure(drawn)
                if value is not None:
                    found[name].append(value)
    return {name: _middle(values) if len(values) >= FIRM * rounds else None for name, values in found.items()}


def _middle(values: list[float]) -> Interval:
    low, high = np.quantile(values, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)
