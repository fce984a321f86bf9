"""Who may join, and what everybody else is told."""

from dataclasses import replace

import pytest
from support.cluster_world import a_shard

from askcam.cluster.joining import Expected, admit, release
from askcam.cluster.members import NEXT, Shard, ShardState, Transition
from askcam.server.errors import Conflict, Invalid, TooMany

THERE = a_shard("a", 4)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"name": ""}, "name"), ({"name": "A"}, "name"), ({"name": "a b"}, "name"), ({"name": "x" * 64}, "name"),
        ({"name": "../a"}, "name"),
        ({"url": ""}, "url"), ({"url": "gpu1:8400"}, "url"), ({"url": "ftp://gpu1"}, "url"),
        ({"url": "http://user:hunter2@gpu1"}, "url"), ({"url": "http://[::1"}, "url"), ({"url": "http://"}, "url"),
        ({"url": "http://gpu1:99999"}, "url"), ({"url": "http://gpu1/" + "x" * 2048}, "url"),
        ({"labels": ("a b",)}, "labels"), ({"labels": ("rack=",)}, "labels"), ({"labels": ("a=b=c",)}, "labels"),
        ({"labels": tuple(f"l{n}" for n in range(17))}, "labels"),
        ({"capacity_cameras": -1}, "capacity_cameras"), ({"capacity_cameras": 1025}, "capacity_cameras"),
        ({"instance": ""}, "instance"), ({"model": ""}, "model"), ({"version": "1" * 201}, "version"),
    ],
)  # fmt: skip
def test_what_a_shard_cannot_be_is_refused_by_its_field(change: dict[str, object], param: str) -> None:
    with pytest.raises(Invalid) as caught:
        admit(replace(THERE, **change), {}, Expected())  # type: ignore[arg-type]
    assert caught.value.param == param
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "change",
    [{"capacity_cameras": 0}, {"url": "https://[::1]:8400"}, {"labels": ("gpu", "rack=r7")}, {"name": "a.b_c-1"}],
)
def test_what_a_shard_can_be_is_taken(change: dict[str, object]) -> None:
    admit(replace(THERE, **change), {}, Expected())  # type: ignore[arg-type]


def test_another_one_with_a_name_that_is_taken_is_told_both_addresses_and_what_to_do() -> None:
    other = replace(THERE, instance="2", url="http://elsewhere:8400")
    with pytest.raises(Conflict, match="give it a name of its own") as caught:
        admit(other, {"a": THERE}, Expected())
    assert caught.value.code == "name_taken"
    assert THERE.url in caught.value.message
    assert other.url in caught.value.message


@pytest.mark.parametrize(
    ("there", "comes"),
    [
        (THERE, THERE),
        (THERE, replace(THERE, url="http://elsewhere:8400")),
        (THERE, replace(THERE, instance="2")),
        (THERE.after(Transition.GONE, "it ended"), replace(THERE, instance="2", url="http://elsewhere:8400")),
        (THERE.after(Transition.DRAINED), THERE),
    ],
    ids=["the same", "moved", "started anew", "anew, elsewhere, once it was lost", "draining"],
)
def test_the_same_shard_is_let_in_again(there: Shard, comes: Shard) -> None:
    admit(comes, {"a": there}, Expected())


@pytest.mark.parametrize(
    ("expected", "others", "comes", "code", "words"),
    [
        (Expected("big", ""), [], {}, "other_model", "--model big"),
        (Expected(), [a_shard("b")], {"model": "other"}, "other_model", "--model demo"),
        (Expected("", "0.2.0"), [], {}, "other_version", "install askcam 0.2 there"),
        (Expected(), [a_shard("b")], {"version": "0.2.1"}, "other_version", "install askcam 0.1 there"),
        (Expected(), [a_shard("b")], {"version": "unknown"}, "other_version", "unknown"),
    ],
)
def test_who_would_answer_otherwise_than_the_others_is_refused_by_name_and_with_the_remedy(
    expected: Expected, others: list[Shard], comes: dict[str, str], code: str, words: str
) -> None:
    with pytest.raises(Conflict) as caught:
        admit(replace(THERE, **comes), {shard.name: shard for shard in others}, expected)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.message.startswith("shard a ")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("others", "comes"),
    [
        ([a_shard("b")], {"version": "0.1.9"}),
        ([a_shard("b").after(Transition.GONE)], {"model": "other", "version": "0.3.0"}),
        ([THERE], {"model": "other"}),
    ],
    ids=["another patch", "the others are lost", "alone, with a new model"],
)
def test_who_answers_as_the_others_that_are_there_is_let_in(others: list[Shard], comes: dict[str, str]) -> None:
    admit(replace(THERE, **comes), {shard.name: shard for shard in others}, Expected())  # type: ignore[arg-type]


def test_shards_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcam.cluster.joining.MAX_SHARDS", 3)
    known = {f"s{number}": a_shard(f"s{number}") for number in range(3)}
    admit(replace(known["s1"], instance="2"), known, Expected())
    with pytest.raises(TooMany, match="3 shards"):
        admit(THERE, known, Expected())


def test_a_release_is_its_first_two_numbers() -> None:
    assert [release(each) for each in ("0.1.4", "0.1", "12.34.5rc1", "unknown")] == ["0.1", "0.1", "12.34", "unknown"]


def test_every_state_has_every_transition() -> None:
    assert {state: set(ways) for state, ways in NEXT.items()} == {state: set(Transition) for state in ShardState}
