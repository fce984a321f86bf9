"""Who is let in, and who makes way: the table of connections, without sockets."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from askcam.server.connections.book import Book, Peer
from askcam.server.connections.descriptors import RESERVE, for_connections


@dataclass
class Hall:
    """A book, and who was ended."""

    book: Book
    ended: list[Peer] = field(default_factory=list)
    now: float = 0.0

    def come(self, address: str, *, proven: bool = False, idle: bool = True, proxy: bool = False) -> Peer | None:
        self.now += 1
        peer = Peer(address, self.now, lambda: self.ended.append(peer), proxy, proven, idle)
        return peer if self.book.enter(peer) else None


def test_one_address_has_its_bound_and_its_oldest_that_shows_nothing_makes_way() -> None:
    hall = Hall(Book(100, 3))
    first, *_ = [hall.come("a") for _ in range(3)]
    assert hall.come("b")
    assert hall.ended == []
    assert hall.come("a")
    assert hall.ended == [first]
    assert (hall.book.of("a"), hall.book.of("b"), len(hall.book)) == (3, 1, 4)


def test_who_has_shown_nothing_goes_before_who_is_idle_and_who_is_at_work_never_does() -> None:
    hall = Hall(Book(100, 3))
    working = hall.come("a", proven=True, idle=False)
    resting = hall.come("a", proven=True)
    silent = hall.come("a")
    assert hall.come("a", proven=True, idle=False)
    assert hall.ended == [silent]
    assert hall.come("a", proven=True, idle=False)
    assert hall.ended == [silent, resting]
    assert hall.come("a") is None
    assert working not in hall.ended


def test_when_all_is_full_the_address_that_holds_most_gives() -> None:
    hall = Hall(Book(6, 5))
    honest = hall.come("b")
    flood = [hall.come("a") for _ in range(5)]
    newcomer = hall.come("c")
    assert newcomer
    assert hall.ended == [flood[0]]
    assert honest not in hall.ended


def test_a_trusted_proxy_has_no_bound_of_its_own() -> None:
    hall = Hall(Book(50, 2))
    assert all(hall.come("proxy", proxy=True) for _ in range(50))
    assert hall.ended == []


def test_one_that_left_is_forgotten_and_leaving_twice_is_nothing() -> None:
    hall = Hall(Book(2, 2))
    peer = hall.come("a", proven=True, idle=False)
    assert peer
    hall.book.leave(peer)
    hall.book.leave(peer)
    assert (len(hall.book), hall.book.peers()) == (0, [])


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.booleans(), st.booleans()), max_size=120),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_the_bounds_hold_whoever_comes_and_a_newcomer_gets_in_while_anybody_is_idle(
    coming: list[tuple[str, bool, bool, bool]], most: int, per_address: int
) -> None:
    hall = Hall(Book(most, per_address))
    for address, proven, idle, leaves in coming:
        before = hall.book.peers()
        came = hall.come(address, proven=proven, idle=idle)
        assert len(hall.book) == len(hall.book.peers()) <= most
        assert hall.book.of(address) <= hall.book.per_address
        if came is None:
            mine = [peer for peer in before if peer.address == address]
            tight = mine if len(mine) >= hall.book.per_address else before
            assert all(peer.proven and not peer.idle for peer in tight)
        elif leaves:
            hall.book.leave(came)
    assert all(not peer.proven or peer.idle for peer in hall.ended)


@given(st.integers(64, 1_000_000), st.integers(16, 65_536))
def test_descriptors_are_left_for_cameras_and_databases(descriptors: int, wanted: int) -> None:
    given_ = for_connections(descriptors, wanted)
    assert 16 <= given_ <= max(16, wanted)
    if descriptors >= 2 * RESERVE:
        assert descriptors - given_ >= RESERVE
