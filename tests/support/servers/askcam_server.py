"""A real `askcam serve` in its own process, on a port that the system chose."""

import contextlib
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from support.servers import warm

# Whoever asks a server asks it through a front: ASKCAM_TESTS_OVER_FRONT=1 make test ARGS="tests/sdk tests/client/web"
OVER_FRONT = bool(os.environ.get("ASKCAM_TESTS_OVER_FRONT"))
TOKENS = ("token", "admin_token")
BESIDE_A_FRONT = frozenset({"--front"})  # what has one already

READY_S = 180.0  # a cold start on a busy machine reads half a gigabyte of libraries


@dataclass(slots=True)
class LiveServer:
    """`url` has no slash at its end. `lines` are the JSON lines it has printed so far."""

    url: str
    process: Any  # subprocess.Popen[str], or as much of it as is used here
    lines: list[dict[str, Any]]
    log: list[str] = field(default_factory=list)  # what it wrote to stderr so far
    unread: "queue.Queue[str | None]" = field(default_factory=queue.Queue)  # lines since it was ready
    front: "LiveServer | None" = None  # before it, under OVER_FRONT: it has `url`, and ends with it

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    def later_lines(self) -> list[dict[str, Any]]:
        """`lines`, and those that it has printed since."""
        while not self.unread.empty():
            line = self.unread.get()
            if line is not None:
                self.lines.append(json.loads(line))
        return self.lines

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """End it; returns its exit status."""
        if self.front is not None:
            self.front.stop(sig)
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(60)


@contextlib.contextmanager
def live_server(
    *args: str,
    cameras: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    until: str = "ready",
    descriptors: int | None = None,
) -> Iterator[LiveServer]:
    """Start `askcam serve` and wait for its `until` event ("listening" or "ready"); it is ended with the block.

    What it keeps where nobody names a folder goes with it. `descriptors`: as under `ulimit -n`.
    """
    named = [part for camera in cameras for part in ("--camera", camera)]
    # Tests run on every core: a server that measures how many threads help spends a third of its start on that, and one
    # that measures whether it is too slow may find that it is.
    alone = ["--threads", "1", *(() if "--power" in args else ("--power", "full"))] if warm.wanted else []
    over_front = OVER_FRONT and not BESIDE_A_FRONT.intersection(args)
    port = ["--port", "0"] if over_front else []  # the one that is named is the front's
    with _running(["serve", "--port", "0", "--json", *alone, *named, *args, *port], env, until, descriptors) as server:
        if over_front:
            with _before(server, args, env) as front:
                yield replace(server, url=front.url, front=front)
        else:
            yield server


@contextlib.contextmanager
def _before(server: LiveServer, args: Sequence[str], env: Mapping[str, str] | None) -> Iterator[LiveServer]:
    """A front before this one server, with its port, its tokens, its certificate and the origins that it allows."""
    said = dict(itertools.pairwise(args))
    flags = [part for name in ("--port", "--tls-cert", "--tls-key") if name in said for part in (name, said[name])]
    ca = f"\nca = {json.dumps(said['--tls-cert'])}" if "--tls-cert" in said else ""
    file = tomllib.loads(Path(said["--config"]).read_text(encoding="utf-8")) if "--config" in said else {}
    origins = json.dumps(file.get("server", {}).get("allowed_origins", []))
    tokens = {f"ASKCAM_{name.upper()}": file["server"][name] for name in TOKENS if name in file.get("server", {})}
    tokens |= {name: value for name, value in (env or {}).items() if name.removeprefix("ASKCAM_").lower() in TOKENS}
    theirs = {name.replace("ASKCAM", "ASKCAM_SHARD"): value for name, value in tokens.items()}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "front.toml")
        config.write_text(f'[server]\nallowed_origins = {origins}\n[shards.one]\nurl = "{server.url}"{ca}\n')
        with front_server({}, "--config", str(config), *flags, env={**(env or {}), **tokens, **theirs}) as front:
            yield front


@contextlib.contextmanager
def front_server(
    shards: Mapping[str, str], *args: str, env: Mapping[str, str] | None = None, until: str = "ready"
) -> Iterator[LiveServer]:
    """Start `askcam front` before these shards (by name, their URLs), and wait for its `until` event."""
    named = [part for name, url in shards.items() for part in ("--shard", f"{name}={url}")]
    with _running(["front", "--port", "0", "--json", *named, *args], env, until) as server:
        yield server


@contextlib.contextmanager
def _running(
    command: Sequence[str], env: Mapping[str, str] | None, until: str, descriptors: int | None = None
) -> Iterator[LiveServer]:
    """A command that says on its stdout where it listens."""
    data = tempfile.mkdtemp(prefix="askcam-test-")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_DATA_HOME": data, **(env or {})}
    process: Any  # subprocess.Popen[str], or as much of it as is used here
    if descriptors is None:
        process = warm.start(command, environment)
    else:
        process = subprocess.Popen(
            ["bash", "-c", f'ulimit -n {descriptors}; exec "$@"', "serve", sys.executable, "-m", warm.MODULE, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
    out: queue.Queue[str | None] = queue.Queue()
    err: list[str] = []
    threads = [
        threading.Thread(target=_pump, args=(process.stdout, out.put), daemon=True),
        threading.Thread(target=_pump, args=(process.stderr, lambda line: err.append(line or "")), daemon=True),
    ]
    for thread in threads:
        thread.start()
    server = LiveServer("", process, [], err, out)
    try:
        deadline = time.monotonic() + READY_S
        while True:
            line = out.get(timeout=max(0.1, deadline - time.monotonic()))
            if line is None:
                raise RuntimeError(f"askcam {command[0]} ended with {process.wait(60)}: {''.join(err)[-2000:]}")
            said = json.loads(line)
            server.lines.append(said)
            server.url = said.get("url", server.url)
            if said.get("event") == until:
                break
        yield server
    finally:
        server.stop()
        for thread in threads:
            thread.join(60)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(data, ignore_errors=True)


def _pump(pipe: Any, put: Any) -> None:
    with contextlib.suppress(ValueError):  # closed meanwhile
        for line in pipe:
            put(line)
    put(None)


def wait_for_pairs(server: LiveServer, camera: str, num_pairs: int, token: str | None = None) -> None:
    """Ask until the camera's window holds so many pairs."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 1}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        for _ in range(200):
            reply = client.post("/v1/chat/completions", json=body)
            pairs = reply.json()["askcam"]["window"]["pairs"] if reply.status_code == 200 else num_pairs
            if reply.status_code == 200 and pairs >= num_pairs:
                return
            assert reply.status_code in (200, 429, 503), reply.text
            time.sleep(max(0.2, 0.8 * (num_pairs - pairs)))  # a pair comes every second, and each answer costs
    raise AssertionError(f"camera {camera!r} has not filled {num_pairs} pairs: {reply.text}")
