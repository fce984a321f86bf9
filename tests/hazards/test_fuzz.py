"""Requests at random against a real server: a short run of benchmarks/fuzz.py."""

import json
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"


def test_no_request_fails_here_or_is_answered_otherwise_than_described() -> None:
    command = [sys.executable, str(FUZZ), "--examples", "10", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    row = json.loads(done.stdout.splitlines()[-1])
    assert row["answers_500"] == 0
    assert row["alive"]
    assert row["requests"] > 150
    assert row["routes"] == row["routes_described"] - 1  # all but the description itself, with which it begins
    assert row["statuses"]["200"] > 20
    assert row["statuses"]["400"] > 20
