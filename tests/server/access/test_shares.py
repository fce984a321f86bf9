"""Places that no client can take all of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.shares import STALLED_S, ClientIdentity, Place, Places
from askcam.server.access.viewer import KEYED, THE_ADMIN, THE_VIEWER, Role, Viewer
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

ADMIN = ClientIdentity(THE_ADMIN, "192.0.2.9")


def viewer(address: str = "192.0.2.1") -> ClientIdentity:
    return ClientIdentity(THE_VIEWER, address)


def fill(places: Places, client: ClientIdentity) -> list[Place]:
    """As many as it gets."""
    got: list[Place] = []
    with pytest.raises(Refusal) as refused:  # noqa: PT012
        while True:
            got.append(places.enter(client))
    assert (on_wire(refused.value).status, refused.value.code) == (429, "busy")
    return got


def test_one_client_gets_its_share_all_viewers_three_quarters_and_the_admin_the_rest() -> None:
    places = Places("live pictures", 32)
    assert len(fill(places, viewer())) == 16
    assert len(fill(places, viewer("192.0.2.2"))) == 8
    assert len(fill(places, viewer("192.0.2.3"))) == 0
    assert len(fill(places, ADMIN)) == 8
    assert len(places) == 32


def test_one_token_gets_no_more_from_many_addresses_and_leaves_room_for_the_others_and_shards() -> None:
    places = Places("questions", 32)
    kiosk, gate = (Viewer(name, Role.WATCHER, frozenset({"lobby"}), name) for name in ("kiosk", "gate"))
    assert len(fill(places, ClientIdentity(kiosk, "192.0.2.1"))) == 16
    with pytest.raises(Refusal, match="with the token 'kiosk'"):
        places.enter(ClientIdentity(kiosk, "192.0.2.2"))
    assert len(fill(places, ClientIdentity(gate, "192.0.2.1"))) == 8
    assert len(fill(places, viewer())) == 0
    places.enter(ClientIdentity(KEYED, "192.0.2.1")).leave()
    assert len(fill(places, ADMIN)) == 8


@given(st.integers(1, 200), st.floats(0.01, 1), st.lists(st.integers(0, 5), max_size=300))
def test_the_bounds_hold_and_everybody_can_get_one(most: int, share: float, coming: list[int]) -> None:
    places = Places("things", most, share)
    assert 1 <= places.per_client <= places.of_viewers <= most
    for index in coming:
        try:
            places.enter(viewer(f"192.0.2.{index}"))
        except Refusal:
            continue
    assert len(places) <= places.of_viewers
    if most > 1:
        assert places.of_viewers < most or most < 4


def test_a_place_that_is_left_is_free_and_leaving_twice_is_nothing() -> None:
    places = Places("things", 1)
    place = places.enter(viewer())
    place.leave()
    place.leave()
    with places.holding(viewer()), pytest.raises(Refusal):
        places.enter(viewer())
    assert len(places) == 0


def test_who_has_read_nothing_for_longest_makes_way_for_who_would() -> None:
    places, ended = Places("live pictures", 4), list[str]()
    stalled = {"a": STALLED_S + 1, "b": STALLED_S + 9}
    for name, seconds in stalled.items():
        places.enter(viewer(), lambda s=seconds: s, lambda n=name: ended.append(n))  # type: ignore[misc]
    places.enter(viewer())
    assert ended == ["b"]
    places.enter(viewer())
    assert ended == ["b", "a"]
    with pytest.raises(Refusal):
        places.enter(viewer())


def test_a_stalled_client_makes_way_for_its_own_and_not_for_what_is_bounded_elsewhere() -> None:
    places, ended = Places("live pictures", 8), list[int]()
    places.enter(viewer("192.0.2.7"), lambda: 100.0, lambda: ended.append(1))
    assert len(fill(places, viewer())) == 4
    assert ended == []


def test_a_moment_without_reading_costs_nobody_their_place() -> None:
    places, ended = Places("live pictures", 4), list[int]()
    for number in range(2):
        places.enter(viewer(), lambda: STALLED_S - 0.1, lambda n=number: ended.append(n))  # type: ignore[misc]
    assert fill(places, viewer()) == []
    assert ended == []
