"""The age that is told of simulated cameras' pictures, against the true one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulated import EPOCH, Stall, Stream, Told, told

from askcam.stream.frame import AgeBasis
from askcam.stream.sources.capture_clock import CaptureClock

YOUNGER_S = 0.5  # no picture is told to be younger than it is by more
OLDER_S = 0.5  # nor older, once its camera is known

TRUTHFUL = {  # whatever these do, what they say can be made out; after the first seconds, and at each moment
    "plain": Stream(),
    "plain, with reports": Stream(report_s=2),
    "claims 25, sends 21": Stream(fps=21, claim=25),
    "claims 25, sends 21, with reports": Stream(fps=21, claim=25, report_s=2),
    "claims 25, sends 21, with rare reports": Stream(fps=21, claim=25, report_s=20),
    "claims 25, sends 30": Stream(fps=30, claim=25),
    "claims 25, sends 30, with reports": Stream(fps=30, claim=25, report_s=5),
    "claims 30, sends 25": Stream(fps=25, claim=30),
    "claims 25, sends 12": Stream(fps=12, claim=25),
    "claims 25, sends 12, with reports": Stream(fps=12, claim=25, report_s=5),
    "drifts by 1%": Stream(claim=25.25),
    "drifts by 1%, with reports": Stream(claim=25.25, report_s=5),
    "drifts by -1%": Stream(claim=24.75),
    "set back by 5 s": Stream(jumps=[(20, -5)]),
    "set back by 5 s, with reports": Stream(jumps=[(20, -5)], report_s=5),
    "set back by an hour": Stream(jumps=[(20, -3600)]),
    "set ahead by 5 s": Stream(jumps=[(20, 5)]),
    "set ahead and back": Stream(jumps=[(20, 5), (25, -5), (30, 3600), (35, -3600)], report_s=2),
    "set back by 0.4 s": Stream(jumps=[(20, -0.4)]),
    "set ahead by 0.4 s": Stream(jumps=[(20, 0.4)], report_s=5),
    "a stall": Stream(stalls=[Stall(20, 5)]),
    "a stall, with reports": Stream(stalls=[Stall(20, 5)], report_s=2),
    "a stall that is made up for slowly": Stream(stalls=[Stall(20, 5, 1.5)]),
    "a stall that is made up for slowly, with reports": Stream(stalls=[Stall(20, 5, 1.1)], report_s=5),
    "stamps that run slow, and a stall": Stream(fps=21, claim=25, stalls=[Stall(20, 5, 5)]),
    "a delay that grows, with reports": Stream(stalls=[Stall(10, 30, 1.0001)], report_s=5),
    "a pause that is not counted, with reports": Stream(pauses=[(20, 5)], report_s=2),
    "a wrong clock": Stream(report_s=2, clock_error_s=-3600),
    "a clock that is a second slow": Stream(report_s=2, clock_error_s=-1),
    "a clock that is a second ahead": Stream(report_s=2, clock_error_s=1),
    "a clock that is set": Stream(report_s=2, clock_jumps=[(20, 3), (30, -6), (40, 3)]),
    "a clock that is set by little": Stream(report_s=2, clock_jumps=[(20, 0.3), (30, -0.6)]),
    "a backlog at the start": Stream(backlog_s=4),
    "a backlog at the start, with reports": Stream(backlog_s=4, report_s=2),
    "a backlog of a slow camera": Stream(fps=1, backlog_s=10),
    "0.2 fps": Stream(fps=0.2),
    "0.1 fps, with reports": Stream(fps=0.1, report_s=5),
    "0.5 fps, set back": Stream(fps=0.5, jumps=[(20, -5)]),
}


def wrong(rows: list[Told], known_after_s: float) -> list[Told]:
    return [
        row
        for row in rows
        if row.told_s < row.true_s - YOUNGER_S
        or (row.at > known_after_s and row.told_s > row.true_s + OLDER_S)
        or row.told_s < 0
    ]


@pytest.mark.parametrize("name", TRUTHFUL)
def test_the_age_is_told_truly(name: str) -> None:
    rows = told(TRUTHFUL[name], 60)
    assert len(rows) >= 6
    assert not wrong(rows, known_after_s=4.0)


@pytest.mark.parametrize("report_s", [None, 2, 5])
@pytest.mark.parametrize(
    ("fps", "claim"), [(5, 25), (8, 30), (10, 25), (12, 25), (15, 30), (18, 25), (20, 25), (21, 25)]
)
def test_timestamps_that_run_slow_are_known_before_they_make_half_a_second(
    fps: float, claim: float, report_s: float | None
) -> None:
    rows = told(Stream(fps=fps, claim=claim, report_s=report_s), 10)
    assert not wrong(rows, known_after_s=0.0)


@pytest.mark.parametrize("stall", [Stall(0.5, 1), Stall(0.5, 1, 1.5), Stall(0.3, 3, 3), Stall(1, 0.6, 10)], ids=str)
def test_a_network_that_stalls_in_the_first_seconds_is_not_taken_for_slow_timestamps(stall: Stall) -> None:
    rows = told(Stream(stalls=[stall]), 15)
    assert not wrong(rows, known_after_s=0.0)


def test_a_pause_that_is_not_counted_is_believed_after_two_seconds() -> None:
    rows = told(Stream(pauses=[(20, 5)]), 60)
    assert not [row for row in rows if row.at > 27.2 and row.told_s > row.true_s + OLDER_S]


def test_the_burst_after_a_stall_is_told_to_be_old_picture_by_picture() -> None:
    rows = told(Stream(stalls=[Stall(20, 5, 3)], jitter_s=0), 40, together_s=0.001)
    late = [row for row in rows if row.true_s > 1]
    assert len(late) > 100
    assert all(abs(row.told_s - row.true_s) < 0.2 for row in late)


def test_a_believed_clock_tells_the_networks_delay_too() -> None:
    rows = told(Stream(delay_s=0.3, report_s=2), 10)
    assert rows[-1].basis is AgeBasis.CAPTURE
    assert rows[-1].told_s == pytest.approx(rows[-1].true_s, abs=0.02)


@pytest.mark.parametrize("error_s", [-3600.0, -1.0, 0.5, 1.0, 60.0])
def test_a_clock_that_is_wrong_is_not_believed(error_s: float) -> None:
    assert {row.basis for row in told(Stream(report_s=2, clock_error_s=error_s), 10)} == {AgeBasis.ARRIVAL}


def test_without_a_timestamp_a_frame_is_as_old_as_its_arrival() -> None:
    clock = CaptureClock(EPOCH)
    assert clock.captured(clock.arrived(None, 7.0)) == (7.0, AgeBasis.ARRIVAL)


def test_timestamps_that_stand_still_say_nothing() -> None:
    clock = CaptureClock(EPOCH)
    ages = [t * 0.04 - clock.captured(clock.arrived(5.0, t * 0.04))[0] for t in range(500)]
    assert max(ages) < 0.3


def test_a_file_that_is_still_written_is_believed_though_it_comes_by_the_segment() -> None:
    clock = CaptureClock(EPOCH, fickle=False)
    ages: list[tuple[float, float]] = []
    for segment in range(20):
        stamps = [clock.arrived(segment * 4 + k * 0.04, segment * 4 + 4.2) for k in range(100)]
        ages += [(segment * 4 + 4.2 - clock.captured(stamp)[0], 4 - k * 0.04) for k, stamp in enumerate(stamps)]
    assert all(abs(told_s - true_s) < 0.1 for told_s, true_s in ages)


def test_setting_the_machines_clock_changes_nothing() -> None:
    """The clock is told the offset of the wall clock once; all else is steady."""
    rows = told(Stream(report_s=2), 20, CaptureClock(EPOCH + 5))
    assert not wrong(rows, 0.5)


rates = st.sampled_from([0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 25, 30, 60])
reports = st.sampled_from([None, 1.0, 2.0, 5.0])


@settings(max_examples=150, deadline=None)
@given(
    fps=rates,
    report_s=reports,
    backlog_s=st.sampled_from([0.0, 0.5, 2.0, 8.0]),
    error_s=st.sampled_from([0.0, -0.2, 0.7, -1.4, 30.0, -86400.0]),
    jump=st.tuples(st.floats(8, 40), st.one_of(st.floats(-4000, -1.5), st.floats(1.5, 4000))),
    stall=st.tuples(st.floats(10, 30), st.floats(0.2, 6), st.sampled_from([1.3, 2.0, 5.0, 100.0])),
    seed=st.integers(0, 1000),
)
def test_whatever_happens_no_picture_is_told_to_be_younger_than_it_is(
    fps: float,
    report_s: float | None,
    backlog_s: float,
    error_s: float,
    jump: tuple[float, float],
    stall: tuple[float, float, float],
    seed: int,
) -> None:
    # Both at once, or before its steps are known, can be told from nothing.
    apart = jump[0] > 6 / fps and not stall[0] - 2 - 2 / fps < jump[0] < stall[0] + 4 * stall[1] + 5 + 2 / fps
    stream = Stream(
        fps=fps,
        report_s=report_s,
        backlog_s=backlog_s,
        clock_error_s=error_s,
        jumps=[jump] if apart else [],
        stalls=[Stall(*stall)],
        seed=seed,
    )
    rows = told(stream, 60)
    if backlog_s:  # the last one of it may be as old as the next is far
        del rows[0]
    assert not [row for row in rows if row.told_s < row.true_s - YOUNGER_S - stream.delay_s - stream.jitter_s]


@settings(max_examples=150, deadline=None)
@given(
    fps=rates,
    ratio=st.floats(0.6, 1.6),
    report_s=reports,
    error_s=st.sampled_from([0.0, -0.2, 0.7, 30.0]),
    jump=st.tuples(st.floats(20, 40), st.one_of(st.floats(-4000, -1.5), st.floats(1.5, 4000))),
    seed=st.integers(0, 1000),
)
def test_a_fresh_picture_is_not_called_old_once_its_camera_is_known(
    fps: float, ratio: float, report_s: float | None, error_s: float, jump: tuple[float, float], seed: int
) -> None:
    stream = Stream(fps=fps, claim=fps * ratio, report_s=report_s, clock_error_s=error_s, jumps=[jump], seed=seed)
    rows = told(stream, 120)
    known_s = max(8.0, 15 / fps)  # fifteen pictures
    assert not [row for row in rows if row.at > known_s and row.told_s > row.true_s + OLDER_S]
    assert not [row for row in rows if row.told_s < row.true_s - YOUNGER_S]
