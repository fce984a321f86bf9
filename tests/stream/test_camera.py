"""One camera, its reader, its window, and those who ask."""

import threading

import numpy as np
import pytest
from support.hands import PATIENT, Grabber, Hands, StillPicture, camera, refusal_of, state_is, view_of
from support.waiting import until

from askcam.stream.camera import CameraConfig, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import Fit
from askcam.stream.health import Health
from askcam.stream.sources.base import SourceSpec
from askcam.stream.status import StateChange

SLOW = CameraConfig(fps=1, stall_s=60, grace_s=60, open_timeout_s=60)


def at(seconds: float, value: int = 100) -> StillPicture:
    """A picture captured so many seconds after some beginning."""
    return StillPicture(value, mono=1000 + seconds, wall=5000 + seconds)


def test_before_the_first_frame_questions_are_refused_with_the_reason() -> None:
    with camera(Hands().spec) as lobby:
        with pytest.raises(CameraUnavailable, match="'lobby' is connecting: connecting"):
            lobby.look()
        with pytest.raises(CameraUnavailable):
            lobby.newest()
        assert lobby.window() is None
        assert lobby.status().frame_age_s is None


def test_the_first_frame_is_enough_to_answer_from() -> None:
    hands = Hands()
    with camera(hands.spec) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0))
        view = until(lambda: view_of(lobby), "a view")
        assert [frame.wall for frame in view.frames] == [5000, 5000]
        assert view.provisional


def test_only_due_frames_are_sampled_and_the_newest_is_always_seen() -> None:
    hands = Hands()
    pictures = [at(k / 8) for k in range(21)]
    with camera(hands.spec, SLOW) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*pictures)
        until(lambda: lobby.status().decoded == 21, "all frames")
        assert sum(picture.converted for picture in pictures) == 3
        view = lobby.look()
        assert [round(frame.wall - 5000, 1) for frame in view.frames] == [0, 1, 2, 2.5]
        assert lobby.status().sampled == 3


def test_ten_questions_about_one_frame_convert_it_once_for_each_size() -> None:
    hands = Hands()
    last = at(0.1)
    with camera(hands.spec, SLOW, lambda w, h: Fit.stretch(w, h, 28, 28)) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0), last)
        until(lambda: lobby.status().decoded == 2, "both frames")
        views = [lobby.look() for _ in range(10)]
        fulls = [lobby.newest() for _ in range(10)]
        assert last.converted == 2
        assert {view.newest.pixels.shape for view in views} == {(28, 28, 3)}
        assert {full.pixels.shape for full in fulls} == {(48, 64, 3)}


def test_a_window_stays_bounded_however_long_it_runs() -> None:
    hands = Hands()
    with camera(hands.spec, SLOW) as lobby:  # keeps 2 pairs, hops 2
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*(at(k) for k in range(101)))
        until(lambda: lobby.status().sampled == 101, "all frames")
        window = lobby.window()
        assert window is not None
        assert [pair.index for pair in window.pairs] == [48, 49, 50]  # and the odd frame's provisional pair


def test_a_camera_that_changes_its_picture_size_begins_a_new_window() -> None:
    hands = Hands()
    with camera(hands.spec, SLOW) as lobby:
        until(lambda: hands.made, "the source to be opened")
        wide = at(4)
        wide.width = 80
        hands.made[0].give(at(0), at(1), at(2), wide)
        until(lambda: lobby.status().sampled == 4, "all frames")
        view = lobby.look()
        assert view.arrays().shape == (2, 48, 80, 3)
        assert (lobby.status().width, view.epoch) == (80, 1)


STILL = CameraConfig(fps=1, motion_gate=5.0, stall_s=60, grace_s=60, open_timeout_s=60)


def test_still_pairs_are_left_out_and_counted_and_the_newest_frame_is_seen() -> None:
    hands = Hands()
    with camera(hands.spec, STILL) as lobby:
        until(lambda: hands.made, "the source to be opened")
        values = (50, 51, 52, 53, 54, 90, 91, 92, 93)  # the third pair moves
        hands.made[0].give(*(at(k, value) for k, value in enumerate(values)))
        until(lambda: lobby.status().sampled == 9, "all frames")
        status = lobby.status()
        assert (status.pairs_kept, status.pairs_still, status.dropped["still"]) == (2, 2, 4)
        assert [frame.wall - 5000 for frame in lobby.look().frames] == [0, 1, 4, 5, 8, 8]
        hands.made[0].give(at(8.5, 94))
        until(lambda: lobby.status().decoded == 10, "the newest frame")
        assert [frame.wall - 5000 for frame in lobby.look().frames] == [0, 1, 4, 5, 8, 8.5]
        assert [pair.index for pair in lobby.look().pairs] == [0, 1, 2]


def test_of_a_scene_in_which_nothing_moves_a_pair_in_five_seconds_is_kept() -> None:
    hands, told = Hands(), []
    with camera(hands.spec, STILL) as lobby:
        lobby.on_pair(lambda: told.append(1))
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*(at(k) for k in range(14)))
        until(lambda: lobby.status().sampled == 14, "all frames")
        view = lobby.peek()
        assert view is not None
        # pairs end at 1, 3, 5, 7 ...: that at 7 is the first one five seconds after the one at 1
        assert [pair.second.wall - 5000 for pair in view.pairs] == [1, 7, 13]
        assert (lobby.status().pairs_kept, lobby.status().pairs_still) == (3, 4)
        assert len(told) == 7 + 3  # an odd frame tells, too; a pair that is left out is no news


def test_a_window_that_was_emptied_is_not_kept_empty_by_a_still_scene() -> None:
    hands = Hands()
    with camera(hands.spec, STILL) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0), at(1))
        until(lobby.peek, "a first pair")
        lobby.pace(1.0, anew=True)
        assert lobby.peek() is None
        hands.made[0].give(at(2), at(3))
        view = until(lobby.peek, "a pair")
        assert [(pair.index, pair.second.wall - 5000) for pair in view.pairs] == [(0, 3)]


def test_without_a_gate_every_pair_is_kept() -> None:
    hands = Hands()
    with camera(hands.spec, SLOW) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*(at(k) for k in range(6)))
        until(lambda: lobby.status().sampled == 6, "all frames")
        assert (lobby.status().pairs_kept, lobby.status().pairs_still) == (3, 0)


def test_health_is_told_while_live() -> None:
    hands = Hands()
    with camera(hands.spec, SLOW) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*(at(k, 0) for k in range(8)))
        until(lambda: lobby.status().sampled == 8, "all frames")
        assert lobby.status().health == (Health.FROZEN, Health.DARK)
    assert lobby.status().health == ()


def test_a_source_that_converts_on_demand_converts_little_and_still_shows_the_newest() -> None:
    grabber = Grabber()
    with camera(SourceSpec("grab", "grab:", lambda: grabber, live=True), SLOW) as lobby:
        until(lambda: view_of(lobby), "a first view")
        for _ in range(5):
            decoded = lobby.status().decoded
            assert lobby.look().newest.seq >= decoded
        until(lambda: grabber.grabbed >= 200, "two seconds of frames")
        assert grabber.converted < 40


def test_askers_on_many_threads_get_whole_views() -> None:
    grabber, failures = Grabber(), []
    with camera(SourceSpec("grab", "grab:", lambda: grabber, live=True)) as lobby:
        until(lambda: view_of(lobby), "a first view")

        def ask() -> None:
            for _ in range(20):
                view = lobby.look()
                seqs = [frame.seq for frame in view.frames]
                if seqs != sorted(seqs) or len({frame.pixels.shape for frame in view.frames}) != 1:
                    failures.append(seqs)

        askers = [threading.Thread(target=ask) for _ in range(6)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert not failures


def test_pixels_are_handed_on_as_the_source_gave_them() -> None:
    hands = Hands()
    with camera(hands.spec) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0, 77))
        view = until(lambda: view_of(lobby), "a view")
        assert np.array_equal(view.newest.pixels, np.full((48, 64, 3), 77))
        assert view.camera == view.newest.camera == "lobby"


def test_a_source_that_ends_for_good_ends_the_camera() -> None:
    hands = Hands(live=False)
    with camera(hands.spec) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0), None)
        until(lambda: state_is(lobby, State.ENDED), "the end")
        refusal = refusal_of(lobby)
        assert refusal is not None
        assert (refusal.state, refusal.reason) == ("ended", "the hand is empty")
        assert lobby.window() is None
        until(lambda: hands.made[0].closed, "the source to be closed")
        assert len(hands.made) == 1


def test_a_shape_that_the_model_refuses_is_the_reason_for_being_lost() -> None:
    hands = Hands()

    def absurd(width: int, height: int) -> Fit:
        raise ValueError(f"{width}x{height} is too narrow for this model")

    with camera(hands.spec, PATIENT, absurd) as lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0))
        until(lambda: state_is(lobby, State.LOST), "it to be lost")
        assert "64x48 is too narrow" in str(lobby.status().reason)


def test_changes_are_told_once_each_in_order_until_unsubscribed() -> None:
    hands, told, other = Hands(), [], []
    lobby = camera(hands.spec)
    lobby.on_change(told.append)
    stop = lobby.on_change(other.append)

    def bad(change: StateChange) -> None:
        raise RuntimeError("a listener's own bug")

    lobby.on_change(bad)
    with lobby:
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(at(0), at(1))
        until(lambda: other, "the first change")
        stop()
        stop()
    assert [(change.old, change.new) for change in told] == [("connecting", "live"), ("live", "ended")]
    assert [change.reason for change in told] == [None, "the camera was closed"]
    assert len(other) == 1


def test_a_closed_camera_is_ended_and_may_be_closed_again() -> None:
    hands = Hands()
    lobby = camera(hands.spec)
    lobby.start()
    until(lambda: hands.made, "the source to be opened")
    hands.made[0].give(at(0))
    until(lambda: view_of(lobby), "a view")
    hands.made[0].give(at(1))
    lobby.close()
    lobby.close()
    assert state_is(lobby, State.ENDED)
    with pytest.raises(CameraUnavailable, match="closed"):
        lobby.look()


def test_a_camera_that_was_never_started_can_be_closed() -> None:
    lobby = camera(Hands().spec)
    lobby.close()
    assert state_is(lobby, State.ENDED)


@pytest.mark.parametrize(
    "bad",
    [
        {"fps": 0.0},
        {"fps": 1000.0},
        {"stall_s": 0.0},
        {"open_timeout_s": -1.0},
        {"motion_gate": 0.0},
        {"motion_gate": 300.0},
    ],
)
def test_a_config_out_of_range_is_refused_by_name(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        CameraConfig(**bad)  # type: ignore[arg-type]
