"""One product desk: a thread that reads codes from its camera's pictures as they arrive, at a bounded cost."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np

from askcam.client.protocol import Fact
from askcam.features.desk.catalogue.errors import CatalogueError
from askcam.features.desk.catalogue.product import Product
from askcam.features.desk.facts import facts_of
from askcam.features.desk.guidance import Hint, Measured, advise, measure
from askcam.features.desk.locate import Luma
from askcam.features.desk.reading import Burst, read
from askcam.features.desk.sightings import KEEP_S, Sighting, Sightings, verified
from askcam.stream.camera import Camera, State
from askcam.stream.errors import CameraUnavailable, SourceError
from askcam.stream.frame import Frame

log = logging.getLogger(__name__)

READS_PER_S = 5.0  # at most
SHARE = 0.25  # of one core, at most: after a reading it rests three times as long as that took
IDLE_S = 0.25  # between looks at a camera that is down
MOVED = 6.0  # mean change of luma, in any of the parts below, that makes it another picture
PARTS = (32, 18)  # across, down
STILL_READS = 5  # readings of a picture that doesn't change, where bars are that nobody could read
LOOK_AGAIN_S = 5.0  # after so long a product is looked up anew: its price may have changed
WAIT_S = 2.0  # for the thread to end

Lookup = Callable[[str], Product | None]  # raises CatalogueError


@dataclass(frozen=True, slots=True)
class DeskView:
    """What a desk knows. Replaced as a whole, so that any thread may read it."""

    codes: tuple[Sighting, ...] = ()
    products: Mapping[str, Product | None] = field(default_factory=lambda: MappingProxyType({}))
    hints: tuple[Hint, ...] = ()
    width: int | None = None  # of the newest picture
    height: int | None = None
    num_pictures: int = 0  # that were looked at
    num_reads: int = 0  # of these, read for codes: the others showed nothing new
    busy_s: float = 0.0  # seconds of work, in all


class Desk:
    """Owns its thread, which ends with the camera or with close(). `view` and facts() may be had from any thread."""

    def __init__(self, camera: Camera, lookup: Lookup | None) -> None:
        self._camera, self._lookup = camera, lookup
        self.view = DeskView()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"askcam-{camera.name}-desk", daemon=True)
        self._sightings, self._burst = Sightings(), Burst()
        self._products: dict[str, tuple[float, Product | None]] = {}  # with the time it was looked up
        self._seq = -1
        self._last: Luma | None = None  # the parts of the picture that was read last
        self._tries = 0  # readings in a row of a picture that did not change
        self._unread: Measured | None = None  # a code in it that nobody could read
        self._open = False  # whether bars were in it that nobody could read

    @property
    def camera(self) -> Camera:
        return self._camera

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the thread: within WAIT_S, or it ends by itself after its reading."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(WAIT_S)

    def seen(self) -> tuple[Sighting, ...]:
        """All codes of the last seconds, the last seen first; also where no picture came since."""
        now = time.monotonic()
        return tuple(each for each in self.view.codes if each.age_s(now) <= KEEP_S)

    def codes(self) -> tuple[Sighting, ...]:
        """Of these, the verified ones."""
        return verified(self.seen())

    def facts(self) -> tuple[Fact, ...]:
        """What was read and looked up in the last seconds."""
        return facts_of(self.codes(), self.view.products)

    def _run(self) -> None:
        rest_s = 0.0
        while not self._ended.wait(rest_s) and self._camera.status().state is not State.ENDED:
            began = time.monotonic()
            try:
                frame = self._camera.newest()
            except (CameraUnavailable, SourceError):
                rest_s = IDLE_S
                continue
            if frame.seq == self._seq:
                rest_s = 0.5 / READS_PER_S
                continue
            self._seq = frame.seq
            try:
                self._see(frame, began)
            except Exception:
                log.exception("desk %s: a picture could not be read", self._camera.name)
            took = time.monotonic() - began
            rest_s = max(1 / READS_PER_S - took, took * (1 / SHARE - 1))

    def _see(self, frame: Frame, began: float) -> None:
        luma = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        parts = np.asarray(cv2.resize(luma, PARTS, interpolation=cv2.INTER_AREA), np.uint8)
        moved = self._last is None or int(cv2.absdiff(parts, self._last).max()) > MOVED
        self._tries = 0 if moved else self._tries + 1
        wanted = moved or (self._open and self._tries < STILL_READS)
        if wanted:
            reading = read(luma)
            found = self._burst.add(reading, frame.mono)
            self._sightings.add(found, frame.wall, frame.mono)
            self._last, self._open = parts, bool(reading.unread) or any(not each.sure for each in found)
            self._unread = measure(luma, reading.unread[0], moved) if reading.unread and not found else None
        else:
            self._sightings.still(frame.wall, frame.mono)
        codes = self._sightings.now(frame.mono)
        hints = advise(self._unread, self._camera.status().health)  # a picture may turn out dark after it was read
        before = self.view
        self.view = DeskView(
            codes,
            self._looked_up(codes),
            hints,
            frame.width,
            frame.height,
            before.num_pictures + 1,
            before.num_reads + wanted,
            before.busy_s + time.monotonic() - began,
        )

    def _looked_up(self, codes: tuple[Sighting, ...]) -> Mapping[str, Product | None]:
        """What the catalogue says of verified codes: of goods, whether it has them; of others, only if it has."""
        if self._lookup is None:
            return MappingProxyType({})
        now, kept = time.monotonic(), {}
        for code in verified(codes):
            known = self._products.get(code.text)
            if known is None or now - known[0] > LOOK_AGAIN_S:
                try:
                    known = (now, self._lookup(code.text))
                except CatalogueError as exc:
                    log.warning("desk %s: %s", self._camera.name, exc)
                    continue
            kept[code.text] = known
        self._products = kept
        retail = {code.text for code in codes if code.retail}
        found = {text: product for text, (_, product) in kept.items() if product is not None or text in retail}
        return MappingProxyType(found)
