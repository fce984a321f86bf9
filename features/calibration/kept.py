"""The calibrations that watches were last given, each for as long as its watch asks the same."""

from datetime import datetime

import msgspec

from askcam.client.calibration import Calibration
from askcam.features.calibration.store import CALIBRATIONS, TABLES, CalibrationStore
from askcam.features.watches.service import Watching
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.errors import Conflict, Invalid, NotFound

CALIBRATED = (Kind.YESNO, Kind.CHOICE, Kind.NUMBER)  # of which there is a probability


def asks(setting: WatchSetting) -> bytes:
    """What its probabilities mean: another question's say nothing about it."""
    return msgspec.json.encode(
        [setting.question, setting.kind, setting.choices, setting.on_when, f"{setting.window_s:g} s"]
    )


class NotCalibrated(NotFound):
    code = "not_calibrated"


class OtherQuestion(Conflict):
    """The watch asks something else by now."""

    code = "other_question"


class Calibrations:
    """Owned by the event loop."""

    def __init__(self, watching: Watching) -> None:
        """Before the events are opened."""
        self._watching = watching
        watching.beside(CALIBRATIONS, TABLES)

    async def get(self, name: str) -> Calibration:
        """Raises NoSuchWatch and NotCalibrated."""
        setting = self._watching.setting(name)
        none: tuple[bytes, bytes] | None = None
        found = await self._watching.read(lambda store: CalibrationStore(store.db).get(name), none)
        if found is None or found[0] != asks(setting):
            told = (
                f"the watch {name!r} is not calibrated: askcam watch calibrate RECORDING --watch {name} --save does it"
            )
            raise NotCalibrated(told, "name")
        return msgspec.json.decode(found[1], type=Calibration)

    async def put(self, name: str, calibration: Calibration) -> Calibration:
        """Keep it; returns it as kept. Raises Refusal."""
        setting = self._watching.setting(name)
        if setting.kind not in CALIBRATED:
            raise Invalid(f"a watch of kind {setting.kind.value!r} has no probability to be calibrated", "name")
        if calibration.watch not in (None, name):
            raise Invalid(f"this is the calibration of {calibration.watch!r}, not of {name!r}", "watch")
        if calibration.question != setting.question:
            told = f"the watch {name!r} asks {setting.question!r} now; this is the calibration of another question"
            raise OtherQuestion(told, "question")
        _check(calibration)
        kept = msgspec.structs.replace(calibration, watch=name)
        document = msgspec.json.encode(kept)
        await self._watching.write(lambda store: CalibrationStore(store.db).put(name, asks(setting), document))
        return kept

    async def remove(self, name: str) -> None:
        """Raises NoSuchWatch and NotCalibrated."""
        self._watching.setting(name)
        if not await self._watching.read(lambda store: CalibrationStore(store.db).remove(name), False):
            raise NotCalibrated(f"the watch {name!r} is not calibrated", "name")


def _check(calibration: Calibration) -> None:
    """What the types leave open. Raises Refusal."""
    try:
        if datetime.fromisoformat(calibration.made_at).tzinfo is None:
            raise ValueError("it has no time zone")
    except ValueError as exc:
        raise Invalid(f"made_at={calibration.made_at!r} must be like 2026-01-31T08:00:00Z", "made_at") from exc
    proposed = calibration.proposed
    if proposed is not None and proposed.off >= proposed.on:
        raise Invalid(f"off is {proposed.off:g}; it must be less than on = {proposed.on:g}", "proposed.off")
    if calibration.positives > calibration.samples:
        raise Invalid(f"positives are {calibration.positives} of {calibration.samples} samples", "positives")
