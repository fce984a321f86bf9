"""When a watched camera's picture counts as unwell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.wellness import HOLD_S, NEXT, Wellness, WellnessInput, WellnessState

DARK = ("dark",)


def turns(machine: Wellness, seen: list[tuple[float, tuple[str, ...], bool]]) -> list[float]:
    return [at for at, flags, live in seen if machine.see(flags, live, at)]


def test_it_is_told_once_when_it_has_held_and_so_is_the_end_of_it() -> None:
    machine = Wellness()
    dark = [(float(at), DARK, True) for at in range(12)]
    sound = [(float(at), (), True) for at in range(12, 24)]
    assert turns(machine, dark + sound) == [5.0, 17.0]
    assert not machine.unwell


def test_another_flaw_is_no_news_and_a_shorter_one_is_none_at_all() -> None:
    machine = Wellness()
    assert turns(machine, [(float(at), DARK if at % 4 else (), True) for at in range(40)]) == []
    assert turns(machine, [(40.0 + at, DARK if at % 2 else ("frozen",), True) for at in range(20)]) == [42.0]


def test_a_camera_that_shows_nothing_is_neither() -> None:
    machine = Wellness()
    assert turns(machine, [(float(at), DARK, at % 4 != 0) for at in range(40)]) == []
    ill = Wellness(unwell=True)
    assert turns(ill, [(float(at), (), False) for at in range(40)]) == []
    assert ill.unwell


def test_what_was_told_in_an_earlier_life_is_not_told_again() -> None:
    assert turns(Wellness(unwell=True), [(float(at), DARK, True) for at in range(20)]) == []
    assert turns(Wellness(unwell=True), [(float(at), (), True) for at in range(20)]) == [5.0]


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from([(), DARK]), st.booleans()), max_size=60), st.booleans())
def test_turns_alternate_and_each_has_held(seen: list[tuple[float, tuple[str, ...], bool]], began: bool) -> None:
    machine, at, unwell = Wellness(began), 0.0, began
    since: float | None = None  # the picture has been live, and like this, since then
    before: tuple[bool, bool] | None = None
    for after, flags, live in seen:
        at += after
        if before != (live, bool(flags)) or not live:
            since = at
        before = (live, bool(flags))
        turned = machine.see(flags, live, at)
        assert since is not None
        assert turned == (live and bool(flags) is not unwell and at - since >= HOLD_S)
        unwell = unwell is not turned
        assert machine.unwell is unwell


def test_a_clock_that_goes_back_invents_nothing() -> None:
    machine = Wellness()
    assert turns(machine, [(100.0, DARK, True), (0.0, DARK, True), (4.0, DARK, True), (5.0, DARK, True)]) == [5.0]


@pytest.mark.parametrize("state", WellnessState)
def test_no_input_is_missing_but_holding_where_nothing_is_held(state: WellnessState) -> None:
    assert set(NEXT[state]) == set(WellnessInput) - (
        {WellnessInput.HELD} if state in (WellnessState.WELL, WellnessState.UNWELL) else set()
    )
