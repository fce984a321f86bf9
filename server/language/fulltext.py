"""How words are written for a full-text index, and how a search is. Pure.

SQLite's tokenizer sees blanks and signs between words, so characters of scripts that are written without blanks are
set apart; a search for 苹果 is then one for the phrase "苹 果".
"""

import re
import unicodedata

from askcam.server.language.chinese import is_han

TOKEN = re.compile(r"\w+")
MAX_TOKENS = 24  # of one search
FILLERS = frozenset(
    ["a", "an", "the", "of", "this", "that", "these", "those", "some", "my", "your", "please", "for", "in", "on", "and"]
)


def spaced(text: str) -> str:
    """`text` with blanks around each character that stands for a word."""
    flat = unicodedata.normalize("NFKC", text)
    return "".join(f" {char} " if is_han(char) else char for char in flat)


def tokens(text: str) -> list[str]:
    """Its words in lower case, without articles and their like; those alone are kept if there are no others."""
    found = [token.casefold() for token in TOKEN.findall(spaced(text))]
    return ([token for token in found if token not in FILLERS] or found)[:MAX_TOKENS]


def all_of(words: list[str]) -> str:
    """An FTS5 search for lines that hold all of `words`, the last perhaps only begun; single characters in a row
    are a phrase."""
    parts: list[str] = []
    for word in words:
        if parts and is_han(word) and is_han(parts[-1][-2]):
            parts[-1] = f'{parts[-1][:-1]} {word}"'
        else:
            parts.append(f'"{word}"')
    return " AND ".join(parts)


def any_of(words: list[str]) -> str:
    return " OR ".join(f'"{word}"' for word in words)


def mostly(name: str, words: list[str]) -> bool:
    """Whether `words` hold all words of a name, and few others: "red apples 1 kg" holds "apples", but isn't it."""
    wanted = {stem(token) for token in tokens(name)}
    given = {stem(word) for word in words}
    return bool(wanted) and wanted <= given and 2 * len(wanted) > len(given)


def stem(word: str) -> str:
    """Plural and singular of an English word, brought together; only for comparing."""
    for ending, instead in (("ies", "y"), ("oes", "o"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
