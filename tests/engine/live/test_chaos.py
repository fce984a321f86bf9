"""Whatever breaks and whoever comes and goes: questions end once, rows and threads come back, answers are right."""

import threading
from collections.abc import Callable

import pytest
from hazards.driver import Chaos, rest
from hazards.faults import Listening

from askcam.engine.live import engine as live_engine
from askcam.engine.live.engine import LiveEngine

NUM_ACTIONS = 300  # benchmarks/chaos.py does thousands, for a quarter of an hour
# for six cameras' plain windows, not for all that is asked of them: a full pool is part of it
KV_GB = {"qwen2_vl": 0.006, "qwen3_5": 0.02}


@pytest.mark.parametrize(("kind", "seed"), [("qwen2_vl", 1), ("qwen2_vl", 5), ("qwen3_5", 3)])
def test_everything_ends_once_and_comes_back(
    kind: str, seed: int, live: Callable[..., LiveEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_engine, "QUIET_S", 0.3)  # faults come more than once a second here
    engine = live(kind, max_pairs=8, kv_gb=KV_GB[kind], threads=1, max_waiting=12, max_answering=8)
    before = set(threading.enumerate())
    with Listening() as log, Chaos(engine, seed, fault_share=0.04, keep=64) as chaos:
        for _ in range(NUM_ACTIONS):
            chaos.act()
        chaos.calm()
        chaos.end()
        different = chaos.check()
        chaos.close()
    assert chaos.tally.wrong == []
    assert log.unexplained == []
    assert sum(chaos.tally.over.values()) == chaos.tally.num_asked
    assert rest(before) == []
    assert chaos.faults.planted.total() > 0
    assert chaos.tally.over["answered"] > 0
    assert chaos.tally.answers
    assert different == []
