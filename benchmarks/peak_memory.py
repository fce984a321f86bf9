"""The most memory that a server takes from its start to its first answers, by the bytes of its checkpoint. Linux only.

    python benchmarks/peak_memory.py [--shape 2b|qwen3.5-0.8b|...] [--part N] [--dtype bfloat16] [--backend live]

Writes a checkpoint of real widths with random weights (every N-th layer of both towers is there) into a temporary
folder, serves it before a synthetic camera on a free port of 127.0.0.1, asks `--questions` one after another, and reads
/proc/PID/status on the way: what was resident at most, how much of it at that time were pages of files (the system
takes those back where it lacks memory), and the most that was the process's own. Table, then one JSON line.
"""

import argparse
import json
import platform
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import torch

from askcam.engine.bench import shapes

READY_S, ANSWER_S = 600.0, 300.0  # the longest that is waited for
EVERY_S = 0.02
POOL_GB = 0.25  # of windows, which is not the checkpoint's
TARGET = 1.25  # of the checkpoint's bytes, in bfloat16


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", default="2b", choices=shapes.NAMES)
    parser.add_argument("--part", type=int, default=1, help="one layer of so many")
    parser.add_argument("--dtype", default="bfloat16", choices=["float32", "bfloat16"])
    parser.add_argument("--backend", default="live", choices=["live", "portable"])
    parser.add_argument("--questions", type=int, default=2)
    options = parser.parse_args()
    layers, _ = shapes.shorten(options.shape, options.part)
    with tempfile.TemporaryDirectory() as folder:
        stored = write_checkpoint(Path(folder) / "model", getattr(torch, options.dtype))
        found = serve(Path(folder), options)
    found |= {"bench": "peak memory", "shape": options.shape, "layers": layers, "dtype": options.dtype}
    found |= {"backend": options.backend, "stored_gb": round(stored / 1e9, 3), "target": TARGET}
    found |= {"peak_by_stored": round(found["peak_gb"] * 1e9 / stored, 3)}
    found |= {"without_windows_by_stored": round((found["peak_gb"] - POOL_GB) * 1e9 / stored, 3)}
    found |= {"own_by_stored": round(found["own_gb"] * 1e9 / stored, 3)}
    found |= {"cpu": platform.machine(), "torch": torch.__version__, "date": time.strftime("%Y-%m-%d")}
    for name, value in found.items():
        print(f"{name:18s} {value}")
    print(json.dumps(found))


def write_checkpoint(folder: Path, dtype: torch.dtype) -> int:
    """As a hub lays one out; returns the bytes of its weights."""
    loaded = shapes.random_model(shapes.PART, torch.device("cpu"), dtype)
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def serve(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What a server of it took, in GB, until it was ready and until it had answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "askcam.toml"
    config.write_text(
        f'[model]\nmodel = "{folder / "model"}"\nbackend = "{options.backend}"\ndtype = "{options.dtype}"\n'
        f'kv_gb = {POOL_GB}\nmax_pairs = 4\n[server]\nport = {port}\n[cameras.lobby]\nuri = "synthetic:7"\n'
    )
    command = [sys.executable, "-m", "askcam.app.cli", "serve", "--config", str(config)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        watch = Watch(process.pid)
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: answers(url + "/readyz"), process, READY_S)
            ready = watch.peak_gb
            for _ in range(options.questions):
                until(lambda: asked(url), process, ANSWER_S)
        except RuntimeError as error:
            raise SystemExit(f"{error}; its log ends: {(folder / 'log').read_text()[-2000:]}") from None
        finally:
            process.terminate()
            watch.stop()
    return watch.found() | {"ready_peak_gb": round(ready, 3)}


class Watch:
    """Reads /proc/PID/status on a thread of its own until stopped."""

    def __init__(self, pid: int) -> None:
        self._path, self._over = Path(f"/proc/{pid}/status"), threading.Event()
        self.peak_gb = self._own_gb = self._files_gb = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            try:
                said = dict(re.findall(r"(VmRSS|RssAnon|RssFile):\s+(\d+)", self._path.read_text()))
            except (OSError, ProcessLookupError):
                return
            now, own, files = (int(said.get(name, 0)) * 1024 / 1e9 for name in ("VmRSS", "RssAnon", "RssFile"))
            self._own_gb = max(self._own_gb, own)
            if now > self.peak_gb:
                self.peak_gb, self._files_gb = now, files

    def found(self) -> dict[str, Any]:
        """In GB."""
        return {
            "peak_gb": round(self.peak_gb, 3),
            "files_then_gb": round(self._files_gb, 3),
            "own_gb": round(self._own_gb, 3),
        }

    def stop(self) -> None:
        """Ends it."""
        self._over.set()
        self._thread.join()


def until(done: Any, process: subprocess.Popen[bytes], limit_s: float) -> None:
    """Raises RuntimeError when the server ended, or it took too long."""
    began = time.monotonic()
    while not done():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        if time.monotonic() - began > limit_s:
            raise RuntimeError(f"waited {limit_s:g} s in vain")
        time.sleep(0.2)


def answers(url: str) -> bool:
    """With a status of success."""
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False


def asked(url: str) -> bool:
    """One short question about the camera, answered."""
    words = {"role": "user", "content": "What do you see?"}
    body = {"model": "lobby", "max_tokens": 4, "messages": [words]}
    request = urllib.request.Request(
        url + "/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as reply:
            return bool(json.load(reply)["choices"])
    except urllib.error.HTTPError as error:
        if error.code in (429, 503):
            return False  # not yet
        raise RuntimeError(f"{error.code}: {error.read(500)!r}") from None


if __name__ == "__main__":
    main()
