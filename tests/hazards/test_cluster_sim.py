"""benchmarks/cluster_sim.py at a small size: many failures, and the product's rules lose and double nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [5, 3])
def test_a_small_cluster_of_many_failures_tells_everything_once(seed: int) -> None:
    size = ["--shards", "60", "--cameras", "600", "--hours", "0.05", "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/cluster_sim.py", *size], capture_output=True, text=True, timeout=300
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["benchmark"], told["shards"], told["cameras"]) == ("cluster_sim", 60, 600)
    assert done.returncode == 0, told
    assert told["told_twice"] == 0
    assert set(told["lost"].values()) == {0}
    assert told["events"]["committed"] > 50
    assert told["moves"]["had_to"] > 20
    assert told["moves"]["moved"] <= told["moves"]["had_to"]
    assert told["without_an_owner"]["a rack lost"]["failures"] >= 1
