"""Forms are compiled beside the event loop, in threads of their own, a bounded number of them for each client.

What is compiled is tried out first where it can be killed (engine/trial.py); here it is seen to that whoever sends
dear ones keeps nobody waiting but himself.
"""

import asyncio
import os
import threading

from askcam.engine.interface import Engine, Grammar
from askcam.engine.question import Form
from askcam.server.answering.turns import Turns
from askcam.server.threads import in_daemon

AT_ONCE = max(1, (os.cpu_count() or 1) // 4)
MAX_WAITING = 16  # of one client: as many questions at once as programs ask


class Forming:
    """Owned by the event loop."""

    def __init__(self) -> None:
        self._turns = Turns("schemas are being compiled", AT_ONCE, MAX_WAITING)

    async def grammar(self, engine: Engine, form: Form, client: str) -> Grammar:
        """The form's grammar. Raises QuestionError for one that cannot be used, TooMany when this client has too
        many others compiled. Cancelling it ends the compiling."""
        found = engine.prepared(form)
        if found is not None:
            return found
        await self._turns.take(client)
        unwanted, begun = threading.Event(), False
        try:
            found = engine.prepared(form)  # somebody else's, meanwhile
            if found is not None:
                return found
            work = in_daemon(lambda: engine.prepare(form, unwanted.is_set), "askcam-forms", nice=10)
            begun = True
            work.add_done_callback(lambda done: self._over(done, client))
            return await asyncio.shield(work)
        finally:
            unwanted.set()
            if not begun:
                self._turns.give(client)

    def _over(self, done: "asyncio.Future[Grammar]", client: str) -> None:
        if not done.cancelled():
            done.exception()  # whoever asked may be gone
        self._turns.give(client)
