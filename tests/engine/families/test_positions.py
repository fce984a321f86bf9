"""Positions by hand, and against the rule of transformers up to 5.2, with which the models were trained."""

import numpy as np
import pytest

from askcam.engine.families.positions import IMAGE, TEXT, VIDEO, positions
from askcam.engine.families.spec import FamilySpec, ModelLimits

ANY = ModelLimits(1, 10**9)
QWEN2 = FamilySpec("qwen2_vl", 14, 2, ANY, ANY)
QWEN2_5 = FamilySpec("qwen2_5_vl", 14, 2, ANY, ANY, tokens_per_second=2.0)
QWEN3 = FamilySpec("qwen3_vl", 16, 2, ANY, ANY, stamped_pairs=True)


def types(*runs: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.full(length, kind) for kind, length in runs])


def test_a_short_video_by_hand() -> None:
    found = positions(QWEN2, "trained", types((TEXT, 2), (VIDEO, 4), (TEXT, 2)), [], [(2, 2, 4)], [1.0])
    assert found.tolist() == [
        [0, 1, 2, 2, 3, 3, 4, 5],
        [0, 1, 2, 2, 2, 2, 4, 5],
        [0, 1, 2, 3, 2, 3, 4, 5],
    ]


@pytest.mark.parametrize(("rule", "after"), [("trained", 1 + 5), ("transformers", 1 + 2)])
def test_text_after_a_video_longer_than_wide_starts_where_the_rule_says(rule: str, after: int) -> None:
    found = positions(QWEN2, rule, types((TEXT, 1), (VIDEO, 10), (TEXT, 1)), [], [(5, 2, 4)], [1.0])
    assert found[:, -1].tolist() == [after] * 3


def test_qwen2_5_scales_time_by_the_clock() -> None:
    found = positions(QWEN2_5, "trained", types((VIDEO, 4), (TEXT, 1)), [], [(4, 2, 2)], [0.75])
    assert found[0].tolist() == [0, 1, 3, 4, 5]  # 0, 1.5, 3, 4.5 cut down


def test_qwen3_places_every_pair_by_itself() -> None:
    runs = ((TEXT, 3), (VIDEO, 2), (TEXT, 4), (VIDEO, 2), (TEXT, 1))
    for rule in ("trained", "transformers"):
        found = positions(QWEN3, rule, types(*runs), [], [(2, 2, 4)], [1.0])
        assert found[0].tolist() == [0, 1, 2, 3, 3, 5, 6, 7, 8, 9, 9, 11]
        assert found[2].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def rule_of_5_2(kinds: list[int], grids: list[tuple[int, int, int]], steps: list[float]) -> np.ndarray:
    """As transformers 5.2 wrote it: what comes after a picture starts at the largest position so far, plus one."""
    out: list[np.ndarray] = []
    for kind in kinds:
        start = out[-1].max() + 1 if out else 0
        if kind == TEXT:
            out.append(np.tile(np.arange(3), (3, 1)) + start)
            continue
        (t, h, w), step = grids.pop(0), steps.pop(0)
        h, w = h // 2, w // 2
        index = np.array([[int(i * step), j, k] for i in range(t) for j in range(h) for k in range(w)]).T
        out.append(index + start)
    return np.concatenate(out, 1)


@pytest.mark.parametrize("spec", [QWEN2, QWEN2_5])
def test_any_mixture_is_placed_as_transformers_5_2_placed_it(spec: FamilySpec) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        kinds: list[int] = [TEXT]
        for kind in rng.choice([IMAGE, VIDEO], rng.integers(1, 4)).tolist():
            kinds += [kind, TEXT]
        runs, images, videos, grids, seconds, steps = [], [], [], [], [], []
        for kind in kinds:
            if kind == TEXT:
                runs.append((TEXT, 3))
                continue
            t = 1 if kind == IMAGE else int(rng.integers(1, 30))
            grid = (t, 2 * int(rng.integers(1, 7)), 2 * int(rng.integers(1, 7)))
            runs.append((kind, t * grid[1] * grid[2] // 4))
            grids.append(grid)
            (images if kind == IMAGE else videos).append(grid)
            step = 1.0
            if kind == VIDEO:
                seconds.append(float(rng.choice([0.25, 0.5, 1.0, 2.0])))
                step = 1.0 if spec.tokens_per_second is None else spec.tokens_per_second * seconds[-1]
            steps.append(step)
        found = positions(spec, "trained", types(*runs), images, videos, seconds)
        assert (found == rule_of_5_2(kinds, list(grids), steps)).all()


def test_the_rules_agree_until_a_video_is_longer_than_its_grid_is_wide() -> None:
    for pairs in range(1, 12):
        layout = types((TEXT, 2), (VIDEO, pairs * 12), (TEXT, 2))
        trained = positions(QWEN2, "trained", layout, [], [(pairs, 6, 8)], [1.0])
        stock = positions(QWEN2, "transformers", layout, [], [(pairs, 6, 8)], [1.0])
        assert (trained == stock).all() == (pairs <= 4)
