"""Digests of parts, in any order and grouping, give the digest of the whole."""

import random

from hypothesis import given
from hypothesis import strategies as st
from support.timeline_notes import WALL

from askcam.features.timeline.merging import CHINESE, ENGLISH, Digest, digest_of, in_words, merged, names_of
from askcam.features.timeline.note import Note

NAMES = st.lists(st.sampled_from(["an apple", "apple", "two apples", "a cup", "一只猫"]), max_size=3).map(tuple)
TIMES = st.floats(WALL - 1e6, WALL + 1e6)  # a clock may be set back


@st.composite
def notes(draw: st.DrawFn) -> Note:
    start = draw(TIMES)
    if draw(st.integers(0, 4)) == 0:
        return Note("lobby", start, start, "", event=1, kind=draw(st.sampled_from(["on", "off", "camera_lost"])))
    return Note("lobby", start, start + draw(st.floats(0, 60)), "", draw(NAMES), draw(NAMES), draw(NAMES))


@given(st.lists(notes(), max_size=12), st.randoms(use_true_random=False), st.integers(1, 4))
def test_merging_knows_no_order_and_no_grouping(found: list[Note], chance: random.Random, parts: int) -> None:
    whole = merged(map(digest_of, found))
    shuffled = list(found)
    chance.shuffle(shuffled)
    piles = [merged(map(digest_of, shuffled[i::parts])) for i in range(parts)]
    assert merged(piles) == whole
    assert whole.notes == sum(note.event is None for note in found)
    assert sum(whole.events.values()) == sum(note.event is not None for note in found)
    for thing in whole.things.values():
        assert thing.first <= thing.last


@given(st.lists(notes(), max_size=12))
def test_nothing_merged_changes_nothing(found: list[Note]) -> None:
    whole = merged(map(digest_of, found))
    assert merged((whole, Digest())) == merged((Digest(), whole)) == whole


def test_a_digest_tells_what_was_most_frequent_first() -> None:
    told = [Note("lobby", WALL, WALL, "", ("a cup",), ("a cup",)) for _ in range(3)]
    told += [Note("lobby", WALL, WALL, "", ("a cup", "a van"), ("a van",), ("a lamp",))]
    told += [Note("lobby", WALL, WALL, "", event=7, kind="on"), Note("lobby", WALL, WALL, "", event=8, kind="off")]
    digest = merged(map(digest_of, told))
    assert in_words(digest, ENGLISH) == (
        "4 notes. 2 events (off 1, on 1). Appeared: a cup 3x, a van. Disappeared: a lamp. Seen: a cup, a van."
    )
    assert in_words(digest, CHINESE).startswith("4 条记录。2 个事件")
    assert names_of(digest, "went") == ("a lamp",)


def test_a_crowd_of_things_is_cut_to_the_most_frequent() -> None:
    crowd = [Note("lobby", WALL, WALL, "", (f"thing{i}",)) for i in range(300)]
    digest = merged(map(digest_of, [*crowd, *(Note("lobby", WALL, WALL, "", ("a cup",)) for _ in range(2))]))
    assert len(digest.things) == 200
    assert digest.things["cup"].seen == 2
