"""The files of words: one form, the same {names} in every language, and no sentence that nobody says any more."""

import json
import re
from pathlib import Path

import pytest

from askcam.server.language.catalogue import FOLDER, FORMS, SOURCE, languages, names_in, own_words, words_in
from askcam.server.terminal.language import LANGUAGES

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app", "examples/feature")
FOLDERS = sorted(path for room in ROOMS for path in (ROOT / room).rglob(FOLDER) if path.is_dir())
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*"))]
TRANSLATED = [path for path in FILES if path.stem != SOURCE]
COMPLETE = {"zh"}  # what they lack is noticed here; others may lack what they like
SENTENCES = ROOT / "server/language" / FOLDER  # may leave out what a sentence of ours tells in English


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_such_files() -> None:
    assert len(FOLDERS) > 12
    assert {path.stem for path in FILES} >= {SOURCE} | COMPLETE


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_is_written_as_translation_tools_write_it(path: Path) -> None:
    """Sorted as English is, four spaces, each key once, texts only: what they write differs in what was translated."""
    words = json.loads(path.read_text())
    assert path.suffix == ".json"
    assert path.read_text() == json.dumps(words, ensure_ascii=False, indent=4) + "\n"
    assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", key) for key in words)
    assert all(isinstance(text, str) for text in words.values())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_there_is_no_markup_in_words(path: Path) -> None:
    marked = {key: text for key, text in json.loads(path.read_text()).items() if re.search(r"</?\w|&#?\w+;|\[/", text)}
    assert marked == {}


@pytest.mark.parametrize("path", TRANSLATED, ids=named)
def test_a_language_fills_in_what_english_does_and_knows_no_other_keys(path: Path) -> None:
    english, own = own_words(path.parent, SOURCE), own_words(path.parent, path.stem)
    for key, text in own.items():
        source = english.get(key) or english.get(FORMS.sub("_other", key))
        assert source is not None, f"{key} is not in English"
        fewer = path.parent == SENTENCES or (FORMS.search(key) and not key.endswith("_other"))
        assert text == "" or names_in(text) == names_in(source) or (fewer and names_in(text) < names_in(source)), key


@pytest.mark.parametrize("path", TRANSLATED, ids=named)
def test_a_language_has_the_order_of_english_and_is_known_to_the_program_and_the_pages(path: Path) -> None:
    places = {FORMS.sub("", key): place for place, key in enumerate(own_words(path.parent, SOURCE))}
    own = [places[FORMS.sub("", key)] for key in own_words(path.parent, path.stem)]
    assert own == sorted(own)
    if path.stem in COMPLETE:
        assert set(own) == set(places.values())
    assert path.stem in LANGUAGES
    assert path.stem in languages(ROOT / "client/web" / FOLDER)


def test_no_two_pages_have_the_same_key() -> None:
    """All of them are joined; what is in one would hide what is in another."""
    keys = [key for folder in FOLDERS if "web" in folder.parts for key in own_words(folder, SOURCE)]
    assert len(keys) == len(set(keys))


def test_only_a_plural_ends_like_one_and_it_has_an_other() -> None:
    for folder in FOLDERS:
        english = own_words(folder, SOURCE)
        for key in filter(FORMS.search, english):
            assert "web" in folder.parts, f"{key}: the command line has no plurals"
            assert FORMS.sub("_other", key) in english, f"{key} looks like a plural"


def test_every_sentence_is_still_said_somewhere() -> None:
    """By those of its parts that are long enough to be told from others."""
    said = "\n".join(path.read_text() for room in ROOMS[:6] for path in (ROOT / room).rglob("*.py"))
    said += (ROOT / "demo/model/askcam.json").read_text()
    said = re.sub(r'"\s*\n\s*f?"', "", said)  # strings over several lines
    for key, text in words_in(SENTENCES, SOURCE).items():
        if key == "question.rate":
            continue  # what there are too many of is filled in there
        for part in re.split(r"\{\w+\}|[':;,.()]", text):
            assert len(part) < 15 or part.strip() in said, (key, part)
