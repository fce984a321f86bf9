"""What each dialect takes and refuses, as its table says."""

import pytest

from askcam.engine.errors import QuestionError
from askcam.engine.question import JSON_OBJECT, Form, Sampling
from askcam.engine.remote.dialects import DIALECTS, SAMPLING, Shape, by_owner

VALUES = {
    "temperature": 0.5, "top_p": 0.9, "top_k": 20, "repetition_penalty": 1.1, "seed": 7, "stop": ("x",),
    "min_tokens": 3,
}  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_a_field_is_sent_or_refused_by_its_name_and_never_left_out(name: str) -> None:
    dialect = DIALECTS[name]
    assert VALUES.keys() == set(SAMPLING)
    for field, value in VALUES.items():
        sampling = Sampling(**{field: value})
        if field in dialect.sampling:
            dialect.check(sampling)
        else:
            with pytest.raises(QuestionError, match=field) as caught:
                dialect.check(sampling)
            assert caught.value.param == field
            assert dialect.title in str(caught.value)


def test_a_window_of_more_jpegs_than_vllm_keeps_goes_as_a_film() -> None:
    vllm = DIALECTS["vllm"]
    assert vllm.shape(2) is vllm.shape(32) is Shape.JPEGS
    assert vllm.shape(33) is Shape.MP4


@pytest.mark.parametrize("name", DIALECTS)
def test_one_frame_more_than_is_taken_is_refused(name: str) -> None:
    dialect = DIALECTS[name]
    dialect.shape(dialect.most_frames)
    with pytest.raises(QuestionError, match=str(dialect.most_frames)):
        dialect.shape(dialect.most_frames + 1)
    assert 2 * dialect.usual_pairs <= dialect.most_frames


@pytest.mark.parametrize("name", DIALECTS)
def test_forms_are_refused_where_they_would_not_be_kept(name: str) -> None:
    dialect = DIALECTS[name]
    calls = '{"anyOf": []}'
    cases = {JSON_OBJECT: dialect.forms, Form(None, calls): dialect.tools and dialect.chooses_tools}
    for form, taken in cases.items():
        if taken:
            dialect.check_form(form)
        else:
            with pytest.raises(QuestionError, match=r"behind"):
                dialect.check_form(form)
    dialect.check_form(Form(None, calls, words=True))
    with pytest.raises(QuestionError, match="not both"):
        dialect.check_form(Form("{}", calls))


def test_a_server_is_known_by_what_it_says_of_its_models() -> None:
    assert {by_owner(each.owner).name for each in DIALECTS.values() if each.owner} == {
        "vllm", "sglang", "llamacpp", "ollama",
    }  # fmt: skip
    assert by_owner("somebody").name == by_owner("").name == "openai"
