"""Passes: what the page's cookie holds instead of the token. Pure; time is handed in."""

import hashlib
import secrets
from collections import Counter, OrderedDict
from typing import Generic, TypeVar

R = TypeVar("R")
MAX_PASSES = 1000  # of one token
MAX_OWN = 100  # of one token from one address
LIFE_S = 30 * 24 * 3600.0


class PagePasses(Generic[R]):
    """Random ids, each of one token until it expires. Owned by the event loop.

    At most `max_own` of a token from one place, `max_passes` of a token: for a new one the oldest of these is dropped,
    and never one of another token. Ids are kept hashed, so that a look-up takes the same time whatever part of a guess
    is right.
    """

    def __init__(self, max_passes: int = MAX_PASSES, life_s: float = LIFE_S, max_own: int = MAX_OWN) -> None:
        self._max_passes, self._max_own, self._life_s = max_passes, max_own, life_s
        self._passes: OrderedDict[bytes, tuple[R, float, str]] = OrderedDict()  # -> token, expiry, place

    def __len__(self) -> int:
        return len(self._passes)

    def issue(self, token: R, now: float, place: str = "") -> str:
        """A new id. `now` in seconds on a steady clock; `place`: from where it is asked for."""
        made = secrets.token_urlsafe(32)
        self._passes[_hash(made)] = (token, now + self._life_s, place)
        same = [key for key, (other, _, _) in self._passes.items() if other == token]
        own = [key for key in same if self._passes[key][2] == place]
        if len(own) > self._max_own:
            del self._passes[own[0]]
        elif len(same) > self._max_passes:
            holders = Counter(self._passes[key][2] for key in same)
            ((fullest, _),) = holders.most_common(1)
            del self._passes[next(key for key in same if self._passes[key][2] == fullest)]
        return made

    def of(self, pass_id: str, now: float) -> R | None:
        """Which token it stands for; None when it is unknown, expired or revoked."""
        key = _hash(pass_id)
        found = self._passes.get(key)
        if found is None:
            return None
        token, expiry, _ = found
        if now >= expiry:
            del self._passes[key]
            return None
        return token

    def revoke(self, pass_id: str) -> None:
        """Unknown: no effect."""
        self._passes.pop(_hash(pass_id), None)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
