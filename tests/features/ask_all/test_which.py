"""Which questions are for every camera's yes or no, and how they are put to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.ask_all.which import sought


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which camera shows a dog?", "Is there a dog?"),
        ("which cameras show dogs", "Are there dogs?"),
        ("  What camera can see\n the red van?? ", "Is there the red van?"),
        ("Which of the cameras has someone at the door?", "Is there someone at the door?"),
        ("On which camera is there a handbag?", "Is there a handbag?"),
        ("Which cameras see any people?", "Are there any people?"),
        ("Which camera shows a box of apples?", "Is there a box of apples?"),
        ("Which camera sees glass?", "Is there glass?"),
    ],
)
def test_such_a_question_in_english(question: str, asked: str) -> None:
    assert sought(question) == f"{asked} Answer yes or no."


@pytest.mark.parametrize(
    "question", ["哪个摄像头有狗？", "在哪个摄像头里能看到狗", "哪些摄像头拍到了狗?", "哪台相机显示狗。"]
)
def test_such_a_question_in_chinese(question: str) -> None:
    assert sought(question) == "有狗吗？"


@pytest.mark.parametrize(
    "question",
    [
        "Which camera does NOT show a dice?",
        "Which camera doesn't show a dice?",
        "Which cameras do not see any people?",
        "Which camera shows no dog?",
        "Which camera shows nobody?",
        "Which camera has a table without a cup?",
        "Which cameras have everything except a dog?",
        "Which camera shows a dice and which shows a sign?",
        "Which camera shows a dice and a sign?",
        "Which camera shows a dice or a sign?",
        "Which camera shows a dice but not a sign?",
        "Which camera shows both a dice & a sign?",
        "Which camera shows a dice, a sign?",
        "Which camera shows a dice as well as a sign?",
        "Which camera has the most people?",
        "Which camera shows more people than the yard?",
        "哪个摄像头没有狗？",
        "哪个摄像头看不到狗？",
        "哪个摄像头沒有狗？",
        "哪个摄像头有不动的车？",
        "哪个摄像头有狗和猫？",
        "哪个摄像头有狗或者猫？",
        "哪个摄像头有狗，哪个有猫？",
        "哪个摄像头有狗但没有猫？",
        "哪个摄像头有最大的箱子？",
        "哪个摄像头有除了狗以外的动物？",
    ],
)
def test_what_is_not_there_and_more_than_one_thing_are_asked_as_they_are(question: str) -> None:
    """One probability of yes would answer something else."""
    assert sought(question) is None


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which camera shows a notebook?", "Is there a notebook? Answer yes or no."),
        ("Which camera shows a Norwegian flag?", "Is there a Norwegian flag? Answer yes or no."),
        ("Which camera sees an orange?", "Is there an orange? Answer yes or no."),
        ("Which camera shows a sandwich?", "Is there a sandwich? Answer yes or no."),
        ("哪个摄像头有一只狗？", "有一只狗吗？"),
    ],
)
def test_words_that_only_look_like_these_are_none(question: str, asked: str) -> None:
    assert sought(question) == asked


@pytest.mark.parametrize(
    "question",
    [
        "What do you see?",
        "Which dog is bigger?",
        "Which camera is broken?",
        "Which camera shows",
        "哪个摄像头坏了？",
        "",
        "Which camera shows a dog? And what does it do?",
        "Tell me which camera shows a dog",
        "x" * 5000,
    ],
)
def test_others_are_asked_as_they_are(question: str) -> None:
    assert sought(question) is None


@given(st.text())
def test_whatever_is_asked_is_read(question: str) -> None:
    for words in (question, f"Which camera shows {question}"):
        found = sought(words)
        assert found is None or "?" in found or "？" in found


def test_a_hostile_question_takes_no_more_time_than_another() -> None:
    """Each would take hours, if blanks could be matched in more than one way."""
    for words in ("which camera shows" + " " * 30_000 + "x?y", "which camera " + "can " * 8000, "哪" + "个" * 30_000):
        assert sought(words) is None
