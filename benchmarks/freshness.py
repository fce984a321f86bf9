"""How old is what a question sees? A clock camera over RTSP, its age read from the pixels of the newest frame.

    python benchmarks/freshness.py [--seconds 60] [--readers pyav,opencv] [--backends live,portable]
    python benchmarks/freshness.py --backends remote --remote http://gpu1:8000/v1 --dialect vllm

A server in its own process draws the wall clock into every frame (25 fps, H.264 over TCP).
First, for each reader: a Camera samples it at 2 fps, as shipped; at random moments the benchmark looks, as a question
would, and compares the clock in the newest frame with its own. "told" is the age that askcam itself would report.
Then, for each backend: a real `askcam serve` with the built-in model, or with one behind a server (`--remote built-in`:
the tests' own, with that model), is asked over HTTP at random moments. When the first word has come the wall clock is
read; then the clock is read from the newest of the answer's evidence frames. The told age may differ from that by half
a second; a question that allows no more than a millisecond has to be refused.
Tables, then one JSON line.
"""

import argparse
import contextlib
import io
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers import clock
from support.servers.askcam_server import live_server, wait_for_pairs
from support.servers.running import MiniRTSP, RunningModelServer
from support.waiting import until

from askcam.stream.camera import Camera, State
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

READERS = {"pyav": "", "opencv": "?via=opencv"}
LOOK_LIMIT_MS = 100  # p95
ANSWER_LIMITS_MS = {"p50_ms": 200, "p95_ms": 350}  # of the default backend
APART_LIMIT_MS = 500  # between the told age and the pixels', of every backend
REFUSED = "503 stale_camera"
QUESTION = {"role": "user", "content": "What do you see?"}
FITTED_PIXELS = 252 * 168
FITTED = "clock:672x448"  # becomes 252x168 for the built-in model, where a cell of the clock is six pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each reader and backend")
    parser.add_argument("--readers", default="pyav,opencv", help="comma-separated; none: ''")
    parser.add_argument("--backends", default="live,portable", help="comma-separated; none: ''")
    parser.add_argument("--remote", help="the address of a model server, for the backend remote")
    parser.add_argument("--dialect", default="auto", help="of that server")
    args = parser.parse_args()
    readers, backends = ([name for name in part.split(",") if name] for part in (args.readers, args.backends))
    looks = [{"reader": reader} | _look(READERS[reader], args.seconds) for reader in readers]
    answers = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if args.remote == "built-in":
            args.dialect = "vllm" if args.dialect == "auto" else args.dialect
            args.remote = stack.enter_context(RunningModelServer(args.dialect, "--builtin")).url
        for backend in backends:
            flags = ["--backend", backend]
            if backend == "remote":
                file = Path(folder) / "askcam.toml"
                there = {"url": args.remote, "dialect": args.dialect, "max_pixels": FITTED_PIXELS}
                file.write_text(
                    "[model]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in there.items())
                )
                flags = ["--config", str(file)]
            answers.append({"backend": backend} | _ask(flags, args.seconds))
    for rows in (looks, answers):
        _print(rows)
    met = all(float(row["p95_ms"]) <= LOOK_LIMIT_MS for row in looks) and all(
        float(row[name]) <= limit
        for row in answers
        if row["backend"] == "live"
        for name, limit in ANSWER_LIMITS_MS.items()
    )
    met &= all(float(row["told_apart_max_ms"]) <= APART_LIMIT_MS and row["refused"] == REFUSED for row in answers)
    limits = {"look_p95_ms": LOOK_LIMIT_MS, "answer": ANSWER_LIMITS_MS, "told_apart_ms": APART_LIMIT_MS}
    found = {"benchmark": "freshness", "seconds": args.seconds, "limits": limits, "met": met}
    print(json.dumps({**found, "looks": looks, "answers": answers}))


def _look(query: str, seconds: float) -> dict[str, float | int]:
    """Ages of the newest frame at the moment of a look."""
    seen, told = [], []
    chance = random.Random(0)
    with (
        MiniRTSP("clock:640x480") as server,
        Camera("clock", resolve(server.url + query), fit=as_is, anchors=Anchors.within(16)) as camera,
    ):
        until(lambda: camera.status().state is State.LIVE, "the camera to be live")
        before = camera.status()
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(chance.uniform(0.05, 0.45))
            view = camera.look()
            seen.append(1000 * clock.age_s(view.newest.pixels, time.time()))
            told.append(1000 * view.age_s(time.monotonic()))
        took, after = time.monotonic() - began, camera.status()
    return {
        **_ages(seen, told),
        "sampled": after.sampled - before.sampled,
        "fps": round((after.decoded - before.decoded) / took, 1),
    }


def _ask(flags: list[str], seconds: float) -> dict[str, float | int | str]:
    """Ages of the newest evidence frame at the moment when the answer's first word has come."""
    seen, told, firsts = [], [], []
    chance = random.Random(0)
    with (
        MiniRTSP(FITTED) as camera,
        live_server(*flags, cameras=[f"clock={camera.url}"]) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        wait_for_pairs(server, "clock", 4)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(chance.uniform(0.2, 1.4))
            asked = time.time()
            first, answer = _answer(http)
            record = http.get(f"/v1/answers/{answer}").raise_for_status().json()
            jpeg = http.get(record["frames"][-1]["url"]).raise_for_status().content
            pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
            seen.append(1000 * clock.age_s(pixels, first))
            told.append(record["askcam"]["frame_age_ms"])
            firsts.append(1000 * (first - asked))
        body = {"model": "clock", "messages": [QUESTION], "askcam": {"max_age_ms": 1}}
        refused = http.post("/v1/chat/completions", json=body)
        code = refused.json().get("error", {}).get("code")
    apart = max(abs(one - other) for one, other in zip(seen, told, strict=True))
    row: dict[str, float | int | str] = {
        "told_apart_max_ms": round(apart, 1),
        "refused": f"{refused.status_code} {code}",
    }
    return {**_ages(seen, told), **row, "first_word_p50_ms": round(float(np.percentile(firsts, 50)), 1)}


def _answer(http: httpx.Client) -> tuple[float, str]:
    """Ask, streamed; returns when the first word came (seconds since the epoch), and the answer's id."""
    body = {"model": "clock", "stream": True, "messages": [QUESTION]}
    first = 0.0
    answer = ""
    with http.stream("POST", "/v1/chat/completions", json=body) as reply:
        reply.raise_for_status()
        for line in reply.iter_lines():
            if not line.startswith("data: {"):
                continue
            said = json.loads(line.removeprefix("data: "))
            if not first and said["choices"] and said["choices"][0]["delta"].get("content"):
                first = time.time()
            answer = (said.get("askcam") or {}).get("answer_id", answer)
    assert first, "an answer without a word"
    assert answer, "an answer without an id"
    return first, answer


def _ages(seen: list[float], told: list[float]) -> dict[str, float | int]:
    return {
        "questions": len(seen),
        "p50_ms": round(float(np.percentile(seen, 50)), 1),
        "p95_ms": round(float(np.percentile(seen, 95)), 1),
        "max_ms": round(max(seen), 1),
        "told_p50_ms": round(float(np.percentile(told, 50)), 1),
    }


def _print(rows: list[dict[str, float | int | str]]) -> None:
    for i, row in enumerate(rows):
        if i == 0:
            print("  ".join(f"{name:>{max(9, len(name))}}" for name in row), "  (ages in ms)")
        print("  ".join(f"{value!s:>{max(9, len(name))}}" for name, value in row.items()))


if __name__ == "__main__":
    main()
