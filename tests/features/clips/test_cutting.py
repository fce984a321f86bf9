"""Which packets a clip is made of, whatever a camera does meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clip_packets import encoded, groups, packet, plain_track

from askcam.features.clips.cutting import NothingThere, cut
from askcam.features.clips.nal_units import parameters, units
from askcam.features.clips.ring import Group, PacketRing
from askcam.stream.packets import PacketTrack

H264 = encoded("h264", 60, 10)  # six seconds, a keyframe each second


def times(found: object) -> list[float]:
    return [picture.at for run in found.runs for picture in run.pictures]  # type: ignore[attr-defined]


def held(codec: str = "h264", begin: float = 0.0) -> list[Group]:
    return groups(plain_track(codec), H264, begin)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (2.0, 4.0, 2.0, 4.0),  # at a keyframe
        (2.55, 4.25, 2.0, 4.2),  # the keyframe before it
        (0.0, 9.0, 0.0, 5.9),  # the camera sent nothing more
        (-3.0, 1.0, 0.0, 1.0),  # it had just been connected
        (5.85, 5.95, 5.0, 5.9),  # within one group
    ],
)
def test_it_begins_at_the_keyframe_before_and_ends_at_the_end(
    start: float, end: float, first: float, last: float
) -> None:
    found = cut(held(), start, end)
    assert found.start == pytest.approx(first)
    assert times(found)[-1] == pytest.approx(last)
    assert found.end == pytest.approx(last + 0.1)
    assert found.copied
    assert found.runs[0].pictures[0].key


@pytest.mark.parametrize(("start", "end"), [(20.0, 22.0), (-9.0, -5.0)])
def test_a_span_of_which_nothing_was_held_is_missing(start: float, end: float) -> None:
    with pytest.raises(NothingThere, match="sent nothing then"):
        cut(held(), start, end)


def test_without_packets_it_says_so() -> None:
    with pytest.raises(NothingThere, match="no packets"):
        cut([], 0, 5)


def test_a_camera_that_came_back_with_the_same_parameters_goes_on_in_the_same_run() -> None:
    again = groups(plain_track("h264"), H264, begin=9.0)
    found = cut([*held(), *again], 3.0, 12.0)
    assert found.copied
    assert times(found)[30:32] == pytest.approx([9.0, 9.1])
    assert times(found)[29] == pytest.approx(5.9)


def test_one_that_came_back_in_another_size_is_another_run() -> None:
    large = groups(plain_track("h264"), encoded("h264", 20, 10, width=480), begin=7.0)
    found = cut([*held(), *large], 3.0, 8.0)
    assert [run.codec for run in found.runs] == ["h264", "h264"]
    assert not found.copied
    assert found.runs[1].pictures[0].key


def test_parameters_that_change_in_mid_stream_are_another_run_too() -> None:
    track = plain_track("h264")
    found = cut([*groups(track, H264), *groups(track, encoded("h264", 20, 10, height=256), begin=6.0)], 3.0, 8.0)
    assert len(found.runs) == 2


def test_parameters_that_only_the_container_says_are_taken_from_there() -> None:
    sets = parameters("h264", H264[0][0], b"")
    bare = tuple(
        (b"".join(b"\0\0\0\1" + unit for unit in units(data) if unit[0] & 31 not in (7, 8)), key, number)
        for data, key, number in H264
    )
    told = PacketTrack("h264", sets.data(), 320, 192)
    assert cut(groups(told, bare), 1, 3).runs[0].parameters == sets
    with pytest.raises(NothingThere, match="SPS and PPS"):
        cut(groups(plain_track("h264"), bare), 1, 3)
    first = [(H264[0][0], True, 0), *bare[1:]]  # said once, at the beginning
    assert cut(groups(plain_track("h264"), first), 1, 3).runs[0].parameters == sets


def test_pictures_that_are_shown_in_another_order_keep_the_order_of_decoding() -> None:
    found = cut(groups(plain_track("h264"), encoded("h264", 40, 20, bframes=2)), 0.0, 3.0)
    at = times(found)
    assert at != sorted(at)
    assert at[0] == min(at)


@pytest.mark.parametrize("jump", [-3600.0, -5.0])
def test_a_clock_that_is_set_back_does_not_turn_pictures_round(jump: float) -> None:
    track = plain_track("h264")
    found = cut([*groups(track, H264), *groups(track, H264, begin=6.0 + jump)], 2.2 + jump, 1e9)
    at = times(found)
    assert at == sorted(at)
    assert len(at) == 100
    assert len(set(at)) == len(at)


def test_jpegs_are_no_packets_to_be_copied() -> None:
    found = cut(groups(plain_track("mjpeg"), tuple((b"jpeg", True, i) for i in range(20))), 0.5, 1.0)
    assert not found.copied
    assert times(found) == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


@given(
    st.lists(st.tuples(st.booleans(), st.floats(-1e4, 1e4), st.integers(0, 2)), min_size=1, max_size=60),
    st.floats(-1e4, 1e4),
    st.floats(0, 1e4),
)
def test_whatever_times_come_a_clip_has_rising_ones_or_is_missing(
    pushed: list[tuple[bool, float, int]], start: float, length: float
) -> None:
    ring, tracks = PacketRing(1e9, 1 << 40), [plain_track() for _ in range(3)]
    for i, (key, at, which) in enumerate(pushed):
        ring.add(packet(tracks[which], at, key), float(i))
    try:
        found = cut(ring.groups(), start, start + length)
    except NothingThere:
        return
    at = sorted(times(found))
    assert len(set(at)) == len(at)
    assert found.start == at[0] < found.end
    for before, after in zip(found.runs, found.runs[1:], strict=False):
        assert max(each.at for each in before.pictures) < min(each.at for each in after.pictures)
    for run in found.runs:
        assert run.pictures[0].key
        assert run.pictures[0].at == min(each.at for each in run.pictures)
