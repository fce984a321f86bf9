"""The unmodified `openai` package against a real server: chat completions, plain and streamed, camera and picture."""

import base64
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionTokenLogprob
from support.servers.askcam_server import LiveServer


@pytest.fixture
def client(live_server: LiveServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_server.url}/v1", api_key="none", timeout=60) as client:
        yield client


def user(text: str, *pictures: str) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = [{"type": "image_url", "image_url": {"url": url}} for url in pictures]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]


def data_url(pixels: np.ndarray, kind: str = "png") -> str:
    done, data = cv2.imencode(f".{kind}", pixels)
    assert done
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"


def test_a_camera_is_asked_as_a_model(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="lobby", messages=user("What do you see?"))  # type: ignore[arg-type]
    assert isinstance(reply, ChatCompletion)
    assert (reply.choices[0].message.content or "").startswith("I see ")
    assert reply.usage is not None
    assert reply.usage.completion_tokens > 5
    assert reply.model_extra is not None
    assert reply.model_extra["askcam"]["camera"] == "lobby"


def test_a_streamed_answer_comes_in_pieces(client: OpenAI) -> None:
    chunks: list[ChatCompletionChunk] = list(
        client.chat.completions.create(model="lobby", messages=user("What do you see?"), stream=True)  # type: ignore[arg-type, call-overload]
    )
    pieces = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert len(pieces) > 5
    assert "".join(pieces).startswith("I see ")
    last = chunks[-1]
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra is not None
    assert last.model_extra["askcam"]["window"]["frames"] >= 2


def as_said(tokens: list[ChatCompletionTokenLogprob]) -> str:
    """The text that the tokens' bytes are."""
    return b"".join(bytes(one.bytes or []) for one in tokens).decode()


@pytest.mark.parametrize("question", ["What do you see?", "你看到了什么？"])
def test_logprobs_are_those_of_the_answer_s_tokens(client: OpenAI, question: str) -> None:
    reply = client.chat.completions.create(
        model="lobby",
        messages=user(question),  # type: ignore[arg-type]
        temperature=0,
        logprobs=True,
        top_logprobs=3,
    )
    (choice,) = reply.choices
    assert choice.logprobs is not None
    assert choice.logprobs.refusal is None
    tokens = choice.logprobs.content or []
    assert as_said(tokens) == choice.message.content
    for one in tokens:
        assert len(one.top_logprobs) == 3
        assert (one.top_logprobs[0].token, one.top_logprobs[0].bytes) == (one.token, one.bytes)  # greedy
        assert 0 >= one.logprob == one.top_logprobs[0].logprob >= one.top_logprobs[1].logprob
        assert sum(math.exp(other.logprob) for other in one.top_logprobs) <= 1.00001
    assert reply.usage is not None
    assert reply.usage.completion_tokens == len(tokens) + 1  # and the one that ended it


def test_streamed_logprobs_come_with_their_words(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="lobby",
        messages=user("你看到了什么？"),  # type: ignore[arg-type]
        logprobs=True,
        stop="。",
    ) as stream:
        for event in stream:
            if event.type != "chunk" or not event.chunk.choices:
                continue
            (choice,) = event.chunk.choices
            told = choice.logprobs and choice.logprobs.content
            assert bool(told) is bool(choice.delta.content)
            assert as_said(told or []) == (choice.delta.content or "")
            assert all(one.top_logprobs == [] for one in told or [])
        (whole,) = stream.get_final_completion().choices
    assert whole.logprobs is not None
    assert len(whole.logprobs.content or []) > 5
    assert as_said(whole.logprobs.content or []) == whole.message.content


def test_without_logprobs_there_is_null_in_their_place(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="lobby", messages=user("What do you see?"))  # type: ignore[arg-type]
    assert reply.choices[0].logprobs is None


def test_top_logprobs_alone_are_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="needs logprobs=true") as caught:
        client.chat.completions.create(model="lobby", messages=user("What?"), top_logprobs=3)  # type: ignore[arg-type]
    assert caught.value.param == "top_logprobs"


@pytest.mark.parametrize(("rgb", "name"), [((215, 30, 45), "red"), ((60, 90, 220), "blue"), ((245, 245, 245), "white")])
def test_an_attached_picture_is_what_the_model_is_asked_about(
    client: OpenAI, rgb: tuple[int, int, int], name: str
) -> None:
    picture = data_url(np.full((480, 640, 3), rgb[::-1], np.uint8))
    reply = client.chat.completions.create(
        model="askcam",
        messages=user("What color is the background?", picture),  # type: ignore[arg-type]
    )
    assert reply.choices[0].message.content == f"The background is {name}."
    assert reply.model_extra is not None
    assert reply.model_extra["askcam"]["window"] is None


def test_an_attached_video_is_what_the_model_is_asked_about(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (320, 240))
    for _ in range(20):
        writer.write(np.full((240, 320, 3), (45, 30, 215), np.uint8))
    writer.release()
    url = "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()
    parts = [
        {"type": "video_url", "video_url": {"url": url}},
        {"type": "text", "text": "What color is the background?"},
    ]
    reply = client.chat.completions.create(model="askcam", messages=[{"role": "user", "content": parts}])  # type: ignore[list-item, misc]
    assert reply.choices[0].message.content == "The background is red."


def test_cameras_are_listed_as_models(client: OpenAI) -> None:
    assert {"askcam", "lobby"} <= {model.id for model in client.models.list()}


def test_an_unknown_camera_raises_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="loby", messages=user("What?"))  # type: ignore[arg-type]
    assert caught.value.code == "model_not_found"


def test_a_stale_camera_is_refused_without_a_retry(live_server: LiveServer) -> None:
    sent: list[httpx.Request] = []
    http = httpx.Client(event_hooks={"request": [sent.append]}, timeout=60)
    with (
        OpenAI(base_url=f"{live_server.url}/v1", api_key="none", http_client=http, timeout=60) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.chat.completions.create(
            model="lobby",
            messages=user("What?"),  # type: ignore[arg-type]
            extra_body={"askcam": {"max_age_ms": 0.001}},
        )
    assert caught.value.code == "stale_camera"
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:image/jpeg;base64,bm90IGEgcGljdHVyZQ==", "not a picture"),
        ("https://example.invalid/cat.jpg", "data URL"),
        ("data:text/plain;base64,aGk=", "text/plain"),
    ],
)
def test_a_picture_that_is_none_is_refused_by_name(client: OpenAI, url: str, words: str) -> None:
    with pytest.raises(openai.BadRequestError, match=words) as caught:
        client.chat.completions.create(model="askcam", messages=user("What?", url))  # type: ignore[arg-type]
    assert caught.value.param == "messages[0].content[0].image_url.url"


def test_sixty_megapixels_are_refused_from_their_header(client: OpenAI) -> None:
    picture = data_url(np.zeros((6000, 10000, 3), np.uint8), "jpg")
    with pytest.raises(openai.BadRequestError, match=r"60\.0 megapixels"):
        client.chat.completions.create(model="askcam", messages=user("What?", picture))  # type: ignore[arg-type]
