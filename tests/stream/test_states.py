import pytest

from askcam.stream.states import NEXT, Event, Machine, State


def test_a_camera_begins_connecting() -> None:
    assert Machine().state is State.CONNECTING


def test_every_state_has_a_row_and_can_be_left_by_closing() -> None:
    assert set(NEXT) == set(State)
    assert all(row[Event.CLOSE] is State.ENDED for row in NEXT.values())


def test_a_frame_makes_any_camera_live() -> None:
    assert all(row[Event.FRAME] is State.LIVE for row in NEXT.values())


def test_firing_gives_the_old_state_and_the_new() -> None:
    machine = Machine()
    assert machine.fire(Event.FRAME) == (State.CONNECTING, State.LIVE)
    assert machine.fire(Event.SILENCE) == (State.LIVE, State.STALLED)
    assert machine.fire(Event.FAILED) == (State.STALLED, State.LOST)


def test_an_event_without_an_entry_is_our_bug_and_raises() -> None:
    machine = Machine()
    with pytest.raises(KeyError):
        machine.fire(Event.SILENCE)
    assert machine.state is State.CONNECTING
