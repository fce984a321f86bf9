"""Chinese over the websocket and over SSE: every piece holds whole characters, though the model's tokens do not."""

import json
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer
from transformers import AutoTokenizer
from websockets.sync.client import connect

from askcam.demo.builtin import model_path

TIMEOUT_S = 60.0
QUESTIONS = ("你看到了什么？", "什么在移动？", "牌子上写着什么？", "背景是什么颜色？", "总结一下发生了什么。")


def over_websocket(server: LiveServer, question: str) -> tuple[list[str], str]:
    """The pieces, and the whole as it is told at the end."""
    with connect(f"{server.ws_url}/v1/realtime?model=lobby", open_timeout=TIMEOUT_S) as socket:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
        socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        socket.send(json.dumps({"type": "response.create"}))
        pieces: list[str] = []
        while True:
            event: dict[str, Any] = json.loads(socket.recv(timeout=TIMEOUT_S))
            if event["type"] == "response.output_text.delta":
                pieces.append(event["delta"])
            if event["type"] == "response.output_text.done":
                return pieces, event["text"]


def over_sse(server: LiveServer, question: str) -> tuple[list[str], str]:
    body = {"model": "lobby", "messages": [{"role": "user", "content": question}], "stream": True}
    pieces: list[str] = []
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=TIMEOUT_S) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                pieces += [choice["delta"].get("content") or "" for choice in choices]
    return [piece for piece in pieces if piece], "".join(pieces)


@pytest.mark.parametrize("way", [over_websocket, over_sse])
def test_no_piece_splits_a_character(live_server: LiveServer, way: Any) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model_path())
    split = 0
    for question in QUESTIONS:
        pieces, whole = way(live_server, question)
        assert "".join(pieces) == whole
        assert "\ufffd" not in whole
        assert len(pieces) > 1, "it came in one piece"
        assert any("\u4e00" <= sign <= "\u9fff" for sign in whole), whole
        split += sum("\ufffd" in tokenizer.decode([token]) for token in tokenizer.encode(whole))
    assert split > 0, "no character of these answers is made of several tokens: ask others"
