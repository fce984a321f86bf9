"""Names and values from outside, as complaints repeat them: cut, and beside the known one that is nearest. Pure."""

import difflib
from collections.abc import Iterable

SHOWN = 60  # characters of what somebody sent that a message repeats
NEAR = 0.5  # how like a name must be to be the one that was meant, 0 to 1
MOST_KNOWN = 40  # names that are listed where none is near


def quoted(value: object) -> str:
    """`value` as Python writes it; of a long text the beginning, followed by "..."."""
    if isinstance(value, str):
        return repr(value) if len(value) <= SHOWN else f"{value[:SHOWN]!r}..."
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to write in place of an unknown `name`, to end a complaint with: "did you mean 'cameras'?", or all that is
    known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=NEAR) if len(name) <= SHOWN else []
    if near:
        return f"did you mean {near[0]!r}?"
    more = "" if len(names) <= MOST_KNOWN else ", ..."
    return f"known here: {', '.join(names[:MOST_KNOWN])}{more}"
