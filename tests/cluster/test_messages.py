"""What a shard may have to say at once, and what a front takes: the one is never more than the other."""

import pytest

from askcam.client.protocol import encode
from askcam.cluster.messages import MAX_REQUEST, MAX_TROUBLE, RenewShard
from askcam.cluster.renewal import MAX_HOLDS
from askcam.cluster.shard.delivering import MAX_BYTES
from askcam.cluster.store import MAX_DOCUMENT


@pytest.mark.parametrize("letter", ["x", "ä", "门", "\x00"], ids=["ascii", "two bytes", "three bytes", "escaped"])
def test_a_renewal_of_as_many_cameras_as_can_be_is_taken_with_what_is_wrong_with_each(letter: str) -> None:
    """Refused, it would cost the shard all of them."""
    names = [f"{number:063}" for number in range(MAX_HOLDS)]
    told = dict.fromkeys(names, letter * MAX_TROUBLE)
    body = RenewShard("s" * 63, "i" * 200, 2**53, 2**53, dict.fromkeys(names, 2**53), told)
    assert len(encode(body)) <= MAX_REQUEST


def test_the_largest_event_goes_into_one_request() -> None:
    assert 2 * MAX_DOCUMENT <= MAX_BYTES <= MAX_REQUEST
