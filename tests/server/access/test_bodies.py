"""How many bytes of bodies are received at once, per client and in all."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.bodies import Receiving
from askcam.server.access.shares import Client

ONE, OTHER, ADMIN = Client("viewer", "a"), Client("viewer", "b"), Client("admin", "a", admin=True)


def test_one_client_receives_half_and_one_byte_more_is_refused() -> None:
    receiving = Receiving(100)
    assert receiving.take(ONE, 50)
    assert not receiving.take(ONE, 1)
    assert receiving.take(OTHER, 50)
    assert not receiving.take(ADMIN, 1)
    receiving.leave(ONE, 50)
    assert receiving.take(ADMIN, 50)


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER, ADMIN]), st.integers(1, 60)), max_size=50))
def test_what_is_left_is_all_free_again(coming: list[tuple[Client, int]]) -> None:
    receiving = Receiving(100)
    taken = [(client, size) for client, size in coming if receiving.take(client, size)]
    assert receiving.num_bytes == sum(size for _, size in taken) <= 100
    for client, size in taken:
        receiving.leave(client, size)
    assert receiving.num_bytes == 0
