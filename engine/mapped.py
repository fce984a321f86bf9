"""Weights that are read from their file's pages, which count as this process's memory once they were touched. Linux.

What is copied into another tensor (engine/live/projections.py) would count twice until the file is closed, and so it
is let go: madvise(2), MADV_DONTNEED, after which a page is read anew by whoever touches it. What is not such a file's
is never touched: there the same call would throw away what was written.
"""

import ctypes
import mmap
import sys
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

MAPS = Path("/proc/self/maps")
SUFFIX = ".safetensors"
LEAST_BYTES = 4 << 20  # of less it is not worth a look at this process's mappings, which takes a millisecond or two
Span = tuple[int, int]  # the first address, and the one behind the last


def let_go(tensors: Sequence[Tensor]) -> int:
    """Whole pages of them that lie in the mapping of a file of weights; returns their bytes. For tensors that were
    never written to: their values are the file's from then on."""
    here = sys.platform == "linux" and all(tensor.device.type == "cpu" for tensor in tensors)
    if not here or sum(tensor.nbytes for tensor in tensors) < LEAST_BYTES:
        return 0
    files, libc, gone = _of_files(), ctypes.CDLL(None, use_errno=True), 0
    for low, high in (_pages(tensor) for tensor in tensors if tensor.is_contiguous()):
        if high > low and any(begin <= low and high <= end for begin, end in files):
            length = high - low
            failed = libc.madvise(ctypes.c_void_p(low), ctypes.c_size_t(length), mmap.MADV_DONTNEED)
            gone += 0 if failed else length
    return gone


def _pages(tensor: Tensor) -> Span:
    """The whole pages within a tensor."""
    start, page = tensor.data_ptr(), mmap.PAGESIZE
    return -(-start // page) * page, (start + tensor.nbytes) // page * page


def _of_files() -> list[Span]:
    """Where files of weights are mapped now. To be looked at anew each time: what was one may be other memory later."""
    try:
        lines = MAPS.read_text().splitlines()
    except OSError:
        return []
    spans = (line.partition(" ")[0].split("-") for line in lines if line.endswith(SUFFIX))
    return [(int(begin, 16), int(end, 16)) for begin, end in spans]
