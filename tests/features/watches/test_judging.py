"""The judge of benchmarks/wall.py: what counts as told, as late, as invented, and what nobody could have seen."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judging import Expected, Rules, Score, Span, Told, expected, judge, merged, percentile
from support.scripted import STAYS_S, Change, Script

RULES = Rules(limit_s=10, notice_s=5)
WATCHED = Span(0, 1000)
CHANGES = (Change(100, True), Change(130, False), Change(160, True), Change(190, False))


def told(*events: tuple[float, bool]) -> list[Told]:
    return [Told(i, at, on) for i, (at, on) in enumerate(events)]


def score(events: Sequence[tuple[float, bool]], *outages: Span, changes: Sequence[Change] = CHANGES) -> Score:
    return judge(told(*events), expected(changes, outages, WATCHED, RULES))


ALL = ((102.0, True), (133.0, False), (164.0, True), (195.0, False))


def test_events_soon_after_the_changes_are_found_with_their_delays() -> None:
    found = score(ALL)
    assert (found.required, found.found, found.recall, found.precision) == (4, 4, 1.0, 1.0)
    assert found.delays_s == [2, 3, 4, 5]
    assert (found.missed, found.invented, found.repeated) == ([], [], 0)


def test_a_change_that_is_not_told_is_missed_and_one_told_late_is_both_missed_and_invented() -> None:
    assert [one.at for one in score(ALL[:3]).missed] == [190]
    late = score((*ALL[:3], (200.5, False)))
    assert ([one.at for one in late.missed], [one.at for one in late.invented]) == ([190], [200.5])
    assert (late.recall, late.precision) == (0.75, 0.75)


def test_an_event_before_the_change_or_a_flicker_is_invented() -> None:
    early = score(((99.0, True), *ALL[1:]))
    assert [one.at for one in early.invented] == [99]
    flicker = score((ALL[0], (110.0, False), (112.0, True), *ALL[1:]))
    assert [one.at for one in flicker.invented] == [110, 112]


def test_the_same_again_is_repeated_and_explains_nothing_more() -> None:
    twice = score((ALL[0], (103.0, True), *ALL[1:]))
    assert (twice.repeated, [one.at for one in twice.invented]) == (1, [103])


def test_of_an_outage_only_what_stayed_must_be_told_after_it() -> None:
    outage = Span(120, 150)  # the thing goes meanwhile
    assert score((ALL[0], (153.0, False), *ALL[2:]), outage).found == 4
    found = score((ALL[0], (153.0, False), *ALL[2:]), outage)
    assert (found.delays_s, found.hidden_delays_s) == ([2, 4, 5], [23])
    assert [one.at for one in score((ALL[0], *ALL[2:]), outage).missed] == [130]


def test_what_came_and_went_while_nobody_looked_need_not_be_told_but_may_be() -> None:
    outage = Span(90, 140)
    silent = score(ALL[2:], outage)
    assert (silent.required, silent.found, silent.missed, silent.invented) == (2, 2, [], [])
    noticed = score(((96.0, True), (141.0, False), *ALL[2:]), Span(97, 140), changes=(Change(94, True), *CHANGES[1:]))
    assert (noticed.required, noticed.extra, noticed.invented) == (2, 2, [])


def test_what_changed_just_before_an_outage_may_be_told_before_it_or_after() -> None:
    outage = Span(103, 120)
    for at in (102.5, 128.0):
        assert score(((at, True), *ALL[1:]), outage).found == 4
    assert [one.at for one in score(((131.0, True), *ALL[1:]), outage).invented] == [131]


def test_what_changes_again_before_it_could_be_noticed_after_an_outage_need_not_be_told() -> None:
    outage = Span(120, 156)  # it goes meanwhile, and comes again four seconds after
    for events in (((102.0, True), (195.0, False)), ALL):
        found = score(events, outage)
        assert (found.required, found.found, found.invented) == (2, 2, [])


def test_an_event_before_what_must_be_told_does_not_use_it_up() -> None:
    outages = Span(128, 134), Span(142, 187)  # so close together that they hide as one: gone, there, and gone again
    found = score((ALL[0], (133.0, False), (188.5, True), (193.0, False)), *outages)
    assert (found.required, found.found, found.extra, found.invented) == (2, 2, 2, [])
    assert (found.delays_s, found.hidden_delays_s) == ([2], [3])


@given(
    events=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=6),
    wanted=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.booleans()), max_size=5, unique=True
    ),
)
def test_no_other_way_to_explain_events_explains_more(
    events: list[tuple[int, bool]], wanted: list[tuple[int, int, bool, bool]]
) -> None:
    changes = [Expected(at, there, at, at + more, required, False) for at, more, there, required in wanted]
    events = sorted(events)
    found = judge(told(*events), changes)

    def ways(i: int, left: tuple[Expected, ...]) -> set[tuple[int, int]]:
        """(explained, of them required) of every way from event `i` on."""
        if i == len(events):
            return {(0, 0)}
        best = ways(i + 1, left)
        for k, one in enumerate(left):
            if one.there is events[i][1] and one.since <= events[i][0] <= one.due:
                rest = ways(i + 1, left[:k] + left[k + 1 :])
                best |= {(explained + 1, required + one.required) for explained, required in rest}
        return best

    every = ways(0, tuple(changes))
    assert found.found + found.extra == max(explained for explained, _ in every)
    assert found.found == max(required for _, required in every)
    assert len(found.missed) == found.required - found.found
    assert len(found.invented) == len(events) - found.found - found.extra


def test_an_outage_itself_explains_nothing() -> None:
    invented = score((*ALL, (215.0, True), (217.0, False)), Span(200, 214))
    assert [one.at for one in invented.invented] == [215, 217]


def test_three_changes_in_an_outage_are_told_as_one() -> None:
    outage = Span(95, 165)
    assert score(((168.0, True), ALL[3]), outage).found == 2
    assert score(((168.0, True), ALL[3]), outage).required == 2


def test_changes_at_the_end_have_no_time_left_and_those_before_the_beginning_are_not_asked_for() -> None:
    wanted = expected(CHANGES, (), Span(120, 185), RULES)
    assert [(one.at, one.required) for one in wanted] == [(130, True), (160, True), (190, False)]


def test_spans_that_touch_are_one() -> None:
    assert merged([Span(5, 8), Span(1, 3), Span(3, 4), Span(6, 7)]) == [Span(1, 4), Span(5, 8)]


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.95, 4), (0.0, 1), (1.0, 4), (0.51, 3)])
def test_percentiles_are_values_that_were_there(share: float, value: float) -> None:
    assert percentile([3, 1, 4, 2], share) == value
    assert percentile([], share) is None


def test_a_script_is_the_same_for_ever_and_its_things_stay_long_enough() -> None:
    script, again = Script(5, 1000.0), Script(5, 1000.0)
    assert script.changes == again.changes
    assert script.changes != Script(6, 1000.0).changes
    assert script.changes[3] == ()
    assert len({drawn.en for drawn in script.objects}) == 4
    for changes in script.changes[:3]:
        times = [script.begin, *(change.at for change in changes)]
        assert all(STAYS_S[0] - 0.02 <= b - a <= STAYS_S[1] + 0.02 for a, b in pairwise(times))
        assert [change.there for change in changes] == [i % 2 == 0 for i in range(len(changes))]
    one = script.changes[0][0].at
    assert (script.there(0, one - 0.01), script.there(0, one)) == (False, True)
    assert (script.at(one) != script.at(one - 0.01)).any()
