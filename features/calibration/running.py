"""What calibration brings to one running server."""

from askcam.features.calibration import api
from askcam.features.calibration.kept import Calibrations
from askcam.features.watches.running import WatchesRunning
from askcam.server.running import Running


class CalibrationRunning(Running):
    def __init__(self, watches: Running) -> None:
        assert isinstance(watches, WatchesRunning)
        self.endpoints = api.endpoints(watches.watching, Calibrations(watches.watching))
