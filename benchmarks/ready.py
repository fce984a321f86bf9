"""What a server takes until it is ready: seconds and memory, by their parts. Linux only.

    python benchmarks/ready.py [--runs 5] [--against FOLDER] [--python PROGRAM]

Starts `askcam serve` with the built-in model on a free port of 127.0.0.1, several times, each in a new process that is
ended when it is ready and asked over HTTP. FOLDER is another checkout, run in turns with this one by the same
interpreter; PROGRAM an interpreter with other packages (torch's CPU build, say). The first run of each reads files into
the system's cache and is not counted. Seconds are the clock's and the processor's (all threads); memory is what
/proc/PID/smaps says once it is ready, by the library whose file is mapped, and `anonymous`. Table, then one JSON line.
"""

import argparse
import json
import os
import platform
import re
import select
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 120.0  # of one start
READY_S, READY_MB = 5.0, 600.0  # the targets: with torch's CPU build, on a machine that does nothing else
MARKS = {"torch": "torch", "transformers": "transformers", "torchvision": "torchvision"}
LIBRARIES = {  # by the path of what is mapped, the first that fits
    "CUDA": r"/nvidia/|libtorch_cuda|libc10_cuda|/triton/|libcu[a-z]+\.|libcaffe2_nvrtc",
    "torch": r"/torch/|torchvision",
    "OpenCV": r"/cv2/|opencv",
    "FFmpeg": r"/av/|/av\.libs/",
    "numpy": r"/numpy",
    "Python": r"python3?[.\d]*$|libpython|lib-dynload",
    "built-in model": r"/demo/model/",
}
# The program itself, which says on stderr when it comes to what.
CODE = """
import json, sys, time
began = float(sys.argv.pop(1))
def memory():
    with open("/proc/self/smaps_rollup") as found:
        return next(int(line.split()[1]) for line in found if line.startswith("Rss:")) / 1024
def mark(what):
    sys.stderr.write("@" + json.dumps([what, time.time() - began, memory(), time.process_time()]) + "\\n")
    sys.stderr.flush()
mark("interpreter")
class Watch:
    left = set(MARKS)
    def find_spec(self, name, path=None, target=None):
        if name in self.left:
            self.left.discard(name)
            mark(name)
sys.meta_path.insert(0, Watch())
from askcam.app.cli import main
from askcam.server.readiness import Readiness
said, before = Readiness.set, []
def told(self, what, share):
    if before[-1:] != [what]:
        before.append(what)
        mark(what)
    said(self, what, share)
Readiness.set = told
main()
"""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="that are counted, of each")
    parser.add_argument("--against", type=Path, help="another checkout's folder")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to run both with")
    options = parser.parse_args()
    folders = {"here": ROOT} | ({"against": options.against.resolve()} if options.against else {})
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in folders}
    for turn in range(options.runs + 1):
        for name, folder in folders.items():
            found = start(folder, options.python)
            if turn:
                runs[name].append(found)
    result: dict[str, Any] = {name: summary(each) for name, each in runs.items()}
    for name, found in result.items():
        show(name, found)
    here = result["here"]
    head = {"benchmark": "ready", "machine": platform.machine(), "cores": os.cpu_count(), "runs": options.runs}
    head |= {"torch": version(options.python), "date": time.strftime("%Y-%m-%d")}
    limits = {"seconds": READY_S, "resident_mb": READY_MB}
    met = here["seconds"] <= READY_S and here["resident_mb"] <= READY_MB
    print(json.dumps(head | {"limits": limits, "met": met} | result))


def start(folder: Path, python: str) -> dict[str, Any]:
    """One server, from its start to being ready, and what it took."""
    environment = {**os.environ, "PYTHONPATH": str(folder / ".links"), "HF_HUB_OFFLINE": "1"}
    code = CODE.replace("MARKS", repr(sorted(MARKS)))
    began = time.time()
    process = subprocess.Popen(
        [python, "-c", code, repr(began), "serve", "--host", "127.0.0.1", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment,
    )
    try:
        marks, url = follow(process, began)
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            assert answer.status == 200
        return {"marks": marks} | memory(process.pid)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def follow(process: "subprocess.Popen[bytes]", began: float) -> tuple[list[list[Any]], str]:
    """What it says until it is ready: [what, seconds, MB, CPU seconds] of each, and where it listens."""
    assert process.stdout is not None
    assert process.stderr is not None
    marks: list[list[Any]] = []
    texts = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    said, url = b"", ""
    while time.time() - began < LIMIT_S:
        ready, _, _ = select.select(list(texts), [], [], 1.0)
        for stream in ready:
            read = os.read(stream, 1 << 16)
            if not read:
                raise SystemExit(f"the server ended before it was ready: {said[-2000:].decode()}")
            said += read
            *lines, texts[stream] = (texts[stream] + read).split(b"\n")
            for line in lines:
                if line.startswith(b"@"):
                    marks.append(json.loads(line[1:]))
                elif line.startswith(b"{"):
                    event = json.loads(line)
                    url = event.get("url", url)
                    if event["event"] in ("listening", "ready"):
                        spent = cpu_seconds(process.pid)
                        marks.append([event["event"], time.time() - began, resident(process.pid), spent])
                    if event["event"] == "ready":
                        return marks, url
    raise SystemExit(f"not ready within {LIMIT_S:g} s: {said[-2000:].decode()}")


def resident(pid: int) -> float:
    """MB of one process."""
    return next(
        int(line.split()[1]) / 1024
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        if line.startswith("Rss:")
    )


def cpu_seconds(pid: int) -> float:
    """Of all its threads, in the kernel too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> dict[str, Any]:
    """What of it is resident, in MB: by library, where a file is mapped, and anonymous; and the most that it had."""
    by: dict[str, float] = dict.fromkeys([*LIBRARIES, "other files", "anonymous"], 0.0)
    kind = "anonymous"
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            parts = line.split(None, 5)
            path = parts[5] if len(parts) > 5 else ""
            kind = next((name for name, pattern in LIBRARIES.items() if re.search(pattern, path)), "other files")
        elif line.startswith("Rss:"):
            all_kb = int(line.split()[1])
        elif line.startswith("Anonymous:"):
            own_kb = int(line.split()[1])
            by["anonymous"] += own_kb / 1024
            by[kind] += (all_kb - own_kb) / 1024
    status = Path(f"/proc/{pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+)", status)
    threads = re.search(r"Threads:\s+(\d+)", status)
    assert peak
    assert threads
    found = {"resident_mb": sum(by.values()), "peak_mb": int(peak[1]) / 1024, "threads": int(threads[1])}
    return found | {"by_library_mb": by}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over runs. A part lasts from its mark to the next; what it adds to the memory likewise."""
    middle = statistics.median
    parts: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        marks = sorted(run["marks"], key=lambda mark: float(mark[1]))
        before = ["start", 0.0, 0.0, 0.0]
        for mark in [*marks]:
            part = parts.setdefault(str(before[0]), {"s": [], "mb": [], "cpu_s": []})
            part["s"].append(mark[1] - before[1])
            part["mb"].append(mark[2] - before[2])
            part["cpu_s"].append(max(0.0, mark[3] - before[3]))
            before = mark
    libraries = runs[0]["by_library_mb"]
    at = {name: [next(m for m in run["marks"] if m[0] == name) for run in runs] for name in ("listening", "ready")}
    return {
        "seconds": round(middle(mark[1] for mark in at["ready"]), 2),
        "fastest_s": round(min(mark[1] for mark in at["ready"]), 2),
        "cpu_s": round(middle(mark[3] for mark in at["ready"]), 2),
        "listening_s": round(middle(mark[1] for mark in at["listening"]), 2),
        "resident_mb": round(middle(run["resident_mb"] for run in runs)),
        "peak_mb": round(middle(run["peak_mb"] for run in runs)),
        "threads": round(middle(run["threads"] for run in runs)),
        "by_library_mb": {name: round(middle(run["by_library_mb"][name] for run in runs)) for name in libraries},
        "parts": {
            name: {what: round(middle(each), 2) for what, each in figures.items()} for name, figures in parts.items()
        },
    }


def show(name: str, found: dict[str, Any]) -> None:
    """A table for people."""
    print(f"{name}: ready after {found['seconds']} s ({found['fastest_s']} at best), {found['cpu_s']} s of CPU")
    print(f"  {found['resident_mb']} MB resident, {found['peak_mb']} at most, {found['threads']} threads")
    print(f"  {'from':28} {'s':>6} {'CPU s':>6} {'MB more':>8}")
    for part, row in found["parts"].items():
        print(f"  {part:28} {row['s']:6.2f} {row['cpu_s']:6.2f} {row['mb']:8.0f}")
    for library, mb in found["by_library_mb"].items():
        print(
            f"  {library:28} {mb:22.0f} MB of files mapped" if library != "anonymous" else f"  {library:28} {mb:22.0f}"
        )


def version(python: str) -> str:
    """Of torch there, without importing it."""
    code = "from importlib.metadata import version; print(version('torch'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip()


if __name__ == "__main__":
    main()
