"""A request's conversation as the model reads it, and what is told of one that asks nothing. Pure."""

from collections.abc import Callable, Sequence

from askcam.engine.question import Message
from askcam.server.answering.asked import NothingAsked, Unanswered, asked
from askcam.server.errors import Invalid, Refusal

Named = Callable[[int | None], str]  # the field that a turn's words came in, by its place; None: the field of them all


def question(messages: Sequence[Message], named: Named) -> tuple[Message, ...]:
    """`messages` so that they end in what is asked. Raises Invalid naming the field at fault."""
    try:
        return asked(messages)
    except NothingAsked as exc:
        raise nothing_asked(named(exc.at)) from exc
    except Unanswered as exc:
        raise Invalid(
            "the conversation ends in calls of functions: send what came of them, too", named(exc.at)
        ) from exc


def nothing_asked(param: str) -> Refusal:
    """400: whatever were answered would be made up."""
    return Invalid("nothing was asked: send the user's question, in words", param, "nothing_asked")
