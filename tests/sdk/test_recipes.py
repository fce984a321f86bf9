"""docs/recipes.md: each program's own requests before the real server, as its source of the named version has them."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from conftest import SEED
from openai import OpenAI
from standardwebhooks.webhooks import Webhook
from support.parts import need
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server
from support.tiny_models import save_tiny

from askcam.app import config_file
from askcam.demo.builtin import model_path
from askcam.demo.synthetic import SyntheticScene

PAGE = (Path(__file__).parents[2] / "docs/recipes.md").read_text()
TOKEN = "recipe-token"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
REVIEW = {  # of Frigate 0.18, frigate/data_processing/post/types.py, as it is sent
    "type": "object",
    "properties": {
        "scene": {"type": "string"},
        "confidence": {"type": "number"},
        "potential_threat_level": {"type": "integer", "minimum": 0, "maximum": 2},
    },
    "required": ["scene", "confidence"],
}
JS = """
const crypto = require("crypto");
const kept = {};
const context = { get: (name) => kept[name], set: (name, value) => { kept[name] = value; } };
const asked = JSON.parse(require("fs").readFileSync(0));
const env = { get: () => asked.secret };
const flow = (msg) => { BODY };
console.log(JSON.stringify(asked.requests.map(({ headers, body }) => {
  const [reply, event] = flow({ req: { headers }, payload: Buffer.from(body, "base64") });
  return [reply.statusCode, event && event.payload];
})));
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with start_server(cameras=[f"door=synthetic:{SEED}"], env={"ASKCAM_TOKEN": TOKEN}) as server:
        wait_for_pairs(server, "door", 2, TOKEN)
        yield server


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """With a model that has none of the built-in one's limits: untrained, so that nothing is known of its words."""
    folder = save_tiny("qwen2_5_vl", model_path(), tmp_path_factory.mktemp("tiny"))
    with start_server(
        "--model", str(folder), cameras=[f"door=synthetic:{SEED}"], env={"ASKCAM_TOKEN": TOKEN}
    ) as server:
        wait_for_pairs(server, "door", 2, TOKEN)
        yield server


@pytest.fixture(scope="module")
def thumbnails() -> list[str]:
    """JPEGs in base64."""
    scene = SyntheticScene(SEED)
    jpegs = [cv2.imencode(".jpg", scene.at(at)[:, :, ::-1])[1].tobytes() for at in (3.0, 3.5, 4.0)]
    return [base64.b64encode(jpeg).decode() for jpeg in jpegs]


def sdk(server: LiveServer) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0)


def jpeg(image: str) -> str:
    return f"data:image/jpeg;base64,{image}"


def words(reply: Any) -> str:
    said = reply["choices"][0]["message"]["content"]
    assert isinstance(said, str)
    return said


def signed(secret: str, name: str, body: bytes) -> dict[str, str]:
    """Headers of a webhook, as the specification's own library has them."""
    at = datetime.now(tz=UTC)
    signature = Webhook(secret).sign(name, at, body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def post(server: LiveServer, **body: Any) -> Any:
    """As programs do that use no SDK."""
    headers = {"Content-type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=body, headers=headers, timeout=120)
    assert reply.status_code == 200, reply.text
    return reply.json()


# Frigate 0.18, frigate/genai/plugins/openai.py


def frigate_asks(server: LiveServer, prompt: str, images: list[str], captions: list[str], **more: Any) -> Any:
    content: list[Any] = [{"type": "text", "text": prompt}]
    for index, image in enumerate(images):
        if index < len(captions):
            content.append({"type": "text", "text": captions[index]})
        content.append({"type": "image_url", "image_url": {"url": jpeg(image), "detail": "low"}})
    with sdk(server) as client:
        return client.chat.completions.create(
            model="askcam", messages=[{"role": "user", "content": content}], timeout=60, **more
        ).choices[0]


@pytest.mark.parametrize("captions", [[], ["frame 1", "frame 2"]])
def test_frigate_has_descriptions(server: LiveServer, thumbnails: list[str], captions: list[str]) -> None:
    with sdk(server) as client:
        lengths = {model.id: getattr(model, "max_model_len", None) for model in client.models.list().data}
    assert lengths["askcam"], "how long its prompts may be"
    assert "see" in frigate_asks(server, "What do you see?", thumbnails, captions).message.content


def test_frigate_has_reviews_of_a_model_that_talks(talking: LiveServer, thumbnails: list[str]) -> None:
    form = {"name": "review", "strict": True, "schema": REVIEW | {"additionalProperties": False}}
    wanted = {"type": "json_schema", "json_schema": form}
    told = frigate_asks(talking, "Analyze the images.", thumbnails, ["frame 1"], response_format=wanted)
    assert told.message.content.lstrip().startswith("{")
    assert told.finish_reason != "stop" or {"scene", "confidence"} <= json.loads(told.message.content).keys()


def test_frigates_chat_streams_and_counts(server: LiveServer) -> None:
    tool: Any = {"type": "function", "function": {"name": "search_objects", "parameters": {"type": "object"}}}
    with sdk(server) as client:
        stream = client.chat.completions.create(
            model="door", messages=[{"role": "user", "content": "What do you see?"}], stream=True, timeout=60,
            stream_options={"include_usage": True}, tools=[tool], tool_choice="auto",
        )  # fmt: skip
        chunks = list(stream)
    assert [chunk for chunk in chunks if chunk.usage]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()


# LLM Vision 1.7, custom_components/llmvision/providers.py


@pytest.mark.parametrize("model", ["askcam", "door"])
def test_llm_vision_is_set_up_with_a_model_that_talks(talking: LiveServer, model: str) -> None:
    assert post(talking, model=model, messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])


def test_llm_vision_is_set_up_with_a_camera_of_the_built_in_model(server: LiveServer) -> None:
    assert post(server, model="door", messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])


def test_llm_vision_asks_and_has_its_structure_and_title(
    server: LiveServer, talking: LiveServer, thumbnails: list[str]
) -> None:
    content: list[Any] = []
    for number, image in enumerate(thumbnails, 1):
        content.append({"type": "text", "text": f"Image {number}:"})
        content.append({"type": "image_url", "image_url": {"url": jpeg(image)}})
    content.append({"type": "text", "text": "What do you see?"})
    messages = [{"role": "system", "content": "You look at pictures."}, {"role": "user", "content": content}]
    asked = {"model": "askcam", "messages": messages, "max_completion_tokens": 60, "temperature": 0.5, "top_p": 0.9}
    assert words(post(server, **asked))
    schema = {
        "type": "object", "properties": {"seen": {"type": "boolean"}}, "required": ["seen"],
        "additionalProperties": False,
    }  # fmt: skip
    form = {"type": "json_schema", "json_schema": {"name": "response", "schema": schema, "strict": True}}
    assert json.loads(words(post(server, **asked, response_format=form))).keys() == {"seen"}
    title = [{"role": "user", "content": [{"type": "text", "text": text}]} for text in ("Make a title.", "An apple.")]
    words(post(talking, **{**asked, "messages": title}))


# Open WebUI 0.12, backend/open_webui/routers/openai.py and tasks.py


def test_open_webui_lists_cameras_and_chats(server: LiveServer, thumbnails: list[str]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    models = httpx.get(f"{server.url}/v1/models", headers=headers, timeout=60).json()["data"]
    assert {"door", "askcam"} <= {model["id"] for model in models}
    asked: dict[str, Any] = {"model": "door", "messages": [{"role": "user", "content": "What do you see?"}]}
    body = {**asked, "stream": True, "stream_options": {"include_usage": True}}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, headers=headers, timeout=120) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in reply.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    picture = {"type": "image_url", "image_url": {"url": jpeg(thumbnails[0])}}
    before = [*asked["messages"], {"role": "assistant", "content": "I see an apple."}]
    again = [*before, {"role": "user", "content": [{"type": "text", "text": "What do you see?"}, picture]}]
    assert words(post(server, model="askcam", messages=again, stream=False))


@pytest.mark.parametrize("task", ["Generate a concise, 3-5 word title.", "Generate 1-3 broad tags."])
def test_open_webui_has_its_tasks_done_by_a_model_that_talks(talking: LiveServer, task: str) -> None:
    messages = [{"role": "user", "content": f"### Task:\n{task}"}]
    words(post(talking, model="askcam", messages=messages, stream=False, max_tokens=100))


# live-vlm-webui 0.4, live_vlm_webui/vlm_service.py


def test_live_vlm_webui_is_answered_about_its_picture(server: LiveServer, thumbnails: list[str]) -> None:
    content: list[Any] = [
        {"type": "text", "text": "What do you see?"},
        {"type": "image_url", "image_url": {"url": jpeg(thumbnails[0])}},
    ]
    with sdk(server) as client:
        reply = client.chat.completions.create(
            model="askcam", messages=[{"role": "user", "content": content}], max_tokens=512, temperature=0.7
        )
    assert (reply.choices[0].message.content or "").strip()


# n8n, Node-RED


def test_the_lines_for_node_red_let_in_what_is_signed_once(tmp_path: Path) -> None:
    node = shutil.which("node")
    need(node is not None, "there is no node")
    (lines,) = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    body = json.dumps({"type": "event.on", "data": {"id": 1, "watch": "parcel", "message": "箱"}}).encode()
    good = signed(SECRET, "evt_1", body)
    requests = [
        (good, body),
        (good, body),  # again
        (good, body + b" "),
        (signed("whsec_" + base64.b64encode(bytes(32)).decode(), "evt_2", body), body),
        (good | {"webhook-timestamp": "1"}, body),
        ({name: value for name, value in good.items() if name != "webhook-signature"}, body),
    ]
    asked = {
        "secret": SECRET,
        "requests": [{"headers": each, "body": base64.b64encode(said).decode()} for each, said in requests],
    }
    script = tmp_path / "flow.js"
    script.write_text(JS.replace("BODY", lines))
    done = subprocess.run([str(node), str(script)], input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == [[204, json.loads(body)], [204, None], [401, None], [401, None], [401, None], [401, None]]


# What the page has of askcam's own


def test_its_configurations_are_read(tmp_path: Path) -> None:
    blocks = [
        block for block in re.findall(r"((?:^    .*\n|^\n(?=    \[))+)", PAGE, re.MULTILINE) if "[notify" in block
    ]
    assert len(blocks) == 2
    env = dict.fromkeys(re.findall(r'secret_env = "(\w+)"', PAGE), SECRET)
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        text = "\n".join(line[4:] for line in block.splitlines())
        if "cameras.door" not in text and '["door"]' in text:
            text += '\n[cameras.door]\nuri = "synthetic:7"\n'
        path.write_text(text)
        config_file.check(config_file.load(path, env))
