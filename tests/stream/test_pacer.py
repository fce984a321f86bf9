import pytest

from askcam.stream.sources.pacer import Pacer


def test_frames_are_due_at_their_own_pace() -> None:
    pacer = Pacer()
    due = [pacer.due(pts, 100.0) for pts in (5.0, 5.04, 5.08, 5.5)]
    assert due == pytest.approx([100.0, 100.04, 100.08, 100.5])


def test_a_file_played_again_goes_on_in_step() -> None:
    pacer = Pacer()
    due = [pacer.due(pts, 100.0) for pts in (0.0, 0.5, 1.0, 0.0, 0.5)]
    assert due == pytest.approx([100.0, 100.5, 101.0, 101.5, 102.0])


def test_a_cut_in_the_timestamps_is_not_waited_for() -> None:
    pacer = Pacer()
    due = [pacer.due(pts, 100.0) for pts in (0.0, 0.04, 3600.0, 3600.04)]
    assert due == pytest.approx([100.0, 100.04, 100.08, 100.12])


def test_a_frame_without_a_timestamp_takes_the_usual_step() -> None:
    pacer = Pacer()
    due = [pacer.due(pts, 100.0) for pts in (0.0, 0.1, None, None)]
    assert due == pytest.approx([100.0, 100.1, 100.2, 100.3])


def test_a_player_that_cannot_keep_up_plays_slower_and_does_not_rush() -> None:
    pacer = Pacer()
    pacer.due(0.0, 100.0)
    assert pacer.due(0.04, 103.0) == 103.0  # three seconds late: it goes on from here
    assert pacer.due(0.08, 103.01) == pytest.approx(103.04)
