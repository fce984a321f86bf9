"""The examples do what they say, against a real server."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.servers.askcam_server import LiveServer

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(example: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLES / example, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("example", "last"),
    [("ask.py", "ms old at the first word"), ("openai_sdk.py", ": from 20"), ("push_frames.py", "ms before")],
)
def test_an_example_answers(live_server: LiveServer, example: str, last: str) -> None:
    done = run(example, "What is in the picture?", live_server.url)
    assert done.returncode == 0, done.stderr
    answer, about = done.stdout.strip().rsplit("\n", 1)
    assert answer.strip()
    assert last in about


@pytest.mark.parametrize("example", ["ask.py", "push_frames.py"])
def test_without_a_server_an_example_says_so_in_a_line(example: str) -> None:
    done = run(example, "What is in the picture?", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_examples_stay_small() -> None:
    examples = sorted(EXAMPLES.glob("*.py"))
    assert [example.name for example in examples] == [
        "ask.py",
        "openai_sdk.py",
        "push_frames.py",
        "webhook_receiver.py",
    ]
    for example in examples:
        assert len(example.read_text().splitlines()) < 60, example.name


def test_the_snippets_of_the_readme_answer(live_server: LiveServer) -> None:
    snippets = re.findall(r"```python\n(.*?)```", (EXAMPLES.parent / "README.md").read_text(), re.DOTALL)
    assert len(snippets) == 3
    for snippet in snippets:
        program = snippet.replace("127.0.0.1:8400", live_server.url.removeprefix("http://")).replace(
            '"demo"', '"lobby"'
        )
        program = program.replace("model=demo", "model=lobby").replace('"max_age_ms": 2000', '"max_age_ms": 60_000')
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), program
