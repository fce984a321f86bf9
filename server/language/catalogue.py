"""Words by language, as they lie in folders named `locales`: en.json, zh.json, others (docs/translating.md).

A file is one JSON object of texts by key. English has every key; what another language lacks, or has wrong, is said in
English. Nothing but these files lists the languages.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

SOURCE = "en"  # what is translated, and what is said where nothing is
FOLDER = "locales"
FORMS = re.compile("_(?:zero|one|two|few|many|other)$")  # of a plural: CLDR's names, as suffixes of the key
_NAME = re.compile(r"\{(\w+)\}")


class LocaleError(Exception):
    """A file of words that cannot be read; says which and why."""


class Locales:
    """Texts by key, from the folder `locales` beside a module. A language's file is read when the first of its words
    is asked for, once for all modules beside it."""

    def __init__(self, module: str) -> None:
        """`module`: `__name__` of the one that lies beside the folder."""
        self._module = module

    @property
    def folder(self) -> Traversable:
        return locales_of(self._module)

    def in_language(self, language: str) -> Mapping[str, str]:
        """All of them by key; in English what that language lacks. Raises LocaleError."""
        return _words_beside(self._module.rpartition(".")[0], language)


@cache
def _words_beside(package: str, language: str) -> Mapping[str, str]:
    return words_in(files(package) / FOLDER, language)


def locales_of(module: str) -> Traversable:
    """The folder of words beside a module, which is named as in `import`."""
    return files(module.rpartition(".")[0]) / FOLDER


def languages(folder: Traversable) -> tuple[str, ...]:
    """Those that have a file there, English first."""
    names = (path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json"))
    return (SOURCE, *sorted(name for name in names if name != SOURCE))


def meant(name: str, among: Iterable[str]) -> str | None:
    """ "zh" of "zh_CN.UTF-8", "ZH-tw" and "zh", "pt-BR" of "pt_BR" where there is one; None if there is no such."""
    there = {language.casefold().replace("_", "-"): language for language in among}
    tag = re.split("[.@]", name.strip().casefold())[0].replace("_", "-")
    while tag and tag not in there:
        tag = tag.rpartition("-")[0]
    return there.get(tag)


def words_in(folder: Traversable, language: str) -> dict[str, str]:
    """All words of a folder, English where the language lacks some. Raises LocaleError."""
    english = own_words(folder, SOURCE)
    if language == SOURCE:
        return english
    return english | {key: text for key, text in own_words(folder, language).items() if _fits(key, text, english)}


def own_words(folder: Traversable, language: str) -> dict[str, str]:
    """What that language's file says, and nothing else; nothing where there is no file. Raises LocaleError."""
    path = folder / f"{language}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise LocaleError(f"{path} cannot be read as words: {exc}; mend it, or remove it") from exc
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise LocaleError(f"{path} must be one JSON object of texts; mend it, or remove it")
    return found


def names_in(text: str) -> set[str]:
    """What is filled in: {names}."""
    return set(_NAME.findall(text))


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` with the values in their places."""
    return _NAME.sub(lambda name: str(values[name[1]]), text)


def _fits(key: str, text: str, english: Mapping[str, str]) -> bool:
    """Whether a text can stand for the English one. An empty one is not translated yet."""
    source = english.get(key) or english.get(FORMS.sub("_other", key))
    return bool(text) and source is not None and names_in(text) <= names_in(source)
