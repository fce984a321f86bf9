"""File descriptors: as many as the system gives, and how many of them connections may take."""

import resource
import sys

WANTED = 16_384  # the soft limit is raised so far, where the hard one allows it
RESERVE = 384  # kept for cameras, databases, pictures, tools' processes and libraries
MOST = 4096  # connections, whatever the system gives: each costs memory


def raise_soft_limit() -> int:
    """Raise this process's soft limit of descriptors as far as is sensible; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = WANTED if hard == unlimited else min(WANTED, hard)
    if sys.platform == "darwin":
        wanted = min(wanted, 10_240)  # OPEN_MAX: the kernel refuses more, whatever it says
    if soft == unlimited or soft >= wanted:
        return WANTED if soft == unlimited else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


def for_connections(descriptors: int, wanted: int = MOST) -> int:
    """How many connections may be open of `wanted` where there are so many descriptors; always some. Pure."""
    return max(16, min(wanted, descriptors - RESERVE, descriptors * 5 // 8))
