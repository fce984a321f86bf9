"""What a conversation asks, whatever its order: one table of orders, and any order at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.question import Message, Picture, Role, Text
from askcam.server.answering.asked import AskedTurn, NothingAsked, Unanswered, asked, is_open, plan, says, shortened

ROLES = {"s": Role.SYSTEM, "u": Role.USER, "a": Role.ASSISTANT, "t": Role.TOOL, "c": Role.ASSISTANT}


def turns(written: str) -> list[AskedTurn]:
    """ "s1 u a": a system's turn, ...; "c" calls a tool; "-" behind it: a turn without words."""
    return [AskedTurn(ROLES[word[0]], word.endswith("-"), calls=word[0] == "c") for word in written.split()]


def read(written: str) -> str:
    """The turns that the model reads, as they were written; "=u" behind one that is read as the user's."""
    words = written.split()
    return " ".join(
        words[i] + ("" if ROLES[words[i][0]] is role else f"={role.value[0]}") for i, role in plan(turns(written))
    )


@pytest.mark.parametrize(
    ("written", "want"),
    [
        ("u", "u"),
        ("s u", "s u"),
        ("s s u a u", "s s u a u"),
        ("u1 u2", "u1 u2"),
        ("u a s u", "u a s u"),
        ("u s", "s u"),
        ("s1 u s2 s3", "s1 s2 s3 u"),
        ("u1 a u2 s", "u1 a s u2"),
        ("u1 a u2 u3 s", "u1 a s u2 u3"),
        ("s", "s=u"),
        ("s1 s2", "s1 s2=u"),
        ("s1 s2-", "s1=u"),
        ("u a s", "u a s=u"),
        ("u a s1 s2", "u a s1 s2=u"),
        ("a s", "a s=u"),
        ("s a", "s=u"),
        ("u a", "u"),
        ("s u a", "s u"),
        ("u1 a1 u2 a2", "u1 a1 u2"),
        ("u1 a1 a2", "u1"),
        ("u a s a", "u a s=u"),
        ("u a-", "u"),
        ("u1 a- u2", "u1 u2"),
        ("u c t", "u c t"),
        ("u c t t", "u c t t"),
        ("u c t s", "s u c t"),
        ("u c t a", "u c t"),
        ("u1 a u2 c t s", "u1 a s u2 c t"),
        ("u c t a s", "u c t a s=u"),
        ("u1 u-", "u1"),
        ("u- s", "s=u"),
        ("a u", "a u"),
    ],
)
def test_a_conversation_is_read_so_that_its_question_is_last(written: str, want: str) -> None:
    assert read(written) == want


@pytest.mark.parametrize(
    ("written", "at"), [("", None), ("u-", 0), ("s u-", 1), ("u a u-", 2), ("s-", None), ("a", None), ("u- u-", 1)]
)
def test_a_conversation_without_a_question_asks_nothing(written: str, at: int | None) -> None:
    with pytest.raises(NothingAsked) as caught:
        plan(turns(written))
    assert caught.value.at == at


def test_calls_that_nobody_has_answered_are_no_end() -> None:
    with pytest.raises(Unanswered) as caught:
        plan(turns("u c"))
    assert caught.value.at == 1


@given(st.lists(st.sampled_from(["s", "u", "a", "t", "c", "s-", "u-", "a-"]), max_size=12).map(" ".join))
def test_any_order_ends_in_something_to_answer_or_is_refused(written: str) -> None:
    given = turns(written)
    try:
        steps = plan(given)
    except (NothingAsked, Unanswered):
        return
    i, role = steps[-1]
    assert role in (Role.USER, Role.TOOL)
    assert role is Role.TOOL or not given[i].blank
    assert len({i for i, _ in steps}) == len(steps)


@pytest.mark.parametrize(
    ("text", "want"),
    [("", False), (" \t\n\u3000", False), ("\u200b\ufeff\u2060", False), ("\u3164\u2800", False), ("\x00", False)]
    + [(text, True) for text in ("?", "什么", " a ", "👀", "\u200bх")],
)
def test_what_says_something(text: str, want: bool) -> None:
    assert says(text) is want


@pytest.mark.parametrize(
    ("written", "want"),
    [
        ("u", True),
        ("u a", False),
        ("u s", True),
        ("u a s", False),
        ("s", False),
        ("u c t", True),
        ("u-", False),
        ("u c t a", False),
        ("u a-", True),
        ("", False),
    ],
)
def test_who_waits_for_an_answer(written: str, want: bool) -> None:
    assert is_open(turns(written)) is want


def test_a_picture_is_a_question_and_blank_words_are_none() -> None:
    picture = Message(Role.USER, (Picture(None),))  # type: ignore[arg-type]
    assert asked([picture]) == (picture,)
    with pytest.raises(NothingAsked):
        asked([Message(Role.USER, (Text(" "), Text("\u200b")))])


def test_a_system_s_words_are_asked_as_the_user_s() -> None:
    assert asked([Message(Role.SYSTEM, (Text("Describe it."),))]) == (Message(Role.USER, (Text("Describe it."),)),)


def test_a_conversation_is_shortened_from_its_beginning() -> None:
    words = [(Role.SYSTEM, "s" * 50), (Role.USER, "1" * 10), (Role.ASSISTANT, "2" * 10), (Role.USER, "3" * 10)]
    messages = [Message(role, (Text(text),)) for role, text in words]
    assert shortened(messages, 80) == tuple(messages)
    assert shortened(messages, 70) == (messages[0], messages[3])
    assert shortened(messages, 5) == (messages[0], messages[3])
