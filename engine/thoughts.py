"""What a model says to itself before its answer, told apart from it while both grow. Pure."""

from enum import Enum, auto

THINK, THOUGHT = "<think>", "</think>"  # around it


class _Place(Enum):
    BEGINNING = auto()  # a thought may come
    INSIDE = auto()
    BEHIND = auto()  # the thought is over, and nothing was said yet
    ANSWER = auto()


class ThoughtSplit:
    """Takes a model's text and gives thoughts and answer. A thought can only come first."""

    def __init__(self, inside: bool) -> None:
        """`inside`: the prompt has begun a thought."""
        self._place = _Place.INSIDE if inside else _Place.BEGINNING
        self._begun = False  # a thought has words
        self._held = ""  # perhaps the beginning of a marker, or white space around a thought

    @property
    def silent(self) -> bool:
        """Whether the last of the text is no part of the answer."""
        return self._place in (_Place.INSIDE, _Place.BEHIND)

    @property
    def num_held(self) -> int:
        """Characters of the answer, as far as can be told, that are held back."""
        return 0 if self.silent else len(self._held)

    def feed(self, text: str) -> tuple[str, str]:
        """Some more text; returns what is sure now: of the thought, of the answer."""
        held, self._held = self._held + text, ""
        thought = ""
        if self._place is _Place.BEGINNING:
            begun = held.lstrip()
            if len(begun) < len(THINK) and THINK.startswith(begun):
                self._held = held
                return "", ""
            if begun.startswith(THINK):
                self._place, held = _Place.INSIDE, begun[len(THINK) :]
            else:
                self._place = _Place.ANSWER
        if self._place is _Place.INSIDE:
            held = held if self._begun else held.lstrip()
            thought, found, held = held.partition(THOUGHT)
            if not found:
                keep = _kept(thought)
                thought, self._held = thought[: len(thought) - keep], thought[len(thought) - keep :]
                self._begun = self._begun or bool(thought)
                return thought, ""
            self._place, thought = _Place.BEHIND, thought.rstrip()
        if self._place is _Place.BEHIND:
            held = held.lstrip()
            if held:
                self._place = _Place.ANSWER
        return thought, held

    def finish(self) -> tuple[str, str]:
        """No more text comes: what was held back."""
        held, self._held = self._held, ""
        return (held.rstrip(), "") if self.silent else ("", held)


def _kept(thought: str) -> int:
    """How many characters at the end may be the end of a thought: its marker, and white space in front of that."""
    marker = next((n for n in range(min(len(THOUGHT) - 1, len(thought)), 0, -1) if THOUGHT.startswith(thought[-n:])), 0)
    words = thought[: len(thought) - marker].rstrip()
    return len(thought) - len(words)
