"""`askcam summarize` on films whose happenings are known, with the built-in model."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clips import write_clip
from support.films import Film, make_film, write_film
from support.program import TIMEOUT_S, askcam, refused

SEED = 31  # which film is told here is no matter: benchmarks/summarize.py counts over many
SECONDS = 60.0
SHORT_SEED, SHORT_S = 2, 20.0  # something appears and something else disappears: for how it is told


@pytest.fixture(scope="module")
def film() -> Film:
    return make_film(SEED, SECONDS)


@pytest.fixture(scope="module")
def path(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    write_film(film, path)
    return path


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "short.mp4"
    write_film(make_film(SHORT_SEED, SHORT_S), path)
    return path


def summary(*args: str) -> dict[str, Any]:
    done = askcam("summarize", *args, "--format", "json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def matched(film: Film, events: list[dict[str, Any]]) -> Iterator[bool]:
    for happening in film.truth:
        kind = "appeared" if happening.appears else "disappeared"
        yield any(event["kind"] == kind and abs(event["at_s"] - happening.at_s) <= 2 for event in events)


def test_what_happens_in_a_film_is_told_with_its_time(film: Film, path: Path) -> None:
    told = summary(str(path))
    assert len(film.truth) >= 3, "this film shows nothing"
    assert sum(matched(film, told["events"])) >= len(film.truth) - 1, (film.truth, told["events"])
    assert len(told["events"]) <= len(film.truth) + 2
    assert told["seconds"] == pytest.approx(SECONDS, abs=1)
    assert told["gaps"] == []
    assert told["scenes"][0]["start_s"] == 0
    assert told["scenes"][-1]["end_s"] == pytest.approx(SECONDS, abs=1)


def test_in_chinese_and_into_a_file(short: Path, tmp_path: Path) -> None:
    out = tmp_path / "summary.md"
    done = askcam("summarize", str(short), "--language", "zh", "--format", "md", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    text = out.read_text()
    assert "## 发生了什么" in text
    assert "出现了" in text or "消失了" in text
    assert "I see" not in text


def test_a_question_of_ones_own_is_asked_of_each_segment(short: Path) -> None:
    told = summary(str(short), "--question", "What color is the background?", "--segment", "4")
    assert {scene["text"].split(" is ")[0] for scene in told["scenes"]} == {"The background"}
    assert told["segments"] > 5
    assert told["segment_s"] == 4


def test_a_camera_is_summarised_for_some_seconds() -> None:
    told = summary("synthetic:7", "--for", "9", "--segment", "4")
    assert told["started"] is not None
    assert told["segments"] >= 2
    assert told["scenes"][0]["text"].startswith("I see ")
    assert told["source"] == "synthetic:7"


def test_progress_is_shown_on_a_terminal(short: Path) -> None:
    """stderr is a terminal, stdout is not: the summary alone can be piped on."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "askcam.app.cli", "summarize", str(short)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, env=env) as process:
        os.close(slave)
        shown = bytearray()
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # Linux says EIO when the other end is closed
                break
            if not more:
                break
            shown += more
        assert process.stdout is not None
        told = process.stdout.read().decode()
        assert process.wait(TIMEOUT_S) == 0
    os.close(master)
    assert "/ 00:00:20" in shown.decode(), "how far it has come of the whole"
    assert "events" in shown.decode()
    assert told.startswith(f"{short} · 00:00:20")


def test_what_cannot_be_summarised_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("Dear camera,")
    write_clip(tmp_path / "clip.mp4")
    clip = str(tmp_path / "clip.mp4")
    for args, words in (
        ([str(tmp_path / "letter.mp4")], "letter.mp4"),
        ([str(tmp_path / "none.mp4")], "no such file"),
        ([str(tmp_path)], "folder"),
        (["gopher://x"], "gopher"),
        ([clip, "--format", "pdf"], "text, md, json"),
        ([clip, "--out", str(tmp_path)], "is a folder"),
        ([clip, "--out", str(tmp_path / "no" / "x.md")], "no folder"),
        ([clip, "--for", "5"], "--for"),
        ([clip, "--segment", "60", "--fps", "2"], "--fps 0.23"),
    ):
        assert words in refused("summarize", *args), args
