"""What can go wrong with the keeping of the timeline."""


class TimelineError(Exception):
    """The folder or its database cannot be used. The message names it and the remedy."""
