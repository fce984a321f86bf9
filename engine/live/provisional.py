"""The provisional pair: the camera's newest frame, which its window does not hold yet, for one question's sight.

It costs a pass through the vision tower, so it is made where that is cheap enough, and questions that come on each
other's heels share one: else many of them would spend the engine's time on pictures that differ by a few frames.
"""

import time
from dataclasses import replace

from askcam.engine.interface import LiveSource
from askcam.engine.live.feed import Feed, ProvisionalPair
from askcam.engine.live.model import LiveModel
from askcam.engine.live.vision import EncodedPairs
from askcam.stream.window import View

SMOOTH = 0.2  # of a new measurement in the running mean
SHARED_TIMES = 4.0  # what one costs: so long it serves questions that come beside others
SHARED_S = 0.25  # ... at most


class Provisional:
    """Decides and makes, for all cameras. Owned by the engine thread."""

    def __init__(self, model: LiveModel, fresh_s: float) -> None:
        """`fresh_s`: what one may cost."""
        self._model, self._fresh_s = model, fresh_s
        self._cost_s = 0.0  # lately

    def affordable(self, view: View, max_age_s: float | None = None) -> View:
        """Without its provisional pair where that would cost too much, unless there is nothing else to see, or what
        there is would be half as old as it may be and the pair younger than that at its first word."""
        if not view.provisional or len(view.pairs) == 1 or self._cost_s <= self._fresh_s:
            return view
        complete = replace(view, pairs=view.pairs[:-1], provisional=False)
        if max_age_s is not None and complete.age_s(time.monotonic()) > max_age_s / 2 > self._cost_s:
            return view
        self._cost_s *= 0.99  # so that it is tried again some day
        return complete

    def shared(self, feed: Feed) -> View | None:
        """What a question sees beside others: the window with the pair that was made for one of them just now, or
        without it where the window's own newest frame is newer by now. None: it had better look for itself. Neither
        waits for a picture nor encodes one."""
        made, source = feed.made, feed.source
        if made is None or not isinstance(source, LiveSource):
            return None
        if time.monotonic() - made.at > min(SHARED_TIMES * self._cost_s, SHARED_S):
            return None
        view = source.peek()
        if view is None or view.newest.pixels.shape != made.pair.second.pixels.shape:
            return None
        if view.newest.seq >= made.pair.second.seq:
            return view
        if made.pair.index == view.pairs[-1].index + 1 and made.pair.first.seq > view.newest.seq:
            return replace(view, pairs=(*view.pairs, made.pair), provisional=True)
        return None

    def encoded(self, feed: Feed, view: View) -> EncodedPairs:
        """The tokens of a view's provisional pair; questions that share one encode it once."""
        pair = view.pairs[-1]
        if feed.made is None or feed.made.pair != pair:
            began = time.monotonic()
            (encoded,) = self._model.encode([pair])
            feed.made = ProvisionalPair(pair, encoded, began)
            self._cost_s += SMOOTH * (time.monotonic() - began - self._cost_s)
        return feed.made.encoded
