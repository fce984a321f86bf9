"""What the commands say, in both languages."""

import ast
import re
import string
from importlib import import_module
from pathlib import Path

import pytest
from support.program import askcam

from askcam.server.terminal.language import LANGUAGES, chosen, known
from askcam.server.terminal.words import Words, told

ROOT = Path(__file__).parents[3]
FEATURES = {
    path.parent: import_module(f"askcam.features.{path.parent.name}.cli_words").told
    for path in ROOT.glob("features/*/cli_words.py")
}
SPOKEN: list[tuple[Words, list[Path]]] = [  # words, and the files that say them
    (
        told,
        [*(ROOT / "app").rglob("*.py"), *(ROOT / "server/terminal").glob("*.py"), *(ROOT / "features").rglob("*.py")],
    ),
    *((words, list(folder.glob("*.py"))) for folder, words in FEATURES.items()),
]
KEYS = [(words, key) for words, _ in SPOKEN for key in words.by_language["en"]]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_says_the_same_things() -> None:
    assert len(FEATURES) >= 2
    for words, _ in SPOKEN:
        assert set(words.by_language) == set(LANGUAGES)
        assert list(words.by_language["en"]) == list(words.by_language["zh"])


@pytest.mark.parametrize(("words", "key"), KEYS, ids=[key for _, key in KEYS])
def test_what_is_filled_in_is_the_same_in_both(words: Words, key: str) -> None:
    assert blanks(words.by_language["en"][key]) == blanks(words.by_language["zh"][key])


def test_chinese_is_chinese() -> None:
    plain = {key for words, key in KEYS if not re.search(r"[\u4e00-\u9fff]", words.by_language["zh"][key])}
    assert plain <= {"doctor.python", "look.bad", "help.device", "help.dtype"}


def test_every_word_that_is_asked_for_is_there_and_every_word_is_asked_for() -> None:
    every = {key for words, _ in SPOKEN for key in words.by_language["en"]}
    for words, files in SPOKEN:
        asked = {key for path in files for key in said(path)}
        assert set(words.by_language["en"]) <= asked
        assert asked <= every


def said(path: Path) -> set[str]:
    """The keys that a file asks for."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "told" and node.args:
            found |= {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)}
    return {key for key in found if isinstance(key, str)}


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
