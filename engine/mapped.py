"""Weights that are read from their file's pages, which count as this process's memory once they were touched. Linux.

What is copied into another tensor (engine/live/projections.py) would count twice until the file is closed, and so it
is let go: madvise(2), MADV_DONTNEED, after which a page is read anew by whoever touches it. What is not such a file's
is never touched: there the same call would throw away what was written.
"""

import ctypes
import mmap
import sys
from pathlib import Path

from torch import Tensor

MAPS = Path("/proc/self/maps")
SUFFIX = ".safetensors"


def let_go(tensor: Tensor) -> int:
    """Whole pages of it that lie in the mapping of a file of weights; returns their bytes. For a tensor that was never
    written to: its values are the file's from then on."""
    if tensor.device.type != "cpu" or sys.platform != "linux" or not tensor.is_contiguous():
        return 0
    start, page = tensor.data_ptr(), mmap.PAGESIZE
    low, high = -(-start // page) * page, (start + tensor.nbytes) // page * page
    if high <= low or not _in_file(low, high):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.madvise(ctypes.c_void_p(low), ctypes.c_size_t(high - low), mmap.MADV_DONTNEED)
    return high - low if done == 0 else 0


def _in_file(low: int, high: int) -> bool:
    """Whether these addresses lie in one mapping of a file of weights."""
    try:
        lines = MAPS.read_text().splitlines()
    except OSError:
        return False
    for line in lines:
        addresses, _, rest = line.partition(" ")
        if not rest.endswith(SUFFIX):
            continue
        begin, _, end = addresses.partition("-")
        if int(begin, 16) <= low and high <= int(end, 16):
            return True
    return False
