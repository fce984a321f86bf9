"""What a model would take on a machine: kinds of machines, and this one."""

from dataclasses import replace

import pytest

from askcam.engine.catalogue.catalogue import catalogue
from askcam.engine.catalogue.estimate import HostMachine, estimate
from askcam.engine.catalogue.machine import this_machine
from askcam.engine.errors import ModelError

LAPTOP = HostMachine("a laptop", "cpu", "float32", 4, 12_000_000_000, 100e9, 10e9)
GPU = HostMachine("a GPU", "cuda", "bfloat16", 2, 22_000_000_000, 100e12, 800e9)
SMALL, LARGE = catalogue()["qwen3-vl:2b"], catalogue()["qwen3-vl:8b"]


def test_a_model_that_is_too_large_does_not_fit() -> None:
    assert estimate(SMALL, GPU).fits
    assert estimate(LARGE, GPU).fits
    assert not estimate(LARGE, LAPTOP).fits
    assert estimate(LARGE, LAPTOP).cameras == 0


def test_weights_without_room_for_a_camera_do_not_fit() -> None:
    needs = estimate(SMALL, LAPTOP)
    barely = replace(LAPTOP, free_bytes=int(needs.weights_bytes * 1.05 + 200e6 + needs.camera_bytes))
    assert not estimate(SMALL, barely).fits  # half of what is left is for windows
    assert estimate(SMALL, replace(barely, free_bytes=barely.free_bytes + needs.camera_bytes + 1000)).fits


def test_half_the_bytes_of_a_weight_are_half_of_all() -> None:
    narrow = replace(LAPTOP, dtype="bfloat16", itemsize=2)
    assert estimate(SMALL, narrow).weights_bytes * 2 == estimate(SMALL, LAPTOP).weights_bytes
    assert estimate(SMALL, narrow).camera_bytes * 2 == estimate(SMALL, LAPTOP).camera_bytes


def test_cameras_are_bounded_by_time_and_by_memory() -> None:
    slow = replace(GPU, flops=GPU.flops / 100)
    assert estimate(SMALL, slow).cameras < estimate(SMALL, GPU).cameras
    assert estimate(SMALL, slow).frame_s == pytest.approx(estimate(SMALL, GPU).frame_s * 100)
    narrow = replace(GPU, free_bytes=8_000_000_000)
    assert 0 < estimate(SMALL, narrow).cameras < estimate(SMALL, GPU).cameras


def test_the_newest_frame_joins_where_that_is_quick() -> None:
    quick, slow = estimate(SMALL, GPU), estimate(SMALL, replace(GPU, flops=1e12))
    assert quick.first_word_s > 2e9 / GPU.bytes_s  # all weights of the layers are read
    assert slow.first_word_s < 0.5  # 3 s would be the newest frame's


def test_this_machine_is_measured() -> None:
    machine = this_machine("cpu", "float32")
    assert (machine.device, machine.dtype, machine.itemsize) == ("cpu", "float32", 4)
    assert machine.name
    assert machine.flops > 1e9
    assert machine.bytes_s > 1e8
    assert machine.free_bytes > 0


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="there is no device 'abacus'"):
        this_machine("abacus", "auto")
