"""Whole passes on Triton's kernels equal those on plain torch: passes_on_kernels.py, run from here."""

from pathlib import Path

import pytest
from support.triton_checks import run_checks, run_checks_on_gpu

CHECKS = Path(__file__).with_name("passes_on_kernels.py")


def test_passes_equal_torch_s_in_the_interpreter() -> None:
    run_checks(CHECKS, "cpu", interpret=True)


@pytest.mark.gpu
def test_passes_equal_torch_s_on_the_gpu() -> None:
    run_checks_on_gpu(CHECKS)
