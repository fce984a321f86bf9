"""Passes: what the page's cookie holds instead of the token. Pure; time is handed in."""

import hashlib
import secrets
from collections import OrderedDict
from typing import Generic, TypeVar

R = TypeVar("R")
MAX_PASSES = 1000
LIFE_S = 30 * 24 * 3600.0


class Passes(Generic[R]):
    """Random ids, each good for a role until it expires. Owned by the event loop.

    At most `max_passes`: the oldest is dropped for a new one. Ids are kept hashed, so that a look-up takes the same
    time whatever part of a guess is right.
    """

    def __init__(self, max_passes: int = MAX_PASSES, life_s: float = LIFE_S) -> None:
        self._max_passes, self._life_s = max_passes, life_s
        self._passes: OrderedDict[bytes, tuple[R, float]] = OrderedDict()  # -> role, expiry

    def __len__(self) -> int:
        return len(self._passes)

    def issue(self, role: R, now: float) -> str:
        """A new id. `now` in seconds on a steady clock."""
        made = secrets.token_urlsafe(32)
        self._passes[_hash(made)] = (role, now + self._life_s)
        while len(self._passes) > self._max_passes:
            self._passes.popitem(last=False)
        return made

    def role(self, pass_id: str, now: float) -> R | None:
        """What the pass is good for; None when it is unknown, expired or revoked."""
        key = _hash(pass_id)
        found = self._passes.get(key)
        if found is None:
            return None
        role, expiry = found
        if now >= expiry:
            del self._passes[key]
            return None
        return role

    def revoke(self, pass_id: str) -> None:
        """Unknown: no effect."""
        self._passes.pop(_hash(pass_id), None)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
