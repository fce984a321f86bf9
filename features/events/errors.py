"""What can go wrong with the keeping of events.

CannotOpen                the server does not start
└── EventLogError         the folder or its database cannot be used
    └── FolderTaken       another server uses the folder
Unavailable
└── EventLogTaken         the same, where a client would have it opened
Internal
└── EventLogFailure
"""

from askcam.server.config_errors import CannotOpen
from askcam.server.errors import Internal, Unavailable


class EventLogError(CannotOpen):
    """The message names the folder and the remedy."""


class FolderTaken(EventLogError):
    pass


class EventLogTaken(Unavailable):
    code, try_again = "watching_taken", False


class EventLogFailure(Internal):
    code, try_again = "watching_failure", False
