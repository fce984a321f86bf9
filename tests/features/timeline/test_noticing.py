"""When a note is due: once a changed scene rests, not too often, and with the first frame that showed the change."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from askcam.features.timeline.change_detector import PATIENCE_S, REST_S, Due, NotePace, Noticing
from askcam.stream.frame import Frame, Pixels

STEP_S = 0.5
WALL = 1_760_000_000.0


def picture(*things: int) -> Pixels:
    """A grey picture with a white square at each place."""
    pixels = np.full((112, 224, 3), 90, np.uint8)
    for place in things:
        pixels[20:80, 10 + 70 * place : 60 + 70 * place] = 250
    return pixels


class Camera:
    """Shows pictures, two a second; writes down what is due."""

    def __init__(self, pace: NotePace) -> None:
        self.noticing, self.seq, self.notes = Noticing(pace), 0, list[Due]()

    @property
    def at(self) -> float:
        """Of the next frame."""
        return self.seq * STEP_S

    def show(self, pixels: Pixels, count: int, answering: bool = True) -> Due | None:
        due = None
        for _ in range(count):
            due = self.noticing.see(Frame("lobby", self.seq, WALL + self.at, self.at, pixels))
            self.seq += 1
            if due is not None and answering:
                self.noticing.noted(due)
                self.notes.append(due)
        return due


def test_the_first_scene_is_told_once_it_rests_and_then_nothing_while_it_stays() -> None:
    camera = Camera(NotePace())
    camera.show(picture(), 60)
    (note,) = camera.notes
    assert (note.since.seq, note.frame.mono) == (0, REST_S)


def test_a_change_is_told_with_the_frame_that_showed_it_first() -> None:
    camera = Camera(NotePace())
    camera.show(picture(), 20)
    began = camera.seq
    camera.show(picture(1), 20)
    assert camera.notes[1].since.seq == began
    assert camera.notes[1].frame.mono - camera.notes[1].since.mono == REST_S
    assert len(camera.notes) == 2


def test_what_never_rests_is_told_all_the_same() -> None:
    camera = Camera(NotePace(min_interval_s=10.0))
    camera.show(picture(), 20)
    began = camera.at
    for i in range(60):
        camera.show(picture(i % 2, 2), 1)
    assert camera.notes[1].since.mono == began
    assert camera.notes[1].frame.mono - began == PATIENCE_S
    assert 3 <= len(camera.notes) <= 5


def test_what_is_gone_before_it_may_be_told_is_counted() -> None:
    camera = Camera(NotePace(min_interval_s=30.0))
    camera.show(picture(), 10)
    camera.show(picture(1), 10)
    camera.show(picture(), 60)
    assert len(camera.notes) == 1
    assert camera.noticing.passed == 1


def test_light_that_changes_everywhere_is_no_change() -> None:
    camera = Camera(NotePace())
    camera.show(picture(1), 20)
    camera.show(picture(1) - np.uint8(30), 20)
    assert len(camera.notes) == 1


def test_what_changes_while_a_note_is_being_asked_for_is_the_next_one() -> None:
    camera = Camera(NotePace(min_interval_s=0))
    camera.show(picture(), 20)
    due = camera.show(picture(0), 5, answering=False)
    assert due is not None
    began = camera.seq
    camera.show(picture(0, 2), 1, answering=False)
    camera.noticing.noted(due)
    later = camera.show(picture(0, 2), 4, answering=False)
    assert later is not None
    assert later.since.seq == began


@given(
    st.lists(st.integers(0, 7), min_size=1, max_size=200),
    st.sampled_from([0.0, 3.0, 10.0]),
    st.sampled_from([1, 4, 120]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_notes_keep_their_pace(scenes: list[int], interval_s: float, per_hour: int) -> None:
    camera = Camera(NotePace(interval_s, per_hour))
    for scene in scenes:
        camera.show(picture(*(place for place in range(3) if scene >> place & 1)), 2)
    at = [note.frame.mono for note in camera.notes]
    assert all(later - earlier >= interval_s for earlier, later in itertools.pairwise(at))
    assert len(at) <= per_hour
    assert all(note.since.seq <= note.frame.seq for note in camera.notes)
    assert all(one.frame.seq < other.since.seq for one, other in zip(camera.notes, camera.notes[1:], strict=False))
