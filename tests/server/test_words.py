"""What the commands say, in both languages."""

import ast
import re
import string
from pathlib import Path

import pytest
from program import askcam

from askcam.server.terminal.chinese import CHINESE
from askcam.server.terminal.english import ENGLISH
from askcam.server.terminal.language import LANGUAGES, chosen, known
from askcam.server.terminal.words import CATALOGUES

SERVER = Path(__file__).parents[2] / "server"


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert set(CATALOGUES) == set(LANGUAGES)
    assert list(ENGLISH) == list(CHINESE)


@pytest.mark.parametrize("key", ENGLISH)
def test_what_is_filled_in_is_the_same_in_both(key: str) -> None:
    assert blanks(ENGLISH[key]) == blanks(CHINESE[key])


def test_chinese_is_chinese() -> None:
    plain = {key for key, text in CHINESE.items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert plain <= {"doctor.python", "look.bad", "help.device", "help.dtype"}


def test_every_word_that_is_asked_for_is_there_and_every_word_is_asked_for() -> None:
    asked = set()
    for path in (SERVER / "cli.py", *(SERVER / "commands").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "told" and node.args:
                asked |= {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)}
    assert {key for key in asked if isinstance(key, str) and key in ENGLISH} == set(ENGLISH)
    assert [key for key in asked if isinstance(key, str) and key not in ENGLISH] == []


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
