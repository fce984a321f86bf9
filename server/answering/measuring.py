"""Long questions are tokenized once before they get a place in the queue, beside the event loop and the engine: what
can't fit the model is refused before it costs anybody a turn.
"""

import asyncio

from askcam.engine.interface import Engine
from askcam.engine.question import Question, Text
from askcam.server.answering.turns import Turns
from askcam.server.threads import in_daemon

AT_ONCE = 2
MAX_WAITING = 32  # of one client
SHORT = 2000  # characters that are tokenized in a few milliseconds; what does not fit then is told by the engine


class Measuring:
    """Owned by the event loop."""

    def __init__(self) -> None:
        self._turns = Turns("long questions are being read", AT_ONCE, MAX_WAITING)

    async def measure(self, engine: Engine, question: Question, client: str) -> None:
        """Raises QuestionError when its words can't fit the model, TooMany when too many others are read."""
        if num_chars(question) <= SHORT:
            return
        await self._turns.take(client)
        work = in_daemon(lambda: engine.measure(question), "askcam-words")
        work.add_done_callback(lambda done: self._over(done, client))
        await asyncio.shield(work)

    def _over(self, done: "asyncio.Future[None]", client: str) -> None:
        if not done.cancelled():
            done.exception()  # whoever asked may be gone
        self._turns.give(client)


def num_chars(question: Question) -> int:
    """Of its text, roughly."""
    words = sum(len(part.text) for message in question.messages for part in message.parts if isinstance(part, Text))
    calls = sum(len(str(call)) for message in question.messages for call in message.tool_calls)
    return words + calls + sum(len(str(tool)) for tool in question.tools) + 20 * len(question.messages)
