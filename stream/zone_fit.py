"""How a zone is cut out of its camera's picture, and gets all the pixels that a frame of the model has. Pure.

A small door far away is then as large as the model sees anything: it is cut out of the picture in its own size, before
that is made smaller for the whole of it.
"""

from dataclasses import dataclass, replace

from askcam.stream.fit import Fit, FitRule
from askcam.stream.polygons import box
from askcam.stream.zones import Zone

MARGIN = 0.1  # of its width and height, on each side: what stands at a door is more than the door
LEAST_PIXELS = 32  # of a side that is cut out, where the picture has so many
NARROWEST = 3.0  # how much longer one side may be than the other: a gap is shown with what is around it


def zone_rule(rule: FitRule, zone: Zone) -> FitRule:
    """How a picture becomes a frame that shows the zone alone, for a model whose frames follow `rule`."""

    def fit(width: int, height: int) -> Fit:
        part = _around(zone, width, height)
        inner = rule(part.width, part.height)
        if inner.padded:  # rather what is around it than black bars
            part = part.shaped(inner.width / inner.height, width, height)
            inner = rule(part.width, part.height)
        x, y, cut_width, cut_height = inner.crop
        return replace(inner, crop=(part.x + x, part.y + y, cut_width, cut_height))

    return fit


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def shaped(self, ratio: float, width: int, height: int) -> "_Part":
        """Larger, until it is `ratio` times as wide as high, as far as a picture of `width` x `height` goes."""
        wide = max(self.width, min(width, round(self.height * ratio)))
        high = max(self.height, min(height, round(self.width / ratio)))
        x, y = _moved(self.x, self.width, wide, width), _moved(self.y, self.height, high, height)
        return _Part(x, y, wide, high)


def _around(zone: Zone, width: int, height: int) -> _Part:
    left, top, right, bottom = box(zone.polygon)
    x, cut_width = _span(left, right, width)
    y, cut_height = _span(top, bottom, height)
    part = _Part(x, y, cut_width, cut_height)
    if max(cut_width / cut_height, cut_height / cut_width) <= NARROWEST:
        return part
    return part.shaped(NARROWEST if cut_width > cut_height else 1 / NARROWEST, width, height)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """Where it begins, and how many of `size` pixels it is."""
    margin = MARGIN * (high - low)
    first = max(0, min(size - 1, int((low - margin) * size)))
    last = min(size, max(first + 1, int(-(-(high + margin) * size // 1))))
    length = max(last - first, min(size, LEAST_PIXELS))
    return _moved(first, last - first, length, size), length


def _moved(first: int, length: int, longer: int, size: int) -> int:
    """Where a longer span begins that is around it, within `size`."""
    return max(0, min(size - longer, first - (longer - length) // 2))
