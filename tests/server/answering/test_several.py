"""What the model is asked with several cameras' answers, and what is said where it can't be asked."""

import pytest

from askcam.client.protocol import CameraAnswer, CameraProblem
from askcam.engine.question import Text
from askcam.server.answering.several import MAX_CHARS, likeliest, side_by_side, wish


def answered(camera: str, text: str) -> CameraAnswer:
    return CameraAnswer(camera, text, None, None)


SAID = "camera 'gate' is lost: 401 from rtsp://***@192.0.2.7/ {why}"
LOST = CameraAnswer("gate", None, CameraProblem("camera_unavailable", SAID), None)


def words(question: str, answers: list[CameraAnswer]) -> str:
    (part,) = wish(question, answers).parts
    assert isinstance(part, Text)
    return part.text


@pytest.mark.parametrize(
    ("question", "none"),
    [("Where is the dog?", "no answer"), ("狗在哪里？", "没有回答")],
)
def test_the_model_is_told_the_question_each_answer_and_who_gave_none(question: str, none: str) -> None:
    told = words(question, [answered("lobby", "A dog\nby the door."), LOST])
    assert question in told
    assert "- lobby: A dog by the door.\n" in told
    assert f"- gate: {none}\n" in told


def test_a_long_answer_is_cut_and_braces_are_words() -> None:
    told = words("What {is} it?", [answered("lobby", "x" * 5000), answered("{0}", "{why}")])
    assert len(told) < MAX_CHARS + 500
    assert "What {is} it?" in told
    assert "- {0}: {why}" in told


def test_side_by_side_equal_answers_stand_together_in_the_order_of_the_cameras() -> None:
    answers = [answered("a", "Yes."), answered("b", "No."), answered("c", "Yes."), LOST]
    assert side_by_side("Is there a dog?", answers) == "a, c: Yes.\nb: No.\ngate: no answer"


@pytest.mark.parametrize("question", ["Which camera shows a dog?", "哪个摄像头有狗？"])
def test_no_answer_holds_the_error_of_a_camera_that_gave_none(question: str) -> None:
    """Its problem has it: an error may be long, and is in nobody's language."""
    likely = CameraAnswer("a", "Yes.", None, None, 0.9)
    for made in (likeliest(question, [likely, LOST]), side_by_side(question, [likely, LOST]), words(question, [LOST])):
        assert "gate: " in made
        assert "401" not in made
