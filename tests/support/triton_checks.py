"""Files of tests of Triton's kernels, each run in a process of its own: whether Triton interprets or compiles is
decided when it is imported."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.parts import need


def run_checks(file: Path, device: str, interpret: bool) -> None:
    """`file` on "cpu" or "cuda". What the interpreter is spared stands beside it, in quick_interpreter.py."""
    need(importlib.util.find_spec("triton") is not None, "Triton is missing: it comes with torch on Linux")
    quick = ["-p", "quick_interpreter"] if interpret else []
    env = {
        "KERNELS_ON": device,
        "TRITON_INTERPRET": str(int(interpret)),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(file.parent),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *quick, str(file)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=2400,  # minutes where a machine is slow: an interpreter of kernels
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run_checks_on_gpu(file: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    run_checks(file, "cuda", interpret=False)
