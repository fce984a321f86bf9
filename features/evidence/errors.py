"""What can go wrong with evidence.

EvidenceError
├── NotKept       there is no evidence of that answer here
└── Broken        it is not as it was written
"""

from askcam.server.config_errors import Mendable


class EvidenceError(Mendable):
    """Base of these errors; the message names the folder or answer, and the remedy."""


class NotKept(EvidenceError):
    """There is no such answer in the folder, or there is no folder."""


class Broken(EvidenceError):
    """A record or a picture is missing, or is not what was written."""
