"""Which shard gets a camera: the heaps give what looking at every shard gives."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cluster_world import a_shard

from askcam.cluster.changes import Why
from askcam.cluster.members import Shard, ShardState, Transition
from askcam.cluster.placing import Constraint, Vacancies, remedy

RACKS = ("", "rack=r1", "rack=r2", "rack=r3")


def told(number: int, capacity: int, rack: str, gpu: bool, draining: bool) -> Shard:
    labels = [label for label in (rack, "gpu" if gpu else "") if label]
    shard = a_shard(f"s{number}", capacity, *labels)
    return shard.after(Transition.DRAINED) if draining else shard


shards = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(RACKS), st.booleans(), st.booleans()), min_size=1, max_size=8
).map(lambda each: [told(number, *one) for number, one in enumerate(each)])
constraints = st.builds(Constraint, st.sampled_from(("", "gpu", "s1", "none")), st.sampled_from(("", "hall", "door")))


def by_looking(shards: list[Shard], load: Counter[str], beside: Counter[tuple[str, str]], doubtful: set[str],
               constraint: Constraint) -> str | None:  # fmt: skip
    """The rule as it is told, over all shards."""
    fit = [
        shard for shard in shards
        if shard.state is ShardState.LIVE and load[shard.name] < shard.capacity_cameras
        and (not constraint.only or constraint.only in (shard.name, *shard.labels))
    ]  # fmt: skip
    ranks = [
        (
            beside[constraint.apart, shard.rack] if constraint.apart else 0,
            shard.name in doubtful,
            (load[shard.name] + 1) / shard.capacity_cameras,
            shard.name,
        )
        for shard in fit
    ]
    return min(ranks)[-1] if ranks else None


@settings(deadline=None)
@given(shards, st.data())
def test_each_place_is_the_one_that_looking_at_all_shards_gives(shards: list[Shard], data: st.DataObject) -> None:
    load = Counter({shard.name: data.draw(st.integers(0, shard.capacity_cameras)) for shard in shards})
    doubtful = data.draw(st.sets(st.sampled_from([shard.name for shard in shards])))
    beside: Counter[tuple[str, str]] = Counter()
    for shard in shards:
        beside["hall", shard.rack] += data.draw(st.integers(0, 2))
    vacancies = Vacancies(
        shards, load, lambda apart: (rack for (word, rack), n in beside.items() if word == apart for _ in range(n)),
        doubtful,
    )  # fmt: skip
    for constraint in data.draw(st.lists(constraints, max_size=30)):
        expected = by_looking(shards, load, beside, doubtful, constraint)
        found = vacancies.find(constraint)
        assert (None if found is None else found.name) == expected
        if found is None:
            assert remedy(vacancies.why(constraint), constraint, shards)
            continue
        vacancies.take(found, constraint)
        load[found.name] += 1
        if constraint.apart:
            beside[constraint.apart, found.rack] += 1


def test_shares_of_room_are_alike_not_numbers() -> None:
    shards = [a_shard("large", 20), a_shard("small", 5)]
    vacancies = Vacancies(shards, {}, lambda apart: ())
    got: Counter[str] = Counter()
    for _ in range(10):
        shard = vacancies.find(Constraint())
        assert shard is not None
        vacancies.take(shard, Constraint())
        got[shard.name] += 1
    assert got == {"large": 8, "small": 2}


def test_cameras_that_are_to_be_apart_survive_the_loss_of_a_rack() -> None:
    shards = [a_shard(f"s{number}", 10, f"rack=r{number // 4}") for number in range(12)]
    vacancies = Vacancies(shards, {}, lambda apart: ())
    racks: Counter[str] = Counter()
    for _ in range(6):
        shard = vacancies.find(Constraint(apart="hall"))
        assert shard is not None
        vacancies.take(shard, Constraint(apart="hall"))
        racks[shard.rack] += 1
    assert racks == {"rack=r0": 2, "rack=r1": 2, "rack=r2": 2}


@pytest.mark.parametrize("apart", ["", "one word for all", "a word for four"])
def test_many_cameras_are_placed_without_looking_at_every_shard_for_each(apart: str) -> None:
    """Looked at is a shard whenever its rank is asked for."""
    shards = [a_shard(f"s{number:03}", 10) for number in range(200)]
    asked = 0

    class Counted(Vacancies):
        def _rank(self, name: str) -> tuple[bool, float, str] | None:
            nonlocal asked
            asked += 1
            return super()._rank(name)

    vacancies = Counted(shards, {}, lambda apart: ())
    for number in range(2000):
        word = f"w{number // 4}" if apart == "a word for four" else apart and "hall"
        shard = vacancies.find(Constraint(apart=word))
        assert shard is not None
        vacancies.take(shard, Constraint(apart=word))
    assert vacancies.find(Constraint()) is None
    assert vacancies.why(Constraint()) is Why.FULL
    assert asked < 2000 * 20, "of 200 shards"
