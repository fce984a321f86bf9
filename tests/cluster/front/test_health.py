from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.front.health import NEXT, Met, Reach, ShardHealth

SILENT_S = 15.0
HAPPENS = st.lists(st.tuples(st.sampled_from(["heard", "failed", "look"]), st.floats(0, 20)), max_size=30)


def test_whatever_happens_has_a_next_state() -> None:
    assert {(state, met) for state in NEXT for met in NEXT[state]} == {(state, met) for state in Reach for met in Met}


@given(HAPPENS)
def test_it_is_up_only_if_it_was_heard_since_it_failed_and_within_the_time_that_it_may_be_silent(
    happens: list[tuple[str, float]],
) -> None:
    now, health, heard_at, failed = 0.0, ShardHealth(SILENT_S, 0.0), None, False
    for what, later_s in happens:
        now += later_s
        before = health.state
        match what:
            case "heard":
                news, heard_at, failed = health.heard(now), now, False
            case "failed":
                news, failed = health.failed("refused"), True
            case _:
                news = health.look(now)
        assert news is (health.state is not before)
        if health.state is Reach.UP:
            assert heard_at is not None
            assert not failed
            assert health.why == ""
            assert what != "look" or now - heard_at < SILENT_S
        if what == "look" and health.state is Reach.DOWN:
            assert health.why


def test_slow_is_not_dead() -> None:
    health = ShardHealth(SILENT_S, 0.0)
    health.heard(0.0)
    assert not health.look(SILENT_S - 0.01)
    assert health.look(SILENT_S)
    assert health.why == "it has said nothing for 15 s"


def test_why_it_went_down_says_more_than_that_it_is_still_silent() -> None:
    health = ShardHealth(SILENT_S, 0.0)
    health.failed("nothing answers there")
    assert not health.look(100.0)
    assert health.why == "nothing answers there"
