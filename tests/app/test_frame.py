"""What typer says around ours, in Chinese; and whether it still says what we look for."""

import re
import subprocess
import sys

import pytest
import typer.rich_utils
from support.program import askcam

from askcam.app.frame import NAMES, as_typers, sentences_in, told

ENGLISH = r"Usage|OPTIONS|COMMAND|Arguments|Options|Commands|Error|Show this|required|default:|Try |Missing|No such"


def in_chinese(*args: str) -> str:
    done = askcam("--lang", "zh", *args, env={"COLUMNS": "300"})
    return done.stdout + done.stderr


@pytest.mark.parametrize("args", [("--help",), ("watch", "add", "--help"), ("ask", "-h"), ("watch",)])
def test_help_is_chinese_around_chinese_words(args: tuple[str, ...]) -> None:
    said = in_chinese(*args)
    assert "用法：" in said
    assert "显示此帮助后退出。" in said
    assert re.findall(ENGLISH, said) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("ask",), "缺少参数 'question'。"),
        (("nope",), "没有命令 'nope'。"),
        (("doctor", "--nope"), "没有选项 --nope"),
        (("ask", "q", "--url"), "选项 '--url' 需要一个值。"),
        (("ask", "q", "--max-age-ms", "soon"), "'--max-age-ms' 的值无效：应为数字"),
        (("serve", "--port", "x"), "'--port' 的值无效：应为整数"),
        (("look", "--seconds", "500", "q"), "'--seconds' 的值无效：最大为 60"),
        (("look", "--seconds", "0", "q"), "'--seconds' 的值无效：最小为 0.1"),
        (("ask", "a", "b"), "多余的参数（b）"),
    ],
)
def test_errors_are_chinese(args: tuple[str, ...], words: str) -> None:
    said = in_chinese(*args)
    assert words in said
    assert re.findall(ENGLISH, said) == []


def test_our_english_is_what_typer_says() -> None:
    """A title that typer has renamed would be English for good."""
    program = f"import typer.rich_utils as t; print(*(getattr(t, name) for name in {list(NAMES)}), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    english = told.in_language("en")
    assert done.stdout.splitlines() == [as_typers(english[key]) for key in NAMES.values()]
    assert typer.rich_utils.highlighter(sentences_in("en")["frame.help"]).plain == english["frame.help"]


def test_english_is_left_as_typer_has_it() -> None:
    said = askcam("ask", "--help", env={"LC_ALL": "C.UTF-8"}).stdout
    assert {"Usage", "OPTIONS", "Arguments", "Options", "Show this", "required", "default:"} == set(
        re.findall(ENGLISH, said)
    )
