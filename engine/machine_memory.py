"""How much memory this process may still take on a CPU: what the machine has, its control group, its own limits.

Sources: cgroup v2 and v1 (kernel.org, admin-guide/cgroup-v2.html and cgroup-v1/memory.html), getrlimit(2). No torch.
"""

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
UNBOUNDED = 1 << 60  # v1 writes a number of this size where nothing is bounded


@dataclass(frozen=True, slots=True)
class MemoryLeft:
    """Bytes that may still be taken, and what bounds them, in words ("free on this machine")."""

    num_bytes: int
    bound: str


def memory_left() -> MemoryLeft:
    """The narrowest of all bounds, now."""
    free = MemoryLeft(int(psutil.virtual_memory().available), "free on this machine")
    return min([free, *_groups(), *_limits()], key=lambda each: each.num_bytes)


def give_back_memory() -> None:
    """What was freed and kept for later goes back to the system. glibc only; milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _limits() -> list[MemoryLeft]:
    """`ulimit -v`: addresses, of which a mapped file takes some, too."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return []
    return [MemoryLeft(max(0, most - int(psutil.Process().memory_info().vms)), "left of its limit (ulimit -v)")]


def _groups() -> list[MemoryLeft]:
    """Of this process's control group and those above it: containers and services are bounded so."""
    try:
        lines = OWN.read_text().splitlines()
    except OSError:  # no Linux
        return []
    found = []
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if not kinds:
            found += _bounds(CGROUPS, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            found += _bounds(
                CGROUPS / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            )
    return found


def _bounds(root: Path, path: str, most: str, used: str, given_back: str) -> list[MemoryLeft]:
    """`given_back`: what of the use is files' pages, which the kernel drops when memory is wanted."""
    folder, found = root / path.lstrip("/"), []
    for each in (folder, *(parent for parent in folder.parents if parent.is_relative_to(root))):
        limit, taken = _number(each / most), _number(each / used)
        if limit is not None and taken is not None and limit < UNBOUNDED:
            pages = _of_table(each / "memory.stat", given_back)
            found.append(MemoryLeft(max(0, limit - taken + pages), "left of the limit of its container or service"))
    return found


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def _of_table(path: Path, key: str) -> int:
    try:
        rows = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return 0
    return next((int(row[1]) for row in rows if row[0] == key), 0)
