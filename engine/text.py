"""Tokens in, whole characters out; stop strings are held back until it is sure that they are none. Pure."""

from collections.abc import Callable, Sequence

from askcam.engine.thoughts import ThoughtSplit

BROKEN = "\ufffd"  # what a decoder makes of an unfinished UTF-8 sequence


class AnswerText:
    """The text of one answer as it grows.

    `decode` turns token ids into text, special tokens left out. All our families are byte-level: the text of two
    runs of tokens is the two texts joined, unless a character lies across the border. After `stopped` turns true
    nothing more is to be added: the text ends before the stop string.
    """

    def __init__(
        self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = (), thoughts: ThoughtSplit | None = None
    ) -> None:
        """`thoughts`: of a model that thinks; they are told apart from the answer (`thought()`), and no stop string
        ends them."""
        self._decode = decode
        self._thoughts = thoughts
        self._thought = ""  # not told yet
        self._stop = tuple(s for s in stop if s)
        self._open: list[int] = []  # tokens of an unfinished character
        self._held = ""  # perhaps the beginning of a stop string
        self._told: list[str] = []
        self.num_told = 0  # characters
        self.stopped = False

    @property
    def text(self) -> str:
        """All that was told so far."""
        return "".join(self._told)

    @property
    def num_taken(self) -> int:
        """Whole characters of all tokens so far, told or held back. The next token's text begins in the one after."""
        begun = len(self._decode(self._open).rstrip(BROKEN)) if self._open else 0
        return self.num_told + len(self._held) + begun + (0 if self._thoughts is None else self._thoughts.num_held)

    @property
    def silent(self) -> bool:
        """Whether the last token was part of a thought."""
        return self._thoughts is not None and self._thoughts.silent

    def thought(self) -> str:
        """What was thought since the last call."""
        thought, self._thought = self._thought, ""
        return thought

    def add(self, token: int) -> str:
        """Take the next token; returns the text that is sure now: often a word, sometimes nothing."""
        assert not self.stopped, "a stop string has ended this answer"
        self._open.append(token)
        fresh = self._decode(self._open)
        if fresh.endswith(BROKEN):
            return ""
        self._open.clear()
        if self._thoughts is not None:
            thought, fresh = self._thoughts.feed(fresh)
            self._thought += thought
        return self._tell(fresh)

    def finish(self) -> str:
        """The answer is over; returns what was held back. An unfinished character is left out."""
        if self.stopped:
            return ""
        rest = self._decode(self._open).rstrip(BROKEN) if self._open else ""
        if self._thoughts is not None:
            thought, rest = self._thoughts.feed(rest)
            last, more = self._thoughts.finish()
            self._thought, rest = self._thought + thought + last, rest + more
        rest = self._tell(rest)
        self._open.clear()
        self._told.append(self._held)
        self.num_told += len(self._held)
        rest, self._held = rest + self._held, ""
        return rest

    def _tell(self, fresh: str) -> str:
        held = self._held + fresh
        cuts = [at for at in (held.find(stop) for stop in self._stop) if at >= 0]
        if cuts:
            self.stopped = True
            sure, self._held = held[: min(cuts)], ""
        else:
            keep = max((_overlap(held, stop) for stop in self._stop), default=0)
            sure, self._held = held[: len(held) - keep], held[len(held) - keep :]
        self._told.append(sure)
        self.num_told += len(sure)
        return sure


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
