"""How many pixels one question may bring: a few kilobytes of PNG can hold sixteen megapixels, and there may be many."""

from askcam.server.errors import bad_request

MAX_ASKED_PIXELS = 48_000_000  # of all pictures and clips in one question: 144 MB of RGB


class Budget:
    """What is left for one question. Used by one thread at a time."""

    def __init__(self, num_pixels: int = MAX_ASKED_PIXELS) -> None:
        self._all = self._left = num_pixels

    def take(self, num_pixels: int, param: str) -> None:
        """Before decoding so many more. Raises ApiError 400 naming `param` when that is too much."""
        self._left -= num_pixels
        if self._left < 0:
            raise bad_request(
                f"the pictures and clips of one question may have {self._all / 1e6:.0f} megapixels together: "
                "send fewer or smaller ones, or leave those of earlier turns out",
                param,
                "too_many_pixels",
            )
