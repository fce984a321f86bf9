"""Records that are a chain: each one's hash covers what it says and the hash of the one before. Pure.

Whoever changes, takes out or puts in a record must compute all later hashes anew, which then differ from the last one
as it was noted elsewhere (Haber and Stornetta, How to time-stamp a digital document, 1991). Who only cuts records off
the end has computed nothing: that, too, only a hash that was noted elsewhere shows.
"""

import hashlib
from collections.abc import Iterator

START = "0" * 64  # before the first record of all


def link(previous: str, data: bytes) -> str:
    """The hash of a record whose document is `data`, after the one whose hash is `previous`."""
    return hashlib.sha256(previous.encode() + b"\n" + data).hexdigest()


def broken(before: str, previous: str, own: str, data: bytes) -> Iterator[str]:
    """What is wrong with a record that says that it follows `previous` and has the hash `own`, read after the one whose
    hash is `before`."""
    if previous != before:
        yield "the record before it is missing or another"
    if link(previous, data) != own:
        yield "its record is not what was written"
