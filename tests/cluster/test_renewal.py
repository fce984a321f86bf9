"""Leases: who is promised what, who is taken for lost, and that a shard lets go before another may have its cameras."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askcam.cluster.renewal import (
    LEAP_S,
    LEAST_SILENT_S,
    LET_GO_S,
    MAX_HOLDS,
    MAX_OPEN,
    MOST_SILENT_S,
    SILENT_S,
    UNHEARD_S,
    Lease,
    LeaseTimes,
    Orders,
    Pulse,
    Renewal,
    Steady,
)  # fmt: skip
from askcam.server.errors import Invalid


@settings(deadline=None, max_examples=200)
@given(
    way=st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(0.0, 4.0), st.booleans(), st.booleans()), max_size=60),
    slow=st.floats(0.85, 1.0),
    begun=st.floats(0.0, 1e6),
)
def test_a_shard_has_let_go_when_the_front_takes_its_cameras(
    way: list[tuple[float, float, bool, bool]], slow: float, begun: float
) -> None:
    """Each second a renewal; how long it is on its way, how long the answer is, whether they arrive at all. The shard's
    clock begins anywhere and is slower."""
    lease, pulse = Lease("a", "1", begun), Pulse(0.0, 0.0)
    lease.joining(begun)
    lease.hear(Orders(0, {"cam": 1}))
    events: list[tuple[float, int, str, object]] = [(float(n), n, "send", None) for n in range(1, len(way) + 40)]
    events.sort(key=lambda event: event[:2])
    while events:
        now_s, number, what, carried = events.pop(0)
        theirs = begun + now_s * slow
        if what == "send":
            renewal = lease.renewal(theirs)
            there_s, _, arrives, _ = way[number - 1] if number <= len(way) else (0.0, 0.0, False, False)
            if arrives:
                events.append((now_s + there_s, number, "arrive", renewal))
        elif what == "arrive":
            assert isinstance(carried, Renewal)
            promised = pulse.receive(carried.number, carried.heard, now_s)
            if promised is not None and way[number - 1][3]:
                events.append((now_s + way[number - 1][1], number, "hear", Orders(number, None, promised)))
        else:
            assert isinstance(carried, Orders)
            lease.hear(carried)
        events.sort(key=lambda event: event[:2])
        if pulse.silent(now_s):
            assert lease.overdue(theirs, {"cam"}) == ("cam",)
            return
    assert not way or pulse.silent(len(way) + 39.0)


def test_who_hears_nothing_is_promised_nothing_after_a_while_and_is_again_when_it_hears() -> None:
    pulse = Pulse(0.0, 0.0)
    promised = [pulse.receive(number, 0, float(number)) for number in range(1, 12)]
    assert promised == [number <= UNHEARD_S for number in range(1, 12)]
    assert not pulse.silent(UNHEARD_S + SILENT_S)
    assert pulse.silent(UNHEARD_S + SILENT_S + 0.1)
    assert pulse.receive(12, 11, 12.0) is True


def test_a_renewal_that_was_overtaken_means_nothing() -> None:
    pulse = Pulse(0.0, 0.0)
    assert pulse.receive(3, 2, 3.0) is True
    assert pulse.receive(2, 1, 30.0) is None
    assert pulse.receive(3, 2, 30.0) is None
    assert pulse.silent(30.0)


def test_what_is_remembered_of_renewals_is_bounded() -> None:
    pulse, lease = Pulse(0.0, 0.0), Lease("a", "1", 0.0)
    for number in range(1, 20 * MAX_OPEN):
        pulse.receive(number, 0, float(number))
        lease.renewal(float(number))
    assert len(pulse._received) <= MAX_OPEN
    assert len(lease._sent) <= MAX_OPEN


@pytest.mark.parametrize(
    ("raw", "steady"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([1.0, 0.0, 1.0], [1.0, 1.0, 2.0]),
        ([1.0, -1e9, -1e9 + 1.0], [1.0, 1.0, 2.0]),
        ([1.0, 1.0 + LEAP_S, 2.0 + LEAP_S], [1.0, 1.0 + LEAP_S, 2.0 + LEAP_S]),
        ([1.0, 1e9, 1e9 + 2.0], [1.0, 1.0, 3.0]),
        ([float("nan"), 1.0, 2.0], [0.0, 0.0, 1.0]),
    ],
)
def test_a_clock_without_leaps(raw: list[float], steady: list[float]) -> None:
    clock = Steady(0.0)
    assert [clock.at(each) for each in raw] == pytest.approx(steady)


def held(*cameras: str, epoch: int = 1) -> dict[str, int]:
    return dict.fromkeys(cameras, epoch)


def begun(lease: Lease, *cameras: str) -> None:
    lease.joining(0.0)
    assert lease.hear(Orders(0, held(*cameras))).begin == held(*cameras)


def test_a_shard_begins_and_ends_what_it_is_told_and_nothing_twice() -> None:
    lease = Lease("a", "1", 0.0)
    begun(lease, "one", "two")
    first = lease.renewal(1.0)
    steps = lease.hear(Orders(first.number, {"two": 1, "three": 2}))
    assert (steps.begin, steps.end) == ({"three": 2}, ("one",))
    second = lease.renewal(2.0)
    assert second.holds == {"one": 1, "two": 1, "three": 2}, "it still has it, until it has let go"
    again = lease.hear(Orders(second.number, {"two": 1, "three": 2}))
    assert (again.begin, again.end) == ({}, ())
    lease.released("one")
    assert lease.renewal(3.0).holds == {"two": 1, "three": 2}


def test_what_is_granted_anew_while_it_ends_begins_again() -> None:
    lease = Lease("a", "1", 0.0)
    begun(lease, "one")
    assert lease.hear(Orders(lease.renewal(1.0).number, {})).end == ("one",)
    assert lease.hear(Orders(lease.renewal(2.0).number, {"one": 1})).begin == {"one": 1}
    assert lease.hear(Orders(lease.renewal(3.0).number, {"one": 5})).begin == {"one": 5}
    assert lease.holds == {"one": 5}


def test_an_answer_that_a_later_one_overtook_is_not_obeyed() -> None:
    lease = Lease("a", "1", 0.0)
    begun(lease, "one")
    early, late = lease.renewal(1.0), lease.renewal(2.0)
    assert lease.hear(Orders(late.number, {})).end == ("one",)
    lease.released("one")
    for orders in (Orders(early.number, {"one": 1}), Orders(late.number, {"one": 1}), Orders(99, {"one": 1})):
        assert lease.hear(orders).begin == {}
    assert lease.renewal(3.0).heard == late.number


def test_an_answer_without_a_promise_is_heard_and_prolongs_nothing() -> None:
    lease = Lease("a", "1", 0.0)
    begun(lease, "one", "two")
    orders = Orders(lease.renewal(5.0).number, None, promised=False)
    lease.hear(orders)
    assert lease.renewal(6.0).heard == orders.number
    assert lease.overdue(LET_GO_S + 0.1, {"one"}) == ("one",)
    assert lease.overdue(LET_GO_S, {"one"}) == ()
    lease.hear(replace(orders, number=lease.renewal(7.0).number, promised=True))
    assert lease.overdue(LET_GO_S + 7.0, {"one"}) == ()


def test_what_comes_without_a_promise_is_not_begun_and_what_is_to_end_ends() -> None:
    """Others may be given a camera a moment later by a front that has promised nothing for too long."""
    lease = Lease("a", "1", 0.0)
    lease.hear(Orders(lease.renewal(0.0).number, {"lobby": 1}))
    steps = lease.hear(Orders(lease.renewal(16.0).number, {"yard": 2}, promised=False))
    assert (steps.begin, steps.end) == ({}, ("lobby",))
    assert "yard" not in lease.holds
    assert lease.hear(Orders(lease.renewal(17.0).number, {"yard": 2})).begin == {"yard": 2}


def test_who_is_not_known_any_more_is_told_to_join_and_holds_what_it_holds() -> None:
    lease = Lease("a", "1", 0.0)
    begun(lease, "one")
    steps = lease.hear(Orders(lease.renewal(1.0).number, None, promised=False, rejoin=True))
    assert steps.rejoin
    assert (steps.begin, steps.end) == ({}, ())
    assert lease.holds == {"one": 1}
    assert lease.overdue(1.0, {"one"}) == ("one",), "others may have it by now"
    lease.joining(2.0)
    lease.hear(Orders(0, {"one": 1}))
    assert lease.overdue(2.0 + LET_GO_S, {"one"}) == ()


@pytest.mark.parametrize(
    ("renewal", "param"),
    [
        (Renewal("a", "1", 1, 0, {f"c{number}": 1 for number in range(MAX_HOLDS + 1)}), "holds"),
        (Renewal("a", "1", 1, 1, {}), "heard"),
        (Renewal("a", "1", 0, 0, {}), "heard"),
        (Renewal("a", "1", 3, -1, {}), "heard"),
    ],
)
def test_a_renewal_that_no_shard_sends_is_refused(renewal: Renewal, param: str) -> None:
    with pytest.raises(Invalid) as caught:
        renewal.check()
    assert caught.value.param == param


@settings(deadline=None)
@given(silent_s=st.floats(LEAST_SILENT_S, MOST_SILENT_S), after=st.floats(0.0, 1.0), slow=st.floats(0.85, 1.0))
def test_whatever_a_front_counts_a_shard_lets_go_before_it_is_over(silent_s: float, after: float, slow: float) -> None:
    """Its clock is slower; the last renewal that a promise was given upon was `after` (of the time) on its way."""
    timings = LeaseTimes(silent_s)
    assert timings.renew_s < timings.leap_s <= timings.unheard_s < timings.let_go_s < timings.silent_s
    assert timings.let_go_s / timings.silent_s == pytest.approx(LET_GO_S / SILENT_S)
    lease, pulse = Lease("a", "1", 0.0), Pulse(0.0, 0.0, timings)
    lease.timings = timings
    lease.joining(0.0)
    lease.hear(Orders(0, {"cam": 1}))
    sent_s = after * timings.unheard_s
    lease.renewal(sent_s * slow)
    assert pulse.receive(1, 0, sent_s)
    lease.hear(Orders(1, None))
    over_s = sent_s + timings.silent_s
    assert not pulse.silent(over_s - 0.001)
    assert pulse.silent(over_s + 0.001)
    assert lease.overdue(over_s * slow, {"cam"}) == ("cam",)
    assert lease.overdue((sent_s + timings.let_go_s - 0.001) * slow, {"cam"}) == ()


def test_a_clock_leaps_by_what_is_long_for_these_timings() -> None:
    steady = Steady(0.0, LeaseTimes(3.0).leap_s)
    assert steady.at(0.9) == 0.9
    assert steady.at(2.9) == 0.9, "nobody was heard meanwhile, since nobody listened"
