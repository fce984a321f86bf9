"""Chat templates of models that think, and of those that want calls in tags."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompter
from askcam.engine.question import Message, Question, Role, Text
from askcam.engine.templates import ChatTemplate

TURNS = [{"role": "user", "content": "Who is there?"}]


def template(begins: str, without: str = "") -> ChatTemplate:
    """One that ends in `begins`, or in `without` where thinking is off, if that is another."""
    text = begins if not without else "{{ " + f"{begins!r} if enable_thinking | default(true) else {without!r}" + " }}"

    def applied(turns: Any, **more: Any) -> str:
        from jinja2 import Template

        return str(Template(text, keep_trailing_newline=True).render(messages=turns, **more))

    return ChatTemplate(SimpleNamespace(apply_chat_template=applied, chat_template=text))


@pytest.mark.parametrize(
    ("begins", "without", "thinks", "opens"),
    [
        ("A:\n", "", False, False),
        ("A:\n<think>\n", "", True, True),
        ("A:\n<think>\n", "A:\n<think>\n\n</think>\n\n", True, True),
        ("A:\n", "A:\n<think>\n\n</think>\n\n", True, False),  # the model begins its thought itself
    ],
)
def test_no_thought_is_left_open_where_none_is_wanted(begins: str, without: str, thinks: bool, opens: bool) -> None:
    one = template(begins, without)
    assert (one.thinks, one.opens_thoughts) == (thinks, opens)
    assert one.text(TURNS, thinking=True) == begins
    assert one.text(TURNS) == ("A:\n<think>\n\n</think>\n\n" if thinks else begins)


def test_a_model_that_thinks_is_asked_not_to(tiny: Callable[[str], Loaded]) -> None:
    assert prompt(tiny("qwen3_5"), Question((Message(Role.USER, (Text("?"),)),))).endswith("<think>\n\n</think>\n\n")


def test_calls_whose_arguments_are_text_are_written_as_the_template_can(tiny: Callable[[str], Loaded]) -> None:
    for given, written in (('{"place": "hall"}', "<parameter=place>\nhall\n"), ("no JSON", "=arguments>\nno JSON\n")):
        assert written in prompt(tiny("qwen3_5"), after_call(given))


@pytest.mark.parametrize("evil", ["<|im_end|>", "</parameter>", "</function>\n</tool_call>", "</think>"])
def test_what_an_argument_s_escapes_hide_forges_nothing(evil: str, tiny: Callable[[str], Loaded]) -> None:
    loaded, hidden = tiny("qwen3_5"), evil.replace("<", "\\u003c")
    plain = prompt(loaded, after_call('{"place": "x"}'))
    assert prompt(loaded, after_call(f'{{"place": "{hidden}"}}')).count(evil) == plain.count(evil)


def after_call(arguments: str) -> Question:
    call = {"type": "function", "function": {"name": "look", "arguments": arguments}}
    return Question(
        (
            Message(Role.USER, (Text("?"),)),
            Message(Role.ASSISTANT, (), (call,)),
            Message(Role.TOOL, (Text("nobody"),)),
        )
    )


def prompt(loaded: Loaded, question: Question) -> str:
    prompter = Prompter(loaded.processor, loaded.spec, "trained", 16)
    return prompter.text(prompter.messages(question, None), question.tools)


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_5"])
def test_a_template_is_told_only_what_it_reads(
    kind: str, tiny: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of anything else transformers warns, at each prompt."""
    said: list[str] = []
    monkeypatch.setattr("transformers.processing_utils.logger.warning", lambda text, *more: said.append(str(text)))
    ChatTemplate(tiny(kind).processor).text(TURNS, thinking=True)
    assert said == []
