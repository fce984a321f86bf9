"""Each Triton kernel computes what plain torch does: kernels_against_torch.py, run from here."""

from pathlib import Path

import pytest
from support.triton_checks import run_checks, run_checks_on_gpu

CHECKS = Path(__file__).with_name("kernels_against_torch.py")


def test_kernels_equal_torch_in_the_interpreter() -> None:
    run_checks(CHECKS, "cpu", interpret=True)


@pytest.mark.gpu
def test_kernels_equal_torch_on_the_gpu() -> None:
    run_checks_on_gpu(CHECKS)
