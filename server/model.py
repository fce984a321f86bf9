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
        self._away: str | None = None  # why its own server could not be asked at the start; it is looked for

    @property
    def engine(self) -> Engine:
        """The engine, warm. Raises Unavailable until then (the SDKs try again by themselves): `model_loading`, or
        `model_unreachable` where its own server is not there yet."""
        if self._engine is None:
            usual = self.called == USUAL
            if self._away is not None:
                told = (
                    "the model cannot be asked yet: " if usual else f"the model {self.called!r} cannot be asked yet: "
                )
                raise Unavailable(told + self._away, code="model_unreachable", retry_after_s=2)
            what, share = self.readiness.snapshot()
            told = "the model is not ready yet: " if usual else f"the model {self.called!r} is not ready yet: "
            told += f"{what} ({share:.0%}); GET /readyz says when it is"
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
        """Why it can answer nothing for now, though it was loaded, or would be: its own server is not there."""
        return self._away if self._engine is None else self._engine.trouble()

    def away(self, why: str) -> None:
        """Its own server cannot be asked yet; the others do not wait for it."""
        self._away = why

    def ready(self, engine: Engine) -> None:
        """The engine is warm: questions may come."""
        self._engine, self._away = engine, None
        self.readiness.ready()

    async def close(self) -> None:
        """End the engine, within 5 s; no effect when there is none."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.to_thread(engine.close)
