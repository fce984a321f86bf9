"""The drawn objects that the built-in model knows, by name. Read once from objects.txt beside this file."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Drawn:
    """One kind of object. `index` is its place in objects.txt and on every sprite sheet."""

    index: int
    emoji: str
    en: str  # without article: "bunch of grapes"
    zh: str
    category: str

    @property
    def a(self) -> str:
        """With its article, as the model says it: "an apple"."""
        first = self.en.split()[0].lower()
        vowel = first[0] in "aeiou" and not first.startswith(("uni", "one", "eu"))
        return f"{'an' if vowel or first == 'hourglass' else 'a'} {self.en}"


@cache
def drawn_objects() -> tuple[Drawn, ...]:
    """All of them, in the order of the sprite sheets."""
    lines = (HERE / "objects.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.strip() and not line.startswith("#")]
    return tuple(Drawn(i, row[0], row[1], row[2], row[3]) for i, row in enumerate(rows))
