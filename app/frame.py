"""What typer puts around our help texts and errors, in the language that is spoken: titles, "Usage:", "Missing ...".

It says these in English only, out of one module: titles are names there, all else passes through its highlighter.
"""

import importlib.util
import re
import sys
from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

import typer
from rich.text import Text

from askcam.server.language.catalogue import SOURCE
from askcam.server.language.sentences import rows, said
from askcam.server.terminal.words import Words, spoken_language

told = Words(__name__)

MODULE = "typer.rich_utils"
PREFIX = "frame."  # of the keys; all but NAMES' are sentences
NAMES = {  # the module's names, and our keys
    "ARGUMENTS_PANEL_TITLE": "frame.arguments",
    "OPTIONS_PANEL_TITLE": "frame.options",
    "COMMANDS_PANEL_TITLE": "frame.commands",
    "ERRORS_PANEL_TITLE": "frame.error",
    "ABORTED_TEXT": "frame.aborted",
    "REQUIRED_LONG_STRING": "frame.required",
    "DEFAULT_STRING": "frame.default",
    "RICH_HELP": "frame.try",
}
PLACES = {"{value}": "{}", "'{command}'": "[blue]'{command_path} {help_option}'[/]"}  # as ours and typer's are written

Highlighter = Callable[[str | Text], Text]


def translate_frame() -> None:
    """From now on, for this process. The module is read when typer wants it, for a help or an error: that takes a
    tenth of a second."""
    spec = importlib.util.find_spec(MODULE)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(TranslatingLoader(spec.loader))
    sys.modules[MODULE] = module = importlib.util.module_from_spec(spec)
    typer.rich_utils = module  # type: ignore[attr-defined]
    spec.loader.exec_module(module)


class TranslatingLoader(Loader):
    """Translates the module once it is read."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        for name, key in NAMES.items():
            setattr(module, name, as_typers(told(key)))
        module.OptionHighlighter.highlights.append(f"^(?P<usage>{re.escape(told('frame.usage'))})")
        module.highlighter = TranslatedHighlighter(module.highlighter)  # type: ignore[attr-defined]


class TranslatedHighlighter:
    """Typer's, for texts that are ours by then."""

    def __init__(self, highlighter: Highlighter) -> None:
        self._highlighter = highlighter
        english, spoken = (sentences_in(language) for language in (SOURCE, spoken_language()))
        self._table = [(re.compile(pattern), words) for pattern, words in rows(english, spoken)]

    def __call__(self, text: str | Text) -> Text:
        plain = text if isinstance(text, str) else text.plain
        ours = said(plain, self._table)
        if ours == plain:
            return self._highlighter(text)
        return self._highlighter(ours if isinstance(text, str) else Text(ours, style=text.style))


def sentences_in(language: str) -> dict[str, str]:
    """Those of our words that are no titles."""
    titles = set(NAMES.values())
    words = told.in_language(language).items()
    return {key: text for key, text in words if key.startswith(PREFIX) and key not in titles}


def as_typers(text: str) -> str:
    """`text` with what is filled in as typer writes it."""
    for ours, its in PLACES.items():
        text = text.replace(ours, its)
    return text
