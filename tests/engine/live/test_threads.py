"""How many threads a model is run with."""

import torch

from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import make_model
from askcam.engine.live.threads import affordable, best_threads, fewest
from askcam.engine.loading import Loaded


def test_more_threads_only_where_they_help() -> None:
    took = {1: 1.0, 2: 0.6, 4: 0.4, 6: 0.39}
    assert fewest(took.__getitem__, 6) == 4
    assert fewest(took.__getitem__, 2) == 2
    assert fewest(took.__getitem__, 1) == 1
    assert fewest({1: 1.0, 2: 1.2}.__getitem__, 2) == 1


def test_a_large_tower_is_timed_in_part() -> None:
    assert affordable(lambda blocks: 0.001 * blocks, 32) == 32
    assert affordable(lambda blocks: 0.02 * blocks, 32) == 5
    assert affordable(lambda blocks: 2.0 * blocks, 32) == 1


def test_measuring_leaves_torchs_own_choice_as_it_was(loaded: Loaded) -> None:
    before = torch.get_num_threads()
    assert 1 <= best_threads(loaded, make_model(loaded, EngineConfig("built-in"))) <= before
    assert torch.get_num_threads() == before
