"""What can go wrong with the keeping of watches.

WatchingError      the folder or its database cannot be used
  FolderTaken      another server uses the folder
"""

from askcam.server.config_errors import CannotOpen


class EventLogError(CannotOpen):
    """The message names the folder and the remedy."""


class FolderTaken(EventLogError):
    pass
