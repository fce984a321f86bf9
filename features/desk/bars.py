"""EAN-13 (and UPC-A, which is one) from lines that are too blurred, small or noisy to see single bars in. Pure.

Where the edges of bars cannot be seen, a whole digit still can: seven modules of which only twenty patterns exist. So
for each digit it is said how badly each pattern fits (`Evidence`), and such tables of several frames simply add up:
noise differs from frame to frame, the digits don't. The number that fits best, of those whose check digit is right,
is taken if it fits clearly better than the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Line = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]

L_CODES = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
PARITIES = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL")
MODULES = 95
POINTS = 4  # samples per module
BLURS = (0.35, 0.6, 0.9, 1.2, 1.5)  # standard deviations, in modules
BENDS = (-3.0, -1.5, 0.0, 1.5, 3.0)  # modules by which the middle is off when one side is nearer than the other
STARTS = np.concatenate([3 + 7 * np.arange(6), 50 + 7 * np.arange(6)])  # first module of each digit
ENDS, FINER, FINEST = (-0.8, 0.0, 0.8), (-0.4, 0.0, 0.4), (-0.2, 0.0, 0.2)  # modules by which an end may be off
MIN_MODULE = 0.55  # pixels
MAX_ENDS = 3  # edges that are tried as the code's first, and as its last
MEAN = 0.5  # how dark a code is on the whole
MAX_MISFIT = 0.30  # residual of the best geometry, as a share of the line's variance
CLEAR = 18.0  # how much better (in log likelihood) than the next number the best must fit


@dataclass(frozen=True, slots=True)
class BarEvidence:
    """How badly each pattern fits each digit, in log likelihood: (12, 20), first the ten L (or R), then the ten G."""

    cost: Table
    misfit: float  # 0: the patterns explain the line to the last bit, 1: not at all


@cache
def _patterns(blur: float, right: bool) -> Table:
    """(20, 7 * POINTS): what digits look like through a lens, dark 1 and light 0, with what always stands beside
    them. G patterns are the R ones backwards, R are L inverted."""
    codes = [[int(bit) for bit in code] for code in L_CODES]
    inverted = [[1 - bit for bit in code] for code in codes]
    both = (inverted, inverted) if right else (codes, [code[::-1] for code in inverted])
    around = ([0.5, 0.5, 0], [1, 0.5, 0.5]) if right else ([0.5, 0.5, 1], [0, 0.5, 0.5])
    rows = [around[0] + code + around[1] for half in both for code in half]
    fine = np.repeat(np.asarray(rows, np.float32), 4 * POINTS, axis=1)
    reach = np.arange(-3 * 4 * POINTS, 3 * 4 * POINTS + 1) / (4 * POINTS)
    lens = np.exp(-0.5 * (reach / blur) ** 2)
    lens /= lens.sum()
    soft = np.stack([np.convolve(row, lens, "same") for row in fine])
    return np.asarray(soft.reshape(20, -1, 4).mean(axis=2)[:, 3 * POINTS : 10 * POINTS], np.float32)


def evidence(line: Line) -> BarEvidence | None:
    """What a line across the code says of its digits, read left to right; None when no EAN-13 seems to be there."""
    dark = _flat(line)
    if dark is None:
        return None
    first, last = _ends(dark)
    pairs = [(a, b, 0.0) for a in first for b in last if b - a >= MIN_MODULE * MODULES]
    if not pairs:
        return None
    best = _best(dark, _around(np.array(pairs), ENDS, BENDS), BLURS[1:2], 3)
    best = _best(dark, _around(best, FINER, (-0.8, 0.0, 0.8)), BLURS, 1)
    best = _best(dark, _around(best, FINEST, (-0.4, 0.0, 0.4)), (float(best[0, 3]),), 1)
    samples = _sample(dark, best[:1, :3])
    cost = _cost(samples, float(best[0, 3]), 3)
    residual = cost[0].min(axis=1).sum() / samples[0].size
    misfit = float(residual / max(1e-6, samples[0].var()))
    if misfit > MAX_MISFIT:
        return None
    noise = max(float(residual), 0.002) * 2 * POINTS  # samples within a module are not independent
    return BarEvidence(np.asarray(cost[0] / noise, np.float32), misfit)


def _flat(line: Line) -> Line | None:
    """Darkness, 0 to 1, of a line whose light may be uneven; None for one without contrast."""
    length = len(line)
    if length < MIN_MODULE * MODULES:
        return None
    reach = max(3, length // 4)
    padded = np.pad(line, reach, mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    light, low = np.percentile(views, 95, axis=1), np.percentile(views, 5, axis=1)
    span = np.maximum(light - low, 0.35 * np.percentile(light - low, 90))
    if span.max() < 6:
        return None
    return np.asarray(np.clip((light - line) / span, -0.5, 1.5), np.float32)


def _ends(dark: Line) -> tuple[list[float], list[float]]:
    """Where the first bar may begin and the last may end: edges in the outer parts with the most light beyond them."""
    above = dark > 0.4
    rises = [0.0, *(np.flatnonzero(~above[:-1] & above[1:]) + 1.0)]
    falls = [*(np.flatnonzero(above[:-1] & ~above[1:]) + 1.0), float(len(dark))]
    part = 0.4 * len(dark)
    before = {x: x - max((f for f in falls if f < x), default=0.0) for x in rises[1:] if x < part}
    beyond = {x: min((r for r in rises if r > x), default=len(dark)) - x for x in falls[:-1] if x > len(dark) - part}
    first = sorted(before, key=lambda x: -before[x])[:MAX_ENDS]
    last = sorted(beyond, key=lambda x: -beyond[x])[:MAX_ENDS]
    return [float(x) for x in first], [float(x) for x in last]


def _around(
    geometries: npt.NDArray[np.float64], ends: tuple[float, ...], bends: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """All geometries (N, 3) whose ends and bend, in modules, are off those of `geometries` by any of these."""
    off = np.array([(i, j, bend) for i in ends for j in ends for bend in bends])
    module = (geometries[:, 1] - geometries[:, 0]) / MODULES
    scale = np.column_stack([module, module, np.ones(len(module))])
    return np.asarray((geometries[:, None, :3] + off[None] * scale[:, None]).reshape(-1, 3))


def _sample(dark: Line, geometry: npt.NDArray[np.float64]) -> Table:
    """(N, 95 * POINTS): the line at the places where each geometry (first, last, bend) has the modules."""
    place = (np.arange(MODULES * POINTS) + 0.5) / (MODULES * POINTS)
    bow = 4 * place * (1 - place)
    a, b, bend = geometry[:, 0:1], geometry[:, 1:2], geometry[:, 2:3]
    x = a + (b - a) * (place + bow * bend / MODULES)
    return np.interp(x, np.arange(len(dark)) + 0.5, dark).astype(np.float32)


def _cost(samples: Table, blur: float, fits: int = 1) -> Table:
    """(N, 12, 20): squared distance of each digit from each pattern, at the brightness and contrast that explain the
    line best: found by fitting them `fits` times to the digits that they make best."""
    places = (STARTS[:, None] * POINTS + np.arange(7 * POINTS)).reshape(-1)
    digits = samples[:, places].reshape(len(samples), 2, 6, 7 * POINTS)
    known = np.stack([_patterns(blur, False), _patterns(blur, True)])
    squares = (known**2).sum(axis=2)
    gain = np.maximum(samples.std(axis=1), 0.05) / float(known.std())
    offset = samples.mean(axis=1) - gain * MEAN
    for fit in range(fits + 1):
        even = (digits - offset[:, None, None, None]) / gain[:, None, None, None]
        cross = even @ known.transpose(0, 2, 1)
        cost = (even**2).sum(axis=3)[..., None] - 2 * cross + squares[:, None]
        if fit < fits:
            best = cost.argmin(axis=3)
            made = np.stack([known[half][best[:, half]] for half in (0, 1)], axis=1).reshape(len(samples), -1)
            seen = digits.reshape(len(samples), -1)
            off = made - made.mean(axis=1, keepdims=True)
            gain = np.maximum((off * seen).sum(axis=1) / (off**2).sum(axis=1), 0.05)
            offset = seen.mean(axis=1) - gain * made.mean(axis=1)
    return np.asarray(cost.reshape(len(samples), 12, 20), np.float32)


@cache
def _guards() -> tuple[npt.NDArray[np.int64], Table]:
    """The guard bars' places among the samples, and how dark they are."""
    modules = {0: 1, 1: 0, 2: 1, 45: 0, 46: 1, 47: 0, 48: 1, 49: 0, 92: 1, 93: 0, 94: 1}
    places = np.concatenate([np.arange(POINTS) + POINTS * module for module in modules])
    return places, np.repeat(np.asarray(list(modules.values()), np.float32), POINTS)


def _best(
    dark: Line, geometry: npt.NDArray[np.float64], blurs: tuple[float, ...], count: int
) -> npt.NDArray[np.float64]:
    """The `count` geometries whose digits fit best, each with its blur: (count, 4)."""
    samples = _sample(dark, geometry)
    places, bars = _guards()
    guard = samples[:, places] @ (bars - bars.mean()) / POINTS
    rows = []
    for blur in blurs:
        cost = _cost(samples, blur)
        fit = cost.min(axis=2).sum(axis=1) - 2.0 * guard
        rows.append(np.column_stack([geometry, np.full(len(geometry), blur), fit]))
    every = np.concatenate(rows)
    return np.asarray(every[np.argsort(every[:, 4])[:count], :4])


def together(tables: Sequence[Table]) -> tuple[str, float] | None:
    """decide() for several frames' tables of the same code. They share what is wrong with lens and geometry, so their
    sum counts less than if they were independent; and no single frame may be what decides."""
    total = np.sum(tables, axis=0)
    found = decide(total / len(tables) ** 0.5)
    if found is None or len(tables) == 1:
        return found
    return found if all(_number(total - table) == found[0] for table in tables) else None


def agrees(table: Table, number: str) -> bool:
    """Whether a number that was read in another way fits `table` about as well as the best one."""
    parity = PARITIES[int(number[0])]
    columns = [int(digit) + (10 if i < 6 and parity[i] == "G" else 0) for i, digit in enumerate(number[1:])]
    cost = float(table[np.arange(12), columns].sum())
    return cost - _ranked(table)[0][0] < CLEAR / 2


def decide(table: Table) -> tuple[str, float] | None:
    """The number that fits `table` (12, 20) best of all whose check digit is right, and by how much (in log
    likelihood) it is better than the next; None when it isn't clear."""
    (best, number), (second, _) = _ranked(table)
    return (number, second - best) if second - best >= CLEAR else None


def _number(table: Table) -> str:
    return _ranked(table)[0][1]


def _ranked(table: Table) -> list[tuple[float, str]]:
    """The two numbers that fit best, each with its cost."""
    weights = [3, 1] * 6  # of the digits after the first, in the check sum
    ranked: list[tuple[float, str]] = []
    for first, parity in enumerate(PARITIES):
        columns = [table[i, 10:] if i < 6 and parity[i] == "G" else table[i, :10] for i in range(12)]
        ranked += _two_best(columns, weights, first)
    return sorted(ranked)[:2]


def _two_best(columns: list[Table], weights: list[int], first: int) -> list[tuple[float, str]]:
    """The two cheapest rows of digits whose check sum, with `first`, is right."""
    ways: list[list[tuple[float, str]]] = [[] for _ in range(10)]
    ways[first % 10] = [(0.0, str(first))]
    for column, weight in zip(columns, weights, strict=True):
        cheap = [int(digit) for digit in np.argsort(column)[:4]]  # the others cost more than any doubt is worth
        following: list[list[tuple[float, str]]] = [[] for _ in range(10)]
        for rest, known in enumerate(ways):
            for cost, digits in known:
                for digit in cheap:
                    following[(rest + weight * digit) % 10].append((cost + float(column[digit]), digits + str(digit)))
        ways = [sorted(each)[:2] for each in following]
    return ways[0] or [(float("inf"), "")]
