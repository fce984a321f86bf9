"""The chain of records: each one's hash covers what it says and the hash of the one before. Pure.

A record names its pictures by their hashes, so these are covered, too. Whoever changes, takes out or puts in a record
must compute all later hashes anew, which then differ from the last one as it was noted elsewhere.
"""

import hashlib

START = "0" * 64  # before the first record of all


def link(previous: str, data: bytes) -> str:
    """The hash of a record whose document is `data`, after the one whose hash is `previous`."""
    return hashlib.sha256(previous.encode() + b"\n" + data).hexdigest()
