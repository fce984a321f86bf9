"""Somebody else's model server, for real: `transformers serve` with the built-in model, asked about drawn scenes."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.parts import need
from support.ports import own_port
from support.scene_camera import SceneCamera, answer_of, ask_all

from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine

START_S = 120.0
QUESTIONS = 4


@pytest.fixture(scope="module")
def url(builtin: Path) -> Iterator[str]:
    need(importlib.util.find_spec("fastapi") is not None, "transformers serve lacks fastapi: pip install '.[test]'")
    port = own_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(builtin)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=60).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "transformers serve ended"
                assert time.monotonic() < deadline, "transformers serve did not start"
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def remote(url: str, builtin: Path) -> Iterator[Engine]:
    engine = open_engine(
        EngineConfig("", url=url, dialect="transformers", max_pairs=3, max_pixels=54 * 28 * 28, first_s=60)
    )
    yield engine
    engine.close()


def test_it_is_found_proven_and_says_what_it_sees(remote: Engine) -> None:
    assert {check.name: check.ok for check in remote.info.checks}["window"]
    answered = list(ask_all([remote], num_scenes=QUESTIONS // 2, seed=3))
    assert len(answered) == QUESTIONS
    for _, _, (answer,) in answered:
        assert answer.text.strip()
        assert answer.usage.prompt_tokens > answer.usage.vision_tokens > 0
        assert answer.usage.completion_tokens > 0
    assert len({answer.text for _, _, (answer,) in answered}) > 1  # it looks


def test_each_picture_costs_what_the_familys_rule_says(remote: Engine) -> None:
    """Nothing is resized on the way: but for two marks around each picture, the rest of the prompt stays as it is."""
    rest: set[int] = set()
    for num_frames in (1, 3, 6):
        camera = SceneCamera(1, remote, 5.0)
        camera.go_on(num_frames)
        remote.attach(camera)
        usage = answer_of(remote, "What do you see?").usage
        remote.detach(camera.name)
        rest.add(usage.prompt_tokens - usage.vision_tokens - 2 * len(camera.look().frames))
    assert len(rest) == 1
