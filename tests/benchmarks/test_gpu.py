"""The prepared run for a GPU goes through all of its parts, whatever one of them does; the cheapest run for real."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.parts import need

ROOT = Path(__file__).parents[2]
PARTS = ["kernels", "engine", "states-tiny", "states", "quantized", "engine-large", "drawn"]
# what stands for Python: writes down what it was called with, and does as that part is told
STAND_IN = """#!/bin/sh
echo "$@" >> {calls}
case "$*" in
  *gpu_quantized*) echo "ValueError: these weights are odd" >&2; exit 3;;
  *states-tiny*) sleep 60;;
esac
echo '{{"errors": {{}}}}'
"""


def run(out: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "benchmarks/gpu.sh"), *arguments],
        env={**os.environ, "OUT": str(out), **env},
        capture_output=True,
        text=True,
        timeout=900,
    )


def test_the_parts_that_a_cpu_is_quick_at_run_for_real(tmp_path: Path) -> None:
    need(importlib.util.find_spec("triton") is not None, "Triton is missing: it comes with torch on Linux")
    done = run(tmp_path, "--tiny", "kernels", "engine", PYTHON=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("kernels", "engine"):
        found = json.loads((tmp_path / f"{name}.txt").read_text().splitlines()[-1])
        assert (found["bench"], found["model"], found["errors"]) == (name, "random-tiny", {})
        assert json.loads((tmp_path / f"{name}.json").read_text())["errors"] == {}
    assert found["live, 4 frames, provisional pair"]["first_token_ms"] > 0
    kernels = json.loads((tmp_path / "kernels.json").read_text())
    assert kernels["ready"]["operations"] == "TritonOps"
    assert max(kernels["operations"].values()) < 1e-5


@pytest.mark.parametrize("most_s", [475, 5])
def test_a_part_that_fails_or_hangs_stops_no_other(most_s: int, tmp_path: Path) -> None:
    calls, python = tmp_path / "calls", tmp_path / "python"
    python.write_text(STAND_IN.format(calls=calls))
    python.chmod(0o755)
    timeout = tmp_path / "timeout"  # as the real one, but that it does not wait for what hangs
    timeout.write_text('#!/bin/sh\nshift 3\ncase "$*" in *states-tiny*) exit 124;; esac\nexec "$@"\n')
    timeout.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run(tmp_path / "out", PYTHON=str(python), MOST_S=str(most_s), PATH=path)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("== ")]
    assert [line.split()[1].rstrip(":") for line in lines] == [*PARTS, "all"]
    if most_s < 10:  # the time is used up before it begins
        assert all("left out" in line for line in lines[:-1])
        assert not calls.exists()
        return
    said = dict(zip(PARTS, lines, strict=False))
    assert said["states-tiny"].endswith("out of time")
    assert "exit code 3" in said["quantized"]
    assert "ValueError: these weights are odd" in done.stdout
    assert all("exit code 0" in said[name] for name in PARTS if name not in ("states-tiny", "quantized"))
    asked = calls.read_text()
    for words in ("--shape 2b", "--rounding", "--shape qwen3.5-2b", "--shape 7b", "kernels_against_torch.py"):
        assert words in asked


def test_a_part_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--tiny", "kernel")
    assert done.returncode == 2
    assert "usage: benchmarks/gpu.sh [--tiny] [kernels engine" in done.stderr
