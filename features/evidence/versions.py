"""Which releases answer here: what they compute may change from one to the next."""

from askcam.features.evidence.record import Versions
from askcam.server.versions import version


def versions() -> Versions:
    """Of what has a say in an answer."""
    return Versions(version("askcam"), version("torch"), version("transformers"))
