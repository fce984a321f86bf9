"""All product desks of this server, by their cameras' names. Owned by the event loop."""

import asyncio
from collections.abc import Iterator

from askcam.client.protocol import Fact
from askcam.features.desk.desk import Desk, Lookup
from askcam.features.desk.sightings import Sighting
from askcam.stream.camera import Camera, State


class Desks:
    """At most one per camera; each has a thread of its own, which ends with its camera."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        """`lookup`: the product under a code; it is called on the desks' threads."""
        self._lookup = lookup
        self._desks: dict[str, Desk] = {}

    def open(self, camera: Camera) -> Desk:
        """Read this camera's codes from now on."""
        desk = self._desks[camera.name] = Desk(camera, self._lookup)
        desk.start()
        return desk

    @property
    def looks_up(self) -> bool:
        """Whether there is a catalogue."""
        return self._lookup is not None

    def __iter__(self) -> Iterator[str]:
        """The cameras' names."""
        return iter(tuple(self._desks))

    async def end(self, camera: str) -> None:
        """Forget this camera's desk, if it has one, and end its thread, off the event loop."""
        desk = self._desks.pop(camera, None)
        if desk is not None:
            await asyncio.to_thread(desk.close)

    def get(self, camera: str | None) -> Desk | None:
        """None for a camera that is no desk, or has ended."""
        desk = None if camera is None else self._desks.get(camera)
        if desk is None or desk.camera.status().state is State.ENDED:
            return None
        return desk

    def open_ones(self) -> tuple[Desk, ...]:
        """Those whose cameras have not ended."""
        return tuple(desk for name in tuple(self._desks) if (desk := self.get(name)) is not None)

    def codes(self, camera: str | None) -> tuple[Sighting, ...]:
        """The verified codes of the last seconds, the last seen first."""
        desk = self.get(camera)
        return () if desk is None else desk.codes()

    def facts(self, camera: str | None) -> tuple[Fact, ...]:
        """What was read and looked up in the last seconds. Costs no time."""
        desk = self.get(camera)
        return () if desk is None else desk.facts()

    async def close(self) -> None:
        """End all, together."""
        desks, self._desks = list(self._desks.values()), {}
        await asyncio.gather(*(asyncio.to_thread(desk.close) for desk in desks))
