"""How long a camera may be silent. Pure; times in seconds."""

SLOW_CAMERA = 3.0  # frame intervals of silence that a camera is allowed
SLOWEST_S = 30.0  # ... but no more seconds than this, unless its `silence_s` is longer


def silence_limit(stall_s: float, silence_s: float, usual_s: float | None, slow: bool) -> float:
    """Seconds without a picture after which a camera is stalled.

    `usual_s` is its own interval, as far as it is known. While it isn't, a camera that may be a `slow` one is given
    `silence_s`: from one picture nobody can tell whether the next is due in 40 ms or in 10 s.
    """
    if usual_s is None:
        return max(stall_s, silence_s) if slow else stall_s
    return max(stall_s, min(SLOW_CAMERA * usual_s, max(SLOWEST_S, silence_s)))


def grace(grace_s: float, usual_s: float | None) -> float:
    """Seconds more after which its reader is given up."""
    return max(grace_s, min(SLOWEST_S, usual_s or 0.0))
