"""The Triton kernels compute what plain torch does: kernels_against_torch.py and passes_on_kernels.py, run from here.

Whether Triton interprets or compiles is decided when it is imported, hence a process of its own.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.parts import need

HERE = Path(__file__).parent
CHECKS = [str(HERE / "kernels_against_torch.py"), str(HERE / "passes_on_kernels.py")]


def run_checks(device: str, interpret: bool) -> None:
    need(importlib.util.find_spec("triton") is not None, "Triton is missing: it comes with torch on Linux")
    quick = ["-p", "quick_interpreter"] if interpret else []
    env = {
        "KERNELS_ON": device,
        "TRITON_INTERPRET": str(int(interpret)),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(HERE),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *quick, *CHECKS],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=2400,  # minutes where a machine is slow: an interpreter of kernels
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_kernels_equal_torch_in_the_interpreter() -> None:
    run_checks("cpu", interpret=True)


@pytest.mark.gpu
def test_kernels_equal_torch_on_the_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    run_checks("cuda", interpret=False)
