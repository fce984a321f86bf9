"""How long to wait before the next try: exponential, with full jitter, within bounds. Pure."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random

FIRST_S = 2.0  # the first wait is at most so long, each next one at most twice as long ...
MAX_S = 600.0  # ... up to this
MIN_S = 0.2  # jitter may say "at once"; a target in trouble gets a moment all the same
MAX_REST_S = 60.0  # a whole target that fails is let alone for at most so long, unless it says how long itself
MAX_RETRY_AFTER_S = 3600.0  # of what it says is believed


def wait_s(num_failures: int, random: Random, most_s: float = MAX_S) -> float:
    """After so many failures in a row, 1 or more."""
    cap = min(most_s, FIRST_S * 2 ** min(num_failures - 1, 32))
    return max(MIN_S, random.uniform(0.0, cap))


def retry_after_s(header: str, wall: float) -> float | None:
    """What a Retry-After header asks for, in seconds from `wall`; None when it says nothing that can be read."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, at.timestamp() - wall), MAX_RETRY_AFTER_S)
