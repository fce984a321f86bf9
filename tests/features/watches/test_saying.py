"""What counts as a changed text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.setting import Kind, WatchSetting
from askcam.features.watches.text import NEXT, Saying, TextChange, TextInput, TextState, key, tidy
from askcam.features.watches.threshold import WatchMemory

WALL = 1_760_000_000.0  # 2025-10-09T08:53:20Z


def saying(memory: WatchMemory | None = None, **more: object) -> Saying:
    fields: dict[str, object] = {"for_s": 3.0} | more
    setting = WatchSetting("What does it say?", ("lobby",), Kind.TEXT, **fields)  # type: ignore[arg-type]
    return Saying(setting, memory, 0.0, WALL)


def told(machine: Saying, texts: list[str | None], first: int = 0) -> list[tuple[int, TextChange]]:
    """What is told of texts that are read a second apart."""
    found = [(at, machine.see(text, float(at), WALL + at)) for at, text in enumerate(texts, first)]
    return [(at, change) for at, change in found if change is not None]


def test_a_new_text_is_told_once_it_has_held_and_the_first_one_is_where_it_begins() -> None:
    machine = saying()
    assert told(machine, ["A"] * 4 + ["B"] * 6) == [(3, TextChange(None, "A")), (7, TextChange("A", "B"))]
    assert (machine.state, machine.said) == (TextState.SETTLED, "B")


def test_a_misreading_in_between_is_no_change() -> None:
    machine = saying(WatchMemory(False, None, "A"))
    assert told(machine, ["A", "B", "B", "A", "B", "B", "C", "B", "B", "A"]) == []
    assert machine.state is TextState.SETTLED


def test_a_blind_moment_begins_the_holding_anew() -> None:
    machine = saying(WatchMemory(False, None, "A"))
    assert told(machine, ["B", "B", "B", None, "B", "B", "B"]) == []
    assert told(machine, ["B"], 7) == [(7, TextChange("A", "B"))]


def test_case_blanks_and_a_full_stop_are_no_change() -> None:
    machine = saying(WatchMemory(False, None, 'It says "OPEN".'), for_s=0)
    assert told(machine, ['it says "open"', ' It  says\n"OPEN" .', 'It says "ＯＰＥＮ"。']) == []
    assert told(machine, ['It says "OPEN 24".'])[0][1].before == 'It says "OPEN".'


def test_it_is_told_after_the_cooldown_and_after_quiet_hours_if_it_still_says_so() -> None:
    machine = saying(WatchMemory(False, WALL - 2, "A"), for_s=0, cooldown_s=5)
    assert told(machine, ["B", "B", "B", "B"]) == [(3, TextChange("A", "B"))]
    quiet = saying(WatchMemory(False, None, "A"), for_s=0, quiet=("08:00-08:53",))
    assert [quiet.see("B", at, WALL - 60 + at) for at in (0.0, 30.0, 39.0)] == [None, None, None]
    assert quiet.see("B", 40.0, WALL - 20) == TextChange("A", "B")


def test_an_earlier_life_is_gone_on_with() -> None:
    first = saying(for_s=0)
    assert told(first, ["A", "B"]) == [(0, TextChange(None, "A")), (1, TextChange("A", "B"))]
    assert first.memory == WatchMemory(False, WALL + 1, "B")
    again = saying(first.memory, for_s=0)
    assert told(again, ["B"]) == []
    assert told(again, ["C"], 1) == [(1, TextChange("B", "C"))]


READINGS = st.lists(st.tuples(st.sampled_from(["A", "a ", "B", "C", None]), st.floats(0.0, 4.0)), max_size=40)


@given(READINGS, st.sampled_from([0.0, 1.0, 3.0]), st.booleans())
def test_whatever_is_read_changes_follow_one_another_and_have_held(
    readings: list[tuple[str | None, float]], for_s: float, began: bool
) -> None:
    machine = saying(WatchMemory(False, None, "A") if began else None, for_s=for_s)
    at, said = 0.0, "A" if began else None
    since: float | None = None  # so long the newest text has been read without another, or a blind moment
    newest: str | None = None
    for text, after in readings:
        at += after
        if text is None or newest is None or key(text) != key(newest):
            since = at
        newest = text
        change = machine.see(text, at, WALL + at)
        if change is not None:
            assert text is not None
            assert since is not None
            assert (change.before, change.after) == (said, text)
            assert said is None or key(said) != key(text)
            assert at - since >= for_s
            said = change.after
        elif text is not None and since is not None and at - since >= for_s:
            assert said is not None  # what has held is known: told, or as it was told
            assert key(text) == key(said)
        assert machine.said == said
        assert (machine.state is TextState.UNKNOWN) == (said is None)


@given(READINGS, st.floats(-100, 0))
def test_a_clock_that_goes_back_delays_and_invents_nothing(
    readings: list[tuple[str | None, float]], back: float
) -> None:
    machine, at = saying(WatchMemory(False, None, "A"), for_s=50.0), 1000.0
    for text, _ in readings:  # it stands still, then is set back: nothing has held for 50 s
        assert machine.see(text, at, WALL) is None
        at = 1000.0 + back
        assert machine.see(text, at, WALL) is None


def test_after_the_clock_went_back_it_counts_anew_from_there() -> None:
    machine = saying(WatchMemory(False, None, "A"))
    told_at = [at for at in (1000.0, 1001.0, 0.0, 1.0, 2.0, 3.0) if machine.see("B", at, WALL)]
    assert told_at == [3.0]


@pytest.mark.parametrize("state", TextState)
def test_no_input_is_missing_but_those_that_cannot_be(state: TextState) -> None:
    cannot = {TextState.UNKNOWN: {TextInput.SAME}, TextState.SETTLED: {TextInput.HELD}, TextState.CHANGING: set()}
    assert set(NEXT[state]) == set(TextInput) - cannot[state]


def test_a_long_answer_is_cut_and_lies_on_one_line() -> None:
    assert tidy("  a\n b\t c ") == "a b c"
    assert tidy("x" * 600) == "x" * 500
