"""Do recorded answers come again? A live-backend server with five synthetic cameras, then `askcam replay --all`.

    python benchmarks/replay.py [--answers 50] [--cameras 5]

Questions are the demo's own and general ones, greedy, by seeds and left to chance. Prints the first that differ,
a table, and one JSON line; exits with 1 when one token differs or something is not as it was written.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import httpx
from support.scene_camera import TEXTS
from support.servers.askcam_server import live_server

from askcam.demo.questions import questions

SAMPLINGS: tuple[dict[str, Any], ...] = (
    {},
    {"temperature": 2.0},
    {"temperature": 1.5, "seed": 5},
    {"temperature": 1.0, "top_p": 0.9, "repetition_penalty": 1.2},
)
DEADLINE_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--cameras", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        data, config = Path(home) / "data", Path(home) / "askcam.toml"
        config.write_text('[evidence]\nenabled = true\nfolder = "data"\n')
        record(config, args.answers, args.cameras)
        num_bytes = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
        *_, verdict = askcam("--verify", "--data", str(data))
        begun = time.monotonic()
        lines = askcam("--all", "--data", str(data))
        took_s = time.monotonic() - begun
    different = [line for line in lines if not line["same"]]
    for line in different[:5]:
        print(f"{line['camera']}: recorded {line['recorded']!r}, said instead {line['replayed']!r}")
    row = {
        "benchmark": "replay",
        "answers": len(lines),
        "cameras": args.cameras,
        "same": len(lines) - len(different),
        "same_prompt_and_model": sum(not line["differences"] for line in lines),
        "tokens": sum(line["tokens"] for line in lines),
        "whole": verdict["whole"],
        "pictures": verdict["pictures"],
        "kb_per_answer": round(num_bytes / 1000 / len(lines), 1),
        "replay_s": round(took_s, 1),
    }
    for name, value in row.items():
        print(f"{name:28} {value}")
    print(json.dumps(row))
    sys.exit(bool(different) or not verdict["whole"] or len(lines) != args.answers)


def record(config: Path, num_answers: int, num_cameras: int) -> None:
    """Have a server answer so many questions, and end it."""
    cameras = [f"camera{seed}=synthetic:{seed}" for seed in range(num_cameras)]
    with (
        live_server("--config", str(config), "--backend", "live", cameras=cameras) as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE_S) as client,
    ):
        for i in range(num_answers):
            seed, turn = i % num_cameras, i // num_cameras
            own = [question.text for question in questions(seed)]
            texts = [*own, *TEXTS]
            ask(client, f"camera{seed}", texts[turn % len(texts)], SAMPLINGS[turn % len(SAMPLINGS)])
        wait(lambda: f"askcam_evidence_answers {num_answers}.0" in client.get("/metrics").text)


def ask(client: httpx.Client, camera: str, text: str, sampling: dict[str, Any]) -> None:
    body = {"model": camera, "messages": [{"role": "user", "content": text}], **sampling}
    deadline = time.monotonic() + DEADLINE_S
    while (reply := client.post("/v1/chat/completions", json=body)).status_code != 200:
        if reply.status_code not in (429, 503) or time.monotonic() > deadline:
            raise SystemExit(f"{camera} does not answer: {reply.text}")
        time.sleep(0.1)


def wait(until: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"the evidence was not written within {DEADLINE_S:g} s")
        time.sleep(0.1)


def askcam(*args: str) -> list[dict[str, Any]]:
    """The JSON lines of `askcam replay`."""
    command = [sys.executable, "-m", "askcam.app.cli", "replay", "--json", *args]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    if done.returncode == 2:
        raise SystemExit("askcam replay could not try")
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
