"""Which device a model goes to."""

import pytest
import torch

from askcam.engine.devices import pick_device, roomiest, settle_device
from askcam.engine.errors import ModelError


@pytest.mark.parametrize(
    ("free", "weights", "want"),
    [
        ([24, 24], 16, 0),
        ([10, 24], 16, 1),  # not the first one, which others use
        ([24, 24], 20, None),  # on one there would be no room to work: over both
        ([16], 20, 0),  # there is no other: that it does not fit is said when it is loaded
        ([24, 24, 80], 60, 2),
    ],
)
def test_one_gpu_if_one_will_do(free: list[int], weights: int, want: int | None) -> None:
    assert roomiest(free, weights) == want


def test_a_device_that_was_named_is_taken() -> None:
    for name in ("cpu", "cuda:3", "mps"):
        assert settle_device(torch.device(name), 1 << 60) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda:99", "cpu cores", "tpu"])
def test_a_device_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=f"there is no device '{name}'"):
        pick_device(name)
