"""All models of this server under their names: the usual one of [model], and those of [models.NAME]."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from askcam.server.errors import NotFound
from askcam.server.given_names import quoted
from askcam.server.lifecycle import ServerPart
from askcam.server.model import USUAL, Model
from askcam.server.readiness import Readiness


class Models(ServerPart):
    """Owned by the event loop. Which there are is settled before the server begins, and never changes."""

    def __init__(self, usual: Model | None = None, *others: Model) -> None:
        """Their names differ."""
        self.usual = usual or Model()
        self.came: list[Callable[[], Awaitable[None]]] = []  # who is told when one that was away is there
        self._all = {model.called: model for model in (self.usual, *others)}
        assert len(self._all) == 1 + len(others), "two models of one name"

    def __iter__(self) -> Iterator[Model]:
        """The usual one first."""
        return iter(self._all.values())

    def __contains__(self, called: object) -> bool:
        return called in self._all

    def get(self, called: str | None) -> Model:
        """The model of that name; None: the usual one. Raises NotFound."""
        model = self._all.get(USUAL if called is None else called)
        if model is None:
            raise unknown_model(called or "", list(self._all))
        return model

    @property
    def loaded(self) -> bool:
        """Whether all are, but for those that are away."""
        return not self._loading

    @property
    def readiness(self) -> Readiness:
        """Of the first that is yet to be loaded; of the usual one where none is."""
        return next((model.readiness for model in self._loading), self.usual.readiness)

    @property
    def _loading(self) -> list[Model]:
        return [model for model in self if not model.loaded and model.trouble is None]

    @property
    def troubles(self) -> Mapping[str, str]:
        """Which of them can answer nothing for now, and why."""
        return {model.called: why for model in self if (why := model.trouble) is not None}

    def check_loaded(self) -> None:
        """Raises Unavailable `model_loading` while one is yet to be."""
        for model in self._loading:
            _ = model.engine

    async def close(self) -> None:
        """End all engines, within 5 s."""
        await asyncio.gather(*(model.close() for model in self))


def unknown_model(called: str, known: Sequence[str]) -> NotFound:
    """In the words that OpenAI's SDKs expect."""
    told = f"no model {quoted(called)}; models here: {', '.join(known)}; askcam.toml adds one as [models.NAME]"
    return NotFound(told, "model", "model_not_found")
