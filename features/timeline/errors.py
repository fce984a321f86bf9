"""What can go wrong with the keeping of the timeline."""

from askcam.server.config_errors import CannotOpen


class TimelineError(CannotOpen):
    """The folder or its database cannot be used. The message names it and the remedy."""
