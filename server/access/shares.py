"""Places that are counted (streams, sessions, requests under way), so that no client can take them all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from askcam.server.access.origins import client_key
from askcam.server.access.viewer import KEYED, STRANGER, THE_SERVER, Viewer
from askcam.server.errors import TooMany

STALLED_S = 5.0  # whoever reads nothing for so long makes way for one who would
RESERVED = 4  # one place in so many is the admin's


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """Who asks: which token, and from where (an address, of IPv6 the /64). Without tokens everybody is the admin."""

    viewer: Viewer
    address: str

    @property
    def admin(self) -> bool:
        return self.viewer.admin

    @property
    def key(self) -> str:
        return f"{self.viewer.name}@{self.address}"


NOBODY = ClientIdentity(THE_SERVER, "local")  # the server itself
VIEWER = "askcam.viewer"  # in a scope: whom the guard has found the request's credentials to be of
ASKED_WHO = "askcam.asked_who"  # in a scope: a mark, once whoever carries the request out has gone by its viewer


def client_of(conn: HTTPConnection) -> ClientIdentity:
    """Whose places and rates count; a stranger where nothing was shown yet."""
    viewer = conn.scope.get(VIEWER, STRANGER)
    assert isinstance(viewer, Viewer)
    return ClientIdentity(viewer, client_key(conn.client.host if conn.client else None))


def asker_of(conn: HTTPConnection) -> ClientIdentity:
    """The same, for who looks up cameras by it: an endpoint that says so (wire/about.py) must have asked."""
    conn.scope[ASKED_WHO] = True
    return client_of(conn)


def viewer_of(conn: HTTPConnection) -> Viewer:
    """Of asker_of()."""
    return asker_of(conn).viewer


@dataclass(eq=False, slots=True)
class Place:
    """One that is held."""

    client: ClientIdentity
    stalled_s: Callable[[], float]  # for how long its holder has read nothing
    end: Callable[[], None] | None  # ends it from outside
    taken_by: dict["Place", None] = field(repr=False)

    def leave(self) -> None:
        """Twice: no effect."""
        self.taken_by.pop(self, None)


class Places:
    """Owned by the event loop. At most `most` are held at once; of these a client that is no admin at most `share`, one
    with a token of its own ([tokens.NAME]) no more from all its addresses, and all that are no admins together three
    quarters, so that the admin always gets in.

    Where there is none left, the place of whoever has read nothing for longest makes way, if it is of the same bound.
    """

    def __init__(self, what: str, most: int, share: float = 0.5, *, remedy: str = "try again later") -> None:
        """`what` in the plural: "live pictures"."""
        assert most >= 1
        assert 0 < share <= 1
        self._what, self._remedy = what, remedy
        self.most, self.of_viewers = most, max(1, most - most // RESERVED)
        self.per_client = max(1, min(self.of_viewers, int(most * share)))
        self._held: dict[Place, None] = {}

    def __len__(self) -> int:
        return len(self._held)

    def enter(
        self,
        client: ClientIdentity,
        stalled_s: Callable[[], float] = lambda: 0.0,
        end: Callable[[], None] | None = None,
    ) -> Place:
        """Take a place; the caller leaves it. Raises TooMany `busy`."""
        if not client.admin:
            viewer = client.viewer
            same = [place for place in self._held if place.client.key == client.key]
            theirs = [place for place in self._held if place.client.viewer.name == viewer.name]
            shards = viewer is KEYED  # however many people ask, they do not take the places of these
            others = [place for place in self._held if not place.client.admin and _is_shard(place) is shards]
            self._check(same, self.per_client, "from this client")
            if viewer.named:
                self._check(theirs, self.per_client, f"with the token {viewer.name!r}")
            self._check(others, self.of_viewers, "with viewers' tokens")
        self._check(list(self._held), self.most, "")
        place = Place(client, stalled_s, end, self._held)
        self._held[place] = None
        return place

    @contextmanager
    def holding(self, client: ClientIdentity) -> Iterator[None]:
        """Hold a place while the block runs. Raises as enter() does."""
        place = self.enter(client)
        try:
            yield
        finally:
            place.leave()

    def _check(self, held: list[Place], most: int, whose: str) -> None:
        held = [place for place in held if place in self._held]
        if len(held) < most:
            return
        slowest = max((place for place in held if place.end), key=lambda place: place.stalled_s(), default=None)
        if slowest is None or slowest.end is None or slowest.stalled_s() < STALLED_S:
            text = f"{most} {self._what} are open already{' ' + whose if whose else ''}; {self._remedy}"
            raise TooMany(text, code="busy", retry_after_s=5)
        slowest.leave()
        slowest.end()


def _is_shard(place: Place) -> bool:
    return place.client.viewer is KEYED


def fullest(sizes: dict[str, int]) -> str:
    """Whose oldest entry is dropped from a store that is full: of the owner who holds most. Not empty."""
    return max(sizes, key=lambda owner: sizes[owner])
