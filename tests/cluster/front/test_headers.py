from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.front.headers import HOP, MOST_VALUE, OWN, TAKEN, back, towards, value_of

NAMES = st.sampled_from(
    [*TAKEN, *HOP, *OWN, b"authorization", b"cookie", b"origin", b"host", b"x-forwarded-for", b"x-a"]
)
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=12)


@given(HEADERS, st.sampled_from([None, "secret"]), st.sampled_from([None, 0, 7]))
def test_a_shard_is_told_what_its_answer_depends_on_and_the_fronts_own(
    headers: list[tuple[bytes, bytes]], token: str | None, num_bytes: int | None
) -> None:
    told = towards(headers, client="10.0.0.1", scheme="https", request_id="r", token=token, num_bytes=num_bytes)
    own = {
        b"x-forwarded-for": b"10.0.0.1",
        b"x-forwarded-proto": b"https",
        b"x-request-id": b"r",
        **({} if token is None else {b"authorization": b"Bearer secret"}),
        **({} if num_bytes is None else {b"content-length": str(num_bytes).encode()}),
    }
    assert [each for each in told if each[0] not in own] == [each for each in headers if each[0] in TAKEN]
    assert {name: value for name, value in told if name in own} == own
    assert sum(name in own for name, _ in told) == len(own), "each once"


def test_a_header_of_a_client_that_is_too_long_stays_here() -> None:
    rest = {"client": "c", "scheme": "http", "request_id": "r", "token": None, "num_bytes": None}
    long = [(b"user-agent", b"x" * (MOST_VALUE + 1)), (b"accept", b"x" * MOST_VALUE)]
    assert [name for name, _ in towards(long, **rest) if name in TAKEN] == [b"accept"]  # type: ignore[arg-type]


@given(HEADERS, st.booleans())
def test_what_is_of_a_connection_does_not_come_back(headers: list[tuple[bytes, bytes]], named: bool) -> None:
    given_ = [*headers, (b"Connection", b"close, X-A")] if named else headers
    told = back([(name.title(), value) for name, value in given_])
    assert not {name for name, _ in told} & (HOP | OWN)
    assert all(name == name.lower() for name, _ in told)
    assert b"x-a" not in {name for name, _ in told} or not named
    kept = [each for each in headers if each[0] not in HOP | OWN and not (named and each[0] == b"x-a")]
    if not any(name == b"connection" for name, _ in headers):
        assert told == kept


def test_a_value_is_found_whatever_its_name_is_written_like() -> None:
    assert value_of([(b"Content-Type", b"a"), (b"content-type", b"b")], b"content-type") == b"a"
    assert value_of([], b"content-type") == b""
