"""The ids that the page's cookie holds."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.passes import PagePasses


def test_a_pass_is_good_for_its_role_until_it_expires() -> None:
    passes: PagePasses[str] = PagePasses(life_s=10)
    made = passes.issue("viewer", now=100)
    assert passes.of(made, 109.9) == "viewer"
    assert passes.of(made, 110) is None
    assert len(passes) == 0


def test_a_revoked_pass_is_good_for_nothing_and_revoking_a_stranger_has_no_effect() -> None:
    passes: PagePasses[str] = PagePasses()
    kept, revoked = passes.issue("viewer", 0), passes.issue("admin", 0)
    passes.revoke(revoked)
    passes.revoke("nobody's")
    assert (passes.of(kept, 0), passes.of(revoked, 0)) == ("viewer", None)


def test_the_oldest_pass_of_a_role_is_dropped_for_one_too_many() -> None:
    passes: PagePasses[str] = PagePasses(max_passes=3)
    made = [passes.issue("viewer", 0, place) for place in "abcd"]
    assert [passes.of(each, 0) for each in made] == [None, "viewer", "viewer", "viewer"]


def test_a_thousand_and_one_logins_of_one_role_leave_the_other_logged_in() -> None:
    passes: PagePasses[str] = PagePasses()
    admin = passes.issue("admin", 0, "here")
    for index in range(1001):
        passes.issue("viewer", 0, f"place {index}")
    assert passes.of(admin, 0) == "admin"
    assert len(passes) == 1001


def test_whoever_logs_in_again_and_again_drops_only_their_own_passes() -> None:
    passes: PagePasses[str] = PagePasses(max_passes=100, max_own=3)
    other = passes.issue("viewer", 0, "there")
    own = [passes.issue("viewer", 0, "here") for _ in range(200)]
    assert [passes.of(each, 0) for each in own[-4:]] == [None, "viewer", "viewer", "viewer"]
    assert passes.of(other, 0) == "viewer"


def test_a_role_that_is_full_drops_the_oldest_of_whoever_holds_most() -> None:
    passes: PagePasses[str] = PagePasses(max_passes=4, max_own=3)
    first = passes.issue("viewer", 0, "there")
    own = [passes.issue("viewer", 0, "here") for _ in range(3)]
    passes.issue("viewer", 0, "elsewhere")
    assert passes.of(first, 0) == "viewer"
    assert [passes.of(each, 0) for each in own] == [None, "viewer", "viewer"]


def test_passes_are_long_and_never_alike() -> None:
    passes: PagePasses[int] = PagePasses()
    made = {passes.issue(0, 0) for _ in range(200)}
    assert len(made) == 200
    assert min(map(len, made)) >= 43


@given(st.text())
def test_whatever_a_cookie_holds_it_opens_nothing(guess: str) -> None:
    passes: PagePasses[int] = PagePasses()
    passes.issue(0, 0)
    assert passes.of(guess, 0) is None
