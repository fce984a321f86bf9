"""What can go wrong with a catalogue: CatalogueError, whose message is one line that names the file and the remedy."""

from askcam.server.config_errors import Mendable


class CatalogueError(Mendable):
    """A catalogue that cannot be read or written."""
