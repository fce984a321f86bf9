"""An engine's place in the server while its model is still being loaded, and afterwards."""

import asyncio

from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.engine.interface import Engine
from askcam.server.errors import Unavailable
from askcam.server.lifecycle import ServerPart
from askcam.server.readiness import Readiness
from askcam.stream.fit import Fit

USUAL = "askcam"  # what the model of [model] is called: whoever names no other means it


class Model(ServerPart):
    """Holds the engine once there is one. Owned by the event loop; `readiness` may be set from the loading thread."""

    def __init__(self, name: str = BUILT_IN, called: str = USUAL, *, thinking: bool = False) -> None:
        """`called`: its name among the models here, NAME of [models.NAME]; `thinking`: it thinks before it answers
        where a question says nothing of that."""
        self.name = name  # as given: a hub id or a folder, or where its server is
        self.called, self.thinking = called, thinking
        self.readiness = Readiness()
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine, warm. Raises Unavailable `model_loading` until then (the SDKs try again by themselves)."""
        if self._engine is None:
            what, share = self.readiness.snapshot()
            which = "the model" if self.called == USUAL else f"the model {self.called!r}"
            told = f"{which} is not ready yet: {what} ({share:.0%}); GET /readyz says when it is"
            raise Unavailable(told, code="model_loading", retry_after_s=2)
        return self._engine

    def fit_picture(self, width: int, height: int) -> Fit:
        """As Engine.fit_picture(). Any thread. Raises Unavailable while the model is loaded."""
        return self.engine.fit_picture(width, height)

    @property
    def built_in(self) -> bool:
        """Whether it is askcam's own."""
        return self.name == BUILT_IN

    @property
    def loaded(self) -> bool:
        return self._engine is not None

    @property
    def trouble(self) -> str | None:
        """Why the engine, though it is there, can answer nothing for now: its model's own server is gone."""
        return None if self._engine is None else self._engine.trouble()

    def ready(self, engine: Engine) -> None:
        """The engine is warm: questions may come."""
        self._engine = engine
        self.readiness.ready()

    async def close(self) -> None:
        """End the engine, within 5 s; no effect when there is none."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.to_thread(engine.close)
