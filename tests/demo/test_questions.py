"""Three questions a seed, their truth over any span, and a judge that is neither deaf nor blind."""

from dataclasses import replace

import numpy as np
import pytest

from askcam.demo.objects import drawn_objects
from askcam.demo.questions import DemoQuestion, QuestionKind, questions
from askcam.demo.scene import Direction, Path, Scene, make_scene

SPAN = (1_700_000_000.0, 1_700_000_004.0)
ACROSS = Path((100.0, 345.0), (540.0, 345.0), leg_s=8.8, phase=0.0)  # the first leg to the right


def scene_of(name: str, word: str = "OPEN", path: Path = ACROSS) -> Scene:
    """A scene with this object and this sign on a blue wall."""
    scene = make_scene(0)
    drawn = next(drawn for drawn in drawn_objects() if drawn.en == name)
    return replace(
        scene,
        room=replace(scene.room, color="blue"),
        sign=replace(scene.sign, text=word),
        traveller=replace(scene.traveller, drawn=drawn, path=path),
    )


def about(kind: QuestionKind, name: str = "car", word: str = "OPEN") -> DemoQuestion:
    scene = scene_of(name, word)
    return DemoQuestion("?", kind, scene, scene.traveller.drawn)


def test_a_seed_always_asks_the_same_three() -> None:
    first = questions(5)
    assert len(first) == 3
    assert first == questions(5)
    assert first[2].kind in (QuestionKind.MOVING, QuestionKind.MOTION)


def test_all_kinds_are_asked_and_yes_and_no_are_as_likely() -> None:
    asked = [question for seed in range(400) for question in questions(seed)]
    assert {question.kind for question in asked} == set(QuestionKind)
    answers = [question.truth(*SPAN) for question in asked if question.kind is QuestionKind.EXISTS]
    assert set(answers) == {"Yes.", "No."}
    assert 0.4 < answers.count("Yes.") / len(answers) < 0.6


def test_every_truth_is_right_by_its_own_judge() -> None:
    for seed in range(300):
        for question in questions(seed):
            assert question.correct(question.truth(*SPAN), *SPAN), (seed, question.text)


def test_no_other_seeds_truth_about_motion_is_right() -> None:
    mine, other = about(QuestionKind.MOVING, "car"), about(QuestionKind.MOVING, "bus")
    assert not mine.correct(other.truth(1.0, 4.0), 1.0, 4.0)


def test_direction_is_the_way_gone_between_the_two_times() -> None:
    question = about(QuestionKind.MOTION)
    assert question.truth(1.0, 5.0) == "The car is moving to the right."
    assert question.truth(10.0, 15.0) == "The car is moving to the left."
    assert question.truth(6.0, 10.0) == "The car is moving to the right."  # turned at 8.8 s, still ahead


def test_up_and_down_are_said_without_a_side() -> None:
    scene = scene_of("car", path=Path((125.0, 80.0), (125.0, 400.0), leg_s=8.0, phase=0.0))
    assert (
        DemoQuestion("?", QuestionKind.MOTION, scene, scene.traveller.drawn).truth(1.0, 4.0)
        == "The car is moving down."
    )


@pytest.mark.parametrize(
    ("span", "ready"),
    [
        ((0.5, 4.5), True),
        ((0.5, 3.5), False),  # not far enough to be plain
        ((6.0, 10.0), False),  # turned in between
        ((4.0, 8.6), False),  # about to turn
    ],
)
def test_motion_is_asked_when_the_window_shows_a_plain_one(span: tuple[float, float], ready: bool) -> None:
    assert about(QuestionKind.MOTION).ready(*span) is ready
    assert about(QuestionKind.MOVING).ready(*span) is ready


def test_what_stands_still_can_be_asked_at_once() -> None:
    for kind in (QuestionKind.DESCRIBE, QuestionKind.READ, QuestionKind.BACKGROUND, QuestionKind.EXISTS):
        assert about(kind).ready(1.0, 1.0)


def test_a_ready_window_comes_within_a_leg_and_a_hop_whenever_one_asks() -> None:
    for seed in range(300):
        question = questions(seed)[2]
        opened = 1_700_000_000.0 + 0.37 * seed
        span_of = [(opened + max(0.0, (t - 4) // 4 * 4), opened + t) for t in np.arange(4.0, 60.0, 0.1)]
        ready = [question.ready(*span) for span in span_of]
        gaps = np.diff(np.flatnonzero([True, *ready, True])) * 0.1
        assert gaps.max() < 9.6 + 4, seed


@pytest.mark.parametrize(
    ("kind", "answer", "right"),
    [
        (QuestionKind.MOVING, "Yes, the car is moving to the right.", True),
        (QuestionKind.MOVING, "the CAR is moving to the right", True),
        (QuestionKind.MOVING, "A car drives from one side to the right side", True),
        (QuestionKind.MOVING, "Yes, the car is moving to the left.", False),
        (QuestionKind.MOVING, "Yes, the bus is moving to the right.", False),
        (QuestionKind.MOVING, "Yes, the car is moving to the right and the bus is moving to the right.", False),
        (QuestionKind.MOVING, "It moves left, or right: a car", False),
        (QuestionKind.MOVING, "The cart is moving to the right.", False),
        (QuestionKind.MOVING, "No, nothing is moving.", False),
        (QuestionKind.MOTION, "The car is moving to the right.", True),
        (QuestionKind.MOTION, "The car is not moving.", False),
        (QuestionKind.DESCRIBE, 'I see a car and a sign that says "OPEN".', True),
        (QuestionKind.DESCRIBE, 'I see a car and a sign that says "OPAN".', False),
        (QuestionKind.DESCRIBE, 'I see a car, a tomato and a sign that says "OPEN".', False),
        (QuestionKind.DESCRIBE, "I see a car.", False),
        (QuestionKind.READ, 'It says "OPEN".', True),
        (QuestionKind.READ, "open", True),
        (QuestionKind.READ, 'It says "OPENED".', False),
        (QuestionKind.BACKGROUND, "The background is blue.", True),
        (QuestionKind.BACKGROUND, "The background is blue and green.", False),
        (QuestionKind.BACKGROUND, "The background has many colors.", False),
        (QuestionKind.EXISTS, "Yes.", True),
        (QuestionKind.EXISTS, "Yes, there is a car.", True),
        (QuestionKind.EXISTS, "No.", False),
        (QuestionKind.EXISTS, "", False),
    ],
)
def test_the_judge(kind: QuestionKind, answer: str, right: bool) -> None:
    assert about(kind).correct(answer, 1.0, 5.0) is right


def test_a_sign_may_bear_the_name_of_an_object_even_of_the_one_there() -> None:
    milk = about(QuestionKind.DESCRIBE, "car", "ROBOT")
    assert milk.correct('I see a car and a sign that says "ROBOT".', *SPAN)
    same = about(QuestionKind.DESCRIBE, "lemon", "LEMON")
    assert same.correct('I see a lemon and a sign that says "LEMON".', *SPAN)
    assert not same.correct("I see a lemon.", *SPAN)


def test_directions_are_named_as_the_model_names_them() -> None:
    assert [direction.value for direction in Direction] == ["left", "right", "up", "down"]
