"""Which words are one token of a model that runs elsewhere, and which: by its server, or by its tokenizer.json."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from askcam.engine.errors import ModelError, QuestionError
from askcam.engine.remote.transport import Transport

MAX_KEPT = 4096  # words
# Words of which a longer tokenization does no harm where a first token is found by its text: it never shows.
PLAIN = frozenset(
    {"Yes", "yes", "YES", "No", "no", "NO", "是", "是的", "有", "对", "在", "不", "不是", "没有", "没", "否"}
)


class Vocabulary(Protocol):
    """Any thread may call it."""

    def count(self, text: str) -> int | None:
        """How many tokens a text is; None where that cannot be told."""
        ...

    def tokens(self, words: Sequence[str]) -> list[int | None]:
        """The one token of each word; None for a word that has more. Raises QuestionError where it cannot be told."""
        ...


class UnknownVocabulary:
    """Of a server that tells nothing of its tokens."""

    def count(self, text: str) -> int | None:
        return None

    def tokens(self, words: Sequence[str]) -> list[int | None]:
        raise QuestionError(
            f"whether {words[0]!r} is one token of this model cannot be told: name the folder of its tokenizer.json "
            "(tokenizer under [model]), or ask what is answered with yes or no",
            "choices",
        )


class TokenizerFile:
    """A model's own tokenizer.json."""

    def __init__(self, folder: Path) -> None:
        """Raises ModelError."""
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json" if folder.is_dir() else folder
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as exc:  # the library raises Exception itself
            raise ModelError(f"cannot read the tokenizer {path}: {exc}; name the folder of a tokenizer.json") from exc

    def count(self, text: str) -> int | None:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def tokens(self, words: Sequence[str]) -> list[int | None]:
        found = (self._tokenizer.encode(word, add_special_tokens=False).ids for word in words)
        return [ids[0] if len(ids) == 1 else None for ids in found]


class ServerVocabulary:
    """By POST /tokenize, as vLLM has it. What was told once is kept."""

    def __init__(self, transport: Transport, run: Callable[[Awaitable[Any]], Any]) -> None:
        """`run`: waits for something on the engine's event loop, from any other thread."""
        self._transport, self._run = transport, run
        self._kept: dict[str, int | None] = {}

    def count(self, text: str) -> int | None:
        return len(self._run(self._ids(text)))

    def tokens(self, words: Sequence[str]) -> list[int | None]:
        unknown = [word for word in dict.fromkeys(words) if word not in self._kept]
        if unknown:
            found = dict(zip(unknown, self._run(self._of_all(unknown)), strict=True))
            if len(self._kept) + len(found) > MAX_KEPT:
                self._kept.clear()
            self._kept |= found
            return [found[word] if word in found else self._kept[word] for word in words]
        return [self._kept[word] for word in words]

    async def _of_all(self, words: Sequence[str]) -> list[int | None]:
        found = [await self._ids(word) for word in words]
        return [ids[0] if len(ids) == 1 else None for ids in found]

    async def _ids(self, text: str) -> list[int]:
        body = {"model": self._transport.model, "prompt": text, "add_special_tokens": False}
        told = await self._transport.post("/tokenize", body, root=True)
        ids = told.get("tokens")
        if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
            raise ModelError("the model server's /tokenize tells no tokens: name the tokenizer's folder (tokenizer)")
        return ids
