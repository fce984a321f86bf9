"""How slow a connection may be; time is handed in."""

import pytest

from askcam.server.connections.pace import (
    BODY_BYTES_PER_S,
    BODY_S,
    CLOSE_S,
    DRAIN_S,
    HEAD_S,
    QUIET_BODY_S,
    UNREAD_BYTES,
    UNREAD_S,
    Pace,
    Phase,
)


def test_a_head_has_its_time_from_its_first_byte_and_not_from_the_last() -> None:
    pace = Pace(since=100)
    for second in range(int(HEAD_S)):
        pace.came(1, 100 + second)
        assert pace.overdue(100 + second) is None
    assert pace.overdue(100 + HEAD_S) is None
    assert pace.overdue(100 + HEAD_S + 0.1) == "head"


@pytest.mark.parametrize("phase", [Phase.REST, Phase.BUSY])
def test_what_we_answer_and_the_rest_between_requests_have_no_time_of_ours(phase: Phase) -> None:
    pace = Pace(since=0)
    pace.at(phase, 0)
    assert pace.overdue(10_000) is None


def test_a_body_may_be_large_on_a_slow_line_but_not_slower_than_that() -> None:
    steady, dripping = Pace(since=0), Pace(since=0)
    for pace in (steady, dripping):
        pace.at(Phase.BODY, 0)
    for second in range(1, 300):
        steady.came(BODY_BYTES_PER_S, second)
        assert steady.overdue(second) is None
    for second in range(1, int(BODY_S) + 2):
        dripping.came(1, second)
    assert dripping.overdue(BODY_S + 1) == "body"


def test_a_body_that_stops_is_over_sooner() -> None:
    pace = Pace(since=0)
    pace.at(Phase.BODY, 0)
    pace.came(100 * BODY_BYTES_PER_S, 1)
    assert pace.overdue(1 + QUIET_BODY_S) is None
    assert pace.overdue(1 + QUIET_BODY_S + 0.1) == "body"


def test_while_we_do_not_read_the_clients_time_stands_still() -> None:
    pace = Pace(since=0)
    pace.at(Phase.BODY, 0)
    for second in range(100):
        pace.held(1)
        assert pace.overdue(second) is None


def test_the_rest_of_a_body_that_was_refused_is_read_for_a_moment() -> None:
    pace = Pace(since=0)
    pace.at(Phase.DRAIN, 0)
    for second in range(int(DRAIN_S)):
        pace.came(1 << 20, second)
    assert pace.overdue(DRAIN_S + 0.1) == "body"


def test_who_reads_nothing_is_unread_and_who_reads_slowly_is_not() -> None:
    silent, slow = Pace(since=0), Pace(since=0)
    read = 0
    for second in range(int(UNREAD_S) + 1):
        read += UNREAD_BYTES // 10
        assert not silent.unread(True, 1234, second)
        assert not slow.unread(True, read, second)
    assert silent.unread(True, 1234, UNREAD_S + 1.5)
    assert silent.stalled_s(UNREAD_S + 1.5) == UNREAD_S + 1.5
    assert not slow.unread(True, read, UNREAD_S + 1.5)


def test_who_reads_one_byte_now_and_then_does_not_read() -> None:
    pace = Pace(since=0)
    found = [pace.unread(True, second, second) for second in range(int(UNREAD_S) + 2)]
    assert found[-1]
    assert not any(found[:-1])


def test_where_nothing_waits_nobody_is_unread() -> None:
    pace = Pace(since=0)
    assert not any(pace.unread(False, 0, second) for second in range(100))
    assert pace.stalled_s(100) == 0


def test_a_goodbye_has_its_time() -> None:
    pace = Pace(since=0)
    assert not pace.lingers(False, 100)
    assert not pace.lingers(True, 101)
    assert pace.lingers(True, 101 + CLOSE_S + 0.1)
