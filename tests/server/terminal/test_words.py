"""What the commands say, in each of their languages."""

import ast
import json
import re
from pathlib import Path

import pytest
from support.program import askcam

from askcam.server.language.catalogue import FOLDER, LocaleError, Locales, languages, words_in
from askcam.server.terminal.language import LANGUAGES, chosen, known
from askcam.server.terminal.words import told as general

ROOT = Path(__file__).parents[3]
EVERY = [*(ROOT / "app").rglob("*.py"), *(ROOT / "server/terminal").glob("*.py"), *(ROOT / "features").rglob("*.py")]
BESIDE = [
    ROOT / "app",
    ROOT / "app/commands",
    *sorted({path.parent for path in ROOT.glob("features/*/*.py") if "Words(__name__)" in path.read_text()}),
]
SPOKEN: list[tuple[Locales, list[Path]]] = [  # words, and the files that say them
    (general, EVERY),
    *((Locales(f"askcam.{'.'.join(room.relative_to(ROOT).parts)}.x"), list(room.glob("*.py"))) for room in BESIDE),
    (Locales("askcam.features.events.x"), list((ROOT / "features/events").glob("*.py"))),
]
KEYS = [(words, key) for words, _ in SPOKEN for key in words.in_language("en")]
FRAME = "frame."  # what typer says: app/frame.py looks at all of it


def test_chinese_is_chinese() -> None:
    plain = {key for words, key in KEYS if not re.search(r"[\u4e00-\u9fff]", words.in_language("zh")[key])}
    assert plain <= {"doctor.python", "look.bad", "help.device", "help.dtype", "age.ms", "age.s"}


def test_every_word_that_is_asked_for_is_there_and_every_word_is_asked_for() -> None:
    assert len(SPOKEN) > 9
    every = {key for _, key in KEYS}
    for words, files in SPOKEN:
        asked = {key for path in files for key in said(path)}
        assert {key for key in words.in_language("en") if not key.startswith(FRAME)} <= asked
        assert asked <= every


def said(path: Path) -> set[str]:
    """The keys that a file asks for."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("told", "general"):
            found |= (
                {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)} if node.args else set()
            )
    return {key for key in found if isinstance(key, str)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Words in English and in a language that lacks some, and has some wrong."""
    english = {"yes": "Yes", "no": "No", "who": "{name} is here", "days_one": "{n} day", "days_other": "{n} days"}
    partly = {"yes": "Jes", "no": "", "who": "{nomo} estas tie", "days_few": "{n} tagoj", "gone": "For"}
    for language, words in {"en": english, "eo": partly}.items():
        (tmp_path / f"{language}.json").write_text(json.dumps(words))
    return tmp_path


def test_what_a_language_lacks_or_has_wrong_is_said_in_english(folder: Path) -> None:
    english = words_in(folder, "en")
    assert words_in(folder, "eo") == english | {"yes": "Jes", "days_few": "{n} tagoj"}
    assert words_in(folder, "fr") == english


@pytest.mark.parametrize("text", ["{", "[]", '{"yes": 5}', "\xff"])
def test_a_file_that_cannot_be_read_is_named(folder: Path, text: str) -> None:
    (folder / "eo.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(LocaleError, match=r"eo\.json.*mend it, or remove it"):
        words_in(folder, "eo")


def test_the_languages_are_the_files_that_are_there() -> None:
    assert languages(ROOT / "server/terminal" / FOLDER) == LANGUAGES
    assert {"en", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize(
    ("argv", "env", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"ASKCAM_LANG": "zh", "LC_ALL": "en_US"}, "zh"),
        (["--lang", "zh", "doctor"], {"ASKCAM_LANG": "en"}, "zh"),
        (["--lang=en", "doctor"], {"ASKCAM_LANG": "zh"}, "en"),
        (["ask", "--lang", "zh"], {}, "en"),
        (["--lang"], {}, "en"),
    ],
)
def test_the_flag_goes_before_the_variable_and_that_before_the_system(
    argv: list[str], env: dict[str, str], language: str
) -> None:
    assert chosen(argv, env) == language


def test_names_of_languages() -> None:
    assert [known(name) for name in ("zh", "ZH-tw", "zh_CN.UTF-8", "en_GB", "fr", "C", "")] == [
        *("zh", "zh", "zh", "en", None, None, None)
    ]


def test_the_program_speaks_chinese_in_a_chinese_system() -> None:
    told = askcam("look", "nope.jpg", "?", env={"LC_ALL": "zh_CN.UTF-8"})
    assert told.returncode == 2
    assert "没有图片 nope.jpg" in told.stderr
    assert "Ask a running server" in askcam("--lang", "en", "--help", env={"LC_ALL": "zh_CN.UTF-8"}).stdout
    assert "向运行中的服务器提问" in askcam("--lang", "zh", "--help").stdout


def test_a_language_that_is_not_spoken_is_refused() -> None:
    told = askcam("--lang", "fr", "doctor")
    assert told.returncode == 2
    assert "en, zh" in told.stderr
