"""What a front knows of its lease: it counts on it for less than the database does, and on nothing else."""

import pytest

from askcam.cluster.leading import HELD_S, LEASE_S, LOOK_S, Database, HeldLease, Lead, Leader, passwords_in, steady_s


def found(lease: HeldLease, instance: str, term: int, asked_s: float, now_s: float) -> bool:
    lead = Lead(Leader(instance, f"http://{instance}", term), instance == lease.instance, LEASE_S, 0)
    return lease.found(lead, asked_s, now_s)


def test_a_front_counts_on_its_lease_from_when_it_asked_and_for_less_than_it_has_it() -> None:
    lease = HeldLease("me", "http://me")
    assert not lease.leads(0.0)
    assert found(lease, "me", 1, asked_s=10.0, now_s=12.0)
    assert lease.leads(10.0 + HELD_S - 0.01)
    assert not lease.leads(10.0 + HELD_S)
    assert LOOK_S < HELD_S < LEASE_S


@pytest.mark.parametrize(
    ("asked_s", "instance", "term", "begins", "leads"),
    [
        (1.0, "me", 1, False, True),
        (HELD_S + 0.1, "me", 1, True, True),  # it stood still, and nobody knows what was promised meanwhile
        (1.0, "me", 2, True, True),  # somebody else led between
        (1.0, "other", 2, False, False),
    ],
    ids=["renewed", "too late", "another term", "another front"],
)
def test_who_has_led_all_the_time_goes_on_and_who_has_not_begins_anew(
    asked_s: float, instance: str, term: int, begins: bool, leads: bool
) -> None:
    lease = HeldLease("me", "http://me")
    found(lease, "me", 1, asked_s=0.0, now_s=0.0)
    assert found(lease, instance, term, asked_s, now_s=asked_s) is begins
    assert lease.leads(asked_s) is leads
    assert lease.leader.instance == instance
    lease.given_up()
    assert not lease.leads(asked_s)


def test_a_look_that_took_too_long_brings_nothing_to_count_on() -> None:
    lease = HeldLease("me", "http://me")
    found(lease, "me", 1, asked_s=0.0, now_s=HELD_S + 1)
    assert not lease.leads(HELD_S + 1)


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("postgresql://u@h/db", []),
        ("postgresql:///db?host=/run/postgresql", []),
        ("postgresql://u:secret@h:5432/db", ["secret"]),
        ("postgresql://u:se%2Fcr%40et@h/db", ["se%2Fcr%40et", "se/cr@et"]),
        ("postgresql://u@h/db?sslmode=require&password=a%2Bb", ["a%2Bb", "a+b"]),
        ("postgresql://u:one@h,i/db?password=two", ["one", "two"]),
    ],
)
def test_the_passwords_of_an_address_are_known_in_all_spellings(url: str, passwords: list[str]) -> None:
    assert passwords_in(url) == passwords
    assert "secret" not in repr(Database(url, "secret"))


def test_the_steady_clock_goes_on() -> None:
    one = steady_s()
    assert steady_s() >= one
