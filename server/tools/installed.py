"""The tools that are there from the start: askcam's own, and those that other packages bring."""

import logging
from collections.abc import Callable
from importlib.metadata import entry_points

from askcam.server.cameras import Cameras
from askcam.server.tools.base import Tool
from askcam.server.tools.box import Toolbox
from askcam.server.tools.clock import ClockTool
from askcam.server.tools.snapshot import Snapshot

log = logging.getLogger(__name__)

GROUP = "askcam.tools"  # of entry points: name -> a callable without arguments that makes a Tool


def built_in(cameras: Cameras) -> tuple[Tool, ...]:
    """askcam's own tools; features bring theirs."""
    return (ClockTool(), Snapshot(cameras))


def add_installed(box: Toolbox) -> None:
    """Take in the tools of installed packages; one that cannot be made is left out, and logged."""
    for entry in entry_points(group=GROUP):
        try:
            make: Callable[[], Tool] = entry.load()
            box.add(make())
        except Exception as exc:
            log.error("the tool %s (%s) is left out: %s", entry.name, entry.value, exc, exc_info=exc)
