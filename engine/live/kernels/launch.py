"""What every kernel launch shares: whether kernels may start before the one in front of them has ended.

Programmatic dependent launch (Hopper and newer) lets a kernel be set up, and load weights, while its predecessor still
runs; `gdc_wait` inside the kernel then waits for all that the predecessor wrote. Every kernel here waits before it
touches anything that another kernel writes, so the order of results is the order of launches.
"""

from functools import cache

import torch
import triton
from triton import knobs

INTERPRETED = bool(knobs.runtime.interpret)  # kernels run as numpy on the CPU: for tests


@cache
def overlaps(device: torch.device) -> bool:
    """Whether kernels on `device` are launched before their predecessor has ended."""
    return device.type == "cuda" and not INTERPRETED and torch.cuda.get_device_capability(device) >= (9, 0)


@cache
def num_processors(device: torch.device) -> int:
    """Streaming multiprocessors of `device`; a stand-in where kernels are interpreted."""
    if device.type != "cuda":
        return 4
    return int(torch.cuda.get_device_properties(device).multi_processor_count)


@cache
def shared_bytes(device: torch.device) -> int:
    """What one program may use of a multiprocessor's shared memory."""
    if device.type != "cuda":
        return 1 << 30
    return int(getattr(torch.cuda.get_device_properties(device), "shared_memory_per_block_optin", 99 << 10))


def launch_options(device: torch.device, num_warps: int, num_stages: int | None = None) -> dict[str, int | bool]:
    """Keyword arguments of a launch; PDL is also the kernel's own compile-time constant."""
    pdl = overlaps(device)
    options: dict[str, int | bool] = {"PDL": pdl, "num_warps": num_warps}
    if pdl:
        options["launch_pdl"] = True
    if num_stages is not None:
        options["num_stages"] = num_stages
    return options


def power_of_2(n: int) -> int:
    """The smallest power of two that is at least n."""
    return int(triton.next_power_of_2(n))
