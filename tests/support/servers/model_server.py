"""A model server in a process of its own: OpenAI's chat completions, each dialect, over the pictures that it is sent.

    python model_server.py --dialect vllm [--port 0] [--builtin]

It answers by a rule from the pixels of the frames that it has decoded ("6 frames, the newest is red"), or with the
built-in model. POST /faults {"names": ["drops_newest"]} has it go wrong in the ways that real ones do (FAULTS); GET
/seen tells what it was asked, without the pictures, and how many answers nobody wanted to hear to their end. Under
/as/DIALECT/v1 it speaks another dialect, with the same faults.
"""

import argparse
import asyncio
import base64
import contextlib
import io
import json
import math
import queue
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import av
import numpy as np
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

FACTOR = 28
KEPT = 6  # frames, of a server that drops the newest
WORD_S = 0.01  # from one word to the next
LONG = 400  # words of an answer that is asked for at length
TOKENS = {"Yes": 655, "No": 656, "yes": 657, "no": 658, "red": 700, "green": 701, "blue": 702, "7": 707, "askcam": 720}
OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp", "ollama": "library", "transformers": "org"}
THOUGHT = ("Hm, ", "let me see. ")
THINKING = {"vllm", "sglang", "llamacpp", "ollama"}  # that can be told whether to
VIDEOS = {"vllm": ("jpeg", "mp4"), "sglang": ("mp4",)}
STRICT = {  # what transformers serve takes; it refuses all others
    "model", "messages", "stream", "max_tokens", "temperature", "top_p", "seed", "stop", "tools",
    "logprobs", "top_logprobs", "response_format", "chat_template_kwargs",
}  # fmt: skip


FAULTS = {  # what real servers were seen to do, and this one does when it is told to
    "drops_newest": "leaves out all frames but the first six",
    "believes_names": "answers about each film of so many frames from the first one, as by a repeated uuid",
    "holds_still": "sees the frame before in place of the newest",
    "ignores_logprobs": "takes `logprobs`, and tells none",
    "fills_with_blanks": "keeps to a form, and fills it up with blank lines (vLLM 0.32, of a small model)",
    "ignores_schema": "takes `response_format`, and answers as it likes",
    "old": "does not know logprob_token_ids",
    "no_usage": "does not count tokens",
    "html": "is no model server: a page comes of all it is asked",
    "unauthorized": "wants another key, and repeats the one it was given",
    "no_model": "has the model no more",
    "too_long": "takes no prompt as long as that",
    "busy": "429 with Retry-After",
    "loading": "503 while it loads",
    "broken": "500 of each question",
    "slow_first": "says nothing for ten minutes",
    "falls_silent": "says nothing after three words",
    "breaks": "closes the stream after three words",
    "error_chunk": "an error in the stream, with status 200",
    "garbage": "no JSON in the stream",
    "no_finish": "ends the stream without finish_reason",
    "filters": "finish_reason content_filter",
    "stays_open": "leaves the stream open behind its end",
    "drops_oldest": "leaves out the oldest pictures where its context is full, with 200 (Ollama: server/prompt.go)",
    "swallows_error": "ends the stream with an empty chunk where it failed (Ollama: middleware/openai.go)",
    "thinks": "thinks first, unless it is told not to (Ollama: server/routes.go)",
}


class ModelServer:
    """Owned by its event loop."""

    def __init__(self, dialect: str, builtin: bool, model: str, most: int) -> None:
        self.dialect, self.model, self.most = dialect, model, most
        self.faults: set[str] = set()
        self.seen: list[dict[str, Any]] = []
        self.unheard = self.finished = 0
        self.first: dict[int, list[np.ndarray]] = {}  # by number of frames: of one that believes names of pictures
        self.engine = _engine() if builtin else None
        self.others: dict[str, ModelServer] = {}  # by the dialect that they speak

    def beside(self, dialect: str) -> None:
        """Speak one more dialect."""
        other = self.others[dialect] = ModelServer(dialect, False, self.model, self.most)
        other.faults, other.seen, other.engine = self.faults, self.seen, self.engine

    def app(self) -> Starlette:
        routes = [
            Route("/faults", self.set_faults, methods=["POST"]),
            Route("/seen", self.tell_seen),
            Route("/v1/models", self.models),
            Route("/v1/chat/completions", self.complete, methods=["POST"]),
        ]
        if self.dialect == "vllm":
            routes += [Route("/tokenize", self.tokenize, methods=["POST"]), Route("/version", self.version)]
        if self.dialect == "ollama":
            routes += [Route("/api/version", self.version)]
        routes += [Mount(f"/as/{dialect}", other.app()) for dialect, other in self.others.items()]
        return Starlette(routes=routes)

    async def set_faults(self, request: Request) -> Response:
        wanted = set((await request.json())["names"])
        if not wanted <= FAULTS.keys():
            return JSONResponse({"error": f"no such fault: {wanted - FAULTS.keys()}"}, 400)
        self.faults.clear()
        self.faults |= wanted
        self.seen.clear()
        for each in (self, *self.others.values()):
            each.first, each.unheard, each.finished = {}, 0, 0
        return JSONResponse({})

    async def tell_seen(self, request: Request) -> Response:
        return JSONResponse({"requests": self.seen, "unheard": self.unheard, "finished": self.finished})

    async def version(self, request: Request) -> Response:
        return JSONResponse({"version": "0.32.0"})

    async def models(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        entry = {"id": self.model, "object": "model", "owned_by": self.owner}
        if self.dialect == "vllm":
            entry["max_model_len"] = 4096
        return JSONResponse({"object": "list", "data": [entry]})

    @property
    def owner(self) -> str:
        """Of an Ollama's model whoever has published it: "bartowski" of hf.co/bartowski/MODEL."""
        if self.dialect == "ollama" and self.model.startswith("hf.co/"):
            return self.model.split("/")[1]
        return OWNERS.get(self.dialect, "someone")

    async def tokenize(self, request: Request) -> Response:
        body = await request.json()
        ids = tokens_of(body["prompt"])
        return JSONResponse({"count": len(ids), "max_model_len": 4096, "tokens": ids})

    def refused(self, request: Request) -> Response | None:
        if "html" in self.faults:
            return PlainTextResponse("<html>a router's page</html>", media_type="text/html")
        if "unauthorized" in self.faults and request.headers.get("authorization") != "Bearer right-key-12345":
            given = request.headers.get("authorization", "")
            return JSONResponse({"error": {"message": f"Incorrect API key provided: {given}"}}, 401)
        return None

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        text = json.dumps(body)
        self.seen.append(json.loads(re.sub(r"base64,[^\"]*", "base64,...", text)))
        if refused := self.refused(request) or self.answer_refused(body):
            return refused
        frames, pictures = self.frames_of(body)
        if isinstance(frames, Response):
            return frames
        if "slow_first" in self.faults:
            await asyncio.sleep(600)
        words, chances = self.answer(body, frames, pictures)
        usage = {"prompt_tokens": self.count(text, frames, pictures), "completion_tokens": len(words)}
        usage["prompt_tokens_details"] = {"cached_tokens": 4}
        if "no_usage" in self.faults:
            usage = {}
        logprobs = None if "ignores_logprobs" in self.faults or self.dialect == "transformers" else chances
        thinks = self.thinks(body)
        if thinks and logprobs is not None:
            logprobs = {"Hm": 1.0}  # what it begins with
        if body.get("stream"):
            return StreamingResponse(self.stream(body, words, logprobs, usage), media_type="text/event-stream")
        content = "" if thinks else "".join(words[: body["max_tokens"]])
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        choice["finish_reason"] = "stop" if len(words) <= body["max_tokens"] else "length"
        if body.get("logprobs") and logprobs is not None:
            choice["logprobs"] = {"content": [self.told(words[0], logprobs, body)]}
        return JSONResponse({"choices": [choice], "usage": usage})

    def thinks(self, body: dict[str, Any]) -> bool:
        told_not_to = (
            body.get("reasoning_effort") == "none"
            if self.dialect == "ollama"
            else (body.get("chat_template_kwargs", {}).get("enable_thinking") is False)
        )
        return "thinks" in self.faults and self.dialect in THINKING and not told_not_to

    def answer_refused(self, body: dict[str, Any]) -> Response | None:
        """What this server does not take."""
        if self.dialect == "transformers" and (unexpected := body.keys() - STRICT):
            return JSONResponse({"detail": f"Unexpected fields in the request: {unexpected}"}, 422)
        if self.dialect == "llamacpp" and body.get("tools") and body.get("logprobs") and body.get("stream"):
            # tools/server/server-common.cpp, oaicompat_chat_params_parse
            said = "logprobs is not supported with tools + stream"
            return JSONResponse({"error": {"code": 400, "message": said, "type": "invalid_request_error"}}, 400)
        if "busy" in self.faults:
            return JSONResponse({"error": {"message": "too many"}}, 429, {"Retry-After": "7"})
        if "loading" in self.faults:
            return JSONResponse({"error": {"message": "Loading model", "code": 503}}, 503)
        if "broken" in self.faults:
            return JSONResponse({"error": {"message": "CUDA error"}}, 500)
        if "too_long" in self.faults:
            said = "This model's maximum context length is 4096 tokens; the request has 5000"
            return JSONResponse({"error": {"message": said, "code": 400}}, 400)
        if body["model"] != self.model or "no_model" in self.faults:
            said = f"The model `{body['model']}` does not exist."
            return JSONResponse({"error": {"message": said, "code": "model_not_found"}}, 404)
        return None

    def frames_of(self, body: dict[str, Any]) -> tuple[Any, Any]:
        """The frames of all videos, and all pictures, decoded; or a response that refuses them."""
        frames: list[np.ndarray] = []
        pictures: list[np.ndarray] = []
        for message in body["messages"]:
            for part in message["content"] if isinstance(message["content"], list) else ():
                if part["type"] == "video_url":
                    kind, data = re.fullmatch(r"data:video/(\w+);base64,(.*)", part["video_url"]["url"]).groups()  # type: ignore[union-attr]
                    if kind not in VIDEOS.get(self.dialect, ()):
                        return JSONResponse({"error": {"message": f"no video/{kind} here"}}, 400), None
                    frames += [decoded(one) for one in data.split(",")][:32] if kind == "jpeg" else list(film(data))
                elif part["type"] == "image_url":
                    pictures.append(decoded(part["image_url"]["url"].partition("base64,")[2]))
        if len(pictures) > self.most:
            return JSONResponse({"error": {"message": f"At most {self.most} image(s) may be provided"}}, 400), None
        if "drops_newest" in self.faults:
            frames, pictures = frames[:KEPT], pictures[:KEPT]
        if "drops_oldest" in self.faults:
            frames, pictures = frames[-KEPT:], pictures[-KEPT:]
        if "believes_names" in self.faults:
            frames = self.first.setdefault(len(frames), frames)
        if "holds_still" in self.faults:  # as if the newest frame were the one before
            frames, pictures = ([*each[:-1], each[-2]] if len(each) > 1 else each for each in (frames, pictures))
        return frames, pictures

    def count(self, text: str, frames: list[np.ndarray], pictures: list[np.ndarray]) -> int:
        each = [(len(one) // FACTOR) * (len(one[0]) // FACTOR) for one in frames[::2] + pictures]
        return 20 + sum(each)

    def answer(
        self, body: dict[str, Any], frames: list[np.ndarray], pictures: list[np.ndarray]
    ) -> tuple[list[str], dict[str, float]]:
        """Its words, and how likely each token is as the first one."""
        asked = last_text(body)
        shown = frames + pictures
        form = (
            None if "ignores_schema" in self.faults or self.dialect == "transformers" else body.get("response_format")
        )
        if self.engine is not None:
            words = list(self.engine.words(body, frames, pictures))
        elif form is not None:
            words = list(re.findall(r"\W|\w+", json.dumps(instance(form.get("json_schema", {}).get("schema", {})))))
            if "fills_with_blanks" in self.faults:
                words[-1:] = ["\n"] * LONG
        elif "at length" in asked:
            words = [f"word{i} " for i in range(LONG)]
        else:
            colour = colour_of(shown[-1]) if shown else "nothing"
            kind = "frames" if frames else "pictures"
            words = [f"{len(shown)} ", kind, ", the ", "newest ", "is ", colour]
        bright = float(shown[-1].mean()) / 255 if shown else 0.5
        if self.engine is not None and body.get("logprobs"):
            return words, self.engine.chances(body, frames, pictures)
        chances = {"Yes": 0.9 * bright, "No": 0.9 * (1 - bright), "red": 0.06, "7": 0.03}
        return words, chances

    def told(self, word: str, chances: dict[str, float], body: dict[str, Any]) -> dict[str, Any]:
        """One token's logprobs, as the body wants them."""
        by_id = body.get("return_tokens_as_token_ids", False)
        wanted = body.get("logprob_token_ids")
        if wanted and self.dialect == "vllm" and "old" not in self.faults:
            rows = [(f"token_id:{one}", chances.get(name_of(one), 1e-6)) for one in wanted]
        elif wanted:
            rows = []
        else:
            rows = sorted(chances.items(), key=lambda item: -item[1])[: body.get("top_logprobs", 0)]
            rows = [(f"token_id:{TOKENS[name]}" if by_id else name, share) for name, share in rows]
        top = [
            {"token": name, "logprob": math.log(max(share, 1e-9)), "bytes": [*name.encode()]} for name, share in rows
        ]
        return {"token": word, "logprob": -0.1, "bytes": [*word.encode()], "top_logprobs": top}

    async def stream(
        self, body: dict[str, Any], words: list[str], chances: dict[str, float] | None, usage: dict[str, Any]
    ) -> AsyncIterator[str]:
        whole = False
        try:
            yield chunk({"role": "assistant", "content": ""})
            if self.thinks(body):
                for word in THOUGHT:
                    yield chunk({"reasoning": word})
            calls = body.get("tools") and "call" in last_text(body)
            if calls:
                async for each in self.calls(body):
                    yield each
            for number, word in enumerate(() if calls else words[: body["max_tokens"]]):
                if number == 3 and "breaks" in self.faults:
                    raise ConnectionResetError("planted")
                if number == 3 and "swallows_error" in self.faults:
                    yield chunk({"content": ""})
                    return
                if number == 3 and "error_chunk" in self.faults:
                    yield 'data: {"error": {"message": "the worker died", "code": 500}}\n\n'
                    return
                if number == 3 and "garbage" in self.faults:
                    yield "data: {nonsense\n\n"
                    return
                if number == 3 and "falls_silent" in self.faults:
                    await asyncio.sleep(600)
                logprobs = None
                if body.get("logprobs") and chances is not None:
                    logprobs = {"content": [self.told(word, chances, body)]}
                yield chunk({"content": word}, logprobs=logprobs)
                await asyncio.sleep(WORD_S)
            whole = True
            if "no_finish" not in self.faults:
                cut = len(words) > body["max_tokens"]
                reason = "tool_calls" if calls else "length" if cut else "stop"
                yield chunk({}, "content_filter" if "filters" in self.faults else reason)
                if usage:
                    yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
                yield "data: [DONE]\n\n"
                if "stays_open" in self.faults:
                    await asyncio.sleep(600)
            self.finished += 1
        finally:
            self.unheard += not whole

    async def calls(self, body: dict[str, Any]) -> AsyncIterator[str]:
        """One call of the first tool, its arguments in pieces."""
        name = body["tools"][0]["function"]["name"]
        head = {"index": 0, "id": "x", "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [head]})
        for piece in ('{"ci', 'ty": "<Ber', 'lin>"}'):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})


def chunk(delta: dict[str, Any], reason: str | None = None, logprobs: Any = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": logprobs}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


def last_text(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


def decoded(data: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def film(data: str) -> Iterator[np.ndarray]:
    with av.open(io.BytesIO(base64.b64decode(data))) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def colour_of(pixels: np.ndarray) -> str:
    """Of the middle."""
    height, width = pixels.shape[:2]
    middle = pixels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].reshape(-1, 3).mean(0)
    return ("red", "green", "blue")[int(middle.argmax())]


def tokens_of(text: str) -> list[int]:
    return [TOKENS[text]] if text in TOKENS else [1000 + ord(one) for one in text]


def name_of(token: int) -> str:
    return next((name for name, number in TOKENS.items() if number == token), "")


def instance(schema: dict[str, Any]) -> Any:
    """A value that a plain schema describes."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type", "object") == "object":
        return {name: instance(one) for name, one in schema.get("properties", {}).items()}
    return {"string": "words", "integer": 3, "number": 1.5, "boolean": True}.get(schema["type"])


def _engine() -> Any:
    """The built-in model, by the portable backend: from a request's frames to its words, and to how likely each is."""
    from askcam.demo.builtin import model_path
    from askcam.engine.interface import EngineConfig
    from askcam.engine.open import open_engine
    from askcam.engine.question import Clip, Failed, Finished, Message, Picture, Piece, Question, Role, Sampling, Text

    class BuiltIn:
        def __init__(self) -> None:
            self._engine = open_engine(EngineConfig(str(model_path()), backend="portable", threads=1))
            self._single = self._engine.single(list(TOKENS))

        def words(self, body: dict[str, Any], frames: list[np.ndarray], pictures: list[np.ndarray]) -> Iterator[str]:
            events: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._engine.ask(self._question(body, frames, pictures), events.put)
            while not isinstance(event := events.get(timeout=60), Finished | Failed):
                if isinstance(event, Piece):
                    yield event.text
            assert isinstance(event, Finished), event

        def chances(
            self, body: dict[str, Any], frames: list[np.ndarray], pictures: list[np.ndarray]
        ) -> dict[str, float]:
            """Of those of TOKENS that are one of its own."""
            events: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._engine.score([self._question(body, frames, pictures)], self._single, events.put)
            (row,) = events.get(timeout=60).probabilities
            return dict(zip(self._single, row, strict=True))

        def _question(self, body: dict[str, Any], frames: list[np.ndarray], pictures: list[np.ndarray]) -> Question:
            parts: list[Any] = [Picture(one) for one in pictures]
            if frames:
                parts.append(Clip(tuple(frames), 2.0))
            sampling = Sampling(temperature=0, max_tokens=body["max_tokens"])
            return Question((Message(Role.USER, (*parts, Text(last_text(body)))),), sampling=sampling)

    return BuiltIn()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dialect", default="vllm")
    parser.add_argument("--model", default="org/model")
    parser.add_argument("--most", type=int, default=64)
    parser.add_argument("--builtin", action="store_true")
    args = parser.parse_args()
    server = ModelServer(args.dialect, args.builtin, args.model, args.most)
    for dialect in (*OWNERS, "openai"):
        server.beside(dialect)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", args.port))
    sock.listen(64)
    print(f"READY {sock.getsockname()[1]}", flush=True)
    sys.stdout = sys.stderr
    config = uvicorn.Config(server.app(), log_level="critical", timeout_keep_alive=5)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()
