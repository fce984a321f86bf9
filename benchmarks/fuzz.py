"""Requests at random over every HTTP route, right and wrong: is each answered as described, and none with 500?

    python benchmarks/fuzz.py [--seconds 300 | --examples 10] [--seed 1]

Starts its own `askcam serve` with the built-in model, a synthetic camera and evidence, and lets schemathesis make
requests of its OpenAPI description: examples and edge cases first, then at random, then in sequences that follow the
description's links, until the time is over. With --examples: so many at random of each route, and so many sequences.
A status of 500, a status or a body that isn't described, a stack trace in the server's log is a failure. Prints
requests by route and status, then one JSON line; ends with 1 when there was a failure.

Half of the names and ids that schemathesis makes up are replaced by ones that exist, so that what lies behind them is
reached. Three things are kept from it: watching an endless live picture, removing the one camera, and cameras at
addresses elsewhere.
"""

import argparse
import json
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from schemathesis.cli import schemathesis as program

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.askcam_server import live_server, wait_for_pairs

CAMERA = "lobby"
PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs="  # one pixel
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "negative_data_rejection",
)
SERVER = """
[limits]
max_cameras = 4
max_tokens = 8
questions_per_s = 100000
questions_burst = 100000

[answers]
keep = 10000

[timeline]
enabled = true
folder = "timeline"

[clips]
folder = "clips"

[evidence]
enabled = true
folder = "evidence"
max_answers = 10000
"""
# A camera that is down, a picture older than allowed, no room: described, and not the server's fault.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503, 507]

[cache]
enabled = false

[generation]
database = "none"
"""
URIS = ("synthetic:1", "synthetic:x", "nowhere:", "rtsp://", "push:", "webcam:99", "")


class Steering:
    """Puts names that exist in half of the places, and counts what is answered."""

    def __init__(self, answers: list[str], responses: list[str]) -> None:
        self.answers, self.responses = answers, responses
        self.counts: Counter[tuple[str, str, int]] = Counter()

    def take_part(self) -> None:
        """Have schemathesis call it before and after each request."""

        @schemathesis.hook
        def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
            self.steer(case)

        @schemathesis.hook
        def after_call(context: Any, case: Any, response: Any) -> None:
            self.counts[case.method.upper(), case.operation.path, response.status_code] += 1

    def steer(self, case: Any) -> None:
        path, method = case.operation.path, case.method.upper()
        places = case.path_parameters if isinstance(case.path_parameters, dict) else {}
        if "name" in places:
            kept = path.endswith(".mjpeg") or method == "DELETE"
            if path.endswith(".mjpeg") or (kept and str(places["name"]).strip("/") == CAMERA):
                places["name"] = "nobody"
            elif not kept and chance(places["name"], 2) == 0:
                places["name"] = CAMERA
        if "id" in places and chance(places["id"], 2) == 0 and method != "DELETE":
            known = self.responses if "responses" in path else self.answers
            places["id"] = known[chance(places["id"], len(known))]
        if isinstance(case.body, dict):
            if isinstance(case.body.get("model"), str) and (which := chance(case.body, 3)):
                case.body["model"] = CAMERA if which == 1 else "askcam"
            if isinstance(case.body.get("messages"), list) and chance(case.body, 3):
                mend(case.body)
            for one, name in pictures(case.body):
                if isinstance(one.get(name), str) and chance(one, 2):
                    one[name] = PICTURE
            if case.body.get("previous_response_id") and chance(case.body, 3):
                case.body["previous_response_id"] = self.responses[chance(case.body, len(self.responses))]
            if isinstance(case.body.get("uri"), str) and chance(case.body, 4):
                case.body["uri"] = URIS[chance(case.body["uri"], len(URIS))]


def mend(body: dict[str, Any]) -> None:
    """Take out of a chat completion's body what no answer can come of."""
    for name in ("n", "frequency_penalty", "presence_penalty", "functions", "modalities", "response_format"):
        body.pop(name, None)
    for message in body["messages"]:
        if isinstance(message, dict) and isinstance(message.get("role"), str):
            message |= {"role": "user", "tool_calls": None}
            if isinstance(message.get("content"), list):
                message["content"] = [part for part in message["content"] if not is_video(part)]


def is_video(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "video_url"


def pictures(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Where pictures' addresses are in it, at any depth: object and field."""
    if isinstance(value, dict):
        inner = value.get("image_url")
        yield from [(inner, "url")] if isinstance(inner, dict) else [(value, "image_url")]
        for inner in value.values():
            yield from pictures(inner)
    if isinstance(value, list):
        for inner in value:
            yield from pictures(inner)


def chance(value: Any, sides: int) -> int:
    """A die that falls the same way for the same value."""
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass")) % sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--examples", type=int, help="of each route, however long that takes, in place of --seconds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "askcam.toml").write_text(SERVER)
        (folder / "fuzz.toml").write_text(CONFIG)
        config = str(folder / "askcam.toml")
        with live_server("--config", config, cameras=[f"{CAMERA}=synthetic:7"]) as server:
            wait_for_pairs(server, CAMERA, 2)
            pairs = [ask(server.url) for _ in range(3)]
            steering = Steering([answer for answer, _ in pairs], [response for _, response in pairs])
            steering.take_part()
            start = time.monotonic()
            status = run(server.url, folder / "fuzz.toml", args)
            seconds = time.monotonic() - start
            paths = httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]
            log = "".join(server.log)
            if status != 0 or "Traceback" in log:
                print(log[-20_000:])
            alive = httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
    described = {(path, method) for path, item in paths.items() for method in item}
    report(steering.counts, described, log.count("Traceback"), status, alive, seconds, args)


def ask(url: str) -> tuple[str, str]:
    """The ids of an answer that was just given, and of its response."""
    body = {"model": CAMERA, "input": "What do you see?"}
    reply = httpx.post(f"{url}/v1/responses", json=body, timeout=60).json()
    return reply["askcam"]["answer_id"], reply["id"]


def run(url: str, config: Path, args: argparse.Namespace) -> int:
    """schemathesis's exit status: 0 when it found nothing."""
    options = ["--checks", ",".join(CHECKS), "--seed", str(args.seed)]
    if args.examples is None:
        options += ["--max-time", str(args.seconds)]
    else:
        options += ["--max-examples", str(args.examples), "--phases", "fuzzing,stateful"]
    options += ["--continue-on-failure", "--request-timeout", "60", "--workers", "1", "--suppress-health-check", "all"]
    options += ["--warnings", "off", "--no-shrink"]
    try:
        program.main(["--config-file", str(config), "run", f"{url}/openapi.json", *options], standalone_mode=True)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def report(
    counts: Counter[tuple[str, str, int]],
    described: set[tuple[str, str]],
    tracebacks: int,
    status: int,
    alive: bool,
    seconds: float,
    args: argparse.Namespace,
) -> None:
    routes = sorted({(path, method) for method, path, _ in counts if (path, method.lower()) in described})
    print()
    for path, method in routes:
        told = {code: n for (m, p, code), n in sorted(counts.items()) if (m, p) == (method, path)}
        print(f"{method:7} {path:45} {sum(told.values()):6}  {'  '.join(f'{c}: {n}' for c, n in told.items())}")
    others = sum(n for (method, path, _), n in counts.items() if (path, method) not in routes)
    print(f"{'methods that are not described':53} {others:6}")
    statuses: Counter[str] = Counter()
    for (_, _, code), n in counts.items():
        statuses[str(code)] += n
    row = {
        "benchmark": "fuzz",
        "seconds": round(seconds, 1),
        "seed": args.seed,
        "routes": len(routes),
        "routes_described": len(described),
        "requests": sum(counts.values()),
        "statuses": dict(sorted(statuses.items())),
        "answers_500": statuses["500"],
        "failures_found": status != 0,
        "tracebacks_in_log": tracebacks,
        "alive": alive,
    }
    print(json.dumps(row))
    raise SystemExit(0 if alive and status == 0 and not tracebacks and not statuses["500"] else 1)


if __name__ == "__main__":
    main()
