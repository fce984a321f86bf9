"""What a camera does when its source fails, falls silent, or hangs in a driver."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from support.hands import PATIENT, QUICK, Hands, StillPicture, camera, failing, refusal_of, state_is, view_of
from support.waiting import until

from askcam.stream import supervisor
from askcam.stream.backoff import FIRST_S
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis, Pixels
from askcam.stream.health import Health
from askcam.stream.sources.base import DecodedPicture, Unconverted


def go_live(lobby: Camera, hands: Hands, number: int = 1, value: int = 100) -> None:
    """Wait for the source's `number`-th opening, and let it give a frame."""
    until(lambda: len(hands.made) >= number, f"opening number {number}")
    hands.made[number - 1].give(StillPicture(value))
    until(lambda: state_is(lobby, State.LIVE), "it to be live")


def test_silence_stalls_a_camera_and_its_questions_are_refused() -> None:
    hands = Hands()
    with camera(hands.spec, CameraConfig(stall_s=0.2, grace_s=60)) as lobby:
        go_live(lobby, hands)
        refusal = until(lambda: refusal_of(lobby), "a refusal")
        assert refusal.state == "stalled"
        assert "is the camera still on" in refusal.reason


def test_a_stalled_reader_that_comes_back_by_itself_is_live_again_with_its_window() -> None:
    hands = Hands()
    with camera(hands.spec, CameraConfig(fps=50, stall_s=0.2, grace_s=60)) as lobby:
        go_live(lobby, hands)
        until(lambda: state_is(lobby, State.STALLED), "a stall")
        hands.made[0].give(StillPicture(120))
        view = until(lambda: view_of(lobby), "a view")
        assert [frame.pixels[0, 0, 0] for frame in view.frames] == [100, 120]
        assert lobby.status().reconnects == 0


def test_a_reader_that_stays_silent_is_abandoned_and_its_late_frames_are_dropped() -> None:
    hands = Hands(stuck=True)
    with camera(hands.spec, QUICK) as lobby, hands:
        go_live(lobby, hands)
        go_live(lobby, hands, 2, value=200)
        hands.made[0].give(StillPicture(50))  # the stuck driver lets go after all
        until(lambda: lobby.status().dropped.get("late") == 1, "the late frame to be counted")
        until(lambda: hands.made[0].closed, "the abandoned reader to end")
        for hand in hands.made[1:]:
            hand.give(StillPicture(200))
        view = until(lambda: view_of(lobby), "a view")
        assert {int(frame.pixels[0, 0, 0]) for frame in view.frames} == {200}


def test_a_reconnect_empties_the_window() -> None:
    hands = Hands()
    with camera(hands.spec) as lobby:
        go_live(lobby, hands, value=10)
        hands.made[0].give(failing("it hung up"))
        until(lambda: state_is(lobby, State.LOST), "it to be lost")
        assert lobby.window() is None
        go_live(lobby, hands, 2, value=20)
        view = lobby.look()
        assert [int(frame.pixels[0, 0, 0]) for frame in view.frames] == [20, 20]
        assert view.epoch > 0
        assert lobby.status().reconnects == 1


def test_with_two_readers_stuck_no_third_is_opened_until_one_dies() -> None:
    hands = Hands(stuck=True)
    with camera(hands.spec, QUICK) as lobby, hands:
        go_live(lobby, hands, 1)
        go_live(lobby, hands, 2)
        until(lambda: "2 readers hang" in (lobby.status().reason or ""), "the bound to be told")
        assert lobby.status().abandoned == 2
        assert state_is(lobby, State.LOST)
        assert len(hands.made) == 2
        hands.made[0].give(StillPicture(0))
        go_live(lobby, hands, 3)
        assert len(hands.made) == 3


def test_a_reader_stuck_in_opening_is_abandoned_too() -> None:
    hands = Hands(stuck=True)
    with camera(hands.spec, QUICK) as lobby, hands:
        until(lambda: len(hands.made) == 2, "a second try")  # the first opened and brought nothing
        until(lambda: "no picture came within" in (lobby.status().reason or ""), "the reason")


def test_a_reader_that_is_stuck_does_not_keep_close_from_ending() -> None:
    hands = Hands(stuck=True)
    lobby = camera(hands.spec, QUICK)
    lobby.start()
    go_live(lobby, hands)
    until(lambda: len(hands.made) == 2, "the first reader to be abandoned")
    closing = threading.Thread(target=lobby.close)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()
    assert state_is(lobby, State.ENDED)
    for hand in hands.made:
        hand.give(None)


def test_a_failing_source_is_tried_again_and_says_why() -> None:
    hands = Hands()
    hands.refuses = failing("nothing listens at 10.0.0.7:554")
    with camera(hands.spec) as lobby:
        until(lambda: len(hands.made) >= 2, "a second try")
        assert lobby.status().reason == "nothing listens at 10.0.0.7:554; trying again"
        assert state_is(lobby, State.LOST)
        hands.refuses = None
        until(lambda: hands.made[-1].refuses is None, "a try that is let in")
        hands.made[-1].give(StillPicture(1))
        until(lambda: view_of(lobby), "it to be live")
        assert lobby.status().reason is None
        assert lobby.status().retry_s is None
        assert lobby.status().reconnects == 0, "the first success is no reconnect"


def test_a_permanent_error_of_a_live_source_is_not_hammered() -> None:
    hands = Hands()
    hands.refuses = failing("the password is wrong", permanent=True)
    with camera(hands.spec) as lobby:
        until(lambda: state_is(lobby, State.LOST), "it to be lost")
        assert lobby.status().reason == "the password is wrong; trying again every 30 s"
        assert 0 < (lobby.status().retry_s or 0) <= 30
        assert len(hands.made) == 1


def test_a_permanent_error_of_a_recording_ends_it() -> None:
    hands = Hands(live=False)
    hands.refuses = failing("it is no video", permanent=True)
    with camera(hands.spec) as lobby:
        until(lambda: state_is(lobby, State.ENDED), "the end")
        assert lobby.status().reason == "it is no video"


def test_a_third_partys_exception_costs_the_camera_a_reconnect_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hands = Hands()
    with camera(hands.spec) as lobby:
        go_live(lobby, hands)
        hands.made[0].give(KeyError("rtsp://joe:secret@h/x"))
        until(lambda: len(hands.made) == 2, "a second try")
        reason = str(lobby.status().reason)
        assert "KeyError" in reason
        assert "secret" not in reason
        assert hands.made[0].closed
    assert "reader of hand: failed" in caplog.text


def test_a_patient_source_may_be_silent_for_as_long_as_it_likes() -> None:
    hands = Hands(patient=True)
    with camera(hands.spec, QUICK) as lobby:
        go_live(lobby, hands)
        until(lambda: state_is(lobby, State.STALLED), "a stall")
        hands.made[0].give(StillPicture(1))
        until(lambda: state_is(lobby, State.LIVE), "it to be live again")
        assert len(hands.made) == 1


def test_a_slow_camera_is_not_called_stalled_between_its_frames() -> None:
    hands, changes = Hands(), []
    lobby = camera(hands.spec, CameraConfig(stall_s=0.1, grace_s=60))
    lobby.on_change(changes.append)
    with lobby:
        go_live(lobby, hands)
        frames = 1
        while frames < 4:  # three a second: slower than stall_s
            until(lambda: (lobby.status().frame_age_s or 0) > 0.3, "a third of a second")
            hands.made[0].give(StillPicture(frames))
            frames += 1
            until(lambda: lobby.status().decoded == frames, "the frame")  # noqa: B023
        until(lambda: changes[-1].new is State.LIVE, "its return to be told")  # on another thread than its frames

        def calm() -> bool:
            """A third of a second went by and nothing was told. Where this machine paused for longer, that was right:
            one more frame, and once more."""
            nonlocal frames
            before = len(changes)
            until(lambda: (lobby.status().frame_age_s or 0) > 0.3, "a third of a second")
            if changes[before:] == []:
                return True
            hands.made[0].give(StillPicture(frames))
            frames += 1
            until(lambda: lobby.status().decoded == frames, "the frame")
            return False

        until(calm, "a third of a second in which it is not called stalled")


def test_one_camera_that_hangs_harms_no_other() -> None:
    stuck, fine = Hands(), Hands()
    with camera(stuck.spec, QUICK) as first, camera(fine.spec, PATIENT) as second:
        go_live(first, stuck)
        go_live(second, fine)
        until(lambda: not state_is(first, State.LIVE), "the stall")
        assert view_of(second) is not None


def test_a_camera_that_flaps_is_called_ever_more_slowly() -> None:
    hands, calls = Hands(), []
    with camera(hands.spec) as lobby:
        for number in range(1, 5):
            go_live(lobby, hands, number)
            hands.made[number - 1].give(failing("it hung up at once"))
            until(lambda: state_is(lobby, State.LOST), "the loss")
            lost = time.monotonic()
            until(lambda: len(hands.made) > number, "the next call")  # noqa: B023
            calls.append(time.monotonic() - lost)
    assert calls[3] > 2 * calls[0]


@dataclass(slots=True, eq=False)
class Meanwhile(StillPicture):
    """While it is converted, something happens."""

    happens: Callable[[], None] = lambda: None

    def rgb(self, fit: Fit | None = None) -> Pixels:
        self.happens()
        return StillPicture.rgb(self, fit)


SELDOM = CameraConfig(fps=1, stall_s=60, grace_s=60, open_timeout_s=60)


def lost_and_found(lobby: Camera, hands: Hands, picture: DecodedPicture) -> None:
    """The source of now fails; the next one brings this."""
    number, before = len(hands.made), lobby.status().decoded
    hands.made[-1].give(failing("it hung up"))
    until(lambda: len(hands.made) > number, "the next opening")
    hands.made[-1].give(picture)
    until(lambda: lobby.status().decoded > before, "its picture")


def bare() -> Unconverted:
    """As OpenCV's, of which nobody has asked for pixels."""
    return Unconverted(time.time(), time.monotonic(), AgeBasis.ARRIVAL, 64, 48)


def test_a_picture_of_before_that_was_being_converted_is_not_in_the_new_window() -> None:
    hands = Hands()
    with camera(hands.spec, SELDOM) as lobby:
        go_live(lobby, hands, value=10)
        until(lobby.window, "the first picture to be sampled")
        last = Meanwhile(11, happens=lambda: lost_and_found(lobby, hands, bare()))  # too early to be sampled
        hands.made[0].give(last)
        until(lambda: lobby.status().decoded == 2, "the second picture")
        with pytest.raises(CameraUnavailable, match="first picture is still being decoded"):
            lobby.look()
        assert last.converted == 1
        hands.made[-1].give(StillPicture(20))
        assert {int(frame.pixels[0, 0, 0]) for frame in until(lambda: view_of(lobby), "a view").frames} == {20}


def test_a_picture_of_before_is_not_shown_while_the_new_ones_have_no_pixels_yet() -> None:
    hands = Hands()
    with camera(hands.spec, SELDOM) as lobby:
        go_live(lobby, hands, value=10)
        assert lobby.newest().pixels[0, 0, 0] == 10
        lost_and_found(lobby, hands, bare())
        assert lobby.shot() is None
        with pytest.raises(CameraUnavailable, match="first picture is still being decoded"):
            lobby.newest()


def test_what_sources_dropped_is_added_up_over_reconnects() -> None:
    hands = Hands()
    with camera(hands.spec) as lobby:
        for number, told in enumerate(({"backlog": 3}, {"backlog": 2, "behind": 4}, {"behind": 1}), 1):
            go_live(lobby, hands, number)
            hands.made[-1].dropped = told
            if number < 3:
                hands.made[-1].give(failing("it hung up"))
                until(lambda: len(hands.made) > number, "the next opening")  # noqa: B023
        assert lobby.status().dropped == {"backlog": 5, "behind": 5}


def test_what_was_seen_before_a_reconnect_says_nothing_of_what_comes_after() -> None:
    """Neither that a picture is frozen, nor when the next one is due, also where it is sampled less for load."""
    hands, start = Hands(), time.monotonic()
    with camera(hands.spec, CameraConfig(fps=1, motion_gate=5.0, stall_s=60, grace_s=60)) as lobby:
        lobby.pace(0.1)
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(*(StillPicture(100, mono=start + 10 * k) for k in range(8)))
        until(lambda: lobby.status().sampled == 8, "all frames")
        assert Health.FROZEN in lobby.status().health
        lost_and_found(lobby, hands, StillPicture(100, mono=start + 70.1))
        until(lambda: lobby.status().sampled == 9, "the first frame to be sampled at once")
        assert lobby.status().health == ()
        view = lobby.window()
        assert view is not None
        assert [frame.mono - start for frame in view.frames] == pytest.approx([70.1, 70.1])
        hands.made[-1].give(StillPicture(100, mono=start + 80.1))
        until(lobby.peek, "a pair, however still it is")


def test_a_camera_that_held_for_a_while_is_called_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STEADY_S", -1.0)  # any while counts
    hands, waits = Hands(), []
    with camera(hands.spec) as lobby:
        for number in range(1, 7):
            go_live(lobby, hands, number)
            hands.made[number - 1].give(failing("it hung up"))
            until(lambda: state_is(lobby, State.LOST), "the loss")
            waits.append(lobby.status().retry_s or 0.0)
            until(lambda: len(hands.made) > number, "the next call")  # noqa: B023
    assert max(waits) <= FIRST_S
