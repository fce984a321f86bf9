"""Evidence, plugged in: [evidence], what answers were given from on disk, their key pictures, and `askcam replay`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.evidence.cli import add_command
from askcam.features.evidence.config import EvidenceConfig, read_evidence
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.evidence.running import EvidenceRunning

    return EvidenceRunning(core, given)


FEATURE = Feature(
    name="evidence",
    sections={"evidence": Section(read_evidence, EvidenceConfig)},
    build=build,
    commands=add_command,
)
