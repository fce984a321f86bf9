"""What the model is told besides the question stands in the question's own turn, in its language."""

from askcam.client.protocol import Fact
from askcam.engine.question import Message, Role, Text
from askcam.server.answering.notes import with_notes

FACT = Fact("read", "EAN-13 4006381333931")


def conversation(question: str) -> tuple[Message, ...]:
    return (
        Message(Role.SYSTEM, (Text("Be brief."),)),
        Message(Role.USER, (Text("Hello"),)),
        Message(Role.ASSISTANT, (Text("Hi."),)),
        Message(Role.USER, (Text(question),)),
    )


def last(question: str, *facts: Fact, health: tuple[str, ...] = ()) -> str:
    found = with_notes(conversation(question), facts, health)
    assert found[:-1] == conversation(question)[:-1]
    return "".join(part.text for part in found[-1].parts if isinstance(part, Text))


def test_nothing_is_added_where_nothing_is_to_be_said() -> None:
    assert with_notes(conversation("What is it?"), (), ()) == conversation("What is it?")


def test_facts_and_flags_stand_before_the_question() -> None:
    said = last("What is it?", FACT, health=("dark",))
    assert said.endswith("- EAN-13 4006381333931\nWhat is it?")
    assert said.startswith("The picture is dark")


def test_a_chinese_question_is_told_in_chinese() -> None:
    said = last("这是什么？", FACT, health=("blurred",))
    assert said.startswith("画面模糊")
    assert "guessed" not in said
