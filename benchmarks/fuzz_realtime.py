"""Realtime messages at random, right and wrong: does every session live on, and is nothing a failure of the server?

    python benchmarks/fuzz_realtime.py [--messages 1000000] [--seconds 240] [--sockets 6] [--seed 1]

Starts its own `askcam serve` with the built-in model, a synthetic camera, evidence and the timeline, and talks to it
over so many websockets at once, half of them about the camera and half with pushed frames, until the messages are sent
or the time is over; several runs with other seeds add up. Messages follow the shape of the protocol and are spoilt in
places (realtime_messages.py).

After every 500 messages a socket asks what time it is, and must be told within a minute. A failure: that it is not; a
connection that ends for a reason that is not a client's fault; an event of an unknown type, or one that says that
something failed inside; a stack trace or an error in the server's log. Prints what was said, then one JSON line; ends
with 1 when there was a failure.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets
from realtime_messages import Messages

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.askcam_server import live_server, wait_for_pairs

SERVER = """
[limits]
max_cameras = 16
max_tokens = 4
questions_per_s = 100000
questions_burst = 100000
frames_per_s = 100000
frames_burst = 100000

[timeline]
enabled = true
folder = "timeline"

[evidence]
enabled = true
folder = "evidence"
max_answers = 1000
"""
EVERY = 500  # messages between two questions for the time
PATIENCE_S = 60.0
INSIDE = {"internal_error", "engine_failure", "evidence_failure"}  # codes of errors that are ours
FAULTY = {1006, 1011}  # a connection that breaks, or that an exception ended
KNOWN = (
    "error", "session.", "conversation.", "response.", "rate_limits.", "input_image_buffer.", "askcam.", "watch.",
    "scene.", "tool.",
)  # fmt: skip


@dataclass
class Said:
    """What came of it all."""

    sent: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    answers: int = 0

    def fault(self, text: str) -> None:
        if len(self.faults) < 50:
            self.faults.append(text[:400])


class Talker:
    """One websocket after the other."""

    def __init__(self, url: str, number: int, seed: int, said: Said) -> None:
        self._url = f"{url}/v1/realtime?model={'lobby' if number % 2 else 'push:'}"
        self._messages, self._said = Messages(seed * 1000 + number), said
        self._times: asyncio.Queue[int] = asyncio.Queue()

    async def talk(self, left: list[int], until: float) -> None:
        """Until no messages are `left`, or the time is over."""
        while left[0] > 0 and time.monotonic() < until:
            try:
                async with websockets.connect(self._url, max_size=None, max_queue=None) as socket:
                    hearing = asyncio.create_task(self._hear(socket))
                    try:
                        await self._send(socket, left, until)
                    finally:
                        hearing.cancel()
                        await asyncio.gather(hearing, return_exceptions=True)
            except websockets.ConnectionClosed as end:
                code = None if end.rcvd is None else end.rcvd.code
                self._said.closed[f"{code} {'' if end.rcvd is None else end.rcvd.reason}"[:60]] += 1
                if code is None or code in FAULTY:
                    self._said.fault(f"the connection ended with {code}: {end}")
            except (OSError, websockets.WebSocketException, TimeoutError) as exc:
                self._said.fault(f"{type(exc).__name__}: {exc}")
                await asyncio.sleep(0.5)

    async def _send(self, socket: Any, left: list[int], until: float) -> None:
        number = 0
        while left[0] > 0 and time.monotonic() < until:
            message = self._messages.next()
            left[0] -= 1
            number += 1
            self._said.sent["frame" if isinstance(message, bytes) else "text"] += 1
            await socket.send(message)
            if number % EVERY == 0:
                await self._is_it_there(socket, number)

    async def _is_it_there(self, socket: Any, number: int) -> None:
        await socket.send(json.dumps({"type": "askcam.clock", "client_us": number}))
        async with asyncio.timeout(PATIENCE_S):
            while await self._times.get() != number:
                pass

    async def _hear(self, socket: Any) -> None:
        async for text in socket:
            event = json.loads(text)
            kind = event.get("type")
            self._said.heard[str(kind)] += 1
            if not isinstance(kind, str) or not kind.startswith(KNOWN):
                self._said.fault(f"an event of type {kind!r}")
            if kind == "askcam.clock" and "client_us" in event:
                self._times.put_nowait(event["client_us"])
            if kind == "response.done":
                self._said.answers += event["response"]["status"] == "completed"
            for item in ("item", "response"):
                if isinstance(event.get(item), dict) and isinstance(event[item].get("id"), str):
                    self._messages.ids = [*self._messages.ids[-30:], event[item]["id"]]
            failed = event.get("error") or (event.get("response") or {}).get("status_details", None) or {}
            error = failed.get("error", failed) if isinstance(failed, dict) else {}
            if isinstance(error, dict) and error.get("code"):
                self._said.refused[str(error["code"])] += 1
                if error["code"] in INSIDE:
                    self._said.fault(text)


async def talk(url: str, args: argparse.Namespace) -> Said:
    said, left, until = Said(), [args.messages], time.monotonic() + args.seconds
    talkers = [Talker(url, number, args.seed, said) for number in range(args.sockets)]
    await asyncio.gather(*(talker.talk(left, until) for talker in talkers))
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--sockets", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "askcam.toml").write_text(SERVER)
        with live_server("--config", f"{name}/askcam.toml", cameras=["lobby=synthetic:7"]) as server:
            wait_for_pairs(server, "lobby", 2)
            began = time.monotonic()
            said = asyncio.run(talk(server.url.replace("http", "ws", 1), args))
            seconds = time.monotonic() - began
            alive = httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
            log = list(server.log)
    report(said, seconds, alive, log, args)


def report(said: Said, seconds: float, alive: bool, log: list[str], args: argparse.Namespace) -> None:
    for title, counts in (("events", said.heard), ("refusals", said.refused), ("ends", said.closed)):
        print(f"{title}:")
        for name, count in counts.most_common(40):
            print(f"  {count:8}  {name}")
    wrong = [line for line in log if "Traceback" in line or " ERROR " in line or " CRITICAL " in line]
    for line in (*said.faults, *wrong[:20]):
        print(f"FAULT  {line.rstrip()}")
    num = said.sent.total()
    row = {
        "benchmark": "fuzz_realtime",
        "seed": args.seed,
        "seconds": round(seconds, 1),
        "messages": num,
        "messages_per_s": round(num / seconds),
        "events": said.heard.total(),
        "refused": said.refused.total(),
        "answers": said.answers,
        "ends": dict(said.closed),
        "faults": len(said.faults),
        "log_lines": len(log),
        "errors_in_log": len(wrong),
        "alive": alive,
    }
    print(json.dumps(row))
    raise SystemExit(0 if alive and not said.faults and not wrong else 1)


if __name__ == "__main__":
    main()
