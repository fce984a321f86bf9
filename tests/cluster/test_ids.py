import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster import ids
from askcam.cluster.ids import KEY_BITS, MAX_ID, MAX_NUMBER, Garbage, ShardKeys

NAMES = st.lists(
    st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True),
    min_size=1,
    max_size=20,
    unique_by=lambda name: ShardKeys([name]).key(name),
)
NUMBERS = st.integers(0, MAX_NUMBER)


@given(NAMES, NUMBERS)
def test_an_id_is_taken_apart_into_what_it_was_made_of(names: list[str], number: int) -> None:
    keys = ShardKeys(names)
    for name in names:
        made = ids.joined(keys.key(name), number)
        assert keys.apart(made) == (name, number)
        assert 0 <= made <= MAX_ID


@given(NAMES)
def test_a_key_is_made_of_the_name_alone(names: list[str]) -> None:
    all_of_them, reversed_ones = ShardKeys(names), ShardKeys(names[::-1])
    assert [all_of_them.key(name) for name in names] == [reversed_ones.key(name) for name in names]
    assert [all_of_them.key(name) for name in names] == [ShardKeys([name]).key(name) for name in names]


def test_the_first_billions_are_exact_in_a_page() -> None:
    assert ids.joined(2**KEY_BITS - 1, 2**33 - 1) < 2**53


def test_two_names_with_one_key_are_refused_by_name() -> None:
    keys: dict[int, str] = {}
    for number in range(10_000):
        name = f"shard-{number}"
        other = keys.setdefault(ShardKeys([name]).key(name), name)
        if other != name:
            with pytest.raises(ValueError, match=f"'{other}' and '{name}'.*rename"):
                ShardKeys([other, name])
            return
    raise AssertionError("no two of 10,000 names have the same of a million keys")


@given(st.integers(0, MAX_ID))
def test_an_id_of_no_shard_is_of_none(number: int) -> None:
    keys = ShardKeys(["a"])
    found = keys.apart(number)
    assert (found is None) == (number % 2**KEY_BITS != keys.key("a"))


@pytest.mark.parametrize("number", [None, "1", -1, 1.5, True, MAX_ID, {}])
def test_what_is_no_id_is_garbage(number: object) -> None:
    with pytest.raises(Garbage, match="no id"):
        ids.joined(1, number)
    with pytest.raises(Garbage):
        ids.event(1, {"id": number})


@pytest.mark.parametrize("told", [None, [], "x", 3])
def test_what_is_no_object_is_garbage(told: object) -> None:
    for read in (ids.event, ids.entry, ids.dead_letter):
        with pytest.raises(Garbage):
            read(1, told)


def test_addresses_of_pictures_lead_to_the_front() -> None:
    told = {"id": 7, "frame_url": "/v1/events/7/frame.jpg", "frames": [{"at": "t", "url": "/v1/events/7/frames/0.jpg"}]}
    made = ids.event(5, told)
    assert made["id"] == 7 << KEY_BITS | 5
    assert made["frame_url"] == f"/v1/events/{made['id']}/frame.jpg"
    assert made["frames"] == [{"at": "t", "url": f"/v1/events/{made['id']}/frames/0.jpg"}]
    assert told["id"] == 7, "what came is left as it was"
    entry = ids.entry(5, {"id": 1, "event_id": 7, "frame_url": "/v1/timeline/1/frame.jpg"})
    assert entry["event_id"] == made["id"]
    assert entry["frame_url"] == f"/v1/timeline/{entry['id']}/frame.jpg"
    assert ids.entry(5, {"id": 1, "event_id": None, "frame_url": None})["event_id"] is None


def test_a_clip_leads_to_the_front_and_has_no_link_there() -> None:
    clip = {"state": "ready", "url": "/v1/events/7/clip.mp4", "link": "http://shard:8400/clips/7.mp4?key=secret"}
    event, noted = ids.event(5, {"id": 7, "clip": clip}), ids.noted(5, {"id": 7, "clip": clip})
    assert event == noted
    assert event["clip"] == {"state": "ready", "url": f"/v1/events/{event['id']}/clip.mp4", "link": None}
    for none in (None, "garbage"):
        assert ids.event(5, {"id": 7, "clip": none})["clip"] == none


@pytest.mark.parametrize("url", [None, 3, "", "http://evil/v1/events/7/frame.jpg", "/v1/events/x/frame.jpg"])
def test_an_address_that_is_none_of_ours_stays_as_it_is(url: object) -> None:
    assert ids.placed(5, url) == url
