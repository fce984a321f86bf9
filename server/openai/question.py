"""A request's conversation as the model reads it, and what is told of one that asks nothing. Pure."""

from collections.abc import Callable, Sequence

from askcam.engine.question import Message
from askcam.server.answering.asked import NothingAsked, Unanswered, asked
from askcam.server.errors import ApiError, bad_request

Named = Callable[[int | None], str]  # the field that a turn's words came in, by its place; None: the field of them all


def question(messages: Sequence[Message], named: Named) -> tuple[Message, ...]:
    """`messages` so that they end in what is asked. Raises ApiError 400 naming the field at fault."""
    try:
        return asked(messages)
    except NothingAsked as exc:
        raise nothing_asked(named(exc.at)) from exc
    except Unanswered as exc:
        raise bad_request(
            "the conversation ends in calls of functions: send what came of them, too", named(exc.at)
        ) from exc


def nothing_asked(param: str) -> ApiError:
    """400: whatever were answered would be made up."""
    return bad_request("nothing was asked: send the user's question, in words", param, "nothing_asked")
