"""Text from outside, written so that no tokenizer finds a special token in it, whatever pieces it came in.

Tokens that are no text (ends of turns, places of pictures, calls of tools) are found by their names, before anything
else is done with a text. So behind each character that such a name could begin with stands BREAK, which the tokenizer
leaves out afterwards: the model reads what was written, to the letter, in tokens of plain text.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from tokenizers import normalizers

from askcam.engine.calls import MARKERS
from askcam.engine.errors import QuestionError

BREAK = "\ufdd0"  # a noncharacter: Unicode has set it aside for programs' own use, and no text needs it
SHORTEST = 2  # characters of a name that can be broken


class Outside:
    """Writes text from outside for one tokenizer. Any thread."""

    def __init__(self, tokenizer: Any, more: Collection[str] = ()) -> None:
        """Has the tokenizer leave BREAK out from now on. `more`: names that nobody may write, beside MARKERS."""
        _leave_out(tokenizer.backend_tokenizer)
        added = [token for token in tokenizer.added_tokens_decoder.values() if _is_marker(token)]
        hidden = {token.content for token in added if not token.normalized}
        # What the tokenizer looks for only when BREAK is gone, or knows as letters only, is taken apart for all to see.
        shown = ({token.content for token in added} | {*MARKERS, *more}) - hidden
        begins = "".join(sorted({re.escape(name[0]) for name in hidden}))
        self._begins = re.compile(f"[{begins}]") if begins else None
        names = "|".join(re.escape(name[1:]) for name in sorted(shown))
        first = "".join(sorted({re.escape(name[0]) for name in shown}))
        self._shown = re.compile(f"[{first}](?={names})") if shown else None

    def written(self, value: Any) -> Any:
        """A text, or a value of JSON with all texts in it, names of fields too. Raises QuestionError."""
        try:
            return self._written(value)
        except RecursionError as exc:
            raise QuestionError("what a tool is called with is nested too deeply", "messages") from exc

    def _written(self, value: Any) -> Any:
        if isinstance(value, str):
            if self._shown is not None:
                value = self._shown.sub(lambda match: match[0] + " ", value)
            return value if self._begins is None else self._begins.sub(lambda match: match[0] + BREAK, value)
        if isinstance(value, Mapping):
            return {self._written(key): self._written(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._written(item) for item in value]
        return value


def _is_marker(token: Any) -> bool:
    """Whether an added token says something about the text, and is not just a run of blanks or a letter of it."""
    return len(token.content) >= SHORTEST and (token.special or not token.content.isspace())


def _leave_out(backend: Any) -> None:
    before = backend.normalizer
    if before is not None and BREAK in str(before):
        return
    leaves = normalizers.Replace(BREAK, "")
    backend.normalizer = leaves if before is None else normalizers.Sequence([leaves, before])
