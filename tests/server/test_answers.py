"""The last answers: bounded by count and by the memory of what they saw."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.answers import Answers, Record
from askcam.stream.frame import Frame, Pixels

SIZE = 10 * 10 * 3  # bytes of one frame


def frame(pixels: Pixels | None = None, seq: int = 1) -> Frame:
    return Frame("lobby", seq, wall=1.0, mono=1.0, pixels=np.zeros((10, 10, 3), np.uint8) if pixels is None else pixels)


def record(name: str, *frames: Frame) -> Record:
    saw = Saw("lobby", None, 10.0, 20.0, name, [], "portable")
    return Record(saw, "what is there?", "a cup", Reason.STOP, Usage(), Timings(), frames)


def test_an_answer_is_found_by_its_id_and_by_nothing_else() -> None:
    answers = Answers()
    kept = record("ans_1", frame())
    answers.put(kept)
    assert answers.get("ans_1") is kept
    assert answers.get("ans_2") is None


def test_beyond_the_count_the_oldest_goes() -> None:
    answers = Answers(max_answers=2)
    for i in range(5):
        answers.put(record(f"ans_{i}", frame()))
    assert len(answers) == 2
    assert [answers.get(f"ans_{i}") is not None for i in range(5)] == [False, False, False, True, True]
    assert answers.num_bytes == 2 * SIZE


def test_beyond_the_bytes_the_oldest_goes() -> None:
    answers = Answers(max_bytes=3 * SIZE)
    answers.put(record("old", frame(), frame()))
    answers.put(record("new", frame(), frame()))
    assert answers.get("old") is None
    assert answers.num_bytes == 2 * SIZE


def test_a_frame_that_several_answers_saw_is_counted_once_and_until_the_last_of_them_goes() -> None:
    answers, shared = Answers(max_answers=2), frame()
    answers.put(record("a", shared, frame()))
    answers.put(record("b", shared, shared))
    assert answers.num_bytes == 2 * SIZE
    answers.put(record("c"))
    assert answers.get("a") is None
    assert answers.num_bytes == SIZE
    answers.put(record("d"))
    assert answers.num_bytes == 0


def test_a_frame_cut_from_a_larger_picture_counts_as_the_memory_that_it_holds() -> None:
    answers, large = Answers(), np.zeros((100, 10, 3), np.uint8)
    answers.put(record("a", frame(large[:10]), frame(large[10:20])))
    assert answers.num_bytes == large.nbytes


def test_an_answer_too_large_to_keep_is_kept_without_its_frames_and_drives_nothing_out() -> None:
    answers = Answers(max_bytes=2 * SIZE)
    answers.put(record("small", frame()))
    answers.put(record("huge", frame(), frame(), frame()))
    found = answers.get("huge")
    assert found is not None
    assert (found.text, found.frames) == ("a cup", ())
    assert answers.get("small") is not None


def test_frames_of_a_dropped_answer_are_let_go() -> None:
    answers = Answers(max_answers=1)
    pixels = np.zeros((10, 10, 3), np.uint8)
    alive = weakref.ref(pixels)
    answers.put(record("a", frame(pixels)))
    del pixels
    answers.put(record("b"))
    gc.collect()
    assert alive() is None


def test_keeping_none_keeps_none() -> None:
    answers = Answers(max_answers=0)
    answers.put(record("a", frame()))
    assert (len(answers), answers.num_bytes) == (0, 0)


def test_negative_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="-1 answers"):
        Answers(max_answers=-1)


@given(
    st.integers(0, 5),
    st.integers(0, 8),
    st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=20),
)
def test_bounds_hold_and_bytes_are_those_of_the_distinct_frames_kept(
    max_answers: int, max_frames: int, asked: list[list[int]]
) -> None:
    answers, frames = Answers(max_answers, max_frames * SIZE), [frame(seq=i) for i in range(10)]
    for i, seen in enumerate(asked):
        answers.put(record(str(i), *(frames[j] for j in seen)))
        kept = [found for k in range(i + 1) if (found := answers.get(str(k)))]
        assert len(kept) == len(answers) <= max_answers
        assert answers.num_bytes == SIZE * len({id(f) for each in kept for f in each.frames}) <= max_frames * SIZE
        if max_answers:
            assert answers.get(str(i)) is not None


def test_whoever_asks_most_loses_their_own_oldest_answers_and_nobody_elses() -> None:
    answers = Answers(max_answers=4)
    others = record("ans_others")
    answers.put(others, "viewer@b")
    own = [record(f"ans_{i}") for i in range(20)]
    for each in own:
        answers.put(each, "viewer@a")
    assert answers.get(others.id) is others
    assert [answers.get(each.id) is not None for each in own] == [False] * 17 + [True] * 3
