"""What can go wrong with clips.

CannotOpen                the server does not start
└── ClipsError            the folder cannot be used
NotFound
├── NoClip                none was made of this event, nor will be
├── ClipMissing           there is none, or no longer: the message says why
└── LinkOver              the link is none of ours, or is over
Unavailable
└── ClipPending           it is being made
"""

from askcam.server.config_errors import CannotOpen
from askcam.server.errors import NotFound, Unavailable


class ClipsError(CannotOpen):
    """The message names the folder and the remedy."""


class NoClip(NotFound):
    code = "no_clip"


class ClipMissing(NotFound):
    code = "clip_missing"


class LinkOver(NotFound):
    code = "link_over"


class ClipPending(Unavailable):
    code = "clip_pending"
