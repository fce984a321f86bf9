"""What can go wrong with a catalogue: CatalogueError, whose message is one line that names the file and the remedy."""


class CatalogueError(Exception):
    """A catalogue that cannot be read or written."""
