"""Calibration, plugged in: /v1/watches/{name}/calibration, and `askcam watch calibrate`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.calibration.cli import add_command
from askcam.server.feature import Feature, Given

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.calibration.running import CalibrationRunning

    return CalibrationRunning(others["watches"])


FEATURE = Feature(name="calibration", build=build, commands=add_command, needs=("watches",))
