"""Product desks, plugged in: [catalogue], `desk = true` under a camera, `push:desk`, a route, two tools, a command."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.desk.cli import add_command
from askcam.features.desk.config import LIMITS, OPTION, TOOLS, CatalogueConfig, read_catalogue
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.desk.running import DeskRunning

    return DeskRunning(core, given)


FEATURE = Feature(
    name="desk",
    sections={"catalogue": Section(read_catalogue, CatalogueConfig)},
    camera_options={OPTION: bool},
    camera_tools={OPTION: TOOLS},
    limits=LIMITS,
    build=build,
    commands=add_command,
)
