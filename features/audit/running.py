"""The audit log of one running server. Next to nothing where it is not kept."""

import time

from askcam.features.audit.config import AuditConfig
from askcam.features.audit.metrics import AuditGauges
from askcam.features.audit.record import of_answer, of_visit
from askcam.features.audit.writer import AuditWriter
from askcam.server.access.visited import Visit
from askcam.server.answering.observing import Answered
from askcam.server.feature import Given
from askcam.server.running import Running

DULL = frozenset({"/metrics", "/v1/session"})  # tells of no camera's picture


class AuditRunning(Running):
    """Its visitor, and its observer of answers."""

    def __init__(self, given: Given) -> None:
        self._config: AuditConfig = given.sections["audit"]
        self._writer: AuditWriter | None = None
        if self._config.enabled:
            assert self._config.folder is not None, "read_audit() names one"
            self._writer = writer = AuditWriter(self._config.folder, self._config.max_bytes)
            self.observers = (self,)
            self.visitors = (self,)
            self.collectors = (AuditGauges(writer),)
            self.stores = {"audit": writer.trouble}

    async def open(self) -> None:
        if self._writer is not None:
            await self._writer.open()

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()

    def traces(self, camera: str | None, may_be_kept: bool) -> bool:
        return False  # who asked what is enough

    def answered(self, answered: Answered) -> None:
        assert self._writer is not None, "it observes only then"
        self._writer.put(of_answer(answered, time.time(), questions=self._config.questions))

    def visited(self, visit: Visit) -> None:
        assert self._writer is not None, "it hears only then"
        if visit.what not in DULL:
            self._writer.put(of_visit(visit, time.time()))
