import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.stream.frame import Frame
from askcam.stream.window import Anchors, Window

ANCHORS = st.builds(Anchors, keep=st.integers(1, 12), hop=st.integers(1, 12))


def frame(seq: int, width: int = 8) -> Frame:
    return Frame("lobby", seq, 1000 + seq, float(seq), np.full((6, width, 3), seq % 256, np.uint8))


def filled(anchors: Anchors, num_frames: int) -> Window:
    window = Window("lobby", anchors, 2.0)
    for seq in range(num_frames):
        window.add(frame(seq))
    return window


@given(ANCHORS, st.integers(0, 500))
def test_a_full_window_holds_keep_to_keep_and_hop_less_one(anchors: Anchors, seen: int) -> None:
    held = seen - anchors.start(seen)
    assert held <= anchors.max_pairs
    assert held >= min(seen, anchors.keep)


@given(ANCHORS, st.integers(0, 500))
def test_the_start_moves_by_whole_hops_and_never_back(anchors: Anchors, seen: int) -> None:
    step = anchors.start(seen + 1) - anchors.start(seen)
    assert step in (0, anchors.hop)
    assert anchors.start(seen) % anchors.hop == 0


@given(ANCHORS, st.integers(1, 500))
def test_the_live_anchors_begin_with_the_windows_own_and_the_next_start_is_among_them(
    anchors: Anchors, seen: int
) -> None:
    live = anchors.live(seen)
    assert live[0] == anchors.start(seen)
    assert anchors.start(seen + 1) in live or anchors.start(seen + 1) == seen


@given(st.integers(2, 64))
def test_within_leaves_room_for_the_provisional_pair(max_pairs: int) -> None:
    assert Anchors.within(max_pairs).max_pairs + 1 <= max_pairs


@pytest.mark.parametrize("bad", [{"keep": 0}, {"hop": 0}])
def test_a_window_without_room_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Anchors(**bad)
    with pytest.raises(ValueError, match="two pairs"):
        Anchors.within(1)


@given(ANCHORS, st.integers(0, 120))
def test_what_is_held_and_what_fell_out_is_every_pair_in_order(anchors: Anchors, num_frames: int) -> None:
    window, gone = Window("lobby", anchors, 2.0), []
    for seq in range(num_frames):
        gone += window.add(frame(seq))
    pairs = [*gone, *window]
    assert [pair.index for pair in pairs] == list(range(num_frames // 2))
    assert [(pair.first.seq, pair.second.seq) for pair in pairs] == [(k, k + 1) for k in range(0, num_frames - 1, 2)]
    assert len(gone) == anchors.start(num_frames // 2)
    assert window.num_pairs_seen == num_frames // 2
    assert window.version == num_frames


def test_a_full_window_evicts_whole_pairs_from_its_oldest_end() -> None:
    window = filled(Anchors(keep=2, hop=2), 7)
    assert len(window) == 3
    gone = window.add(frame(7))
    assert [pair.index for pair in gone] == [0, 1]
    assert [pair.index for pair in window] == [2, 3]


def test_an_odd_frame_waits_for_its_partner() -> None:
    window = filled(Anchors(), 3)
    assert window.waiting is not None
    assert window.waiting.seq == 2
    window.add(frame(3))
    assert window.waiting is None
    assert len(window) == 2


def test_frames_out_of_order_are_our_bug() -> None:
    with pytest.raises(AssertionError, match="in order"):
        filled(Anchors(), 3).add(frame(1))


def test_another_picture_size_empties_the_window() -> None:
    window = filled(Anchors(), 5)
    gone = window.add(frame(5, width=10))
    assert len(gone) == 2
    assert window.epoch == 1
    assert len(window) == 0
    view = window.view()
    assert view is not None
    assert view.arrays().shape == (2, 6, 10, 3)


def test_emptying_grows_version_and_epoch_and_counts_pairs_anew() -> None:
    window = filled(Anchors(), 6)
    version = window.version
    assert len(window.clear()) == 3
    assert (window.version, window.epoch, window.num_pairs_seen) == (version + 1, 1, 0)
    assert window.view() is None


@given(ANCHORS, st.lists(st.booleans(), max_size=120))
def test_pairs_of_two_still_frames_are_left_out_and_the_others_numbered_as_if_those_had_never_been(
    anchors: Anchors, still: list[bool]
) -> None:
    window, gone = Window("lobby", anchors, 2.0), []
    for seq, each in enumerate(still):
        gone += window.add(frame(seq), each)
    pairs = [*gone, *window]
    moved = [k for k in range(0, len(still) - 1, 2) if k == 0 or not (still[k] and still[k + 1])]
    assert [(pair.first.seq, pair.second.seq) for pair in pairs] == [(k, k + 1) for k in moved]
    assert [pair.index for pair in pairs] == list(range(len(moved)))
    assert window.num_pairs_seen == len(moved)
    assert len(gone) == anchors.start(len(moved))
    assert (window.waiting is not None) == (len(still) % 2 == 1)
    assert window.version == len(still)


def test_an_empty_window_takes_a_still_pair() -> None:
    window = filled(Anchors(), 4)
    window.clear()
    for seq in range(4, 8):
        window.add(frame(seq), still=True)
    assert [(pair.index, pair.first.seq) for pair in window] == [(0, 4)]


def test_a_still_frame_of_another_size_empties_the_window_and_waits() -> None:
    window = filled(Anchors(), 4)
    window.add(frame(4), still=True)
    assert len(window.add(frame(5, width=10), still=True)) == 2
    assert window.waiting is not None
    window.add(frame(6, width=10), still=True)
    assert [(pair.index, pair.first.seq) for pair in window] == [(0, 5)]


def test_what_is_seen_of_a_still_scene_ends_with_the_newest_frame_too() -> None:
    window, seen = filled(Anchors(), 4), []
    for seq in range(4, 8):
        window.add(frame(seq), still=True)
        view = window.view(frame(100 + seq))
        assert view is not None
        assert (view.provisional, view.pairs[-1].index) == (True, 2)
        seen.append([each.seq for each in view.frames])
    assert seen == [[0, 1, 2, 3, *last] for last in ((4, 104), (105, 105), (6, 106), (107, 107))]
    settled = window.view()
    assert settled is not None
    assert [each.seq for each in settled.frames] == [0, 1, 2, 3]


@given(ANCHORS, st.integers(0, 60), st.booleans())
def test_a_view_ends_with_the_newest_frame(anchors: Anchors, num_frames: int, newer: bool) -> None:
    window = filled(anchors, num_frames)
    newest = frame(1000) if newer else None
    view = window.view(newest)
    if view is None:
        assert num_frames == 0
        assert not newer
        return
    assert view.newest.seq == (1000 if newer else num_frames - 1)
    assert view.provisional == (newer or num_frames % 2 == 1)
    assert len(view.pairs) <= anchors.max_pairs + 1
    assert [pair.index for pair in view.pairs] == list(range(view.pairs[0].index, view.pairs[-1].index + 1))
    assert view.pairs[0].index == anchors.start(num_frames // 2)


def test_the_first_frame_of_all_makes_a_pair_with_itself() -> None:
    view = Window("lobby", Anchors(), 2.0).view(frame(5))
    assert view is not None
    assert [each.seq for each in view.frames] == [5, 5]
    assert view.provisional


def test_the_newest_frame_becomes_the_partner_of_the_odd_one() -> None:
    view = filled(Anchors(), 3).view(frame(9))
    assert view is not None
    assert [each.seq for each in view.frames] == [0, 1, 2, 9]


def test_a_frame_that_the_window_has_already_is_not_taken_twice() -> None:
    view = filled(Anchors(), 4).view(frame(2))
    assert view is not None
    assert [each.seq for each in view.frames] == [0, 1, 2, 3]
    assert not view.provisional


@given(ANCHORS, st.integers(1, 60), st.floats(0, 40), st.booleans())
def test_what_is_recent_begins_at_the_newest_anchor_with_so_many_seconds_behind_it(
    anchors: Anchors, num_frames: int, seconds: float, newer: bool
) -> None:
    view = filled(anchors, num_frames).view(frame(num_frames) if newer else None)
    assert view is not None
    found = view.recent(seconds, anchors.hop)
    cut = len(view.pairs) - len(found.pairs)
    assert found.pairs == view.pairs[cut:]
    assert (found.version, found.provisional, found.fps) == (view.version, view.provisional, view.fps)
    starts = [pair.index for pair in view.pairs if pair.index % anchors.hop == 0]
    complete = view.pairs[: len(view.pairs) - view.provisional]
    enough = [at for at in starts if sum(pair.index >= at for pair in complete) >= max(1.0, seconds)]  # a pair a second
    assert found.pairs[0].index == (max(enough) if enough else view.pairs[0].index)


def test_looking_changes_nothing() -> None:
    window = filled(Anchors(), 5)
    window.view(frame(100))
    assert (window.version, len(window), window.num_pairs_seen) == (5, 2, 2)


def test_a_view_stays_as_it_was_while_the_window_goes_on() -> None:
    window = filled(Anchors(keep=1, hop=1), 4)
    view = window.view()
    assert view is not None
    seen = [each.seq for each in view.frames]
    for seq in range(4, 40):
        window.add(frame(seq))
    assert [each.seq for each in view.frames] == seen


@given(st.integers(1, 30))
def test_messages_hold_the_very_pixels_their_size_and_rate_and_then_the_question(num_frames: int) -> None:
    view = filled(Anchors(), num_frames).view()
    assert view is not None
    (message,) = view.messages("What is there?")
    video, text = message["content"]
    assert message["role"] == "user"
    assert text == {"type": "text", "text": "What is there?"}
    assert (video["resized_height"], video["resized_width"], video["sample_fps"]) == (6, 8, 2.0)
    assert len(video["video"]) % 2 == 0
    assert np.array_equal(np.stack([np.asarray(picture) for picture in video["video"]]), view.arrays())


def test_a_view_says_its_span_and_age() -> None:
    view = filled(Anchors(), 4).view()
    assert view is not None
    assert (view.start_wall, view.end_wall) == (1000, 1003)
    assert view.age_s(3.5) == 0.5
    assert view.age_s(2.0) == 0.0


def test_the_frame_that_ends_the_window_is_not_taken_in_twice() -> None:
    window = filled(Anchors(), 4)
    view = window.view(frame(3))
    assert view is not None
    assert ([pair.index for pair in view.pairs], view.provisional) == ([0, 1], False)
    window.add(frame(4))
    view = window.view(frame(4))
    assert view is not None
    assert [one.seq for one in view.frames] == [0, 1, 2, 3, 4, 4]  # the odd one, as a pair of itself
