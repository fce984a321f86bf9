"""The last packets of a camera: whole groups go from the front, and no more is held than is allowed."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from support.clip_packets import packet, plain_track

from askcam.features.clips.ring import OVERHEAD, PacketRing
from askcam.stream.packets import PacketTrack

SIZE = 100 + OVERHEAD  # of one packet of these tests


def filled(ring: PacketRing, count: int, gop: int, track: PacketTrack | None = None, first: int = 0) -> PacketTrack:
    """A packet a second."""
    track = track or plain_track()
    for i in range(first, first + count):
        ring.add(packet(track, float(i), key=(i - first) % gop == 0), float(i))
    return track


def test_groups_that_are_too_old_go_whole() -> None:
    ring = PacketRing(keep_s=10, max_bytes=1 << 20)
    filled(ring, 31, gop=5)
    assert [group.began for group in ring.groups()] == [20, 25, 30]  # that of 15 ended 11 s ago
    assert ring.num_bytes == 11 * SIZE
    assert ring.dropped.total() == 0, "these had their time"


def test_more_bytes_than_are_allowed_go_from_the_front_and_are_counted() -> None:
    ring = PacketRing(keep_s=1000, max_bytes=12 * SIZE)
    filled(ring, 18, gop=5)
    assert [group.began for group in ring.groups()] == [10, 15]
    assert ring.dropped == {"memory": 10}


def test_a_group_that_alone_is_too_large_goes_and_what_follows_it_until_a_keyframe() -> None:
    ring = PacketRing(keep_s=1000, max_bytes=4 * SIZE)
    track = filled(ring, 8, gop=100)
    assert ring.groups() == []
    assert ring.num_bytes == 0
    assert ring.dropped == {"memory": 5, "without_keyframe": 3}
    ring.add(packet(track, 9.0, key=True), 9.0)
    assert [group.began for group in ring.groups()] == [9]


def test_packets_of_another_track_wait_for_its_keyframe() -> None:
    ring = PacketRing(keep_s=1000, max_bytes=1 << 20)
    filled(ring, 3, gop=3)
    other = plain_track()
    ring.add(packet(other, 3.0), 3.0)
    assert len(ring.groups()) == 1
    assert ring.dropped == {"without_keyframe": 1}


def test_a_smaller_share_counts_at_once() -> None:
    ring = PacketRing(keep_s=1000, max_bytes=1 << 20)
    filled(ring, 20, gop=5)
    ring.bound(10 * SIZE)
    assert [group.began for group in ring.groups()] == [10, 15]


def test_what_is_held_can_be_cleared_and_what_was_taken_from_it_stays() -> None:
    ring = PacketRing(keep_s=1000, max_bytes=1 << 20)
    filled(ring, 5, gop=5)
    before = ring.groups()
    ring.clear()
    assert (ring.groups(), ring.num_bytes, ring.newest()) == ([], 0, None)
    assert len(before[0].packets) == 5


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3000), st.floats(0, 20)), max_size=80),
    st.integers(1, 8000),
    st.floats(0.1, 60),
)
def test_whatever_comes_the_bounds_hold(pushed: list[tuple[bool, int, float]], max_bytes: int, keep_s: float) -> None:
    ring, track, now = PacketRing(keep_s, max_bytes), plain_track(), 0.0
    for key, size, after in pushed:
        now += after
        ring.add(packet(track, now, key, bytes(size)), now)
        groups = ring.groups()
        assert ring.num_bytes == sum(len(each.data) + OVERHEAD for group in groups for each in group.packets)
        assert ring.num_bytes <= max_bytes
        assert all(group.packets[0].key and not any(each.key for each in group.packets[1:]) for group in groups)
        newest = ring.newest()
        assert newest is None or newest == (groups[-1].packets[-1].captured(), groups[-1].last_at)


def test_when_it_was_captured_is_asked_as_late_as_can_be() -> None:
    ring, told = PacketRing(10, 1 << 20), [1.0]
    late = packet(plain_track(), 0.0, key=True)
    ring.add(type(late)(late.track, late.data, True, partial(told.__getitem__, 0)), 0.0)
    (group,) = ring.groups()
    told[0] = 2.0
    assert group.began == 2.0
