"""All connections that are open, and who is let go when one more comes. Pure; time is handed in."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Peer:
    """One connection. `address`: under which it is counted, of IPv6 the /64.

    A connection is proven once a request on it has shown what lets it in (a token, a cookie; without tokens: a
    complete request from this machine), and idle while nothing of a request is being answered.
    """

    address: str
    since: float  # seconds, steady
    end: Callable[[], None]  # at once, without a goodbye
    proxy: bool = False  # of a trusted reverse proxy: one address for many clients
    proven: bool = False
    idle: bool = True
    why: str = ""  # it was ended, for the count
    gone: bool = field(default=False)


class Book:
    """Owned by the event loop. At most `most` connections, and `per_address` of one address that is no proxy's.

    When one more comes than there is room for, the oldest of those that have shown nothing makes way, of the address
    that holds most of them; then a proven one that is idle. Where all are at work the new one is refused.
    """

    def __init__(self, most: int, per_address: int) -> None:
        assert min(most, per_address) >= 1
        self.most, self.per_address = most, min(per_address, most)
        self._peers: dict[str, dict[Peer, None]] = {}  # by address, the oldest first
        self._num = 0

    def __len__(self) -> int:
        return self._num

    def of(self, address: str) -> int:
        """How many connections an address holds."""
        return len(self._peers.get(address, ()))

    def peers(self) -> list[Peer]:
        return [peer for held in self._peers.values() for peer in held]

    def enter(self, peer: Peer) -> bool:
        """Take a new one in; False when there is no room, and nobody to make some."""
        if not peer.proxy and self.of(peer.address) >= self.per_address and not self._shed([peer.address]):
            return False
        if self._num >= self.most and not self.make_room():
            return False
        self._peers.setdefault(peer.address, {})[peer] = None
        self._num += 1
        return True

    def leave(self, peer: Peer) -> None:
        """It is closed. Unknown: no effect."""
        held = self._peers.get(peer.address)
        if held is not None and peer in held:
            del held[peer]
            self._num -= 1
            if not held:
                del self._peers[peer.address]
        peer.gone = True

    def make_room(self) -> bool:
        """End one connection of those that matter least; False: all are at work."""
        return self._shed(list(self._peers))

    def _shed(self, addresses: list[str]) -> bool:
        for wanted in (_unproven, _idle):
            found = [(address, [p for p in self._peers[address] if wanted(p)]) for address in addresses]
            _, candidates = max(found, key=lambda each: len(each[1]), default=("", []))
            if candidates:
                peer = candidates[0]
                peer.why = "shed"
                self.leave(peer)  # its socket is closed a little later, within the reserve
                peer.end()
                return True
        return False


def _unproven(peer: Peer) -> bool:
    return not peer.proven


def _idle(peer: Peer) -> bool:
    return peer.idle
