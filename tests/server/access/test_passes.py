"""The ids that the page's cookie holds."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.passes import Passes


def test_a_pass_is_good_for_its_role_until_it_expires() -> None:
    passes: Passes[str] = Passes(life_s=10)
    made = passes.issue("viewer", now=100)
    assert passes.role(made, 109.9) == "viewer"
    assert passes.role(made, 110) is None
    assert len(passes) == 0


def test_a_revoked_pass_is_good_for_nothing_and_revoking_a_stranger_has_no_effect() -> None:
    passes: Passes[str] = Passes()
    kept, revoked = passes.issue("viewer", 0), passes.issue("admin", 0)
    passes.revoke(revoked)
    passes.revoke("nobody's")
    assert (passes.role(kept, 0), passes.role(revoked, 0)) == ("viewer", None)


def test_the_oldest_pass_is_dropped_for_one_too_many() -> None:
    passes: Passes[int] = Passes(max_passes=3)
    made = [passes.issue(i, 0) for i in range(4)]
    assert [passes.role(each, 0) for each in made] == [None, 1, 2, 3]


def test_passes_are_long_and_never_alike() -> None:
    passes: Passes[int] = Passes()
    made = {passes.issue(0, 0) for _ in range(200)}
    assert len(made) == 200
    assert min(map(len, made)) >= 43


@given(st.text())
def test_whatever_a_cookie_holds_it_opens_nothing(guess: str) -> None:
    passes: Passes[int] = Passes()
    passes.issue(0, 0)
    assert passes.role(guess, 0) is None
