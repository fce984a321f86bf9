"""The table as the event loop knows it, beside that which another front has written."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.cluster_world import a_shard

from askcam.cluster.changes import KeptTable, Unplaced, Wanted, Why
from askcam.cluster.front.joined.view import TableView
from askcam.cluster.members import CameraWish, Owner, Transition, WatchWish
from askcam.cluster.owners import Owners

SHARDS, CAMERAS = ("a", "b", "c"), ("x", "y", "z")


@st.composite
def tables(draw: st.DrawFn) -> KeptTable:
    names = draw(st.lists(st.sampled_from(SHARDS), unique=True))
    states = [draw(st.sampled_from((Transition.JOINED, Transition.DRAINED, Transition.GONE))) for _ in names]
    shards = tuple(
        a_shard(name, draw(st.integers(1, 2))).after(state) for name, state in zip(names, states, strict=True)
    )
    wishes = tuple(
        CameraWish(name, draw(st.sampled_from(("", "a"))))
        for name in draw(st.lists(st.sampled_from(CAMERAS), unique=True))
    )
    owners = tuple(
        Owner(wish.name, draw(st.sampled_from(names)), draw(st.integers(1, 3)), draw(st.floats(0, 9)))
        for wish in wishes
        if names and draw(st.booleans())
    )
    watches = tuple(
        WatchWish(name, ("x",), "{}", draw(st.integers(0, 1)))
        for name in draw(st.lists(st.sampled_from(("door", "say")), unique=True))
    )
    forgotten = draw(st.lists(st.sampled_from((*SHARDS, "d", "e")), unique=True))
    return KeptTable(9, shards, wishes, owners, tuple(name for name in forgotten if name not in names), watches)


def known(view: TableView) -> tuple[object, ...]:
    owners = {(name, each.shard, each.epoch) for name, each in view.owners.items()}
    return view.shards, view.wishes, owners, set(view.forgotten), view.watches


@given(before=tables(), after=tables())
def test_what_another_front_has_written_is_what_is_known_then(before: KeptTable, after: KeptTable) -> None:
    view, fresh = TableView(), TableView()
    view.begin(before)
    fresh.begin(after)
    for change in view.changes_to(after):
        view.apply([change])
        assert all(owner.shard in view.shards for owner in view.owners.values()), "nothing is missing in between"
    assert known(view) == known(fresh)
    assert view.changes_to(after) == []


def test_who_hears_nobody_has_no_reasons_left_of_when_it_did() -> None:
    view = TableView()
    view.apply([Wanted(CameraWish("x")), Unplaced("x", Why.NO_SHARD)])
    view.apply([Unplaced("x", Why.FULL)])
    assert "full" in str(view.why("x"))
    view.hears_nobody()
    assert "no shard is there" in str(view.why("x"))
    assert list(view.unplaced()) == ["x"]


@given(table=tables(), wished=st.sampled_from(("", "a", "nowhere")))
def test_a_front_that_reads_along_says_why_a_camera_has_no_place_as_the_leader_does(
    table: KeptTable, wished: str
) -> None:
    """The leader was told by the rules, the other one sees it by the table; both only once all is settled."""
    owners = Owners(0.0, replace(table, epoch=9, shards=tuple(replace(each, instance="1") for each in table.shards)))
    leader, other = TableView(), TableView()
    leader.begin(owners.kept())
    leader.apply(owners.want([CameraWish("w", wished)], 0.0))
    leader.apply(owners.tick(0.5))
    other.begin(owners.kept())
    assert other.unplaced() == leader.unplaced()
    for camera in other.wishes:
        assert other.why(camera) == leader.why(camera)
        assert other.why(camera) == owners.why_unplaced(camera)
