"""THE list of what askcam does besides answering. No other source outside a feature's folder names it."""

from collections.abc import Iterator, Mapping
from typing import Any

from askcam.app.plugged import plugged_in
from askcam.cluster.shard.feature import FEATURE as SHARD
from askcam.features.ask_all.feature import FEATURE as ASK_ALL
from askcam.features.audit.feature import FEATURE as AUDIT
from askcam.features.calibration.feature import FEATURE as CALIBRATION
from askcam.features.clips.feature import FEATURE as CLIPS
from askcam.features.desk.feature import FEATURE as DESK
from askcam.features.events.feature import FEATURE as EVENTS
from askcam.features.evidence.feature import FEATURE as EVIDENCE
from askcam.features.mcp_server.feature import FEATURE as MCP_SERVER
from askcam.features.mqtt.feature import FEATURE as MQTT
from askcam.features.notify.feature import FEATURE as NOTIFY
from askcam.features.summary.feature import FEATURE as SUMMARY
from askcam.features.timeline.feature import FEATURE as TIMELINE
from askcam.features.tokens.feature import FEATURE as TOKENS
from askcam.features.watches.feature import FEATURE as WATCHES
from askcam.server.feature import Feature, ModelUse, Section

# Opened in this order, and closed in the other.
OURS: tuple[Feature, ...] = (
    TOKENS, AUDIT, DESK, EVIDENCE, EVENTS, WATCHES, CLIPS, CALIBRATION, SUMMARY, TIMELINE, NOTIFY, MQTT, ASK_ALL,
    MCP_SERVER, SHARD,
)  # fmt: skip
PLUGGED, LEFT_OUT = plugged_in(OURS)  # those that other packages bring, and why some are not taken
FEATURES: tuple[Feature, ...] = (*OURS, *PLUGGED)


def sections() -> Iterator[tuple[str, Section]]:
    """Those that features bring, by name."""
    for feature in FEATURES:
        yield from feature.sections.items()


def model_uses(said: Mapping[str, Any]) -> Iterator[ModelUse]:
    """Which models the sections name, and for which cameras."""
    for _, section, value in section_values(said):
        yield from section.models(value)


def section_values(said: Mapping[str, Any]) -> Iterator[tuple[str, Section, Any]]:
    """Those with what is `said` of each, by name: as usual, where nothing is."""
    for name, section in sections():
        yield name, section, said.get(name, section.usual())
