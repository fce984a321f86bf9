"""Faults of model servers that no answer would show are found at the start, or what they spoil is refused by name."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.servers.running import RunningModelServer

from askcam.engine.errors import ModelError, QuestionError
from askcam.engine.interface import Engine
from askcam.engine.question import Form, Sampling

Opened = Callable[..., Engine]


def checks(engine: Engine) -> dict[str, bool]:
    return {check.name: check.ok for check in engine.info.checks}


def test_a_server_that_does_all_of_it_is_proven_to(vllm: RunningModelServer, opened: Opened) -> None:
    engine = opened(vllm)
    assert checks(engine) == dict.fromkeys(("server", "window", "logprobs", "forms", "newest frame"), True)
    info = engine.info
    assert (info.backend, info.id, info.family) == ("remote", "org/model", "qwen2_vl")
    assert info.context_tokens == 4096  # as the server says
    assert vllm.url in info.note  # where what cameras show goes to
    assert "vLLM 0.32.0" in info.checks[0].detail
    assert engine.trouble() is None


def test_frames_that_are_dropped_are_seen_where_no_tokens_are_told(vllm: RunningModelServer, opened: Opened) -> None:
    vllm.goes_wrong("drops_newest", "no_usage")
    with pytest.raises(ModelError, match="newest frame"):
        opened(vllm)


def test_a_server_that_keeps_no_form_is_given_none(
    vllm: RunningModelServer, opened: Opened, asked: Callable[..., Any]
) -> None:
    vllm.goes_wrong("ignores_schema")
    engine = opened(vllm)
    assert not checks(engine)["forms"]
    form = Form(json.dumps({"type": "object"}))
    vllm.goes_wrong()  # what it asks from now on is counted
    with pytest.raises(QuestionError, match="no form"):
        engine.prepare(form)
    with pytest.raises(QuestionError, match="no form"):
        engine.ask(asked(camera=None, sampling=Sampling(response_format=form)), lambda event: None)
    assert vllm.seen()["requests"] == []


def test_the_longest_window_is_asked_about(ollama: RunningModelServer, opened: Opened) -> None:
    """More pictures than it takes are told at the start, not at the first question."""
    with RunningModelServer("openai", "--most", "10") as server:
        assert opened(server, max_pairs=5)
        with pytest.raises(ModelError, match=r"6 pairs.*At most 10"):
            opened(server, max_pairs=6)
    with pytest.raises(ModelError, match="2 to 16 pairs"):
        opened(ollama, max_pairs=17)


def test_a_model_is_found_by_its_name_or_is_the_only_one(vllm: RunningModelServer, opened: Opened) -> None:
    assert opened(vllm, model="org/model").info.id == "org/model"
    with pytest.raises(ModelError, match=r"no model 'other'; it has org/model"):
        opened(vllm, model="other")
    with RunningModelServer("ollama", "--model", "qwen2.5vl:latest") as server:
        assert opened(server, model="qwen2.5vl").info.id == "qwen2.5vl:latest"


def test_what_kind_of_server_it_is_can_be_asked(
    vllm: RunningModelServer, ollama: RunningModelServer, opened: Opened
) -> None:
    assert "vLLM" in opened(vllm, dialect="auto").info.checks[0].detail
    assert "Ollama" in opened(ollama, dialect="auto").info.checks[0].detail
    with RunningModelServer("ollama", "--model", "hf.co/bartowski/model:Q4") as server:  # whose models are a stranger's
        assert "Ollama" in opened(server, dialect="auto").info.checks[0].detail
    with RunningModelServer("openai") as server:
        assert "OpenAI's protocol" in opened(server, dialect="auto").info.checks[0].detail
    with pytest.raises(ModelError, match=r"no dialect 'vlm'; known: auto, vllm"):
        opened(vllm, dialect="vlm")
    with pytest.raises(ModelError, match=r"no family 'qwen'; known: qwen2_vl"):
        opened(vllm, family="qwen")


def test_where_nothing_answers_it_says_so(opened: Opened) -> None:
    server = RunningModelServer("vllm")
    with server:
        url = server.url
    with pytest.raises(ModelError, match="nothing answers at"):
        opened(server, url=url)


@pytest.mark.parametrize(
    "url",
    ["gpu1:8000", "ftp://gpu1/v1", "http://", "http://me:secret@gpu1/v1", "http://gpu1/v1?key=secret", "http://g u"],
)
def test_an_address_that_is_none_is_told_without_its_secrets(
    url: str, vllm: RunningModelServer, opened: Opened
) -> None:
    with pytest.raises(ModelError, match="url") as caught:
        opened(vllm, url=url)
    assert "secret" not in str(caught.value)


def test_pictures_that_others_can_read_on_the_way_are_warned_of(
    vllm: RunningModelServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    opened(vllm)
    assert "can be read on the way" not in caplog.text
    opened(vllm, url=vllm.url.replace("127.0.0.1", "0.0.0.0"))  # no loopback address, though it leads here
    assert "can be read on the way" in caplog.text


def test_opening_reads_no_torch(vllm: RunningModelServer) -> None:
    program = (
        "import sys; from askcam.engine.interface import EngineConfig; from askcam.engine.open import open_engine; "
        f"open_engine(EngineConfig('', url={vllm.url!r}, dialect='vllm', max_pairs=2)).close(); "
        "print(sorted({'torch', 'torchvision', 'transformers', 'accelerate'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_key_is_sent_and_never_told(
    vllm: RunningModelServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    vllm.goes_wrong("unauthorized")
    caplog.set_level(logging.DEBUG)
    engine = opened(vllm, key="right-key-12345")
    assert "right-key-12345" not in repr(engine.info)
    with pytest.raises(ModelError) as caught:
        opened(vllm, key="wrong-key-54321")
    assert "Incorrect API key" in str(caught.value)  # what the server says, without the key that it repeats
    assert "wrong-key-54321" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("dialect", "pairs", "helps"), [("vllm", 17, "max_pairs = 16 at most"), ("sglang", 4, "leave it out")]
)
def test_pictures_without_loss_are_refused_where_a_window_goes_as_a_film(
    vllm: RunningModelServer, opened: Opened, dialect: str, pairs: int, helps: str
) -> None:
    with pytest.raises(ModelError, match=f"pictures = 'png'.*H.264: {helps}"):
        opened(vllm, url=vllm.url_as(dialect), dialect=dialect, max_pairs=pairs, pictures="png")
    assert opened(vllm, max_pairs=16, pictures="png")
