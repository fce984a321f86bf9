"""What the server says of a model that is still being loaded."""

from askcam.server.readiness import Readiness


def test_it_starts_as_loading_with_nothing_done() -> None:
    readiness = Readiness()
    assert (readiness.status, readiness.is_ready, tuple(readiness.snapshot())) == ("loading", False, ("starting", 0.0))


def test_it_tells_what_is_being_done_and_holds_the_share_between_0_and_1() -> None:
    readiness = Readiness()
    readiness.set("loading weights", 0.4)
    assert readiness.snapshot() == ("loading weights", 0.4)
    readiness.set("warming up", 1.7)
    assert readiness.snapshot().share == 1
    readiness.set("warming up", -1)
    assert readiness.snapshot().share == 0


def test_ready_is_final() -> None:
    readiness = Readiness()
    readiness.ready()
    readiness.set("loading weights", 0.1)
    readiness.fail("too late")
    assert (readiness.status, readiness.is_ready, tuple(readiness.snapshot())) == ("ready", True, ("ready", 1.0))


def test_a_failure_says_why_and_keeps_how_far_it_came() -> None:
    readiness = Readiness()
    readiness.set("loading weights", 0.5)
    readiness.fail("no weights in /models/x; download them")
    assert readiness.status == "failed"
    assert readiness.snapshot() == ("no weights in /models/x; download them", 0.5)
