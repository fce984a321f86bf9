"""What every kernel launch shares: whether kernels may start before the one in front of them has ended.

Programmatic dependent launch (Hopper and newer) lets a kernel be set up, and load weights, while its predecessor still
runs; `gdc_wait` inside the kernel then waits for all that the predecessor wrote. Every kernel here waits before it
touches anything that another kernel writes, so the order of results is the order of launches.
"""

from dataclasses import dataclass
from functools import cache

import torch
import triton
from triton import knobs

INTERPRETED = bool(knobs.runtime.interpret)  # kernels run as numpy on the CPU: for tests


@dataclass(frozen=True, slots=True)
class GpuLimits:
    """What of a device decides how kernels are cut and launched."""

    num_processors: int  # streaming multiprocessors
    shared_bytes: int  # of a multiprocessor's shared memory, that one program may use
    overlaps: bool  # kernels are launched before their predecessor has ended


INTERPRETER = GpuLimits(num_processors=4, shared_bytes=1 << 30, overlaps=False)


@cache
def limits_of(device: torch.device) -> GpuLimits:
    """The GPU; a stand-in where kernels are interpreted."""
    if device.type != "cuda":
        return INTERPRETER
    found = torch.cuda.get_device_properties(device)
    return GpuLimits(
        num_processors=int(found.multi_processor_count),
        shared_bytes=int(getattr(found, "shared_memory_per_block_optin", 99 << 10)),
        overlaps=not INTERPRETED and torch.version.hip is None and (found.major, found.minor) >= (9, 0),
    )


def launch_options(device: torch.device, num_warps: int, num_stages: int | None = None) -> dict[str, int | bool]:
    """Keyword arguments of a launch; PDL is also the kernel's own compile-time constant.

    Triton launches on the calling thread's device, wherever the tensors lie: that must be `device`.
    """
    assert device.type != "cuda" or device.index == torch.cuda.current_device(), (
        f"this thread does not work on {device}"
    )
    pdl = limits_of(device).overlaps
    options: dict[str, int | bool] = {"PDL": pdl, "num_warps": num_warps}
    if pdl:
        options["launch_pdl"] = True
    if num_stages is not None:
        options["num_stages"] = num_stages
    return options


def power_of_2(n: int) -> int:
    """The smallest power of two that is at least n."""
    return int(triton.next_power_of_2(n))
