"""What HTTP routes are, whatever they do: bodies in and out, an endpoint beside its handler, and their description."""
