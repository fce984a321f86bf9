"""Evidence of one running server: what writes it down, and what reads it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.features.evidence import api
from askcam.features.evidence.album import Album
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.case import Circumstances
from askcam.features.evidence.config import EvidenceConfig
from askcam.features.evidence.errors import EvidenceError, NotKept
from askcam.features.evidence.metrics import EvidenceGauges
from askcam.features.evidence.record import Evidence, PictureRef, Versions
from askcam.features.evidence.writer import EvidenceWriter
from askcam.server.config_errors import CannotOpen
from askcam.server.core import Core
from askcam.server.errors import CannotRead
from askcam.server.feature import Given
from askcam.server.kept_answers import KeptAnswer, KeptFrame
from askcam.server.model_config import ModelConfig
from askcam.server.pictures import encode
from askcam.server.running import Running

QUALITY = 90  # JPEG; what the model saw is small, so it may be good


class EvidenceRunning(Running):
    """Next to nothing where evidence is not kept."""

    def __init__(self, core: Core, given: Given) -> None:
        config: EvidenceConfig = given.sections["evidence"]
        self._writer: EvidenceWriter | None = None
        archive: KeptEvidence | None = None
        if config.enabled:
            assert config.folder is not None, "read_evidence() names one"
            self._writer = writer = EvidenceWriter(config.folder, config.bounds, _common(given), private=config.private)
            archive = KeptEvidence(EvidenceArchive(config.folder))
            self.archives = (archive,)
            self.observers = (writer,)
            self.collectors = (EvidenceGauges(writer.stats),)
            self.stores = {"evidence": writer.trouble}
            self.gives_way = writer.make_room
        self.endpoints = api.endpoints(core, archive)

    async def open(self) -> None:
        if self._writer is not None:
            try:
                await self._writer.open()
            except EvidenceError as exc:
                raise CannotOpen(str(exc)) from exc

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()


class KeptEvidence:
    """An Archive of kept_answers.py over a folder of evidence."""

    def __init__(self, archive: EvidenceArchive) -> None:
        self._archive = archive

    def get(self, answer_id: str) -> KeptAnswer | None:
        found = self._find(answer_id)
        return None if found is None else kept(found, self._archive.album)

    def key(self, answer_id: str) -> tuple[bool, bytes | None]:
        """Whether there is such an answer, and its key picture as JPEG. Blocks shortly. Raises CannotRead."""
        found = self._find(answer_id)
        if found is None or found.key is None:
            return found is not None, None
        try:
            return True, self._archive.album.read(found.key.picture)
        except EvidenceError as exc:
            raise CannotRead(str(exc)) from exc

    def _find(self, answer_id: str) -> Evidence | None:
        try:
            return self._archive.get(answer_id)
        except NotKept:
            return None
        except EvidenceError as exc:
            raise CannotRead(str(exc)) from exc


def kept(found: Evidence, album: Album) -> KeptAnswer:
    """A record as the server tells of answers."""
    frames = tuple(
        KeptFrame(
            seen.wall,
            seen.before_s,
            seen.basis,
            seen.picture.width,
            seen.picture.height,
            partial(_jpeg, album, seen.picture),
        )
        for seen in (() if found.view is None else found.view.frames)
    )
    return KeptAnswer(
        found.id,
        found.created,
        found.saw,
        found.question,
        found.text,
        found.reason,
        found.usage,
        found.timings,
        frames,
    )


def _jpeg(album: Album, picture: PictureRef) -> bytes:
    try:
        return encode(album.pixels(picture), QUALITY)
    except EvidenceError as exc:
        raise CannotRead(str(exc)) from exc


def _common(given: Given) -> Circumstances:
    here = Versions.here()
    others = {called: _of_model(model, here) for called, model in given.models.items()}
    return replace(_of_model(given.model, here), others=others)


def _of_model(config: ModelConfig, here: Versions) -> Circumstances:
    model = config.model
    if model is not None and Path(model).expanduser().is_dir():
        model = str(Path(model).expanduser().resolve())  # to be found from anywhere
    return Circumstances(model, config.engine(BUILT_IN), here)
