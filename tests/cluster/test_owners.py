"""Who owns which camera, case by case; what holds in all of them is in test_rules_hold.py."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster_world import ClusterWorld, a_shard

from askcam.cluster.changes import Change, Granted, Revoked, ShardChanged, ShardForgotten, Unplaced, Why
from askcam.cluster.granting import DOUBTFUL_S
from askcam.cluster.members import MAX_OPTIONS, CameraWish, ShardState
from askcam.cluster.moving import LEAVE_S
from askcam.cluster.owners import FORGET_S, GATHER_S, Owners
from askcam.cluster.renewal import LET_GO_S, SILENT_S, UNHEARD_S, Renewal
from askcam.cluster.table import SqliteTable
from askcam.server.errors import Conflict, Invalid, NotFound, TooMany

SIX = tuple(f"cam{number}" for number in range(6))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClusterWorld]:
    made = ClusterWorld(lambda: SqliteTable(tmp_path / "cluster"))
    yield made
    made.check()
    made.close()


def granted(changes: list[Change]) -> dict[str, str]:
    return {change.owner.camera: change.owner.shard for change in changes if isinstance(change, Granted)}


def settled(world: ClusterWorld, *shards: str, capacity: int = 6, cameras: tuple[str, ...] = SIX) -> None:
    """Shards that have all cameras, and know it."""
    world.want(*cameras)
    for name in shards:
        world.start(a_shard(name, capacity))
    world.second(6)
    assert set(world.places()) == set(cameras)


def test_the_first_shard_of_several_does_not_get_everything(world: ClusterWorld) -> None:
    world.want(*SIX)
    world.start(a_shard("a", 6))
    world.second(int(GATHER_S) - 1)
    assert world.places() == {}
    world.start(a_shard("b", 6))
    world.second(3)
    assert Counter(world.places().values()) == {"a": 3, "b": 3}


def test_a_camera_that_is_wanted_later_has_an_owner_at_once(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    assert granted(world.want("late")) == {"late": "a"}
    assert world.owners.owner_of("late") is not None


def test_who_comes_later_moves_nothing_until_it_is_asked_for(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    before = world.places()
    world.start(a_shard("c", 6))
    world.second(5)
    assert world.places() == before
    world.do(lambda owners, now_s: owners.rebalance(now_s))
    assert world.places() == before, "each is to let go first"
    world.second(4)
    assert Counter(world.places().values()) == {"a": 2, "b": 2, "c": 2}
    assert world.do(lambda owners, now_s: owners.rebalance(now_s)) == []


@pytest.mark.parametrize("why", ["its process ended", "connection refused"])
def test_who_is_said_to_be_dead_is_replaced_at_once(world: ClusterWorld, why: str) -> None:
    settled(world, "a", "b")
    had = [camera for camera, shard in world.places().items() if shard == "a"]
    assert set(granted(world.do(lambda owners, now_s: owners.lost("a", why, now_s)))) == set(had)
    shard = world.owners.shard("a")
    assert shard is not None
    assert (shard.state, shard.lost_why) == (ShardState.LOST, why)


def test_a_shard_that_says_that_it_ends_is_believed_before_and_after_others_find_it_gone(world: ClusterWorld) -> None:
    settled(world, "a", "b", "c")
    found = "nothing listens at its address any more"
    for name, first in (("a", "left"), ("b", "lost")):
        instance = world.processes[name].shard.instance
        for said in (first, "lost", "left", "lost"):
            if said == "left":
                world.do(lambda owners, now_s, name=name, instance=instance: owners.left(name, now_s, instance))
            else:
                world.do(lambda owners, now_s, name=name, instance=instance: owners.lost(name, found, now_s, instance))
        shard = world.owners.shard(name)
        assert shard is not None
        assert (shard.state, shard.lost_why) == (ShardState.LOST, "it was ended")
    assert set(world.places().values()) == {"c"}


def test_word_of_an_earlier_process_harms_no_later_one(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    earlier = world.processes["a"].shard.instance
    world.start(a_shard("a", 6))
    assert world.do(lambda owners, now_s: owners.lost("a", "it ended", now_s, earlier)) == []


def test_who_is_silent_is_replaced_after_a_while_and_not_before(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    del world.processes["a"]
    world.second(int(SILENT_S))
    assert "a" in world.places().values()
    world.second(2)
    assert set(world.places().values()) == {"b"}


def test_who_speaks_and_does_not_hear_is_replaced_too_and_has_let_go_by_then(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    deaf = world.processes["a"]
    deaf.hears = False
    world.second(int(LET_GO_S))
    assert deaf.lease.holds, "the last promise that it heard still holds"
    world.second(2)
    assert not deaf.lease.holds
    assert "a" in world.places().values()
    world.second(int(SILENT_S + UNHEARD_S - LET_GO_S) + 2)
    assert set(world.places().values()) == {"b"}


def test_who_comes_back_before_others_have_its_cameras_goes_on_as_their_owner(world: ClusterWorld) -> None:
    settled(world, "a", capacity=6)
    before = {owner.camera: owner.epoch for owner in world.owners.kept().owners}
    gone = world.processes.pop("a")
    world.second(40)
    assert world.owners.unplaced() == sorted(SIX)
    told = world.owners.why_unplaced(SIX[0])
    assert told is not None
    assert "start one" in told
    world.processes["a"] = gone
    world.second(3)
    assert {owner.camera: owner.epoch for owner in world.owners.kept().owners} == before
    assert world.owners.unplaced() == []
    assert dict(gone.lease.holds) == before


def test_who_comes_back_too_late_lets_go_and_is_given_nothing_for_now(world: ClusterWorld) -> None:
    settled(world, "a", "b", "c")
    cut = world.processes["a"]
    cut.heard = cut.hears = False
    world.second(20)
    cut.heard = cut.hears = True
    world.second(3)
    assert dict(cut.lease.holds) == {}
    assert set(granted(world.want("new1", "new2", "new3")).values()) == {"b", "c"}
    world.second(int(DOUBTFUL_S))
    assert set(granted(world.want("new4")).values()) == {"a"}


def test_a_process_that_is_started_anew_has_its_cameras_again_under_new_epochs(world: ClusterWorld) -> None:
    settled(world, "a", "b", capacity=3)
    before = world.owners.kept().owners
    world.start(a_shard("a", 3))
    after = world.owners.kept().owners
    assert world.places() == {owner.camera: owner.shard for owner in before}
    for old, new in zip(before, after, strict=True):
        assert (new.epoch > old.epoch) == (new.shard == "a")


def test_a_shard_drains_when_its_cameras_have_been_let_go_of(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    changes = world.do(lambda owners, now_s: owners.drain("a", now_s))
    assert {type(change) for change in changes} == {ShardChanged, Revoked}
    assert "a" in world.places().values()
    world.renew(world.processes["a"])  # it hears that it is to let go
    assert dict(world.processes["a"].lease.holds) == {}
    assert "a" in world.places().values()
    world.renew(world.processes["a"])  # and says that it has
    assert set(world.places().values()) == {"b"}


def test_who_drains_and_does_not_let_go_is_not_waited_for_for_ever(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    world.processes["a"].clings = True
    world.do(lambda owners, now_s: owners.drain("a", now_s))
    world.second(int(LEAVE_S))
    assert "a" in world.places().values()
    world.second(4)
    assert set(world.places().values()) == {"b"}
    assert world.processes["a"].lease.holds, "the fence is what is left"


def test_who_drains_and_does_not_hear_it_is_waited_for_until_its_lease_is_over(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    world.processes["a"].hears = False
    world.do(lambda owners, now_s: owners.drain("a", now_s))
    world.second(int(SILENT_S))
    assert "a" in world.places().values()
    world.second(int(UNHEARD_S) + 3)
    assert set(world.places().values()) == {"b"}


def test_a_camera_that_was_never_begun_is_not_taken_for_let_go_of(world: ClusterWorld) -> None:
    """Its owner was granted it, said what it holds before it heard that, and is to let go before it hears that."""
    settled(world, "a", "b")
    world.processes["a"].hears = False
    world.want("new")
    assert world.places()["new"] == "a"
    world.do(lambda owners, now_s: owners.drain("a", now_s))
    world.second(3)
    assert world.places()["new"] == "a", "it may still hear of the grant"


def test_who_drains_keeps_what_finds_no_other_place(world: ClusterWorld) -> None:
    settled(world, "a", "b", capacity=3)
    world.do(lambda owners, now_s: owners.drain("a", now_s))
    world.second(20)
    assert Counter(world.places().values()) == {"a": 3, "b": 3}
    world.start(a_shard("c", 2))
    world.second(4)
    assert Counter(world.places().values()) == {"a": 1, "b": 3, "c": 2}


def test_room_that_is_promised_to_cameras_on_their_way_is_not_given_to_others(world: ClusterWorld) -> None:
    settled(world, "a", "b", capacity=5)
    world.do(lambda owners, now_s: owners.drain("a", now_s))  # two of its three have room in b
    changes = world.want("new")
    assert Unplaced("new", Why.FULL) in changes
    world.second(4)
    assert Counter(world.places().values()) == {"a": 1, "b": 5}


def test_a_camera_that_may_be_elsewhere_only_moves_there(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    world.start(a_shard("c", 6, "gpu"))
    world.want("cam0", only="gpu")
    world.second(4)
    assert world.places()["cam0"] == "c"
    world.want("cam1", only="nowhere")
    world.second(4)
    assert world.places()["cam1"] in ("a", "b"), "there is no such place: it stays where it is"


@pytest.mark.parametrize(
    ("only", "capacity", "why", "words"),
    [
        ("", 6, Why.FULL, "all 2 shards are full, with 12 cameras"),
        ("gpu", 6, Why.NO_MATCH, "none of 2 shards is called 'gpu'"),
        ("a", 3, Why.FULL, "all 1 shards that are called 'a' or have that label are full, with 3 cameras"),
    ],
)
def test_why_a_camera_has_no_place_is_said_with_what_helps(
    world: ClusterWorld, only: str, capacity: int, why: Why, words: str
) -> None:
    settled(world, "a", "b", capacity=capacity)
    if not only:
        world.want(*(f"more{number}" for number in range(6)))
    changes = world.want("new", only=only)
    assert [change for change in changes if isinstance(change, Unplaced)] == [Unplaced("new", why)]
    told = world.owners.why_unplaced("new")
    assert told is not None
    assert told.startswith(words)
    assert "start " in told
    assert world.do(lambda owners, now_s: owners.tick(now_s)) == [], "it is said once"


def test_a_camera_that_nobody_wants_is_let_go_of_and_may_be_wanted_again(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    before = world.owners.owner_of("cam0")
    assert before is not None
    world.do(lambda owners, now_s: owners.unwant(["cam0", "unknown"], now_s))
    world.second(3)
    assert all("cam0" not in process.lease.holds for process in world.processes.values())
    world.want("cam0")
    after = world.owners.owner_of("cam0")
    assert after is not None
    assert after.epoch > before.epoch


@pytest.mark.parametrize("dies", [False, True])
def test_a_camera_that_is_wanted_again_at_once_waits_until_it_was_let_go_of(world: ClusterWorld, dies: bool) -> None:
    settled(world, "a", "b")
    assert world.places()["cam0"] == "a"
    world.do(lambda owners, now_s: owners.unwant(["cam0"], now_s))
    assert granted(world.want("cam0", only="b")) == {}
    assert world.owners.unplaced() == world.owners.let_go_of() == ["cam0"]
    if dies:
        del world.processes["a"]
        world.do(lambda owners, now_s: owners.lost("a", "it ended", now_s))
    else:
        world.second(3)
    assert world.places()["cam0"] == "b"
    assert world.owners.unplaced() == []


def test_of_two_shards_that_have_one_camera_the_first_keeps_it_and_the_other_lets_go() -> None:
    """The table was lost; the shards have gone on meanwhile."""
    owners = Owners(0.0)
    owners.want([CameraWish(camera) for camera in SIX], 0.0)
    owners.join(a_shard("a", 6), {"cam0": 7, "cam1": 8}, 0.5)
    owners.join(a_shard("b", 6), {"cam0": 9, "cam2": 10, "unknown": 11}, 1.0)
    changes = [change for second in range(1, 6) for change in owners.tick(float(second))]
    had = granted(changes)
    assert (had["cam0"], had["cam1"], had["cam2"]) == ("a", "a", "b")
    assert Counter(had.values()) == {"a": 3, "b": 3}
    orders, _ = owners.renew(Renewal("b", "1", 1, 0, {"cam0": 9, "cam2": 10, "unknown": 11}), 6.0)
    assert orders.hold == dict(owners.held("b"))
    assert orders.hold.keys() == {camera for camera, shard in had.items() if shard == "b"}


def test_a_lost_shard_that_has_nothing_is_forgotten(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    del world.processes["a"]
    world.second(30)
    assert [shard.name for shard in world.owners.shards()] == ["a", "b"]
    changes = [change for _ in range(int(FORGET_S)) for change in _second(world)]
    assert ShardForgotten("a") in changes
    assert [shard.name for shard in world.owners.shards()] == ["b"]


def _second(world: ClusterWorld) -> list[Change]:
    world.now_s += 1.0
    world.renew(world.processes["b"])
    return world.do(lambda owners, now_s: owners.tick(now_s))


@pytest.mark.parametrize("leap_s", [-1e6, -10.0, 20.0, 1e6])
def test_a_leap_of_the_fronts_clock_is_nobodys_silence(world: ClusterWorld, leap_s: float) -> None:
    settled(world, "a", "b")
    before = world.places()
    world.leap_s += leap_s
    world.second(30)
    assert world.places() == before
    del world.processes["a"]
    world.second(20)
    assert set(world.places().values()) == {"b"}


def test_what_cannot_be_drained_is_said(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    with pytest.raises(NotFound, match=r"no shard 'c'; shards: a, b"):
        world.do(lambda owners, now_s: owners.drain("c", now_s))
    world.do(lambda owners, now_s: owners.lost("a", "it ended", now_s))
    with pytest.raises(Conflict, match=r"shard a is lost \(it ended\)"):
        world.do(lambda owners, now_s: owners.drain("a", now_s))


def test_cameras_are_bounded_and_one_too_many_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcam.cluster.owners.MAX_CAMERAS", 20)
    owners = Owners(0.0)
    owners.want([CameraWish(f"c{number}") for number in range(20)], 0.0)
    with pytest.raises(TooMany, match="20 cameras at most"):
        owners.want([CameraWish("one"), CameraWish("c0", only="a")], 0.0)
    assert len(owners.cameras()) == 20
    assert owners.cameras()[0] == CameraWish("c0")


def test_other_options_are_another_epoch_on_the_same_shard(world: ClusterWorld) -> None:
    settled(world, "a", "b")
    before = {owner.camera: owner for owner in world.owners.kept().owners}
    camera = SIX[0]
    changes = world.do(lambda owners, now_s: owners.want([CameraWish(camera, options='{"fps": 1}')], now_s))
    assert granted(changes) == {camera: before[camera].shard}
    after = {owner.camera: owner for owner in world.owners.kept().owners}
    assert after[camera].epoch > before[camera].epoch
    assert {each: after[each].epoch for each in SIX[1:]} == {each: before[each].epoch for each in SIX[1:]}
    again = world.do(lambda owners, now_s: owners.want([CameraWish(camera, options='{"fps": 1}')], now_s))
    assert again == []
    assert world.table.read().wishes[0].options == '{"fps": 1}'
    world.come_to_rest()


def test_options_without_end_are_refused(world: ClusterWorld) -> None:
    world.do(lambda owners, now_s: owners.want([CameraWish("fits", options="x" * MAX_OPTIONS)], now_s))
    with pytest.raises(Invalid, match="bytes"):
        world.do(lambda owners, now_s: owners.want([CameraWish("not", options="x" * (MAX_OPTIONS + 1))], now_s))
    assert [wish.name for wish in world.owners.cameras()] == ["fits"]
