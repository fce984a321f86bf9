"""How old is what a question sees? A clock camera over RTSP, its age read from the pixels of the newest frame.

    python benchmarks/freshness.py [--seconds 60] [--readers pyav,opencv]

A server in its own process draws the wall clock into every frame (640x480, 25 fps, H.264 over TCP). A Camera samples it
at 2 fps, as shipped; at random moments the benchmark looks, as a question would, and compares the clock in the newest
frame with its own. "told" is the age that askcam itself would report. Table, then one JSON line.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers import clock
from servers.running import MiniRTSP
from waiting import until

from askcam.stream.camera import Camera, State
from askcam.stream.fit import as_is
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

READERS = {"pyav": "", "opencv": "?via=opencv"}
LIMIT_MS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each reader")
    parser.add_argument("--readers", default="pyav,opencv")
    args = parser.parse_args()
    rows = [{"reader": reader} | _measure(READERS[reader], args.seconds) for reader in args.readers.split(",")]
    print("reader  questions  sampled   p50    p95    max   told p50   fps   (ages in ms)")
    for row in rows:
        print(
            f"{row['reader']:7} {row['questions']:9d} {row['sampled']:8d} {row['p50_ms']:6.1f} {row['p95_ms']:6.1f} "
            f"{row['max_ms']:6.1f} {row['told_p50_ms']:9.1f} {row['fps']:6.1f}"
        )
    met = all(float(row["p95_ms"]) <= LIMIT_MS for row in rows)
    print(
        json.dumps({"benchmark": "freshness", "seconds": args.seconds, "limit_ms": LIMIT_MS, "met": met, "rows": rows})
    )


def _measure(query: str, seconds: float) -> dict[str, float | int]:
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
        "questions": len(seen),
        "sampled": after.sampled - before.sampled,
        "p50_ms": round(float(np.percentile(seen, 50)), 1),
        "p95_ms": round(float(np.percentile(seen, 95)), 1),
        "max_ms": round(max(seen), 1),
        "told_p50_ms": round(float(np.percentile(told, 50)), 1),
        "fps": round((after.decoded - before.decoded) / took, 1),
    }


if __name__ == "__main__":
    main()
