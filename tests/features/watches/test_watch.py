"""The machine of a watch: what it tells follows from what it was shown, whatever the readings and the clocks do."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.quiet import QuietHours, is_quiet
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.threshold import NEXT, Watch, WatchInput, WatchMemory, WatchState, WatchTurn

WALL = datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp()

LIKELY = st.one_of(st.none(), st.floats(0, 1))
STEPS = st.lists(st.tuples(st.floats(0, 5), LIKELY), max_size=80)


def setting(**more: Any) -> WatchSetting:
    return WatchSetting("Is the door open?", ("lobby",), **more)


def run(watch: Watch, steps: list[tuple[float, float | None]], start: float = 0.0) -> list[tuple[float, WatchTurn]]:
    """Readings, each so many seconds after the one before; what was told, and when."""
    told, at = [], start
    for gap, probability in steps:
        at += gap
        turn = watch.see(probability, at, WALL + at)
        if turn is not None:
            told.append((at, turn))
    return told


@given(STEPS, st.floats(0, 10), st.floats(0, 20), st.booleans())
def test_on_and_off_take_turns(steps: Any, for_s: float, cooldown_s: float, was_on: bool) -> None:
    memory = WatchMemory(was_on, WALL if was_on else None)
    told = run(Watch(setting(for_s=for_s, cooldown_s=cooldown_s), memory, 0, WALL), steps)
    assert all(one is not other for (_, one), (_, other) in pairwise(told))
    if told:
        assert told[0][1] is (WatchTurn.OFF if was_on else WatchTurn.ON)


@given(STEPS, st.floats(0.1, 10))
def test_it_turns_only_after_it_has_held_for_long_enough(steps: Any, for_s: float) -> None:
    """The told moment, and every reading of the time before it as long as for_s, say the same."""
    told = dict(run(Watch(setting(for_s=for_s)), steps))
    at, seen = 0.0, []
    for gap, probability in steps:
        at += gap
        seen.append((at, probability))
        if at not in told:
            continue
        high = told.pop(at) is WatchTurn.ON
        span = [p for t, p in seen if t >= at - for_s]
        assert all(p is not None and (p >= 0.7 if high else p <= 0.4) for p in span)
        assert any(t <= at - for_s + 1e-9 for t, _ in seen), "it has not even watched for so long"


@given(st.lists(st.floats(0.7, 1), min_size=1, max_size=8), st.integers(1, 20))
def test_a_flicker_never_turns_it_on(high: list[float], times: int) -> None:
    """Seven readings, 0.1 s apart, are less than the second for which it must hold."""
    flicker = [(0.1, p) for p in high[:7]] + [(0.1, 0.5)]
    assert run(Watch(setting(for_s=1.0)), flicker * times) == []


@given(STEPS, st.floats(0.1, 60))
def test_it_cools_down_before_it_turns_on_again(steps: Any, cooldown_s: float) -> None:
    told = run(Watch(setting(for_s=0, cooldown_s=cooldown_s)), steps)
    ons = [at for at, turn in told if turn is WatchTurn.ON]
    assert all(later - earlier >= cooldown_s for earlier, later in pairwise(ons))


def test_what_still_holds_after_the_cooldown_is_told_then() -> None:
    watch = Watch(setting(for_s=0, cooldown_s=10))
    assert run(watch, [(0, 0.9), (1, 0.1), (1, 0.9), (1, 0.9), (6, 0.9), (1, 0.9)]) == [
        (0, WatchTurn.ON),
        (1, WatchTurn.OFF),
        (10, WatchTurn.ON),
    ]


def test_a_cooldown_outlives_a_restart() -> None:
    watch = Watch(setting(for_s=0, cooldown_s=60), WatchMemory(False, WALL - 20), 1000, WALL)
    assert watch.see(0.9, 1001, WALL + 1) is None
    assert watch.see(0.9, 1039, WALL + 39) is None
    assert watch.see(0.9, 1040, WALL + 40) is WatchTurn.ON
    assert watch.memory == WatchMemory(True, WALL + 40)


def test_a_wall_clock_that_went_back_over_a_restart_costs_one_cooldown_and_no_more() -> None:
    watch = Watch(setting(for_s=0, cooldown_s=60), WatchMemory(False, WALL + 1e6), 1000, WALL)
    assert watch.see(0.9, 1001, WALL) is None
    assert watch.see(0.9, 1060, WALL) is WatchTurn.ON


@given(st.lists(st.tuples(st.floats(-100, 100), LIKELY), max_size=60), st.floats(0.1, 20), st.floats(0, 30))
def test_a_clock_that_jumps_cannot_break_it(steps: Any, for_s: float, cooldown_s: float) -> None:
    told = run(Watch(setting(for_s=for_s, cooldown_s=cooldown_s)), steps)
    assert all(one is not other for (_, one), (_, other) in pairwise(told))
    assert [turn for _, turn in told[:1]] in ([], [WatchTurn.ON])


@given(st.floats(1, 1e6))
def test_after_a_jump_back_it_holds_anew(back_s: float) -> None:
    watch = Watch(setting(for_s=2))
    assert run(watch, [(0, 0.9), (1.9, 0.9), (-back_s - 1.9, 0.9)]) == []
    assert run(watch, [(1.9, 0.9)], -back_s) == []
    assert len(run(watch, [(2.1, 0.9)], -back_s)) == 1


@given(STEPS)
def test_blindness_keeps_what_is_told(steps: Any) -> None:
    """No turn comes of a blind moment, and what was on or off before stays so."""
    watch, at = Watch(setting(for_s=0.5)), 0.0
    for gap, probability in steps:
        at += gap
        before = watch.memory.on
        turn = watch.see(probability, at, WALL + at)
        if probability is None:
            assert turn is None
            assert watch.memory.on is before


def test_blindness_ends_what_was_about_to_turn() -> None:
    watch = Watch(setting(for_s=2))
    assert run(watch, [(0, 0.9), (1, None), (1, 0.9), (1, 0.9)]) == []
    assert run(watch, [(1, 0.9)], 3) == [(4, WatchTurn.ON)]


def test_between_the_thresholds_nothing_changes() -> None:
    watch = Watch(setting(for_s=0))
    assert run(watch, [(1, 0.6), (1, 0.7), (1, 0.5), (1, 0.41), (1, 0.4)]) == [(2, WatchTurn.ON), (5, WatchTurn.OFF)]


def test_every_state_takes_every_reading_and_only_what_pends_can_hold() -> None:
    readings = set(WatchInput) - {WatchInput.HELD}
    assert NEXT.keys() == set(WatchState)
    assert {state for state in WatchState if WatchInput.HELD in NEXT[state]} == {WatchState.RISING, WatchState.FALLING}
    assert all(NEXT[state].keys() >= readings for state in WatchState)


# -- quiet hours


def local(text: str, zone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("21:59:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:29:59", True), ("06:30", False)],
)
def test_quiet_hours_go_over_midnight(at: str, quiet: bool) -> None:
    hours, berlin = (QuietHours.read("22:00-06:30"),), ZoneInfo("Europe/Berlin")
    for day in ("2026-01-15", "2026-03-29", "2026-07-15", "2026-10-25"):  # both changes of the clock among them
        assert is_quiet(hours, berlin, local(f"{day}T{at}", "Europe/Berlin")) is quiet


def test_quiet_hours_go_by_the_clock_on_the_wall_when_it_is_changed() -> None:
    hours, berlin = (QuietHours.read("01:00-04:00"),), ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 29, 0, tzinfo=UTC).timestamp()  # 01:00 there; at 02:00 it becomes 03:00
    assert [is_quiet(hours, berlin, spring + h * 3600) for h in (-0.01, 0, 1, 1.99, 2)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    autumn = datetime(2026, 10, 24, 23, tzinfo=UTC).timestamp()  # 01:00 there; at 03:00 it becomes 02:00
    assert [is_quiet(hours, berlin, autumn + h * 3600) for h in (0, 1, 2, 3.99, 4)] == [True, True, True, True, False]


@given(st.integers(0, 2_000_000_000), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_it_never_turns_on_in_quiet_hours_and_turns_off_all_the_same(wall: int, zone: str) -> None:
    quiet = setting(for_s=0, quiet=("22:00-06:00", "12:00-13:00"), time_zone=zone)
    hour = datetime.fromtimestamp(wall, ZoneInfo(zone)).hour
    expected = None if hour >= 22 or hour < 6 or hour == 12 else WatchTurn.ON
    assert Watch(quiet).see(0.9, 1, wall) is expected
    assert Watch(quiet, WatchMemory(True, wall - 1)).see(0.1, 1, wall) is WatchTurn.OFF


def test_what_still_holds_when_the_quiet_hours_end_is_told_then() -> None:
    watch = Watch(setting(for_s=0, quiet=("22:00-06:00",)))
    dawn = datetime(2026, 1, 15, 6, tzinfo=UTC).timestamp()
    assert [watch.see(0.9, 100 + t, dawn + t) for t in (-2, -1, 0, 1)] == [None, None, WatchTurn.ON, None]


# -- settings


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"question": "  "}, "question"),
        ({"cameras": ()}, "cameras"),
        ({"cameras": ("lobby", "lobby")}, "cameras"),
        ({"every_s": 0.1}, "every_s is 0.1"),
        ({"for_s": -1.0}, "for_s"),
        ({"off": 0.7}, "off is 0.7"),
        ({"quiet": ("22-6",)}, "quiet is wrong: '22-6' is no span"),
        ({"quiet": ("22:00-22:00",)}, "quiet"),
        ({"time_zone": "Europe/Nowhere"}, "time_zone is wrong: 'Europe/Nowhere' is no time zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"choices": ("red", "blue")}, "choices"),
        ({"kind": Kind.CHOICE}, "choices"),
        ({"kind": Kind.CHOICE, "choices": ("red", "blue")}, "on_when"),
        ({"kind": Kind.CHOICE, "choices": ("red", "blue"), "on_when": ("red", "blue")}, "on_when"),
        ({"kind": Kind.CHOICE, "choices": ("red", "blue"), "on_when": ("green",)}, "on_when"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(change: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        replace(setting(), **change)
