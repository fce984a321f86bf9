"""The product desks of one running server, and the catalogue that they look into."""

from collections.abc import Mapping
from typing import Any

from askcam.features.desk import api
from askcam.features.desk.barcodes import ReadBarcode
from askcam.features.desk.catalogue.taking import open_named
from askcam.features.desk.config import MAX_PUSHED, OPTION
from askcam.features.desk.desks import Desks
from askcam.features.desk.lookup import LookupProduct
from askcam.features.desk.metrics import DeskGauges
from askcam.features.desk.pushed import PushedDesk
from askcam.server.core import Core
from askcam.server.feature import Given
from askcam.server.running import Running


class DeskRunning(Running):
    def __init__(self, core: Core, given: Given) -> None:
        """Raises ConfigError for a catalogue that cannot be read."""
        self._catalogue = catalogue = open_named(given.sections["catalogue"].file)
        self._desks = desks = Desks(None if catalogue is None else catalogue.by_code)
        self._cameras = core.cameras
        self._wanted = [name for name, options in given.cameras.items() if options.get(OPTION)]
        self.endpoints = api.endpoints(core.cameras, desks)
        self.tools = (ReadBarcode(core.cameras, desks), LookupProduct(catalogue, desks))
        self.tellers = (desks,)
        self.collectors = (DeskGauges(desks),)
        self.pushed = {OPTION: PushedDesk(core.cameras, desks, given.limits[MAX_PUSHED])}

    async def begin(self) -> None:
        for name in self._wanted:
            if self._cameras.use(name).options.get(OPTION):  # unless it has been removed already
                self._desks.open(self._cameras.get(name))

    async def camera_came(self, camera: str, said: Mapping[str, Any]) -> None:
        if self._cameras.use(camera).options.get(OPTION):
            self._desks.open(self._cameras.get(camera))

    async def camera_left(self, camera: str) -> None:
        await self._desks.end(camera)

    async def close(self) -> None:
        await self._desks.close()
        if self._catalogue is not None:
            self._catalogue.close()
